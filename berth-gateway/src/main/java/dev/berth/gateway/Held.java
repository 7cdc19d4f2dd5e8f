package dev.berth.gateway;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// What one end has given and the other did not take: [Turns#BUFFER] octets at most, and 4 KiB once there are 64 MiB of
/// them in the JVM.
final class Held {
    private static final int LITTLE = 4 * 1024;
    private static final long MANY = 64L << 20;
    private static final AtomicLong ALL = new AtomicLong();

    private byte @Nullable [] octets; // of the direction's turn
    private int from;

    /// How much may be taken from the giving end.
    static int most() {
        return ALL.get() < MANY ? Turns.BUFFER : LITTLE;
    }

    boolean isEmpty() {
        return octets == null;
    }

    /// Keeps the rest of a buffer.
    void keep(ByteBuffer rest) {
        byte[] kept = new byte[rest.remaining()];
        rest.get(kept);
        octets = kept;
        from = 0;
        ALL.addAndGet(kept.length);
    }

    /// Fills an empty buffer with what is held, to be read.
    void copyTo(ByteBuffer buffer) {
        byte[] kept = octets;
        if (kept != null) {
            buffer.put(kept, from, kept.length - from);
        }
        buffer.flip();
    }

    /// The first of them have been taken.
    void taken(int count) {
        byte[] kept = octets;
        if (kept != null) {
            from += count;
            if (from == kept.length) {
                release();
            }
        }
    }

    /// Forgets them.
    void release() {
        byte[] kept = octets;
        if (kept != null) {
            octets = null;
            ALL.addAndGet(-kept.length);
        }
    }
}
