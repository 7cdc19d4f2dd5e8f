package dev.berth.wire;

/// Keeps what belongs to the taker of a [BufferPool] out of the cache lines of what others give back, mostly on another
/// processor: two lines, as processors fetch them in pairs. A class between the two, since the JVM lays the fields of a
/// superclass out before those of its subclasses.
@SuppressWarnings("unused")
sealed class BufferPoolApart extends BufferPoolStock permits BufferPool {
    private long a0, a1, a2, a3, a4, a5, a6, a7;
    private long b0, b1, b2, b3, b4, b5, b6, b7;
}
