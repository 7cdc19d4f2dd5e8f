package dev.berth.stack.tcp;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Chunk;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The send and receive queues of all connections of a stack. A connection has them only while they hold something,
/// so that an idle one is small; a stock of empty ones makes the change from idle to busy and back free of
/// allocation. It grows with the connections that have been busy at once.
final class Queues {
    private static final int FIRST_STOCK = 16;

    /// The most that are kept of each kind, some 400 octets together.
    private static final int STOCK = 1_024;

    private final BufferPool pool;
    private @Nullable SendQueue[] sends = new SendQueue[FIRST_STOCK];
    private @Nullable ReceiveQueue[] receives = new ReceiveQueue[FIRST_STOCK];
    private final MemoryBudget budget;
    private @Nullable Flight[] flights = new Flight[FIRST_STOCK];
    private int flightCount;
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

    /// An empty chunk for `length` octets that nothing will be added to.
    Chunk takeChunk(int length) {
        return length <= BufferPool.TINY ? pool.takeTiny() : pool.takeChunk(length);
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

    /// Lends room for at most `max` octets, at least 1: of the last chunk that `tcb` has, or in one of its own.
    void lend(Tcb tcb, SendSpace space, int max) {
        SendQueue queue = tcb.sendQueue;
        int align = tcb.effectiveMss;
        if (queue == null) {
            SendQueue.lend(space, pool, budget, max, align, 0);
        } else if (!queue.lend(space, max, align, tcb.sndNxt)) {
            SendQueue.lend(space, pool, budget, max, align, tcb.sndNxt - queue.endSeq());
        }
    }

    /// Takes the send queue away from `tcb`, with what is in it.
    void dropSend(Tcb tcb) {
        SendQueue queue = tcb.sendQueue;
        if (queue != null) {
            tcb.sendQueue = null;
            budget.queue(-1);
            queue.clear();
            if (sendCount < STOCK && queue.isSmall()) {
                if (sendCount == sends.length) {
                    sends = Arrays.copyOf(sends, 2 * sendCount);
                }
                sends[sendCount++] = queue;
            }
        }
    }

    /// What `tcb` has in flight; if nothing, an empty flight that begins at `SND.NXT`.
    Flight flight(Tcb tcb) {
        Flight flight = tcb.flight;
        if (flight == null) {
            flight = flightCount > 0 ? flights[--flightCount] : null;
            if (flight == null) {
                flight = new Flight();
            }
            flight.begin(tcb.sndNxt, tcb.congestion.deliveryRate());
            tcb.flight = flight;
        }
        return flight;
    }

    /// Nothing of `tcb` is in flight any more.
    void dropFlight(Tcb tcb) {
        Flight flight = tcb.flight;
        if (flight != null) {
            tcb.flight = null;
            if (flightCount < STOCK && flight.isSmall()) {
                if (flightCount == flights.length) {
                    flights = Arrays.copyOf(flights, 2 * flightCount);
                }
                flights[flightCount++] = flight;
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
                if (receiveCount == receives.length) {
                    receives = Arrays.copyOf(receives, 2 * receiveCount);
                }
                receives[receiveCount++] = queue;
            }
        }
    }
}
