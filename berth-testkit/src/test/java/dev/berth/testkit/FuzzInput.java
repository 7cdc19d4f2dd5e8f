package dev.berth.testkit;

import java.util.SplittableRandom;

/// Octets read as choices, for programs that are interpreted: what a fuzzer changes, a program does otherwise. Behind
/// the end there are zeros.
final class FuzzInput {
    private final byte[] bytes;
    private int at;

    FuzzInput(byte[] bytes) {
        this.bytes = bytes;
    }

    /// The octets `first`, then `length` random ones.
    static byte[] random(SplittableRandom random, int length, int... first) {
        byte[] all = new byte[first.length + length];
        random.nextBytes(all);
        for (int i = 0; i < first.length; i++) {
            all[i] = (byte) first[i];
        }
        return all;
    }

    boolean hasMore() {
        return at < bytes.length;
    }

    int u8() {
        return at < bytes.length ? bytes[at++] & 0xff : 0;
    }

    int u16() {
        return u8() << 8 | u8();
    }

    int i32() {
        return u16() << 16 | u16();
    }

    /// A number from 0 to `bound` - 1.
    int below(int bound) {
        return (bound <= 256 ? u8() : u16()) % bound;
    }

    /// True once in so many.
    boolean oneIn(int count) {
        return u8() % count == 1;
    }

    /// The next octets, as many as there are but no more than `max`.
    byte[] take(int max) {
        byte[] taken = new byte[Math.min(max, bytes.length - at)];
        System.arraycopy(bytes, at, taken, 0, taken.length);
        at += taken.length;
        return taken;
    }

    /// Some number, often `to` or one a little beside it.
    int near(int to) {
        return switch (u8() % 6) {
            case 0 -> i32();
            case 1 -> to - u16() % 3_000;
            case 2 -> to;
            default -> to + u16() % 6_000;
        };
    }
}
