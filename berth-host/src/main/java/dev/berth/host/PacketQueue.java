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
        ring.setRelease((int) at & mask, packet);
        return true;
    }

    /// The oldest packet, or null. By one thread at a time.
    @Nullable
    Packet poll() {
        long at = head.getPlain();
        int slot = (int) at & mask;
        Packet packet = ring.getAcquire(slot);
        if (packet == null) {
            if (tail.get() == at) {
                return null;
            }
            // A producer has claimed the slot and is about to fill it.
            do {
                Thread.onSpinWait();
                packet = ring.getAcquire(slot);
            } while (packet == null);
        }
        ring.setPlain(slot, null);
        head.setRelease(at + 1);
        return packet;
    }

    boolean isEmpty() {
        return head.get() == tail.get();
    }
}
