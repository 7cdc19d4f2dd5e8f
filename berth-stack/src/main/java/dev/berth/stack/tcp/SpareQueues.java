package dev.berth.stack.tcp;

import dev.berth.wire.BufferPool;
import org.jspecify.annotations.Nullable;

/// Empty queues of connections, kept for whichever connection needs one next: a connection has queues only while they
/// hold something, and without a stock each round trip would allocate some. Bounded; used under the stack's lock.
final class SpareQueues {
    private static final int MOST = 64;

    private final BufferPool pool;
    private final @Nullable SendQueue[] sends = new SendQueue[MOST];
    private final @Nullable ReceiveQueue[] receives = new ReceiveQueue[MOST];
    private int sendCount;
    private int receiveCount;

    SpareQueues(BufferPool pool) {
        this.pool = pool;
    }

    /// An empty queue that begins at `seq`.
    SendQueue takeSend(int seq) {
        SendQueue queue = sendCount == 0 ? null : sends[--sendCount];
        if (queue == null) {
            return new SendQueue(pool, seq);
        }
        sends[sendCount] = null;
        queue.restart(seq);
        return queue;
    }

    /// An empty queue.
    ReceiveQueue takeReceive() {
        ReceiveQueue queue = receiveCount == 0 ? null : receives[--receiveCount];
        if (queue == null) {
            return new ReceiveQueue(pool);
        }
        receives[receiveCount] = null;
        return queue;
    }

    /// Takes an empty queue that nobody refers to any more.
    void give(SendQueue queue) {
        if (sendCount < MOST && !queue.isLarge()) {
            sends[sendCount++] = queue;
        }
    }

    /// Takes an empty queue that nobody refers to any more.
    void give(ReceiveQueue queue) {
        if (receiveCount < MOST && !queue.isLarge()) {
            receives[receiveCount++] = queue;
        }
    }
}
