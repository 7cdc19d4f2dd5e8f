package dev.berth.host;

import dev.berth.ports.PortBinding;
import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.net.SocketException;
import org.jspecify.annotations.Nullable;

/// A socket that listens for TCP connections.
public final class TcpAcceptor extends HostSocket {
    /// Connections that may wait when the caller gives no number, as the JDK has it.
    public static final int DEFAULT_BACKLOG = 50;

    // Under the host's lock
    private TcpConfig config;
    private @Nullable PortBinding<TcpListener> binding;
    private @Nullable TcpListener listener;
    private String boundBy = "";
    /// Whether the program named the port itself.
    private boolean fixedPort;

    TcpAcceptor(Host host, TcpConfig config) {
        super(host);
        this.config = config;
    }

    @Override
    public @Nullable Endpoint local() {
        PortBinding<TcpListener> bound = binding;
        return bound == null ? null : bound.endpoint();
    }

    @Override
    public void bind(Endpoint local) throws IOException {
        long now = monitor.enter();
        try {
            requireOpen();
            if (binding != null) {
                throw new SocketException("Already bound");
            }
            binding = host.bindTcp(local, sharing(), localPortRange(), this, now);
            boundBy = presentThread();
            fixedPort = local.port() != 0;
        } finally {
            monitor.exit();
        }
    }

    @Override
    String defaultLabel() {
        return boundBy;
    }

    /// Begins to listen on the bound port.
    ///
    /// @param backlog the most complete connections that wait to be accepted; below 1 means [#DEFAULT_BACKLOG]
    /// @throws java.net.BindException if somebody else listens there
    /// @throws IOException if the socket is closed or not bound
    public void listen(int backlog) throws IOException {
        String notice = null;
        long now = monitor.enter();
        try {
            requireOpen();
            PortBinding<TcpListener> bound = binding;
            if (bound == null) {
                throw new SocketException("Not bound");
            }
            if (listener != null) {
                throw new SocketException("Already listening");
            }
            listener = monitor.stack().tcp().listen(bound, backlog < 1 ? DEFAULT_BACKLOG : backlog, config, now);
            listener.attach(this);
            host.opened(this);
            notice = fixedPort ? host.fixedPorts().listening(bound.port()) : null;
        } catch (PortUnavailableException e) {
            throw SocketErrors.bind(e);
        } finally {
            monitor.exit();
        }
        if (notice != null) {
            FixedPorts.log(notice);
        }
    }

    /// Waits for a connection, at most `timeoutNanos`.
    ///
    /// @throws java.net.SocketTimeoutException after `timeoutNanos` ("Accept timed out")
    /// @throws SocketException if the socket is closed or does not listen
    public TcpSocket accept(long timeoutNanos) throws IOException {
        Object begun = SocketObserver.begun(SocketObserver.Operation.ACCEPT);
        TcpSocket accepted = await(timeoutNanos);
        if (begun != null) {
            SocketObserver.ended(begun, accepted, null, 0, null);
        }
        return accepted;
    }

    private TcpSocket await(long timeoutNanos) throws IOException {
        long deadline = deadline(timeoutNanos);
        for (; ; ) {
            Waiter waiter;
            monitor.enterQuietly();
            try {
                TcpSocket accepted = poll();
                if (accepted != null) {
                    return accepted;
                }
                waiter = arm(Readiness.ACCEPTABLE);
            } finally {
                monitor.exitQuietly();
            }
            if (!await(waiter, deadline)) {
                throw SocketErrors.timedOut("Accept");
            }
        }
    }

    /// A connection that waits, or null if none does.
    public @Nullable TcpSocket tryAccept() throws IOException {
        Object begun = SocketObserver.begun(SocketObserver.Operation.ACCEPT);
        TcpSocket accepted;
        monitor.enterQuietly();
        try {
            accepted = poll();
        } finally {
            monitor.exitQuietly();
        }
        if (begun != null && accepted != null) {
            SocketObserver.ended(begun, accepted, null, 0, null);
        }
        return accepted;
    }

    private @Nullable TcpSocket poll() throws SocketException {
        requireOpen();
        if (listener == null) {
            throw new SocketException("Socket is not listening");
        }
        Tcb accepted = monitor.stack().tcp().accept(listener);
        return accepted == null ? null : new TcpSocket(host, accepted);
    }

    @Override
    int readinessNow() {
        return listener == null ? Readiness.NONE : listener.readiness();
    }

    /// SO_RCVBUF of accepted connections, in octets.
    public void receiveBufferSize(int value) throws IOException {
        monitor.enter();
        try {
            requireOpen();
            config = config.withBuffers(config.sendBuffer(), value)
                    .withFeatures(config.features().withTuning(config.features().tuneSend(), false));
            if (listener != null) {
                listener.configure(config);
            }
        } finally {
            monitor.exit();
        }
    }

    /// SO_RCVBUF of accepted connections, in octets.
    public int receiveBufferSize() throws IOException {
        requireOpen();
        return config.receiveBuffer();
    }

    /// How many connections may be in SYN-RECEIVED by Fast Open at a time (RFC 7413 section 5.1), 0 for no Fast Open.
    public void fastOpenQueue(int limit) throws IOException {
        monitor.enter();
        try {
            requireOpen();
            config = config.withFeatures(
                    config.features().withFastOpen(config.features().fastOpen(), limit));
            if (listener != null) {
                listener.configure(config);
            }
        } finally {
            monitor.exit();
        }
    }

    /// Stops listening; connections that nobody accepted are reset, those that were accepted live on.
    @Override
    public void close() {
        long now = monitor.enter();
        try {
            if (!open) {
                return;
            }
            open = false;
            forgetLabel();
            host.closed(this);
            if (listener != null) {
                monitor.stack().tcp().close(listener, now);
            }
            if (binding != null) {
                monitor.stack().tcp().ports().close(binding);
            }
            monitor.wakeAll(this);
        } finally {
            monitor.exit();
        }
    }

    @Override
    public String toString() {
        return "TcpAcceptor[" + host.name() + ", " + local() + "]";
    }
}
