package dev.berth.gateway.shared;

import java.io.IOException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;

/// One thread that waits for the sockets of a shared network, all those of its holder or the one of a member.
final class LinkLoop implements AutoCloseable {
    private static final Duration END = Duration.ofSeconds(5);

    /// Whoever is attached to a key.
    interface Client {
        /// Its channel can do something.
        void ready(SelectionKey key);
    }

    private final Selector selector;
    private final Runnable tick;
    private final Thread thread;
    private volatile long tickMillis;
    private volatile boolean closed;

    /// @param tick called now and then while [#tickEvery] says so, on the thread
    LinkLoop(String name, Selector selector, Runnable tick) {
        this.selector = selector;
        this.tick = tick;
        thread = Thread.ofPlatform().daemon().name(name).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    Selector selector() {
        return selector;
    }

    /// @param millis 0 for never
    void tickEvery(long millis) {
        tickMillis = millis;
        selector.wakeup();
    }

    private void run() {
        long last = System.nanoTime();
        try {
            while (!closed) {
                long millis = tickMillis;
                selector.select(this::serve, millis);
                long now = System.nanoTime();
                if (millis > 0 && now - last >= millis * 1_000_000) {
                    last = now;
                    guarded(tick);
                }
            }
        } catch (ClosedSelectorException _) {
            // By close().
        } catch (IOException e) {
            log("The network's thread ends", e);
        } finally {
            FrameChannel.closeQuietly(selector);
        }
    }

    private void serve(SelectionKey key) {
        guarded(() -> ((Client) key.attachment()).ready(key));
    }

    /// What goes wrong with one client harms no other.
    private static void guarded(Runnable action) {
        try {
            action.run();
        } catch (CancelledKeyException _) {
            // Closed meanwhile.
        } catch (RuntimeException e) {
            log("Serving a member of a network", e);
        }
    }

    private static void log(String what, Throwable e) {
        System.getLogger(LinkLoop.class.getName()).log(System.Logger.Level.WARNING, what, e);
    }

    /// Ends the thread and waits for it, 5 seconds at most.
    @Override
    public void close() {
        closed = true;
        selector.wakeup();
        if (!thread.isAlive()) {
            FrameChannel.closeQuietly(selector);
        } else if (thread != Thread.currentThread()) {
            try {
                thread.join(END);
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
