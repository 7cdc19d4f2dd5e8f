package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `java.nio.channels.DatagramChannel`.
class DatagramChannelContractTest extends Contract {
    private DatagramChannel open() throws IOException {
        return closing(platform.provider().openDatagramChannel());
    }

    private DatagramChannel bound() throws IOException {
        return open().bind(any());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_datagram_arrives_with_its_sender(boolean direct) throws IOException {
        DatagramChannel receiver = bound();
        DatagramChannel sender = bound();
        ByteBuffer out = direct ? ByteBuffer.allocateDirect(10) : ByteBuffer.allocate(10);
        out.put(bytes("..hello..")).position(2).limit(7);

        assertThat(sender.send(out, receiver.getLocalAddress())).isEqualTo(5);

        ByteBuffer in = direct ? ByteBuffer.allocateDirect(10) : ByteBuffer.allocate(10);
        assertThat(receiver.receive(in)).isEqualTo(sender.getLocalAddress());
        assertThat(text(in)).isEqualTo("hello");
        assertThat(out.hasRemaining()).isFalse();
    }

    @Test
    void an_empty_datagram_is_one_too() throws IOException {
        DatagramChannel receiver = bound();
        DatagramChannel sender = bound();

        assertThat(sender.send(ByteBuffer.allocate(0), receiver.getLocalAddress()))
                .isZero();

        ByteBuffer in = ByteBuffer.allocate(10);
        assertThat(receiver.receive(in)).isEqualTo(sender.getLocalAddress());
        assertThat(in.position()).isZero();
    }

    @Test
    void what_does_not_fit_is_cut_off() throws IOException {
        DatagramChannel receiver = bound();
        DatagramChannel sender = bound();
        sender.send(buffer("too long"), receiver.getLocalAddress());
        sender.send(buffer("next"), receiver.getLocalAddress());

        ByteBuffer small = ByteBuffer.allocate(3);
        receiver.receive(small);
        ByteBuffer next = ByteBuffer.allocate(10);
        receiver.receive(next);

        assertThat(text(small)).isEqualTo("too");
        assertThat(text(next)).isEqualTo("next");
    }

    @Test
    void the_largest_datagram_arrives_and_a_larger_one_is_refused() throws IOException {
        DatagramChannel receiver = bound();
        DatagramChannel sender = bound();
        byte[] data = random(65_507);

        assertThat(sender.send(ByteBuffer.wrap(data), receiver.getLocalAddress()))
                .isEqualTo(65_507);

        ByteBuffer in = ByteBuffer.allocate(70_000);
        receiver.receive(in);
        assertThat(in.position()).isEqualTo(65_507);
        assertThat(in.flip()).isEqualTo(ByteBuffer.wrap(data));
        assertThatThrownBy(() -> sender.send(ByteBuffer.allocate(65_508), receiver.getLocalAddress()))
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Message too long");
    }

    @Test
    void sending_binds() throws IOException {
        DatagramChannel receiver = bound();
        DatagramChannel sender = open();
        assertThat(sender.getLocalAddress()).isNull();

        sender.send(buffer("x"), receiver.getLocalAddress());

        assertThat(port(sender.getLocalAddress())).isBetween(1_024, 65_535);
        InetSocketAddress from = (InetSocketAddress) receiver.receive(ByteBuffer.allocate(10));
        assertThat(from.getPort()).isEqualTo(port(sender.getLocalAddress()));
        assertThat(from.getAddress()).isEqualTo(platform.loopback());
    }

    @Test
    void without_blocking_receive_gives_nothing() throws IOException {
        DatagramChannel receiver = bound();
        receiver.configureBlocking(false);

        assertThat(receiver.receive(ByteBuffer.allocate(10))).isNull();
        bound().send(buffer("x"), receiver.getLocalAddress());
        SocketAddress[] from = new SocketAddress[1];
        Task.await("a datagram", () -> {
            try {
                from[0] = receiver.receive(ByteBuffer.allocate(10));
                return from[0] != null;
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        assertThat(receiver.receive(ByteBuffer.allocate(10))).isNull();
    }

    @Test
    void connected_channels_read_and_write() throws IOException {
        DatagramChannel one = bound();
        DatagramChannel other = bound();
        one.connect(other.getLocalAddress());
        other.connect(one.getLocalAddress());

        assertThat(one.write(new ByteBuffer[] {buffer("he"), buffer("llo")})).isEqualTo(5);

        ByteBuffer[] in = {ByteBuffer.allocate(3), ByteBuffer.allocate(10)};
        assertThat(other.read(in)).isEqualTo(5);
        assertThat(text(in[0]) + text(in[1])).isEqualTo("hello");
        assertThat(other.write(buffer("back"))).isEqualTo(4);
        ByteBuffer back = ByteBuffer.allocate(10);
        assertThat(one.read(back)).isEqualTo(4);
        assertThat(one.isConnected()).isTrue();
        assertThat(one.getRemoteAddress()).isEqualTo(other.getLocalAddress());
    }

    @Test
    void a_connected_channel_hears_nobody_else() throws IOException {
        DatagramChannel receiver = bound();
        DatagramChannel friend = bound();
        DatagramChannel stranger = bound();
        receiver.connect(friend.getLocalAddress());

        stranger.send(buffer("stranger"), receiver.getLocalAddress());
        friend.send(buffer("friend"), receiver.getLocalAddress());

        ByteBuffer in = ByteBuffer.allocate(10);
        assertThat(receiver.receive(in)).isEqualTo(friend.getLocalAddress());
        assertThat(text(in)).isEqualTo("friend");
        assertThatThrownBy(() -> receiver.send(buffer("x"), stranger.getLocalAddress()))
                .isExactlyInstanceOf(AlreadyConnectedException.class);
        assertThat(receiver.send(buffer("x"), friend.getLocalAddress())).isEqualTo(1);
    }

    @Test
    void disconnecting_opens_the_ears_again() throws IOException {
        DatagramChannel receiver = bound();
        DatagramChannel stranger = bound();
        SocketAddress local = receiver.getLocalAddress();
        receiver.connect(bound().getLocalAddress());

        receiver.disconnect();

        assertThat(receiver.isConnected()).isFalse();
        assertThat(receiver.getRemoteAddress()).isNull();
        assertThat(receiver.getLocalAddress()).isEqualTo(local);
        stranger.send(buffer("x"), local);
        assertThat(receiver.receive(ByteBuffer.allocate(1))).isEqualTo(stranger.getLocalAddress());
    }

    @Test
    void a_port_without_a_socket_is_unreachable() throws IOException {
        DatagramChannel gone = bound();
        SocketAddress nobody = gone.getLocalAddress();
        gone.close();
        DatagramChannel sender = bound().connect(nobody);

        sender.write(buffer("x"));

        assertThatThrownBy(() -> sender.read(ByteBuffer.allocate(1)))
                .isExactlyInstanceOf(PortUnreachableException.class);
        assertThat(sender.isOpen()).isTrue();
    }

    @Test
    void an_unconnected_channel_does_not_read_or_write() throws IOException {
        DatagramChannel channel = open();

        assertThatThrownBy(() -> channel.read(buffer("x"))).isExactlyInstanceOf(NotYetConnectedException.class);
        assertThatThrownBy(() -> channel.write(buffer("x"))).isExactlyInstanceOf(NotYetConnectedException.class);
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void connecting_or_binding_twice_is_an_error() throws IOException {
        DatagramChannel channel = bound();
        channel.connect(bound().getLocalAddress());

        assertThatThrownBy(() -> channel.connect(bound().getLocalAddress()))
                .isExactlyInstanceOf(AlreadyConnectedException.class);
        assertThatThrownBy(() -> channel.bind(any())).isExactlyInstanceOf(AlreadyBoundException.class);
    }

    @Test
    void addresses_of_the_wrong_kind_are_refused() throws IOException {
        DatagramChannel channel = bound();

        assertThatThrownBy(() -> channel.send(buffer("x"), InetSocketAddress.createUnresolved("x.invalid", 1)))
                .isExactlyInstanceOf(UnresolvedAddressException.class);
        assertThatThrownBy(() -> channel.send(buffer("x"), new InetSocketAddress(platform.loopback(), 0)))
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Can't send to port 0");
        assertThatThrownBy(() -> channel.connect(new InetSocketAddress(platform.loopback(), 0)))
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Can't connect to port 0");
        DatagramChannel ipv4 = closing(platform.provider().openDatagramChannel(StandardProtocolFamily.INET));
        assertThatThrownBy(() -> ipv4.send(buffer("x"), new InetSocketAddress("::1", 9)))
                .isExactlyInstanceOf(UnsupportedAddressTypeException.class);
        assertThatThrownBy(() -> channel.receive(ByteBuffer.allocate(1).asReadOnlyBuffer()))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("Read-only buffer");
    }

    @Test
    void a_port_that_is_bound_is_in_use() throws IOException {
        DatagramChannel channel = bound();
        DatagramChannel other = open();

        assertThatThrownBy(() -> other.bind(channel.getLocalAddress()))
                .isExactlyInstanceOf(BindException.class)
                .hasMessage("Address already in use");
    }

    @Test
    void a_closed_channel_does_nothing() throws IOException {
        DatagramChannel channel = bound();
        SocketAddress local = channel.getLocalAddress();
        channel.close();

        assertThatThrownBy(() -> channel.receive(ByteBuffer.allocate(1)))
                .isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> channel.send(buffer("x"), local)).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> channel.connect(local)).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(channel::getLocalAddress).isExactlyInstanceOf(ClosedChannelException.class);
        assertThat(channel.disconnect()).isSameAs(channel);
    }

    @ParameterizedTest
    @EnumSource
    void closing_wakes_the_receiver(Task.On kind) throws IOException {
        DatagramChannel channel = bound();
        Task<SocketAddress> receiving = Task.startBlocked(kind, () -> channel.receive(ByteBuffer.allocate(1)));

        channel.close();

        assertThat(receiving.failure()).isExactlyInstanceOf(AsynchronousCloseException.class);
    }

    @ParameterizedTest
    @EnumSource
    void interrupting_the_receiver_closes(Task.On kind) throws IOException {
        DatagramChannel channel = bound();
        Task<SocketAddress> receiving = Task.startBlocked(kind, () -> channel.receive(ByteBuffer.allocate(1)));

        receiving.interrupt();

        assertThat(receiving.failure()).isExactlyInstanceOf(ClosedByInterruptException.class);
        assertThat(receiving.wasInterruptedAtEnd()).isTrue();
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void options_are_kept_or_refused() throws IOException {
        DatagramChannel channel = open();

        channel.setOption(StandardSocketOptions.SO_BROADCAST, true)
                .setOption(StandardSocketOptions.SO_REUSEADDR, true)
                .setOption(StandardSocketOptions.SO_SNDBUF, 50_000)
                .setOption(StandardSocketOptions.SO_RCVBUF, 50_000)
                .setOption(StandardSocketOptions.IP_TOS, 0x10);

        assertThat(channel.getOption(StandardSocketOptions.SO_BROADCAST)).isTrue();
        assertThat(channel.getOption(StandardSocketOptions.SO_REUSEADDR)).isTrue();
        assertThat(channel.getOption(StandardSocketOptions.SO_SNDBUF)).isGreaterThanOrEqualTo(50_000);
        assertThat(channel.getOption(StandardSocketOptions.SO_RCVBUF)).isGreaterThanOrEqualTo(50_000);
        assertThat(channel.getOption(StandardSocketOptions.IP_TOS)).isEqualTo(0x10);
        assertThatThrownBy(() -> channel.setOption(StandardSocketOptions.TCP_NODELAY, true))
                .isExactlyInstanceOf(UnsupportedOperationException.class)
                .hasMessage("'TCP_NODELAY' not supported");
    }

    @Test
    void many_datagrams_go_back_and_forth() throws IOException {
        DatagramChannel server = bound();
        Task<Void> echo = Task.start(Task.On.VIRTUAL, () -> {
            ByteBuffer buffer = ByteBuffer.allocateDirect(2_000);
            for (int i = 0; i < 2_000; i++) {
                SocketAddress from = server.receive(buffer.clear());
                server.send(buffer.flip(), from);
            }
            return null;
        });
        DatagramChannel client = bound().connect(server.getLocalAddress());
        for (int i = 0; i < 2_000; i++) {
            client.write(buffer("%04d".formatted(i)));
            ByteBuffer reply = ByteBuffer.allocate(10);
            client.read(reply);
            assertThat(text(reply)).isEqualTo("%04d".formatted(i));
        }
        echo.get();
    }
}
