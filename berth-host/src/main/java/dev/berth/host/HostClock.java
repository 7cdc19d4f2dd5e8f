package dev.berth.host;

import org.jspecify.annotations.Nullable;

/// The time of a host: what its stack takes as the present, when its timers run, and how a thread waits in one of its
/// sockets. [Host.Builder#clock] takes one in place of the system's time, as a network under virtual time has it.
///
/// Times are nanoseconds of any origin that never go back and are greater than 0. All methods may be called from any
/// thread that uses the host, unless the clock says otherwise; none may call back into a host but as [#alarm] says.
public interface HostClock {
    /// The clock of the hosts that were given no other.
    static HostClock system() {
        return SystemClock.shared();
    }

    /// The present.
    long nanoTime();

    /// The timer of a host that has been started.
    ///
    /// @param due to be called, outside of any host's lock, when the time of the alarm has come
    Alarm alarm(Runnable due);

    /// The timer of one host.
    interface Alarm {
        /// Asks for one call at the time `at` or a little later. A call that was asked for earlier may come too: hosts
        /// take a call that is too early as one that has nothing to do, and ask again. Called after everything that a
        /// host does, so it must be quick when `at` has not become earlier; [Long#MAX_VALUE] asks for nothing.
        void set(long at);

        /// Ends the alarm: the host is closed.
        void cancel();
    }

    /// Waits as [java.util.concurrent.locks.LockSupport#park] does: until [#unpark] names the calling thread (or has
    /// named it since its last wait), until it is interrupted, until the deadline, or for no reason.
    ///
    /// @param blocker what the thread waits in, for those who look at threads
    /// @param deadline of [#nanoTime]; 0 for none
    void park(Object blocker, long deadline);

    /// Ends the present or next [#park] of a thread.
    void unpark(@Nullable Thread thread);
}
