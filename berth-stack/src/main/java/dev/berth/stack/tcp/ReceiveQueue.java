package dev.berth.stack.tcp;

import dev.berth.stack.endpoint.ByteSink;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Chunk;
import org.jspecify.annotations.Nullable;

/// The bytes that have arrived in order and the user has not read: references to the chunks they came in, or copies
/// where a reference would hold much more memory than it uses. Exists only while it holds something.
final class ReceiveQueue {
    /// A reference is kept if the bytes are at least this fraction of their chunk.
    private static final int WORTHWHILE = 4;

    /// So many slices are kept by reference anyway.
    private static final int FEW = 4;

    private final BufferPool pool;
    private final MemoryBudget budget;
    private @Nullable Chunk[] chunks = new Chunk[1]; // a few octets need no more
    private int[] froms = new int[1];
    private int[] tos = new int[1];
    private int head;
    private int count;
    private int length;
    private @Nullable Chunk copies; // the last slice's chunk when it is ours to append to

    ReceiveQueue(BufferPool pool, MemoryBudget budget) {
        this.pool = pool;
        this.budget = budget;
    }

    /// True if it is worth keeping when it is empty.
    boolean isSmall() {
        return chunks.length <= 64;
    }

    int length() {
        return length;
    }

    /// Appends `size` octets of `chunk` from `from` on.
    void append(Chunk chunk, int from, int size) {
        if (takeOver(chunk, from, size)) {
            chunk.retain();
        }
    }

    /// As [#append], for a caller who has a reference to `chunk` that he does not need any more.
    ///
    /// @return true if the queue has taken that reference over
    boolean takeOver(Chunk chunk, int from, int size) {
        if (size == 0) {
            return false;
        }
        length += size;
        if (count > 0) {
            int last = index(count - 1);
            if (chunks[last] == chunk && tos[last] == from) {
                tos[last] += size;
                return false;
            }
        }
        if (isKept(size, chunk.bytes.length)) {
            push(chunk, from, from + size);
            copies = null;
            return true;
        }
        copy(chunk.bytes, from, size);
        return false;
    }

    /// True if a reference is kept to `size` octets, instead of a copy.
    private boolean isKept(int size, int chunkSize) {
        if (chunkSize == BufferPool.TINY) {
            return count < FEW; // with its object it takes twice of what is counted
        }
        // Where memory is scarce, a few octets do not hold a large chunk.
        return isWorthwhile(size, chunkSize) || !budget.isScarce() && (count < FEW || lastIsWorthwhile());
    }

    private static boolean isWorthwhile(int size, int chunkSize) {
        return (long) size * WORTHWHILE >= chunkSize;
    }

    /// A stream goes on into the next large chunk: what follows will be added to this slice.
    private boolean lastIsWorthwhile() {
        int last = index(count - 1);
        Chunk chunk = chunks[last];
        return chunk != null && isWorthwhile(tos[last] - froms[last], chunk.bytes.length);
    }

    private void copy(byte[] bytes, int from, int size) {
        int left = size;
        int at = from;
        while (left > 0) {
            Chunk target = copies;
            if (target == null || target.room() == 0) {
                target = pool.takeChunk(left > BufferPool.SMALL || length > BufferPool.SMALL ? BufferPool.LARGE : left);
                copies = target;
                push(target, 0, 0);
            }
            int part = Math.min(left, target.room());
            System.arraycopy(bytes, at, target.bytes, target.used, part);
            target.used += part;
            tos[index(count - 1)] = target.used;
            at += part;
            left -= part;
        }
    }

    private void push(Chunk chunk, int from, int to) {
        if (count == chunks.length) {
            int size = chunks.length;
            @Nullable Chunk[] moreChunks = new Chunk[size * 2];
            int[] moreFroms = new int[size * 2];
            int[] moreTos = new int[size * 2];
            for (int i = 0; i < count; i++) {
                int at = index(i);
                moreChunks[i] = chunks[at];
                moreFroms[i] = froms[at];
                moreTos[i] = tos[at];
            }
            chunks = moreChunks;
            froms = moreFroms;
            tos = moreTos;
            head = 0;
        }
        budget.hold(chunk.bytes.length);
        int at = index(count++);
        chunks[at] = chunk;
        froms[at] = from;
        tos[at] = to;
    }

    private int index(int i) {
        return head + i & chunks.length - 1;
    }

    /// Gives at most `max` octets to `sink` and returns how many.
    int read(ByteSink sink, int max) {
        int done = 0;
        while (done < max && count > 0) {
            Chunk chunk = chunks[head];
            assert chunk != null;
            int part = Math.min(max - done, tos[head] - froms[head]);
            sink.accept(chunk.bytes, froms[head], part);
            froms[head] += part;
            done += part;
            if (froms[head] == tos[head]) {
                if (chunk == copies) {
                    copies = null;
                }
                chunks[head] = null;
                budget.hold(-chunk.bytes.length);
                pool.releaseHere(chunk);
                head = index(1);
                count--;
            }
        }
        length -= done;
        return done;
    }

    /// Lets `view`, which is empty, refer to the first octets: at most `max`, and as many slices as it takes.
    void view(ReceivedView view, int max) {
        int left = max;
        for (int i = 0; i < count && left > 0 && !view.isFull(); i++) {
            int at = index(i);
            Chunk chunk = chunks[at];
            assert chunk != null;
            int part = Math.min(left, tos[at] - froms[at]);
            view.add(chunk, froms[at], part);
            left -= part;
        }
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
        head = 0;
        length = 0;
        copies = null;
    }
}
