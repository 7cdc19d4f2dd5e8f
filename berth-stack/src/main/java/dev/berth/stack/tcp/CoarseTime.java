package dev.berth.stack.tcp;

/// The host's clock in tenths of a second modulo 2^32, in which the age of a connection takes 4 octets. Ages are
/// exact to a tenth of a second, up to 13 years.
final class CoarseTime {
    private static final long TENTH = 100_000_000L;

    private CoarseTime() {}

    static int of(long now) {
        return (int) Math.floorDiv(now, TENTH);
    }

    /// Nanoseconds from `coarse` to `now`.
    static long since(int coarse, long now) {
        return Integer.toUnsignedLong(of(now) - coarse) * TENTH;
    }
}
