package dev.berth.host;

import dev.berth.ports.PortAge;
import dev.berth.ports.PortBinding;
import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.endpoint.ByteSink;
import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.Tcp;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpError;
import dev.berth.stack.tcp.TcpInfo;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.SocketException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A TCP connection, or a socket that will become one.
///
/// Reading and writing copy each octet once and allocate nothing while they need not wait.
public final class TcpSocket extends TcpSocketLoans {
    // Under the host's lock
    private @Nullable PortBinding<TcpListener> binding;
    private @Nullable Tcb tcb;
    private boolean connectReported;
    private @Nullable Object connecting; // of an observer
    /// The address of a bind that waits for its port.
    private @Nullable IpAddress lateAddress;

    TcpSocket(Host host, StackMonitor monitor, TcpConfig config) {
        super(host, monitor, config);
    }

    /// A connection that a listener has accepted. Under the lock of its shard.
    TcpSocket(Host host, StackMonitor monitor, Tcb accepted) {
        super(host, monitor, accepted.config());
        tcb = accepted;
        connectReported = true;
        accepted.attach(this);
    }

    /// Becomes a connection whose SYN was admitted ([ConnectionRequest#admit]). Under the host's lock.
    void takeOver(Tcb admitted) {
        tcb = admitted;
    }

    @Override
    public @Nullable Endpoint local() {
        enterQuietly();
        try {
            Tcb connection = tcb;
            PortBinding<TcpListener> bound = binding;
            IpAddress late = lateAddress;
            if (connection != null) {
                return connection.local();
            }
            return bound != null ? bound.endpoint() : late != null ? new Endpoint(late, 0) : null;
        } finally {
            monitor.exitQuietly();
        }
    }

    /// The remote end, or null before a connect was begun.
    public @Nullable Endpoint remote() {
        Tcb connection = tcb;
        return connection == null ? null : connection.remote();
    }

    @Override
    public void bind(Endpoint local) throws IOException {
        long now = enter();
        try {
            requireOpen();
            if (binding != null || lateAddress != null || tcb != null) {
                throw new SocketException("Already bound");
            }
            if (local.port() == 0 && bindAddressNoPort()) {
                host.requireLocal(monitor.stack(), local.address());
                lateAddress = local.address();
            } else {
                binding = host.bindTcp(monitor.stack(), local, sharing(), localPortRange(), this, now);
            }
        } finally {
            monitor.exit();
        }
    }

    // Connect

    /// Connects, waiting at most `timeoutNanos`.
    ///
    /// @throws java.net.ConnectException if the other end refuses ("Connection refused") or does not answer for
    ///     minutes
    /// @throws java.net.SocketTimeoutException after `timeoutNanos` ("Connect timed out")
    /// @throws java.net.BindException if no local port is free; the cause says how many are in use, and in which
    ///     states
    /// @throws IOException if the socket is closed or connected, or no route leads there
    public void connect(Endpoint remote, long timeoutNanos) throws IOException {
        if (startConnect(remote)) {
            return;
        }
        awaitOpen(timeoutNanos);
    }

    /// Waits until a connection that was begun is made, at most `timeoutNanos`; otherwise as [#connect].
    public void awaitOpen(long timeoutNanos) throws IOException {
        long deadline = deadline(timeoutNanos);
        for (; ; ) {
            Waiter waiter = null;
            enterQuietly();
            try {
                Tcb connection = tcb;
                if (connection != null && connection.isOpening()) {
                    requireOpen();
                    waiter = arm(Readiness.CONNECTED);
                }
            } finally {
                monitor.exitQuietly();
            }
            if (waiter == null) {
                if (finishConnect()) {
                    return;
                }
            } else if (!await(waiter, deadline)) {
                IOException failure = SocketErrors.timedOut("Connect");
                endConnect(null, failure);
                throw failure;
            }
        }
    }

