package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// `java.net.Socket`.
class SocketContractTest extends Contract {
    @Test
    void bytes_go_both_ways() throws IOException {
        Sockets pair = connected();

        send(pair.client(), "ping");
        assertThat(receive(pair.server(), 4)).isEqualTo("ping");
        send(pair.server(), "pong");
        assertThat(receive(pair.client(), 4)).isEqualTo("pong");
    }

    @Test
    void both_ends_agree_on_the_addresses() throws IOException {
        Sockets pair = connected();

        assertThat(pair.client().getRemoteSocketAddress())
                .isEqualTo(pair.server().getLocalSocketAddress());
        assertThat(pair.server().getRemoteSocketAddress())
                .isEqualTo(pair.client().getLocalSocketAddress());
        assertThat(pair.client().getInetAddress()).isEqualTo(platform.loopback());
        assertThat(pair.client().getLocalPort()).isBetween(1_024, 65_535);
    }

    @Test
    void the_end_of_the_stream_is_read_again_and_again() throws IOException {
        Sockets pair = connected();
        send(pair.server(), "last");
        pair.server().close();

        InputStream in = pair.client().getInputStream();

        assertThat(text(in.readAllBytes())).isEqualTo("last");
        assertThat(in.read()).isEqualTo(-1);
        assertThat(in.read(new byte[3])).isEqualTo(-1);
    }

    @Test
    void a_half_closed_connection_still_carries_the_reply() throws IOException {
        Sockets pair = connected();
        send(pair.client(), "request");
        pair.client().shutdownOutput();

        assertThat(text(pair.server().getInputStream().readAllBytes())).isEqualTo("request");
        send(pair.server(), "reply");

        assertThat(receive(pair.client(), 5)).isEqualTo("reply");
        assertThat(pair.client().isOutputShutdown()).isTrue();
    }

    @Test
    void writing_after_shutting_down_fails() throws IOException {
        Sockets pair = connected();
        OutputStream out = pair.client().getOutputStream();
        pair.client().shutdownOutput();

        assertThatThrownBy(() -> out.write(1))
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Broken pipe");
        assertThatThrownBy(() -> pair.client().getOutputStream())
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket output is shutdown");
        assertThatThrownBy(() -> pair.client().shutdownOutput())
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket output is already shutdown");
    }

    @Test
    void reading_after_shutting_down_gives_the_end() throws IOException {
        Sockets pair = connected();
        InputStream in = pair.client().getInputStream();
        pair.client().shutdownInput();

        assertThat(in.read()).isEqualTo(-1);
        assertThat(in.available()).isZero();
        assertThatThrownBy(() -> pair.client().getInputStream())
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket input is shutdown");
    }

    @Test
    void an_urgent_octet_is_thrown_away_unless_it_is_wanted() throws IOException {
        Sockets pair = connected();
        assertThat(pair.server().getOOBInline()).isFalse();

        send(pair.client(), "abc");
        pair.client().sendUrgentData('!');
        send(pair.client(), "def");

        assertThat(receive(pair.server(), 6)).isEqualTo("abcdef");
    }

    @Test
    void urgent_octets_are_read_in_line() throws IOException {
        Sockets pair = connected();
        pair.server().setOOBInline(true);
        assertThat(pair.server().getOOBInline()).isTrue();

        send(pair.client(), "abc");
        pair.client().sendUrgentData('!');
        pair.client().sendUrgentData(0x100 + '?');
        send(pair.client(), "def");

        assertThat(receive(pair.server(), 8)).isEqualTo("abc!?def");
    }

    @Test
    void urgent_data_cannot_be_sent_after_the_end() throws IOException {
        Sockets pair = connected();
        pair.client().shutdownOutput();

        assertThatThrownBy(() -> pair.client().sendUrgentData(1)).isInstanceOf(IOException.class);
        pair.client().close();
        assertThatThrownBy(() -> pair.client().sendUrgentData(1))
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket closed");
    }

    @ParameterizedTest
    @EnumSource
    void shutting_the_input_down_wakes_the_reader(Task.On kind) throws IOException {
        Sockets pair = connected();
        Task<Integer> reading =
                Task.startBlocked(kind, () -> pair.client().getInputStream().read());

        pair.client().shutdownInput();

        assertThat(reading.get()).isEqualTo(-1);
    }

