package dev.berth.host;

import dev.berth.wire.Packet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// A bounded queue of packets for many producers and one consumer at a time, without locks and without allocation
/// after construction. In order per producer.
final class PacketQueue {
    private final AtomicReferenceArray<@Nullable Packet> ring;
    private final int mask;
    private final AtomicLong tail = new AtomicLong();
    private final AtomicLong head = new AtomicLong();

    /// A queue of `capacity` packets, a power of two.
    PacketQueue(int capacity) {
        ring = new AtomicReferenceArray<>(capacity);
        mask = capacity - 1;
    }

    /// False if the queue is full.
    boolean offer(Packet packet) {
        long at;
        do {
            at = tail.get();
            if (at - head.getAcquire() > mask) {
                return false;
            }
        } while (!tail.compareAndSet(at, at + 1));
        // Whoever offers has to see to it that this is visible before he looks whether somebody is at work, who would
        // look here when he is done: see StackMonitor.tryRun.
        ring.setRelease((int) at & mask, packet);
        return true;
    }

    /// As [#offer], by one thread at a time: under the lock of the host, whose release makes it visible.
    boolean offerAlone(Packet packet) {
        long at = tail.getPlain();
        if (at - head.getAcquire() > mask) {
            return false;
        }
        tail.setPlain(at + 1);
        ring.setRelease((int) at & mask, packet);
        return true;
    }

    /// The oldest packet, or null. By one thread at a time. A slot that a producer has claimed and not yet filled
    /// counts as empty, with all behind it: that producer will see to them itself.
    @Nullable
    Packet poll() {
        long at = head.getPlain();
        int slot = (int) at & mask;
        Packet packet = ring.get(slot);
        if (packet != null) {
            ring.setPlain(slot, null);
            head.setRelease(at + 1);
        }
        return packet;
    }

    /// True if [#offer] refuses.
    boolean isFull() {
        return tail.get() - head.getAcquire() > mask;
    }

    boolean isEmpty() {
        return ring.get((int) head.get() & mask) == null;
    }
}
