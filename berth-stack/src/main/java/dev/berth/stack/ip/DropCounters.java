package dev.berth.stack.ip;

import dev.berth.wire.DropReason;
import dev.berth.wire.Packet;

/// How many packets of a host went nowhere, and why (RFC 1122 section 3.1: a host SHOULD count discarded datagrams).
///
/// One per host, shared by all layers; used in the host's critical section only. Allocates nothing but snapshots.
public final class DropCounters {
    private final long[] counts = new long[DropReason.values().length];

    /// Counts `packet` under `reason` and releases it.
    public void drop(DropReason reason, Packet packet) {
        counts[reason.ordinal()]++;
        packet.release();
    }

    /// Counts one packet under `reason`; somebody else releases it.
    public void count(DropReason reason) {
        counts[reason.ordinal()]++;
    }

    /// Packets counted under `reason` so far.
    public long total(DropReason reason) {
        return counts[reason.ordinal()];
    }

    /// Packets counted under any reason so far.
    public long total() {
        long total = 0;
        for (long count : counts) {
            total += count;
        }
        return total;
    }

    /// A copy of all counts, indexed by the ordinal of [DropReason].
    public long[] snapshot() {
        return counts.clone();
    }
}
