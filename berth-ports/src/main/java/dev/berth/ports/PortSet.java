package dev.berth.ports;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A set of port numbers that counts: besides membership it knows in constant time how many members lie below a
/// port ([#rank]) and which port is the n-th member or the n-th that is missing ([#select], [#selectAbsent]).
///
/// Up to 128 members are a sorted array, 2 bytes a port. More are a bitmap with two levels of counts over it:
/// 16 leaves of 4,096 ports, allocated when they get their first member, each of 16 blocks of 256 ports (4
/// words). Every query then takes at most 16 + 16 + 4 steps, however full the set is. It goes back to an array
/// below 33 members, so that a size that moves back and forth allocates nothing. An empty set takes 32 bytes, a
/// full dynamic range 2.8 KiB, all ports 9 KiB.
///
/// Not safe for use by several threads.
public final class PortSet {
    private static final int SMALL_LIMIT = 128;
    private static final int SMALL_AGAIN = 32;
    private static final int FIRST_CAPACITY = 4;
    private static final char[] NONE = {};

    private static final int LEAVES = 16;
    private static final int LEAF_PORTS = 4096;
    private static final int LEAF_WORDS = 64;
    private static final int LEAF_BLOCKS = 16;
    private static final int BLOCK_PORTS = 256;
    private static final int BLOCK_WORDS = 4;

    private int size;
    /// The members in order, while there are few; unused otherwise.
    private char[] sorted = NONE;
    /// The bitmap, or null while there are few members.
    private long @Nullable [] @Nullable [] leaves;
    /// Members of each leaf (16), then of each block (256). Empty while there are few members.
    private char[] counts = NONE;

    /// An empty set.
    public PortSet() {}

    /// The number of members, 0 to 65,536.
    public int size() {
        return size;
    }

    /// Whether there is no member.
    public boolean isEmpty() {
        return size == 0;
    }

    /// Whether `port` (0 to 65535) is a member.
    public boolean contains(int port) {
        long[] @Nullable [] tree = leaves;
        if (tree == null) {
            int at = position(port);
            return at < size && sorted[at] == port;
        }
        long[] leaf = tree[port / LEAF_PORTS];
        return leaf != null && (leaf[port / 64 % LEAF_WORDS] & 1L << port) != 0;
    }

    /// Adds `port`. Allocates when an array or a leaf has to grow.
    ///
    /// @return whether it was not a member before
    /// @throws IllegalArgumentException if `port` is not within 0 to 65535
    public boolean add(int port) {
        PortRange.requirePort(port);
        if (leaves == null) {
            int at = position(port);
            if (at < size && sorted[at] == port) {
                return false;
            }
            if (size < SMALL_LIMIT) {
                insert(at, port);
                return true;
            }
            promote();
        }
        return set(port);
    }

    private void insert(int at, int port) {
        if (size == sorted.length) {
            sorted = Arrays.copyOf(sorted, Math.max(FIRST_CAPACITY, 2 * size));
        }
        System.arraycopy(sorted, at, sorted, at + 1, size - at);
        sorted[at] = (char) port;
        size++;
    }

    private void promote() {
        char[] members = sorted;
        int n = size;
        sorted = NONE;
        size = 0;
        leaves = new long[LEAVES][];
        counts = new char[LEAVES + LEAVES * LEAF_BLOCKS];
        for (int i = 0; i < n; i++) {
            set(members[i]);
        }
    }

    private boolean set(int port) {
        long[] @Nullable [] tree = bitmap();
        long[] leaf = tree[port / LEAF_PORTS];
        if (leaf == null) {
            leaf = new long[LEAF_WORDS];
            tree[port / LEAF_PORTS] = leaf;
        }
        int word = port / 64 % LEAF_WORDS;
        long bit = 1L << port;
        if ((leaf[word] & bit) != 0) {
            return false;
        }
        leaf[word] |= bit;
        counts[port / LEAF_PORTS]++;
        counts[LEAVES + port / BLOCK_PORTS]++;
        size++;
        return true;
    }

    /// Removes `port`. Allocates an array when the set becomes small again.
    ///
    /// @return whether it was a member
    public boolean remove(int port) {
        if (!contains(port)) {
            return false;
        }
        size--;
        if (leaves == null) {
            int at = position(port, size + 1);
            System.arraycopy(sorted, at + 1, sorted, at, size - at);
            return true;
        }
        long[] leaf = Objects.requireNonNull(bitmap()[port / LEAF_PORTS]);
        leaf[port / 64 % LEAF_WORDS] &= ~(1L << port);
        counts[port / LEAF_PORTS]--;
        counts[LEAVES + port / BLOCK_PORTS]--;
        if (size <= SMALL_AGAIN) {
            demote();
        }
        return true;
    }

    private void demote() {
        char[] members = new char[2 * SMALL_AGAIN];
        for (int i = 0; i < size; i++) {
            members[i] = (char) select(i);
        }
        leaves = null;
        counts = NONE;
        sorted = members;
    }

    /// Removes all members and gives large arrays back.
    public void clear() {
        size = 0;
        leaves = null;
        counts = NONE;
        if (sorted.length > 2 * FIRST_CAPACITY) {
            sorted = NONE;
        }
    }

