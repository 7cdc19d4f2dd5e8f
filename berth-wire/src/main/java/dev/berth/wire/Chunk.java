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
public final class Chunk {
    private static final VarHandle REFERENCES;

    static {
        try {
            REFERENCES = MethodHandles.lookup().findVarHandle(Chunk.class, "references", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /// The memory itself.
    public final byte[] bytes;

    /// Octets that the writer has filled, from the array's start. Only the one who took the chunk changes it.
    public int used;

    final BufferPool pool;

    // On a free list: the one below, and how many there are. The pool's business alone.
    @Nullable
    Chunk below;

    int depth;

    @SuppressWarnings("unused") // through REFERENCES
    private int references;

    Chunk(BufferPool pool, int size) {
        this.pool = pool;
        this.bytes = new byte[size];
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

    void taken() {
        used = 0;
        REFERENCES.set(this, 1);
    }
}