    /// Begins to connect.
    ///
    /// @return true if the connection was made at once
    /// @throws IOException as [#connect]
    public boolean startConnect(Endpoint remote) throws IOException {
        connecting = SocketObserver.begun(SocketObserver.Operation.CONNECT);
        try {
            open(remote);
        } catch (IOException e) {
            endConnect(remote, e);
            throw e;
        }
        if (wasMadeAtOnce()) {
            connectReported = true;
            endConnect(null, null);
            return true;
        }
        return finishConnect();
    }

    /// True if another host of the JVM has answered already, on this very thread. Without the lock: a connection that
    /// is seen in a synchronized state was made, whatever has become of it since.
    private boolean wasMadeAtOnce() {
        Tcb connection = tcb;
        return connection != null && connection.state().isSynchronized() && beginsWithQuickAck() && !closed;
    }

    private void open(Endpoint remote) throws IOException {
        int moves = 0;
        while (!openHere(remote, moves)) {
            moves++;
        }
    }

    /// Begins to connect in the shard where the socket lives, or moves it and says false; `moves` times before.
    private boolean openHere(Endpoint remote, int moves) throws IOException {
        long now = enter();
        StackMonitor present = monitor;
        try {
            requireOpen();
            if (tcb != null) {
                throw new SocketException("Already connected");
            }
            if (remote.port() == 0) {
                // Nobody can listen there, and hosts such as ours drop what goes there without an answer.
                throw SocketErrors.connect(TcpError.REFUSED);
            }
            PortBinding<TcpListener> claim = binding;
            Endpoint end = host.reachable(remote);
            StackMonitor right = claim == null ? present : host.monitorOf(present, claim.endpoint(), end);
            if (right != present) {
                monitor = right;
                return false;
            }
            IpAddress bound = claim != null ? claim.endpoint().address() : lateAddress;
            Tcb connection = present.stack().connect(end, claim, bound, localPortRange(), config, this, now);
            if (connection == null) {
                throw SocketErrors.noRoute();
            }
            tcb = connection;
            connection.attach(this);
            return true;
        } catch (PortUnavailableException e) {
            StackMonitor next = binding == null ? host.monitorAfter(present, moves) : null;
            if (next == null) {
                throw SocketErrors.bind(e);
            }
            monitor = next; // where ports may be left
            return false;
        } finally {
            present.exit();
        }
    }

    /// Looks whether the connection is made.
    ///
    /// @return true if it is, false while it is not
    /// @throws IOException why it could not be made
    public boolean finishConnect() throws IOException {
        try {
            boolean made = pollConnect();
            if (made && connecting != null) {
                endConnect(null, null);
            }
            return made;
        } catch (IOException e) {
            endConnect(null, e);
            throw e;
        }
    }

    /// Tells the observer how a connect has ended. Without the host's lock.
    private void endConnect(@Nullable Endpoint remote, @Nullable IOException failure) {
        Object begun = connecting;
        connecting = null;
        if (begun != null) {
            SocketObserver.ended(begun, this, remote, 0, failure);
        }
    }

    private boolean pollConnect() throws IOException {
        enterQuietly();
        try {
            return isMade();
        } finally {
            monitor.exitQuietly();
        }
    }

    /// Under the host's lock.
    private boolean isMade() throws IOException {
        requireOpen();
        Tcb connection = tcb;
        if (connection == null) {
            throw new SocketException("Not connected");
        }
        if (connectReported) {
            return true;
        }
        if (connection.isOpening()) {
            return false;
        }
        if (connection.error() != null && connection.error() != TcpError.RESET) {
            flags |= ERROR_REPORTED;
            throw SocketErrors.connect(connection.error());
        }
        connectReported = true;
        beginQuickAck(connection);
        return true;
    }

    /// True once the connection was made, also after it has ended.
    public boolean isConnected() {
        return connectReported;
    }