    /// The number of members below `port`, which may be 0 to 65,536.
    public int rank(int port) {
        long[] @Nullable [] tree = leaves;
        if (tree == null) {
            return position(port);
        }
        int rank = 0;
        int leafIndex = port / LEAF_PORTS;
        for (int i = 0; i < leafIndex; i++) {
            rank += counts[i];
        }
        if (port % LEAF_PORTS == 0) {
            return rank;
        }
        int blockIndex = port / BLOCK_PORTS;
        for (int i = leafIndex * LEAF_BLOCKS; i < blockIndex; i++) {
            rank += counts[LEAVES + i];
        }
        long[] leaf = tree[leafIndex];
        if (leaf == null) {
            return rank;
        }
        int word = port / 64 % LEAF_WORDS;
        for (int i = blockIndex % LEAF_BLOCKS * BLOCK_WORDS; i < word; i++) {
            rank += Long.bitCount(leaf[i]);
        }
        return rank + Long.bitCount(leaf[word] & (1L << port) - 1);
    }

    /// The number of members within a range.
    public int countIn(PortRange range) {
        return rank(range.last() + 1) - rank(range.first());
    }

    /// The member that has `index` members below it.
    ///
    /// @throws IndexOutOfBoundsException if `index` is not within 0 to [#size]` - 1`
    public int select(int index) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException("No member " + index + " in a set of " + size);
        }
        return leaves == null ? sorted[index] : descend(index, 0, 0);
    }

    /// The port that is no member and has `index` other such ports below it, counted from port 0.
    ///
    /// @throws IndexOutOfBoundsException if `index` is not within 0 to 65,535` - `[#size]
    public int selectAbsent(int index) {
        if (index < 0 || index >= PortRange.PORTS - size) {
            throw new IndexOutOfBoundsException("No absent port " + index + " beside a set of " + size);
        }
        return leaves == null ? absentSmall(index) : descend(index, -1, -1L);
    }

    private int absentSmall(int index) {
        // The member at i has sorted[i] - i absent ports below it; the answer follows all members with at most index.
        int low = 0;
        int high = size;
        while (low < high) {
            int middle = low + high >>> 1;
            if (sorted[middle] - middle <= index) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return index + low;
    }

    /// Walks down to the bit number `index` of the bitmap, or of its complement if `flip` and `flipWord` are
    /// all ones.
    private int descend(int index, int flip, long flipWord) {
        long[] @Nullable [] tree = bitmap();
        int rest = index;
        int leafIndex = 0;
        for (int n; rest >= (n = count(counts[leafIndex], LEAF_PORTS, flip)); leafIndex++) {
            rest -= n;
        }
        int block = leafIndex * LEAF_BLOCKS;
        for (int n; rest >= (n = count(counts[LEAVES + block], BLOCK_PORTS, flip)); block++) {
            rest -= n;
        }
        long[] leaf = tree[leafIndex];
        if (leaf == null) {
            return block * BLOCK_PORTS + rest; // only the complement has a bit in an empty leaf, and there all are set
        }
        int word = block % LEAF_BLOCKS * BLOCK_WORDS;
        for (int n; rest >= (n = Long.bitCount(leaf[word] ^ flipWord)); word++) {
            rest -= n;
        }
        int bit = Long.numberOfTrailingZeros(Long.expand(1L << rest, leaf[word] ^ flipWord));
        return leafIndex * LEAF_PORTS + word * 64 + bit;
    }

    private static int count(int members, int ports, int flip) {
        return flip == 0 ? members : ports - members;
    }

    /// Sets the bits of the members in `words`, whose first word stands for the ports from `64 * firstWord` on.
    /// At most `words.length` steps for a large set, 128 for a small one.
    void orInto(long[] words, int firstWord) {
        long[] @Nullable [] tree = leaves;
        if (tree == null) {
            int end = (firstWord + words.length) * 64;
            for (int i = position(firstWord * 64); i < size && sorted[i] < end; i++) {
                words[sorted[i] / 64 - firstWord] |= 1L << sorted[i];
            }
            return;
        }
        for (int i = 0; i < words.length; i++) {
            long[] leaf = tree[(firstWord + i) / LEAF_WORDS];
            if (leaf != null) {
                words[i] |= leaf[(firstWord + i) % LEAF_WORDS];
            }
        }
    }

    private long[] @Nullable [] bitmap() {
        return Objects.requireNonNull(leaves);
    }

    /// The index of the first member that is not below `port`.
    private int position(int port) {
        return position(port, size);
    }

    private int position(int port, int length) {
        int low = 0;
        int high = length;
        while (low < high) {
            int middle = low + high >>> 1;
            if (sorted[middle] < port) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /// The members as ranges, such as `{80, 443, 8000-8079}`.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("{");
        for (int i = 0; i < size; ) {
            int first = select(i);
            int last = first;
            while (++i < size && select(i) == last + 1) {
                last++;
            }
            text.append(text.length() == 1 ? "" : ", ").append(new PortRange(first, last));
        }
        return text.append('}').toString();
    }
}
