package dev.berth.ports;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/// A bitmap of all ports that counts, for large sets: rank and select in a fixed number of steps without a
/// branch that depends on what is in it.
///
/// Two halves of 32,768 ports, each of 8 leaves of 4,096 ports, each of 16 blocks of 256 ports, each of 4 words. For
/// every leaf of a half and every block of a leaf the number of members before it, in the same half or leaf, is
/// kept: 4 numbers of 16 bits in a `long`. So one subtraction compares 4 of them, and the child that holds the
/// n-th port is the number of those that are not above n. Adding a port adds 1 to all numbers behind it, which
/// is 6 additions of constants.
///
/// While more than a 16th of a range is in use and ports are drawn from it, [AbsentPorts] serve the draws and the
/// numbers are left alone; who asks for a rank then has them made anew.
final class PortBitmap {
    private static final int LEAVES = 16;
    private static final int LEAF_PORTS = 4096;
    private static final int LEAF_WORDS = 64;
    private static final int BLOCK_PORTS = 256;
    private static final int HALF = 32_768;
    /// Where the words begin in a leaf; the numbers of the blocks are before them.
    private static final int WORDS_AT = 4;

    /// How often a draw tries a port at random, while more than half are free, before it takes the n-th.
    private static final int TRIES = 4;

    private static final long ONES = 0x0001_0001_0001_0001L;
    private static final long HIGH = ONES << 15;
    /// 0, 1, 2, 3 in the four lanes.
    private static final long STEPS = 0x0003_0002_0001_0000L;

    /// 1 in the lanes of the children behind child i, in the longs 4 * i to 4 * i + 3.
    private static final long[] BEHIND = new long[4 * 16];

    /// Stands for a leaf that never had a member; only read.
    private static final long[] NO_LEAF = new long[WORDS_AT + LEAF_WORDS];

    static {
        for (int child = 0; child < 16; child++) {
            for (int other = child + 1; other < 16; other++) {
                BEHIND[4 * child + other / 4] |= 1L << 16 * (other % 4);
            }
        }
    }

    private final long[][] leaves = new long[LEAVES][];
    /// The members before each leaf of its half; two longs a half.
    private final long[] before = new long[4];
    /// The members of the lower half.
    private int low;

    /// The last two ports that [#rank] was asked for, and the answers, kept right by every change: mostly these are
    /// the ends of a range.
    private int asked;

    private int rankOfAsked;
    private int askedBefore;
    private int rankOfAskedBefore;

    /// While ports are drawn from one well filled range, its absent ones; then none of the numbers above is kept right.
    private @Nullable AbsentPorts absentPorts;

    /// Draws from well filled ranges since `absentPorts` was last made.
    private int otherDraws;

    PortBitmap() {
        Arrays.fill(leaves, NO_LEAF);
    }

    boolean contains(int port) {
        return (leaves[port >>> 12][wordOf(port)] & 1L << port) != 0;
    }

    private static int wordOf(int port) {
        return WORDS_AT + (port >>> 6 & LEAF_WORDS - 1);
    }

    /// Adds a port; returns whether it was not a member before.
    boolean add(int port) {
        long[] leaf = leaves[port >>> 12];
        if (leaf == NO_LEAF) {
            leaf = new long[WORDS_AT + LEAF_WORDS];
            leaves[port >>> 12] = leaf;
        }
        int word = wordOf(port);
        long bit = 1L << port;
        if ((leaf[word] & bit) != 0) {
            return false;
        }
        leaf[word] |= bit;
        AbsentPorts absent = absentPorts;
        if (absent == null) {
            countIn(leaf, port);
        } else {
            absent.take(port);
        }
        return true;
    }

    private void countIn(long[] leaf, int port) {
        int block = port >>> 6 & 0x3c; // four longs a block
        leaf[0] += BEHIND[block];
        leaf[1] += BEHIND[block + 1];
        leaf[2] += BEHIND[block + 2];
        leaf[3] += BEHIND[block + 3];
        int half = port >>> 15;
        int child = port >>> 10 & 0x1c;
        before[2 * half] += BEHIND[child];
        before[2 * half + 1] += BEHIND[child + 1];
        low += 1 - half;
        rankOfAsked += port - asked >>> 31;
        rankOfAskedBefore += port - askedBefore >>> 31;
    }

