package dev.berth.sockets.installed;

import static dev.berth.sockets.installed.Scene.check;
import static dev.berth.sockets.installed.Scene.same;

import dev.berth.host.Host;
import dev.berth.names.NameTable;
import dev.berth.network.Network;
import dev.berth.sockets.BerthSockets;
import dev.berth.sockets.HostScope;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Map;

/// Three hosts in one JVM: the installed one, and two that threads are in the scope of. Each has port 80 to itself.
final class ScopeProgram {
    private ScopeProgram() {}

    public static void main(String[] args) {
        Scene.play(() -> {
            Network network = Network.create("scopes");
            HostScope a = scope(network, "a", "10.0.0.1");
            HostScope b = scope(network, "b", "10.0.0.2");
            BerthSockets.install(network.host("c", IpAddress.Prefix.parse("10.0.0.3/24")), false);
            sockets(a, b);
            channels(a, b);
            datagrams(a, b);
            names(a, b);
            return null;
        });
    }

    /// `server.test` is another host in each scope.
    private static HostScope scope(Network network, String name, String address) throws IOException {
        Host host = network.host(name, IpAddress.Prefix.parse(address + "/24"));
        return HostScope.of(host, false, NameTable.of(Map.of("server.test", List.of(IpAddress.parse(address)))));
    }

    private static void sockets(HostScope a, HostScope b) throws IOException {
        try (ServerSocket onA = a.call(() -> new ServerSocket(80));
                ServerSocket onB = b.call(() -> new ServerSocket(80));
                ServerSocket onC = new ServerSocket(80);
                Socket client = b.call(() -> new Socket("10.0.0.1", 80));
                Socket accepted = onA.accept()) {
            same(client.getLocalAddress().getHostAddress(), "10.0.0.2");
            same(accepted.getInetAddress().getHostAddress(), "10.0.0.2");
            client.getOutputStream().write(Scene.bytes("to a"));
            same(Scene.text(accepted.getInputStream().readNBytes(4)), "to a");
            check(onB.getLocalPort() == onC.getLocalPort(), "each host has a port 80");
        }
    }

    private static void channels(HostScope a, HostScope b) throws IOException {
        try (ServerSocketChannel server = a.call(ServerSocketChannel::open)) {
            server.bind(new InetSocketAddress(80));
            try (SocketChannel client = b.call(SocketChannel::open)) {
                client.connect(new InetSocketAddress("10.0.0.1", 80));
                try (SocketChannel accepted = server.accept()) {
                    same(
                            ((InetSocketAddress) accepted.getRemoteAddress())
                                    .getAddress()
                                    .getHostAddress(),
                            "10.0.0.2");
                    same(client.write(ByteBuffer.wrap(Scene.bytes("hey"))), 3);
                    same(accepted.read(ByteBuffer.allocate(9)), 3);
                }
            }
        }
    }

    private static void datagrams(HostScope a, HostScope b) throws IOException {
        try (DatagramSocket onA = a.call(() -> new DatagramSocket(53));
                DatagramSocket onB = b.call(() -> new DatagramSocket())) {
            onB.send(new DatagramPacket(Scene.bytes("?"), 1, new InetSocketAddress("10.0.0.1", 53)));
            DatagramPacket packet = new DatagramPacket(new byte[9], 9);
            onA.receive(packet);
            same(packet.getAddress().getHostAddress(), "10.0.0.2");
        }
    }

    private static void names(HostScope a, HostScope b) throws IOException {
        for (int i = 0; i < 3; i++) {
            same(a.call(() -> InetAddress.getByName("server.test")).getHostAddress(), "10.0.0.1");
            same(b.call(() -> InetAddress.getByName("server.test")).getHostAddress(), "10.0.0.2");
            try {
                InetAddress address = InetAddress.getByName("server.test");
                throw new AssertionError("server.test is " + address);
            } catch (UnknownHostException e) {
                check(e.getMessage().startsWith("server.test"), "the message names the host: " + e.getMessage());
            }
        }
        same(b.call(InetAddress::getLocalHost).getHostAddress(), "10.0.0.2");
    }
}
