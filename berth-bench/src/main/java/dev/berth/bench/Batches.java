package dev.berth.bench;

import java.util.Arrays;

/// Times batches of operations and takes the median, so that what else happens on the machine, and a thread that is
/// stopped for a while, does not count.
final class Batches {
    private static final int FEWEST = 11;
    private static final int MOST = 1 << 16;

    private Batches() {}

    /// A batch.
    @FunctionalInterface
    interface Batch {
        void run() throws Exception;
    }

    /// Runs batches for `nanos` nanoseconds, and at least so many that one during which the thread is stopped does not
    /// count.
    ///
    /// @param operations how many there are in a batch
    /// @return the nanoseconds of one operation in the median batch
    static double nanosPerOperation(long nanos, int operations, Batch batch) throws Exception {
        long[] times = new long[1_024];
        int count = 0;
        long start = System.nanoTime();
        long at = start;
        do {
            batch.run();
            long now = System.nanoTime();
            if (count == times.length && count < MOST) {
                times = Arrays.copyOf(times, count * 2);
            }
            times[count++ & times.length - 1] = now - at;
            at = now;
        } while (at - start < nanos || count < FEWEST);
        int size = Math.min(count, times.length);
        Arrays.sort(times, 0, size);
        return (double) times[size / 2] / operations;
    }
}
