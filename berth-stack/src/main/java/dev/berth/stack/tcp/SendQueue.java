package dev.berth.stack.tcp;

import dev.berth.stack.endpoint.ByteSource;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Chunk;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import org.jspecify.annotations.Nullable;

/// The bytes that a connection's user has sent and the remote end has not acknowledged, by sequence number.
///
/// Bytes are written once, into chunks; segments and their retransmissions refer to them, or copy them if they are few.
/// The queue begins at `SND.UNA` (without the SYN). Exists only while it holds something.
final class SendQueue {
    /// So many octets are copied into a packet: what its own array has room for behind a header with timestamps.
    private static final int FEW = Packet.HEADER_ROOM - Packet.TRANSPORT_AT - TcpHeader.MIN_LENGTH - 12;

    private final BufferPool pool;
    private final MemoryBudget budget;
    private @Nullable Chunk[] chunks = new Chunk[1]; // a few octets need no more
    private int[] starts = new int[1]; // first octet in the chunk
    private int[] seqs = new int[1]; // sequence number of that octet
    private int head;
    private int count;
    private int firstSeq;
    private int endSeq;

    /// The last chunk, or one that was it: somebody fills what is behind its octets, and nobody else may.
    private @Nullable Chunk lent;

    SendQueue(BufferPool pool, MemoryBudget budget, int firstSeq) {
        this.pool = pool;
        this.budget = budget;
        this.firstSeq = firstSeq;
        this.endSeq = firstSeq;
    }

    /// An empty queue begins anew at `seq`.
    void begin(int seq) {
        firstSeq = seq;
        endSeq = seq;
        head = 0;
        lent = null;
    }

    /// True if it is worth keeping when it is empty.
    boolean isSmall() {
        return chunks.length <= 64;
    }

    int length() {
        return endSeq - firstSeq;
    }

    int firstSeq() {
        return firstSeq;
    }

    int endSeq() {
        return endSeq;
    }

    /// Appends `length` octets of `source`.
    ///
    /// @param align the payload octets of a full segment: a chunk ends where a segment does, if that is possible, so
    ///     that few segments straddle two chunks
    /// @param next where the next segment begins (`SND.NXT`)
    void append(ByteSource source, int length, int align, int next) {
        int left = length;
        while (left > 0) {
            Chunk last = count == 0 ? null : chunks[index(count - 1)];
            int room = last == null || last == lent ? 0 : usable(last, align, next) - last.used;
            if (last == null || room <= 0) {
                boolean tiny = count == 0 && left <= BufferPool.TINY;
                boolean large = left > BufferPool.SMALL || length() >= BufferPool.SMALL;
                // Where memory is scarce, a few octets do not hold a large chunk.
                int size = large && budget.isScarce() ? BufferPool.SMALL : large ? BufferPool.LARGE : left;
                last = tiny ? pool.takeTiny() : pool.takeChunk(size);
                if (size > BufferPool.SMALL) {
                    last.leaveHeadroom(); // a small one would have room for less than a segment
                }
                budget.hold(last.bytes.length);
                push(last, last.begin);
                room = usable(last, align, next) - last.used;
            }
            int part = Math.min(room, left);
            source.transfer(last.bytes, last.used, part);
            last.used += part;
            endSeq += part;
            left -= part;
        }
    }

    /// Lends room of the last chunk, if that has much.
    ///
    /// @param max the most octets that are wanted, at least 1
    /// @param align as in [#append]
    /// @param next as in [#append]
    /// @return false if there is little or none
    boolean lend(SendSpace space, int max, int align, int next) {
        Chunk last = count == 0 ? null : chunks[index(count - 1)];
        if (last == null || last == lent) {
            return false;
        }
        int room = usable(last, align, next) - last.used;
        if (room < Math.min(max, BufferPool.SMALL)) {
            return false;
        }
        last.retain();
        lent = last;
        space.lend(last, last.used, Math.min(room, max), false);
        return true;
    }

    /// Lends a chunk of its own, which counts in `budget` from now on.
    ///
    /// @param max the most octets that are wanted, at least 1
    /// @param align as in [#append]
    /// @param next where the next segment begins, in octets from the end of the queue: 0 or less
    static void lend(SendSpace space, BufferPool pool, MemoryBudget budget, int max, int align, int next) {
        // Where memory is scarce, a few octets do not hold a large chunk.
        boolean small = max <= BufferPool.SMALL || budget.isScarce();
        Chunk chunk = pool.takeChunk(small ? BufferPool.SMALL : BufferPool.LARGE);
        if (!small) {
            chunk.leaveHeadroom();
        }
        budget.hold(chunk.bytes.length);
        int room = usableOf(chunk, align, next) - chunk.used;
        space.lend(chunk, chunk.used, Math.min(room, max), true);
    }

    /// Appends the first `length` octets of what was lent, and ends the loan.
    void append(SendSpace space, int length) {
        int from = space.from;
        boolean fresh = space.fresh;
        Chunk chunk = space.take();
        Chunk last = count == 0 ? null : chunks[index(count - 1)];
        if (chunk == lent) {
            lent = null;
            if (chunk == last && chunk.used == from) {
                chunk.used = from + length;
                endSeq += length;
                chunk.release();
                return;
            }
        }
        // A chunk of its own, or one whose octets have all been acknowledged since, or others were appended behind.
        if (!fresh) {
            budget.hold(chunk.bytes.length);
        }
        push(chunk, from);
        chunk.used = from + length;
        endSeq += length;
    }

