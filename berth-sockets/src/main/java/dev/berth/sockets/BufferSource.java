package dev.berth.sockets;

import dev.berth.stack.endpoint.ByteSource;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Byte buffers as the origin of a write. One per channel, used under its write lock, so that a write allocates
/// nothing.
final class BufferSource implements ByteSource {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final ByteBuffer[] single = {NOTHING};
    private ByteBuffer @Nullable [] buffers;
    private int next;

    /// Makes `buffer` the origin.
    BufferSource from(ByteBuffer buffer) {
        single[0] = buffer;
        buffers = single;
        next = 0;
        return this;
    }

    /// Makes the buffers from `offset` on the origin.
    BufferSource from(ByteBuffer[] origins, int offset) {
        buffers = origins;
        next = offset;
        return this;
    }

    /// Forgets the origin.
    void release() {
        buffers = null;
        single[0] = NOTHING;
    }

    @Override
    public void transfer(byte[] bytes, int at, int length) {
        ByteBuffer[] origins = Objects.requireNonNull(buffers);
        int to = at;
        int left = length;
        while (left > 0) {
            ByteBuffer origin = origins[next];
            int part = Math.min(left, origin.remaining());
            if (part == 0) {
                next++;
                continue;
            }
            origin.get(bytes, to, part);
            to += part;
            left -= part;
        }
    }

    /// The octets in `length` buffers from `offset` on, at most `Integer.MAX_VALUE`.
    static int remaining(ByteBuffer[] buffers, int offset, int length) {
        long remaining = 0;
        for (int i = offset; i < offset + length; i++) {
            remaining += buffers[i].remaining();
        }
        return (int) Math.min(remaining, Integer.MAX_VALUE);
    }
}
