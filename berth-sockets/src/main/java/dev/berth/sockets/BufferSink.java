package dev.berth.sockets;

import dev.berth.stack.endpoint.ByteSink;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Byte buffers as the destination of a read. One per channel, used under its read lock, so that a read allocates
/// nothing.
final class BufferSink implements ByteSink {
    private static final ByteBuffer[] NOTHING = {};

    private @Nullable ByteBuffer single;
    private ByteBuffer[] buffers = NOTHING; // if it is not a single one
    private int next;
    private int end;

    /// Makes `buffer` the destination.
    BufferSink to(ByteBuffer buffer) {
        single = buffer;
        return this;
    }

    /// Makes the buffers from `offset` on the destination.
    BufferSink to(ByteBuffer[] destinations, int offset) {
        return to(destinations, offset, destinations.length - offset);
    }

    /// Makes `length` buffers from `offset` on the destination.
    BufferSink to(ByteBuffer[] destinations, int offset, int length) {
        single = null;
        buffers = destinations;
        next = offset;
        end = offset + length;
        return this;
    }

    /// The same destination, for a thread that sets the lock free meanwhile.
    BufferSink copy() {
        BufferSink copy = new BufferSink();
        ByteBuffer only = single;
        return only != null ? copy.to(only) : copy.to(buffers, next, end - next);
    }

    /// Forgets the destination.
    void release() {
        single = null;
        buffers = NOTHING;
        next = 0;
        end = 0;
    }

    @Override
    public void accept(byte[] bytes, int from, int length) {
        ByteBuffer only = single;
        if (only != null) {
            only.put(bytes, from, length);
            return;
        }
        int at = from;
        int left = length;
        while (left > 0) {
            ByteBuffer target = buffers[next];
            int part = Math.min(left, target.remaining());
            if (part == 0) {
                next++;
                continue;
            }
            target.put(bytes, at, part);
            at += part;
            left -= part;
        }
    }

    /// The room in the destination, at most `Integer.MAX_VALUE`.
    ///
    /// @throws IllegalArgumentException if one of the buffers is read-only
    int room() {
        ByteBuffer only = single;
        if (only != null) {
            checkWritable(only);
            return only.remaining();
        }
        return room(buffers, next, end - next);
    }

    /// The room in `length` buffers from `offset` on, at most `Integer.MAX_VALUE`.
    ///
    /// @throws IllegalArgumentException if one of them is read-only
    static int room(ByteBuffer[] buffers, int offset, int length) {
        long room = 0;
        for (int i = offset; i < offset + length; i++) {
            checkWritable(buffers[i]);
            room += buffers[i].remaining();
        }
        return (int) Math.min(room, Integer.MAX_VALUE);
    }

    /// @throws IllegalArgumentException if the buffer is read-only
    static void checkWritable(ByteBuffer buffer) {
        if (buffer.isReadOnly()) {
            throw new IllegalArgumentException("Read-only buffer");
        }
    }
}
