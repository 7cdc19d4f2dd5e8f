package dev.berth.gateway;

import dev.berth.stack.tcp.ReceivedView;
import dev.berth.stack.tcp.SendSpace;
import dev.berth.tun.StreamCalls;
import dev.berth.wire.BufferPool;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// A thread that carries octets: the directions whose turn it is, one after the other, and the buffer that they share.
///
/// A host tells of its sockets on whatever thread has changed them, also within a call to another socket. So a thread
/// that carries already only remembers what is told to it, and turns to it later: its stack does not grow. What is too
/// much for the thread that has brought it is left to the loop's.
final class Turns {
    /// The most octets that are moved at a time.
    static final int BUFFER = 64 * 1024;

    /// So many octets a direction may carry until it is another's turn.
    static final int TURN = 256 * 1024;

    private static final int MOST = 1 << 20; // octets of a thread in a row
    private static final int KEPT = 8;

    private static final ThreadLocal<Turns> CURRENT = new ThreadLocal<>();
    private static final ConcurrentLinkedDeque<Turns> FREE = new ConcurrentLinkedDeque<>();
    private static final AtomicInteger FREE_COUNT = new AtomicInteger();

    /// What one slice of a stream takes at most.
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BufferPool.LARGE);

    private final SendSpace space = new SendSpace();
    private final ReceivedView view = new ReceivedView();
    private @Nullable StreamCalls calls;
    private final ArrayDeque<Direction> due = new ArrayDeque<>();
    private int moved;

    Turns() {}

    /// Lets this thread carry, now or after what it carries already.
    static void take(Direction direction) {
        Turns present = CURRENT.get();
        if (present != null) {
            present.due.add(direction);
            return;
        }
        Turns own = FREE.poll();
        if (own == null) {
            own = make(direction);
        } else {
            FREE_COUNT.decrementAndGet();
        }
        CURRENT.set(own);
        try {
            own.run(direction);
        } finally {
            CURRENT.remove(); // the thread may be any program's
            own.giveBack();
        }
    }

    private static Turns make(Direction direction) {
        Turns made = null;
        try {
            made = new Turns();
            return made;
        } finally {
            if (made == null) {
                direction.giveUp(); // no memory for a buffer
            }
        }
    }

    private void run(Direction first) {
        moved = 0;
        Direction direction = first;
        while (direction != null) {
            if (moved >= MOST) {
                direction.leaveToLoop();
            } else if (direction.run(this)) {
                due.add(direction);
            }
            direction = due.poll();
        }
    }

    private void giveBack() {
        Direction left; // by an error of the JVM
        while ((left = due.poll()) != null) {
            left.leaveToLoop();
        }
        if (space.isLent() || view.count() > 0) {
            return; // after a failure: what is still held is nobody else's
        }
        if (FREE_COUNT.incrementAndGet() <= KEPT) {
            FREE.push(this);
        } else {
            FREE_COUNT.decrementAndGet();
        }
    }

    // Of the one direction that runs now

    /// For octets that cannot pass straight.
    ByteBuffer buffer() {
        return buffer;
    }

    /// For room inside; lent to nobody between two turns.
    SendSpace space() {
        return space;
    }

    /// For what has been received inside; empty between two turns.
    ReceivedView view() {
        return view;
    }

    /// For octets that pass straight, where that is possible.
    StreamCalls calls() {
        StreamCalls present = calls;
        if (present == null) {
            present = StreamCalls.open();
            calls = present;
        }
        return present;
    }

    void moved(int octets) {
        moved += octets;
    }
}
