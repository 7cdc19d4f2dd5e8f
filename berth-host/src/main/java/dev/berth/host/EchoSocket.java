package dev.berth.host;

import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.icmp.EchoClient;
import dev.berth.stack.icmp.EchoEndpoint;
import dev.berth.stack.icmp.EchoReply;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import org.jspecify.annotations.Nullable;

/// Echo requests and what becomes of them: what `ping` is made of. RFC 1122 section 3.2.2.6.
///
/// Every socket has an identifier of its own, and sees the answers to its own requests only. A reply to any but the
/// last 64 requests is lost, and so is one that finds 64 unread. All methods may be called from any thread; one that
/// blocks waits as those of [HostSocket] do.
public final class EchoSocket extends SocketSignals implements AutoCloseable {
    private final Host host;
    private final StackMonitor monitor;
    private final EchoEndpoint endpoint;
    private volatile boolean open = true;

    EchoSocket(Host host) throws SocketException {
        this.host = host;
        monitor = host.monitor();
        monitor.enter();
        try {
            EchoEndpoint made = echo().open();
            if (made == null) {
                throw new SocketException("No identifier for echo requests is free");
            }
            endpoint = made;
            made.attach(this);
            host.opened(this);
        } finally {
            monitor.exit();
        }
    }

    private EchoClient echo() {
        return monitor.stack().icmp().echo();
    }

    /// The host that this socket lives on.
    public Host host() {
        return host;
    }

    /// True until [#close].
    public boolean isOpen() {
        return open;
    }

    private void requireOpen() throws SocketException {
        if (!open) {
            throw SocketErrors.closed();
        }
    }

    /// Sends an echo request. A packet that is lost on the way is not noticed here.
    ///
    /// @param to a single host
    /// @param length octets of data, 0 to 65,507 (65,527 over IPv6)
    /// @param timeToLive hops that the packet may take, 1 to 255; 0 for the default
    /// @return the number of the request, which its answer has too: 0 to 65,535, one more each time
    /// @throws SocketException if no route leads to `to` or it is not a single host, the data are too long, the link
    ///     takes no more, or the socket is closed
    /// @throws IllegalArgumentException if `timeToLive` is out of range
    public int send(IpAddress to, int length, int timeToLive) throws IOException {
        if (timeToLive < 0 || timeToLive > 255) {
            throw new IllegalArgumentException("The time to live is 0 to 255, not " + timeToLive);
        }
        long now = monitor.enter();
        try {
            requireOpen();
            int result = echo().send(endpoint, to.hi(), to.lo(), length, timeToLive, now);
            return switch (result) {
                case EchoClient.NO_ROUTE -> throw SocketErrors.noRoute();
                case EchoClient.TOO_LONG -> throw new SocketException("Message too long");
                case EchoClient.NOT_SENT -> throw new SocketException("No buffer space available");
                default -> result;
            };
        } finally {
            monitor.exit();
        }
    }

    /// The oldest answer that was not taken yet, or null if there is none.
    ///
    /// @throws SocketException if the socket is closed
    public @Nullable EchoReply poll() throws IOException {
        monitor.enter();
        try {
            requireOpen();
            return endpoint.poll();
        } finally {
            monitor.exit();
        }
    }

    /// Waits for an answer.
    ///
    /// @param timeoutNanos how long at most, in nanoseconds; 0 for without limit
    /// @throws java.net.SocketTimeoutException if none came in time
    /// @throws SocketException if the socket is or was closed
    public EchoReply receive(long timeoutNanos) throws IOException {
        long deadline = 0;
        for (; ; ) {
            Waiter waiter;
            monitor.enter();
            try {
                requireOpen();
                EchoReply answer = endpoint.poll();
                if (answer != null) {
                    return answer;
                }
                waiter = arm(Readiness.READABLE, monitor);
            } finally {
                monitor.exit();
            }
            if (deadline == 0) {
                deadline = monitor.deadline(timeoutNanos);
            }
            if (!await(monitor, waiter, deadline)) {
                throw SocketErrors.timedOut("Receive");
            }
        }
    }

    /// @param source where the request comes from, `::` for the host's choice
    boolean isReachable(IpAddress address, IpAddress source, int timeToLive, long timeoutNanos) throws IOException {
        long now = monitor.enter();
        try {
            requireOpen();
            if (echo().sendFrom(endpoint, source.hi(), source.lo(), address.hi(), address.lo(), 56, timeToLive, now)
                    < 0) {
                return false;
            }
        } finally {
            monitor.exit();
        }
        try {
            return receive(timeoutNanos).error() == null;
        } catch (SocketTimeoutException e) {
            return false; // that is the answer
        }
    }

    /// Closes the socket; threads that wait in it get a `SocketException("Socket closed")`. Idempotent.
    @Override
    public void close() {
        monitor.enter();
        try {
            if (!open) {
                return;
            }
            open = false;
            host.closed(this);
            echo().close(endpoint);
            monitor.wakeAll(this);
        } finally {
            monitor.exit();
        }
    }

    @Override
    public String toString() {
        return "EchoSocket[" + host.name() + ", " + endpoint.identifier() + "]";
    }
}
