package dev.berth.ports;

import dev.berth.wire.IpAddress;
import org.jspecify.annotations.Nullable;

/// How many flows without a binding use each local address and port: what an explicit bind of that port
/// collides with.
///
/// Besides the address itself each flow counts under the wildcard of its family, so that a bind of a wildcard
/// needs one look-up too. Open addressing over primitive arrays; grows at 5/8 and shrinks at 1/8. The wildcards have
/// pages of plain counters instead, which halves the table and its cache misses.
final class EndpointCounts {
    private static final int MIN_CAPACITY = 8;
    private static final int PAGE = 1_024;
    private static final int FAMILY_PAGES = (PortRange.PORTS + PAGE - 1) / PAGE;

    private final long key;
    private long[] his = new long[MIN_CAPACITY];
    private long[] los = new long[MIN_CAPACITY];
    private char[] ports = new char[MIN_CAPACITY];
    /// 0 where the slot is empty.
    private int[] counts = new int[MIN_CAPACITY];
    /// The counts of the IPv4 wildcard by port, then those of the IPv6 wildcard; a page comes with its first flow.
    private final int[] @Nullable [] pages = new int[2 * FAMILY_PAGES][];
    private int size; // of the table
    private int wildcards;

    EndpointCounts(long key) {
        this.key = key | 1;
    }

    int size() {
        return size + wildcards;
    }

    int count(long hi, long lo, int port) {
        if (isWildcard(hi, lo)) {
            int[] page = pages[page(lo, port)];
            return page == null ? 0 : page[port % PAGE];
        }
        return counts[slot(hi, lo, port)];
    }

    void increment(long hi, long lo, int port) {
        if (isWildcard(hi, lo)) {
            incrementWildcard(lo, port);
            return;
        }
        int slot = slot(hi, lo, port);
        if (counts[slot]++ > 0) {
            return;
        }
        his[slot] = hi;
        los[slot] = lo;
        ports[slot] = (char) port;
        size++;
        if (size * 8L > counts.length * 5L) {
            resize(counts.length * 2);
        }
    }

    void decrement(long hi, long lo, int port) {
        if (isWildcard(hi, lo)) {
            decrementWildcard(lo, port);
            return;
        }
        int slot = slot(hi, lo, port);
        assert counts[slot] > 0 : "no flow uses port " + port;
        if (--counts[slot] > 0) {
            return;
        }
        size--;
        closeGap(slot);
        if (counts.length > MIN_CAPACITY && size * 8L < counts.length) {
            resize(counts.length / 2);
        }
    }

    private static boolean isWildcard(long hi, long lo) {
        return IpAddress.isUnspecified(hi, lo);
    }

    private static int page(long lo, int port) {
        return port / PAGE + (lo == 0 ? FAMILY_PAGES : 0);
    }

    private void incrementWildcard(long lo, int port) {
        int at = page(lo, port);
        int[] page = pages[at];
        if (page == null) {
            page = new int[PAGE];
            pages[at] = page;
        }
        if (page[port % PAGE]++ == 0) {
            wildcards++;
        }
    }

    private void decrementWildcard(long lo, int port) {
        int[] page = pages[page(lo, port)];
        assert page != null && page[port % PAGE] > 0 : "no flow uses port " + port;
        if (--page[port % PAGE] == 0) {
            wildcards--;
        }
    }

    private void closeGap(int gap) {
        int hole = gap;
        int mask = counts.length - 1;
        for (int slot = hole + 1 & mask; counts[slot] != 0; slot = slot + 1 & mask) {
            int home = home(his[slot], los[slot], ports[slot]);
            if ((slot - home & mask) >= (slot - hole & mask)) {
                move(slot, hole);
                hole = slot;
            }
        }
        counts[hole] = 0;
    }

    private void move(int from, int to) {
        his[to] = his[from];
        los[to] = los[from];
        ports[to] = ports[from];
        counts[to] = counts[from];
    }

    private int slot(long hi, long lo, int port) {
        int mask = counts.length - 1;
        int slot = home(hi, lo, port);
        while (counts[slot] != 0 && !(ports[slot] == port && los[slot] == lo && his[slot] == hi)) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private int home(long hi, long lo, int port) {
        // Local addresses are the host's own and the ports its own choice: a keyed mix is enough here.
        long h = (hi ^ key) * 0x9e3779b97f4a7c15L;
        h = (h ^ h >>> 32 ^ lo) * key;
        h = (h ^ h >>> 29 ^ port) * 0xbf58476d1ce4e5b9L;
        return (int) (h >>> 32) & counts.length - 1;
    }

    private void resize(int capacity) {
        long[] oldHis = his;
        long[] oldLos = los;
        char[] oldPorts = ports;
        int[] oldCounts = counts;
        his = new long[capacity];
        los = new long[capacity];
        ports = new char[capacity];
        counts = new int[capacity];
        for (int i = 0; i < oldCounts.length; i++) {
            if (oldCounts[i] != 0) {
                int slot = slot(oldHis[i], oldLos[i], oldPorts[i]);
                his[slot] = oldHis[i];
                los[slot] = oldLos[i];
                ports[slot] = oldPorts[i];
                counts[slot] = oldCounts[i];
            }
        }
    }
}
