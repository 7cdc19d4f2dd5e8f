package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Requirement;
import dev.berth.host.Host;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortRange;
import dev.berth.stack.StackConfig;
import dev.berth.stack.StackSnapshot;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The options of [BerthSocketOptions] on all kinds of sockets and channels.
class PortOptionsTest {
    private static final PortRange FOUR = new PortRange(50_000, 50_003);
    private static final PortRange TEN = new PortRange(50_010, 50_019);

    private Host host;
    private BerthSelectorProvider provider;
    private final InetAddress me = Addresses.inetAddress(IpAddress.parse("10.77.0.1"));
    private final InetAddress peer = Addresses.inetAddress(IpAddress.parse("10.77.0.99"));
    private final List<AutoCloseable> opened = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        host = Host.builder("ports")
                .config(StackConfig.DEFAULT.withPorts(
                        PortPolicy.dynamic().withEphemeral(new PortRange(50_000, 50_019))))
                .link(new SilentLink())
                .address(IpAddress.Prefix.parse("10.77.0.1/24"))
                .start();
        provider = new BerthSelectorProvider(host);
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
        host.close();
    }

    private <T extends AutoCloseable> T closing(T each) {
        opened.add(each);
        return each;
    }

    private DatagramChannel datagrams() throws IOException {
        return closing(provider.openDatagramChannel());
    }

    private SocketChannel client() throws IOException {
        SocketChannel channel = closing(provider.openSocketChannel());
        channel.configureBlocking(false);
        return channel;
    }

    /// The local ports of connections to a port of the peer, those that are being made included.
    private TreeSet<Integer> portsTowards(int remotePort) {
        TreeSet<Integer> ports = new TreeSet<>();
        for (StackSnapshot.FlowEntry flow : host.snapshot().flows()) {
            if (flow.remote().port() == remotePort) {
                ports.add(flow.local().port());
            }
        }
        return ports;
    }

    private static int port(DatagramChannel channel) throws IOException {
        return ((InetSocketAddress) channel.getLocalAddress()).getPort();
    }

    @Test
    void a_channel_that_connects_gets_a_port_of_its_range() throws IOException {
        for (int i = 0; i < 4; i++) {
            SocketChannel channel = client();
            channel.setOption(BerthSocketOptions.LOCAL_PORT_RANGE, FOUR);
            channel.connect(new InetSocketAddress(peer, 80));
        }
        assertThat(portsTowards(80)).containsExactly(50_000, 50_001, 50_002, 50_003);
        SocketChannel fifth = client();
        fifth.setOption(BerthSocketOptions.LOCAL_PORT_RANGE, FOUR);
        assertThatThrownBy(() -> fifth.connect(new InetSocketAddress(peer, 80)))
                .isInstanceOf(BindException.class)
                .hasMessage("Cannot assign requested address")
                .cause()
                .hasMessageContaining("of the 4 ports 50000-50003 (the socket's range within 50000-50019), 4 are in "
                        + "use towards it");
    }

    @Test
    void a_channel_that_binds_gets_a_port_of_its_range() throws IOException {
        DatagramChannel datagrams = datagrams();
        datagrams.setOption(BerthSocketOptions.LOCAL_PORT_RANGE, new PortRange(50_007, 50_007));
        datagrams.bind(null);
        assertThat(port(datagrams)).isEqualTo(50_007);

        ServerSocketChannel server = closing(provider.openServerSocketChannel());
        server.setOption(BerthSocketOptions.LOCAL_PORT_RANGE, new PortRange(50_008, 50_008));
        server.bind(new InetSocketAddress(me, 0));
        assertThat(((InetSocketAddress) server.getLocalAddress()).getPort()).isEqualTo(50_008);
    }

    @Test
    void sockets_have_the_options_too() throws IOException {
        Socket socket = closing(new BerthSocketFactory(host).createSocket());
        assertThat(socket.supportedOptions())
                .contains(BerthSocketOptions.LOCAL_PORT_RANGE, BerthSocketOptions.BIND_ADDRESS_NO_PORT);
        assertThat(socket.getOption(BerthSocketOptions.LOCAL_PORT_RANGE)).isEqualTo(PortRange.ALL);
        assertThat(socket.getOption(BerthSocketOptions.BIND_ADDRESS_NO_PORT)).isFalse();
        socket.setOption(BerthSocketOptions.LOCAL_PORT_RANGE, TEN);
        assertThat(socket.getOption(BerthSocketOptions.LOCAL_PORT_RANGE)).isEqualTo(TEN);
        socket.bind(new InetSocketAddress(me, 0));
        assertThat(TEN.contains(socket.getLocalPort())).isTrue();

        DatagramSocket datagrams = closing(provider.openDatagramChannel().socket());
        assertThat(datagrams.supportedOptions())
                .contains(BerthSocketOptions.LOCAL_PORT_RANGE, BerthSocketOptions.BIND_ADDRESS_NO_PORT);
        datagrams.setOption(BerthSocketOptions.LOCAL_PORT_RANGE, FOUR);
        datagrams.setOption(BerthSocketOptions.BIND_ADDRESS_NO_PORT, true);
        datagrams.bind(new InetSocketAddress(me, 0));
        assertThat(datagrams.isBound()).isTrue();
        assertThat(datagrams.getLocalPort()).isZero();
        datagrams.connect(new InetSocketAddress(peer, 53));
        assertThat(FOUR.contains(datagrams.getLocalPort())).isTrue();
        assertThat(datagrams.getLocalAddress()).isEqualTo(me);
    }

    @Test
    void a_range_outside_of_the_hosts_is_refused() throws IOException {
        SocketChannel channel = client();
        assertThatThrownBy(() -> channel.setOption(BerthSocketOptions.LOCAL_PORT_RANGE, new PortRange(1, 1023)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("The range 1-1023 has no port of the host's range 50000-50019");
        ServerSocket server = closing(new BerthServerSocketFactory(host).createServerSocket());
        assertThatThrownBy(() -> server.setOption(BerthSocketOptions.BIND_ADDRESS_NO_PORT, true))
                .isInstanceOf(UnsupportedOperationException.class);
    }

    @Requirement("6056-16")
    @Test // a bind with port 0 could serve 20 channels in all; a late one 20 for each destination
    void a_late_bind_lets_one_port_serve_many_destinations() throws IOException {
        for (int destination = 1; destination <= 3; destination++) {
            for (int i = 0; i < 20; i++) {
                SocketChannel channel = client();
                channel.setOption(BerthSocketOptions.BIND_ADDRESS_NO_PORT, true);
                channel.bind(new InetSocketAddress(me, 0));
                assertThat(channel.getLocalAddress()).isEqualTo(new InetSocketAddress(me, 0));
                channel.connect(new InetSocketAddress(peer, destination));
            }
            assertThat(portsTowards(destination)).hasSize(20);
        }
        assertThatThrownBy(() -> client().bind(new InetSocketAddress(me, 0)))
                .isInstanceOf(BindException.class)
                .hasMessage("Address already in use")
                .cause()
                .hasMessageContaining("20 carry flows without a bind")
                .hasMessageContaining("a connect without a bind or with a late one");
    }

    @Test // RFC 6056 section 3.1: the five-tuple is what has to be unique, of UDP too
    void connected_datagram_channels_use_each_port_for_many_destinations() throws IOException {
        for (int destination = 1; destination <= 3; destination++) {
            for (int i = 0; i < 20; i++) {
                DatagramChannel channel = datagrams().connect(new InetSocketAddress(peer, destination));
                assertThat(((InetSocketAddress) channel.getLocalAddress()).getAddress())
                        .isEqualTo(me);
            }
            assertThat(portsTowards(destination)).hasSize(20);
        }
        assertThatThrownBy(() -> datagrams().connect(new InetSocketAddress(peer, 1)))
                .isInstanceOf(BindException.class)
                .hasMessage("Cannot assign requested address")
                .cause()
                .hasMessageContaining("of the 20 ports 50000-50019, 20 are in use towards it; a wider range");
    }

    @Test
    void a_datagram_channel_that_disconnects_keeps_its_port_if_nobody_shares_it() throws IOException {
        DatagramChannel channel = datagrams().connect(new InetSocketAddress(peer, 1));
        int port = port(channel);
        assertThat(channel.disconnect().getLocalAddress()).isNotNull();
        assertThat(port(channel)).isEqualTo(port);
        assertThat(host.snapshot().udpPorts().bindings()).hasSize(1);
    }

    @Test
    void a_late_bind_holds_the_address_and_no_port() throws IOException {
        SocketChannel channel = client();
        channel.setOption(BerthSocketOptions.BIND_ADDRESS_NO_PORT, true);
        channel.bind(new InetSocketAddress(me, 0));
        assertThat(host.snapshot().tcpPorts().bindings()).isEmpty();
        assertThatThrownBy(() -> channel.bind(new InetSocketAddress(me, 0)))
                .isInstanceOf(java.nio.channels.AlreadyBoundException.class);

        SocketChannel elsewhere = client();
        elsewhere.setOption(BerthSocketOptions.BIND_ADDRESS_NO_PORT, true);
        assertThatThrownBy(() -> elsewhere.bind(new InetSocketAddress(peer, 0))).isInstanceOf(BindException.class);
        elsewhere.bind(new InetSocketAddress(me, 50_005)); // a port that is named is taken at once
        assertThat(host.snapshot().tcpPorts().bindings()).hasSize(1);
    }

    @Test
    void a_datagram_channel_with_a_late_bind_gets_a_port_when_it_sends() throws IOException {
        DatagramChannel sender = datagrams();
        sender.setOption(BerthSocketOptions.BIND_ADDRESS_NO_PORT, true);
        sender.setOption(BerthSocketOptions.LOCAL_PORT_RANGE, new PortRange(50_009, 50_009));
        sender.bind(new InetSocketAddress(me, 0));
        assertThat(port(sender)).isZero();
        DatagramChannel receiver = datagrams();
        receiver.bind(new InetSocketAddress(me, 50_000));
        sender.send(ByteBuffer.wrap(new byte[3]), receiver.getLocalAddress());
        assertThat(sender.getLocalAddress()).isEqualTo(new InetSocketAddress(me, 50_009));
        assertThat(receiver.receive(ByteBuffer.allocate(9))).isEqualTo(new InetSocketAddress(me, 50_009));
    }
}
