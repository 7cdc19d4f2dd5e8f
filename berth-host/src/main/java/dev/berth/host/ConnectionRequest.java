package dev.berth.host;

import dev.berth.stack.icmp.Unreachable;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpRequest;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// A connection that somebody asks for and nobody has answered yet: see [TcpAcceptor#listenForRequests].
///
/// Exactly one of [#admit], [#refuse], [#unreachable] and [#ignore] has an effect; those that come later, or after
/// the time is over, find it decided. Thread-safe.
public final class ConnectionRequest {
    private final Host host;
    private final StackMonitor monitor; // of the shard that it came to
    private final TcpRequest request;

    ConnectionRequest(Host host, StackMonitor monitor, TcpRequest request) {
        this.host = host;
        this.monitor = monitor;
        this.request = request;
    }

    /// What is asked for: the address and port of the host.
    public Endpoint local() {
        return request.local();
    }

    /// Who asks.
    public Endpoint remote() {
        return request.remote();
    }

    /// True while it can be decided.
    public boolean isPending() {
        monitor.enterQuietly();
        try {
            return request.isPending();
        } finally {
            monitor.exitQuietly();
        }
    }

    /// Answers the SYN. The handshake is not complete when this returns: reads and the wait of
    /// [TcpSocket#awaitOpen] last until it is.
    ///
    /// @return null if it was decided before, the time is over or the other end has given up
    /// @throws IOException if the host is closed
    public @Nullable TcpSocket admit() throws IOException {
        TcpSocket socket = host.openTcpSocket(monitor);
        long now = monitor.enter();
        try {
            Tcb tcb = monitor.stack().tcp().requests().admit(request, socket, now);
            if (tcb == null) {
                return null;
            }
            socket.takeOver(tcb);
            return socket;
        } finally {
            monitor.exit();
        }
    }

    /// Answers with a RST, as a host without a listener does.
    public void refuse() {
        long now = monitor.enter();
        try {
            monitor.stack().tcp().requests().refuse(request, now);
        } finally {
            monitor.exit();
        }
    }

    /// Answers with an ICMP error, as a router does.
    public void unreachable(Unreachable what) {
        long now = monitor.enter();
        try {
            monitor.stack().unreachable(request, what, now);
        } finally {
            monitor.exit();
        }
    }

    /// Answers nothing: the SYN is lost.
    public void ignore() {
        monitor.enter();
        try {
            monitor.stack().tcp().requests().ignore(request);
        } finally {
            monitor.exit();
        }
    }

    /// `10.0.0.1:50000 > 192.0.2.1:80`.
    @Override
    public String toString() {
        return remote() + " > " + local();
    }
}
