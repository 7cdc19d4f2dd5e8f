package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.UdpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Datagrams in fragments as rules see them: the first fragment says what the datagram is.
@Timeout(60)
class FragmentsTest {
    private static final long LIMIT = TimeUnit.SECONDS.toNanos(10);
    private static final long MOMENT = TimeUnit.MILLISECONDS.toNanos(10);
    private static final int LENGTH = 5_000;
    private static final int PORT = 53;

    private final List<String> seen = new CopyOnWriteArrayList<>();
    private final List<String> first = new CopyOnWriteArrayList<>();

    private static UdpSocket bound(Host host) throws IOException {
        UdpSocket socket = host.openUdpSocket();
        socket.bind(new Endpoint(IpAddress.ANY_IPV6, PORT));
        return socket;
    }

    private static Host host(Network network, String name) {
        return network.find(name).orElseThrow();
    }

    private static String told(Passage packet) {
        return packet.from() + " " + packet.isUdp() + " " + packet.destinationPort() + " " + packet.isTcp();
    }

    /// Rules that let all through and remember what they have seen.
    private void watch(Network network) {
        network.traffic().rule(packet -> {
            seen.add(told(packet));
            return Verdict.PASS;
        });
        network.traffic().udp().port(PORT).rule(packet -> {
            first.add(told(packet));
            return Verdict.PASS;
        });
    }

    private static void assertLostByPort(Network network, UdpSocket sender, Endpoint to, UdpSocket receiver)
            throws IOException {
        byte[] octets = new byte[LENGTH];
        try (Fault cut = network.traffic().port(PORT).cut()) {
            sender.send(octets, 0, LENGTH, to);
            assertThatThrownBy(() -> receiver.receive(octets, 0, LENGTH, MOMENT))
                    .isInstanceOf(SocketTimeoutException.class);
            assertThat(cut.packets()).isEqualTo(1);
        }
        try (Fault cut = network.traffic().udp().cut()) {
            sender.send(octets, 0, LENGTH, to);
            assertThatThrownBy(() -> receiver.receive(octets, 0, LENGTH, MOMENT))
                    .isInstanceOf(SocketTimeoutException.class);
            assertThat(cut.packets()).isEqualTo(1);
        }
        try (Fault cut = network.traffic().tcp().cut();
                Fault other = network.traffic().port(PORT + 1).cut()) {
            sender.send(octets, 0, LENGTH, to);
            assertThat(receiver.receive(octets, 0, LENGTH, LIMIT)).isEqualTo(LENGTH);
            assertThat(cut.packets() + other.packets()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"10.1.0.1, 4", "fd00:1::1, 5"})
    void the_first_fragment_of_a_host_has_protocol_and_ports(String address, int fragments) throws Exception {
        try (Network network = Network.builder("lab")
                .subnet("lab", 1_280, "10.1.0.0/24", "fd00:1::/64")
                .host("server", plan -> plan.address("10.1.0.1", "fd00:1::1"))
                .host("client")
                .build()) {
            UdpSocket receiver = bound(host(network, "server"));
            UdpSocket sender = host(network, "client").openUdpSocket();
            Endpoint to = new Endpoint(IpAddress.parse(address), PORT);
            byte[] octets = new byte[LENGTH];
            watch(network);
            sender.send(octets, 0, LENGTH, to);
            assertThat(receiver.receive(octets, 0, LENGTH, LIMIT)).isEqualTo(LENGTH);
            assertThat(first).containsExactly("client true 53 false");
            assertThat(seen).hasSize(fragments).startsWith("client true 53 false");
            assertThat(seen.subList(1, fragments)).containsOnly("client false -1 false");
            assertLostByPort(network, sender, to, receiver);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.1", "fd00::1"})
    void the_first_fragment_of_a_guest_has_protocol_and_ports(String address) throws Exception {
        IpAddress.Prefix v4 = IpAddress.Prefix.parse("10.0.0.7/24");
        IpAddress.Prefix v6 = IpAddress.Prefix.parse("fd00::7/64");
        try (Network network = Network.builder("lab")
                        .subnet("lab", 1_500, "10.0.0.0/24", "fd00::/64")
                        .host("server", plan -> plan.address("10.0.0.1", "fd00::1"))
                        .build();
                Network far = Network.builder("far")
                        .subnet("far", 1_500, "10.0.0.0/24", "fd00::/64")
                        .build();
                Guest _ = network.guest("guest", far.gatewayLink(_ -> true), v4, v6)) {
            UdpSocket receiver = bound(host(network, "server"));
            UdpSocket sender = far.host("stranger", v4, v6).openUdpSocket();
            watch(network);
            Endpoint to = new Endpoint(IpAddress.parse(address), PORT);
            byte[] octets = new byte[LENGTH];
            sender.send(octets, 0, LENGTH, to);
            assertThat(receiver.receive(octets, 0, LENGTH, LIMIT)).isEqualTo(LENGTH);
            assertThat(first).containsExactly("guest true 53 false");
            assertThat(seen).hasSize(4).startsWith("guest true 53 false");
            assertThat(seen.subList(1, 4)).containsOnly("guest false -1 false");
            assertLostByPort(network, sender, to, receiver);
        }
    }
}
