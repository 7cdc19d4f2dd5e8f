package dev.berth.host;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/// Whether a platform thread looks for its wake-up a little while before it parks. On a machine with idle processors
/// to wake a parked thread takes longer than most answers between two programs of one JVM; on a busy one it is cheap,
/// and to look takes the time of those who would answer.
///
/// One for each host and each selector. It tries both ways for a few waits and keeps to looking only while that makes
/// waits clearly shorter; the longer a way has been the better one, the more seldom the other is tried, and a trial
/// that goes badly ends early. Waits that are mostly long are never looked through. Whoever looks for more than a
/// moment gives its processor to others in between, and a processor is always left to those who do not look. Never
/// with a single processor, where the one who would wake cannot run meanwhile, and never by virtual threads, which
/// would keep their carrier. All of it is a hint: read and written without a lock.
public final class Spinning {
    private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

    /// Processors that are never looked on for long.
    private static final int MOST_LOOKING = PROCESSORS - 1;

    /// Nanoseconds of a look at most: longer than it takes to wake a processor for the one who answers.
    private static final long WINDOW = 100_000;

    /// Longer waits count as this.
    private static final long LONG = 2 * WINDOW;

    /// Looks before the clock is asked, and between two such questions.
    private static final int FIRST_LOOKS = 64;

    private static final int LOOKS = 16;

    /// Waits that are judged together.
    private static final int BLOCK = 16;

    /// Waits between two trials of the other way.
    private static final int SOONEST = 64;

    private static final int MOST_SELDOM = 1 << 16;

    /// A trial ends early when it has taken so many times what the waits would have taken.
    private static final int PATIENCE = 4;

    /// Threads of the JVM that look for longer than a moment.
    private static final AtomicInteger LOOKING = new AtomicInteger();

    private boolean looks;
    private boolean trial;
    private int untilTrial = SOONEST;
    private int interval = SOONEST;

    // The waits of the present block, and how long a wait took lately either way
    private int waits;
    private long waited;
    private long whenParking = LONG;
    private long whenLooking = LONG;

    /// True if waits are to be timed, and told to [#waited].
    public boolean isPossible() {
        return PROCESSORS > 1;
    }

    /// Looks for a signal, if that is the better way at present.
    ///
    /// @return true if it is there; otherwise the caller has to park
    public boolean look(BooleanSupplier signal) {
        return looks && lookAWhile(signal);
    }

    private static boolean lookAWhile(BooleanSupplier signal) {
        for (int i = 0; i < FIRST_LOOKS; i++) {
            if (signal.getAsBoolean()) {
                return true;
            }
            Thread.onSpinWait();
        }
        if (LOOKING.incrementAndGet() > MOST_LOOKING) {
            LOOKING.decrementAndGet();
            return false;
        }
        try {
            long began = System.nanoTime();
            do {
                Thread.yield();
                for (int i = 0; i < LOOKS; i++) {
                    if (signal.getAsBoolean()) {
                        return true;
                    }
                    Thread.onSpinWait();
                }
            } while (System.nanoTime() - began < WINDOW);
            return false;
        } finally {
            LOOKING.decrementAndGet();
        }
    }

    /// A wait has taken so long until its thread went on, whether it looked or parked.
    public void waited(long nanos) {
        waited += Math.min(nanos, LONG);
        boolean over = trial && looks && waited > PATIENCE * BLOCK * whenParking;
        if (++waits >= BLOCK || over) {
            long each = waited / waits;
            untilTrial -= waits;
            waits = 0;
            waited = 0;
            judge(each);
        }
    }

    private void judge(long each) {
        if (looks) {
            whenLooking = each;
        } else {
            whenParking = each;
        }
        boolean better = whenLooking * 4 < whenParking * 3;
        if (trial) {
            trial = false;
            boolean confirmed = better != looks;
            interval = confirmed ? Math.min(2 * interval, MOST_SELDOM) : SOONEST;
            untilTrial = interval;
            looks = better;
        } else if (looks && !better) {
            looks = false;
            interval = SOONEST;
            untilTrial = interval;
        } else if (untilTrial <= 0) {
            // Waits that are too long to be looked through are no reason for a trial.
            if (looks || whenParking < LONG) {
                trial = true;
                looks = !looks;
            } else {
                untilTrial = interval;
            }
        }
    }
}
