package dev.berth.gateway;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.PortUnreachableException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Guests are on a network in memory, servers are the kernel's, on its loopback interface.
@Timeout(120)
class GatewayTest extends GuestAndGateway {
    private static final IpAddress MACHINE6 = IpAddress.parse("fd00::fd");
    private static final int MEGABYTES = 100;

    @Override
    Gateway.Builder settings(Gateway.Builder builder) {
        return builder.inside(IpAddress.Prefix.parse("10.0.0.0/24"), IpAddress.Prefix.parse("fd00::/64"))
                .machine(MACHINE, MACHINE6)
                .policy(OutsidePolicy.of(List.of(
                        OutsideRule.deny("127.0.0.1:9"), OutsideRule.allow("127.0.0.0/8"), OutsideRule.allow("::1"))));
    }

    private static int closedPort() throws IOException {
        try (ServerSocket server = listen()) {
            return server.getLocalPort();
        }
    }

    private static byte[] octets(int length) {
        byte[] bytes = new byte[length];
        new Random(1).nextBytes(bytes);
        return bytes;
    }

    private static int write(TcpSocket socket, String text) throws IOException {
        byte[] bytes = text.getBytes(US_ASCII);
        socket.write(bytes, 0, bytes.length);
        return bytes.length;
    }

    private static String readAll(TcpSocket socket) throws IOException {
        StringBuilder text = new StringBuilder();
        byte[] bytes = new byte[100];
        int count;
        while ((count = socket.read(bytes, 0, bytes.length, PATIENCE)) >= 0) {
            text.append(new String(bytes, 0, count, US_ASCII));
        }
        return text.toString();
    }

    @Test
    void each_direction_of_a_connection_ends_for_itself() throws Exception {
        try (ServerSocket server = listen();
                TcpSocket client = connect(server.getLocalPort());
                Socket accepted = accept(server)) {
            assertThat(client.remote()).isEqualTo(new Endpoint(MACHINE, server.getLocalPort()));
            write(client, "request");
            client.shutdownOutput();
            assertThat(accepted.getInputStream().readAllBytes()).isEqualTo("request".getBytes(US_ASCII));
            accepted.getOutputStream().write("reply".getBytes(US_ASCII));
            accepted.shutdownOutput();
            assertThat(readAll(client)).isEqualTo("reply");
            await(() -> gateway.counters().connections() == 0);
            assertThat(gateway.counters().opened()).isEqualTo(1);
        }
    }

    @Test
    void a_port_that_nobody_listens_on_refuses() throws Exception {
        int port = closedPort();
        assertThatThrownBy(() -> connect(port))
                .isInstanceOf(ConnectException.class)
                .hasMessage("Connection refused");
        assertThat(gateway.counters().refused()).isEqualTo(1);
        await(() -> gateway.counters().connections() == 0);
    }

    @Test
    void what_the_policy_denies_is_refused_and_nobody_outside_learns_of_it() throws Exception {
        assertThatThrownBy(() -> connect(9)).isInstanceOf(NoRouteToHostException.class);
        try (TcpSocket socket = guest.openTcpSocket()) {
            Endpoint metadata = new Endpoint(IpAddress.parse("169.254.169.254"), 80);
            assertThatThrownBy(() -> socket.connect(metadata, PATIENCE)).isInstanceOf(NoRouteToHostException.class);
        }
        assertThat(gateway.counters().denied()).isEqualTo(2);
        assertThat(gateway.counters().opened()).isZero();
    }

    @Test
    void a_reset_passes_outwards_and_inwards() throws Exception {
        try (ServerSocket server = listen()) {
            TcpSocket client = connect(server.getLocalPort());
            try (Socket accepted = accept(server)) {
                client.abort();
                assertThatThrownBy(() -> accepted.getInputStream().read()).isInstanceOf(SocketException.class);
            }
            try (TcpSocket other = connect(server.getLocalPort())) {
                Socket accepted = accept(server);
                accepted.setSoLinger(true, 0);
                accepted.close();
                assertThatThrownBy(() -> other.read(new byte[1], 0, 1, PATIENCE))
                        .isInstanceOf(SocketException.class)
                        .hasMessage("Connection reset");
            }
            await(() -> gateway.counters().connections() == 0);
        }
    }

