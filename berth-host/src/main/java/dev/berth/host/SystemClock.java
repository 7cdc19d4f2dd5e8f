package dev.berth.host;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// The clock of the hosts of the JVM that were given no other: [System#nanoTime] with an origin of its own, so that
/// their times are comparable and positive. Their timers are in [HostTimers].
final class SystemClock {
    private static final long ORIGIN = System.nanoTime() - 1_000_000_000_000L;

    private SystemClock() {}

    static long nanoTime() {
        return System.nanoTime() - ORIGIN;
    }

    /// The time of `clock`, or of the system if there is none.
    static long nanoTime(@Nullable HostClock clock) {
        return clock == null ? nanoTime() : clock.nanoTime();
    }

    static void park(@Nullable HostClock clock, Object blocker, long deadline) {
        if (clock != null) {
            clock.park(blocker, deadline);
        } else if (deadline == 0) {
            LockSupport.park(blocker);
        } else {
            long left = deadline - nanoTime();
            if (left > 0) {
                LockSupport.parkNanos(blocker, left);
            }
        }
    }

    static void unpark(@Nullable HostClock clock, Thread thread) {
        if (clock == null) {
            LockSupport.unpark(thread);
        } else {
            clock.unpark(thread);
        }
    }

    /// The clock as others may use it.
    static HostClock shared() {
        return Shared.INSTANCE;
    }

    private static final class Shared implements HostClock {
        static final Shared INSTANCE = new Shared();

        @Override
        public long nanoTime() {
            return SystemClock.nanoTime();
        }

        @Override
        public Alarm alarm(Runnable due) {
            throw new UnsupportedOperationException("Hosts on the system's clock have timers of their own");
        }

        @Override
        public void park(Object blocker, long deadline) {
            SystemClock.park(null, blocker, deadline);
        }

        @Override
        public void unpark(@Nullable Thread thread) {
            LockSupport.unpark(thread);
        }
    }
}
