package dev.berth.sockets;

import dev.berth.host.HostSocket;
import dev.berth.host.TcpSocket;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.util.Objects;

/// The reading half of a [BerthSocketChannel]: one thread at a time.
final class ChannelReads extends ChannelHalf {
    /// For the thread that holds the lock.
    private final BufferSink sink = new BufferSink();

    /// Whether the peer has reset the connection: later reads say so too.
    private boolean reset;

    ChannelReads(BerthSocketChannel channel, TcpSocket socket) {
        super(channel, socket);
    }

    /// `read` of one buffer.
    int read(ByteBuffer destination) throws IOException {
        Objects.requireNonNull(destination);
        lock();
        try {
            return receive(sink.to(destination));
        } finally {
            unlock();
        }
    }

    /// `read` of several buffers.
    long read(ByteBuffer[] destinations, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, destinations.length);
        lock();
        try {
            return receive(sink.to(destinations, offset, length));
        } finally {
            unlock();
        }
    }

    private int receive(BufferSink destination) throws IOException {
        try {
            channel.ensureOpenAndConnected();
            boolean blocking = channel.isBlocking();
            // What is there needs no wait that somebody could end: so much takes no longer than to say that one begins.
            int n = blocking && Thread.currentThread().isInterrupted() ? 0 : takeAtOnce(destination);
            return n != 0 || !blocking ? n : await(destination);
        } finally {
            destination.release();
        }
    }

    /// Takes what is there; 0 if nothing is.
    private int takeAtOnce(BufferSink destination) throws IOException {
        try {
            if (isAtEnd()) {
                return -1;
            }
            int room = destination.room();
            int n = room == 0 ? 0 : socket.tryRead(destination, room);
            return n == HostSocket.UNAVAILABLE ? 0 : n;
        } catch (SocketException e) {
            throw failed(e);
        }
    }

    private int await(BufferSink destination) throws IOException {
        int n = 0;
        try {
            begin(true);
            n = isAtEnd() ? -1 : take(destination);
        } catch (SocketException e) {
            throw failed(e);
        } finally {
            end(true, n > 0);
        }
        return n;
    }

    private int take(BufferSink destination) throws IOException {
        int room = destination.room();
        if (room == 0) {
            return 0;
        }
        return isInMonitor() ? takeInMonitor(destination.copy(), room) : socket.read(destination, room, 0);
    }

    private int takeInMonitor(BufferSink destination, int room) throws IOException {
        channel.selectionKeys().monitorWaits(1);
        try {
            int n;
            do {
                n = socket.tryRead(destination, room);
            } while (n == HostSocket.UNAVAILABLE && awaitInMonitor());
            return n == HostSocket.UNAVAILABLE ? 0 : n;
        } finally {
            channel.selectionKeys().monitorWaits(-1);
        }
    }

    /// `read` of a stream, which blocks at most `nanos`, or without limit for 0.
    int read(byte[] bytes, int from, int length, long nanos) throws IOException {
        Objects.checkFromIndexSize(from, length, bytes.length);
        if (length == 0) {
            return 0;
        }
        lock();
        try {
            ensureReadyForStream();
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
            unlock();
        }
    }

    /// True if a read returns the end of the stream without asking the host.
    private boolean isAtEnd() throws SocketException {
        if (reset) {
            throw new SocketException(Failures.RESET);
        }
        return isClosed();
    }

    private void begin(boolean blocking) throws IOException {
        if (blocking) {
            channel.beginBlocking();
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
