package dev.berth.host;

import java.lang.invoke.VarHandle;

/// Whether one thread is in and out of a host's critical section all the time, such as that of a server which has
/// many selected keys before it: another thread then leaves a packet in the host's inbox, and it is taken by that
/// thread, in whose processor's caches the host's connections are. Written under the host's lock, and read by whoever
/// has something for the host, to whom all of it is a hint: a thread that was in the section a moment ago may not
/// come again. So who leaves a packet here takes it back before he waits for anything ([Attendance#takeBack]), and
/// the thread of the timers looks a little later ([HostTimers#watch]).
final class Bustle {
    /// Nanoseconds between two sections at most.
    private static final long GAP = 20_000;

    /// So many sections in a row are all the time.
    private static final int MANY = 8;

    private int sections;
    private long last;
    private long by; // a thread's number

    /// A program's thread is in the section at `now`.
    void entered(long now) {
        long caller = Thread.currentThread().threadId();
        if (caller == by && now - last < GAP) {
            sections++;
        } else {
            sections = 0;
            by = caller;
        }
        last = now;
    }

    /// The calling thread has to wait for something: it is not busy.
    ///
    /// @return true if others may have thought so, and left something in the inbox that nobody else takes; a look at
    ///     it after this finds that
    boolean rests() {
        if (by != Thread.currentThread().threadId()) {
            return false;
        }
        boolean on = isOn();
        by = 0;
        sections = 0;
        if (on) {
            VarHandle.fullFence(); // who leaves something has one too, between that and a look at this
        }
        return on;
    }

    /// True if the caller, who is in the section, is so all the time.
    boolean isOn() {
        return sections >= MANY;
    }

    /// True if another thread than the caller will be in the section again in a moment, as far as one can tell.
    boolean isOfAnother(long now) {
        return sections >= MANY
                && now - last < GAP
                && by != Thread.currentThread().threadId();
    }
}
