package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ConnectionPendingException;
import java.nio.channels.NoConnectionPendingException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// `java.nio.channels.SocketChannel`: its life, and blocking.
class SocketChannelContractTest extends Contract {
    @Test
    void bytes_go_both_ways() throws IOException {
        ChannelPair pair = connectedChannels();

        send(pair.client(), "ping");
        assertThat(receive(pair.server(), 4)).isEqualTo("ping");
        send(pair.server(), "pong");
        assertThat(receive(pair.client(), 4)).isEqualTo("pong");
    }

    @Test
    void both_ends_agree_on_the_addresses() throws IOException {
        ChannelPair pair = connectedChannels();

        assertThat(pair.client().getRemoteAddress()).isEqualTo(pair.server().getLocalAddress());
        assertThat(pair.server().getRemoteAddress()).isEqualTo(pair.client().getLocalAddress());
        assertThat(pair.client().toString())
                .startsWith("java.nio.channels.SocketChannel[connected local=/127.0.0.1:")
                .contains(" remote=");
    }

    @Test
    void a_new_channel_is_open_and_nothing_else() throws IOException {
        SocketChannel channel = openChannel();

        assertThat(channel.isOpen()).isTrue();
        assertThat(channel.isBlocking()).isTrue();
        assertThat(channel.isConnected()).isFalse();
        assertThat(channel.isConnectionPending()).isFalse();
        assertThat(channel.getLocalAddress()).isNull();
        assertThat(channel.getRemoteAddress()).isNull();
        assertThat(channel.provider()).isSameAs(platform.provider());
        assertThat(channel.toString()).isEqualTo("java.nio.channels.SocketChannel[unconnected]");
    }

    @Test
    void the_end_of_the_stream_is_read_again_and_again() throws IOException {
        ChannelPair pair = connectedChannels();
        send(pair.server(), "last");
        pair.server().close();

        assertThat(receive(pair.client(), 100)).isEqualTo("last");
        assertThat(pair.client().read(ByteBuffer.allocate(1))).isEqualTo(-1);
        assertThat(pair.client().read(ByteBuffer.allocateDirect(1))).isEqualTo(-1);
        assertThat(pair.client().read(ByteBuffer.allocate(0))).isZero();
    }

