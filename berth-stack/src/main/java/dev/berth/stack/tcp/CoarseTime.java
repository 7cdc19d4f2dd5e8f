package dev.berth.stack.tcp;

/// The host's clock in 4 octets: in tenths of a second modulo 2^32 for the age of a connection, exact to that for 13
/// years, and in milliseconds for what happened last, exact for 49 days.
final class CoarseTime {
    private static final long TENTH = 100_000_000L;

    private static final long MILLISECOND = 1_000_000L;

    private CoarseTime() {}

    /// Milliseconds, never 0.
    static int millis(long now) {
        int millis = (int) Math.floorDiv(now, MILLISECOND);
        return millis == 0 ? 1 : millis;
    }

    /// Nanoseconds from `millis` to `now`.
    static long sinceMillis(int millis, long now) {
        return Integer.toUnsignedLong(millis(now) - millis) * MILLISECOND;
    }

    static int of(long now) {
        return (int) Math.floorDiv(now, TENTH);
    }

    /// Nanoseconds from `coarse` to `now`.
    static long since(int coarse, long now) {
        return Integer.toUnsignedLong(of(now) - coarse) * TENTH;
    }
}
