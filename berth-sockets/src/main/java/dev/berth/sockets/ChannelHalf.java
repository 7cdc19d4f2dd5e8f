package dev.berth.sockets;

import dev.berth.host.TcpSocket;
import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.IllegalBlockingModeException;
import java.util.concurrent.locks.AbstractQueuedSynchronizer;

/// What the reading and the writing half of a [BerthSocketChannel] have in common: a lock, so that one thread at a
/// time is in it, and an end that the program sets.
///
/// The JDK's own `Channels.newInputStream` and `newOutputStream` call a channel that is not of `sun.nio.ch` while
/// they hold its [java.nio.channels.SelectableChannel#blockingLock], so that a write would wait for a blocked read. A
/// half that is called so waits in the monitor of that lock, which sets it free ([#awaitInMonitor]).
///
/// It is its own lock, which is what a [java.util.concurrent.locks.ReentrantLock] is without conditions: two objects
/// less that a server of a thousand connections has to fetch into its caches for each of them.
@SuppressWarnings("serial") // nobody writes a channel to a stream
abstract class ChannelHalf extends AbstractQueuedSynchronizer {
    final BerthSocketChannel channel;
    final TcpSocket socket;
    private volatile boolean closed;

    ChannelHalf(BerthSocketChannel channel, TcpSocket socket) {
        this.channel = channel;
        this.socket = socket;
    }

    final void lock() {
        if (compareAndSetState(0, 1)) {
            setExclusiveOwnerThread(Thread.currentThread());
        } else {
            acquire(1);
        }
    }

    final void unlock() {
        release(1);
    }

    /// Also of its owner, once more: an observer that is told of a read may read itself.
    @Override
    protected final boolean tryAcquire(int once) {
        Thread caller = Thread.currentThread();
        int times = getState();
        if (times == 0) {
            if (!compareAndSetState(0, once)) {
                return false;
            }
            setExclusiveOwnerThread(caller);
            return true;
        }
        if (getExclusiveOwnerThread() != caller) {
            return false;
        }
        setState(times + once);
        return true;
    }

    @Override
    protected final boolean tryRelease(int once) {
        int left = getState() - once;
        if (left == 0) {
            setExclusiveOwnerThread(null);
        }
        setState(left);
        return left == 0;
    }

    /// True once the program has shut this half down.
    final boolean isClosed() {
        return closed;
    }

    /// Marks the half as shut down; false if it was.
    final boolean markClosed() {
        boolean first = !closed;
        closed = true;
        return first;
    }

    /// @throws IllegalBlockingModeException if the channel is not in blocking mode, which streams need
    final void ensureReadyForStream() throws IOException {
        channel.ensureOpenAndConnected();
        if (!channel.isBlocking()) {
            throw new IllegalBlockingModeException();
        }
    }

    final void end(boolean blocking, boolean completed) throws AsynchronousCloseException {
        if (blocking) {
            channel.endBlocking(completed);
        }
    }

    /// True if the calling thread is in the monitor that the JDK's channel streams take.
    final boolean isInMonitor() {
        return Thread.holdsLock(channel.blockingLock());
    }

    /// Sets the lock and the monitor free until the socket tells of anything.
    ///
    /// @return false if the thread was interrupted, which closes the channel
    @SuppressWarnings("WaitNotInLoop") // the caller is the loop
    final boolean awaitInMonitor() {
        unlock();
        try {
            channel.blockingLock().wait();
            return true;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt(); // whoever ends the operation throws
            return false;
        } finally {
            lock();
        }
    }
}