    /// True from [#startConnect] until the connection is made or has failed and [#finishConnect] said so.
    public boolean isConnectionPending() {
        return tcb != null && !connectReported && !has(ERROR_REPORTED);
    }

    /// True once the connection was reset or given up, so that nothing arrives any more and nothing is sent. What has
    /// arrived before may still be read.
    public boolean hasFailed() {
        enterQuietly();
        try {
            Tcb connection = tcb;
            return connection != null && connection.error() != null;
        } finally {
            monitor.exitQuietly();
        }
    }

    // Read

    /// Reads at least one octet and at most `length`.
    ///
    /// @return octets read, -1 at the end of the stream, 0 if `length` is 0
    /// @throws java.net.SocketTimeoutException after `timeoutNanos` ("Read timed out")
    /// @throws SocketException if the connection was reset or the socket is closed
    public int read(byte[] bytes, int from, int length, long timeoutNanos) throws IOException {
        Objects.checkFromIndexSize(from, length, bytes.length);
        int taken = awaitAndTake(null, bytes, from, length, timeoutNanos, "Read");
        if (taken == FAILED) {
            throw SocketErrors.read(error());
        }
        return taken;
    }

    /// Reads at least one octet and at most `max` into `sink`; otherwise as the other `read`.
    public int read(ByteSink sink, int max, long timeoutNanos) throws IOException {
        int taken = awaitAndTake(sink, null, 0, max, timeoutNanos, "Read");
        if (taken == FAILED) {
            throw SocketErrors.read(error());
        }
        return taken;
    }

    /// Reads what is there.
    ///
    /// @return octets read, -1 at the end of the stream, [#UNAVAILABLE] if nothing is there
    public int tryRead(byte[] bytes, int from, int length) throws IOException {
        Objects.checkFromIndexSize(from, length, bytes.length);
        int taken = tryTake(null, bytes, from, length);
        if (taken == FAILED) {
            throw SocketErrors.read(error());
        }
        return taken;
    }

    /// Reads what is there into `sink`, at most `max` octets; otherwise as the other `tryRead`.
    public int tryRead(ByteSink sink, int max) throws IOException {
        int taken = tryTake(sink, null, 0, max);
        if (taken == FAILED) {
            throw SocketErrors.read(error());
        }
        return taken;
    }

    @Override
    int take(@Nullable ByteSink sink, byte @Nullable [] bytes, int from, int max) throws IOException {
        requireOpen();
        Tcb connection = connection();
        if (has(INPUT_SHUT)) {
            return -1;
        }
        if (max == 0) {
            return 0;
        }
        int result;
        if (sink != null) {
            result = monitor.stack().tcp().receive(connection, sink, max);
        } else {
            result = monitor.stack().tcp().receive(connection, monitor.arrayBytes.of(bytes, from), max);
            monitor.arrayBytes.clear();
        }
        if (result > 0) {
            return result;
        }
        if (result == Tcp.NOT_OPEN) {
            flags |= ERROR_REPORTED;
            return FAILED;
        }
        return result == Tcp.END_OF_STREAM ? -1 : UNAVAILABLE;
    }

    @Override
    IOException failure() {
        return SocketErrors.read(error());
    }

    /// Why the connection has ended; it does not change any more.
    private @Nullable TcpError error() {
        Tcb connection = tcb;
        return connection == null ? null : connection.error();
    }

    @Override
    boolean hasLittle() {
        Tcb connection = tcb;
        if (closed || connection == null || has(INPUT_SHUT)) {
            return false;
        }
        int readable = connection.readable();
        return readable > 0 && readable <= LITTLE;
    }

    /// Octets that can be read without waiting.
    public int available() throws IOException {
        enterQuietly();
        try {
            requireOpen();
            return has(INPUT_SHUT) ? 0 : connection().readable();
        } finally {
            monitor.exitQuietly();
        }
    }

    // The end