    /// Removes a port; returns whether it was a member.
    boolean remove(int port) {
        long[] leaf = leaves[port >>> 12];
        int word = wordOf(port);
        long bit = 1L << port;
        if ((leaf[word] & bit) == 0) {
            return false;
        }
        leaf[word] ^= bit;
        AbsentPorts absent = absentPorts;
        if (absent == null) {
            countOut(leaf, port);
        } else {
            absent.giveBack(port);
            if (absent.isHardlyUsed()) {
                recount();
            }
        }
        return true;
    }

    private void countOut(long[] leaf, int port) {
        int block = port >>> 6 & 0x3c;
        leaf[0] -= BEHIND[block];
        leaf[1] -= BEHIND[block + 1];
        leaf[2] -= BEHIND[block + 2];
        leaf[3] -= BEHIND[block + 3];
        int half = port >>> 15;
        int child = port >>> 10 & 0x1c;
        before[2 * half] -= BEHIND[child];
        before[2 * half + 1] -= BEHIND[child + 1];
        low -= 1 - half;
        rankOfAsked -= port - asked >>> 31;
        rankOfAskedBefore -= port - askedBefore >>> 31;
    }

    /// The members below `port`, which is 0 to 65,535.
    int rank(int port) {
        if (absentPorts != null) {
            recount();
        }
        if (port == asked) {
            return rankOfAsked;
        }
        if (port == askedBefore) {
            return rankOfAskedBefore;
        }
        int rank = count(port);
        askedBefore = asked;
        rankOfAskedBefore = rankOfAsked;
        asked = port;
        rankOfAsked = rank;
        return rank;
    }

    private int count(int port) {
        int leafIndex = port >>> 12;
        long[] leaf = leaves[leafIndex];
        int block = port >>> 8 & 15;
        int rank = (low & -(port >>> 15)) + lane(before[leafIndex >>> 2], leafIndex) + lane(leaf[block >>> 2], block);
        int word = wordOf(port);
        for (int i = word & ~3; i < word; i++) {
            rank += Long.bitCount(leaf[i]);
        }
        return rank + Long.bitCount(leaf[word] & (1L << port) - 1);
    }

    /// The port that is no member and has `index` such ports below it. There is one.
    int selectAbsent(int index) {
        if (absentPorts != null) {
            recount();
        }
        int absentLow = HALF - low;
        int half = absentLow - 1 - index >>> 31;
        int rest = index - (absentLow & -half);

        // A lane of the difference keeps its high bit if the lane's number is at most `rest`; both are below 2^15.
        long probe = rest * ONES | HIGH;
        long a = probe - LEAF_PORTS * STEPS + before[2 * half] & HIGH;
        long b = probe - LEAF_PORTS * (STEPS + 4 * ONES) + before[2 * half + 1] & HIGH;
        int child = Long.bitCount(a >>> 1 | b) - 1;
        int leafIndex = 8 * half + child;
        rest -= LEAF_PORTS * child - lane(before[leafIndex >>> 2], leafIndex);

        long[] leaf = leaves[leafIndex];
        probe = rest * ONES | HIGH;
        a = probe - BLOCK_PORTS * STEPS + leaf[0] & HIGH;
        b = probe - BLOCK_PORTS * (STEPS + 4 * ONES) + leaf[1] & HIGH;
        long c = probe - BLOCK_PORTS * (STEPS + 8 * ONES) + leaf[2] & HIGH;
        long d = probe - BLOCK_PORTS * (STEPS + 12 * ONES) + leaf[3] & HIGH;
        int block = Long.bitCount(a >>> 3 | b >>> 2 | c >>> 1 | d) - 1;
        rest -= BLOCK_PORTS * block - lane(leaf[block >>> 2], block);

        int word = WORDS_AT + 4 * block;
        int n0 = Long.bitCount(~leaf[word]);
        int n1 = Long.bitCount(~leaf[word + 1]);
        int n2 = Long.bitCount(~leaf[word + 2]);
        int beyond0 = n0 - 1 - rest >> 31;
        int beyond1 = n0 + n1 - 1 - rest >> 31;
        int beyond2 = n0 + n1 + n2 - 1 - rest >> 31;
        rest -= (n0 & beyond0) + (n1 & beyond1) + (n2 & beyond2);
        int at = word - beyond0 - beyond1 - beyond2;
        int bit = Long.numberOfTrailingZeros(Long.expand(1L << rest, ~leaf[at]));
        return leafIndex * LEAF_PORTS + (at - WORDS_AT) * 64 + bit;
    }

