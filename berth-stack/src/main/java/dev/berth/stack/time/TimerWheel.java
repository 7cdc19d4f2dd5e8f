package dev.berth.stack.time;

import org.jspecify.annotations.Nullable;

/// A hierarchical timing wheel of intrusive [Timer]s: schedule and cancel in constant time, no allocation.
///
/// Seven levels of 64 slots; a tick is 2^20 ns (about 1.05 ms), so that deadlines up to 145 years ahead fit. A timer
/// never fires before its deadline and at most one tick after it, provided that [#poll] is called. Not thread-safe.
public final class TimerWheel {
    /// log2 of the nanoseconds of a tick.
    public static final int TICK_SHIFT = 20;

    /// What [#nextDeadline] returns when nothing is scheduled.
    public static final long NEVER = Long.MAX_VALUE;

    private static final int LEVELS = 7;
    private static final int SLOT_BITS = 6;
    private static final int SLOTS = 1 << SLOT_BITS;
    private static final int DUE = -1;
    private static final long MAX_TICKS = 1L << LEVELS * SLOT_BITS;

    private final long origin;
    private final @Nullable Timer[] @Nullable [] slots = new Timer[LEVELS][];
    private final long[] occupied = new long[LEVELS];
    private long elapsed;
    private @Nullable Timer dueFirst;
    private @Nullable Timer dueLast;
    private int size;
    private long nextDeadline = NEVER; // what nextDeadline() returns
    private boolean changed; // since nextDeadline was computed

    /// A wheel that starts at `now`, nanoseconds of any origin.
    public TimerWheel(long now) {
        this.origin = now;
    }

    /// Timers that wait.
    public int size() {
        return size;
    }

    /// Schedules `timer` for `deadline`, in nanoseconds of the wheel's origin; reschedules it if it waits already.
    public void schedule(Timer timer, long deadline) {
        cancel(timer);
        long tick = Math.max(0, deadline - origin + (1L << TICK_SHIFT) - 1) >> TICK_SHIFT;
        timer.tick = Math.min(tick, elapsed + MAX_TICKS - 1);
        size++;
        changed = true;
        insert(timer);
    }

    /// Takes `timer` out; does nothing if it does not wait.
    public void cancel(Timer timer) {
        if (timer.tick >= 0) {
            unlink(timer);
            timer.tick = -1;
            size--;
            changed = true;
        }
    }

    /// The next timer whose deadline is not after `now`, no longer scheduled, or null. Timers come in the order of
    /// their ticks; call until it returns null.
    public @Nullable Timer poll(long now) {
        long nowTick = now - origin >> TICK_SHIFT;
        changed = true;
        for (; ; ) {
            Timer due = dueFirst;
            if (due != null) {
                cancel(due);
                return due;
            }
            int level = lowestLevel();
            long at = level < 0 ? NEVER : startOfNextSlot(level);
            if (at > nowTick) {
                elapsed = Math.max(elapsed, nowTick);
                return null;
            }
            elapsed = at;
            cascade(level, (int) (at >>> level * SLOT_BITS) & SLOTS - 1);
        }
    }

    /// A time in nanoseconds before which [#poll] has nothing to return, [#NEVER] if nothing waits. May be earlier
    /// than the earliest deadline (by less than the width of its slot), never later.
    public long nextDeadline() {
        if (changed) {
            changed = false;
            nextDeadline = computeNextDeadline();
        }
        return nextDeadline;
    }

    private long computeNextDeadline() {
        if (dueFirst != null) {
            return origin + (elapsed << TICK_SHIFT);
        }
        int level = lowestLevel();
        return level < 0 ? NEVER : origin + (startOfNextSlot(level) << TICK_SHIFT);
    }

    private int lowestLevel() {
        for (int level = 0; level < LEVELS; level++) {
            if (occupied[level] != 0) {
                return level;
            }
        }
        return -1;
    }

    private long startOfNextSlot(int level) {
        int shift = level * SLOT_BITS;
        int current = (int) (elapsed >>> shift) & SLOTS - 1;
        int ahead = Long.numberOfTrailingZeros(Long.rotateRight(occupied[level], current));
        // Only the top level can hold slots that have wrapped around; on the others a slot behind the current one
        // would belong to a higher level.
        return (elapsed >>> shift) + ahead << shift;
    }

    private void cascade(int level, int slot) {
        @Nullable Timer[] row = slots[level];
        assert row != null;
        Timer timer = row[slot];
        row[slot] = null;
        occupied[level] &= ~(1L << slot);
        while (timer != null) {
            Timer following = timer.following;
            insert(timer);
            timer = following;
        }
    }

    private void insert(Timer timer) {
        if (timer.tick <= elapsed) {
            timer.level = DUE;
            timer.previous = dueLast;
            timer.following = null;
            if (dueLast == null) {
                dueFirst = timer;
            } else {
                dueLast.following = timer;
            }
            dueLast = timer;
            return;
        }
        int significant = 63 - Long.numberOfLeadingZeros(elapsed ^ timer.tick | SLOTS - 1);
        int level = Math.min(significant / SLOT_BITS, LEVELS - 1);
        int slot = (int) (timer.tick >>> level * SLOT_BITS) & SLOTS - 1;
        @Nullable Timer[] row = slots[level];
        if (row == null) {
            row = new Timer[SLOTS];
            slots[level] = row;
        }
        timer.level = level;
        timer.slot = slot;
        timer.previous = null;
        timer.following = row[slot];
        if (timer.following != null) {
            timer.following.previous = timer;
        }
        row[slot] = timer;
        occupied[level] |= 1L << slot;
    }

    private void unlink(Timer timer) {
        Timer previous = timer.previous;
        Timer following = timer.following;
        if (following != null) {
            following.previous = previous;
        }
        if (previous != null) {
            previous.following = following;
        }
        if (timer.level == DUE) {
            if (previous == null) {
                dueFirst = following;
            }
            if (following == null) {
                dueLast = previous;
            }
        } else if (previous == null) {
            @Nullable Timer[] row = slots[timer.level];
            assert row != null;
            row[timer.slot] = following;
            if (following == null) {
                occupied[timer.level] &= ~(1L << timer.slot);
            }
        }
        timer.previous = null;
        timer.following = null;
    }
}
