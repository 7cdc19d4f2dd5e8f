package dev.berth.sockets;

import dev.berth.host.TcpSocket;
import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.IllegalBlockingModeException;
import java.util.concurrent.locks.ReentrantLock;

/// What the reading and the writing half of a [BerthSocketChannel] have in common: a lock, so that one thread at a time
/// is in it, and an end that the program sets.
///
/// The JDK's own `Channels.newInputStream` and `newOutputStream` call a channel that is not of `sun.nio.ch` while they
/// hold its [java.nio.channels.SelectableChannel#blockingLock], so that a write would wait for a blocked read. A
/// half that is called so waits in the monitor of that lock, which sets it free ([#awaitInMonitor]).
abstract class ChannelHalf {
    final BerthSocketChannel channel;
    final TcpSocket socket;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile boolean closed;

    ChannelHalf(BerthSocketChannel channel, TcpSocket socket) {
        this.channel = channel;
        this.socket = socket;
    }

    final void lock() {
        lock.lock();
    }

    final void unlock() {
        lock.unlock();
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
        lock.unlock();
        try {
            channel.blockingLock().wait();
            return true;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt(); // whoever ends the operation throws
            return false;
        } finally {
            lock.lock();
        }
    }
}
