package dev.berth.sockets;

import dev.berth.host.Host;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.Objects;
import javax.net.SocketFactory;
import javax.net.ssl.SSLSocketFactory;

/// Makes TLS sockets on a host, for libraries that take an `SSLSocketFactory` and nothing else: TLS is the JDK's, or
/// another's, and what is below it is Berth's. Libraries that take a `SocketFactory` too, such as OkHttp, put TLS on
/// it by themselves.
///
/// Names are looked up as the JVM does. Safe for use by several threads if `tls` is, as the JDK's are.
public final class BerthSslSocketFactory extends SSLSocketFactory {
    private final SocketFactory sockets;
    private final SSLSocketFactory tls;

    /// The sockets of `host`, with TLS as `tls` speaks it, such as that of an `SSLContext`.
    public BerthSslSocketFactory(Host host, SSLSocketFactory tls) {
        sockets = new BerthSocketFactory(host);
        this.tls = Objects.requireNonNull(tls);
    }

    @Override
    public String[] getDefaultCipherSuites() {
        return tls.getDefaultCipherSuites();
    }

    @Override
    public String[] getSupportedCipherSuites() {
        return tls.getSupportedCipherSuites();
    }

    /// Refused: the JDK cannot put TLS on a socket that is not connected.
    ///
    /// @throws SocketException always, as from a factory that has no such sockets: with the cause that callers look for
    @Override
    public Socket createSocket() throws SocketException {
        throw new SocketException(
                "TLS on a Berth host needs a connected socket: use createSocket(name, port)",
                new UnsupportedOperationException());
    }

    @Override
    public Socket createSocket(Socket below, String name, int port, boolean closesBelow) throws IOException {
        return tls.createSocket(below, name, port, closesBelow);
    }

    @Override
    public Socket createSocket(String name, int port) throws IOException {
        return secured(sockets.createSocket(name, port), name, port);
    }

    @Override
    public Socket createSocket(String name, int port, InetAddress localAddress, int localPort) throws IOException {
        return secured(sockets.createSocket(name, port, localAddress, localPort), name, port);
    }

    @Override
    public Socket createSocket(InetAddress address, int port) throws IOException {
        return secured(sockets.createSocket(address, port), address.getHostAddress(), port);
    }

    @Override
    public Socket createSocket(InetAddress address, int port, InetAddress localAddress, int localPort)
            throws IOException {
        return secured(sockets.createSocket(address, port, localAddress, localPort), address.getHostAddress(), port);
    }

    private Socket secured(Socket connected, String name, int port) throws IOException {
        try {
            return tls.createSocket(connected, name, port, true);
        } catch (IOException | RuntimeException e) {
            try {
                connected.close();
            } catch (IOException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e;
        }
    }
}
