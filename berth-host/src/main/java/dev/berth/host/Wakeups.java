package dev.berth.host;

import dev.berth.stack.NetStack;
import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.endpoint.StackSocket;
import org.jspecify.annotations.Nullable;

/// Whom to tell something when the critical section of a host ends. Under the host's lock.
final class Wakeups {
    private @Nullable Wakeup afterwards;

    boolean isEmpty() {
        return afterwards == null;
    }

    /// Lets `wakeup` be done; nothing if it is null.
    void add(@Nullable Wakeup wakeup) {
        if (wakeup != null) {
            wakeup.next = afterwards;
            afterwards = wakeup;
        }
    }

    /// Wakes those who wait on `socket` for this readiness.
    void signal(SocketSignals socket, int readiness) {
        afterwards = socket.signal(readiness, afterwards);
    }

    /// Serves the readers of sockets that have become ready, and puts who is to be told something in front of `list`:
    /// none is left then.
    @Nullable
    Wakeup collect(NetStack stack, @Nullable Wakeup list) {
        Wakeup woken = list;
        StackSocket ready;
        while ((ready = stack.pollReady()) != null) {
            if (ready.attachment() instanceof SocketSignals socket) {
                int readiness = ready.readiness();
                if ((readiness & Readiness.READABLE) != 0) {
                    socket.serve();
                }
                woken = socket.signal(readiness, woken);
            } else if (ready.attachment() instanceof ShardListener part) {
                woken = part.queued(woken);
            }
        }
        Wakeup closed = afterwards;
        afterwards = null;
        while (closed != null) {
            Wakeup next = closed.next;
            closed.next = woken;
            woken = closed;
            closed = next;
        }
        return woken;
    }
}
