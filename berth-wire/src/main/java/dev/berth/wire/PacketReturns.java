package dev.berth.wire;

import org.jspecify.annotations.Nullable;

/// Packets that one reader has done with, on their way back to the [BufferPool] that they are from: several of them go
/// back with one atomic operation. By one thread at a time; nothing is allocated.
public final class PacketReturns {
    /// So many packets are kept from their pool at most, less one.
    private static final int SEVERAL = 16;

    private @Nullable Packet top;
    private @Nullable Packet bottom;
    private int count;

    /// Gives the payload of a packet back at once, and the packet with those that follow, until [#giveBack] or until
    /// they are several. The caller must not touch it afterwards.
    public void add(Packet packet) {
        packet.strip();
        Packet first = top;
        if (first != null && first.pool() != packet.pool()) {
            giveBack();
            first = null;
        }
        if (first == null) {
            bottom = packet;
        }
        packet.below = first;
        top = packet;
        if (++count == SEVERAL) {
            giveBack();
        }
    }

    /// Gives back what was added.
    public void giveBack() {
        Packet first = top;
        Packet last = bottom;
        if (first != null && last != null) {
            first.pool().giveBack(first, last, count);
            top = null;
            bottom = null;
            count = 0;
        }
    }
}