    /// Whether ports are drawn in one step, from `absentPorts`.
    boolean isArranged() {
        return absentPorts != null;
    }

    /// The number of ports from `first` to `last` that are no members; -1 if [#rank] tells it faster.
    int absentIn(int first, int last) {
        AbsentPorts ready = absentPorts;
        return ready == null ? -1 : ready.isOf(first, last) ? ready.count() : scanAbsent(first, last);
    }

    private int scanAbsent(int first, int last) {
        int absent = 0;
        for (int i = first / 64; i <= last / 64; i++) {
            long inRange = (i == first / 64 ? -1L << first : -1L) & (i == last / 64 ? ~(-2L << last) : -1L);
            absent += Long.bitCount(~word(i) & inRange);
        }
        return absent;
    }

    /// One of the `absent` ports from `first` to `last` that are no members, each with the same probability.
    int drawAbsent(int first, int last, int absent, IntUnaryOperator random) {
        AbsentPorts ready = absentPorts;
        if (ready != null && ready.isOf(first, last)) {
            return ready.at(random.applyAsInt(absent));
        }
        return drawFromBits(first, last, absent, random);
    }

    private int drawFromBits(int first, int last, int absent, IntUnaryOperator random) {
        int width = last - first + 1;
        if (AbsentPorts.pay(width, absent) && ++otherDraws > width / AbsentPorts.PART) {
            otherDraws = 0;
            AbsentPorts ready = new AbsentPorts(this, first, last);
            absentPorts = ready;
            return ready.at(random.applyAsInt(absent));
        }
        for (int i = 0; i < TRIES && absent > width / 2; i++) {
            int port = first + random.applyAsInt(width);
            if (!contains(port)) {
                return port;
            }
        }
        return selectAbsent(first - rank(first) + random.applyAsInt(absent));
    }

    private static int lane(long numbers, int lane) {
        return (int) (numbers >>> 16 * lane) & 0xffff; // the shift takes the lane modulo 4
    }

    /// The word of the 64 ports from `64 * index` on, a bit for each member.
    long word(int index) {
        return leaves[index / LEAF_WORDS][WORDS_AT + index % LEAF_WORDS];
    }

    /// Makes the members of an empty bitmap those of `words`, one bit a port.
    void fill(long[] words) {
        for (int leafIndex = 0; leafIndex < LEAVES; leafIndex++) {
            long[] leaf = new long[WORDS_AT + LEAF_WORDS];
            System.arraycopy(words, leafIndex * LEAF_WORDS, leaf, WORDS_AT, LEAF_WORDS);
            leaves[leafIndex] = leaf;
        }
        recount();
    }

    /// Makes all numbers from the words, and gives leaves without members back; 1,024 steps.
    private void recount() {
        absentPorts = null;
        Arrays.fill(before, 0);
        low = 0;
        asked = 0; // of which the rank is 0, whatever the members
        rankOfAsked = 0;
        askedBefore = 0;
        rankOfAskedBefore = 0;
        for (int leafIndex = 0; leafIndex < LEAVES; leafIndex++) {
            long[] leaf = leaves[leafIndex];
            if (leaf == NO_LEAF) {
                continue;
            }
            Arrays.fill(leaf, 0, WORDS_AT, 0);
            int members = 0;
            for (int i = 0; i < LEAF_WORDS; i++) {
                if (i % 4 == 0) {
                    leaf[i >>> 4] |= (long) members << 16 * (i >>> 2);
                }
                members += Long.bitCount(leaf[WORDS_AT + i]);
            }
            if (members == 0) {
                leaves[leafIndex] = NO_LEAF;
            }
            low += leafIndex < LEAVES / 2 ? members : 0;
            int half = leafIndex >>> 3;
            int child = leafIndex % 8;
            before[2 * half] += members * BEHIND[4 * child];
            before[2 * half + 1] += members * BEHIND[4 * child + 1];
        }
    }
}
