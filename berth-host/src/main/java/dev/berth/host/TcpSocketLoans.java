package dev.berth.host;

import dev.berth.stack.tcp.ReceivedView;
import dev.berth.stack.tcp.SendSpace;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.Tcp;
import dev.berth.stack.tcp.TcpConfig;
import java.io.IOException;
import java.util.Objects;

/// Reading and writing a [TcpSocket] without a copy, for who moves octets between it and something that takes and
/// brings them in arrays: a socket of the kernel, a file.
///
/// ```java
/// int room = socket.tryLend(space, 65_536);      // a piece of the send queue
/// if (room > 0) {
///     int count = 0;
///     try {
///         count = kernel.read(space.bytes(), space.from(), room);
///     } finally {
///         socket.append(space, Math.max(count, 0));
///     }
/// }
///
/// int there = socket.tryView(view, 65_536);      // the head of the receive queue
/// if (there > 0) {
///     int taken = 0;
///     try {
///         taken = kernel.write(view.bytes(0), view.from(0), view.length(0));
///     } finally {
///         socket.consume(view, taken);
///     }
/// }
/// ```
///
/// None of these waits; who has to, observes the socket ([#observe]) or waits in a selector. Between the two steps of
/// each the host's lock is not held. One thread at a time should lend and append, and one view and consume: others do
/// no harm, but nothing then says whose octets come first. The memory stays valid until the second step, whatever
/// becomes of the socket meanwhile.
public abstract sealed class TcpSocketLoans extends TcpSocketWriting permits TcpSocket {
    TcpSocketLoans(Host host, StackMonitor monitor, TcpConfig config) {
        super(host, monitor, config);
    }

    /// Lends room for octets that are to be sent. If there is any, [#append] must follow soon, as this is memory of
    /// the host's.
    ///
    /// @param max the most octets that are wanted, at least 1
    /// @return octets that `space` takes, at least 1 and at most `max`, or [#UNAVAILABLE] if there is no room now
    /// @throws SocketException as [TcpSocket#write(byte[],int,int)]; then nothing is lent
    /// @throws IllegalStateException if `space` is lent already
    public final int tryLend(SendSpace space, int max) throws IOException {
        requirePositive(max);
        enterQuietly();
        try {
            requireOpen();
            Tcb connection = connection();
            requireOutput();
            int room = monitor.stack().tcp().loans().lend(connection, space, max);
            requireSending(connection, room);
            return room == 0 ? UNAVAILABLE : room;
        } finally {
            monitor.exitQuietly();
        }
    }

    /// Sends the first `length` octets of what was lent, and gives `space` back. That they have room was promised.
    ///
    /// @param space lent by this socket
    /// @param length 0 to send nothing
    /// @throws SocketException as [TcpSocket#write(byte[],int,int)]; `space` is given back then too
    public final void append(SendSpace space, int length) throws IOException {
        Objects.checkIndex(length, space.length() + 1);
        if (length == 0) {
            giveBack(space);
            return;
        }
        Object begun = SocketObserver.begun(SocketObserver.Operation.WRITE);
        if (begun == null) {
            appendNow(space, length);
        } else {
            observed(begun, () -> appendNow(space, length));
        }
    }

    private void giveBack(SendSpace space) {
        Tcb connection = connectionOrNull();
        assert connection != null;
        enterQuietly();
        try {
            monitor.stack().tcp().loans().append(connection, space, 0);
        } finally {
            monitor.exitQuietly();
        }
    }

    private int appendNow(SendSpace space, int length) throws IOException {
        Tcb connection = connection();
        enter();
        try {
            boolean wanted = !closed && !has(OUTPUT_SHUT);
            int result = monitor.stack().tcp().loans().append(connection, space, wanted ? length : 0);
            requireOpen();
            requireOutput();
            requireSending(connection, result);
            return result;
        } finally {
            monitor.exit();
        }
    }

    /// Lets `view` refer to the first octets that can be read. They stay in the socket, and in its window, until they
    /// are consumed. If there are any, [#consume] must follow.
    ///
    /// @param max the most octets that are wanted, at least 1
    /// @return octets in `view`, -1 at the end of the stream, or [#UNAVAILABLE] if nothing is there
    /// @throws SocketException if the connection was reset or the socket is closed
    /// @throws IllegalStateException if `view` refers to something already
    public final int tryView(ReceivedView view, int max) throws IOException {
        requirePositive(max);
        enterQuietly();
        try {
            requireOpen();
            Tcb connection = connection();
            if (has(INPUT_SHUT)) {
                return -1;
            }
            int result = monitor.stack().tcp().loans().view(connection, view, max);
            if (result == Tcp.NOT_OPEN) {
                flags |= ERROR_REPORTED;
                throw SocketErrors.read(connection.error());
            }
            return result == Tcp.END_OF_STREAM ? -1 : result == 0 ? UNAVAILABLE : result;
        } finally {
            monitor.exitQuietly();
        }
    }

    /// The first `length` octets of `view` are read: the window opens for them. Those behind them come again in the
    /// next view or read. Empties `view`, and does nothing else if the socket has been closed or reset.
    ///
    /// @param view of this socket
    /// @param length 0 to read nothing
    public final void consume(ReceivedView view, int length) {
        Objects.checkIndex(length, view.length() + 1);
        Object begun = length == 0 ? null : SocketObserver.begun(SocketObserver.Operation.READ);
        Tcb connection = connectionOrNull();
        assert connection != null;
        enterQuietly();
        try {
            monitor.stack().tcp().loans().consume(connection, view, length);
        } finally {
            monitor.exitQuietly();
        }
        if (begun != null) {
            SocketObserver.ended(begun, this, null, length, null);
        }
    }

    private static void requirePositive(int max) {
        if (max <= 0) {
            throw new IllegalArgumentException("At least one octet has to be wanted, not " + max);
        }
    }
}
