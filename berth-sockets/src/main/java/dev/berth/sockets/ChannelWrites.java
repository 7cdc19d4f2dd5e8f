package dev.berth.sockets;

import dev.berth.host.HostSocket;
import dev.berth.host.TcpSocket;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.Objects;

/// The writing half of a [BerthSocketChannel]: one thread at a time. In blocking mode a write takes all octets over.
final class ChannelWrites extends ChannelHalf {
    /// For the thread that holds the lock.
    private final BufferSource source = new BufferSource();

    ChannelWrites(BerthSocketChannel channel, TcpSocket socket) {
        super(channel, socket);
    }

    /// `write` of one buffer.
    int write(ByteBuffer origin) throws IOException {
        Objects.requireNonNull(origin);
        lock();
        try {
            return send(source.from(origin));
        } finally {
            unlock();
        }
    }

    /// `write` of several buffers.
    long write(ByteBuffer[] origins, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, origins.length);
        lock();
        try {
            return send(source.from(origins, offset, length));
        } finally {
            unlock();
        }
    }

    private int send(BufferSource origin) throws IOException {
        try {
            channel.ensureOpenAndConnected();
            boolean blocking = channel.isBlocking();
            int length = origin.remaining();
            // What there is room for needs no wait that somebody could end.
            int n = blocking && Thread.currentThread().isInterrupted() ? 0 : giveAtOnce(origin, length);
            return n == length && n != 0 || !blocking ? n : await(origin, length, n);
        } finally {
            origin.release();
        }
    }

    /// Gives what there is room for.
    private int giveAtOnce(BufferSource origin, int length) throws IOException {
        if (isClosed()) {
            throw new AsynchronousCloseException(); // strange, and what the JDK throws
        }
        try {
            return length == 0 ? 0 : Math.max(socket.tryWrite(origin, length), 0);
        } catch (SocketException e) {
            throw failed(e);
        }
    }

    /// Gives what is left of `length` octets, of which so many are `done`.
    private int await(BufferSource origin, int length, int done) throws IOException {
        int n = 0;
        try {
            begin(true);
            n = give(origin, length, done);
        } catch (SocketException e) {
            if (origin.taken() == 0 || isInMonitor()) {
                throw failed(e);
            }
            n = origin.taken(); // as a write of the kernel: the next one fails; not so of a stream, which has none
        } catch (ClosedChannelException e) {
            if (done == 0 || isInMonitor()) {
                throw e;
            }
            n = done; // closed since these were taken
        } finally {
            end(true, n > 0);
        }
        return n;
    }

    private int give(BufferSource origin, int length, int done) throws IOException {
        if (done == length) {
            return done;
        }
        return isInMonitor() ? giveInMonitor(origin.copy(), length, done) : done + socket.write(origin, length - done);
    }

    private int giveInMonitor(BufferSource origin, int length, int before) throws IOException {
        int done = before;
        channel.selectionKeys().monitorWaits(1);
        try {
            while (done < length) {
                int n = socket.tryWrite(origin, length - done);
                if (n != HostSocket.UNAVAILABLE) {
                    done += n;
                } else if (!awaitInMonitor()) {
                    break;
                }
            }
            return done;
        } finally {
            channel.selectionKeys().monitorWaits(-1);
        }
    }

    /// `write` of a stream, which blocks: all octets.
    void write(byte[] bytes, int from, int length) throws IOException {
        Objects.checkFromIndexSize(from, length, bytes.length);
        if (length == 0) {
            return;
        }
        lock();
        try {
            ensureReadyForStream();
            if (isClosed()) {
                throw new ClosedChannelException();
            }
            boolean completed = false;
            try {
                begin(true);
                socket.write(bytes, from, length);
                completed = true;
            } catch (SocketException e) {
                throw failed(e);
            } finally {
                end(true, completed);
            }
        } finally {
            unlock();
        }
    }

    /// Writes an urgent octet.
    ///
    /// @return 1, or 0 if there is no room, which in blocking mode is an exception: the JDK does not wait here
    int writeUrgent(int octet) throws IOException {
        lock();
        try {
            channel.ensureOpenAndConnected();
            boolean blocking = channel.isBlocking();
            int n = 0;
            try {
                begin(blocking);
                n = Math.max(0, socket.tryWriteUrgent(octet));
                if (blocking && n == 0) {
                    throw new SocketException("No buffer space available");
                }
            } catch (SocketException e) {
                throw failed(e);
            } finally {
                end(blocking, n > 0);
            }
            return n;
        } finally {
            unlock();
        }
    }

    private void begin(boolean blocking) throws IOException {
        if (blocking) {
            channel.beginBlocking();
        }
        if (isClosed()) {
            throw new AsynchronousCloseException(); // strange, and what the JDK throws
        }
    }

    private IOException failed(SocketException failure) {
        return !channel.isOpen() || isClosed() ? new AsynchronousCloseException() : Failures.ofWrite(failure);
    }
}
