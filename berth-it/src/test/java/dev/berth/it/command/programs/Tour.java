package dev.berth.it.command.programs;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.MulticastSocket;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Collections;

/// Uses each kind of socket of the JDK once, on ports that only root could bind, and prints what it sees.
final class Tour {
    private Tour() {}

    public static void main(String[] args) throws Exception {
        sockets();
        channels();
        datagrams();
        multicast();
        addresses();
        System.out.println("done");
    }

    private static void sockets() throws Exception {
        try (ServerSocket server = new ServerSocket(80);
                Socket client = new Socket("localhost", 80);
                Socket accepted = server.accept()) {
            client.getOutputStream().write("socket".getBytes(StandardCharsets.UTF_8));
            client.shutdownOutput();
            System.out.println(new String(accepted.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    private static void channels() throws Exception {
        try (Selector selector = Selector.open();
                ServerSocketChannel server = ServerSocketChannel.open().bind(new InetSocketAddress(81));
                SocketChannel client = SocketChannel.open(new InetSocketAddress("localhost", 81))) {
            server.configureBlocking(false);
            server.register(selector, SelectionKey.OP_ACCEPT);
            selector.select(30_000);
            try (SocketChannel accepted = server.accept()) {
                InputStream in = Channels.newInputStream(accepted);
                OutputStream out = Channels.newOutputStream(accepted);
                Thread answering = Thread.ofVirtual().start(() -> answer(in, out));
                client.write(ByteBuffer.wrap(new byte[] {42}));
                ByteBuffer answer = ByteBuffer.allocate(1);
                client.read(answer);
                answering.join();
                System.out.println("channel " + answer.get(0));
            }
        }
    }

    private static void answer(InputStream in, OutputStream out) {
        try {
            out.write(in.read() + 1);
        } catch (java.io.IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void datagrams() throws Exception {
        try (DatagramSocket one = new DatagramSocket(53);
                DatagramChannel two = DatagramChannel.open()) {
            InetAddress own = InetAddress.getLocalHost();
            two.send(ByteBuffer.wrap(new byte[] {1, 2, 3}), new InetSocketAddress(own, 53));
            DatagramPacket packet = new DatagramPacket(new byte[8], 8);
            one.receive(packet);
            System.out.println("datagram " + packet.getLength() + " from "
                    + packet.getAddress().equals(own));
        }
    }

    private static void multicast() throws Exception {
        InetSocketAddress group = new InetSocketAddress("239.1.2.3", 5353);
        try (MulticastSocket socket = new MulticastSocket(5353)) {
            NetworkInterface nic = NetworkInterface.getByInetAddress(InetAddress.getLocalHost());
            socket.setNetworkInterface(nic);
            socket.joinGroup(group, nic);
            socket.send(new DatagramPacket(new byte[] {9}, 1, group));
            DatagramPacket packet = new DatagramPacket(new byte[8], 8);
            socket.receive(packet);
            System.out.println("multicast " + packet.getLength());
        }
    }

    private static void addresses() throws Exception {
        InetAddress own = InetAddress.getLocalHost();
        System.out.println("local host " + own);
        System.out.println("reachable " + own.isReachable(30_000));
        for (NetworkInterface nic : Collections.list(NetworkInterface.getNetworkInterfaces())) {
            System.out.println("interface " + nic.getName() + " " + nic.isUp() + " " + nic.isLoopback() + " "
                    + nic.getInterfaceAddresses().size());
        }
    }
}
