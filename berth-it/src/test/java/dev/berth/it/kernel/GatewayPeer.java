package dev.berth.it.kernel;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Programs for the ends of a gateway, run as children in namespaces. Servers print `ready` when they listen.
final class GatewayPeer {
    private static final int LIMIT_MILLIS = 60_000;
    private static final int ROUNDS = 4;
    private static final long PAUSE_MILLIS = 250;

    private GatewayPeer() {}

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[2]);
        InetSocketAddress end = new InetSocketAddress(InetAddress.getByName(arguments[1]), port);
        switch (arguments[0]) {
            case "echo" -> echo(end);
            case "slow" -> slow(end, Integer.parseInt(arguments[3]));
            case "last" -> last(end);
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    /// The command that runs this class in a child JVM.
    static String[] command(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx128m", "-XX:+UseSerialGC", "-cp", classPath(), GatewayPeer.class.getName()));
        command.addAll(List.of(arguments));
        return command.toArray(String[]::new);
    }

    static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    /// Sends back what comes, on each connection until its end.
    private static void echo(InetSocketAddress end) throws IOException {
        try (ServerSocket server = new ServerSocket(end.getPort(), 1_024, end.getAddress())) {
            System.out.println("ready");
            while (true) {
                Socket socket = server.accept();
                Thread.ofVirtual().start(() -> {
                    try (socket) {
                        socket.getInputStream().transferTo(socket.getOutputStream());
                    } catch (IOException e) {
                        System.out.println(e);
                    }
                });
            }
        }
    }

    /// Opens so many connections, and sends an octet on each in rounds with pauses; then ends them all, and says how
    /// many have given back everything and ended.
    private static void slow(InetSocketAddress end, int count) throws Exception {
        List<Socket> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Socket socket = new Socket();
            socket.setSoTimeout(LIMIT_MILLIS);
            socket.connect(end, LIMIT_MILLIS);
            all.add(socket);
        }
        System.out.println("open");
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < count; i++) {
                all.get(i).getOutputStream().write(i + round);
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        }
        int good = 0;
        for (int i = 0; i < count; i++) {
            try (Socket socket = all.get(i)) {
                socket.shutdownOutput();
                InputStream in = socket.getInputStream();
                boolean right = true;
                for (int round = 0; round < ROUNDS; round++) {
                    right &= in.read() == (i + round & 0xff);
                }
                good += right && in.read() < 0 ? 1 : 0;
            }
        }
        System.out.println("good " + good);
    }

    /// Tells the server of a crowd that it was the last.
    private static void last(InetSocketAddress end) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(end, LIMIT_MILLIS);
            new DataOutputStream(socket.getOutputStream()).writeInt(Conversation.LAST);
        }
    }
}
