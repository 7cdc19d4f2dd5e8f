package dev.berth.sockets;

import dev.berth.stack.endpoint.ByteSource;
import java.nio.ByteBuffer;

/// Byte buffers as the origin of a write. One per channel, used under its write lock, so that a write allocates
/// nothing.
final class BufferSource implements ByteSource {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final ByteBuffer[] single = {NOTHING};
    private ByteBuffer[] buffers = single;
    private int next;
    private int end;
    private int taken;

    /// Makes `buffer` the origin.
    BufferSource from(ByteBuffer buffer) {
        single[0] = buffer;
        return from(single, 0, 1);
    }

    /// Makes the buffers from `offset` on the origin.
    BufferSource from(ByteBuffer[] origins, int offset) {
        return from(origins, offset, origins.length - offset);
    }

    /// Makes `length` buffers from `offset` on the origin.
    BufferSource from(ByteBuffer[] origins, int offset, int length) {
        buffers = origins;
        next = offset;
        end = offset + length;
        taken = 0;
        return this;
    }

    /// The same origin, for a thread that sets the lock free meanwhile.
    BufferSource copy() {
        BufferSource copy = new BufferSource();
        return buffers == single ? copy.from(single[0]) : copy.from(buffers, next, end - next);
    }

    /// Forgets the origin.
    void release() {
        buffers = single;
        single[0] = NOTHING;
    }

    @Override
    public void transfer(byte[] bytes, int at, int length) {
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
        taken += length;
    }

    /// How many octets were taken out.
    int taken() {
        return taken;
    }

    /// The octets in the origin, at most `Integer.MAX_VALUE`.
    int remaining() {
        return remaining(buffers, next, end - next);
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
