package dev.berth.host;

/// The clock of all hosts of the JVM: [System#nanoTime] with an origin of its own, so that their times are comparable
/// and positive.
final class SystemClock {
    private static final long ORIGIN = System.nanoTime() - 1_000_000_000_000L;

    private SystemClock() {}

    static long nanoTime() {
        return System.nanoTime() - ORIGIN;
    }
}
