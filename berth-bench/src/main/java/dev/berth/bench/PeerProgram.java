package dev.berth.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// The kernel's end of the TUN benchmarks: a child JVM in the namespace, on plain sockets of the JDK. It serves
/// [PeerTask]s, and is their client for the other side of the comparison. It ends with its standard input, so that
/// nothing is left when the benchmark is killed.
final class PeerProgram {
    static final String CONNECT = "CONNECT";

    private static final int BACKLOG = 1_024;
    private static final int BATCH = 16;
    private static final int CONNECT_LIMIT_MILLIS = 10_000;

    private PeerProgram() {}

    /// Prints `port N RESETS`, the ports of the tasks and of connections that are only accepted and closed; then
    /// answers each line `TASK NANOS` with the figure, and `CONNECT NANOS ADDRESS PORT` with connections per second and
    /// their number, or with `error ...`.
    public static void main(String[] arguments) throws IOException {
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (ServerSocket server = new ServerSocket(0);
                ServerSocket resets = new ServerSocket(0, BACKLOG)) {
            Thread.ofPlatform().daemon().start(() -> serve(server));
            Thread.ofPlatform().daemon().start(() -> acceptAndClose(resets));
            System.out.println("port " + server.getLocalPort() + " " + resets.getLocalPort());
            String line;
            while ((line = commands.readLine()) != null) {
                String[] words = line.split(" ", -1);
                long nanos = Long.parseLong(words[1]);
                System.out.println(
                        words[0].equals(CONNECT)
                                ? connect(nanos, words[2], Integer.parseInt(words[3]))
                                : answer(server.getLocalPort(), words[0], nanos));
            }
        }
    }

    /// Connects and closes by RST, one after the other.
    private static String connect(long nanos, String address, int port) {
        long[] count = new long[1];
        try {
            InetSocketAddress to = new InetSocketAddress(InetAddress.getByName(address), port);
            double each = Batches.nanosPerOperation(nanos, BATCH, () -> {
                for (int i = 0; i < BATCH; i++) {
                    try (Socket socket = new Socket()) {
                        socket.setSoLinger(true, 0);
                        socket.connect(to, CONNECT_LIMIT_MILLIS);
                    }
                    count[0]++;
                }
            });
            return String.format(Locale.ROOT, "%.6f %d", 1e9 / each, count[0]);
        } catch (Exception e) {
            return "error " + e;
        }
    }

    private static void acceptAndClose(ServerSocket server) {
        while (!server.isClosed()) {
            try {
                server.accept().close();
            } catch (IOException e) {
                System.err.println(e);
            }
        }
    }

    private static String answer(int port, String task, long nanos) {
        try (Sockets.Connection connection =
                new KernelSockets.KernelConnection(new Socket(InetAddress.getLoopbackAddress(), port))) {
            return String.format(Locale.ROOT, "%.6f", PeerTask.valueOf(task).run(connection, nanos));
        } catch (Exception e) {
            return "error " + e;
        }
    }

    private static void serve(ServerSocket server) {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                Thread.ofPlatform().daemon().start(() -> {
                    try (Sockets.Connection connection = new KernelSockets.KernelConnection(socket)) {
                        PeerTask.serve(connection);
                    } catch (IOException | RuntimeException e) {
                        System.err.println(e);
                    }
                });
            } catch (IOException e) {
                return;
            }
        }
    }
}