    @Test
    void closing_with_linger_zero_resets() throws IOException {
        Sockets pair = connected();
        pair.server().setSoLinger(true, 0);
        pair.server().close();

        InputStream in = pair.client().getInputStream();

        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(in::read)
                    .isExactlyInstanceOf(SocketException.class)
                    .hasMessage("Connection reset");
        }
    }

    @Test
    void closing_with_unread_data_still_delivers_what_was_sent() throws IOException {
        Sockets pair = connected();
        send(pair.client(), "nobody reads this");
        Task.await("data arrives", () -> available(pair.server()) > 0);
        send(pair.server(), "reply");
        pair.server().close();

        assertThat(receive(pair.client(), 5)).isEqualTo("reply");
        assertThat(pair.client().getInputStream().read()).isEqualTo(-1);
    }

    private static int available(Socket socket) {
        try {
            return socket.getInputStream().available();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void writing_to_a_reset_connection_fails() throws IOException {
        Sockets pair = connected();
        pair.server().setSoLinger(true, 0);
        pair.server().close();
        OutputStream out = pair.client().getOutputStream();

        assertThatThrownBy(() -> {
                    for (int i = 0; i < 1_000; i++) {
                        out.write(new byte[1_000]);
                    }
                })
                .isExactlyInstanceOf(SocketException.class)
                .message()
                .isIn("Broken pipe", "Connection reset", "Connection reset by peer");
    }

    @Test
    void a_port_without_a_listener_refuses() throws IOException {
        Socket socket = closing(platform.socket());
        InetSocketAddress deaf = deaf();

        assertThatThrownBy(() -> socket.connect(deaf))
                .isExactlyInstanceOf(ConnectException.class)
                .hasMessage("Connection refused");
        assertThat(socket.isClosed()).isTrue();
    }

    @Test
    void port_0_refuses() throws IOException {
        Socket socket = closing(platform.socket());
        InetSocketAddress nobody = new InetSocketAddress(deaf().getAddress(), 0);

        assertThatThrownBy(() -> socket.connect(nobody))
                .isExactlyInstanceOf(ConnectException.class)
                .hasMessage("Connection refused");
        assertThat(socket.isClosed()).isTrue();
    }

    @Test
    void refusal_with_a_timeout_is_the_same() throws IOException {
        Socket socket = closing(platform.socket());
        InetSocketAddress deaf = deaf();

        assertThatThrownBy(() -> socket.connect(deaf, 5_000))
                .isExactlyInstanceOf(ConnectException.class)
                .hasMessage("Connection refused");
    }

    @Test
    void connecting_to_silence_times_out() throws IOException {
        InetAddress silent = platform.silent();
        assumeTrue(silent != null, "there is no silent address here");
        Socket socket = closing(platform.socket());

        assertThatThrownBy(() -> socket.connect(new InetSocketAddress(silent, 80), 50))
                .isExactlyInstanceOf(SocketTimeoutException.class)
                .hasMessage("Connect timed out");
        assertThat(socket.isClosed()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void closing_wakes_connect(Task.On kind) throws IOException {
        InetAddress silent = platform.silent();
        assumeTrue(silent != null, "there is no silent address here");
        Socket socket = closing(platform.socket());
        Task<Void> connecting = Task.startBlocked(kind, () -> {
            socket.connect(new InetSocketAddress(silent, 80));
            return null;
        });

        socket.close();

        assertThat(connecting.failure())
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket closed");
    }

    @Test
    void interrupting_a_virtual_thread_ends_connect() throws IOException {
        InetAddress silent = platform.silent();
        assumeTrue(silent != null, "there is no silent address here");
        Socket socket = closing(platform.socket());
        Task<Void> connecting = Task.startBlocked(Task.On.VIRTUAL, () -> {
            socket.connect(new InetSocketAddress(silent, 80));
            return null;
        });

        connecting.interrupt();

        assertThat(connecting.failure())
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Closed by interrupt");
        assertThat(socket.isClosed()).isTrue();
    }

    @Test
    void reading_times_out_and_works_afterwards() throws IOException {
        Sockets pair = connected();
        pair.client().setSoTimeout(30);

        assertThatThrownBy(() -> pair.client().getInputStream().read())
                .isExactlyInstanceOf(SocketTimeoutException.class)
                .hasMessage("Read timed out");
        send(pair.server(), "late");
        assertThat(receive(pair.client(), 4)).isEqualTo("late");
    }

    @ParameterizedTest
    @EnumSource
    void a_reader_behind_another_times_out_as_well(Task.On kind) throws IOException {
        Sockets pair = connected();
        InputStream in = pair.client().getInputStream();
        Task<Integer> first = Task.startBlocked(kind, in::read);
        pair.client().setSoTimeout(30);

        assertThatThrownBy(in::read)
                .isExactlyInstanceOf(SocketTimeoutException.class)
                .hasMessage("Read timed out");
        send(pair.server(), "x");
        assertThat(first.get()).isEqualTo('x');
    }

    @ParameterizedTest
    @EnumSource
    void closing_wakes_the_reader(Task.On kind) throws IOException {
        Sockets pair = connected();
        Task<Integer> reading =
                Task.startBlocked(kind, () -> pair.client().getInputStream().read());

        pair.client().close();

        assertThat(reading.failure()).isExactlyInstanceOf(SocketException.class).hasMessage("Socket closed");
    }

    @ParameterizedTest
    @EnumSource
    void closing_wakes_the_reader_with_a_timeout(Task.On kind) throws IOException {
        Sockets pair = connected();
        pair.client().setSoTimeout(60_000);
        Task<Integer> reading =
                Task.startBlocked(kind, () -> pair.client().getInputStream().read());

        pair.client().close();

        assertThat(reading.failure()).isExactlyInstanceOf(SocketException.class).hasMessage("Socket closed");
    }

    @ParameterizedTest
    @EnumSource
    void closing_wakes_the_writer(Task.On kind) throws IOException {
        Sockets pair = connected();
        Task<Void> writing = Task.startBlocked(kind, () -> {
            OutputStream out = pair.client().getOutputStream();
            while (true) {
                out.write(new byte[100_000]);
            }
        });

        pair.client().close();

        assertThat(writing.failure()).isExactlyInstanceOf(SocketException.class).hasMessage("Socket closed");
    }

    @Test
    void interrupting_a_virtual_reader_closes() throws IOException {
        Sockets pair = connected();
        Task<Integer> reading = Task.startBlocked(
                Task.On.VIRTUAL, () -> pair.client().getInputStream().read());

        reading.interrupt();

        assertThat(reading.failure()).isExactlyInstanceOf(SocketException.class).hasMessage("Closed by interrupt");
        assertThat(pair.client().isClosed()).isTrue();
        assertThat(pair.server().getInputStream().read()).isEqualTo(-1);
    }

    @Test
    void interrupting_a_virtual_writer_closes() throws IOException {
        Sockets pair = connected();
        Task<Void> writing = Task.startBlocked(Task.On.VIRTUAL, () -> {
            OutputStream out = pair.client().getOutputStream();
            while (true) {
                out.write(new byte[100_000]);
            }
        });

        writing.interrupt();

        assertThat(writing.failure()).isExactlyInstanceOf(SocketException.class).hasMessage("Closed by interrupt");
        assertThat(pair.client().isClosed()).isTrue();
    }

    @Test
    void interrupting_a_platform_reader_does_not_end_the_read() throws IOException {
        Sockets pair = connected();
        Task<Integer> reading = Task.startBlocked(
                Task.On.PLATFORM, () -> pair.client().getInputStream().read());

        reading.interrupt();
        send(pair.server(), "x");

        assertThat(reading.get()).isEqualTo('x');
        assertThat(reading.wasInterruptedAtEnd()).isTrue();
        assertThat(pair.client().isClosed()).isFalse();
    }

    @Test
    void an_unconnected_socket_has_no_streams() throws IOException {
        Socket socket = closing(platform.socket());

        assertThatThrownBy(socket::getInputStream)
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket is not connected");
        assertThatThrownBy(socket::getOutputStream)
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket is not connected");
    }

    @Test
    void a_closed_socket_does_nothing() throws IOException {
        Sockets pair = connected();
        InputStream in = pair.client().getInputStream();
        OutputStream out = pair.client().getOutputStream();
        pair.client().close();
        pair.client().close();

        assertThatThrownBy(in::read).isExactlyInstanceOf(SocketException.class).hasMessage("Socket closed");
        assertThatThrownBy(() -> out.write(1))
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket closed");
        assertThatThrownBy(in::available)
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket closed");
        assertThatThrownBy(() -> pair.client().connect(any()))
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket is closed");
        assertThatThrownBy(() -> pair.client().setTcpNoDelay(true))
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket is closed");
    }

    @Test
    void connecting_twice_is_an_error() throws IOException {
        ServerSocket server = listening();
        Socket client = connectedTo(server);

        assertThatThrownBy(() -> client.connect(end(server)))
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Already connected");
    }

    @Test
    void a_name_without_an_address_is_unknown() throws IOException {
        Socket socket = closing(platform.socket());

        assertThatThrownBy(() -> socket.connect(InetSocketAddress.createUnresolved("nowhere.invalid", 80)))
                .isExactlyInstanceOf(UnknownHostException.class);
    }

    @Test
    void the_local_end_can_be_chosen() throws IOException {
        ServerSocket server = listening();
        Socket client = closing(platform.socket());
        client.bind(any());
        int port = client.getLocalPort();

        client.connect(end(server));

        assertThat(client.getLocalPort()).isEqualTo(port);
        assertThat(closing(server.accept()).getPort()).isEqualTo(port);
    }

    @Test
    void a_port_that_is_bound_is_in_use() throws IOException {
        Socket first = closing(platform.socket());
        first.bind(any());
        Socket second = closing(platform.socket());

        assertThatThrownBy(() -> second.bind(first.getLocalSocketAddress()))
                .isExactlyInstanceOf(BindException.class)
                .hasMessage("Address already in use");
    }

    @Test
    void connecting_to_the_wildcard_means_this_host() throws IOException {
        ServerSocket server = closing(platform.serverSocket());
        server.bind(new InetSocketAddress(0));
        Socket client = closing(platform.socket());

        client.connect(new InetSocketAddress("0.0.0.0", server.getLocalPort()));

        assertThat(closing(server.accept()).getPort()).isEqualTo(client.getLocalPort());
    }

    @Test
    void options_are_kept() throws IOException {
        Socket client = connected().client();
        assertThat(client.getTcpNoDelay()).isFalse();
        assertThat(client.getSoLinger()).isEqualTo(-1);

        client.setTcpNoDelay(true);
        client.setKeepAlive(true);
        client.setSoLinger(true, 7);
        client.setSendBufferSize(65_536);
        client.setReceiveBufferSize(65_536);
        client.setTrafficClass(0x10);
        client.setSoTimeout(4_321);

        assertThat(client.getTcpNoDelay()).isTrue();
        assertThat(client.getKeepAlive()).isTrue();
        assertThat(client.getSoLinger()).isEqualTo(7);
        assertThat(client.getSendBufferSize()).isGreaterThanOrEqualTo(65_536);
        assertThat(client.getReceiveBufferSize()).isGreaterThanOrEqualTo(65_536);
        assertThat(client.getTrafficClass()).isEqualTo(0x10);
        assertThat(client.getSoTimeout()).isEqualTo(4_321);
        client.setSoLinger(false, 0);
        assertThat(client.getSoLinger()).isEqualTo(-1);
    }

    @Test
    void named_options_are_kept() throws IOException {
        Socket client = connected().client();

        client.setOption(StandardSocketOptions.TCP_NODELAY, true);
        client.setOption(StandardSocketOptions.SO_LINGER, 100_000);

        assertThat(client.getOption(StandardSocketOptions.TCP_NODELAY)).isTrue();
        assertThat(client.getOption(StandardSocketOptions.SO_LINGER)).isEqualTo(65_535);
        client.setOption(StandardSocketOptions.SO_LINGER, -5);
        assertThat(client.getOption(StandardSocketOptions.SO_LINGER)).isEqualTo(-1);
    }

    @Test
    void unknown_options_and_values_are_refused() throws IOException {
        Socket client = connected().client();

        assertThatThrownBy(() -> client.setOption(StandardSocketOptions.SO_BROADCAST, true))
                .isExactlyInstanceOf(UnsupportedOperationException.class)
                .hasMessage("'SO_BROADCAST' not supported");
        assertThatThrownBy(() -> client.setOption(StandardSocketOptions.IP_TOS, 256))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid IP_TOS value");
        assertThatThrownBy(() -> client.setOption(StandardSocketOptions.SO_KEEPALIVE, null))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid value 'null'");
        assertThatThrownBy(() -> client.setSoTimeout(-1)).isExactlyInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> client.setSendBufferSize(0)).isExactlyInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void reading_nothing_returns_nothing() throws IOException {
        Sockets pair = connected();

        assertThat(pair.client().getInputStream().read(new byte[0])).isZero();
        pair.client().getOutputStream().write(new byte[0]);
        assertThatThrownBy(() -> pair.client().getInputStream().read(new byte[2], 1, 2))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void what_can_be_read_at_once_is_known() throws IOException {
        Sockets pair = connected();
        assertThat(pair.client().getInputStream().available()).isZero();

        send(pair.server(), "seven b");

        Task.await("data arrives", () -> available(pair.client()) == 7);
        assertThat(receive(pair.client(), 3)).isEqualTo("sev");
        assertThat(available(pair.client())).isEqualTo(4);
    }

    @ParameterizedTest
    @EnumSource
    void much_data_arrives_whole(Task.On kind) throws IOException {
        Sockets pair = connected();
        byte[] data = random(20_000_000);
        Task<Void> writing = Task.start(kind, () -> {
            OutputStream out = pair.server().getOutputStream();
            int at = 0;
            for (int size = 1; at < data.length; size = size * 3 % 99_991 + 1) {
                int part = Math.min(size, data.length - at);
                out.write(data, at, part);
                at += part;
            }
            pair.server().close();
            return null;
        });

        String received =
                Task.start(kind, () -> digest(pair.client().getInputStream())).get();

        writing.get();
        assertThat(received).isEqualTo(digest(data));
    }

    @Test
    void reading_and_writing_go_on_at_the_same_time() throws IOException {
        Sockets pair = connected();
        byte[] data = random(3_000_000);
        List<Task<String>> readers = new ArrayList<>();
        List<Task<Void>> writers = new ArrayList<>();
        for (Socket socket : List.of(pair.client(), pair.server())) {
            readers.add(Task.start(Task.On.VIRTUAL, () -> digest(socket.getInputStream())));
            writers.add(Task.start(Task.On.VIRTUAL, () -> {
                socket.getOutputStream().write(data);
                socket.shutdownOutput();
                return null;
            }));
        }

        writers.forEach(Task::get);
        assertThat(readers).allSatisfy(reader -> assertThat(reader.get()).isEqualTo(digest(data)));
    }

    @Test
    void many_connections_at_once_each_get_their_own_reply() throws IOException {
        ServerSocket server = closing(platform.serverSocket());
        server.bind(any(), 500);
        int clients = 300;
        Task<Void> serving = Task.start(() -> {
            for (int i = 0; i < clients; i++) {
                Socket accepted = closing(server.accept());
                Task.start(Task.On.VIRTUAL, () -> {
                    try (accepted) {
                        accepted.getOutputStream().write(bytes(receive(accepted, 8)));
                        return null;
                    }
                });
            }
            return null;
        });

        List<Task<String>> replies = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            String request = "%08d".formatted(i);
            replies.add(Task.start(Task.On.VIRTUAL, () -> {
                try (Socket client = platform.socket()) {
                    client.connect(end(server));
                    send(client, request);
                    return text(client.getInputStream().readAllBytes());
                }
            }));
        }

        serving.get();
        for (int i = 0; i < clients; i++) {
            assertThat(replies.get(i).get()).isEqualTo("%08d".formatted(i));
        }
    }

    @Test
    void connections_one_after_the_other_do_not_run_out() throws IOException {
        ServerSocket server = listening();
        for (int i = 0; i < 1_000; i++) {
            try (Socket client = platform.socket()) {
                client.connect(end(server));
                try (Socket accepted = server.accept()) {
                    send(client, "x");
                    assertThat(receive(accepted, 1)).isEqualTo("x");
                }
            }
        }
    }
}
