package dev.berth.network;

import dev.berth.host.HostClock;
import org.jspecify.annotations.Nullable;

/// The time of a network: what it is, and what happens later.
interface NetworkTime extends AutoCloseable {
    /// Nanoseconds now, more than 0.
    long now();

    /// Lets an event happen at a time; in the past means as soon as possible.
    void at(long time, Event event);

    /// Lets something happen so many nanoseconds from now.
    default void after(long nanos, Runnable action) {
        at(now() + nanos, Event.of(action));
    }

    /// True if everything happens on one thread, one event after another.
    boolean isVirtual();

    /// The clock for the hosts; null if they live by the system's.
    @Nullable
    HostClock hostClock();

    /// Nothing happens any more.
    @Override
    void close();
}
