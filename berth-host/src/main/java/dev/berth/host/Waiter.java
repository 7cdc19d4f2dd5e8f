package dev.berth.host;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A thread, platform or virtual, that waits for a socket to become ready. Armed and signalled under the host's lock,
/// so that no wake-up is lost; the unpark comes after it.
final class Waiter extends Wakeup {
    private final Thread thread = Thread.currentThread();
    final int interest;
    private volatile boolean signalled;

    @Nullable
    Waiter following; // in the list of its socket

    Waiter(int interest) {
        this.interest = interest;
    }

    @Override
    void wake() {
        signalled = true;
        LockSupport.unpark(thread);
    }

    boolean isSignalled() {
        return signalled;
    }

    /// Parks until signalled, the deadline of [System#nanoTime] has passed (0: none) or a virtual thread is
    /// interrupted. On a platform thread an interrupt does not end the wait; its status is there again afterwards, as
    /// the JDK's sockets have it.
    ///
    /// @return false if the deadline has passed or the thread was interrupted (then its status is set)
    boolean await(long deadline) {
        boolean interrupted = false;
        try {
            while (!signalled) {
                if (deadline == 0) {
                    LockSupport.park(this);
                } else {
                    long left = deadline - System.nanoTime();
                    if (left <= 0) {
                        return false;
                    }
                    LockSupport.parkNanos(this, left);
                }
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
