package dev.berth.software.replicated;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// Tells a test that something may have changed.
final class Signal implements Runnable {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final long LOOK_MILLIS = 50;

    /// Something has changed.
    @Override
    public synchronized void run() {
        notifyAll();
    }

    /// Waits until something is true; fails after two minutes, with what there is then.
    void await(String what, BooleanSupplier condition, Supplier<String> state) throws InterruptedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end)
                    .as("%s within %s: %s", what, LIMIT, state.get())
                    .isNegative();
            synchronized (this) {
                wait(LOOK_MILLIS);
            }
        }
    }
}
