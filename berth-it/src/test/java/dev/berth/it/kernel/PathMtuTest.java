package dev.berth.it.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.testkit.netns.NetworkNamespace;
import dev.berth.wire.DropReason;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A peer behind a router, the kernel of the usual namespace, that lets no packet of more than 1,300 octets through
/// either way, although all interfaces have an MTU of 1,500.
class PathMtuTest extends KernelTest {
    private static final String FAR = "10.8.0.2";
    private static final String FAR_V6 = "fd08::2";
    private static final int NARROW = 1_300;
    private static final long SIZE = 5_000_000;

    private NetworkNamespace far;

    @BeforeEach
    void connectFarNamespace() {
        far = closing(NetworkNamespace.create());
        namespace.check("ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", far.name());
        namespace.check("ip", "address", "add", "10.8.0.1/24", "dev", "near");
        namespace.check("ip", "address", "add", "fd08::1/64", "dev", "near", "nodad");
        namespace.check("ip", "link", "set", "dev", "near", "up");
        far.check("ip", "address", "add", FAR + "/24", "dev", "far");
        far.check("ip", "address", "add", FAR_V6 + "/64", "dev", "far", "nodad");
        far.check("ip", "link", "set", "dev", "far", "up");
        far.check("ip", "route", "add", "default", "via", "10.8.0.1");
        far.check("ip", "route", "add", "default", "via", "fd08::1");
        namespace.check("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
        namespace.check("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
        String[] routes = {
            FAR + "/32 dev near", FAR_V6 + "/128 dev near", HOST + "/32 dev berth0", HOST_V6 + "/128 dev berth0"
        };
        for (String route : routes) {
            namespace.check("sh", "-c", "ip route add " + route + " mtu " + NARROW);
        }
    }

    private NamespaceProgram farServer(String what, String address, int port, Object... arguments) {
        NamespaceProgram program = far.start(KernelPeer.command(what, address, port, arguments));
        program.awaitLine(line -> line.equals("ready"), LIMIT);
        return program;
    }

    @ParameterizedTest
    @ValueSource(strings = {FAR, FAR_V6})
    void tcp_lowers_its_segments_both_ways(String address) throws Exception {
        NamespaceProgram server = farServer("serve", address, 7000, SIZE, 1);
        TcpSocket socket = connect(address, 7000);
        Thread writer = Thread.ofVirtual().start(() -> {
            try {
                Bulk.write(Streams.out(socket), SIZE);
                socket.shutdownOutput();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        assertThat(Bulk.read(Streams.in(socket, LIMIT_NANOS), Long.MAX_VALUE)).isEqualTo(Bulk.summary(SIZE));
        assertThat(writer.join(LIMIT)).isTrue();
        assertThat(server.awaitLine(line -> !line.equals("ready"), LIMIT)).isEqualTo(Bulk.summary(SIZE));
    }

    @ParameterizedTest
    @ValueSource(strings = {FAR, FAR_V6})
    void udp_learns_to_fragment(String address) throws Exception {
        explain(DropReason.NO_PORT_OWNER); // an answer that comes after the test
        farServer("udp-echo", address, 7, 1_000);
        UdpSocket socket = udp();
        socket.connect(endpoint(address, 7));
        byte[] buffer = new byte[65_535];
        int length = -1;
        // Of IPv6 packets that are too big, the router only says so: the datagram is lost, the next one gets through.
        for (int attempt = 0; attempt < 100 && length < 0; attempt++) {
            socket.send(Bulk.of(8_000), 0, 8_000, null);
            try {
                length = socket.receive(
                        buffer, 0, buffer.length, Duration.ofMillis(500).toNanos());
            } catch (SocketTimeoutException e) {
                // the next attempt
            }
        }
        assertThat(length).isEqualTo(8_000);
        assertThat(buffer).startsWith(Bulk.of(8_000));
    }
}
