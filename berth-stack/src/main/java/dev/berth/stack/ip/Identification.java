package dev.berth.stack.ip;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/// Identifications for packets that may be fragmented: a counter that starts anywhere, seen through a permutation, so
/// that a value does not come again before all others did and the next one cannot be read off the last.
///
/// RFC 6864 section 4.3: "Sources emitting non-atomic datagrams MUST NOT repeat IPv4 ID values within one MDL for a
/// given source address/destination address/protocol tuple."
///
/// Numbers are taken in the critical section and, in blocks, by whoever sends beside it.
final class Identification {
    private static final VarHandle COUNTER;

    static {
        try {
            COUNTER = MethodHandles.lookup().findVarHandle(Identification.class, "counter", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int key;
    private final int multiplier;

    @SuppressWarnings("unused") // through COUNTER
    private volatile int counter;

    Identification(long seed) {
        counter = (int) seed;
        key = (int) (seed >>> 32);
        multiplier = (int) (seed >>> 16) | 1; // odd, so that multiplication is a permutation
    }

    /// The next of 65,536 values for IPv4.
    int next16() {
        return value16(reserve(1));
    }

    /// Takes `count` numbers, for [#value16] of the first and those that follow.
    int reserve(int count) {
        return (int) COUNTER.getAndAdd(this, count) + 1;
    }

    /// The value for IPv4 that belongs to a number.
    int value16(int number) {
        int x = number & 0xffff;
        for (int round = 0; round < 2; round++) {
            x ^= key >>> round * 16 & 0xffff;
            x = x * multiplier & 0xffff;
            x ^= x >>> 7;
            x = x * 0x9e35 & 0xffff;
            x ^= x >>> 9;
        }
        return x;
    }

    /// The next of 2^32 values for IPv6.
    int next32() {
        int x = reserve(1) ^ key;
        x ^= x >>> 16;
        x *= 0x85eb_ca6b;
        x ^= x >>> 13;
        x *= multiplier;
        x ^= x >>> 16;
        return x;
    }
}
