package dev.berth.wire;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/// A counted piece of memory that payload bytes live in between two programs.
///
/// Bytes that were written once never change while anybody holds a reference: a segment, a retransmission and a
/// receive queue can refer to the same bytes, and no copy is made between the two programs. The one who writes
/// appends behind [#used]; those who read hold a reference each ([#retain], [#release]). With the last release the
/// chunk goes back to the [BufferPool] that made it. `retain` and `release` may be called from any thread; a chunk
/// that is never released is simply collected as garbage.
///
/// **Headroom.** Who fills a chunk may leave [#HEADROOM] octets free at its start ([#leaveHeadroom]). They hold
/// nothing that lasts: a link that needs a packet in one piece puts the headers there, right before a payload that
/// begins at [#begin], for as long as it has claimed them ([#claimHeadroom]).
public final class Chunk {
    /// Octets of headroom: more than all headers of a packet with those of a device before them.
    public static final int HEADROOM = 128;

    private static final VarHandle REFERENCES;
    private static final VarHandle CLAIMED;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            REFERENCES = lookup.findVarHandle(Chunk.class, "references", int.class);
            CLAIMED = lookup.findVarHandle(Chunk.class, "claimed", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /// The memory itself.
    public final byte[] bytes;

    /// Behind the last octet that the writer has filled. Only the one who took the chunk changes it.
    public int used;

    /// Where its octets begin: 0, or [#HEADROOM]. Only the one who took the chunk changes it, while it is empty.
    public int begin;

    /// What a link has made of the memory for its calls and will need again: kept here so that it is not made for
    /// each packet. Immutable, and of a type that nobody else uses; whoever finds something else makes his own.
    public @Nullable Object view;

    final BufferPool pool;

    // On a free list: the one below, and how many there are. The pool's business alone.
    @Nullable
    Chunk below;

    int depth;

    @SuppressWarnings("unused") // through REFERENCES
    private int references;

    @SuppressWarnings("unused") // through CLAIMED
    private boolean claimed;

    Chunk(BufferPool pool, int size) {
        this.pool = pool;
        this.bytes = new byte[size];
    }

    /// Leaves the headroom free. The chunk is empty, and has more than [#HEADROOM] octets.
    public void leaveHeadroom() {
        assert used == 0;
        begin = HEADROOM;
        used = HEADROOM;
    }

    /// Lets the caller, who holds a reference, write what he likes before [#begin] until [#releaseHeadroom].
    ///
    /// @return false if somebody else does so at the moment
    public boolean claimHeadroom() {
        return CLAIMED.compareAndSet(this, false, true);
    }

    /// Ends what [#claimHeadroom] began.
    public void releaseHeadroom() {
        CLAIMED.setRelease(this, false);
    }

    /// Octets that can still be appended.
    public int room() {
        return bytes.length - used;
    }

    /// Adds a reference. The caller must hold one already.
    public void retain() {
        int before = (int) REFERENCES.getAndAdd(this, 1);
        assert before > 0 : "retain of a free chunk";
    }

    /// Gives one reference up; the last one returns the chunk to its pool.
    public void release() {
        int before = (int) REFERENCES.getAndAdd(this, -1);
        assert before > 0 : "release of a free chunk";
        if (before == 1) {
            pool.giveBack(this);
        }
    }

    /// True when the caller's is the only reference, so that the memory may be used again from its start.
    public boolean isExclusive() {
        return (int) REFERENCES.getAcquire(this) == 1;
    }

    /// Without a reference, as after the last [#release]; the caller's was the only one.
    void gone() {
        REFERENCES.set(this, 0);
    }

    void taken() {
        used = 0;
        begin = 0;
        REFERENCES.set(this, 1);
    }
}
