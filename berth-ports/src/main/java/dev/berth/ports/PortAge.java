package dev.berth.ports;

/// How long something has been there, for people.
public final class PortAge {
    /// An age or a time of birth that nobody knows.
    public static final long UNKNOWN = Long.MIN_VALUE;

    private static final long SECOND = 1_000_000_000L;

    private PortAge() {}

    /// The nanoseconds from `since` to `now`, 0 at least; [#UNKNOWN] if `since` is.
    public static long between(long since, long now) {
        return since == UNKNOWN ? UNKNOWN : Math.max(0, now - since);
    }

    /// `45 ms`, `12 s`, `3 min 12 s`, `5 h 2 min` or `3 d 4 h`; empty if the age is [#UNKNOWN]. Allocates.
    ///
    /// @param nanos the age in nanoseconds
    public static String text(long nanos) {
        if (nanos == UNKNOWN) {
            return "";
        }
        long seconds = nanos / SECOND;
        if (seconds == 0) {
            return nanos / 1_000_000 + " ms";
        }
        if (seconds < 60) {
            return seconds + " s";
        }
        if (seconds < 3_600) {
            return two(seconds / 60, "min", seconds % 60, "s");
        }
        return seconds < 86_400
                ? two(seconds / 3_600, "h", seconds % 3_600 / 60, "min")
                : two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h");
    }

    private static String two(long large, String largeUnit, long small, String smallUnit) {
        return large + " " + largeUnit + (small == 0 ? "" : " " + small + " " + smallUnit);
    }
}
