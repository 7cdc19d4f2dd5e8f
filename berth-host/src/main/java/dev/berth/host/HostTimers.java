package dev.berth.host;

import java.util.PriorityQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// One platform thread that wakes all hosts of the JVM at their deadlines. It runs while there are hosts and never
/// waits for the lock of one; it is not a virtual thread, because programs that keep the carriers busy must not delay
/// timers.
final class HostTimers {
    /// The timers of the JVM's hosts that run on the system's clock.
    static final HostTimers SHARED = new HostTimers();

    /// So much later than asked for a host may be woken; deadlines within it need no wake-up of the thread.
    private static final long SLACK = 500_000L;

    /// So long after a packet was left to a thread that had to come again, the inbox is looked at.
    private static final long PATIENCE = 1_000_000L;

    /// @param look the host's inbox is to be looked at; otherwise it is one of its deadlines
    private record Entry(StackMonitor monitor, long at, boolean look) implements Comparable<Entry> {
        @Override
        public int compareTo(Entry other) {
            return Long.compare(at, other.at);
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final PriorityQueue<Entry> queue = new PriorityQueue<>();
    private @Nullable Thread thread;
    private int hosts;
    private volatile long sleepingUntil = Long.MAX_VALUE;

    private HostTimers() {}

    void register() {
        lock.lock();
        try {
            hosts++;
            if (thread == null) {
                thread = Thread.ofPlatform().name("berth-timers").daemon().start(this::run);
            }
        } finally {
            lock.unlock();
        }
    }

    void deregister(StackMonitor monitor) {
        lock.lock();
        try {
            queue.removeIf(entry -> entry.monitor == monitor);
            monitor.watched = false;
            monitor.armedFor = Long.MAX_VALUE;
            if (--hosts == 0) {
                LockSupport.unpark(thread);
                thread = null;
            }
        } finally {
            lock.unlock();
        }
    }

    /// Sees to it that `monitor` is woken at `deadline` of the system's clock or a little later, unless it is to be
    /// woken earlier anyway. Cheap in the ordinary case, in which nothing has become earlier.
    void arm(StackMonitor monitor, long deadline) {
        if (deadline >= monitor.armedFor) {
            return;
        }
        lock.lock();
        try {
            if (deadline >= monitor.armedFor || thread == null) {
                return;
            }
            monitor.armedFor = deadline;
            queue.add(new Entry(monitor, deadline, false));
            if (deadline + SLACK < sleepingUntil) {
                LockSupport.unpark(thread);
            }
        } finally {
            lock.unlock();
        }
    }

    /// Sees to it that the inbox of `monitor` is looked at in a moment, for what was left there at `now` of the
    /// system's clock. Cheap if it will be already; at most once in that moment it is not.
    void watch(StackMonitor monitor, long now) {
        if (monitor.watched) {
            return;
        }
        lock.lock();
        try {
            if (monitor.watched || thread == null) {
                return;
            }
            monitor.watched = true;
            queue.add(new Entry(monitor, now + PATIENCE, true));
            if (now + PATIENCE + SLACK < sleepingUntil) {
                LockSupport.unpark(thread);
            }
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        Thread self = Thread.currentThread();
        for (; ; ) {
            Entry due = null;
            long wait;
            lock.lock();
            try {
                if (thread != self) {
                    return;
                }
                Entry first = queue.peek();
                long now = SystemClock.nanoTime();
                if (first != null && first.at <= now) {
                    queue.poll();
                    if (first.look) {
                        due = first;
                    } else if (first.monitor.armedFor == first.at) {
                        first.monitor.armedFor = Long.MAX_VALUE;
                        due = first;
                    }
                    wait = 0;
                } else {
                    sleepingUntil = first == null ? Long.MAX_VALUE : first.at;
                    wait = first == null ? Long.MAX_VALUE : first.at - now;
                }
            } finally {
                lock.unlock();
            }
            if (due != null) {
                expire(due);
            } else if (wait > 0) {
                LockSupport.parkNanos(this, wait);
                sleepingUntil = Long.MAX_VALUE;
            }
        }
    }

    /// What a link or an observer of one host throws must not end the timers of all others.
    private static void expire(Entry due) {
        try {
            if (due.look) {
                due.monitor.lookAtInbox();
            } else {
                due.monitor.timerExpired();
            }
        } catch (RuntimeException | AssertionError e) {
            System.getLogger("dev.berth.host").log(System.Logger.Level.ERROR, "A timer of a host has failed", e);
        }
    }
}
