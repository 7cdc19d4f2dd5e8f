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
    private final TcpRequest request;

    ConnectionRequest(Host host, TcpRequest request) {
        this.host = host;
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
        host.monitor().enterQuietly();
        try {
            return request.isPending();
        } finally {
            host.monitor().exitQuietly();
        }
    }

    /// Answers the SYN. The handshake is not complete when this returns: reads and the wait of
    /// [TcpSocket#awaitOpen] last until it is.
    ///
    /// @return null if it was decided before, the time is over or the other end has given up
    /// @throws IOException if the host is closed
    public @Nullable TcpSocket admit() throws IOException {
        TcpSocket socket = host.openTcpSocket();
        long now = host.monitor().enter();
        try {
            Tcb tcb = host.monitor().stack().tcp().requests().admit(request, socket, now);
            if (tcb == null) {
                return null;
            }
            socket.takeOver(tcb);
            return socket;
        } finally {
            host.monitor().exit();
        }
    }

    /// Answers with a RST, as a host without a listener does.
    public void refuse() {
        long now = host.monitor().enter();
        try {
            host.monitor().stack().tcp().requests().refuse(request, now);
        } finally {
            host.monitor().exit();
        }
    }

    /// Answers with an ICMP error, as a router does.
    public void unreachable(Unreachable what) {
        long now = host.monitor().enter();
        try {
            host.monitor().stack().unreachable(request, what, now);
        } finally {
            host.monitor().exit();
        }
    }

    /// Answers nothing: the SYN is lost.
    public void ignore() {
        host.monitor().enter();
        try {
            host.monitor().stack().tcp().requests().ignore(request);
        } finally {
            host.monitor().exit();
        }
    }

    /// `10.0.0.1:50000 > 192.0.2.1:80`.
    @Override
    public String toString() {
        return remote() + " > " + local();
    }
}
