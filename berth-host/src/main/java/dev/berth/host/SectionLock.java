package dev.berth.host;

import java.util.concurrent.locks.AbstractQueuedSynchronizer;

/// The lock of a host's critical section: what [java.util.concurrent.locks.ReentrantLock] is without conditions and
/// fairness, and quicker where nobody waits. Reentrant, as a program may look at a socket from within a `toString`
/// that the host calls.
@SuppressWarnings("serial") // nobody writes a lock to a stream
final class SectionLock extends AbstractQueuedSynchronizer {
    private static final int FREE = 0;
    private static final int HELD = 1;

    /// So often a thread looks whether the lock is free again, 2 to 4 microseconds, before it waits in a queue: most
    /// sections are shorter than what it takes to wake a thread.
    private static final int LOOKS = Runtime.getRuntime().availableProcessors() > 1 ? 100 : 0;

    /// The number of the thread that holds the lock, 0 for none: only the owner finds its own here. A number, as a
    /// reference that an old object is given costs a barrier of the collector, with a fence, in each section.
    private long owner;

    private int again; // of the owner: how often it has entered besides

    void lock() {
        if (!tryLock() && !tryAgain()) {
            acquire(HELD);
        }
    }

    /// Not while others are in the queue already.
    private boolean tryAgain() {
        if (hasQueuedThreads()) {
            return false;
        }
        for (int i = 0; i < LOOKS; i++) {
            if (getState() == FREE && tryLock()) {
                return true;
            }
            Thread.onSpinWait();
        }
        return false;
    }

    /// Takes the lock if it is free or the caller's.
    boolean tryLock() {
        long caller = Thread.currentThread().threadId();
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

    /// Takes the lock if it is free: not if it is the caller's.
    boolean tryLockAfresh() {
        if (getState() == FREE && compareAndSetState(FREE, HELD)) {
            owner = Thread.currentThread().threadId();
            return true;
        }
        return false;
    }

    void unlock() {
        if (again > 0) {
            again--;
            return;
        }
        owner = 0;
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
