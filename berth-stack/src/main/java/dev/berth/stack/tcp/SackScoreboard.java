package dev.berth.stack.tcp;

/// What the remote end has acknowledged selectively: disjoint, sorted ranges above `SND.UNA` (RFC 6675 section 3).
/// Bounded; a block that would need one range too many is ignored, which only costs a retransmission.
final class SackScoreboard {
    private static final int MAX_RANGES = 128;

    private int[] lefts = new int[4];
    private int[] rights = new int[4];
    private int count;
    private int octets;

    boolean isEmpty() {
        return count == 0;
    }

    int count() {
        return count;
    }

    int left(int i) {
        return lefts[i];
    }

    int right(int i) {
        return rights[i];
    }

    /// Octets in all ranges.
    int octets() {
        return octets;
    }

    /// The highest selectively acknowledged number plus one; only if not empty.
    int highest() {
        return rights[count - 1];
    }

    /// Adds `[left, right)`, which lies between `SND.UNA` and `SND.NXT`.
    ///
    /// @return true if it said anything new
    boolean add(int left, int right) {
        int i = 0;
        while (i < count && SeqNum.lt(rights[i], left)) {
            i++;
        }
        int j = i;
        int newLeft = left;
        int newRight = right;
        int covered = 0;
        while (j < count && SeqNum.leq(lefts[j], right)) {
            newLeft = SeqNum.min(newLeft, lefts[j]);
            newRight = SeqNum.max(newRight, rights[j]);
            covered += rights[j] - lefts[j];
            j++;
        }
        int gained = newRight - newLeft - covered;
        if (gained == 0) {
            return false;
        }
        if (i == j) {
            if (count == MAX_RANGES) {
                return false;
            }
            if (count == lefts.length) {
                lefts = java.util.Arrays.copyOf(lefts, count * 2);
                rights = java.util.Arrays.copyOf(rights, count * 2);
            }
        }
        System.arraycopy(lefts, j, lefts, i + 1, count - j);
        System.arraycopy(rights, j, rights, i + 1, count - j);
        lefts[i] = newLeft;
        rights[i] = newRight;
        count += 1 - (j - i);
        octets += gained;
        return true;
    }

    /// Forgets what lies before `una`.
    void acknowledge(int una) {
        int gone = 0;
        while (gone < count && SeqNum.leq(rights[gone], una)) {
            octets -= rights[gone] - lefts[gone];
            gone++;
        }
        if (gone > 0) {
            System.arraycopy(lefts, gone, lefts, 0, count - gone);
            System.arraycopy(rights, gone, rights, 0, count - gone);
            count -= gone;
        }
        if (count > 0 && SeqNum.lt(lefts[0], una)) {
            octets -= una - lefts[0];
            lefts[0] = una;
        }
    }

    /// Forgets everything: after a retransmission timeout the receiver may have discarded what it reported (RFC 2018
    /// section 5.1).
    void clear() {
        count = 0;
        octets = 0;
    }
}
