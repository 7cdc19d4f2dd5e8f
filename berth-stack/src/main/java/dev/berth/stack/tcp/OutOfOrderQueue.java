package dev.berth.stack.tcp;

import dev.berth.wire.Chunk;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Segments that arrived beyond a hole, sorted by sequence number and without overlap, kept until the hole is filled
/// (RFC 9293 section 3.10.7.4, SHLD-31). Exists only while it holds something.
final class OutOfOrderQueue {
    /// The most pieces that are kept; what comes on top is dropped and will be sent again.
    private static final int MAX_PIECES = 1_024;

    private @Nullable Chunk[] chunks = new Chunk[8];
    private int[] froms = new int[8];
    private int[] lefts = new int[8];
    private int[] rights = new int[8];
    private int count;
    private long memory;
    private final MemoryBudget budget;
    private final int[] recent = new int[4]; // sequence numbers of the latest arrivals, newest first
    private int recentCount;
    private int duplicateLeft;
    private int duplicateRight;

    /// An empty queue, whose memory counts in `budget`.
    OutOfOrderQueue(MemoryBudget budget) {
        this.budget = budget;
        budget.queue(1);
    }

    /// The queue is used no more.
    void close() {
        clear();
        budget.queue(-1);
    }

    boolean isEmpty() {
        return count == 0;
    }

    /// The lowest sequence number that is kept; only if not empty.
    int first() {
        return lefts[0];
    }

    /// Behind the last of the first piece; only if not empty.
    int endOfFirst() {
        return rights[0];
    }

    /// Octets of the chunks that are referred to.
    long memory() {
        return memory;
    }

    /// Adds `length` octets of `chunk` from `from` on, whose first has the number `seq`. Octets that are here already
    /// are left as they are.
    ///
    /// @return false if there was no room for all of it
    boolean insert(int seq, Chunk chunk, int from, int length) {
        remember(seq);
        duplicateLeft = seq;
        duplicateRight = seq;
        int left = seq;
        int end = seq + length;
        int i = firstEndingBeyond(seq);
        while (SeqNum.lt(left, end)) {
            while (i < count && SeqNum.leq(rights[i], left)) {
                i++;
            }
            if (i < count && SeqNum.leq(lefts[i], left)) {
                duplicate(left, SeqNum.min(rights[i], end));
                left = rights[i];
                continue;
            }
            int right = i < count ? SeqNum.min(end, lefts[i]) : end;
            if (count == MAX_PIECES) {
                return false;
            }
            place(i, left, right, chunk, from + (left - seq));
            left = right;
        }
        return true;
    }

    /// The first piece that ends behind `seq`, or the number of pieces.
    private int firstEndingBeyond(int seq) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = low + high >>> 1;
            if (SeqNum.leq(rights[middle], seq)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private void duplicate(int left, int right) {
        if (duplicateLeft == duplicateRight) {
            duplicateLeft = left;
        } else if (left != duplicateRight) {
            return; // only the first contiguous sequence is reported
        }
        duplicateRight = right;
    }

    /// The first contiguous octets of the latest [#insert] that were here already begin here (RFC 2883).
    int duplicateLeft() {
        return duplicateLeft;
    }

    /// They end here; the same as [#duplicateLeft] if there were none.
    int duplicateRight() {
        return duplicateRight;
    }

    private void place(int i, int left, int right, Chunk chunk, int from) {
        // A piece that goes on where the one before it ends, in the same chunk, is the same piece.
        if (i > 0 && rights[i - 1] == left && chunks[i - 1] == chunk && froms[i - 1] + (left - lefts[i - 1]) == from) {
            rights[i - 1] = right;
            return;
        }
        if (count == chunks.length) {
            int size = count * 2;
            chunks = Arrays.copyOf(chunks, size);
            froms = Arrays.copyOf(froms, size);
            lefts = Arrays.copyOf(lefts, size);
            rights = Arrays.copyOf(rights, size);
        }
        int moved = count - i;
        System.arraycopy(chunks, i, chunks, i + 1, moved);
        System.arraycopy(froms, i, froms, i + 1, moved);
        System.arraycopy(lefts, i, lefts, i + 1, moved);
        System.arraycopy(rights, i, rights, i + 1, moved);
        chunk.retain();
        chunks[i] = chunk;
        froms[i] = from;
        lefts[i] = left;
        rights[i] = right;
        count++;
        memory += chunk.bytes.length;
        budget.hold(chunk.bytes.length);
    }

    private void remember(int seq) {
        int last = Math.min(recentCount, recent.length - 1);
        System.arraycopy(recent, 0, recent, 1, last);
        recent[0] = seq;
        recentCount = last + 1;
    }

    /// Moves what has come in order to `queue` and returns the new `RCV.NXT`.
    int deliver(ReceiveQueue queue, int rcvNxt) {
        int next = rcvNxt;
        int done = 0;
        while (done < count && SeqNum.leq(lefts[done], next)) {
            Chunk chunk = chunks[done];
            assert chunk != null;
            if (SeqNum.gt(rights[done], next)) {
                queue.append(chunk, froms[done] + (next - lefts[done]), rights[done] - next);
                next = rights[done];
            }
            memory -= chunk.bytes.length;
            budget.hold(-chunk.bytes.length);
            chunk.release();
            done++;
        }
        if (done > 0) {
            remove(done);
        }
        return next;
    }

    private void remove(int done) {
        int rest = count - done;
        System.arraycopy(chunks, done, chunks, 0, rest);
        System.arraycopy(froms, done, froms, 0, rest);
        System.arraycopy(lefts, done, lefts, 0, rest);
        System.arraycopy(rights, done, rights, 0, rest);
        Arrays.fill(chunks, rest, count, null);
        count = rest;
    }

    /// Writes up to `max` SACK blocks to the arrays and returns their number. RFC 2018 section 4: "The first SACK
    /// block ... MUST specify the contiguous block of data containing the segment which triggered this ACK", the
    /// others repeat the most recently reported.
    int blocks(int[] blockLefts, int[] blockRights, int max) {
        int found = 0;
        for (int r = 0; r < recentCount && found < max; r++) {
            found = addBlock(recent[r], blockLefts, blockRights, found);
        }
        for (int i = 0; i < count && found < max; i++) {
            if (i == 0 || lefts[i] != rights[i - 1]) {
                found = addBlock(lefts[i], blockLefts, blockRights, found);
            }
        }
        return found;
    }

    private int addBlock(int seq, int[] blockLefts, int[] blockRights, int found) {
        for (int i = 0; i < found; i++) {
            if (SeqNum.geq(seq, blockLefts[i]) && SeqNum.lt(seq, blockRights[i])) {
                return found;
            }
        }
        int start = firstEndingBeyond(seq);
        if (start == count || SeqNum.gt(lefts[start], seq)) {
            return found; // it was delivered
        }
        int stop = start;
        while (start > 0 && lefts[start] == rights[start - 1]) {
            start--;
        }
        while (stop + 1 < count && lefts[stop + 1] == rights[stop]) {
            stop++;
        }
        blockLefts[found] = lefts[start];
        blockRights[found] = rights[stop];
        return found + 1;
    }

    /// Gives all chunks back.
    void clear() {
        for (int i = 0; i < count; i++) {
            Chunk chunk = chunks[i];
            if (chunk != null) {
                budget.hold(-chunk.bytes.length);
                chunk.release();
            }
        }
        Arrays.fill(chunks, null);
        count = 0;
        memory = 0;
    }
}
