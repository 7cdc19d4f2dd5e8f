package dev.berth.network;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.UdpSocket;
import dev.berth.stack.endpoint.ByteSink;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Groups and broadcasts among hosts on a network in memory. Delivery is finished when a send returns, so what has not
/// come by then never comes.
@Timeout(60)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class MulticastTest {
    private static final IpAddress GROUP = IpAddress.parse("239.1.2.3");
    private static final int PORT = 5_353;
    private static final int ANY = UdpSocket.ANY_INTERFACE;

    private final List<AutoCloseable> resources = new ArrayList<>();
    private Network network;
    private Host a;
    private Host b;

    @BeforeEach
    void start() throws IOException {
        network = Network.create("lab");
        a = network.host("a", IpAddress.Prefix.parse("10.0.0.1/24"), IpAddress.Prefix.parse("fd00::1/64"));
        b = network.host("b", IpAddress.Prefix.parse("10.0.0.2/24"), IpAddress.Prefix.parse("fd00::2/64"));
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable resource : resources) {
            resource.close();
        }
        for (Host host : network.hosts()) {
            assertThat(host.snapshot().udpPorts().bindings()).isEmpty();
        }
        network.close();
    }

    private UdpSocket open(Host host) throws IOException {
        UdpSocket socket = host.openUdpSocket();
        resources.add(socket);
        socket.multicastAll(false);
        return socket;
    }

    private UdpSocket bound(Host host) throws IOException {
        UdpSocket socket = open(host);
        socket.reuseAddress(true);
        socket.bind(new Endpoint(IpAddress.ANY_IPV6, PORT));
        return socket;
    }

    private UdpSocket member(Host host, IpAddress group) throws IOException {
        UdpSocket socket = bound(host);
        socket.join(group, ANY);
        return socket;
    }

    private static void send(UdpSocket from, IpAddress to, String text) throws IOException {
        byte[] bytes = text.getBytes(UTF_8);
        from.send(bytes, 0, bytes.length, new Endpoint(to, PORT));
    }

    /// All datagrams that wait, joined.
    private static String heard(UdpSocket socket) throws IOException {
        StringBuilder text = new StringBuilder();
        ByteSink sink = (bytes, from, length) -> text.append(new String(bytes, from, length, UTF_8));
        while (socket.tryReceive(sink, 65_535) >= 0) {
            text.append('.');
        }
        return text.toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"239.1.2.3", "ff15::123"})
    void all_members_hear_a_group_and_others_do_not(String group) throws IOException {
        IpAddress to = IpAddress.parse(group);
        UdpSocket one = member(a, to);
        UdpSocket two = member(a, to);
        UdpSocket three = member(b, to);
        UdpSocket stranger = bound(b);
        UdpSocket sender = open(a);
        send(sender, to, "hello");
        assertThat(heard(one)).isEqualTo("hello.");
        assertThat(heard(two)).isEqualTo("hello.");
        assertThat(heard(three)).isEqualTo("hello.");
        assertThat(heard(stranger)).isEmpty();
        stranger.multicastAll(true);
        one.leave(to, ANY);
        send(sender, to, "again");
        assertThat(heard(one)).isEmpty();
        assertThat(heard(two)).isEqualTo("again.");
        assertThat(heard(three)).isEqualTo("again.");
        assertThat(heard(stranger)).isEqualTo("again.");
    }

    @Test
    void nothing_comes_in_for_a_group_that_nobody_on_the_host_joined() throws IOException {
        UdpSocket stranger = bound(b);
        stranger.multicastAll(true);
        send(open(a), GROUP, "hello");
        assertThat(heard(stranger)).isEmpty();
        UdpSocket member = member(b, GROUP);
        send(open(a), GROUP, "hello");
        assertThat(heard(member)).isEqualTo("hello.");
        member.close();
        heard(stranger);
        send(open(a), GROUP, "hello");
        assertThat(heard(stranger)).isEmpty();
    }

    @Test
    void sources_are_blocked_and_chosen() throws IOException {
        UdpSocket all = member(b, GROUP);
        UdpSocket only = bound(b);
        only.join(GROUP, ANY, IpAddress.parse("10.0.0.9"));
        UdpSocket sender = open(a);
        send(sender, GROUP, "one");
        all.block(GROUP, ANY, IpAddress.parse("10.0.0.1"));
        only.join(GROUP, ANY, IpAddress.parse("10.0.0.1"));
        send(sender, GROUP, "two");
        all.unblock(GROUP, ANY, IpAddress.parse("10.0.0.1"));
        only.leave(GROUP, ANY, IpAddress.parse("10.0.0.1"));
        send(sender, GROUP, "three");
        assertThat(heard(all)).isEqualTo("one.three.");
        assertThat(heard(only)).isEqualTo("two.");
    }

    @Test
    void the_sender_decides_how_far_it_is_heard() throws IOException {
        UdpSocket here = member(a, GROUP);
        UdpSocket there = member(b, GROUP);
        UdpSocket sender = open(a);
        sender.multicastLoop(false);
        send(sender, GROUP, "there");
        sender.multicastLoop(true);
        sender.multicastTimeToLive(0);
        send(sender, GROUP, "here");
        assertThat(heard(here)).isEqualTo("here.");
        assertThat(heard(there)).isEqualTo("there.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"255.255.255.255", "10.0.0.255"})
    void a_broadcast_reaches_everybody_on_its_port(String address) throws IOException {
        UdpSocket[] sockets = {bound(a), bound(a), bound(b), bound(b), bound(b)};
        UdpSocket sender = open(a);
        sender.bind(new Endpoint(IpAddress.parse("10.0.0.1"), 0));
        sender.broadcast(true);
        send(sender, IpAddress.parse(address), "hello");
        for (UdpSocket socket : sockets) {
            assertThat(heard(socket)).isEqualTo("hello.");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 100, 150, 1_000, 1_500, 3_000, 60_000})
    void every_size_arrives_whole_at_all(int size) throws IOException {
        byte[] data = new byte[size];
        new Random(size).nextBytes(data);
        List<UdpSocket> members = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            members.add(member(a, GROUP));
            members.add(member(b, GROUP));
        }
        UdpSocket sender = open(a);
        for (int round = 0; round < 3; round++) {
            sender.send(data, 0, size, new Endpoint(GROUP, PORT));
            for (UdpSocket member : members) {
                byte[] into = new byte[size + 1];
                int n = member.receive(into, 0, into.length, TimeUnit.SECONDS.toNanos(10));
                assertThat(Arrays.copyOf(into, n)).isEqualTo(data);
                assertThat(member.lastSender().address()).isEqualTo(IpAddress.parse("10.0.0.1"));
            }
        }
    }

    @Test // as on Linux
    void a_connected_socket_hears_a_group_only_if_it_is_bound_to_it_and_only_from_its_remote_end() throws IOException {
        UdpSocket sender = open(a);
        sender.bind(new Endpoint(IpAddress.parse("10.0.0.1"), 7_000));
        UdpSocket stranger = open(a);
        UdpSocket onGroup = open(b);
        onGroup.reuseAddress(true);
        onGroup.bind(new Endpoint(GROUP, PORT));
        onGroup.join(GROUP, ANY);
        UdpSocket onAny = member(b, GROUP);
        for (UdpSocket socket : List.of(onGroup, onAny)) {
            socket.connect(new Endpoint(IpAddress.parse("10.0.0.1"), 7_000));
        }
        send(sender, GROUP, "hello");
        send(stranger, GROUP, "nobody hears");
        assertThat(heard(onGroup)).isEqualTo("hello.");
        assertThat(heard(onAny)).isEmpty();
        onGroup.disconnect();
        onAny.disconnect();
        send(stranger, GROUP, "all hear");
        assertThat(heard(onGroup)).isEqualTo("all hear.");
        assertThat(heard(onAny)).isEqualTo("all hear.");
    }

    @Test
    void a_group_is_joined_on_an_interface() throws IOException {
        Network other = Network.create("other");
        IpAddress.Prefix left = IpAddress.Prefix.parse("10.0.0.3/24");
        IpAddress.Prefix right = IpAddress.Prefix.parse("10.1.0.3/24");
        Host both = Host.builder("both")
                .link(network.link(left))
                .address(left)
                .route(IpAddress.Prefix.parse("0.0.0.0/0"))
                .link(other.link(right))
                .address(right)
                .start();
        network.register(both);
        Host c = other.host("c", IpAddress.Prefix.parse("10.1.0.1/24"));
        UdpSocket onLeft = bound(both);
        onLeft.join(GROUP, both.interfaceIndexOf(left.address()));
        UdpSocket onRight = bound(both);
        onRight.join(GROUP, 2);
        UdpSocket onC = member(c, GROUP);
        UdpSocket onA = member(a, GROUP);

        send(open(a), GROUP, "from the left");
        send(open(c), GROUP, "from the right");
        assertThat(heard(onLeft)).isEqualTo("from the left.");
        assertThat(heard(onRight)).isEqualTo("from the right.");
        heard(onA);
        heard(onC);

        UdpSocket sender = open(both);
        send(sender, GROUP, "by route");
        sender.multicastInterface(2);
        send(sender, GROUP, "to the right");
        assertThat(heard(onA)).isEqualTo("by route.");
        assertThat(heard(onC)).isEqualTo("to the right.");
        assertThat(heard(onLeft)).isEqualTo("by route.");
        assertThat(heard(onRight)).isEqualTo("to the right.");
        onC.close();
        other.close();
    }

    @Test
    void mistakes_are_told() throws IOException {
        UdpSocket socket = member(a, GROUP);
        assertThatThrownBy(() -> socket.join(GROUP, ANY))
                .isInstanceOf(SocketException.class)
                .hasMessage("Already a member of the group: 239.1.2.3");
        assertThatThrownBy(() -> socket.leave(IpAddress.parse("239.9.9.9"), ANY))
                .isInstanceOf(SocketException.class)
                .hasMessage("Not a member of the group: 239.9.9.9");
        assertThatThrownBy(() -> socket.join(IpAddress.parse("239.9.9.9"), 7))
                .isInstanceOf(SocketException.class)
                .hasMessage("There is no interface 7 on host a");
        assertThatThrownBy(() -> socket.join(IpAddress.parse("10.0.0.2"), ANY))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> socket.unblock(GROUP, ANY, IpAddress.parse("10.0.0.2")))
                .isInstanceOf(SocketException.class);
    }
}
