package dev.berth.network;

import dev.berth.wire.IpAddress;
import org.jspecify.annotations.Nullable;

/// Which port of the network has an address: looked up for every packet, from any thread, without a lock and without
/// an object for the key. Changed by one thread at a time.
final class AddressMap {
    private record Entry(long hi, long lo, @Nullable Attachment owner) {}

    /// In place of an entry that was taken out, so that those behind it are still found: nobody looks it up.
    private static final Entry GONE = new Entry(-1, -1, null);

    /// Written again after each change, so that whoever reads it sees what is in the array.
    private volatile @Nullable Entry[] slots = new Entry[8];

    private volatile int changes;
    private int made; // changes
    private int used; // slots, with those of entries that were taken out

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
            if (entry.lo == lo && entry.hi == hi) {
                return entry.owner;
            }
            at = at + 1 & table.length - 1;
        }
        return null;
    }

    /// Another number after each change: what [#get] has said before holds no longer.
    int changes() {
        return changes;
    }

    void put(IpAddress address, Attachment owner) {
        @Nullable Entry[] table = slots;
        if (++used * 2 > table.length) {
            table = rebuilt();
        }
        insert(table, new Entry(address.hi(), address.lo(), owner));
        slots = table;
        changes = ++made;
    }

    /// Takes an address out; does nothing if `owner` does not have it.
    void remove(IpAddress address, Attachment owner) {
        @Nullable Entry[] table = slots;
        int at = slot(address.hi(), address.lo(), table.length);
        Entry entry;
        while ((entry = table[at]) != null) {
            if (entry.owner == owner && entry.lo == address.lo() && entry.hi == address.hi()) {
                table[at] = GONE;
                slots = table;
                changes = ++made;
                return;
            }
            at = at + 1 & table.length - 1;
        }
    }

    /// A table with room, without what was taken out.
    private @Nullable Entry[] rebuilt() {
        @Nullable Entry[] old = slots;
        int live = 1;
        for (Entry entry : old) {
            live += entry != null && entry != GONE ? 1 : 0;
        }
        @Nullable Entry[] table = new Entry[Math.max(8, Integer.highestOneBit(live) * 4)];
        for (Entry entry : old) {
            if (entry != null && entry != GONE) {
                insert(table, entry);
            }
        }
        used = live;
        return table;
    }

    private static void insert(@Nullable Entry[] table, Entry entry) {
        int at = slot(entry.hi, entry.lo, table.length);
        while (table[at] != null) {
            at = at + 1 & table.length - 1;
        }
        table[at] = entry;
    }
}
