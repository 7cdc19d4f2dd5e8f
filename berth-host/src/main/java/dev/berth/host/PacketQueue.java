package dev.berth.host;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Packet;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLongArray;
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

    // Who attends the queue

    /// Lets [#leave] know that somebody looks at the queue again and again, until [#unattend] or until a packet is
    /// offered. By the one thread that may poll: the mark must be where the next packet will be.
    void attend() {
        Ring present = large;
        (present != null ? present : small).attend();
    }

    /// Takes back what [#attend] has said. Whoever looks whether the queue is empty after that sees all that was
    /// left to him. From any thread.
    void unattend() {
        small.unattend();
        Ring present = large;
        if (present != null) {
            present.unattend();
        }
    }

    /// True if somebody attends and nothing waits in the queue. A hint: see [#leave].
    boolean isAttended() {
        Ring present = large;
        return (present != null ? present : small).isAttended();
    }

    /// Takes a packet over, after [#isAttended] said true.
    ///
    /// @return whether somebody attends, who sees to the packet; otherwise the caller has to, if it was taken over
    Left leave(Packet packet) {
        Ring present = large;
        return (present != null ? present : small).leave(packet);
    }

    /// What has become of a packet that was left.
    enum Left {
        /// It is in the queue, and who attends sees to it.
        ATTENDED,
        /// It is in the queue, and nobody attends it.
        ALONE,
        /// It is still the caller's.
        NOT_TAKEN
    }

    /// True if no producer has filled or claimed a slot that was not polled yet: all that was offered before has
    /// left.
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
        /// In the slot that is filled next, where nothing waits: somebody looks at it again and again.
        private static final Packet ATTENDED = new BufferPool(0, 0, 0).takePacket();

        /// Who fills and who empties, mostly on two processors, do not share a line of a cache.
        private static final int APART = 16; // of longs, two lines

        private static final int TAIL = APART;
        private static final int HEAD = 2 * APART;
        private static final int MARGIN = 2 * APART; // of references

        private final AtomicReferenceArray<@Nullable Packet> slots;
        private final int mask;
        private final AtomicLongArray ends = new AtomicLongArray(3 * APART);

        Ring(int capacity) {
            slots = new AtomicReferenceArray<>(capacity + 2 * MARGIN);
            mask = capacity - 1;
        }

        private int slot(long at) {
            return MARGIN + ((int) at & mask);
        }

        boolean offer(Packet packet) {
            long at;
            do {
                at = ends.get(TAIL);
                if (at - ends.getAcquire(HEAD) > mask) {
                    return false;
                }
            } while (!ends.compareAndSet(TAIL, at, at + 1));
            // Whoever offers has to see to it that this is visible before he looks whether somebody is at work, who
            // would look here when he is done: see StackMonitor.tryRun.
            slots.setRelease(slot(at), packet);
            return true;
        }

        boolean offerAlone(Packet packet) {
            long at = ends.getPlain(TAIL);
            if (at - ends.getAcquire(HEAD) > mask) {
                return false;
            }
            ends.setPlain(TAIL, at + 1);
            slots.setRelease(slot(at), packet);
            return true;
        }

        @Nullable
        Packet poll() {
            long at = ends.getPlain(HEAD);
            int slot = slot(at);
            Packet packet = slots.get(slot);
            if (packet == null || packet == ATTENDED) {
                return null;
            }
            slots.setPlain(slot, null);
            ends.setRelease(HEAD, at + 1);
            return packet;
        }

        void attend() {
            int slot = slot(ends.getPlain(HEAD));
            if (slots.get(slot) == null) {
                slots.compareAndSet(slot, null, ATTENDED);
            }
        }

        void unattend() {
            int slot = slot(ends.get(HEAD));
            if (slots.get(slot) == ATTENDED) {
                slots.compareAndSet(slot, ATTENDED, null);
            }
        }

        boolean isAttended() {
            return slots.getAcquire(slot(ends.getAcquire(TAIL))) == ATTENDED;
        }

        Left leave(Packet packet) {
            long at = ends.get(TAIL);
            int slot = slot(at);
            // With all slots claimed, the one with the mark belongs to whoever has claimed it and not yet filled it.
            if (slots.getAcquire(slot) != ATTENDED
                    || at - ends.getAcquire(HEAD) > mask
                    || !ends.compareAndSet(TAIL, at, at + 1)) {
                return Left.NOT_TAKEN;
            }
            return slots.getAndSet(slot, packet) == ATTENDED ? Left.ATTENDED : Left.ALONE;
        }

        boolean isFull() {
            return ends.get(TAIL) - ends.getAcquire(HEAD) > mask;
        }

        /// True if there are slots that were claimed, filled or not.
        boolean isClaimed() {
            return ends.get(TAIL) != ends.get(HEAD);
        }

        boolean isEmpty() {
            Packet packet = slots.get(slot(ends.get(HEAD)));
            return packet == null || packet == ATTENDED;
        }
    }
}
