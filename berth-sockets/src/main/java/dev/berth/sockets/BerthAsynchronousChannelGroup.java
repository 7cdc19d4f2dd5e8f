package dev.berth.sockets;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.AsynchronousChannelGroup;
import java.nio.channels.ShutdownChannelGroupException;
import java.nio.channels.spi.AsynchronousChannelProvider;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/// A group of asynchronous channels: the threads on which their handlers are called.
///
/// No thread of it waits for sockets, for those tell of their readiness; so there are no threads but those that call
/// handlers, and an operation that waits costs none.
final class BerthAsynchronousChannelGroup extends AsynchronousChannelGroup {
    /// So many handlers may be on the stack of a thread because each has begun an operation that ended at once.
    private static final int MOST_HANDLERS = 16;

    private static final ScopedValue<Frame> FRAME = ScopedValue.newInstance();

    /// The handlers on the stack of a thread.
    private static final class Frame {
        private final BerthAsynchronousChannelGroup group;
        private int handlers = 1;

        Frame(BerthAsynchronousChannelGroup group) {
            this.group = group;
        }
    }

    private final ExecutorService executor;

    @GuardedBy("channels")
    private final Set<Closeable> channels = new LinkedHashSet<>();

    private volatile boolean shutdown;

    /// Guarded by the channels.
    private boolean terminating;

    /// A group whose handlers run in `executor`, which it shuts down at its end.
    BerthAsynchronousChannelGroup(AsynchronousChannelProvider provider, ExecutorService executor) {
        super(provider);
        this.executor = Objects.requireNonNull(executor, "'executor' is null");
    }

    /// Adds a channel.
    ///
    /// @throws ShutdownChannelGroupException if the group takes no more
    void join(Closeable channel) {
        synchronized (channels) {
            if (shutdown) {
                throw new ShutdownChannelGroupException();
            }
            channels.add(channel);
        }
    }

    /// A channel was closed, and what waited in it has been told.
    void leave(Closeable channel) {
        boolean last;
        synchronized (channels) {
            channels.remove(channel);
            last = shutdown && channels.isEmpty();
        }
        if (last) {
            terminate();
        }
    }

    // ---- handlers

    /// Runs `task` on a thread of the group.
    void execute(Runnable task) {
        executor.execute(() -> ScopedValue.where(FRAME, new Frame(this)).run(task));
    }

    /// Runs the call of a handler: here, if this is a thread of the group and not too many are
    /// on its stack, else on one of the group's threads.
    ///
    /// @throws ShutdownChannelGroupException if the group has no threads any more
    void invoke(Runnable call) {
        Frame frame = FRAME.isBound() && FRAME.get().group == this ? FRAME.get() : null;
        if (frame != null && frame.handlers < MOST_HANDLERS) {
            invokeHere(frame, call);
            return;
        }
        try {
            execute(call);
        } catch (RejectedExecutionException e) {
            if (frame == null) {
                throw refused(e);
            }
            invokeHere(frame, call);
        }
    }

    private static void invokeHere(Frame frame, Runnable call) {
        frame.handlers++;
        try {
            call.run();
        } finally {
            frame.handlers--;
        }
    }

    /// Runs the call of a handler on another of the group's threads.
    ///
    /// @throws ShutdownChannelGroupException if the group has no threads any more
    void invokeIndirectly(Runnable call) {
        try {
            execute(call);
        } catch (RejectedExecutionException e) {
            throw refused(e);
        }
    }

    private static ShutdownChannelGroupException refused(RejectedExecutionException cause) {
        ShutdownChannelGroupException refused = new ShutdownChannelGroupException();
        refused.initCause(cause);
        return refused;
    }

    // ---- the end

    @Override
    public boolean isShutdown() {
        return shutdown;
    }

    @Override
    public boolean isTerminated() {
        return executor.isTerminated();
    }

    @Override
    public void shutdown() {
        boolean empty;
        synchronized (channels) {
            shutdown = true;
            empty = channels.isEmpty();
        }
        if (empty) {
            terminate();
        }
    }

    @Override
    public void shutdownNow() throws IOException {
        List<Closeable> open;
        synchronized (channels) {
            shutdown = true;
            open = List.copyOf(channels);
        }
        for (Closeable channel : open) {
            channel.close();
        }
        terminate();
    }

    private void terminate() {
        synchronized (channels) {
            if (terminating) {
                return;
            }
            terminating = true;
        }
        executor.shutdown();
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
        return executor.awaitTermination(timeout, unit);
    }
}
