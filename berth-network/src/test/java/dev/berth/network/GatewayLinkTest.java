package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import java.net.SocketException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A host that stands in for all addresses that nobody has.
@Timeout(60)
class GatewayLinkTest {
    private static final long TEN_SECONDS = TimeUnit.SECONDS.toNanos(10);

    private Network network;
    private Host client;

    @BeforeEach
    void start() throws Exception {
        network = Network.create("lab");
        client = network.host("client", IpAddress.Prefix.parse("10.0.0.1/24"), IpAddress.Prefix.parse("fd00::1/64"));
    }

    @AfterEach
    void stop() {
        network.close();
    }

    private Host router(Predicate<Packet> wanted) throws Exception {
        Host router = Host.builder("router")
                .link(network.gatewayLink(wanted))
                .route(IpAddress.Prefix.parse("0.0.0.0/0"))
                .route(IpAddress.Prefix.parse("::/0"))
                .localPrefix(IpAddress.Prefix.parse("0.0.0.0/0"))
                .localPrefix(IpAddress.Prefix.parse("::/0"))
                .start();
        network.register(router);
        return router;
    }

    private static UdpSocket bound(Host host, String address, int port) throws Exception {
        UdpSocket socket = host.openUdpSocket();
        socket.bind(new Endpoint(IpAddress.parse(address), port));
        return socket;
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.77", "2001:db8::77"})
    void a_datagram_to_anybody_is_answered_from_the_address_that_was_asked(String anybody) throws Exception {
        IpAddress asked = IpAddress.parse(anybody);
        try (Host router = router(_ -> true);
                UdpSocket server = bound(router, "::", 53);
                UdpSocket asking = client.openUdpSocket()) {
            byte[] data = {1, 2, 3};
            asking.connect(new Endpoint(asked, 53)); // so it hears nobody else
            asking.send(data, 0, 3, null);
            byte[] into = new byte[8];
            assertThat(server.receive(into, 0, 8, TEN_SECONDS)).isEqualTo(3);
            assertThat(server.lastDestination().address()).isEqualTo(asked);
            server.send(into, 0, 3, server.lastDestination().address(), server.lastSender());
            assertThat(asking.receive(into, 0, 8, TEN_SECONDS)).isEqualTo(3);
            assertThat(asking.lastSender()).isEqualTo(new Endpoint(asked, 53));
            assertThat(network.undeliverable()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.77", "2001:db8::77"})
    void a_listener_on_the_wildcard_accepts_for_any_address(String anybody) throws Exception {
        Endpoint asked = new Endpoint(IpAddress.parse(anybody), 443);
        try (Host router = router(_ -> true);
                TcpAcceptor acceptor = router.openTcpAcceptor();
                TcpSocket asking = client.openTcpSocket()) {
            acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 443));
            acceptor.listen(8);
            asking.connect(asked, TEN_SECONDS);
            try (TcpSocket accepted = acceptor.accept(TEN_SECONDS)) {
                assertThat(accepted.local()).isEqualTo(asked);
                assertThat(accepted.remote()).isEqualTo(asking.local());
            }
        }
    }

    @Test
    void addresses_that_somebody_has_stay_theirs() throws Exception {
        Host other = network.host("other", IpAddress.Prefix.parse("10.0.0.2/24"));
        try (Host router = router(_ -> true);
                UdpSocket server = bound(router, "::", 53);
                UdpSocket theirs = bound(other, "10.0.0.2", 53);
                UdpSocket asking = client.openUdpSocket()) {
            asking.send(new byte[1], 0, 1, new Endpoint(IpAddress.parse("10.0.0.2"), 53));
            assertThat(theirs.receive(new byte[1], 0, 1, TEN_SECONDS)).isEqualTo(1);
            assertThat(server.tryReceive((_, _, _) -> {}, 1)).isEqualTo(UdpSocket.UNAVAILABLE);
            // and the gateway reaches them
            server.send(
                    new byte[2],
                    0,
                    2,
                    IpAddress.parse("198.51.100.1"),
                    new Endpoint(theirs.local().address(), 53));
            assertThat(theirs.receive(new byte[2], 0, 2, TEN_SECONDS)).isEqualTo(2);
            assertThat(theirs.lastSender()).isEqualTo(new Endpoint(IpAddress.parse("198.51.100.1"), 53));
        }
    }

    @Test
    void what_the_gateway_does_not_want_is_undeliverable() throws Exception {
        try (Host router = router(packet -> packet.protocol == IpProtocol.TCP);
                UdpSocket server = bound(router, "::", 53);
                UdpSocket asking = client.openUdpSocket()) {
            asking.send(new byte[1], 0, 1, new Endpoint(IpAddress.parse("192.0.2.1"), 53));
            assertThat(network.undeliverable()).isEqualTo(1);
            assertThat(server.tryReceive((_, _, _) -> {}, 1)).isEqualTo(UdpSocket.UNAVAILABLE);
        }
    }

    @Test
    void there_is_one_gateway_until_it_is_closed() throws Exception {
        Host router = router(_ -> true);
        assertThatThrownBy(() -> network.gatewayLink(_ -> true)).isInstanceOf(IllegalStateException.class);
        router.close();
        network.gatewayLink(_ -> true).close();
    }

    @Test
    void only_own_addresses_can_be_the_source_of_a_datagram() throws Exception {
        try (UdpSocket socket = client.openUdpSocket()) {
            Endpoint to = new Endpoint(IpAddress.parse("10.0.0.9"), 9);
            assertThatThrownBy(() -> socket.send(new byte[1], 0, 1, IpAddress.parse("10.0.0.3"), to))
                    .isInstanceOf(SocketException.class)
                    .hasMessage("Invalid argument");
            socket.send(new byte[1], 0, 1, IpAddress.parse("10.0.0.1"), to);
        }
    }
}
