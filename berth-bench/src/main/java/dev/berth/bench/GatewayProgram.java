package dev.berth.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.FutureTask;

/// The kernel's ends of the gateway benchmarks: a child JVM in a namespace, on plain sockets of the JDK, as the server
/// outside or as the client inside. It ends with its standard input, so that nothing is left when the benchmark is
/// killed.
final class GatewayProgram {
    /// They go with the process.
    private static final List<SocketChannel> ACCEPTED = new ArrayList<>();

    static final String CONNECT = "CONNECT";
    static final String HOLD = "HOLD";
    static final String LEAVE = "LEAVE";

    private static final int BACKLOG = 4_096;
    private static final int AT_ONCE = 8;
    private static final int BATCH = 16;
    private static final int LIMIT_MILLIS = 30_000;

    private final List<SocketChannel> held = new ArrayList<>();

    private GatewayProgram() {}

    /// Prints `port TASKS SHORT HELD`, the ports of [PeerTask]s, of connections that are only accepted and closed, and
    /// of those that are only accepted; then answers each line `TASK NUMBER ADDRESS PORT`. The number is nanoseconds
    /// or, for `HOLD`, how many connections to open and keep until `LEAVE`. An answer is a figure or `error ...`.
    public static void main(String[] arguments) throws IOException {
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (ServerSocket tasks = new ServerSocket(0, BACKLOG);
                ServerSocket brief = new ServerSocket(0, BACKLOG);
                ServerSocketChannel keeping = ServerSocketChannel.open()) {
            keeping.bind(new InetSocketAddress(0), BACKLOG);
            var _ = Threads.start(false, () -> serve(tasks));
            var _ = Threads.start(false, () -> acceptAndClose(brief));
            var _ = Threads.start(false, () -> acceptAndKeep(keeping));
            System.out.println("port " + tasks.getLocalPort() + " " + brief.getLocalPort() + " "
                    + keeping.socket().getLocalPort());
            GatewayProgram program = new GatewayProgram();
            String line;
            while ((line = commands.readLine()) != null) {
                System.out.println(program.answer(line.split(" ", -1)));
            }
        }
    }

    private String answer(String[] words) {
        try {
            long number = Long.parseLong(words[1]);
            InetSocketAddress to = new InetSocketAddress(InetAddress.getByName(words[2]), Integer.parseInt(words[3]));
            return switch (words[0]) {
                case CONNECT -> figure(connect(number, to));
                case HOLD -> figure(hold((int) number, to));
                case LEAVE -> figure(leave());
                default -> figure(stream(PeerTask.valueOf(words[0]), number, to));
            };
        } catch (Exception e) {
            return "error " + e;
        }
    }

    private static String figure(double value) {
        return String.format(Locale.ROOT, "%.6f", value);
    }

    private static double stream(PeerTask task, long nanos, InetSocketAddress to) throws Exception {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(LIMIT_MILLIS);
            socket.connect(to, LIMIT_MILLIS);
            return task.run(new KernelSockets.KernelConnection(socket), nanos);
        }
    }

    /// Connects from several threads, each of which waits for the end that the server sends, and says how many
    /// connections there were in a second.
    private static double connect(long nanos, InetSocketAddress to) throws Exception {
        List<FutureTask<Double>> all = new ArrayList<>();
        for (int i = 0; i < AT_ONCE; i++) {
            all.add(Threads.start(
                    false,
                    () -> Batches.nanosPerOperation(nanos, BATCH, () -> {
                        for (int each = 0; each < BATCH; each++) {
                            try (Socket socket = new Socket()) {
                                socket.setSoTimeout(LIMIT_MILLIS);
                                socket.connect(to, LIMIT_MILLIS);
                                if (socket.getInputStream().read() != -1) {
                                    throw new AssertionError("An octet that nobody has sent");
                                }
                            }
                        }
                    })));
        }
        double rate = 0;
        for (FutureTask<Double> each : all) {
            rate += 1e9 / Threads.join(each);
        }
        return rate;
    }

    private double hold(int count, InetSocketAddress to) throws IOException {
        for (int i = 0; i < count; i++) {
            SocketChannel channel = SocketChannel.open();
            held.add(channel);
            channel.socket().connect(to, LIMIT_MILLIS);
        }
        return held.size();
    }

    private double leave() throws IOException {
        int count = held.size();
        for (SocketChannel each : held) {
            each.setOption(StandardSocketOptions.SO_LINGER, 0);
            each.close();
        }
        held.clear();
        return count;
    }

    private static Void serve(ServerSocket server) throws IOException {
        while (true) {
            Socket socket = server.accept();
            var _ = Threads.start(false, () -> {
                try (Sockets.Connection connection = new KernelSockets.KernelConnection(socket)) {
                    PeerTask.serve(connection);
                }
                return null;
            });
        }
    }

    private static Void acceptAndClose(ServerSocket server) throws IOException {
        while (true) {
            server.accept().close();
        }
    }

    private static Void acceptAndKeep(ServerSocketChannel server) throws IOException {
        while (true) {
            ACCEPTED.add(server.accept());
        }
    }
}
