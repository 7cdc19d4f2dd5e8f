package dev.berth.stack.tcp;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Chunk;
import org.jspecify.annotations.Nullable;

/// The send and receive queues of all connections of a stack. A connection has them only while they hold something,
/// so that an idle one is small; a small stock of empty ones makes the change from idle to busy and back free of
/// allocation.
final class Queues {
    private static final int STOCK = 64;

    private final BufferPool pool;
    private final @Nullable SendQueue[] sends = new SendQueue[STOCK];
    private final @Nullable ReceiveQueue[] receives = new ReceiveQueue[STOCK];
    private final MemoryBudget budget;
    private int sendCount;
    private int receiveCount;

    Queues(BufferPool pool, MemoryBudget budget) {
        this.pool = pool;
        this.budget = budget;
    }

    /// The memory of all queues.
    MemoryBudget budget() {
        return budget;
    }

    /// A copy of `length` octets, at most [BufferPool#SMALL].
    Chunk copy(Chunk chunk, int from, int length) {
        Chunk copy = pool.takeChunk(length);
        System.arraycopy(chunk.bytes, from, copy.bytes, 0, length);
        copy.used = length;
        return copy;
    }

    /// The send queue of `tcb`; if it has none, an empty one that begins at `SND.NXT`.
    SendQueue send(Tcb tcb) {
        SendQueue queue = tcb.sendQueue;
        if (queue == null) {
            // Before the SYN is sent, its number is still to come.
            boolean opening = !tcb.state.isSynchronized() && tcb.sndNxt == tcb.iss;
            int first = opening ? tcb.iss + 1 : tcb.sndNxt;
            queue = sendCount > 0 ? sends[--sendCount] : null;
            if (queue == null) {
                queue = new SendQueue(pool, budget, first);
            }
            queue.begin(first);
            tcb.sendQueue = queue;
            budget.queue(1);
        }
        return queue;
    }

    /// Takes the send queue away from `tcb`, with what is in it.
    void dropSend(Tcb tcb) {
        SendQueue queue = tcb.sendQueue;
        if (queue != null) {
            tcb.sendQueue = null;
            budget.queue(-1);
            queue.clear();
            if (sendCount < STOCK && queue.isSmall()) {
                sends[sendCount++] = queue;
            }
        }
    }

    /// The receive queue of `tcb`; if it has none, an empty one.
    ReceiveQueue receive(Tcb tcb) {
        ReceiveQueue queue = tcb.receiveQueue;
        if (queue == null) {
            queue = receiveCount > 0 ? receives[--receiveCount] : null;
            if (queue == null) {
                queue = new ReceiveQueue(pool, budget);
            }
            tcb.receiveQueue = queue;
            budget.queue(1);
        }
        return queue;
    }

    /// Takes the receive queue away from `tcb`, with what is in it.
    void dropReceive(Tcb tcb) {
        ReceiveQueue queue = tcb.receiveQueue;
        if (queue != null) {
            tcb.receiveQueue = null;
            budget.queue(-1);
            queue.clear();
            if (receiveCount < STOCK && queue.isSmall()) {
                receives[receiveCount++] = queue;
            }
        }
    }
}
