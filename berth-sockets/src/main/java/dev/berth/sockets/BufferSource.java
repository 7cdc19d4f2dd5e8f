package dev.berth.sockets;

import dev.berth.stack.endpoint.ByteSource;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Byte buffers as the origin of a write. One per channel, used under its write lock, so that a write allocates
/// nothing.
final class BufferSource implements ByteSource {
    private static final ByteBuffer[] NOTHING = {};

    private @Nullable ByteBuffer single;
    private ByteBuffer[] buffers = NOTHING; // if it is not a single one
    private int next;
    private int end;
    private int taken;

    /// Makes `buffer` the origin.
    BufferSource from(ByteBuffer buffer) {
        single = buffer;
        taken = 0;
        return this;
    }

    /// Makes the buffers from `offset` on the origin.
    BufferSource from(ByteBuffer[] origins, int offset) {
        return from(origins, offset, origins.length - offset);
    }

    /// Makes `length` buffers from `offset` on the origin.
    BufferSource from(ByteBuffer[] origins, int offset, int length) {
        single = null;
        buffers = origins;
        next = offset;
        end = offset + length;
        taken = 0;
        return this;
    }

    /// The same origin, for a thread that sets the lock free meanwhile.
    BufferSource copy() {
        BufferSource copy = new BufferSource();
        ByteBuffer only = single;
        return only != null ? copy.from(only) : copy.from(buffers, next, end - next);
    }

    /// Forgets the origin.
    void release() {
        single = null;
        buffers = NOTHING;
        next = 0;
        end = 0;
    }

    @Override
    public void transfer(byte[] bytes, int at, int length) {
        taken += length;
        ByteBuffer only = single;
        if (only != null) {
            only.get(bytes, at, length);
            return;
        }
        int to = at;
        int left = length;
        while (left > 0) {
            ByteBuffer origin = buffers[next];
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

    /// How many octets were taken out.
    int taken() {
        return taken;
    }

    /// The octets in the origin, at most `Integer.MAX_VALUE`.
    int remaining() {
        ByteBuffer only = single;
        return only != null ? only.remaining() : remaining(buffers, next, end - next);
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
