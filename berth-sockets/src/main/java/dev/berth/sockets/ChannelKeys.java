package dev.berth.sockets;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.berth.host.HostSocket;
import dev.berth.stack.endpoint.Readiness;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// The selection keys of one channel: the observer of the readiness of its socket.
///
/// [#accept] is called on whatever thread makes the socket ready; it takes no lock.
final class ChannelKeys implements IntConsumer {
    private final @Nullable HostSocket socket;

    @GuardedBy("this")
    private boolean observing;

    private volatile @Nullable ChannelKey first;

    /// The channel's blocking lock, and how many threads wait in its monitor.
    private final Object monitor;

    private volatile int monitorWaits;
    private final AtomicBoolean monitorCalled = new AtomicBoolean();

    /// The keys of `channel` on `socket`, which is observed from the first registration on.
    ChannelKeys(SelectableChannel channel, HostSocket socket) {
        this.socket = socket;
        this.monitor = channel.blockingLock();
    }

    /// The keys of a channel without a socket, whose own code calls [#accept].
    ChannelKeys() {
        this.socket = null;
        this.monitor = this;
    }

    /// Adds a key.
    synchronized void add(ChannelKey key) {
        key.following = first;
        first = key;
        observe();
    }

    /// So many threads more wait in the monitor of the channel's blocking lock, and are to be notified whenever the
    /// socket tells of readiness. The caller is in the monitor.
    @SuppressWarnings("NonAtomicVolatileUpdate") // under the lock
    synchronized void monitorWaits(int more) {
        monitorWaits += more;
        observe();
    }

    /// Notifies who waits in the monitor. On a thread of its own: whoever tells of readiness must not wait for a
    /// monitor that the program may be in.
    private void callMonitor() {
        if (monitorCalled.compareAndSet(false, true)) {
            Thread.ofVirtual().name("berth-stream-waker").start(() -> {
                synchronized (monitor) {
                    monitorCalled.set(false);
                    monitor.notifyAll();
                }
            });
        }
    }

    @GuardedBy("this")
    private void observe() {
        if (!observing && socket != null) {
            observing = true;
            socket.observe(this);
        }
    }

    /// Takes a key away.
    synchronized void remove(ChannelKey key) {
        ChannelKey previous = null;
        for (ChannelKey each = first; each != null; each = each.following) {
            if (each == key) {
                if (previous == null) {
                    first = key.following;
                } else {
                    previous.following = key.following;
                }
                return; // it still leads on, for whoever looks at it right now
            }
            previous = each;
        }
    }

    /// The socket is ready for `readiness`, bits of [Readiness]: tells the selectors that care.
    @Override
    public void accept(int readiness) {
        if (monitorWaits > 0) {
            callMonitor();
        }
        ChannelKey key = first;
        if (key == null) {
            return;
        }
        // None at all: the socket was shut down or closed on this side, and whoever cares has to look.
        int ops = readiness == Readiness.NONE ? operations(Readiness.ALL) : operations(readiness);
        for (; key != null; key = key.following) {
            key.becameReady(ops);
        }
    }

    /// The state of the channel has changed in a way that its socket does not know of: looks at all keys again.
    void reconsider() {
        accept(Readiness.ALL);
    }

    /// The operations that bits of [Readiness] stand for.
    static int operations(int readiness) {
        int ops = 0;
        if ((readiness & Readiness.READABLE) != 0) {
            ops |= SelectionKey.OP_READ;
        }
        if ((readiness & Readiness.WRITABLE) != 0) {
            ops |= SelectionKey.OP_WRITE;
        }
        if ((readiness & Readiness.CONNECTED) != 0) {
            ops |= SelectionKey.OP_CONNECT;
        }
        if ((readiness & Readiness.ACCEPTABLE) != 0) {
            ops |= SelectionKey.OP_ACCEPT;
        }
        return ops;
    }
}
