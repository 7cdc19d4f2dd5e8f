package dev.berth.stack.ip;

import dev.berth.wire.DropReason;
import dev.berth.wire.Packet;
import org.jspecify.annotations.Nullable;

/// How many packets of a host went nowhere, and why (RFC 1122 section 3.1: a host SHOULD count discarded datagrams).
///
/// One per host, shared by all layers; used in the host's critical section only. Allocates nothing but snapshots.
public final class DropCounters {
    private final long[] counts = new long[DropReason.values().length];

    private @Nullable DropObserver observer;
    private @Nullable Packet present; // only while somebody observes

    /// Lets `observer` be told of every packet that is dropped from now on; null takes it away. Without one nothing
    /// is paid for it.
    public void observer(@Nullable DropObserver other) {
        observer = other;
        present = null;
    }

    /// Whether anybody is told.
    public boolean isObserved() {
        return observer != null;
    }

    /// Which packet [#count] means from now on: the one that the host is processing, or null. Only needed while
    /// [#isObserved].
    public void processing(@Nullable Packet packet) {
        present = packet;
    }

    /// Counts `packet` under `reason` and releases it.
    public void drop(DropReason reason, Packet packet) {
        counts[reason.ordinal()]++;
        if (observer != null) {
            observer.dropped(reason, packet);
        }
        packet.release();
    }

    /// Counts one packet under `reason`; somebody else releases it.
    public void count(DropReason reason) {
        counts[reason.ordinal()]++;
        if (observer != null && present != null) {
            observer.dropped(reason, present);
        }
    }

    /// Counts `packet`, which need not be the one that is being processed, under `reason`; somebody else releases it.
    public void count(DropReason reason, Packet packet) {
        counts[reason.ordinal()]++;
        if (observer != null) {
            observer.dropped(reason, packet);
        }
    }

    /// Counts packets under `reason` that are gone already.
    public void countAll(DropReason reason, long packets) {
        counts[reason.ordinal()] += packets;
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
