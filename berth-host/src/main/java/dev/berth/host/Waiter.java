package dev.berth.host;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/// A thread, platform or virtual, that waits for a socket to become ready. Armed and signalled under the host's lock,
/// so that no wake-up is lost; the unpark comes after it.
sealed class Waiter extends Wakeup implements Look permits Reader {
    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Waiter.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final int AWAKE = 0;
    private static final int PARKED = 1; // or about to be
    private static final int SIGNALLED = 2;
    private static final int FETCHING = 3; // in Link.fetchUntil

    private final Thread thread = Thread.currentThread();
    private final StackMonitor monitor;
    final int interest;

    @SuppressWarnings("unused") // written through STATE
    private volatile int state;

    @Nullable
    Waiter following; // in the list of its socket

    /// @param monitor by whose clock the thread waits
    Waiter(int interest, StackMonitor monitor) {
        this.interest = interest;
        this.monitor = monitor;
    }

    @Override
    void wake() {
        int before = (int) STATE.getAndSet(this, SIGNALLED);
        if (before == PARKED) {
            SystemClock.unpark(monitor.clock(), thread);
        } else if (before == FETCHING && thread != Thread.currentThread()) {
            Link link = monitor.fetching();
            if (link != null) {
                link.endFetch();
            }
        }
    }

    Thread thread() {
        return thread;
    }

    /// Gives the thread what it waits for, if that is possible and little. Under the host's lock, when it is about to
    /// be signalled.
    void serve() {}

    /// Octets that [#serve] gave to the thread, which has to return them in any case. After [#await] or under the
    /// lock.
    int served() {
        return 0;
    }

    @Override
    public boolean getAsBoolean() {
        return isSignalled() || monitor.attendance.serve() && isSignalled();
    }

    @Override
    public void begin() {
        monitor.attendance.begin();
    }

    @Override
    public void end(boolean found) {
        monitor.attendance.end(found);
    }

    boolean isSignalled() {
        return state == SIGNALLED;
    }

    /// Parks, perhaps after it has looked a while, until signalled, the deadline of the clock has
    /// passed (0: none) or a virtual thread is interrupted. On a platform thread an interrupt does not end the wait;
    /// its status is there again afterwards, as the JDK's sockets have it.
    ///
    /// @return false if the deadline has passed or the thread was interrupted (then its status is set)
    boolean await(long deadline) {
        monitor.waits();
        HostClock clock = monitor.clock();
        Link link = monitor.fetching();
        if (link != null) {
            if (clock == null && !thread.isVirtual() && fetch(link, deadline)) {
                return true;
            }
            link.watch();
        }
        if (clock == null && monitor.spinning.look(this)) {
            return true;
        }
        monitor.attendance.takeBack();
        return await(clock, deadline);
    }

    private boolean await(@Nullable HostClock clock, long deadline) {
        if (!STATE.compareAndSet(this, AWAKE, PARKED)) {
            return true;
        }
        boolean interrupted = false;
        try {
            while (!isSignalled()) {
                if (deadline != 0 && deadline <= SystemClock.nanoTime(clock)) {
                    return false;
                }
                SystemClock.park(clock, this, deadline);
                if (!isSignalled() && Thread.interrupted()) {
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

    /// Waits where packets arrive, if the link lets this thread.
    ///
    /// @return true if signalled, false if the thread still has to wait, or to see that the deadline has passed
    private boolean fetch(Link link, long deadline) {
        if (!STATE.compareAndSet(this, AWAKE, FETCHING)) {
            return true;
        }
        link.fetchUntil(this, deadline == 0 ? 0 : Math.max(1, deadline - SystemClock.nanoTime()));
        return !STATE.compareAndSet(this, FETCHING, AWAKE);
    }
}
