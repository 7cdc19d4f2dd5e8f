package dev.berth.network;

import dev.berth.host.HostClock;
import java.util.PriorityQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The system's time. What happens later happens on one platform daemon thread, which is there only once something was
/// to happen later.
final class RealTime implements NetworkTime {
    /// So that times are positive.
    private static final long ORIGIN = System.nanoTime() - 1_000_000_000_000L;

    private final String name;
    private final ReentrantLock lock = new ReentrantLock();
    private final PriorityQueue<Event> queue = new PriorityQueue<>();
    private long order;
    private @Nullable Thread thread;
    private volatile boolean closed;

    RealTime(String name) {
        this.name = name;
    }

    @Override
    public long now() {
        return System.nanoTime() - ORIGIN;
    }

    @Override
    public boolean isVirtual() {
        return false;
    }

    @Override
    public @Nullable HostClock hostClock() {
        return null;
    }

    @Override
    public void at(long time, Event event) {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            event.at = time;
            event.order = order++;
            queue.add(event);
            if (thread == null) {
                thread = Thread.ofPlatform()
                        .name("berth-network-" + name)
                        .daemon()
                        .start(this::run);
            } else if (queue.peek() == event) {
                LockSupport.unpark(thread);
            }
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        while (!closed) {
            Event due = null;
            long wait = Long.MAX_VALUE;
            lock.lock();
            try {
                Event first = queue.peek();
                if (first != null) {
                    wait = first.at - now();
                    if (wait <= 0) {
                        due = queue.poll();
                    }
                }
            } finally {
                lock.unlock();
            }
            if (due == null) {
                LockSupport.parkNanos(this, wait);
            } else {
                happen(due);
            }
        }
    }

    private void happen(Event event) {
        try {
            event.happen();
        } catch (RuntimeException | AssertionError e) {
            // A user's action has failed. The thread goes on: the packets of everybody pass through it.
            System.getLogger("dev.berth.network")
                    .log(System.Logger.Level.ERROR, "What was to happen on network " + name + " failed", e);
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            queue.clear();
            if (thread != null) {
                LockSupport.unpark(thread);
            }
        } finally {
            lock.unlock();
        }
    }
}
