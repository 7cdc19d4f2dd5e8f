package dev.berth.stack.tcp;

/// Sequence number arithmetic modulo 2^32 (RFC 9293 section 3.4): a number is "less" than another if it lies within
/// the 2^31 numbers before it.
public final class SeqNum {
    private SeqNum() {}

    /// `a < b`.
    public static boolean lt(int a, int b) {
        return a - b < 0;
    }

    /// `a <= b`.
    public static boolean leq(int a, int b) {
        return a - b <= 0;
    }

    /// `a > b`.
    public static boolean gt(int a, int b) {
        return a - b > 0;
    }

    /// `a >= b`.
    public static boolean geq(int a, int b) {
        return a - b >= 0;
    }

    /// The greater of the two.
    public static int max(int a, int b) {
        return a - b >= 0 ? a : b;
    }

    /// The lesser of the two.
    public static int min(int a, int b) {
        return a - b <= 0 ? a : b;
    }

    /// `from <= seq < from + length` with `length` from 0 to 2^31-1.
    public static boolean inWindow(int seq, int from, int length) {
        return Integer.compareUnsigned(seq - from, length) < 0;
    }
}
