package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.MembershipKey;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Multicast groups on the loopback interface. After each datagram to a group comes a marker to the socket alone, so
/// that nothing has to be waited for that does not come.
class MulticastContractTest extends Contract {
    private NetworkInterface lo;
    private InetAddress group;
    private InetAddress other;
    private DatagramChannel sender;

    @BeforeEach
    void openSender() throws IOException {
        lo = NetworkInterface.getByInetAddress(InetAddress.getLoopbackAddress());
        group = InetAddress.getByName("239.7.7.1");
        other = InetAddress.getByName("239.7.7.2");
        sender = closing(platform.provider().openDatagramChannel(StandardProtocolFamily.INET));
        sender.setOption(StandardSocketOptions.IP_MULTICAST_IF, lo);
        sender.bind(new InetSocketAddress(platform.loopback(), 0));
    }

    private DatagramChannel channel(int port) throws IOException {
        DatagramChannel channel = closing(platform.provider().openDatagramChannel(StandardProtocolFamily.INET));
        channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        channel.bind(new InetSocketAddress(port));
        return channel;
    }

    private static int port(DatagramChannel channel) throws IOException {
        return ((InetSocketAddress) channel.getLocalAddress()).getPort();
    }

    private void send(String text, InetAddress to, int port) throws IOException {
        sender.send(ByteBuffer.wrap(bytes(text)), new InetSocketAddress(to, port));
    }

    private static String receive(DatagramChannel channel) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(100);
        channel.receive(buffer);
        return StandardCharsets.US_ASCII.decode(buffer.flip()).toString();
    }

    private static String receive(DatagramSocket socket) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[100], 100);
        socket.receive(packet);
        return new String(packet.getData(), 0, packet.getLength(), StandardCharsets.US_ASCII);
    }

    @Test
    void members_hear_their_group_until_they_leave_it() throws IOException {
        DatagramChannel one = channel(0);
        int port = port(one);
        MembershipKey key = one.join(group, lo);
        send("hello", group, port);
        assertThat(receive(one)).isEqualTo("hello");
        send("not mine", other, port);
        send("marker", platform.loopback(), port);
        assertThat(receive(one)).isEqualTo("marker");
        assertThat(key.isValid()).isTrue();
        key.drop();
        assertThat(key.isValid()).isFalse();
        send("gone", group, port);
        send("marker", platform.loopback(), port);
        assertThat(receive(one)).isEqualTo("marker");
        key.drop();
    }

    @Test
    void several_on_one_port_all_hear_the_group() throws IOException {
        DatagramChannel one = channel(0);
        DatagramChannel two = channel(port(one));
        DatagramChannel three = channel(port(one));
        one.join(group, lo);
        two.join(group, lo);
        three.join(other, lo);
        send("hello", group, port(one));
        send("other", other, port(one));
        assertThat(receive(one)).isEqualTo("hello");
        assertThat(receive(two)).isEqualTo("hello");
        assertThat(receive(three)).isEqualTo("other");
    }

    @Test
    void sources_are_blocked_and_chosen_by_key() throws IOException {
        DatagramChannel all = channel(0);
        MembershipKey key = all.join(group, lo);
        InetAddress me = platform.loopback();
        key.block(me);
        send("blocked", group, port(all));
        send("marker", me, port(all));
        assertThat(receive(all)).isEqualTo("marker");
        key.unblock(me);
        send("heard", group, port(all));
        assertThat(receive(all)).isEqualTo("heard");
        assertThatThrownBy(() -> key.unblock(me)).isInstanceOf(IllegalStateException.class);

        DatagramChannel only = channel(port(all));
        MembershipKey single = only.join(group, lo, me);
        assertThat(single.sourceAddress()).isEqualTo(me);
        send("from me", group, port(all));
        assertThat(receive(only)).isEqualTo("from me");
        assertThatThrownBy(() -> single.block(me)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> only.join(group, lo)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> all.join(group, lo, me)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void a_key_tells_what_it_stands_for() throws IOException {
        DatagramChannel channel = channel(0);
        MembershipKey key = channel.join(group, lo);
        assertThat(channel.join(group, lo)).isSameAs(key);
        assertThat(key.group()).isEqualTo(group);
        assertThat(key.networkInterface()).isEqualTo(lo);
        assertThat(key.sourceAddress()).isNull();
        assertThat(key.channel()).isSameAs(channel);
        channel.close();
        assertThat(key.isValid()).isFalse();
        key.drop();
        assertThatThrownBy(() -> key.block(platform.loopback())).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> channel.join(group, lo)).isInstanceOf(ClosedChannelException.class);
    }

    @Test
    void what_is_no_group_cannot_be_joined() throws IOException {
        DatagramChannel channel = channel(0);
        InetAddress v6 = InetAddress.getByName("ff15::1");
        assertThatThrownBy(() -> channel.join(platform.loopback(), lo)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> channel.join(v6, lo)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> channel.join(group, lo, other)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> channel.join(group, null)).isInstanceOf(NullPointerException.class);
    }

    @Test
    void options_have_the_values_of_the_jdk() throws IOException {
        DatagramChannel channel = channel(0);
        assertThat(channel.getOption(StandardSocketOptions.IP_MULTICAST_TTL)).isEqualTo(1);
        assertThat(channel.getOption(StandardSocketOptions.IP_MULTICAST_LOOP)).isTrue();
        assertThat(channel.getOption(StandardSocketOptions.IP_MULTICAST_IF)).isNull();
        assertThat(sender.getOption(StandardSocketOptions.IP_MULTICAST_IF)).isEqualTo(lo);
        channel.setOption(StandardSocketOptions.IP_MULTICAST_TTL, 0);
        channel.setOption(StandardSocketOptions.IP_MULTICAST_LOOP, false);
        assertThat(channel.getOption(StandardSocketOptions.IP_MULTICAST_TTL)).isZero();
        assertThat(channel.getOption(StandardSocketOptions.IP_MULTICAST_LOOP)).isFalse();
        assertThatThrownBy(() -> channel.setOption(StandardSocketOptions.IP_MULTICAST_TTL, 256))
                .isInstanceOf(IllegalArgumentException.class);
    }

    enum Of {
        ITSELF,
        A_CHANNEL
    }

    @ParameterizedTest
    @EnumSource
    void a_datagram_socket_joins_and_leaves(Of of) throws IOException {
        DatagramSocket socket = closing(
                of == Of.ITSELF
                        ? platform.datagramSocket(null)
                        : platform.provider().openDatagramChannel().socket());
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(0));
        socket.setSoTimeout(10_000);
        InetSocketAddress to = new InetSocketAddress(group, 0);
        socket.joinGroup(to, lo);
        assertThatThrownBy(() -> socket.joinGroup(to, lo)).isInstanceOf(SocketException.class);
        send("hello", group, socket.getLocalPort());
        assertThat(receive(socket)).isEqualTo("hello");
        socket.leaveGroup(to, lo);
        assertThatThrownBy(() -> socket.leaveGroup(to, lo)).isInstanceOf(SocketException.class);
        send("gone", group, socket.getLocalPort());
        send("marker", platform.loopback(), socket.getLocalPort());
        assertThat(receive(socket)).isEqualTo("marker");
        assertThatThrownBy(() -> socket.joinGroup(new InetSocketAddress(platform.loopback(), 0), lo))
                .isInstanceOf(SocketException.class);
    }
}
