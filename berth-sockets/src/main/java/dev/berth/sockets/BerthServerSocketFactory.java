package dev.berth.sockets;

import dev.berth.host.Host;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.Objects;
import javax.net.ServerSocketFactory;
import org.jspecify.annotations.Nullable;

/// Makes listening sockets on a host, for libraries that take a `ServerSocketFactory`.
public final class BerthServerSocketFactory extends ServerSocketFactory {
    private static final int DEFAULT_BACKLOG = 50;

    private final Host host;

    /// The sockets of `host`.
    public BerthServerSocketFactory(Host host) {
        this.host = Objects.requireNonNull(host);
    }

    @Override
    public ServerSocket createServerSocket() throws IOException {
        return new HostedServerSocket(host);
    }

    @Override
    public ServerSocket createServerSocket(int port) throws IOException {
        return createServerSocket(port, DEFAULT_BACKLOG, null);
    }

    @Override
    public ServerSocket createServerSocket(int port, int backlog) throws IOException {
        return createServerSocket(port, backlog, null);
    }

    @Override
    public ServerSocket createServerSocket(int port, int backlog, @Nullable InetAddress localAddress)
            throws IOException {
        ServerSocket socket = createServerSocket();
        try {
            socket.bind(new InetSocketAddress(localAddress, port), backlog);
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

    /// A listening socket on a host, whatever the JVM's own sockets are.
    private static final class HostedServerSocket extends ServerSocket {
        private final Host host;

        HostedServerSocket(Host host) {
            super(new BerthSocketImpl(host, true));
            this.host = host;
        }

        @Override
        public Socket accept() throws IOException {
            if (isClosed()) {
                throw new SocketException("Socket is closed");
            }
            if (!isBound()) {
                throw new SocketException("Socket is not bound yet");
            }
            Socket accepted = new BerthSocketFactory.HostedSocket(host);
            implAccept(accepted);
            return accepted;
        }
    }
}