    /// Ends a loan of which nothing is appended.
    ///
    /// @param queue where it would have been, null if that is gone
    static void giveBack(SendSpace space, @Nullable SendQueue queue, MemoryBudget budget) {
        boolean fresh = space.fresh;
        Chunk chunk = space.take();
        if (queue != null && queue.lent == chunk) {
            queue.lent = null;
        }
        if (fresh) {
            budget.hold(-chunk.bytes.length);
        }
        chunk.release();
    }

    /// How far `chunk`, the last one, may be filled: up to the end of a segment; at most with what a packet takes
    /// that a device cuts.
    private int usable(Chunk chunk, int align, int next) {
        return usableOf(chunk, align, next - endSeq + (chunk.used - chunk.begin));
    }

    /// The same of any chunk, if the next segment begins `next` octets behind the chunk's first, or before that.
    private static int usableOf(Chunk chunk, int align, int next) {
        int size = chunk.bytes.length - chunk.begin;
        if (align > 0 && align <= size) {
            if (align <= SegmentOutput.MOST_SEGMENTED) {
                size = Math.min(size, SegmentOutput.MOST_SEGMENTED);
            }
            int whole = size - Math.floorMod(size - next, align);
            size = whole > 0 ? whole : size;
        }
        return chunk.begin + size;
    }

    private void push(Chunk chunk, int start) {
        if (count == chunks.length) {
            grow();
        }
        int at = index(count++);
        chunks[at] = chunk;
        starts[at] = start;
        seqs[at] = endSeq;
    }

    private void grow() {
        int size = chunks.length;
        @Nullable Chunk[] moreChunks = new Chunk[size * 2];
        int[] moreStarts = new int[size * 2];
        int[] moreSeqs = new int[size * 2];
        for (int i = 0; i < count; i++) {
            int at = index(i);
            moreChunks[i] = chunks[at];
            moreStarts[i] = starts[at];
            moreSeqs[i] = seqs[at];
        }
        chunks = moreChunks;
        starts = moreStarts;
        seqs = moreSeqs;
        head = 0;
    }

    private int index(int i) {
        return head + i & chunks.length - 1;
    }

    /// Forgets everything before `una`, which lies within the queue or at its end.
    void acknowledge(int una) {
        firstSeq = una;
        while (count > 0) {
            Chunk chunk = chunks[head];
            assert chunk != null;
            int chunkEnd = count == 1 ? endSeq : seqs[index(1)];
            if (SeqNum.gt(chunkEnd, una)) {
                int gone = una - seqs[head];
                starts[head] += gone;
                seqs[head] = una;
                return;
            }
            chunks[head] = null;
            budget.hold(-chunk.bytes.length);
            pool.releaseHere(chunk);
            head = index(1);
            count--;
        }
    }

    /// Octets from `seq` on that lie in one chunk, at most `max`.
    int contiguous(int seq, int max) {
        int i = find(seq);
        int chunkEnd = i == count - 1 ? endSeq : seqs[index(i + 1)];
        return Math.min(max, chunkEnd - seq);
    }

    /// Makes `length` octets from `seq` on the payload of `packet`: behind its headers if they are few, as a
    /// datagram's, so that nothing but the packet goes to another processor; by reference if they lie in one chunk,
    /// otherwise gathered in a chunk of their own.
    void payload(Packet packet, int seq, int length) {
        int i = find(seq);
        int at = index(i);
        Chunk chunk = chunks[at];
        assert chunk != null;
        int from = starts[at] + (seq - seqs[at]);
        int chunkEnd = i == count - 1 ? endSeq : seqs[index(i + 1)];
        if (length <= chunkEnd - seq) {
            if (length <= FEW && length <= packet.bytes.length - packet.end) {
                System.arraycopy(chunk.bytes, from, packet.bytes, packet.end, length);
                packet.end += length;
            } else {
                packet.setTail(chunk, from, length);
            }
            return;
        }
        Chunk gathered = pool.takeChunk(length);
        if (length <= gathered.bytes.length - Chunk.HEADROOM) {
            gathered.leaveHeadroom();
        }
        int left = length;
        while (left > 0) {
            int part = Math.min(left, chunkEnd - seq);
            assert chunk != null;
            System.arraycopy(chunk.bytes, from, gathered.bytes, gathered.used, part);
            gathered.used += part;
            left -= part;
            seq += part;
            if (left > 0) {
                at = index(++i);
                chunk = chunks[at];
                from = starts[at];
                chunkEnd = i == count - 1 ? endSeq : seqs[index(i + 1)];
            }
        }
        packet.giveTail(gathered, gathered.begin, length);
    }

    private int find(int seq) {
        int low = 0;
        int high = count - 1;
        while (low < high) {
            int middle = low + high + 1 >>> 1;
            if (SeqNum.leq(seqs[index(middle)], seq)) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /// Gives all chunks back.
    void clear() {
        for (int i = 0; i < count; i++) {
            int at = index(i);
            Chunk chunk = chunks[at];
            if (chunk != null) {
                budget.hold(-chunk.bytes.length);
                chunk.release();
            }
            chunks[at] = null;
        }
        count = 0;
        firstSeq = endSeq;
        lent = null;
    }
}
