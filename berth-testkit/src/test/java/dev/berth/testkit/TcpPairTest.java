package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Seeds;
import dev.berth.stack.StackConfig;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.Tcp;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.stack.tcp.TcpState;
import dev.berth.wire.IpAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TcpPairTest {
    private static void conversation(Pair pair, IpAddress to, int up, int down, int seconds) {
        TcpListener listener = pair.listen(80);
        Tcb client = pair.connect(to, 80);
        Tcb server = pair.accept(listener, seconds);
        pair.transfer(pair.client, client, pair.server, server, up, seconds);
        pair.transfer(pair.server, server, pair.client, client, down, seconds);
        pair.client.tcp().close(client, pair.wire.now());
        assertThat(pair.wire.runUntil(
                        () -> pair.server.tcp().receive(server, (b, f, l) -> {}, 1) == Tcp.END_OF_STREAM,
                        seconds * Pair.SECOND))
                .isTrue();
        pair.server.tcp().close(server, pair.wire.now());
        pair.unlisten(listener);
        pair.wire.heal();
        pair.wire.run(400 * Pair.SECOND);
        pair.assertNothingLeft();
    }

    @Test
    void a_conversation_leaves_nothing_behind() {
        Pair pair = new Pair(1);
        conversation(pair, Pair.SERVER, 100_000, 3_000_000, 100);
        assertThat(pair.client.tcp().retransmissions()).isZero();
        assertThat(pair.server.tcp().retransmissions()).isZero();
    }

    @Test
    void ipv6_works_alike() {
        conversation(new Pair(2), Pair.SERVER6, 100_000, 1_000_000, 100);
    }

    @ParameterizedTest
    @EnumSource(TcpConfig.Congestion.class)
    void loss_and_reordering_cost_time_but_no_bytes(TcpConfig.Congestion congestion) {
        StackConfig config = StackConfig.DEFAULT.withTcp(TcpConfig.DEFAULT.withCongestion(congestion));
        Seeds.run(20, random -> {
            Pair pair = new Pair(config, 1_500, random.nextLong());
            pair.wire.fault((packet, direction, r) -> r.nextInt(100) < 3 ? -1 : r.nextInt(10) == 0 ? 3_000_000L : 0);
            conversation(pair, Pair.SERVER, 300_000, 1_000_000, 600);
        });
    }

    @Test
    void a_closed_port_refuses() {
        Pair pair = new Pair(3);
        Tcb client = pair.connect(Pair.SERVER, 81);
        pair.wire.run(Pair.SECOND);
        assertThat(client.state()).isEqualTo(TcpState.CLOSED);
        assertThat(client.error()).isNotNull();
        pair.assertNothingLeft();
    }
}
