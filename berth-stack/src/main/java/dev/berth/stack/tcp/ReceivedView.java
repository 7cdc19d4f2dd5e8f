package dev.berth.stack.tcp;

import dev.berth.wire.Chunk;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The first octets of those that a connection has received and nobody has read, by reference: whoever holds the view
/// looks at them without the host's lock and says then how many he has taken ([Tcp#view], [Tcp#consume]).
///
/// The octets stay in the receive queue until then, so they count in the connection's window and in the host's memory,
/// and what is not taken comes again in the next view. They are there as long as the view is held, also when the
/// connection has been reset. One object may be used for any number of connections, one after the other, and allocates
/// nothing. Of one thread at a time.
public final class ReceivedView {
    /// The most slices of one view.
    public static final int SLICES = 16;

    private final @Nullable Chunk[] chunks = new Chunk[SLICES];
    private final int[] froms = new int[SLICES];
    private final int[] lengths = new int[SLICES];
    private int count;
    private int length;

    /// The sequence number of the first octet.
    int seq;

    /// How many slices there are; 0 while nothing is held.
    public int count() {
        return count;
    }

    /// How many octets there are in all.
    public int length() {
        return length;
    }

    /// The memory of slice `index`, to be read only.
    public byte[] bytes(int index) {
        return chunk(index).bytes;
    }

    /// Where slice `index` begins in its [#bytes].
    public int from(int index) {
        return froms[Objects.checkIndex(index, count)];
    }

    /// How many octets slice `index` has, at least 1.
    public int length(int index) {
        return lengths[Objects.checkIndex(index, count)];
    }

    private Chunk chunk(int index) {
        Chunk chunk = chunks[Objects.checkIndex(index, count)];
        assert chunk != null;
        return chunk;
    }

    boolean isFull() {
        return count == SLICES;
    }

    void add(Chunk chunk, int from, int length) {
        chunk.retain();
        chunks[count] = chunk;
        froms[count] = from;
        lengths[count++] = length;
        this.length += length;
    }

    /// Lets go of all slices.
    void clear() {
        for (int i = 0; i < count; i++) {
            chunk(i).release();
            chunks[i] = null;
        }
        count = 0;
        length = 0;
    }
}