    /// Reads return the end of the stream from now on; what arrives is thrown away.
    public void shutdownInput() throws IOException {
        enter();
        try {
            requireOpen();
            monitor.stack().tcp().shutdownInput(connection());
            flags |= INPUT_SHUT;
        } finally {
            monitor.exit();
        }
    }

    /// A FIN follows what was written; reading goes on.
    public void shutdownOutput() throws IOException {
        enter();
        try {
            requireOpen();
            monitor.stack().tcp().shutdownOutput(connection());
            flags |= OUTPUT_SHUT;
            monitor.wakeAll(this);
        } finally {
            monitor.exit();
        }
    }

    /// Ends the connection with RST and closes the socket.
    public void abort() {
        close(true);
    }

    /// Closes the socket. What was written is still sent, unless linger is 0, which resets the connection; with a
    /// positive linger this waits until the other end has acknowledged everything, so many seconds at most.
    @Override
    public void close() {
        int linger = lingerSeconds;
        if (linger > 0) {
            lingerOnClose(linger);
        }
        close(linger == 0);
    }

    private void lingerOnClose(int seconds) {
        long deadline = deadline(seconds * 1_000_000_000L);
        for (; ; ) {
            Waiter waiter;
            enter();
            try {
                Tcb connection = tcb;
                if (closed || connection == null || connection.unacknowledged() == 0) {
                    return;
                }
                waiter = arm(Readiness.ALL);
            } finally {
                monitor.exit();
            }
            boolean signalled = waiter.await(deadline);
            if (!signalled) {
                disarm(waiter);
                return;
            }
        }
    }

    private void close(boolean reset) {
        Object begun = SocketObserver.begun(SocketObserver.Operation.CLOSE);
        TcpInfo info = null;
        if (begun == null && !reset && isOver()) {
            closeQuietly();
            return;
        }
        long now = enter();
        try {
            if (closed) {
                return;
            }
            Tcb connection = tcb;
            if (begun != null && connection != null) {
                info = monitor.stack().tcp().info(connection, now);
            }
            end(reset, now);
        } finally {
            monitor.exit();
        }
        SocketObserver observer = SocketObserver.present();
        if (begun != null && info != null && observer != null) {
            observer.closed(begun, this, info, reset);
        }
    }

    /// Closes a socket whose connection is over: nothing is to be sent, and no time is needed.
    private void closeQuietly() {
        enterQuietly();
        try {
            if (!closed) {
                end(false, PortAge.UNKNOWN);
            }
        } finally {
            monitor.exitQuietly();
        }
    }

    private void end(boolean reset, long now) {
        closed = true;
        forgetLabel();
        connecting = null;
        Tcp tcp = monitor.stack().tcp();
        Tcb connection = tcb;
        if (connection != null && reset) {
            connection.attach(null); // it need not be told
            tcp.abort(connection, now);
        }
        if (connection != null) {
            tcp.close(connection, now);
        }
        PortBinding<TcpListener> bound = binding;
        if (bound != null) {
            tcp.ports().close(bound);
        }
        monitor.wakeAll(this);
    }

    @Override
    int readinessNow() {
        Tcb connection = tcb;
        int ready = connection == null ? Readiness.NONE : connection.readiness();
        if (has(INPUT_SHUT)) {
            ready |= Readiness.READABLE;
        }
        return ready;
    }

    /// What the socket is ready for, for whoever is told when that changes ([#observe]): without the host's lock. It
    /// sees at least what has happened before it was told last, and what its own thread has done. What has happened
    /// since is perhaps not seen, and told later; of what another thread reads or writes at this very moment it may
    /// see half, as if the socket were ready still.
    ///
    /// @return bits of [Readiness]
    public int readinessSeen() {
        return readinessNow();
    }

    @Override
    @Nullable
    Tcb connectionOrNull() {
        return tcb;
    }

    @Override
    public String toString() {
        return "TcpSocket[" + host.name() + ", " + local() + " > " + remote() + "]";
    }
}
