package dev.berth.host;

import dev.berth.ports.PortOwner;
import dev.berth.ports.PortRange;
import dev.berth.ports.PortSharing;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketException;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// What the sockets of a [Host] have in common: an open or closed life, a local end, and readiness that can be waited
/// for and observed.
///
/// All methods may be called from any thread, platform or virtual. Where a method blocks, a timeout of 0 means
/// "without limit"; on a platform thread an interrupt does not end the wait, on a virtual thread it does, with
/// [InterruptedIOException] and the interrupt status set.
public abstract sealed class HostSocket extends SocketSignals implements AutoCloseable, PortOwner
        permits DataSocket, TcpAcceptor {
    /// What `try...` methods return when they would have to wait.
    public static final int UNAVAILABLE = -2;

    /// The most characters of a label.
    public static final int MAX_LABEL = 64;

    /// In `sharing`, beside the flags of [PortSharing]: the host keeps a label for this socket.
    private static final int LABELLED = 1 << 31;

    /// In `sharing` too: a bind with port 0 takes the address only.
    private static final int BIND_LATE = 1 << 30;

    final Host host;

    /// That of the shard in which the socket lives. A TCP socket may change it while it connects, under the lock of the
    /// one that it leaves: whoever has entered by [#enter] or [#enterQuietly] is in the right one. Not volatile, as
    /// whoever finds an old one here enters that, and sees under its lock that it is not the right one any more.
    StackMonitor monitor;

    // Under the host's lock
    private int sharing;
    private PortRange localPortRange = PortRange.ALL;
    volatile boolean closed; // false at first: a new socket needs no volatile write

    HostSocket(Host host, StackMonitor monitor) {
        this.host = host;
        this.monitor = monitor;
    }

    /// Enters the critical section of the socket's shard; [StackMonitor#exit] must follow in a `finally`.
    ///
    /// @return the time
    final long enter() {
        for (; ; ) {
            StackMonitor entered = monitor;
            long now = entered.enter();
            if (entered == monitor) {
                return now;
            }
            entered.exit();
        }
    }

    /// As [#enter], for [StackMonitor#enterQuietly].
    final void enterQuietly() {
        for (; ; ) {
            StackMonitor entered = monitor;
            entered.enterQuietly();
            if (entered == monitor) {
                return;
            }
            entered.exitQuietly();
        }
    }

    /// The host that this socket lives on.
    public final Host host() {
        return host;
    }

    /// The local end, or null before [#bind] or a connect. The address is unspecified for a wildcard bind.
    public abstract @Nullable Endpoint local();

    /// Binds to a local end; port 0 lets the host choose a free one, `::` means all addresses of both families.
    ///
    /// @throws java.net.BindException if the port is taken (the message of the JDK, the cause says who owns it) or
    ///     the address is not one of the host
    /// @throws IOException if the socket is closed or bound already
    public abstract void bind(Endpoint local) throws IOException;

    /// By which a thread that looks for what the socket becomes ready for attends its host.
    public final Attendance attendance() {
        return monitor.attendance;
    }

    /// True until [#close].
    public final boolean isOpen() {
        return !closed;
    }

    /// What the socket is ready for now: bits of [Readiness].
    public final int readiness() {
        enterQuietly();
        try {
            return readinessNow();
        } finally {
            monitor.exitQuietly();
        }
    }

    /// Under the host's lock.
    abstract int readinessNow();

    /// Lets `observer` be told of readiness: it is called with the present bits at once and whenever a bit was
    /// gained, on whatever thread caused it, outside the host's lock. It must be quick and must not block. At most
    /// one observer; null takes it away.
    public final void observe(@Nullable IntConsumer observer) {
        enter();
        try {
            monitor.afterwards(notify(observer, readinessNow()));
        } finally {
            monitor.exit();
        }
    }

    /// SO_REUSEADDR: may share its port as [PortSharing] says; to be set before a bind.
    public final void reuseAddress(boolean on) throws IOException {
        share(PortSharing.REUSE_ADDRESS, on);
    }

    /// SO_REUSEADDR.
    public final boolean reuseAddress() throws IOException {
        return shares(PortSharing.REUSE_ADDRESS);
    }

    /// SO_REUSEPORT: may share its port with others that say so too, which are chosen by flow; to be set before a
    /// bind.
    public final void reusePort(boolean on) throws IOException {
        share(PortSharing.REUSE_PORT, on);
    }

    /// SO_REUSEPORT.
    public final boolean reusePort() throws IOException {
        return shares(PortSharing.REUSE_PORT);
    }

    /// IP_LOCAL_PORT_RANGE: ports that the host chooses for this socket lie within this range too, if it is bound with
    /// port 0 or connects without a bind. Ends beyond those of the host's range have no effect, as on Linux;
    /// [PortRange#ALL], the default, has none at all.
    ///
    /// @throws IllegalArgumentException if the range has no port of the host's, which Linux would ignore
    /// @throws IOException if the socket is closed
    public final void localPortRange(PortRange range) throws IOException {
        enter();
        try {
            requireOpen();
            PortRange all = monitor.stack().config().ports().ephemeral();
            if (range.last() < all.first() || range.first() > all.last()) {
                throw new IllegalArgumentException("The range " + range + " has no port of the host's range " + all);
            }
            localPortRange = range;
            portsWithin(range);
        } finally {
            monitor.exit();
        }
    }

    /// IP_LOCAL_PORT_RANGE.
    public final PortRange localPortRange() throws IOException {
        requireOpen();
        return localPortRange;
    }

    /// The range of the ports to choose was set. Under the host's lock.
    void portsWithin(PortRange range) {}

    /// IP_BIND_ADDRESS_NO_PORT: a bind with port 0 takes the address only, and the port is chosen when the socket
    /// connects (or sends), so that it need only be free towards that remote end (RFC 6056 section 3.5). To be set
    /// before a bind; a listening socket takes its port at once all the same.
    public final void bindAddressNoPort(boolean on) throws IOException {
        enter();
        try {
            requireOpen();
            sharing = on ? sharing | BIND_LATE : sharing & ~BIND_LATE;
        } finally {
            monitor.exit();
        }
    }

    /// IP_BIND_ADDRESS_NO_PORT.
    public final boolean bindAddressNoPort() throws IOException {
        requireOpen();
        return (sharing & BIND_LATE) != 0;
    }

    private void share(int bit, boolean on) throws IOException {
        enter();
        try {
            requireOpen();
            sharing = on ? sharing | bit : sharing & ~bit;
        } finally {
            monitor.exit();
        }
    }

    private boolean shares(int bit) throws IOException {
        requireOpen();
        return (sharing & bit) != 0;
    }

    final int sharing() {
        return sharing & ~(LABELLED | BIND_LATE);
    }

    /// An accepted socket says of sharing what its listener does.
    final void shareAs(HostSocket listener) {
        sharing |= listener.sharing();
    }

    /// Gives the socket a label: a few words that messages and lists show, such as `admin pages`. Connections that a
    /// listener accepted show its label unless they have one of their own. An empty one takes it away.
    ///
    /// @throws IllegalArgumentException if it has more than [#MAX_LABEL] characters or one that cannot be printed
    /// @throws IOException if the socket is closed
    public final void label(String words) throws IOException {
        if (words.length() > MAX_LABEL) {
            throw new IllegalArgumentException(
                    "A label has at most " + MAX_LABEL + " characters, not " + words.length());
        }
        for (int i = 0; i < words.length(); i++) {
            if (Character.isISOControl(words.charAt(i))) {
                throw new IllegalArgumentException("A label has no control characters");
            }
        }
        enter();
        try {
            requireOpen();
            host.labels().remove(this);
            sharing &= ~LABELLED;
            if (!words.isEmpty()) {
                host.labels().put(this, words);
                sharing |= LABELLED;
            }
        } finally {
            monitor.exit();
        }
    }

    /// The label that was given; otherwise who bound the socket, such as `thread main`, if anybody knows. Empty if
    /// nobody does.
    @Override
    public final String label() {
        // Without the lock: whoever makes a list of sockets holds it already.
        String given = host.labels().get(this);
        return given == null ? defaultLabel() : given;
    }

    /// What to say of a socket without a label. On any thread.
    String defaultLabel() {
        return "";
    }

    /// The present thread in words, for [#defaultLabel]; empty if it has no name.
    static String presentThread() {
        String name = Thread.currentThread().getName();
        return name.isEmpty() ? "" : "thread " + name;
    }

    /// The socket is closed: its label is not needed any more. Under the host's lock.
    final void forgetLabel() {
        if ((sharing & LABELLED) != 0) {
            host.labels().remove(this);
            sharing &= ~LABELLED;
        }
    }

    /// Closes the socket; threads that wait in it get a `SocketException("Socket closed")`. Idempotent.
    @Override
    public abstract void close();

    final void requireOpen() throws SocketException {
        if (closed) {
            throw SocketErrors.closed();
        }
    }

    /// The deadline of a wait that begins now; 0 for none. Reads the clock only where there is one.
    final long deadline(long timeoutNanos) {
        return timeoutNanos <= 0 ? 0 : monitor.deadline(timeoutNanos);
    }

    /// Adds a waiter for the calling thread. Under the host's lock.
    final Waiter arm(int interest) {
        return arm(interest, monitor);
    }

    /// Adds a waiter of the calling thread. Under the host's lock.
    final Waiter arm(Waiter waiter) {
        add(waiter);
        return waiter;
    }

    /// Waits outside the lock.
    ///
    /// @return false if the deadline has passed
    final boolean await(Waiter waiter, long deadline) throws InterruptedIOException {
        return await(monitor, waiter, deadline);
    }

    final void disarm(Waiter waiter) {
        disarm(monitor, waiter);
    }
}
