package dev.berth.stack.endpoint;

/// Brings bytes into the stack: an array, a `ByteBuffer`. Called in the host's critical section, or by the thread that
/// has the link ([dev.berth.stack.udp.DatagramLane]), so it must only copy.
@FunctionalInterface
public interface ByteSource {
    /// Copies the next `length` octets to `bytes` from `at` on; the array must not be kept. Never asked for more
    /// octets in all than the caller of the user call said there are.
    void transfer(byte[] bytes, int at, int length);
}
