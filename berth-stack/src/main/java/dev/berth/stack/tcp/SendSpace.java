package dev.berth.stack.tcp;

import dev.berth.stack.endpoint.ByteSource;
import dev.berth.wire.Chunk;
import org.jspecify.annotations.Nullable;

/// A piece of a connection's send queue that is still empty, lent to whoever has the octets: he fills it without the
/// host's lock, and nothing is copied when it is appended ([Tcp#lend], [Tcp#append]).
///
/// While it is lent, nobody else reads or writes these octets, whatever becomes of the connection meanwhile: the memory
/// stays the borrower's until he gives it back, also of one that was reset. One object may be used for any number of
/// connections, one after the other, and allocates nothing. Of one thread at a time.
public final class SendSpace {
    /// Null while nothing is lent.
    @Nullable
    Chunk chunk;

    int from;
    int length;

    /// True if the chunk is in no queue, so that this object accounts for its memory.
    boolean fresh;

    /// What has been filled, from the first octet on, for who copies it.
    final ByteSource filled = this::transfer;

    private int transferred;

    /// True from a loan to its end.
    public boolean isLent() {
        return chunk != null;
    }

    /// The memory, of which only [#length] octets from [#from] on may be written.
    ///
    /// @throws IllegalStateException if nothing is lent
    public byte[] bytes() {
        return lent().bytes;
    }

    /// Where the first octet goes in [#bytes].
    public int from() {
        return from;
    }

    /// How many octets it takes, at least 1 while it is lent.
    public int length() {
        return length;
    }

    Chunk lent() {
        Chunk present = chunk;
        if (present == null) {
            throw new IllegalStateException("Nothing is lent");
        }
        return present;
    }

    void lend(Chunk chunk, int from, int length, boolean fresh) {
        this.chunk = chunk;
        this.from = from;
        this.length = length;
        this.fresh = fresh;
        transferred = 0;
    }

    private void transfer(byte[] target, int at, int count) {
        System.arraycopy(lent().bytes, from + transferred, target, at, count);
        transferred += count;
    }

    /// The loan is over; the reference to the chunk goes to the caller.
    Chunk take() {
        Chunk present = lent();
        chunk = null;
        length = 0;
        return present;
    }
}
