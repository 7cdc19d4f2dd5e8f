package dev.berth.sockets;

import dev.berth.host.HostSocket;
import dev.berth.host.TcpSocket;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.IllegalBlockingModeException;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;

/// The writing half of a [BerthSocketChannel]: one thread at a time. In blocking mode a write takes all octets over.
final class ChannelWrites {
    private final BerthSocketChannel channel;
    private final TcpSocket socket;
    private final ReentrantLock lock = new ReentrantLock();

    /// For the thread that holds the lock.
    private final BufferSource source = new BufferSource();

    private volatile boolean closed;

    ChannelWrites(BerthSocketChannel channel, TcpSocket socket) {
        this.channel = channel;
        this.socket = socket;
    }

    void lock() {
        lock.lock();
    }

    void unlock() {
        lock.unlock();
    }

    /// True once the program has shut the output down.
    boolean isClosed() {
        return closed;
    }

    /// Marks the output as shut down; false if it was.
    boolean markClosed() {
        boolean first = !closed;
        closed = true;
        return first;
    }

    /// `write` of one buffer.
    int write(ByteBuffer origin) throws IOException {
        Objects.requireNonNull(origin);
        lock.lock();
        try {
            return send(source.from(origin), origin.remaining());
        } finally {
            lock.unlock();
        }
    }

    /// `write` of several buffers.
    long write(ByteBuffer[] origins, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, origins.length);
        lock.lock();
        try {
            return send(source.from(origins, offset), BufferSource.remaining(origins, offset, length));
        } finally {
            lock.unlock();
        }
    }

    private int send(BufferSource origin, int length) throws IOException {
        channel.ensureOpenAndConnected();
        boolean blocking = channel.isBlocking();
        int n = 0;
        try {
            begin(blocking);
            if (length > 0) {
                n = blocking ? socket.write(origin, length) : socket.tryWrite(origin, length);
            }
        } catch (SocketException e) {
            throw failed(e);
        } finally {
            origin.release();
            end(blocking, n > 0);
        }
        return n == HostSocket.UNAVAILABLE ? 0 : n;
    }

    /// `write` of a stream, which blocks: all octets.
    void write(byte[] bytes, int from, int length) throws IOException {
        Objects.checkFromIndexSize(from, length, bytes.length);
        if (length == 0) {
            return;
        }
        lock.lock();
        try {
            channel.ensureOpenAndConnected();
            if (!channel.isBlocking()) {
                throw new IllegalBlockingModeException();
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
            lock.unlock();
        }
    }

    /// Writes an urgent octet.
    ///
    /// @return 1, or 0 if there is no room, which in blocking mode is an exception: the JDK does not wait here
    int writeUrgent(int octet) throws IOException {
        lock.lock();
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
            lock.unlock();
        }
    }

    private void begin(boolean blocking) throws IOException {
        if (blocking) {
            channel.beginBlocking();
            if (closed) {
                throw new AsynchronousCloseException(); // strange, and what the JDK throws
            }
        }
    }

    private void end(boolean blocking, boolean completed) throws AsynchronousCloseException {
        if (blocking) {
            channel.endBlocking(completed);
        }
    }

    private IOException failed(SocketException failure) {
        return !channel.isOpen() || closed ? new AsynchronousCloseException() : Failures.ofWrite(failure);
    }
}
