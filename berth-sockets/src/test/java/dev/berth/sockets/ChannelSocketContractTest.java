package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// `SocketChannel.socket()` and `ServerSocketChannel.socket()`.
class ChannelSocketContractTest extends Contract {
    @Test
    void a_channel_has_one_socket() throws IOException {
        SocketChannel channel = openChannel();
        ServerSocketChannel server = closing(platform.provider().openServerSocketChannel());

        assertThat(channel.socket()).isSameAs(channel.socket());
        assertThat(channel.socket().getChannel()).isSameAs(channel);
        assertThat(server.socket()).isSameAs(server.socket());
        assertThat(server.socket().getChannel()).isSameAs(server);
    }

    @Test
    void sockets_of_channels_connect_and_carry_bytes() throws IOException {
        ServerSocket server =
                closing(platform.provider().openServerSocketChannel()).socket();
        server.bind(any());
        Socket client = openChannel().socket();

        client.connect(end(server), 5_000);
        Socket accepted = closing(server.accept());

        send(client, "hello");
        assertThat(receive(accepted, 5)).isEqualTo("hello");
        assertThat(accepted.getChannel().isConnected()).isTrue();
        assertThat(client.getRemoteSocketAddress()).isEqualTo(accepted.getLocalSocketAddress());
        assertThat(client.getPort()).isEqualTo(server.getLocalPort());
        assertThat(client.getInetAddress()).isEqualTo(platform.loopback());
        assertThat(client.isBound()).isTrue();
        assertThat(client.toString()).startsWith("Socket[addr=").contains(",port=" + server.getLocalPort());
    }

    @Test
    void an_unconnected_socket_says_so() throws IOException {
        Socket socket = openChannel().socket();

        assertThat(socket.isConnected()).isFalse();
        assertThat(socket.isBound()).isFalse();
        assertThat(socket.getPort()).isZero();
        assertThat(socket.getLocalPort()).isEqualTo(-1);
        assertThat(socket.getInetAddress()).isNull();
        assertThat(socket.getLocalAddress().isAnyLocalAddress()).isTrue();
        assertThatThrownBy(socket::getInputStream)
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket is not connected");
        assertThatThrownBy(socket::shutdownOutput)
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket is not connected");
    }

    @Test
    void reading_times_out() throws IOException {
        ChannelPair pair = connectedChannels();
        Socket socket = pair.client().socket();
        socket.setSoTimeout(30);

        assertThatThrownBy(() -> socket.getInputStream().read())
                .isExactlyInstanceOf(SocketTimeoutException.class)
                .hasMessage("Read timed out");
        send(pair.server(), "late");
        assertThat(receive(socket, 4)).isEqualTo("late");
    }

    @Test
    void accept_times_out() throws IOException {
        ServerSocket server = listeningChannel().socket();
        server.setSoTimeout(30);

        assertThatThrownBy(server::accept)
                .isExactlyInstanceOf(SocketTimeoutException.class)
                .hasMessage("Accept timed out");
    }

    @Test
    void streams_want_a_blocking_channel() throws IOException {
        ChannelPair pair = connectedChannels();
        InputStream in = pair.client().socket().getInputStream();
        pair.client().configureBlocking(false);

        assertThatThrownBy(in::read).isExactlyInstanceOf(IllegalBlockingModeException.class);
        assertThatThrownBy(() -> pair.client().socket().getOutputStream().write(1))
                .isExactlyInstanceOf(IllegalBlockingModeException.class);
    }

    @Test
    void accept_wants_a_blocking_channel_or_a_connection() throws IOException {
        ServerSocketChannel server = listeningChannel();
        server.configureBlocking(false);

        assertThatThrownBy(() -> server.socket().accept()).isExactlyInstanceOf(IllegalBlockingModeException.class);
    }

    @ParameterizedTest
    @EnumSource
    void reading_and_writing_go_on_at_the_same_time(Task.On kind) throws IOException {
        ChannelPair pair = connectedChannels();
        Socket socket = pair.client().socket();
        Task<Integer> reading =
                Task.startBlocked(kind, () -> socket.getInputStream().read());

        send(socket, "while reading");

        assertThat(receive(pair.server(), 13)).isEqualTo("while reading");
        send(pair.server(), "x");
        assertThat(reading.get()).isEqualTo('x');
    }

