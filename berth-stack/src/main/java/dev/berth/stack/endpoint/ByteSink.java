package dev.berth.stack.endpoint;

/// Takes bytes out of the stack: an array, a `ByteBuffer`. Called in the host's critical section, so it must only
/// copy.
@FunctionalInterface
public interface ByteSink {
    /// Copies `length` octets of `bytes` from `from` on; the array must not be kept.
    void accept(byte[] bytes, int from, int length);
}
