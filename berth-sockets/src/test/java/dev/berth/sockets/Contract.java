package dev.berth.sockets;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.Parameter;

/// What the contracts share: making sockets that are closed after the test, and sending bytes.
@OnBothPlatforms
abstract class Contract {
    @Parameter
    Platform platform;

    private final Deque<Closeable> opened = new ArrayDeque<>();

    @AfterEach
    void closeAll() throws IOException {
        synchronized (opened) {
            while (!opened.isEmpty()) {
                opened.pop().close();
            }
        }
    }

    /// Closes `resource` after the test.
    <T extends Closeable> T closing(T resource) {
        synchronized (opened) {
            opened.push(resource);
        }
        return resource;
    }

    // ---- java.net

    /// Two ends of a connection.
    record Sockets(Socket client, Socket server) {}

    ServerSocket listening() throws IOException {
        ServerSocket server = closing(platform.serverSocket());
        server.bind(any());
        return server;
    }

    Socket connectedTo(ServerSocket server) throws IOException {
        Socket client = closing(platform.socket());
        client.connect(end(server));
        return client;
    }

    Sockets connected() throws IOException {
        ServerSocket server = listening();
        Socket client = connectedTo(server);
        return new Sockets(client, closing(server.accept()));
    }

    DatagramSocket boundDatagrams() throws IOException {
        return closing(platform.datagramSocket(any()));
    }

    /// The loopback address with a port that the platform chooses.
    InetSocketAddress any() {
        return new InetSocketAddress(platform.loopback(), 0);
    }

    InetSocketAddress end(ServerSocket server) {
        return new InetSocketAddress(platform.loopback(), server.getLocalPort());
    }

    /// A port on which nobody listens.
    InetSocketAddress deaf() throws IOException {
        ServerSocket server = listening();
        InetSocketAddress end = end(server);
        server.close();
        return end;
    }

    // ---- channels

    /// Two ends of a connection.
    record ChannelPair(SocketChannel client, SocketChannel server) {}

    ServerSocketChannel listeningChannel() throws IOException {
        return closing(platform.provider().openServerSocketChannel()).bind(any());
    }

    SocketChannel openChannel() throws IOException {
        return closing(platform.provider().openSocketChannel());
    }

    ChannelPair connectedChannels() throws IOException {
        ServerSocketChannel server = listeningChannel();
        SocketChannel client = openChannel();
        client.connect(server.getLocalAddress());
        return new ChannelPair(client, closing(server.accept()));
    }

    // ---- bytes

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    static ByteBuffer buffer(String text) {
        return ByteBuffer.wrap(bytes(text));
    }

    static void send(Socket socket, String text) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(bytes(text));
        out.flush();
    }

    static String receive(Socket socket, int length) throws IOException {
        return text(socket.getInputStream().readNBytes(length));
    }

    static void send(SocketChannel channel, String text) throws IOException {
        ByteBuffer buffer = buffer(text);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    static String receive(SocketChannel channel, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
            Thread.onSpinWait();
        }
        return text(buffer);
    }

    /// What was put into a buffer.
    static String text(ByteBuffer buffer) {
        ByteBuffer content = buffer.duplicate().flip();
        return StandardCharsets.US_ASCII.decode(content).toString();
    }

    static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    static String digest(byte[] bytes) {
        return HexFormat.of().formatHex(sha256().digest(bytes));
    }

    /// The digest of all that comes until the end.
    static String digest(InputStream in) throws IOException {
        MessageDigest digest = sha256();
        byte[] part = new byte[10_007];
        int n;
        while ((n = in.read(part)) >= 0) {
            digest.update(part, 0, n);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    static int port(@Nullable SocketAddress address) {
        return ((InetSocketAddress) address).getPort();
    }
}
