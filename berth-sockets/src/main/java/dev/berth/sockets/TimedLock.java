package dev.berth.sockets;

import java.net.SocketTimeoutException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/// A lock whose waiters have the time-out of the operation that it guards: several threads that read with a time-out
/// do not wait for longer than each one said.
final class TimedLock {
    private final ReentrantLock lock = new ReentrantLock();

    /// Locks; returns what is left of `timeoutMillis` in nanoseconds, 0 if there is no time-out. An interrupt does
    /// not end the wait; the status is kept.
    ///
    /// @throws SocketTimeoutException with `message`, if the time is over
    long lock(int timeoutMillis, String message) throws SocketTimeoutException {
        if (timeoutMillis <= 0) {
            lock.lock();
            return 0;
        }
        long nanos = TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        if (lock.tryLock()) {
            return nanos;
        }
        long deadline = System.nanoTime() + nanos;
        if (!lockUntil(deadline)) {
            throw new SocketTimeoutException(message);
        }
        long left = deadline - System.nanoTime();
        if (left <= 0) {
            lock.unlock();
            throw new SocketTimeoutException(message);
        }
        return left;
    }

    private boolean lockUntil(long deadline) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return lock.tryLock(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException _) {
                    interrupted = true; // set again below
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    void unlock() {
        lock.unlock();
    }
}
