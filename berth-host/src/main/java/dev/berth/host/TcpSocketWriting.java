package dev.berth.host;

import dev.berth.stack.endpoint.ByteSource;
import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.Tcp;
import dev.berth.stack.tcp.TcpConfig;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What a [TcpSocket] writes.
public abstract sealed class TcpSocketWriting extends TcpSocketOptions permits TcpSocketLoans {
    TcpSocketWriting(Host host, StackMonitor monitor, TcpConfig config) {
        super(host, monitor, config);
    }

    /// Writes all of `length` octets, waiting for room as long as it takes.
    ///
    /// @throws SocketException if the connection was reset ("Connection reset by peer"), cannot send any more
    ///     ("Broken pipe") or the socket is closed
    public final void write(byte[] bytes, int from, int length) throws IOException {
        Objects.checkFromIndexSize(from, length, bytes.length);
        write(null, bytes, from, length);
    }

    /// Writes `length` octets from `source`; otherwise as the other `write`.
    ///
    /// @return `length`
    public final int write(ByteSource source, int length) throws IOException {
        return write(source, null, 0, length);
    }

    private int write(@Nullable ByteSource source, byte @Nullable [] bytes, int from, int length) throws IOException {
        Object begun = SocketObserver.begun(SocketObserver.Operation.WRITE);
        return begun == null
                ? writeNow(source, bytes, from, length)
                : observed(begun, () -> writeNow(source, bytes, from, length));
    }

    private int writeNow(@Nullable ByteSource source, byte @Nullable [] bytes, int from, int length)
            throws IOException {
        int done = 0;
        do {
            Waiter waiter;
            enter();
            try {
                int taken = send(source, bytes, from + done, length - done);
                done += Math.max(taken, 0);
                if (done == length) {
                    return length;
                }
                waiter = arm(Readiness.WRITABLE);
            } finally {
                monitor.exit();
            }
            await(waiter, 0);
        } while (true);
    }

    /// Writes what there is room for.
    ///
    /// @return octets written, or [#UNAVAILABLE] if there is no room
    public final int tryWrite(byte[] bytes, int from, int length) throws IOException {
        Objects.checkFromIndexSize(from, length, bytes.length);
        return tryWrite(null, bytes, from, length);
    }

    /// Writes what there is room for from `source`, at most `length` octets; otherwise as the other `tryWrite`.
    public final int tryWrite(ByteSource source, int length) throws IOException {
        return tryWrite(source, null, 0, length);
    }

    private int tryWrite(@Nullable ByteSource source, byte @Nullable [] bytes, int from, int length)
            throws IOException {
        Object begun = SocketObserver.begun(SocketObserver.Operation.WRITE);
        return begun == null
                ? tryWriteNow(source, bytes, from, length)
                : observed(begun, () -> tryWriteNow(source, bytes, from, length));
    }

    private int tryWriteNow(@Nullable ByteSource source, byte @Nullable [] bytes, int from, int length)
            throws IOException {
        enter();
        try {
            return send(source, bytes, from, length);
        } finally {
            monitor.exit();
        }
    }

    private int send(@Nullable ByteSource source, byte @Nullable [] bytes, int from, int length) throws IOException {
        requireOpen();
        Tcb connection = connection();
        requireOutput();
        if (length == 0) {
            return 0;
        }
        int result;
        if (source != null) {
            result = monitor.stack().tcp().send(connection, source, length);
        } else {
            result = monitor.stack().tcp().send(connection, monitor.arrayBytes.of(bytes, from), length);
            monitor.arrayBytes.clear();
        }
        requireSending(connection, result);
        return result == 0 ? UNAVAILABLE : result;
    }

    /// Writes one octet of urgent data (RFC 9293 section 3.8.5) behind what was written before. New programs should
    /// not use it (SHLD-13).
    ///
    /// @return 1, or [#UNAVAILABLE] if there is no room
    /// @throws SocketException as [#write]
    public final int tryWriteUrgent(int octet) throws IOException {
        enter();
        try {
            requireOpen();
            Tcb connection = connection();
            requireOutput();
            ByteSource source = (bytes, at, length) -> bytes[at] = (byte) octet;
            int result = monitor.stack().tcp().sendUrgent(connection, source, 1);
            requireSending(connection, result);
            return result == 0 ? UNAVAILABLE : result;
        } finally {
            monitor.exit();
        }
    }

    final void requireOutput() throws IOException {
        if (has(OUTPUT_SHUT)) {
            throw SocketErrors.write(null, false);
        }
    }

    final void requireSending(Tcb connection, int result) throws IOException {
        if (result == Tcp.NOT_OPEN) {
            boolean again = has(ERROR_REPORTED);
            flags |= ERROR_REPORTED;
            throw SocketErrors.write(connection.error(), again);
        }
    }
}
