package dev.berth.ports;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/// A set of port numbers that counts: besides membership it knows in constant time how many members lie below a
/// port ([#rank]) and which port is the n-th member or the n-th that is missing ([#select], [#selectAbsent]).
///
/// Up to 128 members are a sorted array, 2 bytes a port. More are a bitmap with counts (`PortBitmap`) in which every
/// query takes a fixed number of steps, however full the set is. It goes back to an array below 33 members, so that a
/// size that moves back and forth allocates nothing. An empty set takes 24 bytes, a full dynamic range 2.4 KiB, all
/// ports 9 KiB. Where ports are drawn at random ([#drawAbsent]) from a range of which more than a 16th is in use, 4
/// bytes for each port of the range come on top: at most 64 a member, twice that after ports have left.
///
/// Not safe for use by several threads.
public final class PortSet {
    private static final int SMALL_LIMIT = 128;
    private static final int SMALL_AGAIN = 32;
    private static final int FIRST_CAPACITY = 4;
    private static final int WORDS = PortRange.PORTS / 64;
    private static final char[] NONE = {};

    private int size;
    /// The members in order, while there are few; unused otherwise.
    private char[] sorted = NONE;
    private @Nullable PortBitmap bitmap; // null while there are few members

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
        PortBitmap large = bitmap;
        if (large != null) {
            return large.contains(port);
        }
        int at = position(port);
        return at < size && sorted[at] == port;
    }

    /// Adds `port`. Allocates when an array or a leaf has to grow.
    ///
    /// @return whether it was not a member before
    /// @throws IllegalArgumentException if `port` is not within 0 to 65535
    public boolean add(int port) {
        PortRange.requirePort(port);
        PortBitmap large = bitmap;
        if (large == null) {
            int at = position(port);
            if (at < size && sorted[at] == port) {
                return false;
            }
            if (size < SMALL_LIMIT) {
                insert(at, port);
                return true;
            }
            large = promote();
        }
        boolean added = large.add(port);
        size += added ? 1 : 0;
        return added;
    }

    private void insert(int at, int port) {
        if (size == sorted.length) {
            sorted = Arrays.copyOf(sorted, Math.max(FIRST_CAPACITY, 2 * size));
        }
        System.arraycopy(sorted, at, sorted, at + 1, size - at);
        sorted[at] = (char) port;
        size++;
    }

    private PortBitmap promote() {
        PortBitmap large = new PortBitmap();
        for (int i = 0; i < size; i++) {
            large.add(sorted[i]);
        }
        sorted = NONE;
        bitmap = large;
        return large;
    }

    /// Removes `port`. Allocates an array when the set becomes small again.
    ///
    /// @return whether it was a member
    public boolean remove(int port) {
        PortBitmap large = bitmap;
        if (large != null) {
            if (!large.remove(port)) {
                return false;
            }
            if (--size <= SMALL_AGAIN) {
                demote(large);
            }
            return true;
        }
        int at = position(port);
        if (at == size || sorted[at] != port) {
            return false;
        }
        size--;
        System.arraycopy(sorted, at + 1, sorted, at, size - at);
        return true;
    }

    private void demote(PortBitmap large) {
        sorted = new char[2 * SMALL_AGAIN];
        int n = 0;
        for (int i = 0; i < WORDS; i++) {
            for (long word = large.word(i); word != 0; word &= word - 1) {
                sorted[n++] = (char) (i * 64 + Long.numberOfTrailingZeros(word));
            }
        }
        bitmap = null;
    }

    /// Makes the members those of `words`, one bit a port from port 0 on: 1,024 steps.
    void assign(long[] words) {
        clear();
        PortBitmap large = new PortBitmap();
        large.fill(words);
        for (long word : words) {
            size += Long.bitCount(word);
        }
        if (size <= SMALL_AGAIN) {
            demote(large);
        } else {
            bitmap = large;
        }
    }

    /// Removes all members and gives large arrays back.
    public void clear() {
        size = 0;
        bitmap = null;
        if (sorted.length > 2 * FIRST_CAPACITY) {
            sorted = NONE;
        }
    }

    /// The number of members below `port`, which may be 0 to 65,536.
    public int rank(int port) {
        PortBitmap large = bitmap;
        if (large == null) {
            return position(port);
        }
        return port == PortRange.PORTS ? size : large.rank(port);
    }

    /// The number of members within a range.
    public int countIn(PortRange range) {
        return range.size() - absentIn(range);
    }

    /// The member that has `index` members below it.
    ///
    /// @throws IndexOutOfBoundsException if `index` is not within 0 to [#size]` - 1`
    public int select(int index) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException("No member " + index + " in a set of " + size);
        }
        PortBitmap large = bitmap;
        if (large == null) {
            return sorted[index];
        }
        // Only for printing and the like: the highest port with at most `index` members below it.
        int low = 0;
        for (int step = PortRange.PORTS / 2; step > 0; step /= 2) {
            low += large.rank(low + step) <= index ? step : 0;
        }
        return low;
    }

    /// The port that is no member and has `index` other such ports below it, counted from port 0.
    ///
    /// @throws IndexOutOfBoundsException if `index` is not within 0 to 65,535` - `[#size]
    public int selectAbsent(int index) {
        if (index < 0 || index >= PortRange.PORTS - size) {
            throw new IndexOutOfBoundsException("No absent port " + index + " beside a set of " + size);
        }
        PortBitmap large = bitmap;
        return large == null ? absentSmall(index) : large.selectAbsent(index);
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

    /// How many ports of a range are no members.
    public int absentIn(PortRange range) {
        return absentIn(range.first(), range.last());
    }

    int absentIn(int first, int last) {
        PortBitmap large = bitmap;
        int known = large == null ? -1 : large.absentIn(first, last);
        return known >= 0 ? known : last + 1 - rank(last + 1) - (first - rank(first));
    }

    /// A port of a range that is no member, each with the same probability.
    ///
    /// As long as the draws are from the same range, each takes the same few steps however full it is. Allocates when
    /// the set has grown since the last draw; with draws from several ranges in turns, 64 bytes a draw on average.
    ///
    /// @param random gives a number from 0 to one below its parameter, each with the same probability
    /// @return -1 if all ports of the range are members
    public int drawAbsent(PortRange range, IntUnaryOperator random) {
        int absent = absentIn(range);
        return absent == 0 ? -1 : drawAbsent(range.first(), range.last(), absent, random);
    }

    /// As [#drawAbsent(PortRange, IntUnaryOperator)].
    ///
    /// @param absent what [#absentIn] gives, which is not 0
    int drawAbsent(int first, int last, int absent, IntUnaryOperator random) {
        PortBitmap large = bitmap;
        return large == null
                ? absentSmall(first - position(first) + random.applyAsInt(absent))
                : large.drawAbsent(first, last, absent, random);
    }

    /// Whether the set has its absent ports arranged for draws.
    boolean isArranged() {
        PortBitmap large = bitmap;
        return large != null && large.isArranged();
    }

    /// Sets the bits of the members in the first `count` of `words`, which stand for the ports from `64 * firstWord`
    /// on. At most `count` steps for a large set, 128 for a small one.
    void orInto(long[] words, int firstWord, int count) {
        PortBitmap large = bitmap;
        if (large == null) {
            int end = (firstWord + count) * 64;
            for (int i = position(firstWord * 64); i < size && sorted[i] < end; i++) {
                words[sorted[i] / 64 - firstWord] |= 1L << sorted[i];
            }
            return;
        }
        for (int i = 0; i < count; i++) {
            words[i] |= large.word(firstWord + i);
        }
    }

    /// The index of the first member that is not below `port`.
    private int position(int port) {
        int low = 0;
        int high = size;
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
