package dev.berth.host;

import java.io.InterruptedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// Who wants to know of a socket's readiness: threads that wait, and one observer. Part of every socket, and what the
/// stack knows of it. All under the host's lock, but for the observer's call.
abstract sealed class SocketSignals permits HostSocket, EchoSocket, EchoResponder {
    /// The readiness of a socket that was closed: whoever waits has to look.
    static final int CLOSED = 1 << 16;

    private @Nullable Waiter waiters;
    private @Nullable Notification notification;

    /// Adds a waiter for the calling thread, which waits by the clock of `monitor`.
    final Waiter arm(int interest, StackMonitor monitor) {
        Waiter waiter = new Waiter(interest | CLOSED, monitor);
        add(waiter);
        return waiter;
    }

    final void add(Waiter waiter) {
        waiter.following = waiters;
        waiters = waiter;
    }

    /// Gives the only thread that waits what has arrived, if it is little. Under the host's lock, before [#signal].
    final void serve() {
        Waiter waiter = waiters;
        if (waiter != null && waiter.following == null) {
            waiter.serve();
        }
    }

    /// Takes a waiter out whose thread has given up.
    final void takeOut(Waiter gone) {
        Waiter previous = null;
        for (Waiter waiter = waiters; waiter != null; waiter = waiter.following) {
            if (waiter == gone) {
                if (previous == null) {
                    waiters = waiter.following;
                } else {
                    previous.following = waiter.following;
                }
                return;
            }
            previous = waiter;
        }
    }

    /// Adds the threads that wait to `threads`.
    final void collectWaiting(List<Thread> threads) {
        for (Waiter waiter = waiters; waiter != null; waiter = waiter.following) {
            threads.add(waiter.thread());
        }
    }

    /// Waits outside the lock of `monitor`, until `deadline` of its clock; 0 for without limit.
    ///
    /// @return false if the deadline has passed
    final boolean await(StackMonitor monitor, Waiter waiter, long deadline) throws InterruptedIOException {
        if (waiter.await(deadline)) {
            return true;
        }
        disarm(monitor, waiter);
        if (waiter.isSignalled() || waiter.served() > 0) {
            return true;
        }
        if (Thread.currentThread().isVirtual() && Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException("Interrupted while waiting");
        }
        return false;
    }

    final void disarm(StackMonitor monitor, Waiter waiter) {
        monitor.enterQuietly();
        try {
            takeOut(waiter);
        } finally {
            monitor.exitQuietly();
        }
    }

    /// Collects the waiters whose interest is met, and the observer, in front of `list`.
    @Nullable
    final Wakeup signal(int readiness, @Nullable Wakeup list) {
        Wakeup woken = list;
        Waiter previous = null;
        Waiter waiter = waiters;
        while (waiter != null) {
            Waiter following = waiter.following;
            if ((waiter.interest & readiness) != 0) {
                if (previous == null) {
                    waiters = following;
                } else {
                    previous.following = following;
                }
                waiter.following = null;
                waiter.next = woken;
                woken = waiter;
            } else {
                previous = waiter;
            }
            waiter = following;
        }
        Notification observer = notification;
        if (observer != null) {
            observer.gain(readiness);
            if (!observer.queued) {
                observer.queued = true;
                observer.next = woken;
                woken = observer;
            }
        }
        return woken;
    }

    /// Sets the observer, or takes it away.
    @Nullable
    final Wakeup notify(@Nullable IntConsumer observer, int readiness) {
        if (observer == null) {
            notification = null;
            return null;
        }
        Notification fresh = new Notification(observer);
        notification = fresh;
        fresh.gain(readiness);
        fresh.queued = true;
        return fresh;
    }

    private static final class Notification extends Wakeup {
        private static final VarHandle READINESS;

        static {
            try {
                READINESS = MethodHandles.lookup().findVarHandle(Notification.class, "readiness", int.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        private final IntConsumer observer;

        @SuppressWarnings("unused") // through READINESS
        private volatile int readiness; // gained since the last call

        private volatile boolean queued;

        Notification(IntConsumer observer) {
            this.observer = observer;
        }

        /// Before a look at `queued`, which whoever calls the observer resets first: so either that call knows of
        /// this, or there will be another.
        void gain(int bits) {
            READINESS.getAndBitwiseOr(this, bits);
        }

        @Override
        void wake() {
            queued = false;
            observer.accept((int) READINESS.getAndSet(this, 0) & CLOSED - 1);
        }
    }
}
