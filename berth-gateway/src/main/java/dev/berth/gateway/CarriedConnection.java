package dev.berth.gateway;

import dev.berth.host.TcpSocket;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One connection of the kernel and the one in memory that carries it on, whoever began it. One virtual thread per
/// direction; each blocks in its read or its write, so that a slow reader holds up the other end.
///
/// While it is idle it costs the stacks of two virtual threads and two buffers of 4 KiB; while the stream is fast, two
/// of 64 KiB ([CarryBuffer]).
final class CarriedConnection {
    private final SocketChannel kernel;
    private final String name;
    private final Consumer<CarriedConnection> whenEnded;
    private final AtomicInteger directions = new AtomicInteger(2);
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile @Nullable TcpSocket inside;
    private volatile @Nullable CarryBuffer outward;
    private volatile long lastUse;

    /// @param name where it leads, for messages
    /// @param whenEnded is told once, when both ends are closed
    CarriedConnection(SocketChannel kernel, String name, Consumer<CarriedConnection> whenEnded) {
        this.kernel = kernel;
        this.name = name;
        this.whenEnded = whenEnded;
        lastUse = System.nanoTime();
    }

    /// How the end is opened that is missing yet.
    interface Opening {
        /// Opens it, and hands the socket inside to [#inside] before it waits for anything.
        ///
        /// @throws IOException if it cannot be had: both ends are reset
        void open() throws IOException;
    }

    /// Opens the missing end and carries bytes until both ends have sent their last.
    void start(Opening opening) {
        Thread.ofVirtual().name("berth-carry-out").start(() -> openAndCarry(opening));
    }

    /// The socket inside is there.
    ///
    /// @throws IOException if the connection has been ended meanwhile
    void inside(TcpSocket socket) throws IOException {
        inside = socket;
        if (ended.get()) {
            socket.abort();
            throw new IOException("The gateway was closed");
        }
        socket.noDelay(true);
    }

    /// The kernel's end.
    SocketChannel kernel() {
        return kernel;
    }

    /// When something was carried last, as [System#nanoTime] has it.
    long lastUse() {
        return lastUse;
    }

    private void openAndCarry(Opening opening) {
        TcpSocket socket;
        try {
            opening.open();
            socket = inside;
            if (socket == null) {
                abort();
                return;
            }
            if (kernel.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) { // not of the UNIX domain
                kernel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            }
        } catch (IOException e) {
            logger().log(System.Logger.Level.DEBUG, "Cannot connect to {0}: {1}", name, e.getMessage());
            abort();
            return;
        } catch (RuntimeException e) {
            abort(); // or its sockets would stay for ever
            throw e;
        }
        lastUse = System.nanoTime();
        Thread.ofVirtual().name("berth-carry-in").start(() -> carry(() -> toInside(socket)));
        carry(() -> toKernel(socket));
    }

    private interface Direction {
        void run() throws IOException;
    }

    private void carry(Direction direction) {
        try {
            direction.run();
            if (directions.decrementAndGet() == 0) {
                end();
            }
        } catch (IOException e) {
            // Whichever end was reset or went away: the other learns it as a reset.
            logger().log(System.Logger.Level.DEBUG, "Connection to {0} is reset: {1}", name, e.getMessage());
            abort();
        }
    }

    private void toInside(TcpSocket socket) throws IOException {
        CarryBuffer carried = new CarryBuffer();
        try {
            ByteBuffer buffer = carried.buffer();
            int count;
            while ((count = kernel.read(buffer)) >= 0) {
                lastUse = System.nanoTime();
                buffer.flip();
                socket.write(carried, count);
                buffer = carried.next(count);
            }
        } finally {
            carried.release();
        }
        socket.shutdownOutput();
    }

    private void toKernel(TcpSocket socket) throws IOException {
        CarryBuffer carried = new CarryBuffer();
        outward = carried;
        try {
            ByteBuffer buffer = carried.buffer();
            int count;
            while ((count = socket.read(carried, buffer.capacity(), 0)) >= 0) {
                lastUse = System.nanoTime();
                buffer.flip();
                while (buffer.hasRemaining()) {
                    kernel.write(buffer);
                }
                buffer = carried.next(count);
            }
        } finally {
            carried.release();
        }
        kernel.shutdownOutput();
    }

    /// True while something that the target has sent is not yet with the kernel.
    boolean isDelivering() {
        TcpSocket socket = inside;
        if (ended.get() || socket == null) {
            return false;
        }
        try {
            // In this order: what leaves the socket is held before it is gone there.
            boolean waiting = socket.isConnected() && socket.available() > 0;
            CarryBuffer carried = outward;
            return waiting || carried != null && carried.isHolding();
        } catch (IOException e) {
            return false; // the connection has come to its end
        }
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
        try {
            if (reset) {
                kernel.setOption(StandardSocketOptions.SO_LINGER, 0);
            }
            kernel.close();
        } catch (IOException e) {
            logger().log(System.Logger.Level.DEBUG, "Closing a connection to {0}: {1}", name, e.getMessage());
        }
        TcpSocket socket = inside;
        if (socket != null) {
            if (reset) {
                socket.abort();
            } else {
                socket.close();
            }
        }
        whenEnded.accept(this);
    }

    /// Not in a field: loggers take a good part of the time that a program needs to start.
    private static System.Logger logger() {
        return System.getLogger(PublishedPort.class.getName());
    }
}
