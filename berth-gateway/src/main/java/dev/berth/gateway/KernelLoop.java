package dev.berth.gateway;

import java.io.IOException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.SelectorProvider;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// Where the kernel tells of the sockets of connections that are carried: one selector and one platform thread for the
/// whole JVM, which is there while somebody uses it. What is ready is served on that thread, which must not be made to
/// wait.
final class KernelLoop {
    private static final String NAME = "berth-gateway-loop";
    private static final long SWEEP_MILLIS = 1_000;

    private static @Nullable KernelLoop shared; // guarded by the class, with who uses each

    /// A socket of the kernel that is watched; the attachment of its key.
    interface Watched {
        /// The kernel says that the socket is ready, and is not asked for that any more. On the loop's thread.
        ///
        /// @param ops bits of [SelectionKey]
        void kernelReady(int ops);
    }

    /// Whoever uses the loop. Thread-safe.
    static final class Use implements AutoCloseable {
        private final KernelLoop loop;
        private final LongConsumer sweep;
        private final AtomicBoolean closed = new AtomicBoolean();

        private Use(KernelLoop loop, LongConsumer sweep) {
            this.loop = loop;
            this.sweep = sweep;
        }

        KernelLoop loop() {
            return loop;
        }

        /// Lets the loop end if nobody else uses it. Idempotent. Whatever it watches has to be closed before.
        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                loop.leave(this);
            }
        }
    }

    private final Selector selector;
    private final Thread thread;
    private final Set<Use> uses = ConcurrentHashMap.newKeySet();
    private final ConcurrentLinkedQueue<Runnable> handed = new ConcurrentLinkedQueue<>();
    /// True from before the last look at what was handed over until the selection is over, if nobody has woken it.
    private final AtomicBoolean asleep = new AtomicBoolean();

    private volatile boolean ending;

    private KernelLoop(SelectorProvider kernel) throws IOException {
        selector = kernel.openSelector();
        thread = Thread.ofPlatform().daemon().name(NAME).unstarted(this::run);
    }

    /// Begins to use the loop.
    ///
    /// @param sweep is called on the loop's thread about every second, with the time
    static Use use(SelectorProvider kernel, LongConsumer sweep) throws IOException {
        synchronized (KernelLoop.class) {
            KernelLoop loop = shared;
            if (loop == null) {
                loop = new KernelLoop(kernel);
                shared = loop;
                loop.thread.start();
            }
            Use use = new Use(loop, sweep);
            loop.uses.add(use);
            return use;
        }
    }

    private void leave(Use use) {
        synchronized (KernelLoop.class) {
            uses.remove(use);
            if (uses.isEmpty()) {
                forget();
                ending = true;
            }
        }
        selector.wakeup(); // what was closed is not given back before the next selection
    }

    /// Nobody else begins to use this one. Under the lock of the class.
    private void forget() {
        if (shared == this) {
            shared = null;
        }
    }

    Selector selector() {
        return selector;
    }

    boolean isHere() {
        return Thread.currentThread() == thread;
    }

    /// Lets the loop's thread do something soon. From any thread.
    void hand(Runnable task) {
        handed.add(task);
        wake();
    }

    /// What was changed at the selector counts from now on. From any thread; it costs nothing while the loop is awake.
    void wake() {
        // Whoever finds it awake is seen: the loop says that it sleeps before it takes up what was changed.
        if (!isHere() && asleep.get() && asleep.compareAndSet(true, false)) {
            selector.wakeup();
        }
    }

    private void run() {
        long swept = System.nanoTime();
        try {
            while (!ending) {
                asleep.set(true);
                if (handed.isEmpty()) {
                    selector.select(KernelLoop::ready, SWEEP_MILLIS);
                } else {
                    selector.selectNow(KernelLoop::ready);
                }
                asleep.set(false);
                Thread.interrupted(); // by whatever it has called: no selection would wait any more
                takeHanded();
                long now = System.nanoTime();
                if (now - swept >= SWEEP_MILLIS * 1_000_000) {
                    swept = now;
                    for (Use each : uses) {
                        safely(() -> each.sweep.accept(now));
                    }
                }
            }
        } catch (IOException | ClosedSelectorException e) {
            logger().log(System.Logger.Level.WARNING, "The gateway cannot select: " + e.getMessage());
        } finally {
            synchronized (KernelLoop.class) {
                forget();
            }
            try {
                selector.close();
            } catch (IOException e) {
                logger().log(System.Logger.Level.WARNING, "The gateway's selector: " + e.getMessage());
            }
        }
    }

    private static void ready(SelectionKey key) {
        try {
            int ops = key.readyOps();
            key.interestOpsAnd(~ops); // whoever serves it says when to look again
            ((Watched) key.attachment()).kernelReady(ops);
        } catch (CancelledKeyException e) {
            // closed by another thread meanwhile
        } catch (RuntimeException | Error e) {
            hasFailed(e);
        }
    }

    private static void safely(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            hasFailed(e);
        }
    }

    /// A defect of one user, or too little memory for him, is not to end what serves all.
    private static void hasFailed(Throwable e) {
        try {
            logger().log(System.Logger.Level.ERROR, "The gateway's loop goes on after a failure", e);
        } catch (RuntimeException | Error _) {
            // There is no memory for that either.
        }
    }

    /// What is handed over meanwhile has to wait for the next selection.
    private void takeHanded() {
        for (int i = handed.size(); i > 0; i--) {
            Runnable task = handed.poll();
            if (task != null) {
                safely(task);
            }
        }
    }

    /// Not in a field: loggers take a good part of the time that a program needs to start.
    private static System.Logger logger() {
        return System.getLogger(Gateway.class.getName());
    }
}
