package dev.berth.wire;

import org.jspecify.annotations.Nullable;

/// What belongs to the taker of a [BufferPool].
sealed class BufferPoolStock permits BufferPoolApart {
    int created;

    @Nullable
    Packet packets;

    @Nullable
    Chunk tinies;

    @Nullable
    Chunk smalls;

    @Nullable
    Chunk larges;
}
