package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.berth.stack.NetStack;
import dev.berth.stack.StackConfig;
import dev.berth.stack.endpoint.ByteSink;
import dev.berth.stack.endpoint.ByteSource;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.tcp.ReceivedView;
import dev.berth.stack.tcp.SendSpace;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Moving data allocates nothing once a connection has warmed up: what a packet needs comes from pools.
class TcpAllocationTest {
    private static final int ROUNDS = 20_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final IpAddress SERVER = IpAddress.parse("10.0.0.2");

    private final byte[] outgoing = new byte[100_000];
    private final byte[] incoming = new byte[100_000];
    private final ByteSource source = (bytes, at, length) -> System.arraycopy(outgoing, 0, bytes, at, length);
    private final ByteSink sink = (bytes, from, length) -> System.arraycopy(bytes, from, incoming, 0, length);

    private long now = 1_000_000_000L;
    private final NetStack client = stack("10.0.0.1/24", 1);
    private final NetStack server = stack("10.0.0.2/24", 2);
    private final NetInterface clientLink = client.interfaces().get(1);
    private final NetInterface serverLink = server.interfaces().get(1);

    private NetStack stack(String prefix, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        NetStack made =
                new NetStack(StackConfig.DEFAULT.withTcp(TcpConfig.DEFAULT.withNoDelay(true)), random::nextLong, now);
        NetInterface link = made.addInterface("eth0", 1_500, true, 0);
        made.addAddress(link, IpAddress.Prefix.parse(prefix));
        return made;
    }

    /// Carries packets by reference, as a network in memory does, until nothing moves.
    private void pump() {
        boolean moved = true;
        while (moved) {
            client.settle(now);
            moved = carry(clientLink, server, serverLink);
            server.settle(now);
            moved |= carry(serverLink, client, clientLink);
        }
    }

    private boolean carry(NetInterface from, NetStack to, NetInterface arrival) {
        boolean moved = false;
        Packet packet;
        while ((packet = from.pollEgress()) != null) {
            to.receive(arrival, packet, now);
            moved = true;
        }
        return moved;
    }

    private interface Round {
        void run();
    }

    private static void assertAllocatesNothing(Round round) {
        for (int i = 0; i < ROUNDS; i++) {
            round.run();
        }
        long least = Long.MAX_VALUE;
        for (int attempt = 0; attempt < 5 && least > 0; attempt++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < ROUNDS; i++) {
                round.run();
            }
            least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(least / (double) ROUNDS).as("bytes per round").isLessThan(0.5);
    }

    private void time(long nanos) {
        now += nanos;
        client.advance(now);
        server.advance(now);
        pump();
    }

    private Tcb[] connect() throws Exception {
        TcpListener listener = server.tcp()
                .listen(
                        server.tcp().ports().bind(0, 0, 80, 0, "test"),
                        16,
                        server.config().tcp());
        Tcb near =
                client.connect(new Endpoint(SERVER, 80), null, client.config().tcp(), null, now);
        pump();
        Tcb far = server.tcp().accept(listener);
        assertThat(far).isNotNull();
        return new Tcb[] {near, far};
    }

    @Test
    void a_round_trip_of_small_messages_allocates_nothing() throws Exception {
        Tcb[] ends = connect();
        assertAllocatesNothing(() -> {
            exchange(client, ends[0], server, ends[1], 100);
            exchange(server, ends[1], client, ends[0], 100);
            time(10_000);
        });
    }

    @Test
    void a_stream_in_one_direction_allocates_nothing() throws Exception {
        Tcb[] ends = connect();
        assertAllocatesNothing(() -> {
            exchange(client, ends[0], server, ends[1], 20_000);
            time(10_000);
        });
    }

    @Test
    void delayed_acks_and_idle_times_allocate_nothing_per_packet() throws Exception {
        Tcb[] ends = connect();
        assertAllocatesNothing(() -> {
            for (int i = 0; i < 10; i++) {
                exchange(client, ends[0], server, ends[1], 100);
                time(5_000_000);
            }
        });
    }

    @Test
    void a_stream_without_a_copy_allocates_nothing() throws Exception {
        Tcb[] ends = connect();
        SendSpace space = new SendSpace();
        ReceivedView view = new ReceivedView();
        assertAllocatesNothing(() -> {
            int room = client.tcp().loans().lend(ends[0], space, 20_000);
            if (client.tcp().loans().append(ends[0], space, room) != 20_000) {
                throw new AssertionError("room for " + room);
            }
            pump();
            int there;
            while ((there = server.tcp().loans().view(ends[1], view, 65_536)) > 0) {
                server.tcp().loans().consume(ends[1], view, there);
            }
            pump();
            time(10_000);
        });
    }

    private void exchange(NetStack from, Tcb sender, NetStack to, Tcb receiver, int octets) {
        int sent = from.tcp().send(sender, source, octets);
        pump();
        int received = 0;
        int given;
        while ((given = to.tcp().receive(receiver, sink, incoming.length)) > 0) {
            received += given;
            pump();
        }
        if (received != sent) {
            throw new AssertionError("sent " + sent + ", received " + received);
        }
    }
}
