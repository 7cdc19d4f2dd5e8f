package dev.berth.ports;

import java.util.Random;

/// Runs a test with many seeds and says which one failed.
final class Seeds {
    private Seeds() {}

    interface Body {
        void run(Random random) throws Exception;
    }

    /// Runs `body` with the seeds 1 to `count`. The property `berth.seed` runs one seed alone.
    static void run(int count, Body body) {
        Long only = Long.getLong("berth.seed");
        for (long seed = only == null ? 1 : only; seed <= (only == null ? count : only); seed++) {
            try {
                body.run(new Random(seed));
            } catch (Exception | AssertionError e) {
                throw new AssertionError("Failed with seed " + seed + " (-Dberth.seed=" + seed + "): " + e, e);
            }
        }
    }
}
