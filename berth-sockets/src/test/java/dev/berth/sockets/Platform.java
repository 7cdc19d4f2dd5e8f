package dev.berth.sockets;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.MulticastSocket;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.channels.spi.AsynchronousChannelProvider;
import java.nio.channels.spi.SelectorProvider;
import org.jspecify.annotations.Nullable;

/// Where sockets live: the kernel, or a host of Berth. A contract holds on both.
interface Platform extends AutoCloseable {
    /// Channels and selectors.
    SelectorProvider provider();

    /// Asynchronous channels and their groups.
    AsynchronousChannelProvider asynchronousProvider();

    /// A new, unconnected socket.
    Socket socket() throws IOException;

    /// A new, unbound socket.
    ServerSocket serverSocket() throws IOException;

    /// A socket bound to `local`, or unbound for null.
    DatagramSocket datagramSocket(@Nullable SocketAddress local) throws IOException;

    /// A socket bound to `local`, or unbound for null, as programs have it without an agent: by way of a
    /// `DatagramSocketImpl`.
    DatagramSocket datagramSocketByFactory(@Nullable SocketAddress local) throws IOException;

    /// A multicast socket bound to `local`, or unbound for null.
    MulticastSocket multicastSocket(@Nullable SocketAddress local) throws IOException;

    /// The address to listen on and to connect to.
    InetAddress loopback();

    /// An address that swallows whatever is sent to it, or null where there is none.
    @Nullable
    InetAddress silent();

    @Override
    void close();
}
