package dev.berth.host;

import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.icmp.EchoRequest;
import dev.berth.stack.icmp.EchoRequests;
import dev.berth.stack.icmp.IcmpReport;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpProtocol;
import java.io.IOException;
import java.net.SocketException;

/// The echo requests to addresses that a host owns by a prefix only, for a gateway: it takes them, asks whom they are
/// for, and lets the host reply or report an error in their place. What is not answered stays unanswered.
///
/// All methods may be called from any thread; one that blocks waits as those of [HostSocket] do.
public final class EchoResponder extends SocketSignals implements AutoCloseable {
    private final Host host;
    private final StackMonitor monitor;
    private volatile boolean open = true;

    EchoResponder(Host host) throws SocketException {
        this.host = host;
        monitor = host.monitor();
        monitor.enter();
        try {
            if (!requests().open()) {
                throw new SocketException("Host " + host.name() + " has a responder to echo requests already");
            }
            requests().attach(this);
            host.opened(this);
        } finally {
            monitor.exit();
        }
    }

    private EchoRequests requests() {
        return monitor.stack().icmp().requests();
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

    /// Waits for the next request.
    ///
    /// @param timeoutNanos how long at most, in nanoseconds; 0 for without limit
    /// @throws java.net.SocketTimeoutException if none came in time
    /// @throws SocketException if this is or was closed
    public EchoRequest receive(long timeoutNanos) throws IOException {
        long deadline = 0;
        for (; ; ) {
            Waiter waiter;
            monitor.enter();
            try {
                requireOpen();
                EchoRequest request = requests().poll();
                if (request != null) {
                    return request;
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

    /// Sends the reply to `request`, from the address that was asked.
    ///
    /// @return false if the link takes no more
    /// @throws SocketException if this is closed
    public boolean reply(EchoRequest request) throws IOException {
        long now = monitor.enter();
        try {
            requireOpen();
            return monitor.stack().icmp().sendEchoReply(request, now);
        } finally {
            monitor.exit();
        }
    }

    /// Sends an ICMP error about `request`, within the rate limit of such errors.
    ///
    /// @throws SocketException if this is closed
    public void report(IcmpReport what, EchoRequest request) throws IOException {
        long now = monitor.enter();
        try {
            requireOpen();
            Endpoint source = new Endpoint(request.source(), request.identifier());
            Endpoint destination = new Endpoint(request.destination(), 0);
            monitor.stack().icmp().sendReport(what, IpProtocol.ICMP, source, destination, request.sequence(), now);
        } finally {
            monitor.exit();
        }
    }

    /// Lets the host answer by itself again; threads that wait get a `SocketException("Socket closed")`. Idempotent.
    @Override
    public void close() {
        monitor.enter();
        try {
            if (!open) {
                return;
            }
            open = false;
            host.closed(this);
            requests().close();
            monitor.wakeAll(this);
        } finally {
            monitor.exit();
        }
    }

    @Override
    public String toString() {
        return "EchoResponder[" + host.name() + "]";
    }
}
