package dev.berth.ethernet;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.berth.wire.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// One connection in QEMU's framing. What does not fit the socket waits in a bounded buffer, and beyond it is
/// dropped, so that a guest that does not read holds nobody up.
final class StreamCarrier implements FrameCarrier {
    /// Octets of the longest frame: the largest IP packet with an Ethernet header and a VLAN tag.
    static final int MAX_FRAME = 65_535 + 18;

    private static final int PREFIX = 4;
    private static final int IN = 1 << 18;
    private static final int OUT = 1 << 16;
    private static final int MAX_OUT = 1 << 20;
    /// Above this the network is asked to wait; the rest is for answers that cannot.
    private static final int HIGH = MAX_OUT / 4 * 3;

    private static final int LOW = MAX_OUT / 4;

    private final Path path;
    private final SocketChannel channel;
    private final Selector selector;
    private volatile @Nullable SelectionKey key;
    private volatile @Nullable FrameReceiver receiver;
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile boolean full;

    // Of the thread that reads
    private final ByteBuffer in = ByteBuffer.allocate(IN);

    private final ReentrantLock lock = new ReentrantLock();

    /// From `outFrom` to `outTo` waits.
    @GuardedBy("lock")
    private byte[] out = new byte[OUT];

    @GuardedBy("lock")
    private int outFrom;

    @GuardedBy("lock")
    private int outTo;

    @GuardedBy("lock")
    private ByteBuffer outBuffer = ByteBuffer.wrap(out);

    StreamCarrier(Path path, SocketChannel channel, Selector selector) {
        this.path = path;
        this.channel = channel;
        this.selector = selector;
    }

    boolean isOf(Selector other) {
        return selector == other;
    }

    @Override
    public String name() {
        return path.toString();
    }

    @Override
    public void start(FrameReceiver frames) throws IOException {
        receiver = frames;
        channel.configureBlocking(false);
        key = channel.register(selector, SelectionKey.OP_READ, this);
    }

    /// Something can be read.
    ///
    /// @throws IOException if the connection has failed
    void readable() throws IOException {
        FrameReceiver frames = receiver;
        if (frames == null) {
            return;
        }
        if (channel.read(in) < 0) {
            end("It has closed its connection.");
            return;
        }
        in.flip();
        while (in.remaining() >= PREFIX) {
            int length = Bytes.i32(in.array(), in.position());
            if (length < 0 || length > MAX_FRAME) {
                end("A frame of " + (length & 0xffff_ffffL) + " octets cannot be: it does not speak QEMU's framing.");
                return;
            }
            if (in.remaining() < PREFIX + length) {
                break;
            }
            frames.frame(in.array(), in.position() + PREFIX, length);
            in.position(in.position() + PREFIX + length);
        }
        in.compact();
        frames.endOfBatch();
    }

    @Override
    public boolean send(byte[] bytes, int at, int length) {
        lock.lock();
        try {
            if (ended.get() || !makeRoom(PREFIX + length)) {
                return false;
            }
            Bytes.put32(out, outTo, length);
            System.arraycopy(bytes, at, out, outTo + PREFIX, length);
            outTo += PREFIX + length;
            full = outTo - outFrom > HIGH;
            return true;
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private boolean makeRoom(int size) {
        if (outTo + size <= out.length) {
            return true;
        }
        int waiting = outTo - outFrom;
        if (waiting + size > MAX_OUT) {
            return false;
        }
        if (waiting + size > out.length) {
            int larger = out.length;
            while (larger < waiting + size) {
                larger *= 2;
            }
            out = Arrays.copyOfRange(out, outFrom, outFrom + larger);
            outBuffer = ByteBuffer.wrap(out);
        } else {
            System.arraycopy(out, outFrom, out, 0, waiting);
        }
        outFrom = 0;
        outTo = waiting;
        return true;
    }

    @Override
    public boolean isReady() {
        return !full;
    }

    /// The socket has room again. On the selector's thread.
    void writable() {
        flush();
        FrameReceiver frames = receiver;
        if (!full && frames != null) {
            frames.ready();
        }
    }

    @Override
    public void flush() {
        lock.lock();
        try {
            if (outFrom == outTo || ended.get()) {
                return;
            }
            outBuffer.limit(outTo).position(outFrom);
            channel.write(outBuffer);
            outFrom = outBuffer.position();
            boolean rest = outFrom < outTo;
            if (!rest) {
                outFrom = 0;
                outTo = 0;
            }
            if (outTo - outFrom <= LOW) {
                full = false;
            }
            awaitRoom(rest);
        } catch (IOException | CancelledKeyException e) {
            // Whoever reads finds out too, and ends it on its own thread.
            outFrom = 0;
            outTo = 0;
            full = false;
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private void awaitRoom(boolean rest) {
        SelectionKey own = key;
        int wanted = rest ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ;
        if (own != null && own.interestOps() != wanted) {
            own.interestOps(wanted);
            if (rest) {
                selector.wakeup();
            }
        }
    }

    /// The guest has gone, or is cut off. On the selector's thread.
    void end(String reason) {
        FrameReceiver frames = receiver;
        close();
        if (frames != null) {
            receiver = null;
            frames.ended(reason);
        }
    }

    @Override
    public void close() {
        if (ended.compareAndSet(false, true)) {
            try {
                channel.close();
            } catch (IOException e) {
                System.getLogger(StreamCarrier.class.getName())
                        .log(System.Logger.Level.WARNING, "Closing a connection of " + path + " failed", e);
            }
            selector.wakeup(); // so that the key, and with it the descriptor, goes at once
        }
    }
}
