package dev.berth.sockets;

import dev.berth.host.Host;
import java.net.DatagramSocket;
import java.net.MulticastSocket;
import java.net.SocketAddress;
import java.net.SocketException;
import org.jspecify.annotations.Nullable;

/// Datagram sockets on a host, as the JDK makes its own.
public final class BerthDatagramSockets {
    private BerthDatagramSockets() {}

    /// A new socket on `host`, unbound, for the agent: what `DatagramSocket.createDelegate` is to make in place of
    /// `openUninterruptibleDatagramChannel().socket()`, before it sets SO_REUSEADDR (of multicast sockets), binds and
    /// sets SO_BROADCAST.
    ///
    /// No option waits for a thread that receives. The package `java.net` must be open to this module before the first
    /// datagram socket is made. With system assertions on (`-esa`), the constructor of `DatagramSocket` that takes a
    /// delegate asserts that it is one of the JDK's own: whoever rewrites the class has to take that out too.
    ///
    /// @throws UnsupportedOperationException if `java.net` is closed to this module
    /// @throws SocketException if the host is closed
    public static MulticastSocket delegate(Host host) throws SocketException {
        return MulticastSocketView.open(host);
    }

    /// A new socket on `host` for those who do without the agent: bound to `local`, or unbound for null. With
    /// SO_BROADCAST, as the JDK's constructors set it.
    ///
    /// @throws SocketException if it cannot be bound or the host is closed
    public static DatagramSocket open(Host host, @Nullable SocketAddress local) throws SocketException {
        DatagramSocketView socket = DatagramSocketView.open(host);
        try {
            if (local != null) {
                socket.bind(local);
            }
            socket.setBroadcast(true);
            return socket;
        } catch (SocketException e) {
            socket.close();
            throw e;
        }
    }
}
