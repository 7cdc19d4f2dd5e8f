package dev.berth.network;

import dev.berth.wire.IpAddress;
import org.jspecify.annotations.Nullable;

/// Which port of the network has an address: looked up for every packet, from any thread, without a lock and without
/// an object for the key. Changed by one thread at a time.
final class AddressMap {
    private record Entry(IpAddress address, Attachment owner) {}

    /// Written again after each change, so that whoever reads it sees what is in the array.
    private volatile @Nullable Entry[] slots = new Entry[8];

    private int size;

    private static int slot(long hi, long lo, int length) {
        long mixed = (hi * 31 + lo) * 0x9e37_79b9_7f4a_7c15L;
        return (int) (mixed >>> 40) & length - 1;
    }

    @Nullable
    Attachment get(long hi, long lo) {
        @Nullable Entry[] table = slots;
        int at = slot(hi, lo, table.length);
        Entry entry;
        while ((entry = table[at]) != null) {
            if (entry.address.lo() == lo && entry.address.hi() == hi) {
                return entry.owner;
            }
            at = at + 1 & table.length - 1;
        }
        return null;
    }

    void put(IpAddress address, Attachment owner) {
        @Nullable Entry[] table = slots;
        if (++size * 2 > table.length) {
            table = rebuilt(table.length * 2, null);
        }
        insert(table, new Entry(address, owner));
        slots = table;
    }

    /// Takes an address out; does nothing if `owner` does not have it.
    void remove(IpAddress address, Attachment owner) {
        if (get(address.hi(), address.lo()) == owner) {
            size--;
            slots = rebuilt(slots.length, address);
        }
    }

    private @Nullable Entry[] rebuilt(int length, @Nullable IpAddress without) {
        @Nullable Entry[] table = new Entry[length];
        for (Entry entry : slots) {
            if (entry != null && !entry.address.equals(without)) {
                insert(table, entry);
            }
        }
        return table;
    }

    private static void insert(@Nullable Entry[] table, Entry entry) {
        int at = slot(entry.address.hi(), entry.address.lo(), table.length);
        while (table[at] != null) {
            at = at + 1 & table.length - 1;
        }
        table[at] = entry;
    }
}
