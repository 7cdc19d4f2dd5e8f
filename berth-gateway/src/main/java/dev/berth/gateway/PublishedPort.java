package dev.berth.gateway;

import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.ports.Transport;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/// A TCP port of this machine that leads to a port of a host in memory.
///
/// ```java
/// Host gateway = network.host("gateway", IpAddress.Prefix.parse("10.0.0.254/24"));
/// try (PublishedPort port = PublishedPort.open(new InetSocketAddress("127.0.0.1", 8080), gateway, webServer)) {
///     ...
/// }
/// ```
///
/// Every connection that the kernel accepts is carried over a second one, from an ephemeral port of the gateway to
/// the target: bytes, the end of the stream and resets, each way for itself. Who cannot take more holds up the other
/// end, not the memory. A connection has no thread and, while nobody holds it up, no buffer. When the target refuses or
/// does not answer, the kernel's connection is reset.
///
/// The kernel's side is always the kernel's, whatever sockets are installed in the JVM. Thread-safe.
public final class PublishedPort extends PublishedEnd {
    /// Connections at the same time when the caller gives no number.
    public static final int DEFAULT_LIMIT = 1_024;

    private static final int BACKLOG = 1_024;
    private static final long CONNECT_NANOS = 10_000_000_000L;
    private static final long ACCEPT_PAUSE_NANOS = 100_000_000L;
    private static final long DRAIN_NANOS = 500_000_000L;
    private static final long DRAIN_STEP_NANOS = 1_000_000L;

    /// The thread that accepts is never held up for long; a busy machine may be slow.
    private static final long JOIN_NANOS = 10_000_000_000L;

    private final ServerSocketChannel server;
    private final Host gateway;
    private final Set<CarriedConnection> connections = ConcurrentHashMap.newKeySet();
    private final Thread accepting;
    private final KernelLoop.Use use;
    private volatile boolean closed;

    private PublishedPort(
            SelectorProvider kernel,
            ServerSocketChannel server,
            Host gateway,
            Endpoint target,
            int limit,
            OutsidePolicy policy)
            throws IOException {
        super(Transport.TCP, (InetSocketAddress) server.getLocalAddress(), target, limit, policy);
        this.server = server;
        this.gateway = gateway;
        accepting =
                Thread.ofVirtual().name("berth-published-" + address.getPort()).unstarted(this::acceptAll);
        use = KernelLoop.use(kernel, this::sweep);
    }

    /// Opens the port with [#DEFAULT_LIMIT].
    ///
    /// @param address where the kernel listens; port 0 for any that is free
    /// @param gateway where connections to the target come from
    /// @param target where they go to
    /// @throws IOException if the kernel does not let us listen there, with one sentence that says why
    public static PublishedPort open(InetSocketAddress address, Host gateway, Endpoint target) throws IOException {
        return open(address, gateway, target, DEFAULT_LIMIT);
    }

    /// Opens the port for everybody.
    ///
    /// @param limit connections at the same time; those above are reset
    /// @throws IOException if the kernel does not let us listen there, with one sentence that says why
    public static PublishedPort open(InetSocketAddress address, Host gateway, Endpoint target, int limit)
            throws IOException {
        return open(address, gateway, target, limit, OutsidePolicy.standard());
    }

    /// Opens the port.
    ///
    /// @param policy from where connections may come in; others are reset
    /// @param limit connections at the same time; those above are reset
    /// @throws IOException if the kernel does not let us listen there, with one sentence that says why
    public static PublishedPort open(
            InetSocketAddress address, Host gateway, Endpoint target, int limit, OutsidePolicy policy)
            throws IOException {
        Objects.requireNonNull(gateway);
        Objects.requireNonNull(target);
        if (limit < 1) {
            throw new IllegalArgumentException("A published port carries 1 connection or more, not " + limit);
        }
        SelectorProvider kernel = KernelSockets.provider("Published ports");
        ServerSocketChannel server = kernel.openServerSocketChannel();
        boolean opened = false;
        try {
            bind(server, address);
            PublishedPort port = new PublishedPort(kernel, server, gateway, target, limit, policy);
            port.accepting.start();
            opened = true;
            return port;
        } finally {
            if (!opened) {
                server.close();
            }
        }
    }

