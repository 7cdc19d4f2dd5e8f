package dev.berth.ethernet;

import dev.berth.tun.SocketFile;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// Guests at a UNIX stream socket in QEMU's framing: each connection is one guest, and each frame comes behind its
/// length, 32 bits in network order. QEMU's `-netdev stream` and the clients of passt speak it. One platform thread.
final class StreamServer implements FrameServer {
    private static final System.Logger LOGGER = System.getLogger(StreamServer.class.getName());

    private static final int BACKLOG = 50;
    private static final long PAUSE_MILLIS = 1_000;

    private final EthernetSegment segment;
    private final Path path;
    private final SocketFile file;
    private final ServerSocketChannel listening;
    private final Selector selector;
    private final AtomicBoolean closed = new AtomicBoolean();
    private boolean told; // that somebody was turned away
    private @Nullable SelectionKey pausing; // nobody can be accepted now
    private long pausedAt;

    private StreamServer(
            EthernetSegment segment, Path path, SocketFile file, ServerSocketChannel listening, Selector selector) {
        this.segment = segment;
        this.path = path;
        this.file = file;
        this.listening = listening;
        this.selector = selector;
    }

    static StreamServer listen(EthernetSegment segment, Path path, SelectorProvider kernel) throws IOException {
        SocketFile.clear(path, kernel);
        ServerSocketChannel listening = kernel.openServerSocketChannel(StandardProtocolFamily.UNIX);
        Selector selector = null;
        SocketFile file = null;
        boolean started = false;
        try {
            selector = kernel.openSelector();
            file = SocketFile.bind(listening, path, BACKLOG);
            listening.configureBlocking(false);
            listening.register(selector, SelectionKey.OP_ACCEPT);
            StreamServer server = new StreamServer(segment, path, file, listening, selector);
            Thread.ofPlatform()
                    .daemon()
                    .name("berth-frames-" + path.getFileName())
                    .start(server::run);
            started = true;
            return server;
        } finally {
            if (!started) {
                listening.close();
                if (selector != null) {
                    selector.close();
                }
                if (file != null) {
                    file.remove();
                }
            }
        }
    }

    @Override
    public Path path() {
        return path;
    }

    private void run() {
        try {
            while (!closed.get()) {
                selector.select(pausing == null ? 0 : PAUSE_MILLIS);
                resume();
                for (SelectionKey key : selector.selectedKeys()) {
                    serve(key);
                }
                selector.selectedKeys().clear();
            }
        } catch (ClosedSelectorException e) {
            // closed while it waited
        } catch (IOException e) {
            LOGGER.log(System.Logger.Level.ERROR, "The socket " + path + " serves nobody any more", e);
        } finally {
            close();
        }
    }

    /// Out of descriptors, as a rule: whoever waits leaves the socket readable, and without a pause the thread would
    /// turn as fast as it can.
    private void pause(SelectionKey key) {
        pausing = key;
        pausedAt = System.nanoTime();
        key.interestOps(0);
    }

    private void resume() {
        SelectionKey key = pausing;
        if (key != null && System.nanoTime() - pausedAt >= PAUSE_MILLIS * 1_000_000) {
            pausing = null;
            key.interestOps(SelectionKey.OP_ACCEPT);
        }
    }

    private void serve(SelectionKey key) {
        StreamCarrier carrier = (StreamCarrier) key.attachment();
        try {
            if (carrier == null) {
                accept();
            } else {
                if (key.isWritable()) {
                    carrier.writable();
                }
                if (key.isReadable()) {
                    carrier.readable();
                }
            }
        } catch (CancelledKeyException e) {
            // closed by another thread since it was selected
        } catch (IOException | RuntimeException e) {
            if (carrier == null) {
                LOGGER.log(System.Logger.Level.WARNING, "A guest at " + path + " was not let in", e);
                if (e instanceof IOException && key.isValid()) {
                    pause(key);
                }
            } else {
                carrier.end(e instanceof IOException ? String.valueOf(e.getMessage()) : "It failed: " + e);
            }
        }
    }

    private void accept() throws IOException {
        SocketChannel channel;
        while ((channel = listening.accept()) != null) {
            StreamCarrier carrier = new StreamCarrier(path, channel, selector);
            boolean attached = false;
            try {
                EthernetPort port = segment.attachNext("vm", carrier);
                port.whenEnded(reason -> LOGGER.log(
                        System.Logger.Level.INFO,
                        "Guest {0} at {1} has gone: {2} {3}",
                        port.name(),
                        path,
                        reason,
                        port.counters()));
                attached = true;
            } catch (IOException e) {
                if (!told) {
                    told = true;
                    LOGGER.log(
                            System.Logger.Level.WARNING, "A guest at {0} was turned away: {1}", path, e.getMessage());
                }
            } finally {
                if (!attached) {
                    carrier.close();
                }
            }
        }
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        for (EthernetPort port : segment.ports()) {
            if (port.carrier() instanceof StreamCarrier carrier && carrier.isOf(selector)) {
                port.close();
            }
        }
        try {
            selector.close();
            listening.close();
            file.remove();
        } catch (IOException e) {
            LOGGER.log(System.Logger.Level.WARNING, "Closing the socket " + path + " failed", e);
        }
    }

    @Override
    public String toString() {
        return "StreamServer[" + path + "]";
    }
}
