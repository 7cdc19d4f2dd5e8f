package dev.berth.sockets;

import java.io.IOException;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/// A connect, accept, read or write that was begun on an asynchronous channel. One thread at a time has it, whoever has
/// claimed it from its [AsyncSlot].
///
/// @param <V> what the operation gives
abstract class AsyncOperation<V extends @Nullable Object> {
    private final AsyncEnding<V> ending;
    private @Nullable V result;
    private @Nullable Throwable failure;

    /// What ends the operation when its time is over.
    private @Nullable Future<?> timer;

    private volatile boolean expired;

    AsyncOperation(AsyncEnding<V> ending) {
        this.ending = ending;
    }

    final AsyncEnding<V> ending() {
        return ending;
    }

    /// Tries to do it without waiting, and says how it went with [#succeed].
    ///
    /// @return false if it has to wait
    abstract boolean tryOnce() throws IOException;

    final void succeed(V value) {
        result = value;
    }

    final void fail(Throwable thrown) {
        failure = thrown;
    }

    final @Nullable Throwable failure() {
        return failure;
    }

    /// What the program is told of a failure of [#tryOnce] while the channel was open.
    Throwable translated(Throwable thrown) {
        return thrown;
    }

    /// The operation has ended, on whatever thread, before anybody is told.
    void ended() {}

    /// Nobody will get the result.
    void discarded() {}

    final void timer(Future<?> started) {
        timer = started;
    }

    final void cancelTimer() {
        Future<?> started = timer;
        if (started != null) {
            started.cancel(false);
        }
    }

    final void expire() {
        expired = true;
    }

    /// Whether the time was over while somebody tried the operation.
    final boolean isExpired() {
        return expired;
    }

    /// Completes the future, or calls the handler in the calling thread.
    final void tell() {
        if (!ending.tell(result, failure)) {
            discarded();
        }
    }
}
