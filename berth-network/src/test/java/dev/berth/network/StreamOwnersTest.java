package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.host.Host;
import dev.berth.host.HostSocket;
import dev.berth.host.UdpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Streams of datagrams whose owner at the receiver changes while they go on.
@Timeout(60)
class StreamOwnersTest {
    private static final int COUNT = 20;
    private static final int PORT = 53;

    private final Network network = Network.create("owners");
    private Host server;
    private Endpoint at;
    private UdpSocket sender;

    @BeforeEach
    void start() throws IOException {
        server = network.host("server");
        at = new Endpoint(network.addresses("server").getFirst(), PORT);
        sender = network.host("client").openUdpSocket();
        sender.bind(new Endpoint(IpAddress.ANY_IPV6, 5_000));
    }

    @AfterEach
    void stop() {
        network.close();
    }

    private UdpSocket receiver(IpAddress address, boolean shared) throws IOException {
        UdpSocket socket = server.openUdpSocket();
        socket.reusePort(shared);
        socket.reuseAddress(!shared);
        socket.bind(new Endpoint(address, PORT));
        return socket;
    }

    private static void send(UdpSocket from, Endpoint to) throws IOException {
        for (int i = 0; i < COUNT; i++) {
            from.send(new byte[64], 0, 64, to);
        }
    }

    private static int taken(UdpSocket socket) throws IOException {
        int taken = 0;
        while (socket.tryReceive((_, _, _) -> {}, 64) != HostSocket.UNAVAILABLE) {
            taken++;
        }
        return taken;
    }

    @Test
    void a_receiver_that_connects_hears_its_peer_alone_and_all_again_later() throws Exception {
        UdpSocket receiver = receiver(IpAddress.ANY_IPV6, false);
        send(sender, at);
        assertThat(taken(receiver)).isEqualTo(COUNT);
        receiver.connect(new Endpoint(network.addresses("client").getFirst(), 6_000));
        send(sender, at);
        assertThat(taken(receiver)).isZero();
        receiver.connect(new Endpoint(network.addresses("client").getFirst(), 5_000));
        send(sender, at);
        assertThat(taken(receiver)).isEqualTo(COUNT);
        receiver.disconnect();
        send(sender, at);
        assertThat(taken(receiver)).isEqualTo(COUNT);
    }

    @Test
    void the_more_specific_owner_gets_what_comes_from_its_bind_on() throws Exception {
        UdpSocket any = receiver(IpAddress.ANY_IPV6, false);
        send(sender, at);
        assertThat(taken(any)).isEqualTo(COUNT);
        UdpSocket specific = receiver(at.address(), false);
        send(sender, at);
        assertThat(List.of(taken(any), taken(specific))).containsExactly(0, COUNT);
        specific.close();
        send(sender, at);
        assertThat(taken(any)).isEqualTo(COUNT);
    }

    @Test
    void streams_are_spread_over_those_that_share_the_port_and_move_when_one_goes() throws Exception {
        List<UdpSocket> group = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            group.add(receiver(IpAddress.ANY_IPV6, true));
        }
        List<UdpSocket> senders = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            UdpSocket each = network.find("client").orElseThrow().openUdpSocket();
            each.bind(new Endpoint(IpAddress.ANY_IPV6, 7_000 + i));
            senders.add(each);
        }
        while (!group.isEmpty()) {
            int[] streams = new int[group.size()];
            for (UdpSocket each : senders) {
                send(each, at);
                for (int i = 0; i < streams.length; i++) {
                    int got = taken(group.get(i));
                    assertThat(got).as("a stream goes to one").isIn(0, COUNT);
                    streams[i] += got / COUNT;
                }
            }
            assertThat(Arrays.stream(streams).sum()).isEqualTo(senders.size());
            assertThat(streams).as("each gets some").doesNotContain(0);
            group.removeFirst().close();
        }
    }

    @Test
    void a_sender_with_another_port_is_told_from_the_one_before() throws Exception {
        UdpSocket receiver = receiver(IpAddress.ANY_IPV6, false);
        for (int port = 6_000; port < 6_010; port++) {
            try (UdpSocket each = network.find("client").orElseThrow().openUdpSocket()) {
                each.bind(new Endpoint(IpAddress.ANY_IPV6, port));
                send(each, at);
            }
            assertThat(taken(receiver)).isEqualTo(COUNT);
            assertThat(Objects.requireNonNull(receiver.lastSender()).port()).isEqualTo(port);
        }
    }
}
