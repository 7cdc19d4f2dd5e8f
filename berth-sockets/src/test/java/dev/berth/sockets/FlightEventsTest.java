package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.network.Network;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a real recording has of sockets and channels.
@Timeout(120)
class FlightEventsTest {
    private static final long TEN_SECONDS = TimeUnit.SECONDS.toNanos(10);
    private static final List<String> NAMES =
            List.of("SocketConnect", "SocketAccept", "SocketRead", "SocketWrite", "SocketClose", "Retransmission");

    private final Network network = Network.create("lab");
    private Host client;
    private Host server;
    private LossyLink lossy;

    @TempDir
    Path directory;

    @BeforeEach
    void start() throws Exception {
        assertThat(FlightEvents.enable()).isTrue();
        lossy = new LossyLink(network.link(IpAddress.Prefix.parse("10.0.0.1/24")));
        client = Host.builder("client")
                .link(lossy)
                .address(IpAddress.Prefix.parse("10.0.0.1/24"))
                .start();
        server = network.host("server", IpAddress.Prefix.parse("10.0.0.2/24"));
    }

    @AfterEach
    void stop() {
        client.close();
        network.close();
    }

    /// A link that can lose the next packets of TCP.
    private static final class LossyLink implements Link {
        private final Link inner;
        final AtomicInteger toLose = new AtomicInteger();

        LossyLink(Link inner) {
            this.inner = inner;
        }

        @Override
        public LinkInfo info() {
            return inner.info();
        }

        @Override
        public void start(LinkReceiver receiver) throws IOException {
            inner.start(receiver);
        }

        @Override
        public void transmit(Packet packet) {
            if (packet.protocol == IpProtocol.TCP && toLose.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                packet.release();
            } else {
                inner.transmit(packet);
            }
        }

        @Override
        public void flush() {
            inner.flush();
        }

        @Override
        public void close() {
            inner.close();
        }
    }

    private interface Action {
        void run() throws Exception;
    }

