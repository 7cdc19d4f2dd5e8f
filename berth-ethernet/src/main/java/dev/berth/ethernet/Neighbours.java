package dev.berth.ethernet;

import dev.berth.wire.IpAddress;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The addresses of one guest and the link-layer address of each. Read from any thread without a lock; changed under
/// the port's. Bounded, and small: a guest has a handful.
final class Neighbours {
    private static final Entry[] NONE = {};

    /// One address.
    static final class Entry {
        final IpAddress address;
        final long hi;
        final long lo;
        final long linkLayer;
        /// From DHCP, which alone takes it away again.
        final boolean leased;
        /// When the guest last sent from it, in nanoseconds.
        volatile long usedAt;

        Entry(IpAddress address, long linkLayer, boolean leased, long now) {
            this.address = address;
            hi = address.hi();
            lo = address.lo();
            this.linkLayer = linkLayer;
            this.leased = leased;
            usedAt = now;
        }
    }

    private volatile Entry[] entries = NONE;

    @Nullable
    Entry find(long hi, long lo) {
        for (Entry entry : entries) {
            if (entry.lo == lo && entry.hi == hi) {
                return entry;
            }
        }
        return null;
    }

    int size() {
        return entries.length;
    }

    Entry[] all() {
        return entries.clone();
    }

    void add(Entry entry) {
        Entry[] before = entries;
        Entry[] after = Arrays.copyOf(before, before.length + 1);
        after[before.length] = entry;
        entries = after;
    }

    void remove(Entry entry) {
        entries = Arrays.stream(entries).filter(each -> each != entry).toArray(Entry[]::new);
    }

    /// The one that was not used for the longest time and is not leased, or null.
    @Nullable
    Entry stalest() {
        Entry found = null;
        for (Entry entry : entries) {
            if (!entry.leased && (found == null || entry.usedAt - found.usedAt < 0)) {
                found = entry;
            }
        }
        return found;
    }
}
