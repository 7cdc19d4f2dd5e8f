package dev.berth.gateway;

import dev.berth.host.TcpSocket;
import dev.berth.stack.endpoint.Readiness;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// One connection of the kernel and the one in memory that carries it on, whoever began it. It has no thread: what
/// arrives inside is carried by the thread that brings it, what arrives outside by that of the [KernelLoop]. Neither
/// waits; who cannot take more holds up the other end. While it is idle it has no buffer.
///
/// It is being opened, then carried in both directions ([Outward], [Inward]), each of which ends for itself, and ended.
/// Thread-safe.
final class CarriedConnection implements KernelLoop.Watched, IntConsumer {
    private final KernelLoop loop;
    private final SocketChannel kernel;
    private final KernelStream stream;
    private final Object name;
    private final Consumer<CarriedConnection> whenEnded;
    private final AtomicInteger directions = new AtomicInteger(2);
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile @Nullable Opening opening;
    private volatile @Nullable TcpSocket inside;
    private volatile boolean made;
    private volatile @Nullable Outward outward;
    private volatile @Nullable Inward inward;
    private volatile @Nullable SelectionKey key; // written under this object's lock
    private volatile long lastUse;

    /// @param name where it leads, for messages
    /// @param whenEnded is told once, when both ends are closed
    CarriedConnection(KernelLoop loop, SocketChannel kernel, Object name, Consumer<CarriedConnection> whenEnded) {
        this.loop = loop;
        this.kernel = kernel;
        stream = new KernelStream(kernel, true, this::kernelClosed);
        this.name = name;
        this.whenEnded = whenEnded;
        lastUse = System.nanoTime();
    }

    /// What happens while a connection is being opened. Called on any thread; must not wait.
    interface Opening {
        /// The kernel's end is ready to connect.
        default void kernelReady() {}

        /// The connection inside is made, and will be carried.
        default void made() {}

        /// The connection was ended before it was made.
        default void ended() {}

        /// How long it may take, in nanoseconds since the last step.
        long patience();
    }

    // Opening

    /// It is being opened, and who opens it is told of what happens.
    void opening(Opening by) {
        opening = by;
    }

    /// The next step of opening has begun.
    void step() {
        lastUse = System.nanoTime();
    }

    /// Carries as soon as the connection inside is made, which may be so already. The kernel's end is open.
    ///
    /// @throws IOException if the connection has been ended meanwhile
    void carry(TcpSocket socket) throws IOException {
        inside = socket;
        if (ended.get()) { // otherwise whoever ends it from now on finds the socket
            socket.abort();
            throw new IOException("The gateway was closed");
        }
        kernel.configureBlocking(false);
        socket.noDelay(true);
        inward = new Inward(this, socket, stream);
        outward = new Outward(this, socket, stream);
        socket.observe(this);
    }

    /// Looks whether the connection inside is made. In a turn of [Outward].
    ///
    /// @throws IOException if it cannot be made
    boolean isMade(TcpSocket socket) throws IOException {
        if (made) {
            return true;
        }
        if (!socket.finishConnect()) {
            return false;
        }
        step();
        made = true;
        Opening by = opening;
        opening = null;
        if (by != null) {
            by.made();
        }
        Inward in = inward;
        if (in != null) {
            in.due(); // there may be something already
        }
        return true;
    }

    /// The connection inside tells of its readiness.
    @Override
    public void accept(int readiness) {
        TcpSocket socket = inside;
        Outward out = outward;
        Inward in = inward;
        if (socket == null || out == null || in == null) {
            return;
        }
        if (!socket.isOpen()) {
            abort(); // with its host
            return;
        }
        if (out.isEnded() && socket.hasFailed()) {
            isReset(new IOException("Connection reset")); // nobody would look there any more
            return;
        }
        if ((readiness & (made ? Readiness.READABLE : Readiness.CONNECTED)) != 0) {
            out.due();
        }
        if ((readiness & Readiness.WRITABLE) != 0 && in.wantsRoom()) {
            in.due();
        }
    }

    // The kernel's end

    /// The kernel's end.
    SocketChannel kernel() {
        return kernel;
    }

    KernelLoop loop() {
        return loop;
    }

    @Override
    public void kernelReady(int ops) {
        Opening by = opening;
        Outward out = outward;
        Inward in = inward;
        if ((ops & SelectionKey.OP_CONNECT) != 0 && by != null) {
            try {
                by.kernelReady();
            } catch (RuntimeException e) {
                hasFailed(e);
            }
        }
        if ((ops & SelectionKey.OP_WRITE) != 0 && out != null) {
            out.due();
        }
        if ((ops & SelectionKey.OP_READ) != 0 && in != null) {
            in.due();
        }
    }

