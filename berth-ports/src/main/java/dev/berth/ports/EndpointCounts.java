package dev.berth.ports;

/// How many flows without a binding use each local address and port: what an explicit bind of that port
/// collides with.
///
/// Besides the address itself each flow counts under the wildcard of its family, so that a bind of a wildcard
/// needs one look-up too. Open addressing over primitive arrays; grows at 5/8 and shrinks at 1/8.
final class EndpointCounts {
    private static final int MIN_CAPACITY = 8;

    private final long key;
    private long[] his = new long[MIN_CAPACITY];
    private long[] los = new long[MIN_CAPACITY];
    private char[] ports = new char[MIN_CAPACITY];
    /// 0 where the slot is empty.
    private int[] counts = new int[MIN_CAPACITY];
    private int size;

    EndpointCounts(long key) {
        this.key = key | 1;
    }

    int size() {
        return size;
    }

    int count(long hi, long lo, int port) {
        return counts[slot(hi, lo, port)];
    }

    void increment(long hi, long lo, int port) {
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
