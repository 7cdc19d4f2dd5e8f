package dev.berth.network;

import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which link has an address: immutable, made anew when a host comes or goes, looked up for every packet without an
/// object for the key.
final class AddressMap {
    private record Entry(IpAddress address, NetworkLink link) {}

    private final List<Entry> entries;
    private final @Nullable Entry[] slots;

    AddressMap() {
        this(List.of());
    }

    private AddressMap(List<Entry> entries) {
        this.entries = entries;
        slots = new Entry[Integer.highestOneBit(Math.max(1, entries.size())) * 4];
        for (Entry entry : entries) {
            int at = slot(entry.address.hi(), entry.address.lo());
            while (slots[at] != null) {
                at = at + 1 & slots.length - 1;
            }
            slots[at] = entry;
        }
    }

    private int slot(long hi, long lo) {
        long mixed = (hi * 31 + lo) * 0x9e37_79b9_7f4a_7c15L;
        return (int) (mixed >>> 40) & slots.length - 1;
    }

    @Nullable
    NetworkLink get(long hi, long lo) {
        int at = slot(hi, lo);
        Entry entry;
        while ((entry = slots[at]) != null) {
            if (entry.address.lo() == lo && entry.address.hi() == hi) {
                return entry.link;
            }
            at = at + 1 & slots.length - 1;
        }
        return null;
    }

    AddressMap with(IpAddress address, NetworkLink link) {
        List<Entry> more = new ArrayList<>(entries);
        more.add(new Entry(address, link));
        return new AddressMap(List.copyOf(more));
    }

    AddressMap without(NetworkLink link) {
        return new AddressMap(
                entries.stream().filter(entry -> entry.link != link).toList());
    }
}