    /// Small writes are not to wait for the acknowledgment of others (TCP_NODELAY).
    void noDelay() throws IOException {
        if (kernel.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) { // not of the UNIX domain
            kernel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
    }

    /// Lets the loop tell when the kernel's end is ready for this, once.
    void watch(int ops) {
        try {
            synchronized (this) {
                SelectionKey present = key;
                if (present == null) {
                    key = kernel.register(loop.selector(), ops, this);
                } else if ((present.interestOpsOr(ops) & ops) == ops) {
                    return;
                }
            }
            loop.wake();
        } catch (ClosedChannelException e) {
            // it was ended by another thread
        } catch (ClosedSelectorException e) {
            abort(); // with whoever has used the loop
        } catch (CancelledKeyException e) {
            if (!loop.selector().isOpen()) {
                abort();
            } else if (kernel.isOpen()) {
                loop.hand(() -> watch(ops)); // after the selection that forgets the key
            }
        }
    }

    /// Nothing will come from the kernel any more. On the loop's thread the selector may forget the socket now, which
    /// would have to be woken for that at the end.
    void kernelEnded() {
        Outward out = outward;
        if (loop.isHere() && out != null && !out.isMoving()) {
            synchronized (this) {
                SelectionKey present = key;
                // Not valid if another thread has just closed the connection, or does so now.
                if (present != null && present.isValid() && !isAwaited(present)) {
                    key = null;
                    present.cancel();
                }
            }
        }
    }

    private static boolean isAwaited(SelectionKey key) {
        try {
            return (key.interestOps() & SelectionKey.OP_WRITE) != 0;
        } catch (CancelledKeyException e) {
            return true;
        }
    }

    // Use

    /// When something was carried last, or the last step of opening was done, as [System#nanoTime] has it.
    long lastUse() {
        return lastUse;
    }

    void used() {
        lastUse = System.nanoTime();
    }

    /// Whether it has been carried and has carried nothing for longer than `nanos`.
    boolean isIdle(long now, long nanos) {
        return opening == null && now - lastUse > nanos && !ended.get();
    }

    /// Ends the connection if it takes too long to open.
    void sweep(long now) {
        Opening by = opening;
        if (by != null && now - lastUse > by.patience()) {
            abort();
        }
    }

    /// True while something that the target has sent is not yet with the kernel.
    boolean isDelivering() {
        TcpSocket socket = inside;
        if (ended.get() || socket == null) {
            return false;
        }
        try {
            // In this order: it is moving before it has left the socket.
            boolean waiting = socket.available() > 0;
            Outward out = outward;
            return waiting || out != null && out.isMoving();
        } catch (IOException e) {
            return false; // the connection has come to its end
        }
    }

    // The end

    /// True once one direction has come to its end.
    boolean isHalfClosed() {
        return directions.get() < 2;
    }

    /// A direction has come to its end.
    void directionEnded() {
        if (directions.decrementAndGet() == 0) {
            close(false);
        }
    }

    /// Whichever end was reset or went away: the other learns it as a reset.
    void isReset(IOException e) {
        if (!ended.get()) {
            logger().log(System.Logger.Level.DEBUG, "Connection to {0} is reset: {1}", name, e.getMessage());
        }
        abort();
    }

    /// A defect, which must not end the thread that has met it.
    void hasFailed(RuntimeException e) {
        logger().log(System.Logger.Level.ERROR, "Connection to " + name + " has failed", e);
        abort();
    }

    /// Ends both connections: in order, or with a reset where something is still to be delivered.
    void end() {
        close(isDelivering());
    }

    /// Resets both connections.
    void abort() {
        close(true);
    }

    private void close(boolean reset) {
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        if (reset) {
            try {
                kernel.setOption(StandardSocketOptions.SO_LINGER, 0);
            } catch (IOException e) {
                logger().log(System.Logger.Level.DEBUG, "Closing a connection to {0}: {1}", name, e.getMessage());
            }
        }
        try {
            stream.close();
            endInside(reset);
        } finally {
            tellEnded();
        }
    }

    private void endInside(boolean reset) {
        TcpSocket socket = inside;
        if (socket != null) {
            socket.observe(null);
            if (reset) {
                socket.abort();
            } else {
                socket.close();
            }
        }
    }

    private void tellEnded() {
        try {
            Opening by = opening;
            opening = null;
            if (by != null) {
                by.ended();
            }
        } finally {
            whenEnded.accept(this);
        }
    }

    /// The JDK gives the descriptor of a registered socket back in the next selection only.
    private void kernelClosed() {
        if (key != null) {
            loop.wake();
        }
    }

    /// Not in a field: loggers take a good part of the time that a program needs to start.
    private static System.Logger logger() {
        return System.getLogger(PublishedPort.class.getName());
    }
}
