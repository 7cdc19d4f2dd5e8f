package dev.berth.sockets;

import dev.berth.stack.endpoint.Readiness;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The octets between the two ends of a [BerthPipe], as much as a kernel's pipe holds.
final class PipeBuffer {
    private static final int CAPACITY = 64 * 1024;

    /// The keys of either end, told under the lock: telling takes none.
    private final ChannelKeys sourceKeys = new ChannelKeys();

    private final ChannelKeys sinkKeys = new ChannelKeys();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition change = lock.newCondition();
    private byte[] ring = {};
    private int head;
    private int count;
    private boolean sourceClosed;
    private boolean sinkClosed;

    ChannelKeys sourceKeys() {
        return sourceKeys;
    }

    ChannelKeys sinkKeys() {
        return sinkKeys;
    }

    /// Takes octets out; 0 if there are none and it may not wait, -1 at the end.
    int read(ByteBuffer destination, boolean wait) {
        lock.lock();
        try {
            while (wait && count == 0 && !sinkClosed && !sourceClosed) {
                change.awaitUninterruptibly(); // an interrupt closes the channel, which changes something
            }
            if (count == 0) {
                return sinkClosed ? -1 : 0;
            }
            int n = Math.min(count, destination.remaining());
            int part = Math.min(n, CAPACITY - head);
            destination.put(ring, head, part).put(ring, 0, n - part);
            head = (head + n) % CAPACITY;
            count -= n;
            change.signalAll();
            sinkKeys.accept(Readiness.WRITABLE);
            return n;
        } finally {
            lock.unlock();
        }
    }

    /// Puts octets in; all of them if it may wait, else as many as there is room for.
    ///
    /// @throws IOException if nobody can read them any more
    int write(ByteBuffer origin, boolean wait) throws IOException {
        lock.lock();
        try {
            int written = 0;
            while (origin.hasRemaining()) {
                if (sourceClosed) {
                    throw new IOException("Broken pipe");
                }
                if (sinkClosed) {
                    return written;
                }
                int n = Math.min(CAPACITY - count, origin.remaining());
                if (n > 0) {
                    put(origin, n);
                    written += n;
                    change.signalAll();
                    sourceKeys.accept(Readiness.READABLE);
                } else if (wait) {
                    change.awaitUninterruptibly(); // an interrupt closes the channel, which changes something
                } else {
                    return written;
                }
            }
            return written;
        } finally {
            lock.unlock();
        }
    }

    private void put(ByteBuffer origin, int n) {
        if (ring.length == 0) {
            ring = new byte[CAPACITY];
        }
        int at = (head + count) % CAPACITY;
        int part = Math.min(n, CAPACITY - at);
        origin.get(ring, at, part).get(ring, 0, n - part);
        count += n;
    }

    void closeSource() {
        lock.lock();
        try {
            sourceClosed = true;
            change.signalAll();
            sinkKeys.accept(Readiness.WRITABLE);
        } finally {
            lock.unlock();
        }
    }

    void closeSink() {
        lock.lock();
        try {
            sinkClosed = true;
            change.signalAll();
            sourceKeys.accept(Readiness.READABLE);
        } finally {
            lock.unlock();
        }
    }

    boolean isReadable() {
        lock.lock();
        try {
            return count > 0 || sinkClosed;
        } finally {
            lock.unlock();
        }
    }

    boolean isWritable() {
        lock.lock();
        try {
            return count < CAPACITY || sourceClosed;
        } finally {
            lock.unlock();
        }
    }
}