    @ParameterizedTest
    @EnumSource
    void closing_wakes_the_reader_as_a_channel_does(Task.On kind) throws IOException {
        ChannelPair pair = connectedChannels();
        Task<Integer> reading = Task.startBlocked(
                kind, () -> pair.client().socket().getInputStream().read());

        pair.client().socket().close();

        assertThat(reading.failure()).isExactlyInstanceOf(AsynchronousCloseException.class);
        assertThat(pair.client().isOpen()).isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void interrupting_the_reader_closes(Task.On kind) throws IOException {
        ChannelPair pair = connectedChannels();
        Task<Integer> reading = Task.startBlocked(
                kind, () -> pair.client().socket().getInputStream().read());

        reading.interrupt();

        assertThat(reading.failure()).isExactlyInstanceOf(ClosedByInterruptException.class);
        assertThat(pair.client().isOpen()).isFalse();
    }

    @Test
    void failures_are_those_of_sockets() throws IOException {
        InetSocketAddress deaf = deaf();
        assertThatThrownBy(() -> openChannel().socket().connect(deaf, 5_000))
                .isExactlyInstanceOf(ConnectException.class)
                .hasMessage("Connection refused");
        assertThatThrownBy(() -> openChannel().socket().connect(InetSocketAddress.createUnresolved("x.invalid", 1)))
                .isExactlyInstanceOf(UnknownHostException.class);
        ServerSocketChannel server = listeningChannel();
        assertThatThrownBy(() -> closing(platform.provider().openServerSocketChannel())
                        .socket()
                        .bind(server.getLocalAddress()))
                .isExactlyInstanceOf(BindException.class)
                .hasMessage("Address already in use");
        assertThatThrownBy(() -> server.socket().bind(any()))
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Already bound");
        assertThatThrownBy(() -> closing(platform.provider().openServerSocketChannel())
                        .socket()
                        .accept())
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket is not bound yet");
        Socket connected = connectedChannels().client().socket();
        assertThatThrownBy(() -> connected.connect(any()))
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Already connected");
    }

    @Test
    void a_closed_socket_says_so() throws IOException {
        Socket socket = connectedChannels().client().socket();
        ServerSocket server = listeningChannel().socket();
        socket.close();
        server.close();

        assertThat(socket.isClosed()).isTrue();
        assertThat(server.isClosed()).isTrue();
        assertThatThrownBy(socket::getInputStream)
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket is closed");
        assertThatThrownBy(() -> socket.setTcpNoDelay(true))
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket is closed");
        assertThatThrownBy(server::accept).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(server::getReuseAddress)
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket is closed");
    }

    @Test
    void urgent_octets_go_through_the_channel() throws IOException {
        ChannelPair pair = connectedChannels();
        pair.server().socket().setOOBInline(true);
        assertThat(pair.server().socket().getOOBInline()).isTrue();

        pair.client().socket().sendUrgentData('!');

        ByteBuffer octet = ByteBuffer.allocate(1);
        assertThat(pair.server().read(octet)).isEqualTo(1);
        assertThat(octet.get(0)).isEqualTo((byte) '!');
    }

    @Test
    void options_are_those_of_the_channel() throws IOException {
        Socket socket = connectedChannels().client().socket();

        socket.setTcpNoDelay(true);
        socket.setSoLinger(true, 3);
        socket.setKeepAlive(true);
        socket.setReuseAddress(true);
        socket.setTrafficClass(8);
        socket.setOOBInline(false);
        socket.setSendBufferSize(50_000);

        assertThat(socket.getTcpNoDelay()).isTrue();
        assertThat(socket.getSoLinger()).isEqualTo(3);
        assertThat(socket.getKeepAlive()).isTrue();
        assertThat(socket.getReuseAddress()).isTrue();
        assertThat(socket.getTrafficClass()).isEqualTo(8);
        assertThat(socket.getOOBInline()).isFalse();
        assertThat(socket.getSendBufferSize()).isGreaterThanOrEqualTo(50_000);
        assertThatThrownBy(() -> socket.setReceiveBufferSize(0)).isExactlyInstanceOf(IllegalArgumentException.class);
        assertThat(listeningChannel().socket().getReuseAddress()).isTrue();
    }
}