    /// The events of Berth that happen meanwhile; with no thresholds if `all`.
    private List<RecordedEvent> record(boolean all, Action action) throws Exception {
        Path file = directory.resolve("berth.jfr");
        try (Recording recording = new Recording()) {
            for (String name : NAMES) {
                if (all) {
                    recording.enable("dev.berth." + name).withThreshold(Duration.ZERO);
                } else {
                    recording.enable("dev.berth." + name);
                }
            }
            recording.start();
            action.run();
            recording.stop();
            recording.dump(file);
        }
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().startsWith("dev.berth."))
                .toList();
    }

    private static RecordedEvent only(List<RecordedEvent> events, String name, String host) {
        List<RecordedEvent> found = events.stream()
                .filter(event -> event.getEventType().getName().equals("dev.berth." + name)
                        && event.getString("host").equals(host))
                .toList();
        assertThat(found).as("%s of %s in %s", name, host, events).hasSize(1);
        return found.getFirst();
    }

    private static void ends(RecordedEvent event, String local, int localPort, String remote, int remotePort) {
        assertThat(event.getString("localAddress")).isEqualTo(local);
        assertThat(event.getInt("localPort")).isEqualTo(localPort);
        assertThat(event.getString("remoteAddress")).isEqualTo(remote);
        assertThat(event.getInt("remotePort")).isEqualTo(remotePort);
    }

    private TcpAcceptor listen(int port) throws Exception {
        TcpAcceptor acceptor = server.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, port));
        acceptor.listen(5);
        return acceptor;
    }

    private static Endpoint of(String address, int port) {
        return new Endpoint(IpAddress.parse(address), port);
    }

    @Test
    void the_life_of_a_connection_is_recorded() throws Exception {
        int[] port = new int[1];
        List<RecordedEvent> events = record(true, () -> {
            try (TcpAcceptor acceptor = listen(443);
                    TcpSocket socket = client.openTcpSocket()) {
                socket.connect(of("10.0.0.2", 443), TEN_SECONDS);
                port[0] = socket.local().port();
                try (TcpSocket accepted = acceptor.accept(TEN_SECONDS)) {
                    socket.write(new byte[100], 0, 100);
                    byte[] into = new byte[1_000];
                    assertThat(accepted.read(into, 0, 1_000, TEN_SECONDS)).isEqualTo(100);
                }
            }
        });
        RecordedEvent connect = only(events, "SocketConnect", "client");
        ends(connect, "10.0.0.1", port[0], "10.0.0.2", 443);
        assertThat(connect.getString("service")).isEqualTo("https");
        assertThat(connect.getString("transport")).isEqualTo("TCP");
        assertThat(connect.getString("failure")).isNull();
        assertThat(connect.getStackTrace()).isNotNull();
        ends(only(events, "SocketAccept", "server"), "10.0.0.2", 443, "10.0.0.1", port[0]);
        RecordedEvent read = only(events, "SocketRead", "server");
        ends(read, "10.0.0.2", 443, "10.0.0.1", port[0]);
        assertThat(read.getLong("bytesRead")).isEqualTo(100);
        assertThat(read.getBoolean("endOfStream")).isFalse();
        assertThat(read.getString("service")).isEqualTo("https");
        assertThat(only(events, "SocketWrite", "client").getLong("bytesWritten"))
                .isEqualTo(100);
        RecordedEvent close = only(events, "SocketClose", "server");
        assertThat(close.getLong("bytesReceived")).isEqualTo(100);
        assertThat(close.getString("state")).isEqualTo("ESTABLISHED");
        assertThat(close.getBoolean("reset")).isFalse();
        assertThat(close.getDuration("age")).isBetween(Duration.ZERO, Duration.ofSeconds(60));
        assertThat(only(events, "SocketClose", "client").getLong("bytesSent")).isEqualTo(100);
    }

    @Test
    void channels_are_recorded_too() throws Exception {
        List<RecordedEvent> events = record(true, () -> {
            try (var acceptor = new BerthSelectorProvider(server).openServerSocketChannel();
                    var channel = new BerthSelectorProvider(client).openSocketChannel()) {
                acceptor.bind(new InetSocketAddress(80));
                channel.configureBlocking(false);
                channel.connect(new InetSocketAddress("10.0.0.2", 80));
                while (!channel.finishConnect()) {
                    Thread.onSpinWait();
                }
                try (var accepted = acceptor.accept()) {
                    channel.shutdownOutput();
                    assertThat(accepted.read(ByteBuffer.allocate(10))).isEqualTo(-1);
                }
            }
        });
        assertThat(only(events, "SocketConnect", "client").getString("service")).isEqualTo("http");
        only(events, "SocketAccept", "server");
        RecordedEvent read = only(events, "SocketRead", "server");
        assertThat(read.getBoolean("endOfStream")).isTrue();
        assertThat(read.getLong("bytesRead")).isZero();
    }

    @Test
    void failures_are_recorded_with_their_reason() throws Exception {
        List<RecordedEvent> events = record(true, () -> {
            try (TcpSocket socket = client.openTcpSocket()) {
                assertThatThrownBy(() -> socket.connect(of("10.0.0.2", 81), TEN_SECONDS))
                        .isInstanceOf(ConnectException.class);
            }
            try (UdpSocket socket = client.openUdpSocket()) {
                socket.bind(of("10.0.0.1", 5_000));
                assertThatThrownBy(() -> socket.receive(new byte[1], 0, 1, 1_000_000))
                        .isNotNull();
            }
        });
        RecordedEvent connect = only(events, "SocketConnect", "client");
        assertThat(connect.getString("failure")).isEqualTo("Connection refused");
        assertThat(connect.getInt("remotePort")).isEqualTo(81);
        RecordedEvent read = only(events, "SocketRead", "client");
        assertThat(read.getString("failure")).isEqualTo("Receive timed out");
        assertThat(read.getString("transport")).isEqualTo("UDP");
        assertThat(read.getDuration()).isGreaterThanOrEqualTo(Duration.ofMillis(1));
    }

    @Test
    void datagrams_have_the_end_they_went_to_or_came_from() throws Exception {
        List<RecordedEvent> events = record(true, () -> {
            try (UdpSocket a = client.openUdpSocket();
                    UdpSocket b = server.openUdpSocket()) {
                a.bind(of("10.0.0.1", 6_000));
                b.bind(of("10.0.0.2", 53));
                a.send(new byte[20], 0, 20, of("10.0.0.2", 53));
                assertThat(b.receive(new byte[30], 0, 30, TEN_SECONDS)).isEqualTo(20);
            }
        });
        ends(only(events, "SocketWrite", "client"), "10.0.0.1", 6_000, "10.0.0.2", 53);
        RecordedEvent read = only(events, "SocketRead", "server");
        ends(read, "10.0.0.2", 53, "10.0.0.1", 6_000);
        assertThat(read.getString("service")).isEqualTo("domain");
    }

    @Test
    void what_is_sent_again_is_recorded() throws Exception {
        List<RecordedEvent> events = record(true, () -> {
            try (TcpAcceptor acceptor = listen(80);
                    TcpSocket socket = client.openTcpSocket()) {
                socket.connect(of("10.0.0.2", 80), TEN_SECONDS);
                try (TcpSocket accepted = acceptor.accept(TEN_SECONDS)) {
                    lossy.toLose.set(1);
                    socket.write(new byte[100], 0, 100);
                    byte[] into = new byte[1_000];
                    assertThat(accepted.read(into, 0, 1_000, TEN_SECONDS)).isEqualTo(100);
                }
            }
        });
        List<RecordedEvent> again = events.stream()
                .filter(event -> event.getEventType().getName().equals("dev.berth.Retransmission"))
                .toList();
        assertThat(again).isNotEmpty();
        RecordedEvent first = again.getFirst();
        assertThat(first.getString("host")).isEqualTo("client");
        assertThat(first.getInt("remotePort")).isEqualTo(80);
        assertThat(first.getString("state")).isEqualTo("ESTABLISHED");
        assertThat(first.getLong("bytes")).isEqualTo(100);
        assertThat(first.getInt("segments")).isEqualTo(1);
        assertThat(only(events, "SocketClose", "client").getLong("retransmissions"))
                .isPositive();
    }

    private static void awaitWaiting(Thread thread) {
        while (thread.getState() != Thread.State.TIMED_WAITING) {
            assertThat(thread.isAlive()).isTrue();
            Thread.onSpinWait();
        }
    }

    @Test
    void quick_reads_stay_below_the_threshold_and_long_waits_do_not() throws Exception {
        List<RecordedEvent> events = record(false, () -> {
            try (TcpAcceptor acceptor = listen(80);
                    TcpSocket socket = client.openTcpSocket()) {
                socket.connect(of("10.0.0.2", 80), TEN_SECONDS);
                try (TcpSocket accepted = acceptor.accept(TEN_SECONDS)) {
                    byte[] into = new byte[10];
                    Thread reader = Thread.currentThread();
                    CompletableFuture<Void> later = CompletableFuture.runAsync(() -> awaitWaiting(reader))
                            .thenRunAsync(
                                    () -> {
                                        try {
                                            accepted.write(new byte[7], 0, 7);
                                        } catch (IOException e) {
                                            throw new UncheckedIOException(e);
                                        }
                                    },
                                    CompletableFuture.delayedExecutor(60, TimeUnit.MILLISECONDS));
                    assertThat(socket.read(into, 0, 10, TEN_SECONDS)).isEqualTo(7);
                    later.join();
                }
            }
        });
        RecordedEvent read = only(events, "SocketRead", "client");
        assertThat(read.getLong("bytesRead")).isEqualTo(7);
        assertThat(read.getDuration()).isGreaterThan(Duration.ofMillis(20));
        only(events, "SocketClose", "client");
    }

    @Test
    void nothing_is_allocated_while_nobody_records() throws Exception {
        try (TcpAcceptor acceptor = listen(80);
                TcpSocket socket = client.openTcpSocket()) {
            socket.connect(of("10.0.0.2", 80), TEN_SECONDS);
            try (TcpSocket accepted = acceptor.accept(TEN_SECONDS)) {
                byte[] bytes = new byte[100];
                for (int i = 0; i < 5_000; i++) {
                    exchange(socket, accepted, bytes);
                }
                var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 10_000; i++) {
                    exchange(socket, accepted, bytes);
                }
                long each = (threads.getCurrentThreadAllocatedBytes() - before) / 10_000;
                // An event has more than 60 octets; there would be three of them.
                assertThat(each).as("octets for each exchange").isLessThan(60);
            }
        }
    }

    private static void exchange(TcpSocket from, TcpSocket to, byte[] bytes) throws IOException {
        from.write(bytes, 0, 100);
        if (to.tryRead(bytes, 0, 100) != 100 || to.tryRead(bytes, 0, 100) != TcpSocket.UNAVAILABLE) {
            throw new AssertionError("what was written is there at once, and nothing else"); // without a matcher
        }
    }
}
