package dev.berth.stack.udp;

import dev.berth.wire.Packet;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/// The datagrams that wait in an endpoint, bounded by its receive buffer: one thread at a time puts them in, the one in
/// the host's critical section, and one at a time takes them out, which need not be there.
///
/// A ring of references that is made with the first datagram, and followed by one of twice the size when it is full; in
/// steady state nothing is allocated. Both sides count; the difference is what waits. Whoever is in the critical
/// section and finds the queue empty knows that the next [#offer] finds it empty too, unless others offered meanwhile:
/// no wake-up is lost.
final class DatagramQueue {
    private static final int SMALLEST = 16;

    private static final VarHandle SLOTS = MethodHandles.arrayElementVarHandle(Packet[].class);
    private static final VarHandle FIRST;
    private static final VarHandle NEXT;
    private static final VarHandle TAKEN;
    private static final VarHandle TAKEN_OCTETS;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            FIRST = lookup.findVarHandle(DatagramQueue.class, "first", Ring.class);
            NEXT = lookup.findVarHandle(Ring.class, "following", Ring.class);
            TAKEN = lookup.findVarHandle(DatagramQueue.class, "taken", long.class);
            TAKEN_OCTETS = lookup.findVarHandle(DatagramQueue.class, "takenOctets", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final class Ring {
        final @Nullable Packet[] slots;

        @Nullable
        Ring following; // by NEXT: set when this one was full

        Ring(int length) {
            slots = new Packet[length];
        }
    }

    // Of who offers
    private @Nullable Ring last;
    private long offered;
    private long offeredOctets;

    // Of who polls
    private @Nullable Ring first; // set by the first offer

    @SuppressWarnings("unused") // written through TAKEN
    private long taken;

    @SuppressWarnings("unused") // written through TAKEN_OCTETS
    private long takenOctets;

    /// Puts a datagram at the end.
    ///
    /// @param cost octets of memory that it takes
    /// @param limit octets that may wait; an empty queue takes any datagram, however small that is
    /// @return false if there is no room: the packet still belongs to the caller
    boolean offer(Packet packet, int cost, int limit) {
        if (octets() + cost > limit && !isEmpty()) {
            return false;
        }
        int at = (int) offered;
        Ring ring = last;
        if (ring == null || isFilled(ring, at)) {
            ring = next(ring);
        }
        packet.next = null;
        offered++;
        offeredOctets += cost;
        SLOTS.setRelease(ring.slots, at & ring.slots.length - 1, packet);
        return true;
    }

    private static boolean isFilled(Ring ring, int at) {
        return (Packet) SLOTS.getAcquire(ring.slots, at & ring.slots.length - 1) != null;
    }

    private Ring next(@Nullable Ring full) {
        Ring fresh = new Ring(full == null ? SMALLEST : full.slots.length * 2);
        last = fresh;
        if (full == null) {
            FIRST.setRelease(this, fresh);
        } else {
            NEXT.setRelease(full, fresh);
        }
        return fresh;
    }

    /// Takes the oldest datagram out, or null if none waits.
    @Nullable
    Packet poll() {
        Ring ring = (Ring) FIRST.getAcquire(this);
        if (ring == null) {
            return null;
        }
        long count = taken;
        int at = (int) count & ring.slots.length - 1;
        Packet packet = (Packet) SLOTS.getAcquire(ring.slots, at);
        if (packet == null) {
            ring = following(ring, count);
            if (ring == null) {
                return null;
            }
            at = (int) count & ring.slots.length - 1;
            packet = (Packet) SLOTS.getAcquire(ring.slots, at);
            if (packet == null) {
                return null;
            }
        }
        // Before the slot is free: whoever fills it next sees what is counted here.
        TAKEN_OCTETS.setRelease(this, takenOctets + UdpInput.cost(packet));
        TAKEN.setRelease(this, count + 1);
        SLOTS.setRelease(ring.slots, at, (Packet) null);
        return packet;
    }

    /// For who polls: true if [#poll] has a datagram for certain; false if it may have none.
    boolean isNextThere() {
        Ring ring = (Ring) FIRST.getAcquire(this);
        return ring != null && isFilled(ring, (int) taken);
    }

    /// The ring in which the next datagram is, or will be, if the present one has been emptied; null if it has not.
    private @Nullable Ring following(Ring ring, long count) {
        Ring present = ring;
        for (; ; ) {
            Ring next = (Ring) NEXT.getAcquire(present);
            if (next == null) {
                return null;
            }
            // It was full when the next one was made, and it may have been filled since it was looked at.
            if (isFilled(present, (int) count)) {
                return present;
            }
            first = next;
            present = next;
            if (isFilled(present, (int) count)) {
                return present;
            }
        }
    }

    /// True if nothing waits. Exact in the critical section, but for what is taken meanwhile.
    boolean isEmpty() {
        return (long) TAKEN.getAcquire(this) == offered;
    }

    /// Datagrams that wait. In the critical section.
    int size() {
        return (int) (offered - (long) TAKEN.getAcquire(this));
    }

    /// Octets of memory of the datagrams that wait. In the critical section.
    int octets() {
        return (int) (offeredOctets - (long) TAKEN_OCTETS.getAcquire(this));
    }

    /// Datagrams that were put in since the beginning. In the critical section.
    long offered() {
        return offered;
    }
}
