package dev.berth.host;

import dev.berth.wire.Packet;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// A bounded queue of packets for many producers and one consumer at a time, without locks, in order per producer.
///
/// For hosts, and for links that several hosts send through. It begins with a small ring, because most hosts never
/// have many packets waiting, and goes over to a large one for good when that is full for the first time. After that
/// nothing is allocated.
public final class PacketQueue {
    private static final int SMALL = 64;

    private static final VarHandle LARGE;

    static {
        try {
            LARGE = MethodHandles.lookup().findVarHandle(PacketQueue.class, "large", Ring.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int capacity;
    private final Ring small;
    private volatile @Nullable Ring large;

    /// A queue of `capacity` packets, a power of two.
    public PacketQueue(int capacity) {
        this.capacity = capacity;
        small = new Ring(Math.min(capacity, SMALL));
    }

    /// Takes a packet over; false if the queue is full, and the packet stays the caller's.
    public boolean offer(Packet packet) {
        Ring present = large;
        if (present != null) {
            return present.offer(packet);
        }
        return small.offer(packet) || capacity > SMALL && grown().offer(packet);
    }

    /// As [#offer], by one thread at a time: under the lock of the host, whose release makes it visible.
    boolean offerAlone(Packet packet) {
        Ring present = large;
        if (present != null) {
            return present.offerAlone(packet);
        }
        return small.offerAlone(packet) || capacity > SMALL && grown().offerAlone(packet);
    }

    private Ring grown() {
        Ring present = large;
        if (present == null) {
            Ring fresh = new Ring(capacity);
            Ring other = (Ring) LARGE.compareAndExchange(this, null, fresh);
            present = other == null ? fresh : other;
        }
        return present;
    }

    /// The oldest packet, or null. By one thread at a time. A slot that a producer has claimed and not yet filled
    /// counts as empty, with all behind it: that producer will see to them itself.
    public @Nullable Packet poll() {
        Packet packet = small.poll();
        Ring present = large;
        if (packet != null || present == null || present.isEmpty()) {
            return packet;
        }
        // Whoever filled a slot of the large ring may have filled one of the small ring since it was looked at;
        // behind a slot that is claimed only.
        packet = small.poll();
        return packet == null && !small.isClaimed() ? present.poll() : packet;
    }

    public boolean isEmpty() {
        Ring present = large;
        return small.isEmpty() && (present == null || present.isEmpty() || small.isClaimed());
    }

    /// True if no producer has filled or claimed a slot that was not polled yet: all that was offered before has left.
    boolean isDrained() {
        Ring present = large;
        return !small.isClaimed() && (present == null || !present.isClaimed());
    }

    /// True if [#offer] refuses.
    boolean isFull() {
        Ring present = large;
        return present != null ? present.isFull() : capacity <= SMALL && small.isFull();
    }

    private static final class Ring {
        private final AtomicReferenceArray<@Nullable Packet> slots;
        private final int mask;
        private final AtomicLong tail = new AtomicLong();
        private final AtomicLong head = new AtomicLong();

        Ring(int capacity) {
            slots = new AtomicReferenceArray<>(capacity);
            mask = capacity - 1;
        }

        boolean offer(Packet packet) {
            long at;
            do {
                at = tail.get();
                if (at - head.getAcquire() > mask) {
                    return false;
                }
            } while (!tail.compareAndSet(at, at + 1));
            // Whoever offers has to see to it that this is visible before he looks whether somebody is at work, who
            // would look here when he is done: see StackMonitor.tryRun.
            slots.setRelease((int) at & mask, packet);
            return true;
        }

        boolean offerAlone(Packet packet) {
            long at = tail.getPlain();
            if (at - head.getAcquire() > mask) {
                return false;
            }
            tail.setPlain(at + 1);
            slots.setRelease((int) at & mask, packet);
            return true;
        }

        @Nullable
        Packet poll() {
            long at = head.getPlain();
            int slot = (int) at & mask;
            Packet packet = slots.get(slot);
            if (packet != null) {
                slots.setPlain(slot, null);
                head.setRelease(at + 1);
            }
            return packet;
        }

        boolean isFull() {
            return tail.get() - head.getAcquire() > mask;
        }

        /// True if there are slots that were claimed, filled or not.
        boolean isClaimed() {
            return tail.get() != head.get();
        }

        boolean isEmpty() {
            return slots.get((int) head.get() & mask) == null;
        }
    }
}
