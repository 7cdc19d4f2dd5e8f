package dev.berth.stack.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.ports.PortBinding;
import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.NetStack;
import dev.berth.stack.StackConfig;
import dev.berth.stack.endpoint.ByteSink;
import dev.berth.stack.endpoint.ByteSource;
import dev.berth.stack.ip.NetInterface;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What a connection keeps when nothing is in flight and nobody waits for anything: its [Tcb] and nothing else.
class IdleConnectionTest {
    private static final int MANY = 100_000;

    private final SplittableRandom random = new SplittableRandom(1);
    private final NetStack client = new NetStack(StackConfig.DEFAULT, random::nextLong, 0);
    private final NetStack server = new NetStack(StackConfig.DEFAULT, random::nextLong, 0);
    private final NetInterface clientNic = client.addInterface("client", 65_535, true, 0);
    private final NetInterface serverNic = server.addInterface("server", 65_535, true, 0);
    private final ByteSource source = (bytes, at, length) -> {};
    private final ByteSink sink = (bytes, from, length) -> {};
    private long now = 1_000_000_000L;
    private Tcb sender;
    private Tcb receiver;

    @BeforeEach
    void connect() throws PortUnavailableException {
        client.addAddress(clientNic, IpAddress.Prefix.parse("10.0.0.1/24"));
        server.addAddress(serverNic, IpAddress.Prefix.parse("10.0.0.2/24"));
        PortBinding<TcpListener> binding = server.tcp().ports().bind(0, 0, 80, 0, "test");
        TcpListener listener = server.tcp().listen(binding, 1, StackConfig.DEFAULT.tcp());
        Endpoint remote = new Endpoint(IpAddress.parse("10.0.0.2"), 80);
        sender = client.connect(remote, null, StackConfig.DEFAULT.tcp(), null, now);
        assertThat(sender).isNotNull();
        carry();
        receiver = server.tcp().accept(listener);
        assertThat(receiver).isNotNull();
    }

    private void carry() {
        boolean moved;
        do {
            now += 200_000; // not so near that buffers do not grow
            client.settle(now);
            moved = move(clientNic, server, serverNic);
            server.settle(now);
            moved |= move(serverNic, client, clientNic);
        } while (moved);
    }

    private boolean move(NetInterface from, NetStack to, NetInterface nic) {
        boolean moved = false;
        Packet packet;
        while ((packet = from.pollEgress()) != null) {
            to.receive(nic, packet, now);
            moved = true;
        }
        return moved;
    }

    private void message(NetStack from, Tcb sending, NetStack to, Tcb receiving, int octets) {
        assertThat(from.tcp().send(sending, source, octets)).isEqualTo(octets);
        carry();
        assertThat(to.tcp().receive(receiving, sink, octets)).isEqualTo(octets);
        carry();
    }

    /// Lets every timer expire that a quiet connection still has.
    private void rest() {
        for (int i = 0; i < 100; i++) {
            now += 100_000_000L;
            client.advance(now);
            server.advance(now);
            carry();
        }
    }

    private static void assertBare(Tcb tcb) {
        assertThat(tcb.state()).isEqualTo(TcpState.ESTABLISHED);
        assertThat(tcb.flight).isNull();
        assertThat(tcb.episode).isNull();
        assertThat(tcb.extras).isNull();
        assertThat(tcb.sendQueue).isNull();
        assertThat(tcb.receiveQueue).isNull();
        assertThat(tcb.outOfOrder).isNull();
        assertThat(tcb.deadlines).isNull();
        assertThat(tcb.congestion).isSameAs(CongestionControl.of(TcpConfig.Congestion.CUBIC));
    }

    @Test
    void a_fresh_connection_is_bare() {
        rest();
        assertBare(sender);
        assertBare(receiver);
    }

    /// As long as its counters have not come round ([Tally]).
    @Test
    void a_connection_is_bare_after_many_messages_and_answers() {
        for (int i = 0; i < 30_000; i++) {
            message(client, sender, server, receiver, 1 + i % 3);
            message(server, receiver, client, sender, 1 + i % 2);
        }
        assertThat(sender.flight).isNull();
        assertThat(sender.extras).isNull();
        assertThat(receiver.extras).isNull();
        rest();
        assertBare(sender);
        assertBare(receiver);
    }

    @Test
    void after_very_many_only_how_often_the_counters_came_round_is_left_besides() {
        for (int i = 0; i < MANY; i++) {
            message(client, sender, server, receiver, 1);
        }
        rest();
        assertThat(sender.extras).isNotNull();
        assertThat(sender.extras.dataSegmentsOutRounds).isEqualTo(1);
        sender.extras = null;
        assertBare(sender);
    }

    @Test
    void of_a_stream_only_what_was_learnt_of_its_windows_is_left() {
        for (int i = 0; i < 100; i++) {
            assertThat(client.tcp().send(sender, source, 200_000)).isPositive();
            do {
                carry();
            } while (server.tcp().receive(receiver, sink, 200_000) > 0);
        }
        rest();
        assertThat(sender.flight).isNull();
        assertThat(sender.episode).isNull();
        assertThat(sender.sendQueue).isNull();
        assertThat(sender.deadlines).isNull();
        assertThat(receiver.receiveQueue).isNull();
        assertThat(receiver.outOfOrder).isNull();
        assertThat(receiver.deadlines).isNull();
        assertThat(receiver.receiveBuffer())
                .isGreaterThan(StackConfig.DEFAULT.tcp().receiveBuffer());
    }
}
