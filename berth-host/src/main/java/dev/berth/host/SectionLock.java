package dev.berth.host;

import java.util.concurrent.locks.AbstractQueuedSynchronizer;
import org.jspecify.annotations.Nullable;

/// The lock of a host's critical section: what [java.util.concurrent.locks.ReentrantLock] is without conditions and
/// fairness, and quicker where nobody waits. Reentrant, as a program may look at a socket from within a `toString`
/// that the host calls.
@SuppressWarnings("serial") // nobody writes a lock to a stream
final class SectionLock extends AbstractQueuedSynchronizer {
    private static final int FREE = 0;
    private static final int HELD = 1;

    private @Nullable Thread owner; // only the owner finds itself here
    private int again; // of the owner: how often it has entered besides

    void lock() {
        if (!tryLock()) {
            acquire(HELD);
        }
    }

    /// Takes the lock if it is free or the caller's.
    boolean tryLock() {
        Thread caller = Thread.currentThread();
        if (compareAndSetState(FREE, HELD)) {
            owner = caller;
            return true;
        }
        if (owner == caller) {
            again++;
            return true;
        }
        return false;
    }

    void unlock() {
        if (again > 0) {
            again--;
            return;
        }
        owner = null;
        release(HELD);
    }

    boolean isLocked() {
        return getState() != FREE;
    }

    @Override
    protected boolean tryAcquire(int state) {
        return tryLock();
    }

    @Override
    protected boolean tryRelease(int state) {
        setState(FREE);
        return true;
    }
}
