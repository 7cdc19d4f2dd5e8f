package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.network.Network;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// How many of the gateway's connections one guest, and one destination, may have.
@Timeout(120)
class GatewaySharesTest {
    private static final long PATIENCE = 30_000_000_000L;
    private static final IpAddress MACHINE = IpAddress.parse("10.0.0.253");
    private static final IpAddress MACHINE6 = IpAddress.parse("fd00::fd");
    private static final IpAddress SECOND = IpAddress.parse("10.0.0.2");

    private final Network network = Network.create("test");
    private final List<TcpSocket> sockets = new ArrayList<>();
    private Host greedy;
    private Host modest;
    private ServerSocket server;
    private Gateway gateway;

    @BeforeEach
    void start() throws IOException {
        greedy = network.host(
                "greedy",
                IpAddress.Prefix.parse("10.0.0.1/24"),
                IpAddress.Prefix.parse("10.0.0.2/24"),
                IpAddress.Prefix.parse("fd00::1/64"));
        modest = network.host("modest", IpAddress.Prefix.parse("10.0.0.9/24"));
        server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
    }

    private void start(GatewayLimits limits) throws IOException {
        gateway = Gateway.builder(network)
                .inside(IpAddress.Prefix.parse("10.0.0.0/24"), IpAddress.Prefix.parse("fd00::/64"))
                .machine(MACHINE, MACHINE6)
                .policy(OutsidePolicy.of(List.of(OutsideRule.allow("127.0.0.0/8"), OutsideRule.allow("::1"))))
                .limits(limits)
                .start();
    }

    @AfterEach
    void end() throws IOException {
        sockets.forEach(TcpSocket::close);
        gateway.close();
        network.close();
        server.close();
    }

    private TcpSocket connect(Host host, IpAddress from) throws IOException {
        TcpSocket socket = host.openTcpSocket();
        sockets.add(socket);
        socket.bind(new Endpoint(from, 0));
        socket.connect(new Endpoint(MACHINE, server.getLocalPort()), PATIENCE);
        return socket;
    }

    private TcpSocket connect(Host host) throws IOException {
        return connect(host, host == greedy ? IpAddress.parse("10.0.0.1") : IpAddress.parse("10.0.0.9"));
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("a deadline").isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void a_guest_is_one_guest_with_all_its_addresses() throws Exception {
        start(GatewayLimits.DEFAULT.withShares(100, 2));
        connect(greedy);
        connect(greedy, SECOND);
        assertThatThrownBy(() -> connect(greedy, SECOND)).isInstanceOf(ConnectException.class);
        connect(modest);
        assertThat(gateway.counters().overGuestLimit()).isEqualTo(1);
        assertThat(gateway.counters().overLimit()).isEqualTo(1);
        assertThat(gateway.counters().connections()).isEqualTo(3);
    }

    @Test
    void a_connection_that_ends_makes_room_for_its_guest() throws Exception {
        start(GatewayLimits.DEFAULT.withShares(100, 1));
        connect(greedy).abort();
        await(() -> gateway.counters().connections() == 0);
        connect(greedy);
        assertThat(gateway.counters().overLimit()).isZero();
    }

    @Test
    void a_destination_leaves_room_for_others() throws Exception {
        start(GatewayLimits.DEFAULT.withShares(2, 100));
        connect(greedy);
        connect(modest);
        assertThatThrownBy(() -> connect(greedy)).isInstanceOf(ConnectException.class);
        assertThatThrownBy(() -> connect(modest)).isInstanceOf(ConnectException.class);
        assertThat(gateway.counters().overDestinationLimit()).isEqualTo(2);
        try (ServerSocket other = new ServerSocket(0, 50, InetAddress.getByName("::1"));
                TcpSocket socket = greedy.openTcpSocket()) {
            socket.connect(new Endpoint(MACHINE6, other.getLocalPort()), PATIENCE);
        }
    }

    @Test
    void a_guest_gets_its_share_from_the_one_that_has_all() throws Exception {
        start(GatewayLimits.DEFAULT.withConnections(4, 100, 100, 100));
        TcpSocket first = connect(greedy);
        connect(greedy, SECOND);
        connect(greedy);
        TcpSocket last = connect(greedy);
        assertThatThrownBy(() -> connect(greedy)).isInstanceOf(ConnectException.class);
        connect(modest);
        assertThatThrownBy(() -> first.read(new byte[1], 0, 1, PATIENCE)).isInstanceOf(SocketException.class);
        connect(modest);
        assertThatThrownBy(() -> connect(modest)).isInstanceOf(ConnectException.class);
        assertThat(last.isConnected()).isTrue();
        assertThat(gateway.counters().displaced()).isEqualTo(2);
        assertThat(gateway.counters().connections()).isEqualTo(4);
        assertThat(gateway.counters().overLimit()).isEqualTo(2);
    }

    @Test
    void limits_are_read_from_text() throws IOException {
        GatewayLimits limits = GatewayLimits.DEFAULT
                .with("per-guest=7")
                .with("idle-seconds=60")
                .with("echo=3");
        assertThat(limits.connectionsPerGuest()).isEqualTo(7);
        assertThat(limits.idleNanos()).isEqualTo(60_000_000_000L);
        assertThat(limits.echoes()).isEqualTo(3);
        assertThat(limits.withShares(GatewayLimits.DEFAULT.connectionsPerDestination(), 16_384)
                        .with("idle-seconds=7440")
                        .with("echo=256"))
                .isEqualTo(GatewayLimits.DEFAULT);
        start(limits);
        for (String wrong : List.of("per-guest", "per-guest=0", "per-guest=-1", "udp=1000001", "colour=1", "udp=")) {
            assertThatThrownBy(() -> GatewayLimits.DEFAULT.with(wrong)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