    private static void bind(ServerSocketChannel server, InetSocketAddress address) throws IOException {
        try {
            KernelBind.requireAddress(address);
            server.bind(address, BACKLOG);
        } catch (SocketException e) {
            throw KernelBind.explained(e, Transport.TCP, address);
        }
    }

    private void acceptAll() {
        while (!closed) {
            try {
                admit(server.accept());
            } catch (ClosedChannelException e) {
                return; // by close()
            } catch (IOException e) {
                // Out of descriptors, as a rule: what waits in the backlog is taken when there are some again.
                logger().log(System.Logger.Level.WARNING, "Published " + this + " cannot accept: " + e.getMessage());
                LockSupport.parkNanos(ACCEPT_PAUSE_NANOS);
            } catch (RuntimeException e) {
                logger().log(System.Logger.Level.ERROR, "Published " + this + " has lost a connection", e);
            }
        }
    }

    private void admit(SocketChannel kernel) {
        accepted.increment();
        CarriedConnection connection = new CarriedConnection(use.loop(), kernel, target, this::ended);
        if (!isAdmitted(kernel)) {
            denied.increment();
            connection.abort();
            return;
        }
        if (connections.size() >= limit) {
            overLimit.increment();
            connection.abort();
            if (limitReported.compareAndSet(false, true)) {
                logger().log(
                                System.Logger.Level.WARNING,
                                "Published " + this + " carries " + limit
                                        + " connections, its limit; more are reset until some of them end");
            }
            return;
        }
        connections.add(connection);
        if (closed) {
            connection.abort();
            connections.remove(connection);
            return;
        }
        connection.opening(() -> CONNECT_NANOS);
        try {
            TcpSocket socket = gateway.openTcpSocket();
            boolean begun = false;
            try {
                socket.startConnect(target);
                connection.carry(socket);
                begun = true;
            } finally {
                if (!begun) {
                    socket.close();
                }
            }
        } catch (IOException e) {
            connection.isReset(e);
        } catch (RuntimeException e) {
            connection.hasFailed(e);
        }
    }

    private void sweep(long now) {
        for (CarriedConnection connection : connections) {
            connection.sweep(now);
        }
    }

    private boolean isAdmitted(SocketChannel client) {
        try {
            return client.getRemoteAddress() instanceof InetSocketAddress from
                    && policy.admits(OutsideAddresses.endpoint(from).address(), address.getPort());
        } catch (IOException e) {
            return false; // it has gone
        }
    }

    private void ended(CarriedConnection connection) {
        connections.remove(connection);
        if (connections.size() < limit) {
            limitReported.set(false);
        }
    }

    @Override
    public int connections() {
        return connections.size();
    }

    /// Stops listening and ends all connections. What the target has sent already gets half a second to reach the
    /// other end; a connection that has more to deliver then is reset. Idempotent.
    @Override
    public void close() {
        closed = true;
        try {
            server.close();
        } catch (IOException e) {
            logger().log(System.Logger.Level.WARNING, "Published " + this + " cannot be closed: " + e.getMessage());
        }
        // It is the last to hold the port, and what it has just accepted may have been answered already.
        try {
            accepting.join(Duration.ofNanos(JOIN_NANOS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        long deadline = System.nanoTime() + DRAIN_NANOS;
        while (connections.stream().anyMatch(CarriedConnection::isDelivering) && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(DRAIN_STEP_NANOS);
        }
        for (CarriedConnection connection : connections) {
            connection.end();
        }
        use.close();
    }

    /// Not in a field: loggers take a good part of the time that a program needs to start.
    private static System.Logger logger() {
        return System.getLogger(PublishedPort.class.getName());
    }
}
