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

/// The reading half of a [BerthSocketChannel]: one thread at a time.
final class ChannelReads {
    private final BerthSocketChannel channel;
    private final TcpSocket socket;
    private final ReentrantLock lock = new ReentrantLock();

    /// For the thread that holds the lock.
    private final BufferSink sink = new BufferSink();

    /// Whether the peer has reset the connection: later reads say so too.
    private boolean reset;

    private volatile boolean closed;

    ChannelReads(BerthSocketChannel channel, TcpSocket socket) {
        this.channel = channel;
        this.socket = socket;
    }

    void lock() {
        lock.lock();
    }

    void unlock() {
        lock.unlock();
    }

    /// True once the program has shut the input down.
    boolean isClosed() {
        return closed;
    }

    /// Marks the input as shut down; false if it was.
    boolean markClosed() {
        boolean first = !closed;
        closed = true;
        return first;
    }

    /// `read` of one buffer.
    int read(ByteBuffer destination) throws IOException {
        BufferSink.checkWritable(destination);
        lock.lock();
        try {
            channel.ensureOpenAndConnected();
            boolean blocking = channel.isBlocking();
            int n = 0;
            try {
                begin(blocking);
                n = readInto(destination, blocking);
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

    private int readInto(ByteBuffer destination, boolean blocking) throws IOException {
        if (isAtEnd()) {
            return -1;
        }
        int room = destination.remaining();
        if (room == 0) {
            return 0;
        }
        if (!destination.hasArray()) {
            return receive(sink.to(destination), room, blocking);
        }
        int at = destination.position();
        byte[] bytes = destination.array();
        int from = destination.arrayOffset() + at;
        int n = blocking ? socket.read(bytes, from, room, 0) : socket.tryRead(bytes, from, room);
        if (n > 0) {
            destination.position(at + n);
        }
        return n == HostSocket.UNAVAILABLE ? 0 : n;
    }

    private int receive(BufferSink destination, int room, boolean blocking) throws IOException {
        try {
            int n = blocking ? socket.read(destination, room, 0) : socket.tryRead(destination, room);
            return n == HostSocket.UNAVAILABLE ? 0 : n;
        } finally {
            destination.release();
        }
    }

    /// `read` of several buffers.
    long read(ByteBuffer[] destinations, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, destinations.length);
        lock.lock();
        try {
            channel.ensureOpenAndConnected();
            boolean blocking = channel.isBlocking();
            int n = 0;
            try {
                begin(blocking);
                int room = BufferSink.room(destinations, offset, length);
                if (isAtEnd()) {
                    n = -1;
                } else if (room > 0) {
                    n = receive(sink.to(destinations, offset), room, blocking);
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

    /// `read` of a stream, which blocks at most `nanos`, or without limit for 0.
    int read(byte[] bytes, int from, int length, long nanos) throws IOException {
        Objects.checkFromIndexSize(from, length, bytes.length);
        if (length == 0) {
            return 0;
        }
        lock.lock();
        try {
            channel.ensureOpenAndConnected();
            if (!channel.isBlocking()) {
                throw new IllegalBlockingModeException();
            }
            int n = 0;
            try {
                begin(true);
                n = isAtEnd() ? -1 : socket.read(bytes, from, length, nanos);
            } catch (SocketException e) {
                throw failed(e);
            } finally {
                end(true, n > 0);
            }
            return n;
        } finally {
            lock.unlock();
        }
    }

    /// True if a read returns the end of the stream without asking the host.
    private boolean isAtEnd() throws SocketException {
        if (reset) {
            throw new SocketException(Failures.RESET);
        }
        return closed;
    }

    private void begin(boolean blocking) throws IOException {
        if (blocking) {
            channel.beginBlocking();
        }
    }

    private void end(boolean blocking, boolean completed) throws AsynchronousCloseException {
        if (blocking) {
            channel.endBlocking(completed);
        }
    }

    private IOException failed(SocketException failure) {
        if (!channel.isOpen()) {
            return new AsynchronousCloseException();
        }
        if (Failures.isReset(failure)) {
            reset = true;
        }
        return failure;
    }
}
