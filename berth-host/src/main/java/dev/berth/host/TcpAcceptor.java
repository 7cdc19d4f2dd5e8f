package dev.berth.host;

import dev.berth.ports.PortBinding;
import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.stack.tcp.TcpRequest;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.net.SocketException;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A socket that listens for TCP connections.
public final class TcpAcceptor extends HostSocket {
    /// Connections that may wait when the caller gives no number, as the JDK has it.
    public static final int DEFAULT_BACKLOG = 50;

    private static final ShardListener[] NOWHERE = {};

    // Under the host's lock
    private TcpConfig config;
    private @Nullable PortBinding<TcpListener> binding;
    private @Nullable TcpListener listener;
    private boolean quickAck = true;
    private volatile ShardListener[] elsewhere = NOWHERE; // its parts in the other shards
    private String boundBy = "";
    /// Whether the program named the port itself.
    private boolean fixedPort;

    TcpAcceptor(Host host, TcpConfig config) {
        super(host, host.monitor());
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
            binding = host.bindTcp(monitor.stack(), local, sharing(), localPortRange(), this, now);
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
        listen(backlog, 0, 0);
    }

    /// @param requests how many SYNs may wait for a decision; 0 if they are answered at once
    private void listen(int backlog, int requests, long timeoutNanos) throws IOException {
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
            int waiting = backlog < 1 ? DEFAULT_BACKLOG : backlog;
            listener = monitor.stack().tcp().listen(bound, waiting, requests, timeoutNanos, config, now);
            listener.attach(this);
            host.opened(this);
            notice = fixedPort ? host.fixedPorts().listening(bound.port()) : null;
            if (host.shards() > 1) {
                elsewhere = parts(listener);
            }
        } catch (PortUnavailableException e) {
            throw SocketErrors.bind(e);
        } finally {
            monitor.exit();
        }
        attachParts();
        if (notice != null) {
            FixedPorts.log(notice);
        }
    }

    private ShardListener[] parts(TcpListener whole) {
        StackMonitor[] monitors = host.monitors();
        ShardListener[] parts = new ShardListener[monitors.length - 1];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = new ShardListener(this, monitors[i + 1], whole.part(i + 1));
        }
        return parts;
    }

    /// Under no lock.
    private void attachParts() {
        for (ShardListener each : elsewhere) {
            each.monitor().enter();
            try {
                each.part().attach(each);
                if (each.part().waiting() > 0) {
                    each.monitor().afterwards(each);
                }
            } finally {
                each.monitor().exit();
            }
        }
    }

    /// Binds to every port of every address that nobody else is bound to, as a gateway does that stands in for others
    /// ([Host.Builder#localPrefix]). [#local] is port 0 then.
    ///
    /// @throws java.net.BindException if another acceptor has them
    /// @throws IOException if the socket is closed or bound already
    public void bindEveryPort() throws IOException {
        long now = monitor.enter();
        try {
            requireOpen();
            if (binding != null) {
                throw new SocketException("Already bound");
            }
            binding = monitor.stack().tcp().ports().bindEveryPort(this, now);
            boundBy = presentThread();
        } catch (IllegalStateException e) {
            throw SocketErrors.everyPort(e);
        } finally {
            monitor.exit();
        }
    }

    /// Begins to listen on the bound port, and answers no SYN without a decision of [#awaitRequest]'s caller. A SYN
    /// that comes again is the same request. No cookies answer more of them.
    ///
    /// @param limit requests that may be undecided, 1 or more; further SYNs are dropped
    /// @param timeoutNanos how long one may be undecided; then it is forgotten without an answer
    /// @throws IOException as [#listen]
    public void listenForRequests(int limit, long timeoutNanos) throws IOException {
        if (limit < 1 || timeoutNanos < 1) {
            throw new IllegalArgumentException(
                    "At least 1 request waits for at least 1 ns, not " + limit + " for " + timeoutNanos);
        }
        listen(1, limit, timeoutNanos);
    }

    /// Waits for a request, at most `timeoutNanos`.
    ///
    /// @throws java.net.SocketTimeoutException after `timeoutNanos` ("Accept timed out")
    /// @throws SocketException if the socket is closed or does not listen
    public ConnectionRequest awaitRequest(long timeoutNanos) throws IOException {
        long deadline = deadline(timeoutNanos);
        for (; ; ) {
            Waiter waiter;
            monitor.enterQuietly();
            try {
                requireListening();
                ConnectionRequest request = pollRequest(monitor, listener);
                if (request != null) {
                    return request;
                }
                waiter = arm(Readiness.ACCEPTABLE);
            } finally {
                monitor.exitQuietly();
            }
            ConnectionRequest other = pollRequestElsewhere();
            if (other != null) {
                disarm(waiter);
                return other;
            }
            if (!await(waiter, deadline)) {
                throw SocketErrors.timedOut("Accept");
            }
        }
    }

    /// A request that waits, or null if none does. An observer ([#observe]) is told of each that comes.
    ///
    /// @throws SocketException if the socket is closed or does not listen
    public @Nullable ConnectionRequest tryRequest() throws IOException {
        ConnectionRequest request;
        monitor.enterQuietly();
        try {
            requireListening();
            request = pollRequest(monitor, listener);
        } finally {
            monitor.exitQuietly();
        }
        return request == null ? pollRequestElsewhere() : request;
    }

    /// Under the lock of `at`.
    private @Nullable ConnectionRequest pollRequest(StackMonitor at, @Nullable TcpListener part) {
        TcpRequest request = part == null ? null : at.stack().tcp().requests().poll(part);
        return request == null ? null : new ConnectionRequest(host, at, request);
    }

    /// A request in any other shard. Under no lock.
    private @Nullable ConnectionRequest pollRequestElsewhere() {
        for (ShardListener each : elsewhere) {
            StackMonitor at = each.monitor();
            at.enterQuietly();
            try {
                ConnectionRequest request = pollRequest(at, each.part());
                if (request != null) {
                    return request;
                }
            } finally {
                at.exitQuietly();
            }
        }
        return null;
    }

    private void requireListening() throws SocketException {
        requireOpen();
        if (listener == null) {
            throw new SocketException("Socket is not listening");
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
            TcpSocket accepted = pollAll();
            if (accepted != null) {
                return accepted;
            }
            Waiter waiter;
            monitor.enterQuietly();
            try {
                accepted = poll();
                if (accepted != null) {
                    return accepted;
                }
                waiter = arm(Readiness.ACCEPTABLE);
            } finally {
                monitor.exitQuietly();
            }
            // One that came to another shard before the waiter was there has woken nobody.
            accepted = pollAll();
            if (accepted != null) {
                disarm(waiter);
                return accepted;
            }
            if (!await(waiter, deadline)) {
                throw SocketErrors.timedOut("Accept");
            }
        }
    }

    /// A connection that waits, or null if none does.
    public @Nullable TcpSocket tryAccept() throws IOException {
        Object begun = SocketObserver.begun(SocketObserver.Operation.ACCEPT);
        TcpSocket accepted = pollAll();
        if (accepted == null) {
            monitor.enterQuietly();
            try {
                accepted = poll();
            } finally {
                monitor.exitQuietly();
            }
        }
        if (begun != null && accepted != null) {
            SocketObserver.ended(begun, accepted, null, 0, null);
        }
        return accepted;
    }

    /// A connection that waits, on a host of one shard. Under its lock.
    private @Nullable TcpSocket poll() throws SocketException {
        requireListening();
        TcpListener own = listener;
        return own == null || elsewhere.length > 0 ? null : poll(monitor, own);
    }

    /// Under the lock of `at`.
    private @Nullable TcpSocket poll(StackMonitor at, TcpListener part) {
        Tcb accepted = at.stack().tcp().accept(part);
        if (accepted == null) {
            return null;
        }
        TcpSocket socket = new TcpSocket(host, at, accepted);
        socket.shareAs(this);
        if (!quickAck) {
            at.stack().tcp().quickAck(accepted, false);
        }
        return socket;
    }

    /// The connection that waits for longest on a host of several shards. Under no lock.
    private @Nullable TcpSocket pollAll() {
        if (elsewhere.length == 0) {
            return null;
        }
        TcpListener whole = elsewhere[0].part().part(0);
        int shard;
        while (!closed && (shard = whole.nextShard()) >= 0) {
            StackMonitor at = host.monitors()[shard];
            at.enterQuietly();
            try {
                TcpSocket accepted = poll(at, whole.part(shard));
                if (accepted != null) {
                    return accepted;
                }
            } finally {
                at.exitQuietly();
            }
        }
        return null;
    }

    @Override
    int readinessNow() {
        return listener == null ? Readiness.NONE : listener.readiness();
    }

    /// Changes the settings of connections that are accepted from now on.
    private void configure(UnaryOperator<TcpConfig> change) throws SocketException {
        monitor.enter();
        try {
            requireOpen();
            config = change.apply(config);
            if (listener != null) {
                listener.configure(config);
            }
        } finally {
            monitor.exit();
        }
    }

    private TcpConfig config() throws SocketException {
        requireOpen();
        return config;
    }

    /// SO_RCVBUF of accepted connections, in octets.
    public void receiveBufferSize(int value) throws IOException {
        configure(c -> c.withBuffers(c.sendBuffer(), value)
                .withFeatures(c.features().withTuning(c.features().tuneSend(), false)));
    }

    /// SO_RCVBUF of accepted connections, in octets.
    public int receiveBufferSize() throws IOException {
        return config().receiveBuffer();
    }

    /// IP_TOS of accepted connections: DS field, 0 to 255; the low two bits are dropped.
    public void trafficClass(int value) throws IOException {
        configure(c -> c.withHeader(value & ~0b11, c.timeToLive()));
    }

    /// IP_TOS of accepted connections.
    public int trafficClass() throws IOException {
        return config().trafficClass();
    }

    /// TCP_KEEPIDLE of accepted connections: seconds of silence before the first probe.
    public void keepIdleSeconds(int value) throws IOException {
        configure(c -> c.withKeepAliveTimes(value, c.keepIntervalSeconds(), c.keepCount()));
    }

    /// TCP_KEEPIDLE of accepted connections.
    public int keepIdleSeconds() throws IOException {
        return config().keepIdleSeconds();
    }

    /// TCP_KEEPINTERVAL of accepted connections: seconds between probes.
    public void keepIntervalSeconds(int value) throws IOException {
        configure(c -> c.withKeepAliveTimes(c.keepIdleSeconds(), value, c.keepCount()));
    }

    /// TCP_KEEPINTERVAL of accepted connections.
    public int keepIntervalSeconds() throws IOException {
        return config().keepIntervalSeconds();
    }

    /// TCP_KEEPCOUNT of accepted connections: unanswered probes after which one is dead.
    public void keepCount(int value) throws IOException {
        configure(c -> c.withKeepAliveTimes(c.keepIdleSeconds(), c.keepIntervalSeconds(), value));
    }

    /// TCP_KEEPCOUNT of accepted connections.
    public int keepCount() throws IOException {
        return config().keepCount();
    }

    /// TCP_QUICKACK of accepted connections: whether they begin by acknowledging at once.
    public void quickAck(boolean value) throws IOException {
        monitor.enter();
        try {
            requireOpen();
            quickAck = value;
        } finally {
            monitor.exit();
        }
    }

    /// TCP_QUICKACK of accepted connections.
    public boolean quickAck() throws IOException {
        requireOpen();
        return quickAck;
    }

    /// How many connections may be in SYN-RECEIVED by Fast Open at a time (RFC 7413 section 5.1), 0 for no Fast Open.
    public void fastOpenQueue(int limit) throws IOException {
        configure(c -> c.withFeatures(c.features().withFastOpen(c.features().fastOpen(), limit)));
    }

    /// Stops listening; connections that nobody accepted are reset, those that were accepted live on.
    @Override
    public void close() {
        PortBinding<TcpListener> bound;
        ShardListener[] others;
        long now = monitor.enter();
        try {
            if (closed) {
                return;
            }
            closed = true;
            forgetLabel();
            host.closed(this);
            if (listener != null) {
                monitor.stack().tcp().close(listener, now);
            }
            bound = binding;
            others = elsewhere;
            if (bound != null && others.length == 0) {
                monitor.stack().tcp().ports().close(bound);
            }
            monitor.wakeAll(this);
        } finally {
            monitor.exit();
        }
        if (bound != null && others.length > 0) {
            closeElsewhere(bound, others);
        }
    }

    /// Closes the parts in the other shards, and gives the port up when none of them uses it any more.
    private void closeElsewhere(PortBinding<TcpListener> bound, ShardListener[] others) {
        for (ShardListener each : others) {
            StackMonitor at = each.monitor();
            long now = at.enter();
            try {
                at.stack().tcp().close(each.part(), now);
            } finally {
                at.exit();
            }
        }
        monitor.enter();
        try {
            monitor.stack().tcp().ports().close(bound);
        } finally {
            monitor.exit();
        }
    }

    @Override
    public String toString() {
        return "TcpAcceptor[" + host.name() + ", " + local() + "]";
    }
}
