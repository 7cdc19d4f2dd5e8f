package dev.berth.host;

import dev.berth.stack.endpoint.ByteSink;
import dev.berth.stack.endpoint.Readiness;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// A socket that data can be taken from: the way of waiting for them, which TCP and UDP share.
abstract sealed class DataSocket extends HostSocket permits TcpSocketOptions, UdpSocket {
    DataSocket(Host host) {
        super(host);
    }

    /// Takes what is there, into `sink` or, if that is null, into `bytes` from `from` on. Under the host's lock.
    ///
    /// @return octets taken, -1 at the end of the stream, or [#UNAVAILABLE]
    abstract int take(@Nullable ByteSink sink, byte @Nullable [] bytes, int from, int max) throws IOException;

    /// Takes what is there; otherwise as [#take].
    final int tryTake(@Nullable ByteSink sink, byte @Nullable [] bytes, int from, int max) throws IOException {
        monitor.enterQuietly();
        try {
            return take(sink, bytes, from, max);
        } finally {
            monitor.exitQuietly();
        }
    }

    /// Waits until something is there, at most `timeoutNanos`.
    ///
    /// @param what what a time-out says has timed out
    final int awaitAndTake(
            @Nullable ByteSink sink, byte @Nullable [] bytes, int from, int max, long timeoutNanos, String what)
            throws IOException {
        long deadline = 0;
        for (; ; ) {
            Waiter waiter;
            monitor.enterQuietly();
            try {
                int taken = take(sink, bytes, from, max);
                if (taken != UNAVAILABLE) {
                    return taken;
                }
                waiter = arm(Readiness.READABLE);
            } finally {
                monitor.exitQuietly();
            }
            if (deadline == 0) {
                deadline = deadline(timeoutNanos);
            }
            if (!await(waiter, deadline)) {
                throw SocketErrors.timedOut(what);
            }
        }
    }
}
