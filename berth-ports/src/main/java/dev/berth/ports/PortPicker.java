package dev.berth.ports;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/// Finds free ports: one uniformly at random, or the next from a port on.
///
/// Free is what lies within the ends given and is neither in the `used` set given nor in the `blocked` set of the
/// table. A port that one of the sets leaves free is drawn ([PortSet#drawAbsent]) and taken if the other leaves it free
/// too. Where this fails a few times, the words of both sets are joined (at most 1,024) and the choice is made in the
/// result. Both ways give the same distribution.
final class PortPicker {
    private static final int TRIES = 4;
    private static final PortSet NONE = new PortSet();

    private final PortSet blocked;
    private final Draws draws;
    private final IntUnaryOperator below;
    private long[] scratch = {};

    PortPicker(PortSet blocked, Draws draws) {
        this.blocked = blocked;
        this.draws = draws;
        this.below = draws::below;
    }

    /// A free port, each with the same probability; 0 if there is none.
    ///
    /// @param usedOrNull the ports taken besides the blocked ones; null for none
    /// @param except one more port that must not be chosen; 0 for none
    /// @param first the lowest port that may be chosen, 1 to 65,535
    /// @param last the highest one; nothing is free if it is below `first`
    int pick(@Nullable PortSet usedOrNull, int except, int first, int last) {
        if (first > last) {
            return 0;
        }
        PortSet used = usedOrNull == null ? NONE : usedOrNull;
        int unused = used.absentIn(first, last);
        int open = blocked.absentIn(first, last);
        if (unused == 0 || open == 0) {
            return 0;
        }
        // Drawn from the set that leaves fewer, and tried in the other.
        PortSet from = unused <= open ? used : blocked;
        PortSet other = unused <= open ? blocked : used;
        int absent = Math.min(unused, open);
        for (int i = 0; i < TRIES; i++) {
            int port = from.drawAbsent(first, last, absent, below);
            if (port != except && !other.contains(port)) {
                return port;
            }
        }
        return pickJoined(used, except, first, last);
    }

    /// The first free port from `start` on, going on with `first` after `last`; 0 if there is none.
    ///
    /// @param start `first` to `last`
    int next(int start, @Nullable PortSet usedOrNull, int except, int first, int last) {
        PortSet used = usedOrNull == null ? NONE : usedOrNull;
        int from = start;
        for (int i = 0; i < TRIES; i++) {
            int port = nextAbsent(blocked, nextAbsent(used, from));
            if (port > last) {
                from = first;
            } else if (port != except && !used.contains(port)) {
                return port;
            } else {
                from = port == except ? port + 1 : port;
            }
        }
        return nextJoined(start, used, except, first, last);
    }

    /// Whether a port is free, apart from the ends.
    boolean isFree(int port, @Nullable PortSet used) {
        return !blocked.contains(port) && (used == null || !used.contains(port));
    }

    /// How many ports [#pick] chooses from.
    int free(@Nullable PortSet usedOrNull, int except, int first, int last) {
        if (first > last) {
            return 0;
        }
        int words = join(usedOrNull == null ? NONE : usedOrNull, except, first, last);
        return countFree(words);
    }

    private static int absentBelow(PortSet set, int port) {
        return port - set.rank(port);
    }

    /// The first port from `port` on that is no member; 65,536 if there is none.
    private static int nextAbsent(PortSet set, int port) {
        if (port >= PortRange.PORTS) {
            return PortRange.PORTS;
        }
        int index = absentBelow(set, port);
        return index == PortRange.PORTS - set.size() ? PortRange.PORTS : set.selectAbsent(index);
    }

    private int pickJoined(PortSet used, int except, int first, int last) {
        int words = join(used, except, first, last);
        int free = countFree(words);
        if (free == 0) {
            return 0;
        }
        int rest = draws.below(free);
        int word = 0;
        for (int n; rest >= (n = Long.bitCount(~scratch[word])); word++) {
            rest -= n;
        }
        int bit = Long.numberOfTrailingZeros(Long.expand(1L << rest, ~scratch[word]));
        return (first / 64 + word) * 64 + bit;
    }

    private int nextJoined(int start, PortSet used, int except, int first, int last) {
        int words = join(used, except, first, last);
        int startWord = start / 64 - first / 64;
        long behind = -1L << start; // the ports of the start's word from the start on
        for (int i = 0; i <= words; i++) {
            int word = (startWord + i) % words;
            long mask = i == 0 ? behind : i == words ? ~behind : -1L;
            long free = ~scratch[word] & mask;
            if (free != 0) {
                return (first / 64 + word) * 64 + Long.numberOfTrailingZeros(free);
            }
        }
        return 0;
    }

    /// Puts the ports that cannot be chosen into the scratch words, one bit each, from the word of the first port
    /// on; returns the number of words.
    private int join(PortSet used, int except, int first, int last) {
        int firstWord = first / 64;
        int words = last / 64 - firstWord + 1;
        if (scratch.length < words) {
            scratch = new long[words];
        } else {
            Arrays.fill(scratch, 0, words, 0);
        }
        used.orInto(scratch, firstWord, words);
        blocked.orInto(scratch, firstWord, words);
        scratch[0] |= (1L << first) - 1;
        scratch[words - 1] |= -2L << last;
        if (except >= first && except <= last) {
            scratch[except / 64 - firstWord] |= 1L << except;
        }
        return words;
    }

    private int countFree(int words) {
        int free = 0;
        for (int i = 0; i < words; i++) {
            free += Long.bitCount(~scratch[i]);
        }
        return free;
    }
}
