package dev.berth.tun;

import dev.berth.wire.Chunk;
import java.lang.foreign.MemorySegment;

/// The part of a chunk's array that a call of the C library is given. It is kept with the chunk ([Chunk#view]), as the
/// next packet there mostly begins at the same place.
record ArrayView(int at, MemorySegment memory) {
    /// The array of `chunk` from `at` to its end.
    static MemorySegment of(Chunk chunk, int at) {
        if (chunk.view instanceof ArrayView known && known.at == at) {
            return known.memory;
        }
        ArrayView made = new ArrayView(at, MemorySegment.ofArray(chunk.bytes).asSlice(at));
        chunk.view = made;
        return made.memory;
    }
}
