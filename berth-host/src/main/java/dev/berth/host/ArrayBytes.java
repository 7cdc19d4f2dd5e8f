package dev.berth.host;

import dev.berth.stack.endpoint.ByteSink;
import dev.berth.stack.endpoint.ByteSource;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A part of a program's array as source or sink of bytes. One per host, used under its lock only, so that reading
/// and writing arrays allocates nothing.
final class ArrayBytes implements ByteSource, ByteSink {
    private byte @Nullable [] array;
    private int at;

    ArrayBytes of(byte @Nullable [] bytes, int from) {
        array = bytes;
        at = from;
        return this;
    }

    /// Forgets the program's array.
    void clear() {
        array = null;
    }

    @Override
    public void transfer(byte[] bytes, int to, int length) {
        System.arraycopy(Objects.requireNonNull(array), at, bytes, to, length);
        at += length;
    }

    @Override
    public void accept(byte[] bytes, int from, int length) {
        System.arraycopy(bytes, from, Objects.requireNonNull(array), at, length);
        at += length;
    }
}
