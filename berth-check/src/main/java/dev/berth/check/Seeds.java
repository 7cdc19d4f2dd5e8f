package dev.berth.check;

import java.util.SplittableRandom;

/// Runs a property with many seeds and names the one that fails.
public final class Seeds {
    /// A property of everything that can be drawn from `random`.
    @FunctionalInterface
    public interface Property {
        /// Throws if it does not hold.
        void check(SplittableRandom random) throws Exception;
    }

    private Seeds() {}

    /// Checks `property` with the seeds 0 to `runs - 1`, or with the one of the system property `berth.seed` alone.
    public static void run(int runs, Property property) {
        Long only = Long.getLong("berth.seed");
        if (only != null) {
            check(only, property);
            return;
        }
        for (long seed = 0; seed < runs; seed++) {
            check(seed, property);
        }
    }

    private static void check(long seed, Property property) {
        try {
            property.check(new SplittableRandom(seed));
        } catch (Exception | AssertionError e) {
            throw new AssertionError("Fails with seed " + seed + "; repeat with -Dberth.seed=" + seed, e);
        }
    }
}
