package dev.berth.host;

/// Whether a platform thread looks for its wake-up a little while before it parks. To wake a parked thread takes
/// longer than most answers between two programs of one JVM; to look in vain takes time from others.
///
/// One per host. It is tried while four of five of the last tries were a success, and otherwise once in a while;
/// never with one processor, where the one who would wake cannot run meanwhile, and never by virtual threads, which
/// would keep their carrier. The counters are hints: they are read and written without a lock.
final class Spinning {
    private static final boolean WORTHWHILE = Runtime.getRuntime().availableProcessors() > 1;

    /// Looks at most so often: 10 to 20 microseconds.
    private static final int LOOKS = 500;

    private static final int MOST_CREDIT = 16;
    private static final int COST = 4;

    /// Without credit, one wait out of so many tries.
    private static final int SELDOM = 256;

    private int credit = MOST_CREDIT;
    private int waits;

    /// Looks for the wake-up of `waiter`.
    void await(Waiter waiter) {
        if (!WORTHWHILE || credit <= 0 && (++waits & SELDOM - 1) != 0) {
            return;
        }
        for (int i = 0; i < LOOKS; i++) {
            if (waiter.isSignalled()) {
                credit = Math.min(credit + 1, MOST_CREDIT);
                return;
            }
            Thread.onSpinWait();
        }
        credit = Math.max(credit - COST, 0);
    }
}