    @Test
    void many_octets_arrive_whole_in_both_directions() throws Exception {
        byte[] megabyte = octets(1 << 20);
        MessageDigest expected = MessageDigest.getInstance("SHA-256");
        for (int i = 0; i < MEGABYTES; i++) {
            expected.update(megabyte);
        }
        byte[] digest = expected.digest();
        try (ServerSocket server = listen();
                TcpSocket client = connect(server.getLocalPort());
                Socket accepted = accept(server)) {
            CompletableFuture<Void> up = CompletableFuture.runAsync(
                    () -> times(MEGABYTES, client::shutdownOutput, () -> client.write(megabyte, 0, megabyte.length)),
                    executor);
            CompletableFuture<Void> down = CompletableFuture.runAsync(
                    () -> times(
                            MEGABYTES,
                            accepted::shutdownOutput,
                            () -> accepted.getOutputStream().write(megabyte)),
                    executor);
            CompletableFuture<byte[]> above = CompletableFuture.supplyAsync(() -> digest(accepted), executor);
            MessageDigest below = MessageDigest.getInstance("SHA-256");
            byte[] bytes = new byte[65_536];
            int count;
            while ((count = client.read(bytes, 0, bytes.length, PATIENCE)) >= 0) {
                below.update(bytes, 0, count);
            }
            assertThat(below.digest()).isEqualTo(digest);
            assertThat(above.join()).isEqualTo(digest);
            up.join();
            down.join();
        }
    }

    private interface Step {
        void run() throws IOException;
    }

