package dev.berth.host;

import org.jspecify.annotations.Nullable;

/// A thread, platform or virtual, that waits for a socket to become ready. Armed and signalled under the host's lock,
/// so that no wake-up is lost; the unpark comes after it.
final class Waiter extends Wakeup {
    private final Thread thread = Thread.currentThread();
    private final @Nullable HostClock clock;
    final int interest;
    private volatile boolean signalled;

    @Nullable
    Waiter following; // in the list of its socket

    /// @param clock what the thread waits by; null for the system's
    Waiter(int interest, @Nullable HostClock clock) {
        this.interest = interest;
        this.clock = clock;
    }

    @Override
    void wake() {
        signalled = true;
        SystemClock.unpark(clock, thread);
    }

    Thread thread() {
        return thread;
    }

    boolean isSignalled() {
        return signalled;
    }

    /// Parks until signalled, the deadline of the clock has passed (0: none) or a virtual thread is
    /// interrupted. On a platform thread an interrupt does not end the wait; its status is there again afterwards, as
    /// the JDK's sockets have it.
    ///
    /// @return false if the deadline has passed or the thread was interrupted (then its status is set)
    boolean await(long deadline) {
        boolean interrupted = false;
        try {
            while (!signalled) {
                if (deadline != 0 && deadline <= SystemClock.nanoTime(clock)) {
                    return false;
                }
                SystemClock.park(clock, this, deadline);
                if (Thread.interrupted()) {
                    interrupted = true;
                    if (thread.isVirtual()) {
                        return false;
                    }
                }
            }
            return true;
        } finally {
            if (interrupted) {
                thread.interrupt();
            }
        }
    }
}
