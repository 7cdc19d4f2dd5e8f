package dev.berth.host;

import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// What the sockets of a [Host] have in common: an open or closed life, a local end, and readiness that can be
/// observed.
///
/// All methods may be called from any thread, platform or virtual.
public abstract sealed class HostSocket implements AutoCloseable permits TcpSocket, TcpAcceptor, UdpSocket {
    /// What `try...` methods return when they would have to wait.
    public static final int UNAVAILABLE = -2;

    /// The host that this socket lives on.
    public abstract Host host();

    /// The local end, or null before [#bind] or a connect. The address is unspecified for a wildcard bind.
    public abstract @Nullable Endpoint local();

    /// Binds to a local end; port 0 lets the host choose a free one, `::` means all addresses of both families.
    ///
    /// @throws java.net.BindException if the port is taken (the message of the JDK, the cause says who owns it) or the
    ///     address is not one of the host
    /// @throws IOException if the socket is closed or bound already
    public abstract void bind(Endpoint local) throws IOException;

    /// True until [#close].
    public abstract boolean isOpen();

    /// What the socket is ready for now: bits of [Readiness].
    public abstract int readiness();

    /// Lets `observer` be told of readiness: it is called with the present bits at once and whenever a bit was gained,
    /// on whatever thread caused it, outside the host's lock. It must be quick and must not block. At most one
    /// observer;
    /// null takes it away.
    public abstract void observe(@Nullable IntConsumer observer);

    /// Closes the socket; threads that wait in it get a `SocketException("Socket closed")`. Idempotent.
    @Override
    public abstract void close();
}
