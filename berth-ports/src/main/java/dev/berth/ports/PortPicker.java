package dev.berth.ports;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Chooses a port uniformly at random among the free ones of the ephemeral range, in constant time.
///
/// Free is what is neither in the `used` set given nor in the `blocked` set of the table. First a free port of
/// `used` is chosen by rank and select and taken if it is not blocked; where blocked ports are so many that
/// this fails a few times, the words of both sets are joined (at most 1,024) and the choice is made in the
/// result. Both ways are uniform.
final class PortPicker {
    private static final int TRIES = 4;
    private static final PortSet EMPTY = new PortSet();

    private final PortRange range;
    private final PortSet blocked;
    private final Entropy entropy;
    private long @Nullable [] scratch;

    PortPicker(PortRange range, PortSet blocked, Entropy entropy) {
        this.range = range;
        this.blocked = blocked;
        this.entropy = entropy;
    }

    PortRange range() {
        return range;
    }

    /// A free port, or 0 if there is none.
    ///
    /// @param usedOrNull the ports taken besides the blocked ones; null for none
    /// @param except one more port that must not be chosen; 0 for none
    int pick(@Nullable PortSet usedOrNull, int except) {
        PortSet used = usedOrNull == null ? EMPTY : usedOrNull;
        int below = used.rank(range.first());
        int unused = range.size() - (used.rank(range.last() + 1) - below);
        if (unused == 0) {
            return 0;
        }
        int firstUnused = range.first() - below;
        for (int i = 0; i < TRIES; i++) {
            int port = used.selectAbsent(firstUnused + bounded(unused));
            if (port != except && !blocked.contains(port)) {
                return port;
            }
        }
        return pickJoined(used, except);
    }

    /// How many ports [#pick] chooses from.
    int free(@Nullable PortSet usedOrNull, int except) {
        return countFree(join(usedOrNull == null ? EMPTY : usedOrNull, except));
    }

    /// Whether `port` may be chosen where nobody uses it.
    boolean allows(int port) {
        return range.contains(port) && !blocked.contains(port);
    }

    private int pickJoined(PortSet used, int except) {
        long[] taken = join(used, except);
        int free = countFree(taken);
        if (free == 0) {
            return 0;
        }
        int rest = bounded(free);
        int word = 0;
        for (int n; rest >= (n = Long.bitCount(~taken[word])); word++) {
            rest -= n;
        }
        int bit = Long.numberOfTrailingZeros(Long.expand(1L << rest, ~taken[word]));
        return (range.first() / 64 + word) * 64 + bit;
    }

    /// The ports of the range that cannot be chosen, one bit each, from the word of the first port on.
    private long[] join(PortSet used, int except) {
        int firstWord = range.first() / 64;
        int lastWord = range.last() / 64;
        long[] taken = scratch;
        if (taken == null) {
            taken = new long[lastWord - firstWord + 1];
            scratch = taken;
        } else {
            Arrays.fill(taken, 0);
        }
        used.orInto(taken, firstWord);
        blocked.orInto(taken, firstWord);
        taken[0] |= (1L << range.first()) - 1;
        taken[taken.length - 1] |= -2L << range.last();
        if (range.contains(except)) {
            taken[except / 64 - firstWord] |= 1L << except;
        }
        return taken;
    }

    private static int countFree(long[] taken) {
        int free = 0;
        for (long word : taken) {
            free += Long.bitCount(~word);
        }
        return free;
    }

    /// A number from 0 to `bound - 1`; the bias of the multiplication is below one in 65,000 of a port's share.
    private int bounded(int bound) {
        return (int) ((entropy.nextLong() >>> 32) * bound >>> 32);
    }
}
