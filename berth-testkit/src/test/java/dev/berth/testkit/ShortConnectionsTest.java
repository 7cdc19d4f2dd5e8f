package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortTable;
import dev.berth.stack.StackConfig;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.Tcp;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.stack.tcp.TcpState;
import org.junit.jupiter.api.Test;

/// A client that opens one short connection after another to one server, closes first, and so leaves a TIME-WAIT
/// behind each time.
class ShortConnectionsTest {
    private static final int PORTS = PortPolicy.linux().ephemeral().size();
    private static final long MILLISECOND = 1_000_000L;

    private final Pair pair = new Pair(StackConfig.DEFAULT.withPorts(PortPolicy.linux()), 1_500, 1);
    private final TcpListener listener = pair.listen(80);
    private final PortTable<TcpListener> ports = pair.client.tcp().ports();

    private void converse() {
        Tcb client = pair.connect(Pair.SERVER, 80);
        Tcb server = pair.accept(listener, 1);
        pair.client.tcp().close(client, pair.wire.now());
        assertThat(pair.wire.runUntil(() -> endOfStream(server), Pair.SECOND)).isTrue();
        pair.server.tcp().close(server, pair.wire.now());
        assertThat(pair.wire.runUntil(() -> server.state() == TcpState.CLOSED, Pair.SECOND))
                .isTrue();
    }

    private boolean endOfStream(Tcb server) {
        return pair.server.tcp().receive(server, (bytes, from, length) -> {}, 1) == Tcp.END_OF_STREAM;
    }

    @Requirement("SHLD-4")
    @Requirement("6056-03")
    @Test // 28,232 ports, 60 s of TIME-WAIT: after 28 s every port waits, and the oldest gives way by its timestamp
    void three_times_the_ports_are_used_within_two_minutes_without_a_failure() {
        int connections = 3 * PORTS;
        for (int i = 1; i <= connections; i++) {
            converse();
            pair.wire.run(MILLISECOND);
            assertThat(ports.timeWaitCount()).isEqualTo(Math.min(i, PORTS));
            assertThat(ports.flowCount()).isEqualTo(ports.timeWaitCount());
        }
        // No SYN was answered late, and nothing is searched for: the table holds what it did after the first round.
        assertThat(pair.client.tcp().retransmissions()).isZero();
        assertThat(pair.server.tcp().retransmissions()).isZero();
        pair.unlisten(listener);
        pair.wire.run(61 * Pair.SECOND);
        pair.assertNothingLeft();
    }

    @Test
    void at_a_pace_that_lets_time_wait_end_no_port_is_taken_from_it() {
        for (int i = 1; i <= 3_000; i++) {
            converse();
            pair.wire.run(100 * MILLISECOND);
        }
        assertThat(ports.timeWaitCount()).isBetween(595, 605); // 60 s at 10 a second
        pair.unlisten(listener);
        pair.wire.run(61 * Pair.SECOND);
        pair.assertNothingLeft();
    }
}
