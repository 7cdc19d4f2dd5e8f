package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What carries connections without threads: guests are on a network in memory, servers are the kernel's.
@Timeout(120)
class CarriedConnectionTest extends GuestAndGateway {
    private static final long STILL = 300_000_000L;

    @Override
    Gateway.Builder settings(Gateway.Builder builder) {
        return builder.inside(IpAddress.Prefix.parse("10.0.0.0/24"))
                .machine(MACHINE)
                .policy(OutsidePolicy.of(List.of(OutsideRule.allow("127.0.0.0/8"))));
    }

    private static void reset(Socket socket) throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    private void isOver() {
        await(() -> gateway.counters().connections() == 0);
    }

    private static void isReset(TcpSocket socket) {
        assertThatThrownBy(() -> {
                    byte[] bytes = new byte[65_536];
                    while (socket.read(bytes, 0, bytes.length, PATIENCE) >= 0) {
                        // what came before
                    }
                })
                .isInstanceOf(SocketException.class)
                .hasMessage("Connection reset");
    }

    private static void isReset(Socket socket) {
        assertThatThrownBy(() -> socket.getInputStream().readAllBytes()).isInstanceOf(SocketException.class);
    }

    /// Writes until nothing has been taken for a while.
    private static long fill(TcpSocket socket) throws IOException {
        byte[] bytes = new byte[65_536];
        long written = 0;
        long still = System.nanoTime();
        while (System.nanoTime() - still < STILL) {
            int count = socket.tryWrite(bytes, 0, bytes.length);
            if (count > 0) {
                written += count;
            }
            if (count > 1) { // single octets are what probes of a closed window take along
                still = System.nanoTime();
            }
            LockSupport.parkNanos(1_000_000);
            assertThat(written).isLessThan(200L << 20);
        }
        return written;
    }

    // How many

