package dev.berth.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// The kernel's end of the TUN benchmarks: a child JVM in the namespace, on plain sockets of the JDK. It serves
/// [PeerTask]s, and is their client for the other side of the comparison. It ends with its standard input, so that
/// nothing is left when the benchmark is killed.
final class PeerProgram {
    private PeerProgram() {}

    /// Prints `port N`, then answers each line `TASK NANOS` with the figure or with `error ...`.
    public static void main(String[] arguments) throws IOException {
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (ServerSocket server = new ServerSocket(0)) {
            Thread.ofPlatform().daemon().start(() -> serve(server));
            System.out.println("port " + server.getLocalPort());
            String line;
            while ((line = commands.readLine()) != null) {
                String[] words = line.split(" ", -1);
                System.out.println(answer(server.getLocalPort(), words[0], Long.parseLong(words[1])));
            }
        }
    }

    private static String answer(int port, String task, long nanos) {
        try (Sockets.Connection connection =
                new KernelSockets.KernelConnection(new Socket(InetAddress.getLoopbackAddress(), port))) {
            return String.format(Locale.ROOT, "%.6f", PeerTask.valueOf(task).run(connection, nanos));
        } catch (IOException | RuntimeException e) {
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
