package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.wire.DropReason;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Faults and links under the system's time, with threads.
@Timeout(60)
class RealTimeTest {
    private static final long TEN_SECONDS = TimeUnit.SECONDS.toNanos(10);

    private Network network = Network.create("real");

    @AfterEach
    void stop() {
        network.close();
    }

    private TcpAcceptor echo(String name) throws IOException {
        Host host = network.host(name);
        TcpAcceptor acceptor = host.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 7));
        acceptor.listen(10);
        Thread.ofVirtual().start(() -> {
            try {
                for (; ; ) {
                    TcpSocket socket = acceptor.accept(0);
                    Thread.ofVirtual().start(() -> serve(socket));
                }
            } catch (IOException e) {
                assertThat(acceptor.isOpen()).isFalse();
            }
        });
        return acceptor;
    }

    private static void serve(TcpSocket socket) {
        try (socket) {
            byte[] buffer = new byte[65_536];
            int n;
            while ((n = socket.read(buffer, 0, buffer.length, 0)) > 0) {
                socket.write(buffer, 0, n);
            }
        } catch (IOException e) {
            // As some tests want it, or because the network is closed.
            assertThat(e.getMessage()).matches("Connection reset( by peer)?|Socket closed|Broken pipe");
        }
    }

    private TcpSocket connect(Host client, String server) throws IOException {
        TcpSocket socket = client.openTcpSocket();
        socket.connect(new Endpoint(network.addresses(server).getFirst(), 7), TEN_SECONDS);
        return socket;
    }

    private static long roundTrip(TcpSocket socket) throws IOException {
        long begin = System.nanoTime();
        socket.write(new byte[] {1}, 0, 1);
        assertThat(socket.read(new byte[1], 0, 1, TEN_SECONDS)).isEqualTo(1);
        return System.nanoTime() - begin;
    }

    private static boolean hasThread(String name) {
        return Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().equals(name));
    }

    @Test
    void latency_takes_real_time_on_a_thread_that_is_there_only_then() throws Exception {
        echo("server");
        Host client = network.host("client");
        try (TcpSocket socket = connect(client, "server")) {
            roundTrip(socket);
            assertThat(hasThread("berth-network-real")).isFalse();
            try (Fault slow = network.between("client", "server").latency(Duration.ofMillis(60))) {
                assertThat(roundTrip(socket)).isGreaterThanOrEqualTo(120_000_000L);
                assertThat(slow.packets()).isPositive();
                assertThat(hasThread("berth-network-real")).isTrue();
            }
        }
    }

    @Test
    void a_cut_ends_by_itself_and_the_stream_goes_on() throws Exception {
        echo("server");
        try (TcpSocket socket = connect(network.host("client"), "server")) {
            Fault cut = network.partition("server").lasting(Duration.ofMillis(300));
            socket.write(new byte[] {1}, 0, 1);
            assertThatThrownBy(() -> socket.read(new byte[1], 0, 1, 50_000_000L))
                    .isInstanceOf(SocketTimeoutException.class);
            assertThat(socket.read(new byte[1], 0, 1, TEN_SECONDS)).isEqualTo(1);
            assertThat(cut.isActive()).isFalse();
        }
    }

    @Test
    void reset_peer_is_seen_by_a_thread_that_waits() throws Exception {
        echo("server");
        try (TcpSocket socket = connect(network.host("client"), "server")) {
            network.between("client", "server").resetPeer(Duration.ofMillis(50));
            assertThatThrownBy(() -> {
                        for (; ; ) { // one round trip or none, as fast as the machine is
                            socket.write(new byte[] {1}, 0, 1);
                            socket.read(new byte[1], 0, 1, TEN_SECONDS);
                            socket.read(new byte[1], 0, 1, TEN_SECONDS);
                        }
                    })
                    .hasMessageMatching("Connection reset( by peer)?");
        }
    }

    @Test
    void a_crash_closes_the_sockets_of_the_host_and_tells_nobody() throws Exception {
        echo("server");
        Host client = network.host("client");
        try (TcpSocket socket = connect(client, "server")) {
            CountDownLatch told = new CountDownLatch(1);
            socket.observe(ready -> {
                if ((ready & dev.berth.stack.endpoint.Readiness.READABLE) != 0) {
                    told.countDown();
                }
            });
            network.crash("server");
            assertThatThrownBy(() -> network.crash("server")).isInstanceOf(IllegalStateException.class);
            assertThat(told.await(100, TimeUnit.MILLISECONDS)).isFalse();
            network.restart("server");
            socket.write(new byte[] {1}, 0, 1);
            assertThatThrownBy(() -> socket.read(new byte[1], 0, 1, TEN_SECONDS))
                    .hasMessage("Connection reset");
            assertThatThrownBy(() -> connect(client, "server")).isInstanceOf(ConnectException.class);
        }
    }

    @Test
    void a_full_link_pushes_back_and_a_drop_tail_one_drops() throws Exception {
        for (boolean drops : new boolean[] {false, true}) {
            network.close();
            LinkProfile narrow = LinkProfile.PERFECT.bandwidth(40_000_000).queue(20_000);
            network = Network.builder("real").mtu(1_500).build();
            echo("server");
            LinkProfile sending = drops ? narrow.dropTail() : narrow;
            Host client = network.host("client", plan -> plan.link(sending, LinkProfile.PERFECT));
            try (TcpSocket socket = connect(client, "server")) {
                int octets = 1_000_000;
                Thread reader = Thread.ofVirtual().start(() -> drain(socket, octets));
                socket.write(new byte[octets], 0, octets);
                assertThat(reader.join(Duration.ofSeconds(20))).isTrue();
            }
            if (drops) {
                assertThat(network.dropped()).isPositive();
            } else {
                assertThat(network.dropped()).isZero();
                assertThat(client.snapshot().drops()).doesNotContainKey(DropReason.EGRESS_FULL);
            }
        }
    }

    private static void drain(TcpSocket socket, int octets) {
        try {
            int left = octets;
            byte[] buffer = new byte[65_536];
            while (left > 0) {
                int n = socket.read(buffer, 0, buffer.length, TEN_SECONDS);
                assertThat(n).isPositive();
                left -= n;
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void a_link_is_changed_while_packets_cross_it() throws Exception {
        echo("server");
        try (TcpSocket socket = connect(network.host("client"), "server")) {
            LinkProfile slow = LinkProfile.PERFECT.latency(Duration.ofMillis(40));
            network.relink("client", slow, slow);
            assertThat(roundTrip(socket)).isGreaterThanOrEqualTo(80_000_000L);
            network.relink("client", LinkProfile.PERFECT, LinkProfile.PERFECT);
            roundTrip(socket);
            assertThatThrownBy(() -> network.relink("client", slow.mtu(1_400), slow))
                    .hasMessage("The MTU of a host does not change while it runs");
        }
    }
}
