package dev.berth.sockets;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;

/// A platform for one [Case], with what contracts share; what it opens is closed after the case.
final class Scene extends Contract implements AutoCloseable {
    Scene(Platform platform) {
        this.platform = platform;
    }

    @Override
    public void close() throws IOException {
        closeAll();
    }

    /// Two ends of a connection whose client is `client`.
    Sockets connect(Socket client) throws IOException {
        ServerSocket server = listening();
        client.connect(end(server));
        return new Sockets(client, closing(server.accept()));
    }

    /// The machine's loopback interface.
    static NetworkInterface lo() throws IOException {
        return NetworkInterface.getByName("lo");
    }

    /// An address without an address.
    static InetSocketAddress unresolved() {
        return InetSocketAddress.createUnresolved("nobody.invalid", 80);
    }

    /// An address of a kind that nobody knows.
    static SocketAddress strange() {
        return new SocketAddress() {};
    }
}
