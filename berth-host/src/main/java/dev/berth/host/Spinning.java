package dev.berth.host;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/// Whether a thread looks for its wake-up a little while before it parks. To be woken takes 4 microseconds where one
/// processor is passed to and fro, and 50 where another one has to be woken; most answers between two programs of one
/// JVM are there sooner.
///
/// Who looks takes the time of a processor that nobody else wants: after some first looks it offers its processor to
/// others at each turn, and a look that took long shows that they wanted it. One for each host and each selector. It
/// keeps an account of time: a look that was in vain, or that others made long, forbids looks for 64 times as long, so
/// that looking costs 1.6 % of the time at most, and each that found what it looked for earns a little. Looks in vain
/// without one that finds anything in between cost twice as much each time, so that who mostly waits long hardly ever
/// looks.
///
/// Where the one who answers shares the processor, the answer is there when the processor comes back; as long as that
/// is so it is offered at once. Never with a single processor, where others always want it.
///
/// A virtual thread looks on its carrier, which nothing takes from it. So it offers that every few microseconds, and
/// begins with that now and then, as threads that always find what they look for would keep all others from running.
/// An offer from which the carrier comes back late has shown that others wanted it, and then the look has cost what
/// those have waited. Carriers that are awake wake a thread in a fraction of a microsecond, so a look saves less and
/// is shorter; what it finds only after others had the carrier would have been there no later if it had parked.
///
/// All of it is a hint: read and written without a lock.
public final class Spinning {
    private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

    /// Of virtual threads.
    private static final int CARRIERS =
            Math.min(PROCESSORS, Integer.getInteger("jdk.virtualThreadScheduler.parallelism", PROCESSORS));

    /// Nanoseconds of a look at most: longer than it takes to wake a processor for the one who answers.
    static final long WINDOW = 100_000;

    /// From this on a look was made long by others; an interrupt of the system's clock takes a fifth of it.
    static final long LONG = 2 * WINDOW;

    /// Looks before the processor is offered to others: some 4 microseconds.
    private static final int FIRST_LOOKS = 256;

    /// Looks between two such offers.
    private static final int LOOKS = 16;

    /// Whoever gets the processor back sooner has found nobody to take it.
    private static final long TAKEN = 1_000;

    /// Nanoseconds for which a virtual thread keeps its carrier.
    static final long TURN = 4_000;

    /// Nanoseconds of a virtual thread's look at most.
    static final long TURNS = 20_000;

    /// Of so many looks of virtual threads one begins with an offer of the carrier.
    private static final int OFFERS = 16;

    /// So many times what a look has cost there are no others.
    private static final long SHARE = 64;

    private static final long LARGEST_SHARE = 4_096;

    /// What a look costs at most.
    private static final long LARGEST_COST = 20_000_000;

    /// What a look has saved that was not in vain.
    private static final long SAVED = 5_000;

    /// The same of a virtual thread, whose carrier need not be woken where others keep it awake.
    static final long SAVED_BY_TURN = 1_000;

    /// So much time can be had in advance.
    private static final long CREDIT = 10_000_000;

    /// Threads of the JVM that look for longer than a moment: more than there are processors would only take them from
    /// each other.
    private static final AtomicInteger LOOKING = new AtomicInteger();

    private boolean indebted;
    private long debtUntil; // of the system's clock; the past is credit
    private long share = SHARE;
    private boolean together; // with those who answer, on one processor

    /// Looks for a signal, if that is the better way at present.
    ///
    /// @return true if it is there; otherwise the caller has to park
    public boolean look(Look signal) {
        if (PROCESSORS == 1 || indebted && !mayLook(SystemClock.nanoTime())) {
            return false;
        }
        return Thread.currentThread().isVirtual() ? lookOnCarrier(signal) : lookOnProcessor(signal);
    }

    private boolean lookOnProcessor(Look signal) {
        if (!together) {
            if (looks(signal, FIRST_LOOKS)) {
                saved();
                return true;
            }
        }
        return lookAWhile(signal);
    }

    /// Looks so often at most, and attends to what is left to this thread meanwhile.
    private static boolean looks(Look signal, int most) {
        boolean found = false;
        try {
            signal.begin(); // in here: what has failed halfway has to be taken back as well
            for (int i = 0; i < most && !found; i++) {
                found = signal.getAsBoolean();
                if (!found) {
                    Thread.onSpinWait();
                }
            }
        } finally {
            signal.end(found);
        }
        return found || signal.getAsBoolean();
    }