    @Test
    void an_unconnected_channel_does_not_read_or_write() throws IOException {
        SocketChannel channel = openChannel();

        assertThatThrownBy(() -> channel.read(ByteBuffer.allocate(1)))
                .isExactlyInstanceOf(NotYetConnectedException.class);
        assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(1)))
                .isExactlyInstanceOf(NotYetConnectedException.class);
        assertThatThrownBy(() -> channel.write(new ByteBuffer[] {buffer("x")}))
                .isExactlyInstanceOf(NotYetConnectedException.class);
        assertThatThrownBy(channel::shutdownInput).isExactlyInstanceOf(NotYetConnectedException.class);
        assertThatThrownBy(channel::shutdownOutput).isExactlyInstanceOf(NotYetConnectedException.class);
        assertThatThrownBy(channel::finishConnect).isExactlyInstanceOf(NoConnectionPendingException.class);
    }

    @Test
    void a_closed_channel_does_nothing() throws IOException {
        ChannelPair pair = connectedChannels();
        SocketChannel channel = pair.client();
        channel.close();
        channel.close();

        assertThat(channel.isOpen()).isFalse();
        assertThat(channel.isConnected()).isFalse();
        assertThatThrownBy(() -> channel.read(buffer("x"))).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> channel.write(buffer("x"))).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> channel.connect(any())).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> channel.bind(any())).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(channel::getLocalAddress).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(channel::getRemoteAddress).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(channel::shutdownInput).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> channel.configureBlocking(false)).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> channel.getOption(StandardSocketOptions.TCP_NODELAY))
                .isExactlyInstanceOf(ClosedChannelException.class);
        assertThat(channel.toString()).isEqualTo("java.nio.channels.SocketChannel[closed]");
    }

    @Test
    void connecting_or_binding_twice_is_an_error() throws IOException {
        ChannelPair pair = connectedChannels();

        assertThatThrownBy(() -> pair.client().connect(any())).isExactlyInstanceOf(AlreadyConnectedException.class);
        assertThatThrownBy(() -> pair.client().bind(any())).isExactlyInstanceOf(AlreadyBoundException.class);
        assertThat(pair.client().finishConnect()).isTrue();
        assertThat(pair.client().isOpen()).isTrue();
    }

    @Test
    void addresses_of_the_wrong_kind_are_refused() throws IOException {
        SocketChannel channel = openChannel();

        assertThatThrownBy(() -> channel.connect(InetSocketAddress.createUnresolved("nowhere.invalid", 80)))
                .isExactlyInstanceOf(UnresolvedAddressException.class);
        assertThatThrownBy(() -> channel.connect(UnixDomainSocketAddress.of(Path.of("x"))))
                .isExactlyInstanceOf(UnsupportedAddressTypeException.class);
        assertThatThrownBy(() -> channel.connect(null)).isExactlyInstanceOf(NullPointerException.class);
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void a_channel_for_ipv4_refuses_ipv6() throws IOException {
        SocketChannel channel = closing(platform.provider().openSocketChannel(StandardProtocolFamily.INET));

        assertThatThrownBy(() -> channel.connect(new InetSocketAddress("::1", 80)))
                .isExactlyInstanceOf(UnsupportedAddressTypeException.class);
        channel.bind(null);
        assertThat(((InetSocketAddress) channel.getLocalAddress()).getHostString())
                .isEqualTo("0.0.0.0");
    }

    @Test
    void an_unknown_family_is_refused() {
        ProtocolFamily family = () -> "AppleTalk";

        assertThatThrownBy(() -> platform.provider().openSocketChannel(family))
                .isExactlyInstanceOf(UnsupportedOperationException.class)
                .hasMessage("Protocol family not supported");
        assertThatThrownBy(() -> platform.provider().openSocketChannel(null))
                .isExactlyInstanceOf(NullPointerException.class);
    }

    @Test
    void a_port_without_a_listener_refuses() throws IOException {
        SocketChannel channel = openChannel();
        InetSocketAddress deaf = deaf();

        assertThatThrownBy(() -> channel.connect(deaf))
                .isExactlyInstanceOf(ConnectException.class)
                .hasMessage("Connection refused");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void the_local_end_can_be_chosen() throws IOException {
        ServerSocketChannel server = listeningChannel();
        SocketChannel client = openChannel();
        client.bind(any());
        int port = port(client.getLocalAddress());

        client.connect(server.getLocalAddress());

        assertThat(port(client.getLocalAddress())).isEqualTo(port);
        assertThat(port(closing(server.accept()).getRemoteAddress())).isEqualTo(port);
    }

    @Test
    void a_port_that_is_bound_is_in_use() throws IOException {
        SocketChannel first = openChannel().bind(any());
        SocketChannel second = openChannel();

        assertThatThrownBy(() -> second.bind(first.getLocalAddress()))
                .isExactlyInstanceOf(BindException.class)
                .hasMessage("Address already in use");
    }

    @ParameterizedTest
    @EnumSource
    void closing_wakes_the_reader(Task.On kind) throws IOException {
        ChannelPair pair = connectedChannels();
        Task<Integer> reading = Task.startBlocked(kind, () -> pair.client().read(ByteBuffer.allocate(1)));

        pair.client().close();

        assertThat(reading.failure()).isExactlyInstanceOf(AsynchronousCloseException.class);
    }

    @ParameterizedTest
    @EnumSource
    void closing_wakes_the_writer(Task.On kind) throws IOException {
        ChannelPair pair = connectedChannels();
        Task<Void> writing = Task.startBlocked(kind, () -> {
            while (true) {
                pair.client().write(ByteBuffer.allocateDirect(100_000));
            }
        });

        pair.client().close();

        assertThat(writing.failure()).isInstanceOf(ClosedChannelException.class);
    }

    @ParameterizedTest
    @EnumSource
    void interrupting_the_reader_closes(Task.On kind) throws IOException {
        ChannelPair pair = connectedChannels();
        Task<Integer> reading = Task.startBlocked(kind, () -> pair.client().read(ByteBuffer.allocateDirect(1)));

        reading.interrupt();

        assertThat(reading.failure()).isExactlyInstanceOf(ClosedByInterruptException.class);
        assertThat(reading.wasInterruptedAtEnd()).isTrue();
        assertThat(pair.client().isOpen()).isFalse();
        assertThat(pair.server().read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }

    @ParameterizedTest
    @EnumSource
    void interrupting_the_writer_closes(Task.On kind) throws IOException {
        ChannelPair pair = connectedChannels();
        Task<Void> writing = Task.startBlocked(kind, () -> {
            while (true) {
                pair.client().write(ByteBuffer.allocate(100_000));
            }
        });

        writing.interrupt();

        assertThat(writing.failure()).isExactlyInstanceOf(ClosedByInterruptException.class);
        assertThat(pair.client().isOpen()).isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void an_interrupted_thread_closes_at_once(Task.On kind) throws IOException {
        ChannelPair pair = connectedChannels();
        Task<Integer> reading = Task.start(kind, () -> {
            Thread.currentThread().interrupt();
            return pair.client().read(ByteBuffer.allocate(1));
        });

        assertThat(reading.failure()).isExactlyInstanceOf(ClosedByInterruptException.class);
        assertThat(pair.client().isOpen()).isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void interrupting_or_closing_ends_connect(Task.On kind) throws IOException {
        InetAddress silent = platform.silent();
        assumeTrue(silent != null, "there is no silent address here");
        SocketChannel interrupted = openChannel();
        SocketChannel closed = openChannel();
        InetSocketAddress nobody = new InetSocketAddress(silent, 80);
        Task<Boolean> first = Task.startBlocked(kind, () -> interrupted.connect(nobody));
        Task<Boolean> second = Task.startBlocked(kind, () -> closed.connect(nobody));

        first.interrupt();
        closed.close();

        assertThat(first.failure()).isExactlyInstanceOf(ClosedByInterruptException.class);
        assertThat(second.failure()).isExactlyInstanceOf(AsynchronousCloseException.class);
        assertThat(interrupted.isOpen()).isFalse();
    }

    @Test
    void a_pending_connect_is_neither_repeated_nor_bound() throws IOException {
        InetAddress silent = platform.silent();
        assumeTrue(silent != null, "there is no silent address here");
        SocketChannel channel = openChannel();
        channel.configureBlocking(false);
        InetSocketAddress nobody = new InetSocketAddress(silent, 80);

        assertThat(channel.connect(nobody)).isFalse();

        assertThat(channel.isConnectionPending()).isTrue();
        assertThat(channel.finishConnect()).isFalse();
        assertThatThrownBy(() -> channel.connect(nobody)).isExactlyInstanceOf(ConnectionPendingException.class);
        assertThatThrownBy(() -> channel.bind(null)).isExactlyInstanceOf(ConnectionPendingException.class);
        assertThatThrownBy(() -> channel.read(ByteBuffer.allocate(1)))
                .isExactlyInstanceOf(NotYetConnectedException.class);
        assertThat(channel.isOpen()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void finishing_a_pending_connect_may_block(Task.On kind) throws IOException {
        InetAddress silent = platform.silent();
        assumeTrue(silent != null, "there is no silent address here");
        SocketChannel channel = openChannel();
        channel.configureBlocking(false);
        channel.connect(new InetSocketAddress(silent, 80));
        channel.configureBlocking(true);
        Task<Boolean> finishing = Task.startBlocked(kind, channel::finishConnect);

        channel.close();

        assertThat(finishing.failure()).isExactlyInstanceOf(AsynchronousCloseException.class);
    }

    @ParameterizedTest
    @EnumSource
    void shutting_the_input_down_wakes_the_reader(Task.On kind) throws IOException {
        ChannelPair pair = connectedChannels();
        Task<Integer> reading = Task.startBlocked(kind, () -> pair.client().read(ByteBuffer.allocate(1)));

        pair.client().shutdownInput();

        assertThat(reading.get()).isEqualTo(-1);
        assertThat(pair.client().read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }

    @Test
    void writing_after_shutting_down_fails() throws IOException {
        ChannelPair pair = connectedChannels();
        pair.client().shutdownOutput();

        assertThatThrownBy(() -> pair.client().write(buffer("x")))
                .isExactlyInstanceOf(AsynchronousCloseException.class);
        pair.client().configureBlocking(false);
        assertThatThrownBy(() -> pair.client().write(buffer("x")))
                .isExactlyInstanceOf(AsynchronousCloseException.class);
        assertThat(receive(pair.server(), 1)).isEmpty();
        send(pair.server(), "reply");
        pair.client().configureBlocking(true);
        assertThat(receive(pair.client(), 5)).isEqualTo("reply");
    }

    @Test
    void closing_with_linger_zero_resets() throws IOException {
        ChannelPair pair = connectedChannels();
        pair.server().setOption(StandardSocketOptions.SO_LINGER, 0);
        pair.server().close();

        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> pair.client().read(ByteBuffer.allocate(1)))
                    .isExactlyInstanceOf(SocketException.class)
                    .hasMessage("Connection reset");
        }
        assertThatThrownBy(() -> pair.client().write(buffer("x"))).isExactlyInstanceOf(IOException.class);
        assertThat(pair.client().isOpen()).isTrue();
    }

    @Test
    void writing_to_a_closed_peer_fails_with_the_words_of_the_kernel() throws IOException {
        ChannelPair pair = connectedChannels();
        pair.server().close();

        assertThatThrownBy(() -> {
                    for (int i = 0; i < 1_000; i++) {
                        pair.client().write(ByteBuffer.allocate(1_000));
                    }
                })
                .isExactlyInstanceOf(IOException.class)
                .message()
                .isIn("Broken pipe", "Connection reset by peer");
    }

    @Test
    void options_are_kept() throws IOException {
        SocketChannel channel = connectedChannels().client();

        channel.setOption(StandardSocketOptions.TCP_NODELAY, true)
                .setOption(StandardSocketOptions.SO_KEEPALIVE, true)
                .setOption(StandardSocketOptions.SO_REUSEADDR, true)
                .setOption(StandardSocketOptions.SO_LINGER, 9)
                .setOption(StandardSocketOptions.SO_SNDBUF, 70_000)
                .setOption(StandardSocketOptions.SO_RCVBUF, 70_000)
                .setOption(StandardSocketOptions.IP_TOS, 0x20);

        assertThat(channel.getOption(StandardSocketOptions.TCP_NODELAY)).isTrue();
        assertThat(channel.getOption(StandardSocketOptions.SO_KEEPALIVE)).isTrue();
        assertThat(channel.getOption(StandardSocketOptions.SO_REUSEADDR)).isTrue();
        assertThat(channel.getOption(StandardSocketOptions.SO_LINGER)).isEqualTo(9);
        assertThat(channel.getOption(StandardSocketOptions.SO_SNDBUF)).isGreaterThanOrEqualTo(70_000);
        assertThat(channel.getOption(StandardSocketOptions.SO_RCVBUF)).isGreaterThanOrEqualTo(70_000);
        assertThat(channel.getOption(StandardSocketOptions.IP_TOS)).isEqualTo(0x20);
    }

    @Test
    void extended_options_are_kept() throws IOException {
        SocketChannel channel = connectedChannels().client();

        channel.setOption(jdk.net.ExtendedSocketOptions.TCP_KEEPIDLE, 100)
                .setOption(jdk.net.ExtendedSocketOptions.TCP_KEEPINTERVAL, 20)
                .setOption(jdk.net.ExtendedSocketOptions.TCP_KEEPCOUNT, 3);

        assertThat(channel.supportedOptions()).contains(jdk.net.ExtendedSocketOptions.TCP_KEEPIDLE);
        assertThat(channel.getOption(jdk.net.ExtendedSocketOptions.TCP_KEEPIDLE))
                .isEqualTo(100);
        assertThat(channel.getOption(jdk.net.ExtendedSocketOptions.TCP_KEEPINTERVAL))
                .isEqualTo(20);
        assertThat(channel.getOption(jdk.net.ExtendedSocketOptions.TCP_KEEPCOUNT))
                .isEqualTo(3);
    }

    @Test
    void unknown_options_and_values_are_refused() throws IOException {
        SocketChannel channel = openChannel();

        assertThatThrownBy(() -> channel.setOption(StandardSocketOptions.SO_BROADCAST, true))
                .isExactlyInstanceOf(UnsupportedOperationException.class)
                .hasMessage("'SO_BROADCAST' not supported");
        assertThatThrownBy(() -> channel.getOption(StandardSocketOptions.IP_MULTICAST_TTL))
                .isExactlyInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> channel.setOption(StandardSocketOptions.SO_SNDBUF, -1))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid send/receive buffer size");
        assertThatThrownBy(() -> channel.setOption(StandardSocketOptions.TCP_NODELAY, null))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid value 'null'");
        assertThatThrownBy(() -> channel.setOption(null, 1)).isExactlyInstanceOf(NullPointerException.class);
    }
}
