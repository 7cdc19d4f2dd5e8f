package dev.berth.gateway;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.EchoSocket;
import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.network.Network;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortRange;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Ports outside, who gets through to them, and who may not: RFC 4787, with the kernel's loopback interface as the
/// outside.
@Timeout(60)
class TranslationTest {
    private static final long PATIENCE = 30_000_000_000L;
    private static final IpAddress MACHINE = IpAddress.parse("10.0.0.253");
    private static final PortPolicy FOUR_PORTS = PortPolicy.of("linux").withEphemeral(new PortRange(21_100, 21_103));

    private final Network network = Network.create("test");
    private Host guest;
    private Gateway gateway;

    @BeforeEach
    void start() throws IOException {
        guest = network.host("guest", IpAddress.Prefix.parse("10.0.0.1/24"));
    }

    private Gateway.Builder builder(String... rules) {
        List<OutsideRule> all = new ArrayList<>();
        for (String rule : rules) {
            all.add(OutsideRule.deny(rule));
        }
        all.add(OutsideRule.allow("127.0.0.0/8"));
        return Gateway.builder(network)
                .inside(IpAddress.Prefix.parse("10.0.0.0/24"))
                .machine(MACHINE)
                .policy(OutsidePolicy.of(all));
    }

    @AfterEach
    void nothing_is_left() {
        if (gateway != null) {
            gateway.close();
            await(() ->
                    gateway.counters().connections() == 0 && gateway.counters().ports() == 0);
        }
        network.close();
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("a deadline").isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static DatagramSocket datagrams() throws IOException {
        DatagramSocket socket = new DatagramSocket(0, InetAddress.getByName("127.0.0.1"));
        socket.setSoTimeout(30_000);
        return socket;
    }

    private static int askedFrom(UdpSocket socket, DatagramSocket server) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[100], 100);
        server.setSoTimeout(1_000);
        for (int i = 0; ; i++) {
            // Again and again: a port that was given up is the kernel's for a moment longer.
            socket.send("ask".getBytes(US_ASCII), 0, 3, new Endpoint(MACHINE, server.getLocalPort()));
            try {
                server.receive(packet);
                break;
            } catch (SocketTimeoutException e) {
                assertThat(i).as("tries").isLessThan(30);
            }
        }
        return packet.getPort();
    }

    private static String receive(UdpSocket socket, long nanos) throws IOException {
        byte[] bytes = new byte[100];
        return new String(bytes, 0, socket.receive(bytes, 0, 100, nanos), US_ASCII);
    }

    private static void send(DatagramSocket socket, String text, int port) throws IOException {
        byte[] bytes = text.getBytes(US_ASCII);
        socket.send(new DatagramPacket(bytes, bytes.length, InetAddress.getByName("127.0.0.1"), port));
    }

    private UdpSocket bound(int port) throws IOException {
        UdpSocket socket = guest.openUdpSocket();
        socket.bind(new Endpoint(IpAddress.ANY_IPV4, port));
        return socket;
    }

    @Test
    void a_guest_that_takes_every_association_loses_its_own() throws Exception {
        Host quiet = network.host("quiet", IpAddress.Prefix.parse("10.0.0.2/24"));
        gateway = builder()
                .limits(GatewayLimits.DEFAULT.withAssociations(4, PATIENCE, PATIENCE))
                .start();
        List<UdpSocket> many = new ArrayList<>();
        try (DatagramSocket server = datagrams();
                UdpSocket first = quiet.openUdpSocket()) {
            int port = askedFrom(first, server);
            for (int i = 0; i < 10; i++) {
                UdpSocket socket = guest.openUdpSocket();
                many.add(socket);
                askedFrom(socket, server);
            }
            assertThat(gateway.counters().associations()).isEqualTo(4);
            assertThat(gateway.counters().evicted()).isEqualTo(7);
            send(server, "late", port);
            assertThat(receive(first, PATIENCE)).isEqualTo("late");
        } finally {
            many.forEach(UdpSocket::close);
        }
    }

    // Ports

    @Test
    void a_port_is_kept_where_it_is_free_and_its_parity_otherwise() throws Exception {
        Host other = network.host("other", IpAddress.Prefix.parse("10.0.0.2/24"));
        gateway = builder()
                .outside(PortPolicy.linux(), IpAddress.parse("127.0.0.1"))
                .start();
        try (DatagramSocket server = datagrams();
                UdpSocket first = bound(33_040);
                UdpSocket second = other.openUdpSocket();
                DatagramSocket held = new DatagramSocket(33_051, InetAddress.getByName("127.0.0.1"));
                UdpSocket third = bound(33_051)) {
            second.bind(new Endpoint(IpAddress.ANY_IPV4, 33_040));
            assertThat(askedFrom(first, server)).isEqualTo(33_040);
            int translated = askedFrom(second, server);
            assertThat(translated).isNotEqualTo(33_040).isBetween(32_768, 60_999);
            assertThat(translated % 2).as("parity").isZero();
            int beside = askedFrom(third, server);
            assertThat(beside).as("one that another program has").isNotEqualTo(held.getLocalPort());
            assertThat(beside % 2).isEqualTo(1);
            assertThat(gateway.counters().ports()).isEqualTo(3);
        }
    }

    @Test
    void when_no_port_is_left_it_is_prohibited_and_one_that_was_given_back_is_used_again() throws Exception {
        gateway = builder()
                .outside(FOUR_PORTS, IpAddress.parse("127.0.0.1"))
                .limits(GatewayLimits.DEFAULT.withAssociations(4, PATIENCE, PATIENCE))
                .start();
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
                ServerSocket another = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))) {
            Set<Integer> ports = new HashSet<>();
            List<TcpSocket> open = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                open.add(connected(server));
                try (Socket accepted = server.accept()) {
                    ports.add(accepted.getPort());
                    open.add(connected(another)); // the same ports again, to another destination
                    another.accept().close();
                }
            }
            assertThat(ports).containsExactlyInAnyOrder(21_100, 21_101, 21_102, 21_103);
            open.forEach(TcpSocket::abort);
        }
        try (DatagramSocket server = datagrams()) {
            List<UdpSocket> sockets = new ArrayList<>();
            Set<Integer> ports = new HashSet<>();
            for (int i = 0; i < 5; i++) {
                UdpSocket socket = guest.openUdpSocket();
                sockets.add(socket);
                ports.add(askedFrom(socket, server)); // the fifth takes the port of the first
            }
            assertThat(ports).hasSize(4);
            assertThat(gateway.counters().evicted()).isEqualTo(1);
            sockets.forEach(UdpSocket::close);
        }
    }

    @Test
    void the_fifth_of_four_connections_to_one_destination_is_told_so() throws Exception {
        gateway = builder().outside(FOUR_PORTS, IpAddress.parse("127.0.0.1")).start();
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))) {
            List<TcpSocket> open = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                open.add(connected(server));
            }
            assertThat(gateway.counters().ports()).isEqualTo(4);
            assertThatThrownBy(() -> connected(server)).isInstanceOf(NoRouteToHostException.class);
            assertThat(gateway.counters().overLimit()).isEqualTo(1);
            open.forEach(TcpSocket::abort);
            await(() -> gateway.counters().ports() == 0);
            connected(server).close();
        }
    }

    private TcpSocket connected(ServerSocket server) throws IOException {
        TcpSocket socket = guest.openTcpSocket();
        try {
            socket.connect(new Endpoint(MACHINE, server.getLocalPort()), PATIENCE);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    // Filtering

    @ParameterizedTest
    @EnumSource(UdpFiltering.class)
    void strangers_come_through_as_the_filtering_says(UdpFiltering filtering) throws Exception {
        gateway = builder().filtering(filtering).start();
        try (UdpSocket socket = guest.openUdpSocket();
                DatagramSocket asked = datagrams();
                DatagramSocket neighbour = datagrams();
                DatagramSocket stranger = new DatagramSocket(0, InetAddress.getByName("127.0.0.2"))) {
            int port = askedFrom(socket, asked);
            assertThat(askedFrom(socket, asked)).isEqualTo(port);
            send(asked, "asked", port);
            assertThat(receive(socket, PATIENCE)).isEqualTo("asked");
            boolean independent = filtering == UdpFiltering.ENDPOINT_INDEPENDENT;
            boolean byAddress = filtering == UdpFiltering.ADDRESS_DEPENDENT;
            send(neighbour, "neighbour", port);
            if (independent || byAddress) {
                assertThat(receive(socket, PATIENCE)).isEqualTo("neighbour");
            }
            send(stranger, "stranger", port);
            if (independent) {
                assertThat(receive(socket, PATIENCE)).isEqualTo("stranger");
            }
            await(() -> gateway.counters().filtered() == (independent ? 0 : byAddress ? 1 : 2));
            send(asked, "again", port);
            assertThat(receive(socket, PATIENCE)).isEqualTo("again");
        }
    }

    @Test
    void a_rule_for_what_comes_in_keeps_strangers_out() throws Exception {
        gateway = builder("in:127.0.0.2")
                .filtering(UdpFiltering.ENDPOINT_INDEPENDENT)
                .start();
        try (UdpSocket socket = guest.openUdpSocket();
                DatagramSocket asked = datagrams();
                DatagramSocket stranger = new DatagramSocket(0, InetAddress.getByName("127.0.0.2"))) {
            int port = askedFrom(socket, asked);
            send(stranger, "stranger", port);
            await(() -> gateway.counters().denied() == 1);
            assertThatThrownBy(() -> receive(socket, 1)).isInstanceOf(SocketTimeoutException.class);
        }
    }

    /// RFC 4787 REQ-9: "A NAT MUST support "Hairpinning"", with the "External source IP address and port".
    @Test
    void two_guests_meet_at_their_ports_outside() throws Exception {
        Host other = network.host("other", IpAddress.Prefix.parse("10.0.0.2/24"));
        gateway = builder()
                .outside(PortPolicy.linux(), IpAddress.parse("127.0.0.1"))
                .filtering(UdpFiltering.ENDPOINT_INDEPENDENT)
                .start();
        try (DatagramSocket server = datagrams();
                UdpSocket one = guest.openUdpSocket();
                UdpSocket two = other.openUdpSocket()) {
            int first = askedFrom(one, server);
            int second = askedFrom(two, server);
            one.send("hello".getBytes(US_ASCII), 0, 5, new Endpoint(MACHINE, second));
            assertThat(receive(two, PATIENCE)).isEqualTo("hello");
            assertThat(two.lastSender()).isEqualTo(new Endpoint(MACHINE, first));
        }
    }

    // Who may not

    @Test
    void published_ports_admit_whom_the_rules_for_what_comes_in_let() throws Exception {
        var acceptor = guest.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV4, 80));
        acceptor.listen(5);
        Host door = network.host("door", IpAddress.Prefix.parse("10.0.0.254/24"));
        OutsidePolicy policy = OutsidePolicy.of(List.of(
                OutsideRule.allow("in:127.0.0.1"), OutsideRule.deny("in:0.0.0.0/0"), OutsideRule.deny("out:10.0.0.1")));
        try (PublishedPort port = PublishedPort.open(
                new InetSocketAddress("127.0.0.1", 0),
                door,
                new Endpoint(IpAddress.parse("10.0.0.1"), 80),
                10,
                policy)) {
            try (Socket welcome = new Socket("127.0.0.1", port.address().getPort())) {
                acceptor.accept(PATIENCE).close();
                assertThat(welcome.getInputStream().read()).isEqualTo(-1);
            }
            try (Socket stranger = new Socket()) {
                stranger.bind(new InetSocketAddress("127.0.0.2", 0));
                stranger.connect(port.address());
                assertThatThrownBy(() -> stranger.getInputStream().read()).isInstanceOf(SocketException.class);
            }
            assertThat(port.denied()).isEqualTo(1);
        }
    }

    @Test
    void sources_that_are_no_guests_are_counted_and_get_nothing() throws Exception {
        gateway = builder().start();
        Host liar = network.host("liar", IpAddress.Prefix.parse("192.168.7.7/24"));
        try (TcpSocket tcp = liar.openTcpSocket();
                UdpSocket udp = liar.openUdpSocket();
                EchoSocket echo = liar.openEchoSocket();
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))) {
            tcp.startConnect(new Endpoint(MACHINE, server.getLocalPort()));
            udp.send(new byte[1], 0, 1, new Endpoint(MACHINE, server.getLocalPort()));
            echo.send(MACHINE, 8, 0);
            await(() -> gateway.counters().spoofed() >= 3);
            assertThat(gateway.counters().connections()).isZero();
            assertThat(gateway.counters().associations()).isZero();
            assertThat(gateway.counters().echoes()).isZero();
        }
    }

    @Test
    void forbidden_places_are_prohibited_for_echoes_too() throws Exception {
        gateway = builder("127.0.0.0/8").start();
        for (String place : List.of("10.0.0.253", "169.254.169.254", "100.100.100.200", "192.0.0.192")) {
            assertThat(guest.isReachable(IpAddress.parse(place), PATIENCE)).isFalse();
        }
        await(() -> gateway.counters().denied() == 4);
    }

    @Test
    void one_guest_that_begins_too_many_connections_leaves_room_for_another() throws Exception {
        gateway = builder()
                .limits(GatewayLimits.DEFAULT.withConnections(1_000, 100, 100, 4))
                .start();
        Host other = network.host("other", IpAddress.Prefix.parse("10.0.0.2/24"));
        List<AutoCloseable> open = new ArrayList<>();
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
                ServerSocket alive = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))) {
            fill(full, open);
            for (int i = 0; i < 10; i++) {
                TcpSocket socket = guest.openTcpSocket();
                open.add(socket);
                socket.startConnect(new Endpoint(MACHINE, full.getLocalPort()));
            }
            await(() -> gateway.counters().opening() == 4 && gateway.counters().overLimit() >= 6);
            try (TcpSocket live = other.openTcpSocket()) {
                live.connect(new Endpoint(MACHINE, alive.getLocalPort()), PATIENCE);
            }
        } finally {
            for (AutoCloseable each : open) {
                each.close();
            }
        }
    }

    /// Fills the backlog of a server that does not accept.
    private static void fill(ServerSocket server, List<AutoCloseable> fillers) throws IOException {
        for (int i = 0; i < 20; i++) {
            Socket socket = new Socket();
            fillers.add(socket);
            try {
                socket.connect(server.getLocalSocketAddress(), 200);
            } catch (SocketTimeoutException e) {
                return;
            }
        }
        throw new AssertionError("The backlog has no end");
    }
}
