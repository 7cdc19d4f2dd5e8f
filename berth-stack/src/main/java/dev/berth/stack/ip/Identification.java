package dev.berth.stack.ip;

/// Identifications for packets that may be fragmented: a counter that starts anywhere, seen through a permutation, so
/// that a value does not come again before all others did and the next one cannot be read off the last.
///
/// RFC 6864 section 4.3: "Sources emitting non-atomic datagrams MUST NOT repeat IPv4 ID values within one MDL for a
/// given source address/destination address/protocol tuple."
final class Identification {
    private final int key;
    private final int multiplier;
    private int counter;

    Identification(long seed) {
        counter = (int) seed;
        key = (int) (seed >>> 32);
        multiplier = (int) (seed >>> 16) | 1; // odd, so that multiplication is a permutation
    }

    /// The next of 65,536 values for IPv4.
    int next16() {
        int x = ++counter & 0xffff;
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
        int x = ++counter ^ key;
        x ^= x >>> 16;
        x *= 0x85eb_ca6b;
        x ^= x >>> 13;
        x *= multiplier;
        x ^= x >>> 16;
        return x;
    }
}