    private boolean lookAWhile(Look signal) {
        long began = SystemClock.nanoTime();
        if (LOOKING.incrementAndGet() > PROCESSORS) {
            LOOKING.decrementAndGet();
            lost(SAVED, began);
            return false;
        }
        try {
            boolean found;
            long now = began;
            do {
                long offered = now;
                Thread.yield();
                found = signal.getAsBoolean();
                now = SystemClock.nanoTime();
                together = found && now - offered >= TAKEN;
                if (!found) {
                    found = looks(signal, LOOKS);
                }
            } while (!found && now - began < WINDOW);
            looked(found, now - began, now);
            return found;
        } finally {
            LOOKING.decrementAndGet();
        }
    }

    private boolean lookOnCarrier(Look signal) {
        if (CARRIERS == 1) {
            return false;
        }
        if (ThreadLocalRandom.current().nextInt(OFFERS) == 0 && isWanted(OFFERS * TURN)) {
            return signal.getAsBoolean();
        }
        if (lookForTurn(signal)) {
            saved(SAVED_BY_TURN);
            return true;
        }
        return lookForTurns(signal);
    }

    private boolean lookForTurns(Look signal) {
        long began = SystemClock.nanoTime();
        if (LOOKING.incrementAndGet() > CARRIERS) {
            LOOKING.decrementAndGet();
            lost(TURN, began);
            return false;
        }
        try {
            boolean found;
            long now;
            do {
                if (isWanted(TURN)) {
                    return signal.getAsBoolean();
                }
                found = lookForTurn(signal);
                now = SystemClock.nanoTime();
            } while (!found && now - began < TURNS);
            lookedForTurns(found, now - began, now);
            return found;
        } finally {
            LOOKING.decrementAndGet();
        }
    }

    /// Looks until a turn is over.
    private static boolean lookForTurn(Look signal) {
        boolean found = false;
        try {
            signal.begin();
            long until = Long.MAX_VALUE; // the clock is not read where the signal is there soon
            for (long now = 0; !found && now < until; ) {
                for (int i = 0; i < LOOKS && !found; i++) {
                    found = signal.getAsBoolean();
                    if (!found) {
                        Thread.onSpinWait();
                    }
                }
                if (!found) {
                    now = SystemClock.nanoTime();
                    until = Math.min(until, now + TURN);
                }
            }
        } finally {
            signal.end(found);
        }
        return found || signal.getAsBoolean();
    }

    /// Offers the carrier, which may have been kept for so long, and sees whether others have taken it.
    private boolean isWanted(long kept) {
        long offered = SystemClock.nanoTime();
        Thread.yield();
        long now = SystemClock.nanoTime();
        return wasWanted(kept, now - offered, now);
    }

    /// A carrier that was kept for so long, and then offered, is back after so many nanoseconds.
    ///
    /// @return true if that is longer than it takes to find nobody who wants it: what those have waited is what it cost
    boolean wasWanted(long kept, long away, long now) {
        if (away < TURN) {
            return false;
        }
        lost(kept, now);
        return true;
    }

    /// A virtual thread has looked for more than a turn. What it looked for was then there no sooner than if it had
    /// parked.
    void lookedForTurns(boolean found, long nanos, long now) {
        if (found) {
            lost(Math.min(nanos, TURN), now);
        } else {
            looked(false, nanos, now);
        }
    }

    /// True if the account allows to look.
    boolean mayLook(long now) {
        if (indebted && now >= debtUntil) {
            indebted = false;
        }
        return !indebted;
    }

    /// A look of so many nanoseconds has ended.
    void looked(boolean found, long nanos, long now) {
        if (nanos >= LONG) {
            lost(nanos, now);
        } else if (found) {
            saved();
        } else {
            lost(nanos, now);
            share = Math.min(share * 2, LARGEST_SHARE);
        }
    }

    private void saved() {
        saved(SAVED);
    }

    /// A look has saved so many nanoseconds.
    void saved(long nanos) {
        debtUntil -= nanos * SHARE;
        share = SHARE;
    }

    private void lost(long nanos, long now) {
        debtUntil = Math.max(debtUntil, now - CREDIT) + Math.min(nanos, LARGEST_COST) * share;
        indebted = debtUntil > now;
    }
}