    @Test
    void ten_thousand_short_connections_leave_nothing() throws Exception {
        int each = 2_500;
        try (ServerSocket server = listen()) {
            long before = descriptors();
            CompletableFuture<Void> serving =
                    CompletableFuture.runAsync(() -> acceptAndClose(server, 4 * each), executor);
            List<CompletableFuture<Void>> clients = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                clients.add(CompletableFuture.runAsync(() -> connectAndClose(server.getLocalPort(), each), executor));
            }
            clients.forEach(CompletableFuture::join);
            serving.join();
            isOver();
            assertThat(gateway.counters().opened()).isEqualTo(4 * each);
            assertThat(gateway.counters().opening()).isZero();
            await(() -> descriptors() <= before + 10);
        }
    }

    private static void acceptAndClose(ServerSocket server, int count) {
        try {
            for (int i = 0; i < count; i++) {
                accept(server).close();
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void connectAndClose(int port, int count) {
        try {
            for (int i = 0; i < count; i++) {
                try (TcpSocket client = connect(port)) {
                    assertThat(client.read(new byte[1], 0, 1, PATIENCE)).isEqualTo(-1);
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static long descriptors() {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void a_connection_has_no_thread() throws Exception {
        List<TcpSocket> clients = new ArrayList<>();
        List<Socket> servers = new ArrayList<>();
        try (ServerSocket server = listen()) {
            exchange(clients, servers, server);
            int platform = ManagementFactory.getThreadMXBean().getThreadCount();
            long all = threads();
            for (int i = 0; i < 300; i++) {
                exchange(clients, servers, server);
            }
            assertThat(gateway.counters().connections()).isEqualTo(301);
            assertThat(ManagementFactory.getThreadMXBean().getThreadCount()).isLessThan(platform + 30);
            assertThat(threads()).isLessThan(all + 30); // those of the JVM come and go
        } finally {
            clients.forEach(TcpSocket::close);
            for (Socket each : servers) {
                each.close();
            }
        }
    }

    /// Opens a connection and carries an octet in each direction.
    private void exchange(List<TcpSocket> clients, List<Socket> servers, ServerSocket server) throws IOException {
        TcpSocket client = connect(server.getLocalPort());
        clients.add(client);
        Socket accepted = accept(server);
        servers.add(accepted);
        client.write(new byte[] {1}, 0, 1);
        assertThat(accepted.getInputStream().read()).isEqualTo(1);
        accepted.getOutputStream().write(2);
        assertThat(client.read(new byte[1], 0, 1, PATIENCE)).isEqualTo(1);
    }

    /// All threads, virtual ones too, as the JVM prints them.
    private static long threads() throws Exception {
        Path file = Files.createTempDirectory("berth").resolve("threads");
        try {
            ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new javax.management.ObjectName("com.sun.management:type=HotSpotDiagnostic"),
                            "dumpThreads",
                            new Object[] {file.toString(), "TEXT_PLAIN"},
                            new String[] {String.class.getName(), String.class.getName()});
            try (Stream<String> lines = Files.lines(file)) {
                return lines.filter(line -> line.startsWith("#")).count();
            }
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(file.getParent());
        }
    }

    // Who holds up whom

    @Test
    void a_reader_outside_that_does_not_read_stops_no_other_flow() throws Exception {
        try (ServerSocket server = listen();
                TcpSocket stalled = connect(server.getLocalPort());
                Socket deaf = accept(server)) {
            long written = fill(stalled);
            for (int i = 0; i < 100; i++) {
                try (TcpSocket client = connect(server.getLocalPort());
                        Socket accepted = accept(server)) {
                    client.write(new byte[100_000], 0, 100_000);
                    client.shutdownOutput();
                    assertThat(accepted.getInputStream().readAllBytes()).hasSize(100_000);
                }
            }
            stalled.shutdownOutput();
            assertThat(drain(deaf)).isEqualTo(written);
        }
        isOver();
    }

    private static long drain(Socket socket) throws IOException {
        byte[] bytes = new byte[65_536];
        long read = 0;
        int count;
        while ((count = socket.getInputStream().read(bytes)) >= 0) {
            read += count;
        }
        return read;
    }

    @Test
    void a_guest_that_does_not_read_stops_no_other_flow() throws Exception {
        int length = 64 << 20;
        byte[] sent = new byte[length];
        Arrays.fill(sent, (byte) 7);
        try (ServerSocket server = listen();
                TcpSocket deaf = connect(server.getLocalPort());
                Socket writer = accept(server)) {
            CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> write(writer, sent), executor);
            await(() -> available(deaf) > 100_000);
            for (int i = 0; i < 100; i++) {
                try (TcpSocket client = connect(server.getLocalPort());
                        Socket accepted = accept(server)) {
                    accepted.getOutputStream().write(new byte[100_000]);
                    accepted.shutdownOutput();
                    assertThat(drain(client)).isEqualTo(100_000);
                }
            }
            assertThat(writing).isNotDone();
            assertThat(drain(deaf)).isEqualTo(length);
            writing.join();
            deaf.shutdownOutput();
            assertThat(writer.getInputStream().read()).isEqualTo(-1);
        }
        isOver();
    }

    private static int available(TcpSocket socket) {
        try {
            return socket.available();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static long drain(TcpSocket socket) throws IOException {
        byte[] bytes = new byte[65_536];
        long read = 0;
        int count;
        while ((count = socket.read(bytes, 0, bytes.length, PATIENCE)) >= 0) {
            read += count;
        }
        return read;
    }

    private static void write(Socket socket, byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
            socket.shutdownOutput();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    // The end, in each state

    @Test
    void a_guest_that_gives_up_while_the_outside_is_silent_leaves_nothing() throws Exception {
        restart(GatewayLimits.DEFAULT.withTimes(2_000_000_000L, PATIENCE));
        List<Socket> fillers = new ArrayList<>();
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            fill(full, fillers);
            TcpSocket client = guest.openTcpSocket();
            client.startConnect(new Endpoint(MACHINE, full.getLocalPort()));
            await(() -> gateway.counters().opening() == 1);
            client.abort();
            await(() -> gateway.counters().timedOut() == 1);
            assertThat(gateway.counters().opening()).isZero();
            isOver();
        } finally {
            for (Socket each : fillers) {
                each.close();
            }
        }
    }

    private static void fill(ServerSocket server, List<Socket> fillers) throws IOException {
        for (int i = 0; i < 20; i++) {
            Socket socket = new Socket();
            try {
                socket.connect(new InetSocketAddress(server.getInetAddress(), server.getLocalPort()), 200);
                fillers.add(socket);
            } catch (SocketTimeoutException e) {
                socket.close();
                return;
            }
        }
        throw new AssertionError("The backlog has no end");
    }

    @Test
    void a_gateway_that_is_closed_while_the_outside_is_silent_refuses() throws Exception {
        List<Socket> fillers = new ArrayList<>();
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
                TcpSocket client = guest.openTcpSocket()) {
            fill(full, fillers);
            client.startConnect(new Endpoint(MACHINE, full.getLocalPort()));
            await(() -> gateway.counters().opening() == 1);
            gateway.close();
            assertThat(gateway.counters().opening()).isZero();
            assertThatThrownBy(() -> client.awaitOpen(PATIENCE)).hasMessage("Connection refused");
        } finally {
            for (Socket each : fillers) {
                each.close();
            }
        }
    }

    @Test
    void a_reset_from_inside_ends_what_the_outside_does_not_read() throws Exception {
        try (ServerSocket server = listen();
                TcpSocket client = connect(server.getLocalPort());
                Socket deaf = accept(server)) {
            fill(client);
            assertThat(gateway.counters().connections()).isEqualTo(1);
            client.abort();
            isOver();
            isReset(deaf);
        }
    }

    @Test
    void a_reset_from_outside_ends_what_it_does_not_read() throws Exception {
        try (ServerSocket server = listen();
                TcpSocket client = connect(server.getLocalPort())) {
            Socket deaf = accept(server);
            fill(client);
            reset(deaf);
            isReset(client);
            isOver();
        }
    }

    @Test
    void a_reset_from_outside_is_told_when_the_guest_has_read_what_was_before() throws Exception {
        try (ServerSocket server = listen();
                TcpSocket deaf = connect(server.getLocalPort())) {
            Socket writer = accept(server);
            byte[] sent = new byte[32 << 20];
            CompletableFuture<Void> writing = CompletableFuture.runAsync(
                    () -> assertThatThrownBy(() -> writer.getOutputStream().write(sent)), executor);
            await(() -> available(deaf) > 100_000);
            reset(writer);
            writing.join();
            isReset(deaf);
            isOver();
        }
    }

    @Test
    void a_reset_from_inside_reaches_an_outside_that_has_ended_already() throws Exception {
        try (ServerSocket server = listen();
                TcpSocket client = connect(server.getLocalPort());
                Socket accepted = accept(server)) {
            accepted.shutdownOutput();
            assertThat(client.read(new byte[1], 0, 1, PATIENCE)).isEqualTo(-1);
            client.write(new byte[] {1}, 0, 1);
            assertThat(accepted.getInputStream().read()).isEqualTo(1);
            client.abort();
            isReset(accepted);
            isOver();
        }
    }

    @Test
    void a_reset_from_outside_reaches_a_guest_that_has_ended_already() throws Exception {
        try (ServerSocket server = listen();
                TcpSocket client = connect(server.getLocalPort())) {
            Socket accepted = accept(server);
            client.shutdownOutput();
            assertThat(accepted.getInputStream().read()).isEqualTo(-1);
            accepted.getOutputStream().write(1);
            assertThat(client.read(new byte[1], 0, 1, PATIENCE)).isEqualTo(1);
            reset(accepted);
            isReset(client);
            isOver();
        }
    }

    @Test
    void a_reset_from_a_guest_that_has_ended_reaches_an_outside_that_says_nothing() throws Exception {
        try (ServerSocket server = listen();
                TcpSocket client = connect(server.getLocalPort());
                Socket accepted = accept(server)) {
            client.shutdownOutput();
            assertThat(accepted.getInputStream().read()).isEqualTo(-1);
            client.abort();
            isOver();
        }
    }

    @Test
    void each_end_goes_on_with_much_after_the_other_has_ended() throws Exception {
        int length = 8 << 20;
        try (ServerSocket server = listen();
                TcpSocket client = connect(server.getLocalPort());
                Socket accepted = accept(server)) {
            accepted.shutdownOutput();
            assertThat(client.read(new byte[1], 0, 1, PATIENCE)).isEqualTo(-1);
            CompletableFuture<Long> reading = CompletableFuture.supplyAsync(
                    () -> {
                        try {
                            return drain(accepted);
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    },
                    executor);
            client.write(new byte[length], 0, length);
            client.shutdownOutput();
            assertThat(reading.join()).isEqualTo(length);
            isOver();
        }
    }

    @Test
    void a_host_that_goes_down_resets_what_it_carries() throws Exception {
        try (ServerSocket server = listen();
                TcpSocket client = connect(server.getLocalPort());
                Socket accepted = accept(server)) {
            gateway.host().close();
            isReset(accepted);
            isReset(client);
            isOver();
        }
    }

    /// After a FIN it would go on to send to a host that is not there any more.
    @Test
    void a_gateway_that_is_closed_resets_a_guest_that_may_still_send() throws Exception {
        try (ServerSocket server = listen();
                TcpSocket client = connect(server.getLocalPort());
                Socket accepted = accept(server)) {
            accepted.getOutputStream().write(1);
            assertThat(client.read(new byte[1], 0, 1, PATIENCE)).isEqualTo(1);
            gateway.close();
            isReset(client);
            assertThat(accepted.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void a_published_port_waits_for_no_silent_target() throws Exception {
        Host door = network.host("door", IpAddress.Prefix.parse("10.0.0.2/24"));
        Endpoint nobody = new Endpoint(IpAddress.parse("10.0.0.77"), 80);
        try (PublishedPort port = PublishedPort.open(new InetSocketAddress("127.0.0.1", 0), door, nobody)) {
            try (Socket client =
                    new Socket(port.address().getAddress(), port.address().getPort())) {
                client.setSoTimeout(30_000);
                isReset(client);
            }
            await(() -> port.connections() == 0);
        }
    }

    @Test
    void a_guest_that_comes_while_the_gateway_starts_is_not_refused() throws Exception {
        try (ServerSocket server = listen()) {
            for (int i = 0; i < 200; i++) {
                gateway.close();
                CompletableFuture<Void> asking =
                        CompletableFuture.runAsync(() -> connectInTheEnd(server.getLocalPort()), executor);
                gateway = start(GatewayLimits.DEFAULT);
                asking.get(PATIENCE, TimeUnit.NANOSECONDS);
            }
        }
    }

    /// Asks again as long as nobody answers.
    private void connectInTheEnd(int port) {
        while (true) {
            try (TcpSocket socket = guest.openTcpSocket()) {
                socket.connect(new Endpoint(MACHINE, port), 1_000_000);
                socket.abort();
                return;
            } catch (SocketTimeoutException e) {
                // not there yet
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