    private static void times(int count, Step last, Step step) {
        try {
            for (int i = 0; i < count; i++) {
                step.run();
            }
            last.run();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] digest(Socket socket) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            InputStream in = socket.getInputStream();
            byte[] bytes = new byte[65_536];
            int count;
            while ((count = in.read(bytes)) >= 0) {
                digest.update(bytes, 0, count);
            }
            return digest.digest();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void a_thousand_short_connections_leave_nothing() throws Exception {
        try (ServerSocket server = listen()) {
            CompletableFuture<Void> serving = CompletableFuture.runAsync(
                    () -> times(1_000, () -> {}, () -> {
                        try (Socket accepted = accept(server)) {
                            accepted.getOutputStream()
                                    .write(accepted.getInputStream().read());
                        }
                    }),
                    executor);
            for (int i = 0; i < 1_000; i++) {
                try (TcpSocket client = connect(server.getLocalPort())) {
                    write(client, "x");
                    assertThat(readAll(client)).isEqualTo("x");
                }
            }
            serving.join();
        }
        await(() -> gateway.counters().connections() == 0);
        assertThat(gateway.counters().opened()).isEqualTo(1_000);
        assertThat(gateway.host().snapshot().flows())
                .allMatch(flow -> flow.toString().contains("TIME-WAIT"));
    }

    @Test
    void a_reader_that_does_not_read_holds_up_the_writer_and_not_the_memory() throws Exception {
        try (ServerSocket server = listen();
                TcpSocket client = connect(server.getLocalPort());
                Socket accepted = accept(server)) {
            byte[] bytes = new byte[65_536];
            long written = 0;
            long still = System.nanoTime();
            while (System.nanoTime() - still < 300_000_000L) {
                int count = client.tryWrite(bytes, 0, bytes.length);
                if (count > 0) {
                    written += count;
                }
                if (count > 1) { // single octets are what probes of a closed window take along
                    still = System.nanoTime();
                }
                LockSupport.parkNanos(1_000_000);
                assertThat(written).isLessThan(200L << 20);
            }
            assertThat(gateway.counters().connections()).isEqualTo(1);
            client.shutdownOutput();
            long read = 0;
            int count;
            while ((count = accepted.getInputStream().read(bytes)) >= 0) {
                read += count;
            }
            assertThat(read).isEqualTo(written);
        }
    }

    /// An address that the kernel sends to and never hears of: its own loopback, with a full backlog.
    @Test
    void a_destination_that_does_not_answer_leaves_room_for_others() throws Exception {
        restart(GatewayLimits.DEFAULT.withConnections(1_000, 100, 4, 50));
        InetAddress deaf = InetAddress.getByName("127.0.0.1");
        List<Socket> fillers = new ArrayList<>();
        List<TcpSocket> stuck = new ArrayList<>();
        Host other = network.host("other", IpAddress.Prefix.parse("fd00::2/64"));
        try (ServerSocket full = new ServerSocket(0, 1, deaf);
                ServerSocket alive = new ServerSocket(0, 50, InetAddress.getByName("::1"))) {
            fill(full, fillers);
            for (int i = 0; i < 10; i++) {
                TcpSocket socket = guest.openTcpSocket();
                stuck.add(socket);
                socket.startConnect(new Endpoint(MACHINE, full.getLocalPort()));
            }
            await(() -> gateway.counters().opening() == 4 && gateway.counters().overLimit() >= 6);
            assertThat(stuck).noneMatch(TcpSocket::isConnected);
            try (TcpSocket live = other.openTcpSocket()) {
                // Another address outside: of the other family.
                live.connect(new Endpoint(MACHINE6, alive.getLocalPort()), PATIENCE);
            }
        } finally {
            for (Socket each : fillers) {
                each.close();
            }
            stuck.forEach(TcpSocket::close);
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
    void an_idle_connection_is_reset_in_the_end() throws Exception {
        restart(GatewayLimits.DEFAULT.withTimes(PATIENCE, 1));
        try (ServerSocket server = listen();
                TcpSocket client = connect(server.getLocalPort());
                Socket accepted = accept(server)) {
            assertThatThrownBy(() -> client.read(new byte[1], 0, 1, PATIENCE)).isInstanceOf(SocketException.class);
            assertThatThrownBy(() -> accepted.getInputStream().read()).isInstanceOf(SocketException.class);
            assertThat(gateway.counters().idle()).isEqualTo(1);
        }
    }

    // UDP

    private static DatagramSocket datagrams() throws IOException {
        DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        socket.setSoTimeout(30_000);
        return socket;
    }

    private static DatagramPacket receive(DatagramSocket socket) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[2_000], 2_000);
        socket.receive(packet);
        return packet;
    }

    private static void send(UdpSocket socket, String text, int port) throws IOException {
        socket.send(text.getBytes(US_ASCII), 0, text.length(), new Endpoint(MACHINE, port));
    }

    private static String receive(UdpSocket socket) throws IOException {
        byte[] bytes = new byte[2_000];
        int length = socket.receive(bytes, 0, bytes.length, PATIENCE);
        return new String(bytes, 0, length, US_ASCII);
    }

    @Test
    void a_guests_end_has_one_port_outside_towards_everybody() throws Exception {
        try (UdpSocket socket = guest.openUdpSocket();
                DatagramSocket one = datagrams();
                DatagramSocket two = datagrams()) {
            int[] ports = new int[3];
            DatagramSocket[] servers = {one, two, one};
            for (int i = 0; i < 3; i++) {
                send(socket, "ask", servers[i].getLocalPort());
                DatagramPacket packet = receive(servers[i]);
                ports[i] = packet.getPort();
                packet.setData(("answer" + i).getBytes(US_ASCII));
                servers[i].send(packet);
                assertThat(receive(socket)).isEqualTo("answer" + i);
                assertThat(socket.lastSender()).isEqualTo(new Endpoint(MACHINE, servers[i].getLocalPort()));
            }
            assertThat(ports).containsOnly(ports[0]);
            assertThat(gateway.counters().associations()).isEqualTo(1);
            await(() -> gateway.counters().datagramsIn() == 3); // it is counted when the guest has it already
        }
    }

    @Test
    void a_port_that_nobody_owns_is_unreachable_inside_too() throws Exception {
        int port;
        try (DatagramSocket gone = datagrams()) {
            port = gone.getLocalPort();
        }
        try (UdpSocket socket = guest.openUdpSocket()) {
            socket.connect(new Endpoint(MACHINE, port));
            socket.send(new byte[1], 0, 1, null);
            assertThatThrownBy(() -> socket.receive(new byte[1], 0, 1, PATIENCE))
                    .isInstanceOf(PortUnreachableException.class);
        }
    }

    @Test
    void the_end_that_was_idle_longest_gives_way() throws Exception {
        restart(GatewayLimits.DEFAULT.withAssociations(2, PATIENCE, PATIENCE));
        try (DatagramSocket server = datagrams();
                UdpSocket first = guest.openUdpSocket();
                UdpSocket second = guest.openUdpSocket();
                UdpSocket third = guest.openUdpSocket()) {
            for (UdpSocket each : List.of(first, second, third)) {
                send(each, "ask", server.getLocalPort());
                receive(server);
            }
            assertThat(gateway.counters().associations()).isEqualTo(2);
            assertThat(gateway.counters().evicted()).isEqualTo(1);
        }
    }

    @Test
    void an_idle_end_gives_its_socket_back() throws Exception {
        restart(GatewayLimits.DEFAULT.withAssociations(10, 1, 1));
        try (DatagramSocket server = datagrams();
                UdpSocket socket = guest.openUdpSocket()) {
            send(socket, "ask", server.getLocalPort());
            receive(server);
            await(() -> gateway.counters().associations() == 0);
        }
    }
}
