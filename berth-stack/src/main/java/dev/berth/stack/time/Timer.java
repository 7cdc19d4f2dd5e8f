package dev.berth.stack.time;

import org.jspecify.annotations.Nullable;

/// A node of a [TimerWheel]: at most one deadline at a time. What is to be done at the deadline is known to the class
/// that extends it, not to the wheel.
public abstract class Timer {
    @Nullable
    Timer previous;

    @Nullable
    Timer following;

    /// The tick it is due at, or -1 while it is not scheduled.
    long tick = -1;

    int level;
    int slot;

    /// For subclasses.
    protected Timer() {}

    /// True while it waits in a wheel.
    public final boolean isScheduled() {
        return tick >= 0;
    }
}
