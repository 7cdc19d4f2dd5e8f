package dev.berth.sockets;

import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// The result of an asynchronous operation that was begun without a handler.
///
/// Cancelling it leaves the channel in a state in which no more such operations are allowed, and closes the channel if
/// the operation may be interrupted, as the JDK's futures do. A cancelled operation that has not ended stays in the
/// channel until it does.
final class AsyncFuture<V extends @Nullable Object> implements Future<V> {
    private final AsyncSlot slot;
    private final CountDownLatch done = new CountDownLatch(1);
    private @Nullable V result;
    private @Nullable Throwable failure;

    /// The future of an operation in `slot`.
    AsyncFuture(AsyncSlot slot) {
        this.slot = slot;
    }

    /// Sets the result, or the failure if that is not null; nothing happens if there is one already. What is no
    /// IOException becomes the cause of one.
    synchronized void complete(V value, @Nullable Throwable thrown) {
        if (!isDone()) {
            result = value;
            failure = thrown == null || thrown instanceof IOException ? thrown : new IOException(thrown);
            done.countDown();
        }
    }

    @Override
    public V get() throws InterruptedException, ExecutionException {
        done.await();
        return outcome();
    }

    @Override
    public V get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        Objects.requireNonNull(unit);
        if (!done.await(timeout, unit)) {
            throw new TimeoutException();
        }
        return outcome();
    }

    @SuppressWarnings("NullAway") // the result of a connect is null
    private V outcome() throws ExecutionException {
        Throwable thrown = failure;
        if (thrown instanceof CancellationException) {
            throw new CancellationException();
        }
        if (thrown != null) {
            throw new ExecutionException(thrown);
        }
        return result;
    }

    @Override
    public boolean isDone() {
        return done.getCount() == 0;
    }

    @Override
    public boolean isCancelled() {
        return isDone() && failure instanceof CancellationException;
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        synchronized (this) {
            if (isDone()) {
                return false;
            }
            slot.cancelled();
            failure = new CancellationException();
            done.countDown();
        }
        if (mayInterruptIfRunning) {
            slot.closeChannel();
        }
        return true;
    }
}
