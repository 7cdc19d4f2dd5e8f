package dev.berth.cli;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.Channels;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;

/// The program of the run that the script `berth` makes an ahead-of-time cache of: it uses sockets as a small server
/// does. What `berth run` does before is in that run as well.
final class Training {
    private Training() {}

    /// Runs, and fails if anything is not as `berth run` has it.
    ///
    /// @throws IOException if sockets do not work
    public static void main(String[] args) throws IOException {
        classesOfTheJdk();
        useSockets();
        useDatagrams();
        useChannels();
    }

    /// Loads what the JDK has in its own class-data archive, in whose place the cache is used.
    private static void classesOfTheJdk() throws IOException {
        Path list = Path.of(System.getProperty("java.home"), "lib", "classlist");
        if (!Files.isReadable(list)) {
            return; // an image without it: those programs load some classes from there instead
        }
        for (String line : Files.readAllLines(list)) {
            if (!line.isEmpty() && Character.isJavaIdentifierStart(line.charAt(0))) {
                load(line.split(" ", 2)[0].replace('/', '.'));
            }
        }
    }

    private static void load(String name) {
        try {
            Class.forName(name, false, ClassLoader.getSystemClassLoader());
        } catch (ClassNotFoundException _) {
            // The list is of the whole JDK, and this may be a part of it.
        }
    }

    private static void useSockets() throws IOException {
        InetAddress own = InetAddress.getByName("app");
        try (ServerSocket server = new ServerSocket(0);
                Socket client = new Socket(own, server.getLocalPort());
                Socket accepted = server.accept()) {
            client.setTcpNoDelay(true);
            client.getOutputStream().write(1);
            accepted.getInputStream().read();
        }
        Collections.list(NetworkInterface.getNetworkInterfaces());
        InetAddress.getLocalHost();
    }

    private static void useDatagrams() throws IOException {
        try (DatagramSocket from = new DatagramSocket();
                DatagramSocket to = new DatagramSocket(new InetSocketAddress(InetAddress.getByName("app"), 0))) {
            to.setReuseAddress(true);
            from.send(new DatagramPacket(new byte[1], 1, to.getLocalSocketAddress()));
            to.receive(new DatagramPacket(new byte[1], 1));
        }
    }

    private static void useChannels() throws IOException {
        try (Selector selector = Selector.open();
                ServerSocketChannel server = ServerSocketChannel.open();
                SocketChannel client = SocketChannel.open();
                AsynchronousSocketChannel asynchronous = AsynchronousSocketChannel.open()) {
            server.bind(null).configureBlocking(false).register(selector, SelectionKey.OP_ACCEPT);
            client.connect(server.getLocalAddress());
            selector.select(1_000);
            client.write(ByteBuffer.wrap(new byte[1]));
            Channels.newInputStream(client).close();
            if (!asynchronous.isOpen()) {
                throw new IOException("The channel is closed");
            }
        }
    }
}
