package dev.berth.bench;

/// One side of a benchmark, set up and ready to be measured several times.
@FunctionalInterface
interface Measurement extends AutoCloseable {
    /// Works for about `nanos` nanoseconds and returns the figure, in the unit of the benchmark. Checks its own
    /// result.
    ///
    /// @throws Exception if the work failed or its result is wrong
    double measure(long nanos) throws Exception;

    @Override
    default void close() throws Exception {}

    /// Sets a side up.
    @FunctionalInterface
    interface Opener {
        /// @throws UnavailableException if this machine cannot do it
        Measurement open() throws Exception;
    }

    /// The machine lacks what a benchmark needs; the message is one sentence that says what.
    final class UnavailableException extends Exception {
        private static final long serialVersionUID = 1;

        UnavailableException(String reason) {
            super(reason);
        }
    }
}
