package dev.berth.gateway;

import dev.berth.stack.endpoint.ByteSink;
import dev.berth.stack.endpoint.ByteSource;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// What one direction of a connection holds between its two sockets: 4 KiB of its own, and 64 KiB outside the heap,
/// which the kernel reads and writes without a copy, while the stream is fast. Those are shared: 1,024 exist at most,
/// and 32 are kept for the next when nobody uses them. Of one thread at a time.
final class CarryBuffer implements ByteSource, ByteSink {
    static final int SMALL = 4 * 1024;
    static final int LARGE = 64 * 1024;
    private static final int MOST = 1_024;
    private static final int KEPT = 32;

    private static final ConcurrentLinkedDeque<ByteBuffer> FREE = new ConcurrentLinkedDeque<>();
    private static final AtomicInteger FREE_COUNT = new AtomicInteger();
    private static final AtomicInteger LARGE_COUNT = new AtomicInteger();

    private final ByteBuffer small = ByteBuffer.allocate(SMALL);
    private @Nullable ByteBuffer large;
    private volatile boolean holding;

    /// True from the moment on in which something has left the socket inside, until the next round. From any thread.
    boolean isHolding() {
        return holding;
    }

    /// The buffer, as the last one to use it has left it.
    ByteBuffer buffer() {
        ByteBuffer fast = large;
        return fast == null ? small : fast;
    }

    /// Chooses the buffer for the next round by how much the last has carried, and empties it.
    ByteBuffer next(int carried) {
        ByteBuffer fast = large;
        if (fast == null && carried == SMALL) {
            large = take();
        } else if (fast != null && carried <= SMALL) {
            release();
        }
        holding = false;
        return buffer().clear();
    }

    /// Gives the large one back.
    void release() {
        holding = false;
        ByteBuffer fast = large;
        if (fast != null) {
            large = null;
            LARGE_COUNT.decrementAndGet();
            if (FREE_COUNT.incrementAndGet() <= KEPT) {
                FREE.push(fast);
            } else {
                FREE_COUNT.decrementAndGet();
            }
        }
    }

    private static @Nullable ByteBuffer take() {
        if (LARGE_COUNT.incrementAndGet() > MOST) {
            LARGE_COUNT.decrementAndGet();
            return null;
        }
        ByteBuffer kept = FREE.poll();
        if (kept == null) {
            return ByteBuffer.allocateDirect(LARGE);
        }
        FREE_COUNT.decrementAndGet();
        return kept;
    }

    @Override
    public void transfer(byte[] bytes, int at, int length) {
        buffer().get(bytes, at, length);
    }

    @Override
    public void accept(byte[] bytes, int from, int length) {
        holding = true;
        buffer().put(bytes, from, length);
    }
}
