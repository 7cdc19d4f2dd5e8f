package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.MulticastSocket;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Close, interrupt, shutdown and time-outs against whatever else goes on, thousands of times on Berth: each round
/// ends, in one of the ways that the JDK has too.
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SocketRacesTest extends Contract {
    private static final int ROUNDS = 2_000;
    private static final int ROUNDS_OF_THE_KERNEL = 400; // which are slower, and not what is tested
    private static final String CLOSED = "java.net.SocketException: Socket closed";
    private static final String CLOSED_BY_INTERRUPT = "java.net.SocketException: Closed by interrupt";
    private static final String CHANNEL_CLOSED = "java.nio.channels.ClosedChannelException: null";
    private static final String CHANNEL_CLOSED_MEANWHILE = "java.nio.channels.AsynchronousCloseException: null";
    private static final String CHANNEL_INTERRUPTED = "java.nio.channels.ClosedByInterruptException: null";

    @FunctionalInterface
    private interface Round {
        String run(int number) throws Exception;
    }

    private void rounds(Set<String> allowed, Round round) throws Exception {
        Set<String> seen = new TreeSet<>();
        int rounds = platform instanceof KernelPlatform ? ROUNDS_OF_THE_KERNEL : ROUNDS;
        for (int i = 0; i < rounds; i++) {
            seen.add(round.run(i));
        }
        assertThat(allowed).containsAll(seen);
    }

    /// The outcome of `one` while `other` is done; when, varies with the number of the round.
    private static String race(Task.On on, int number, Case.Step one, Case.Action other) throws Exception {
        Task<String> task = Task.start(on, () -> Case.note(one));
        pause(number);
        other.run();
        return task.get();
    }

    private static void pause(int number) {
        for (int i = 0; i < number % 50 * 60; i++) {
            Thread.onSpinWait();
        }
    }

    private Sockets pair(ServerSocket server) throws IOException {
        Socket client = platform.socket();
        client.connect(end(server));
        return new Sockets(client, server.accept());
    }

    private static void close(Sockets both) throws IOException {
        reset(both.client());
        reset(both.server());
    }

    /// Closes with a RST: thousands of connections in TIME-WAIT would take all the ports that can be chosen.
    private static void reset(Socket socket) throws IOException {
        if (!socket.isClosed()) {
            socket.setSoLinger(true, 0);
            socket.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void close_against_read(Task.On on) throws Exception {
        ServerSocket server = listening();
        rounds(Set.of(CLOSED), number -> {
            Sockets both = pair(server);
            InputStream in = both.client().getInputStream();
            String outcome = race(on, number, () -> in.read(), both.client()::close);
            close(both);
            return outcome;
        });
    }

    @ParameterizedTest
    @EnumSource
    void close_against_read_with_a_time_out(Task.On on) throws Exception {
        ServerSocket server = listening();
        rounds(Set.of(CLOSED), number -> {
            Sockets both = pair(server);
            both.client().setSoTimeout(15_000);
            InputStream in = both.client().getInputStream();
            String outcome = race(on, number, () -> in.read(), both.client()::close);
            close(both);
            return outcome;
        });
    }

    @ParameterizedTest
    @EnumSource
    void close_against_write(Task.On on) throws Exception {
        ServerSocket server = listening();
        byte[] much = new byte[8_000_000];
        rounds(Set.of(CLOSED), number -> {
            Sockets both = pair(server);
            OutputStream out = both.client().getOutputStream();
            String outcome = race(on, number, Case.does(() -> out.write(much)), both.client()::close);
            close(both);
            return outcome;
        });
    }

    @ParameterizedTest
    @EnumSource
    void the_end_against_read(Task.On on) throws Exception {
        ServerSocket server = listening();
        rounds(Set.of("-1"), number -> {
            Sockets both = pair(server);
            InputStream in = both.client().getInputStream();
            String outcome = race(on, number, () -> in.read(), both.server()::close);
            close(both);
            return outcome;
        });
    }

    @ParameterizedTest
    @EnumSource
    void shutting_the_input_down_against_read(Task.On on) throws Exception {
        ServerSocket server = listening();
        rounds(Set.of("-1"), number -> {
            Sockets both = pair(server);
            InputStream in = both.client().getInputStream();
            String outcome = race(on, number, () -> in.read(), both.client()::shutdownInput);
            close(both);
            return outcome;
        });
    }

    @ParameterizedTest
    @EnumSource
    void shutting_the_output_down_against_write(Task.On on) throws Exception {
        ServerSocket server = listening();
        rounds(Set.of("done", "java.net.SocketException: Broken pipe"), number -> {
            Sockets both = pair(server);
            OutputStream out = both.client().getOutputStream();
            String outcome = race(on, number, Case.does(() -> out.write(new byte[100])), both.client()::shutdownOutput);
            close(both);
            return outcome;
        });
    }

    @ParameterizedTest
    @EnumSource
    void close_against_accept(Task.On on) throws Exception {
        rounds(Set.of(CLOSED, "java.net.SocketException: Socket is closed"), number -> {
            ServerSocket server = listening();
            return race(on, number, server::accept, server::close);
        });
    }

    @ParameterizedTest
    @EnumSource
    void close_against_accept_and_connect(Task.On on) throws Exception {
        Set<String> allowed = new HashSet<>(Set.of(
                "done",
                "java.net.ConnectException: Connection refused",
                "java.net.SocketException: Connection reset",
                "java.net.SocketException: Connection reset by peer"));
        if (platform instanceof KernelPlatform) {
            // Seen once in some thousand rounds: nobody closes the other end of the connection. Why is not known.
            allowed.add("java.net.SocketTimeoutException: Read timed out");
        }
        rounds(allowed, number -> {
            ServerSocket server = listening();
            InetSocketAddress end = end(server);
            Task<String> accepting = Task.start(
                    on, () -> Case.note(Case.does(() -> server.accept().close())));
            String outcome = race(on, number, Case.does(() -> connectAndRead(end)), server::close);
            assertThat(accepting.get()).isIn("done", CLOSED, "java.net.SocketException: Socket is closed");
            return outcome;
        });
    }

    private void connectAndRead(InetSocketAddress end) throws IOException {
        try (Socket client = platform.socket()) {
            client.connect(end);
            client.setSoLinger(true, 0);
            client.setSoTimeout(2_000);
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void both_ends_close_at_once(Task.On on) throws Exception {
        ServerSocket server = listening();
        rounds(Set.of("done"), number -> {
            Sockets both = pair(server);
            both.client().getOutputStream().write(1);
            String outcome = race(on, number, Case.does(both.server()::close), both.client()::close);
            assertThat(both.client().isClosed() && both.server().isClosed()).isTrue();
            return outcome;
        });
    }

    @ParameterizedTest
    @EnumSource
    void two_close_the_same_socket(Task.On on) throws Exception {
        ServerSocket server = listening();
        rounds(Set.of("done"), number -> {
            Sockets both = pair(server);
            String outcome = race(on, number, Case.does(both.client()::close), both.client()::close);
            close(both);
            return outcome;
        });
    }

    @Test
    void close_against_options() throws Exception {
        ServerSocket server = listening();
        rounds(Set.of("true", CLOSED, "java.net.SocketException: Socket is closed"), number -> {
            Sockets both = pair(server);
            Case.Step options = () -> {
                both.client().setTcpNoDelay(true);
                both.client().setSoLinger(true, 1);
                return both.client().getTcpNoDelay();
            };
            String outcome = race(Task.On.PLATFORM, number, options, both.client()::close);
            close(both);
            return outcome;
        });
    }

    @Test
    void an_interrupt_against_data_on_a_virtual_thread() throws Exception {
        ServerSocket server = listening();
        rounds(Set.of("7", CLOSED_BY_INTERRUPT), number -> {
            Sockets both = pair(server);
            InputStream in = both.client().getInputStream();
            Task<String> reading = Task.start(Task.On.VIRTUAL, () -> Case.note(() -> in.read()));
            pause(number);
            both.server().getOutputStream().write(7);
            reading.interrupt();
            String outcome = reading.get();
            assertThat(both.client().isClosed()).isEqualTo(outcome.equals(CLOSED_BY_INTERRUPT));
            close(both);
            return outcome;
        });
    }

    @Test
    void an_interrupt_on_a_virtual_thread_that_accepts() throws Exception {
        rounds(Set.of(CLOSED_BY_INTERRUPT), number -> {
            ServerSocket server = listening();
            Task<String> accepting = Task.start(Task.On.VIRTUAL, () -> Case.note(server::accept));
            pause(number);
            accepting.interrupt();
            String outcome = accepting.get();
            assertThat(server.isClosed()).isTrue();
            return outcome;
        });
    }

    @Test
    void an_interrupt_does_not_disturb_a_platform_thread() throws Exception {
        ServerSocket server = listening();
        rounds(Set.of("7"), number -> {
            Sockets both = pair(server);
            InputStream in = both.client().getInputStream();
            Task<String> reading = Task.start(Task.On.PLATFORM, () -> Case.note(() -> in.read()));
            pause(number);
            reading.interrupt();
            both.server().getOutputStream().write(7);
            String outcome = reading.get();
            close(both);
            return outcome;
        });
    }

    @ParameterizedTest
    @EnumSource
    void a_time_out_against_data_loses_nothing(Task.On on) throws Exception {
        Sockets both = pair(listening());
        closing(both.client());
        closing(both.server());
        both.client().setSoTimeout(1);
        InputStream in = both.client().getInputStream();
        OutputStream out = both.server().getOutputStream();
        rounds(Set.of("ok"), number -> {
            int octet = number & 0x7f;
            String outcome = race(on, number, () -> in.read(), () -> out.write(octet));
            while (outcome.equals("java.net.SocketTimeoutException: Read timed out")) {
                outcome = Case.note(() -> in.read());
            }
            return outcome.equals(String.valueOf(octet)) ? "ok" : outcome;
        });
    }

    // ---- datagrams

    @ParameterizedTest
    @EnumSource
    void close_against_receive(Task.On on) throws Exception {
        rounds(Set.of(CLOSED), number -> {
            DatagramSocket socket = boundDatagrams();
            DatagramPacket packet = new DatagramPacket(new byte[1], 1);
            return race(on, number, Case.does(() -> socket.receive(packet)), socket::close);
        });
    }

    @ParameterizedTest
    @EnumSource
    void close_against_send(Task.On on) throws Exception {
        DatagramSocket receiver = boundDatagrams();
        rounds(Set.of("done", CLOSED), number -> {
            DatagramSocket socket = boundDatagrams();
            DatagramPacket packet = new DatagramPacket(new byte[1], 1, receiver.getLocalSocketAddress());
            return race(on, number, Case.does(() -> socket.send(packet)), socket::close);
        });
    }

    @Test
    void an_interrupt_on_a_virtual_thread_that_receives() throws Exception {
        rounds(Set.of(CLOSED_BY_INTERRUPT), number -> {
            DatagramSocket socket = boundDatagrams();
            DatagramPacket packet = new DatagramPacket(new byte[1], 1);
            Task<String> receiving =
                    Task.start(Task.On.VIRTUAL, () -> Case.note(Case.does(() -> socket.receive(packet))));
            pause(number);
            receiving.interrupt();
            String outcome = receiving.get();
            assertThat(socket.isClosed()).isTrue();
            return outcome;
        });
    }

    @ParameterizedTest
    @EnumSource
    void a_time_out_against_a_datagram_loses_nothing(Task.On on) throws Exception {
        DatagramSocket receiver = boundDatagrams();
        DatagramSocket sender = boundDatagrams();
        receiver.setSoTimeout(1);
        DatagramPacket got = new DatagramPacket(new byte[4], 4);
        rounds(Set.of("ok"), number -> {
            DatagramPacket packet = new DatagramPacket(new byte[] {(byte) number}, 1, receiver.getLocalSocketAddress());
            Case.Step receive = Case.does(() -> receiver.receive(got));
            String outcome = race(on, number, receive, () -> sender.send(packet));
            while (outcome.equals("java.net.SocketTimeoutException: Receive timed out")) {
                outcome = Case.note(receive);
            }
            return outcome.equals("done") && got.getData()[0] == (byte) number ? "ok" : outcome;
        });
    }

    @Test
    void close_against_joining_and_leaving() throws Exception {
        InetSocketAddress group = new InetSocketAddress(InetAddress.getByName("239.7.7.9"), 0);
        Set<String> allowed = Set.of(
                "done",
                CLOSED,
                CHANNEL_CLOSED,
                "java.net.SocketException: Socket is closed",
                "java.net.SocketException: Not a member of group");
        rounds(allowed, number -> {
            MulticastSocket socket = closing(platform.multicastSocket(any()));
            Case.Action joinAndLeave = () -> {
                socket.joinGroup(group, Scene.lo());
                socket.leaveGroup(group, Scene.lo());
            };
            return race(Task.On.PLATFORM, number, Case.does(joinAndLeave), socket::close);
        });
    }

    // ---- channels

    private ChannelPair pair(ServerSocketChannel server) throws IOException {
        SocketChannel client = platform.provider().openSocketChannel();
        client.connect(server.getLocalAddress());
        return new ChannelPair(client, server.accept());
    }

    private static void close(ChannelPair both) throws IOException {
        reset(both.client());
        reset(both.server());
    }

    private static void reset(SocketChannel channel) throws IOException {
        if (channel.isOpen()) {
            channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            channel.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void close_against_a_channels_read(Task.On on) throws Exception {
        ServerSocketChannel server = listeningChannel();
        rounds(Set.of(CHANNEL_CLOSED, CHANNEL_CLOSED_MEANWHILE), number -> {
            ChannelPair both = pair(server);
            String outcome = race(on, number, () -> both.client().read(ByteBuffer.allocate(1)), both.client()::close);
            close(both);
            return outcome;
        });
    }

    @ParameterizedTest
    @EnumSource
    void an_interrupt_against_a_channels_read(Task.On on) throws Exception {
        ServerSocketChannel server = listeningChannel();
        rounds(Set.of("1", CHANNEL_INTERRUPTED), number -> {
            ChannelPair both = pair(server);
            Task<String> reading =
                    Task.start(on, () -> Case.note(() -> both.client().read(ByteBuffer.allocate(1))));
            pause(number);
            both.server().write(buffer("x"));
            reading.interrupt();
            String outcome = reading.get();
            assertThat(both.client().isOpen()).isEqualTo(outcome.equals("1"));
            close(both);
            return outcome;
        });
    }

    @ParameterizedTest
    @EnumSource
    void an_interrupt_against_a_channels_accept(Task.On on) throws Exception {
        rounds(Set.of(CHANNEL_INTERRUPTED), number -> {
            ServerSocketChannel server = listeningChannel();
            return interrupted(on, number, server, server::accept);
        });
    }

    @ParameterizedTest
    @EnumSource
    void an_interrupt_against_a_channels_receive(Task.On on) throws Exception {
        rounds(Set.of(CHANNEL_INTERRUPTED), number -> {
            DatagramChannel channel = platform.provider().openDatagramChannel();
            channel.bind(new InetSocketAddress(platform.loopback(), 0));
            return interrupted(on, number, channel, () -> channel.receive(ByteBuffer.allocate(1)));
        });
    }

    private static String interrupted(Task.On on, int number, Channel channel, Case.Step waiting) throws Exception {
        Task<String> task = Task.start(on, () -> Case.note(waiting));
        pause(number);
        task.interrupt();
        String outcome = task.get();
        assertThat(channel.isOpen()).isFalse();
        return outcome;
    }

    @ParameterizedTest
    @EnumSource
    void shutting_down_against_a_channels_read_and_write(Task.On on) throws Exception {
        ServerSocketChannel server = listeningChannel();
        rounds(Set.of("-1"), number -> {
            ChannelPair both = pair(server);
            Case.Action shutdown = () -> {
                both.client().shutdownInput();
                both.client().shutdownOutput();
            };
            String outcome = race(on, number, () -> both.client().read(ByteBuffer.allocate(1)), shutdown);
            close(both);
            return outcome;
        });
    }

    @ParameterizedTest
    @EnumSource
    void close_against_a_channels_accept(Task.On on) throws Exception {
        rounds(Set.of(CHANNEL_CLOSED, CHANNEL_CLOSED_MEANWHILE), number -> {
            ServerSocketChannel server = listeningChannel();
            return race(on, number, server::accept, server::close);
        });
    }

    @ParameterizedTest
    @EnumSource
    void close_against_a_channels_connect(Task.On on) throws Exception {
        ServerSocketChannel server = listeningChannel();
        Set<String> allowed = Set.of("true", CHANNEL_CLOSED, CHANNEL_CLOSED_MEANWHILE);
        rounds(allowed, number -> {
            SocketChannel client = platform.provider().openSocketChannel();
            String outcome = race(on, number, () -> client.connect(server.getLocalAddress()), client::close);
            if (outcome.equals("true")) {
                reset(server.accept());
            } else {
                drain(server);
            }
            return outcome;
        });
    }

    /// What was connected before its end was closed.
    private static void drain(ServerSocketChannel server) throws IOException {
        server.configureBlocking(false);
        for (SocketChannel left = server.accept(); left != null; left = server.accept()) {
            reset(left);
        }
        server.configureBlocking(true);
    }

    @ParameterizedTest
    @EnumSource
    void a_wake_up_against_a_select(Task.On on) throws Exception {
        try (var selector = platform.provider().openSelector()) {
            rounds(Set.of("0"), number -> race(on, number, selector::select, selector::wakeup));
        }
    }

    @ParameterizedTest
    @EnumSource
    void close_against_a_select(Task.On on) throws Exception {
        rounds(Set.of("0", "java.nio.channels.ClosedSelectorException: null"), number -> {
            var selector = platform.provider().openSelector();
            return race(on, number, selector::select, selector::close);
        });
    }
}
