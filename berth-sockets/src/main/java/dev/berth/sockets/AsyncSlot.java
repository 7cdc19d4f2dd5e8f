package dev.berth.sockets;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.berth.stack.endpoint.Readiness;
import java.io.Closeable;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.InterruptedByTimeoutException;
import java.nio.channels.ShutdownChannelGroupException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The place of one kind of operation of an asynchronous channel, of which one at a time may be under way.
///
/// An operation is tried at once, in the thread that begins it. If it has to wait it stays here, and costs no thread:
/// the observer of the socket's readiness claims it. One with a future is then finished by the observer itself, one
/// with a handler on a thread of the group, where the handler is called too. Whoever leaves an operation here looks at
/// the socket once more, so that nothing is missed; whoever finishes it has claimed it before.
final class AsyncSlot {
    /// The channel, as its slots see it.
    interface Source extends Closeable {
        boolean isOpen();

        /// What the socket is ready for, as bits of [Readiness].
        int readiness();

        @Override
        void close();
    }

    private final Source source;
    private final BerthAsynchronousChannelGroup group;
    private final int interest;
    private final Runnable onCancel;

    @GuardedBy("this")
    private boolean busy;

    @GuardedBy("this")
    private boolean killed;

    /// Written under the lock.
    private volatile @Nullable AsyncOperation<?> pending;

    /// The slot of operations that wait for the bits `interest` of [Readiness].
    ///
    /// @param onCancel what else a cancelled future means
    AsyncSlot(Source source, BerthAsynchronousChannelGroup group, int interest, Runnable onCancel) {
        this.source = source;
        this.group = group;
        this.interest = interest;
        this.onCancel = onCancel;
    }

    /// Takes the slot for an operation.
    ///
    /// @return false if another one is under way
    synchronized boolean take() {
        if (busy) {
            return false;
        }
        busy = true;
        return true;
    }

    synchronized boolean isBusy() {
        return busy;
    }

    /// True if an operation was cancelled or its time was over: what it has done is not known.
    synchronized boolean isKilled() {
        return killed;
    }

    /// @throws IllegalStateException if an operation was cancelled or its time was over: what it has done is not known
    void ensureNotKilled(String what) {
        if (isKilled()) {
            throw new IllegalStateException(what + " not allowed due to timeout or cancellation");
        }
    }

    /// Allows no more operations.
    synchronized void kill() {
        killed = true;
    }

    /// A future of this slot was cancelled.
    void cancelled() {
        kill();
        onCancel.run();
    }

    void closeChannel() {
        source.close();
    }

    private synchronized void release(boolean kill) {
        busy = false;
        killed |= kill;
    }

    /// Begins an operation, for which the slot was taken.
    ///
    /// @param timeout when to give up; 0 or less for never
    /// @param mayCallHere whether a handler may be called before this returns, on a thread of the group
    <V extends @Nullable Object> Future<V> begin(
            AsyncOperation<V> operation, long timeout, TimeUnit unit, boolean mayCallHere) {
        if (attempt(operation)) {
            release(false);
            operation.ended();
            try {
                tell(operation.ending(), operation::tell, mayCallHere);
            } catch (ShutdownChannelGroupException e) {
                operation.discarded();
                throw e;
            }
        } else {
            if (timeout > 0) {
                operation.timer(AsyncTimer.start(() -> expire(operation), timeout, unit));
            }
            leave(operation);
        }
        return operation.ending().future();
    }

    /// Ends an operation whose outcome is known, and for which the slot was not taken.
    <V extends @Nullable Object> Future<V> endAtOnce(
            AsyncEnding<V> ending, @Nullable V result, @Nullable Throwable failure) {
        tell(ending, () -> ending.tell(result, failure), true);
        return ending.future();
    }

    private void tell(AsyncEnding<?> ending, Runnable telling, boolean mayCallHere) {
        if (!ending.hasHandler()) {
            telling.run();
        } else if (mayCallHere) {
            group.invoke(telling);
        } else {
            group.invokeIndirectly(telling);
        }
    }

    /// Leaves an operation until the socket is ready.
    private void leave(AsyncOperation<?> operation) {
        synchronized (this) {
            pending = operation;
        }
        if (operation.isExpired()) {
            expire(operation);
        } else {
            ready(source.isOpen() ? source.readiness() : Readiness.ALL);
        }
    }

    private @Nullable AsyncOperation<?> claim() {
        if (pending == null) {
            return null;
        }
        synchronized (this) {
            AsyncOperation<?> claimed = pending;
            pending = null;
            return claimed;
        }
    }

    private synchronized boolean claim(AsyncOperation<?> wanted) {
        if (pending != wanted) {
            return false;
        }
        pending = null;
        return true;
    }

    /// The socket is ready for `readiness`, bits of [Readiness]: finishes what waits. Called on any thread.
    void ready(int readiness) {
        if ((readiness & interest) == 0) {
            return;
        }
        AsyncOperation<?> operation = claim();
        if (operation == null) {
            return;
        }
        if (operation.ending().hasHandler()) {
            execute(operation, () -> finish(operation));
        } else {
            finish(operation);
        }
    }

    /// For an operation with a handler that was claimed.
    private void execute(AsyncOperation<?> operation, Runnable task) {
        try {
            group.execute(task);
        } catch (RejectedExecutionException e) {
            // The program has shut its executor down under the group. The handler cannot be called where it belongs,
            // and the thread at hand may be anybody's: tell whoever hears of exceptions that nobody caught.
            release(true);
            operation.cancelTimer();
            operation.discarded();
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
        }
    }

    private void finish(AsyncOperation<?> operation) {
        if (!attempt(operation)) {
            leave(operation);
            return;
        }
        end(operation, false);
    }

    private void end(AsyncOperation<?> operation, boolean kill) {
        release(kill);
        operation.cancelTimer();
        operation.ended();
        operation.tell();
    }

    /// The time of an operation is over. Somebody who tries it at the moment will see it.
    private void expire(AsyncOperation<?> operation) {
        operation.expire();
        if (claim(operation)) {
            operation.fail(new InterruptedByTimeoutException());
            execute(operation, () -> end(operation, true));
        }
    }

    @SuppressWarnings("CatchingUnchecked") // whoever waits for the operation is told of everything
    private boolean attempt(AsyncOperation<?> operation) {
        try {
            if (source.isOpen()) {
                return operation.tryOnce();
            }
            operation.fail(new AsynchronousCloseException());
        } catch (Throwable e) {
            operation.fail(source.isOpen() ? operation.translated(e) : new AsynchronousCloseException());
        }
        return true;
    }
}
