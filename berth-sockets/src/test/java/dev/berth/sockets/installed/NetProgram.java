package dev.berth.sockets.installed;

import static dev.berth.sockets.installed.Scene.check;
import static dev.berth.sockets.installed.Scene.same;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.MulticastSocket;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Arrays;

/// `java.net` and `java.nio.channels` as everybody uses them, with ports that only root could bind on a kernel.
final class NetProgram {
    private NetProgram() {}

    public static void main(String[] args) {
        Scene.play(() -> {
            Scene.install();
            names();
            sockets();
            datagrams();
            channels();
            return null;
        });
    }

    private static void names() throws IOException {
        same(InetAddress.getByName("web.test").getHostAddress(), "10.0.0.1");
        same(InetAddress.getByName("WEB.TEST.").getHostAddress(), "10.0.0.1");
        check(InetAddress.getByName("localhost").isLoopbackAddress(), "localhost is the loopback");
        same(InetAddress.getAllByName("berth").length, 2);
        check(
                Arrays.asList(InetAddress.getAllByName("berth"))
                        .contains(InetAddress.getByAddress(
                                InetAddress.getLocalHost().getAddress())),
                "the local host is the host, not " + InetAddress.getLocalHost());
        same(InetAddress.getByName("10.0.0.1").getCanonicalHostName(), "web.test");
        try {
            InetAddress address = InetAddress.getByName("nowhere.test");
            throw new AssertionError("nowhere.test is " + address);
        } catch (UnknownHostException e) {
            check(e.getMessage().startsWith("nowhere.test"), "the message names the host: " + e.getMessage());
        }
    }

    private static void sockets() throws IOException {
        try (ServerSocket server = new ServerSocket(25);
                Socket client = new Socket("web.test", 25);
                Socket accepted = server.accept()) {
            client.getOutputStream().write(Scene.bytes("HELO"));
            same(Scene.text(accepted.getInputStream().readNBytes(4)), "HELO");
            same(accepted.getInetAddress().getHostAddress(), "10.0.0.1");
            same(client.getRemoteSocketAddress(), new InetSocketAddress("web.test", 25));
            check(client.getLocalPort() >= 1_024, "the client's port is ephemeral");
        }
    }

    private static void datagrams() throws IOException {
        try (DatagramSocket server = new DatagramSocket(53);
                DatagramSocket client = new DatagramSocket()) {
            byte[] query = Scene.bytes("query");
            client.send(new DatagramPacket(query, query.length, InetAddress.getByName("web.test"), 53));
            DatagramPacket packet = new DatagramPacket(new byte[100], 100);
            server.receive(packet);
            same(packet.getLength(), 5);
            same(packet.getPort(), client.getLocalPort());
            packetOfTwoSockets(server, client, packet);
        }
        try (MulticastSocket socket = new MulticastSocket(5_353)) {
            InetSocketAddress group = new InetSocketAddress("239.1.1.1", 5_353);
            socket.joinGroup(group, null);
            socket.send(new DatagramPacket(Scene.bytes("own"), 3, group));
            DatagramPacket packet = new DatagramPacket(new byte[100], 100);
            socket.receive(packet);
            same(packet.getLength(), 3);
            socket.leaveGroup(group, null);
        }
    }

    /// A packet that has got a short datagram has room for a long one, of another socket too.
    private static void packetOfTwoSockets(DatagramSocket server, DatagramSocket client, DatagramPacket packet)
            throws IOException {
        byte[] reply = Scene.bytes("a long reply");
        server.send(new DatagramPacket(reply, reply.length, packet.getAddress(), packet.getPort()));
        client.receive(packet);
        same(packet.getLength(), reply.length);
    }

    private static void channels() throws IOException {
        try (ServerSocketChannel server = ServerSocketChannel.open().bind(new InetSocketAddress(22));
                SocketChannel client = SocketChannel.open(new InetSocketAddress("web.test", 22));
                SocketChannel accepted = server.accept();
                Selector selector = Selector.open();
                DatagramChannel datagrams = DatagramChannel.open()) {
            client.write(ByteBuffer.wrap(Scene.bytes("SSH")));
            same(accepted.read(ByteBuffer.allocate(10)), 3);
            check(selector.getClass().getName().startsWith("dev.berth."), "the selector is Berth's");
            check(datagrams.getClass().getName().startsWith("dev.berth."), "the channel is Berth's");
        }
    }
}
