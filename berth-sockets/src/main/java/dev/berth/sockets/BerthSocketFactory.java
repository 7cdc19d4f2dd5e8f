package dev.berth.sockets;

import dev.berth.host.Host;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.Objects;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/// Makes sockets on a host, for libraries that take a `SocketFactory`. Names are looked up as the JVM does.
public final class BerthSocketFactory extends SocketFactory {
    private final @Nullable Host host;

    /// The sockets of `host`.
    public BerthSocketFactory(Host host) {
        this.host = Objects.requireNonNull(host);
    }

    /// Each socket is on the host of the thread that makes it ([HostScope]), for libraries that take the name of a
    /// class, such as JDBC drivers.
    public BerthSocketFactory() {
        host = null;
    }

    /// A socket that is not connected yet.
    ///
    /// @throws IllegalStateException if this factory has no host of its own and the thread has none either
    @Override
    public Socket createSocket() throws SocketException {
        return new HostedSocket(host == null ? HostScope.requiredHost() : host);
    }

    @Override
    public Socket createSocket(String name, int port) throws IOException {
        return connected(new InetSocketAddress(name, port), null);
    }

    @Override
    public Socket createSocket(InetAddress address, int port) throws IOException {
        return connected(new InetSocketAddress(address, port), null);
    }

    @Override
    public Socket createSocket(String name, int port, InetAddress localAddress, int localPort) throws IOException {
        return connected(new InetSocketAddress(name, port), new InetSocketAddress(localAddress, localPort));
    }

    @Override
    public Socket createSocket(InetAddress address, int port, InetAddress localAddress, int localPort)
            throws IOException {
        return connected(new InetSocketAddress(address, port), new InetSocketAddress(localAddress, localPort));
    }

    private Socket connected(InetSocketAddress remote, @Nullable InetSocketAddress local) throws IOException {
        Socket socket = createSocket();
        try {
            if (local != null) {
                socket.bind(local);
            }
            socket.connect(remote);
            return socket;
        } catch (IOException e) {
            try {
                socket.close();
            } catch (IOException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e;
        }
    }

    /// A socket on a host, whatever the JVM's own sockets are.
    static final class HostedSocket extends Socket {
        HostedSocket(Host host) throws SocketException {
            super(new BerthSocketImpl(host, false));
        }
    }
}
