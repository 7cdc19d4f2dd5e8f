package dev.berth.host;

import dev.berth.stack.endpoint.ByteSink;
import dev.berth.stack.endpoint.Readiness;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// A socket that data can be taken from: the way of waiting for them, which TCP and UDP share.
abstract sealed class DataSocket extends HostSocket permits TcpSocketOptions, UdpSocketOptions {
    DataSocket(Host host, StackMonitor monitor) {
        super(host, monitor);
    }

    /// Takes what is there, into `sink` or, if that is null, into `bytes` from `from` on. Under the host's lock.
    ///
    /// @return octets taken, -1 at the end of the stream, [#UNAVAILABLE], [#TAKE_OUTSIDE] or [#FAILED]
    abstract int take(@Nullable ByteSink sink, byte @Nullable [] bytes, int from, int max) throws IOException;

    /// What [#take] returns if there is something that has to be taken with [#takeOutside].
    static final int TAKE_OUTSIDE = -3;

    /// What [#take] returns if the connection has ended with an error. Whoever was called by the user makes the
    /// exception, outside of the lock: its stack trace takes longer than the rest, and so does each `finally` that an
    /// exception passes.
    static final int FAILED = -4;

    /// What the user gets for [#FAILED].
    IOException failure() {
        throw new IllegalStateException("Has no connection");
    }

    /// Takes what is there, as [#take], without the host's lock.
    ///
    /// @return octets taken, or [#UNAVAILABLE] if it takes the lock to do so, or to find that nothing is there
    int takeOutside(@Nullable ByteSink sink, byte @Nullable [] bytes, int from, int max) throws IOException {
        return UNAVAILABLE;
    }

    /// True if data can be taken, and so few that whoever brings them may as well hand them to a thread that waits.
    /// Under the host's lock.
    abstract boolean hasLittle();

    /// So many octets are few.
    static final int LITTLE = 2_048;

    /// Takes what is there; otherwise as [#take], but that it does not return [#TAKE_OUTSIDE].
    final int tryTake(@Nullable ByteSink sink, byte @Nullable [] bytes, int from, int max) throws IOException {
        Object begun = SocketObserver.begun(SocketObserver.Operation.READ);
        return begun == null
                ? tryTakeNow(sink, bytes, from, max)
                : observed(begun, () -> tryTakeNow(sink, bytes, from, max));
    }

    private int tryTakeNow(@Nullable ByteSink sink, byte @Nullable [] bytes, int from, int max) throws IOException {
        for (; ; ) {
            int taken = takeOutside(sink, bytes, from, max);
            if (taken == UNAVAILABLE) {
                taken = takeInside(sink, bytes, from, max);
            }
            if (taken != TAKE_OUTSIDE) {
                return taken;
            }
        }
    }

    private int takeInside(@Nullable ByteSink sink, byte @Nullable [] bytes, int from, int max) throws IOException {
        enterQuietly();
        try {
            return take(sink, bytes, from, max);
        } finally {
            monitor.exitQuietly();
        }
    }

    /// Waits until something is there, at most `timeoutNanos`, and takes it; otherwise as [#tryTake].
    ///
    /// @param what what a time-out says has timed out
    final int awaitAndTake(
            @Nullable ByteSink sink, byte @Nullable [] bytes, int from, int max, long timeoutNanos, String what)
            throws IOException {
        Object begun = SocketObserver.begun(SocketObserver.Operation.READ);
        return begun == null
                ? awaitAndTakeNow(sink, bytes, from, max, timeoutNanos, what)
                : observed(begun, () -> awaitAndTakeNow(sink, bytes, from, max, timeoutNanos, what));
    }

    private int awaitAndTakeNow(
            @Nullable ByteSink sink, byte @Nullable [] bytes, int from, int max, long timeoutNanos, String what)
            throws IOException {
        long deadline = 0;
        for (; ; ) {
            int outside = takeOutside(sink, bytes, from, max);
            if (outside != UNAVAILABLE) {
                return outside;
            }
            Waiter waiter = null;
            boolean waited = false;
            try {
                enterQuietly();
                try {
                    int taken = take(sink, bytes, from, max);
                    if (taken == TAKE_OUTSIDE) {
                        continue;
                    }
                    if (taken != UNAVAILABLE) {
                        return taken;
                    }
                    waiter = sink == null && bytes != null
                            ? arm(new Reader(this, bytes, from, max))
                            : arm(Readiness.READABLE);
                } finally {
                    monitor.exitQuietly();
                }
                if (deadline == 0) {
                    deadline = deadline(timeoutNanos);
                }
                if (!await(waiter, deadline)) {
                    throw SocketErrors.timedOut(what);
                }
                waited = true;
                if (waiter.served() > 0) {
                    return waiter.served();
                }
            } finally {
                if (!waited && waiter != null) {
                    // The clock may refuse this thread: what arrives then is not for an array that nobody looks at.
                    disarm(monitor, waiter);
                }
            }
        }
    }

    @FunctionalInterface
    interface Taking {
        int take() throws IOException;
    }

    final int observed(Object begun, Taking taking) throws IOException {
        int taken;
        try {
            taken = taking.take();
            if (taken == FAILED) {
                throw failure();
            }
        } catch (IOException e) {
            SocketObserver.ended(begun, this, null, 0, e);
            throw e;
        }
        if (taken != UNAVAILABLE) {
            SocketObserver.ended(begun, this, lastRemote(), taken, null);
        }
        return taken;
    }

    /// Where the datagram received last came from; null if the socket has one remote end only.
    @Nullable
    Endpoint lastRemote() {
        return null;
    }
}
