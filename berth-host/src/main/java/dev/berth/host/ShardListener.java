package dev.berth.host;

import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.tcp.TcpListener;
import org.jspecify.annotations.Nullable;

/// The part of a [TcpAcceptor] in a shard that is not its own: takes the news of connections there to those who wait
/// in the acceptor, whose waiters are guarded by the first shard's lock.
final class ShardListener extends Wakeup {
    private final TcpAcceptor acceptor;
    private final StackMonitor monitor;
    private final TcpListener part;
    private volatile boolean queued;

    ShardListener(TcpAcceptor acceptor, StackMonitor monitor, TcpListener part) {
        this.acceptor = acceptor;
        this.monitor = monitor;
        this.part = part;
    }

    StackMonitor monitor() {
        return monitor;
    }

    TcpListener part() {
        return part;
    }

    /// Connections are there: puts this in front of `list`, unless it is on its way. Under the lock of the part's
    /// shard.
    @Nullable
    Wakeup queued(@Nullable Wakeup list) {
        if (queued) {
            return list;
        }
        queued = true;
        next = list;
        return this;
    }

    /// Under no lock.
    @Override
    void wake() {
        queued = false;
        acceptor.monitor.enterQuietly();
        try {
            acceptor.monitor.signal(acceptor, Readiness.ACCEPTABLE);
        } finally {
            acceptor.monitor.exitQuietly();
        }
    }
}
