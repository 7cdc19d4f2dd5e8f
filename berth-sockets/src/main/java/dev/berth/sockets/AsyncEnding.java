package dev.berth.sockets;

import java.nio.channels.CompletionHandler;
import java.util.Objects;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/// Who is told of the end of an asynchronous operation: a handler or a future.
///
/// @param <V> what the operation gives
final class AsyncEnding<V extends @Nullable Object> {
    private final @Nullable CompletionHandler<V, @Nullable Object> handler;
    private final @Nullable Object attachment;
    private final @Nullable AsyncFuture<V> future;

    /// The ending is a future, whose operation is in `slot`.
    AsyncEnding(AsyncSlot slot) {
        this.handler = null;
        this.attachment = null;
        this.future = new AsyncFuture<>(slot);
    }

    /// The ending is a call of `handler` with `attachment`.
    ///
    /// @throws NullPointerException if `handler` is null
    <A extends @Nullable Object> AsyncEnding(@Nullable CompletionHandler<V, ? super A> handler, A attachment) {
        this.handler = erased(Objects.requireNonNull(handler, "'handler' is null"));
        this.attachment = attachment;
        this.future = null;
    }

    @SuppressWarnings({"unchecked", "NullAway"}) // it gets the attachment that came with it, nothing else
    private static <V extends @Nullable Object> CompletionHandler<V, @Nullable Object> erased(
            CompletionHandler<V, ?> handler) {
        return (CompletionHandler<V, @Nullable Object>) handler;
    }

    /// Whether it is a handler, which has to be called on a thread of the group.
    boolean hasHandler() {
        return handler != null;
    }

    /// What the method that began the operation returns.
    @SuppressWarnings("NullAway") // methods with a handler return nothing
    Future<V> future() {
        return future;
    }

    /// Completes the future, or calls the handler in the calling thread.
    ///
    /// @return false if nobody will get the result, for the future was cancelled
    @SuppressWarnings("NullAway") // the result of a connect is null
    boolean tell(@Nullable V result, @Nullable Throwable failure) {
        if (handler == null) {
            AsyncFuture<V> waiting = Objects.requireNonNull(future);
            waiting.complete(result, failure);
            return !waiting.isCancelled();
        }
        if (failure == null) {
            handler.completed(result, attachment);
        } else {
            handler.failed(failure, attachment);
        }
        Thread.interrupted(); // an interrupt was meant for the handler, and the thread has others to call
        return true;
    }
}
