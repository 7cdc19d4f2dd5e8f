package dev.berth.gateway;

import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One connection of the kernel and the one in memory that carries it on. One virtual thread per direction; each
/// blocks in its read or its write, so that a slow reader holds up the other end.
final class CarriedConnection {
    private static final System.Logger LOGGER = System.getLogger(PublishedPort.class.getName());
    private static final long CONNECT_NANOS = 10_000_000_000L;
    private static final int FIRST_BUFFER = 4 * 1024;
    private static final int LARGEST_BUFFER = 64 * 1024;

    private final SocketChannel kernel;
    private final Host gateway;
    private final Endpoint target;
    private final Consumer<CarriedConnection> whenEnded;
    private final AtomicInteger directions = new AtomicInteger(2);
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile @Nullable TcpSocket inside;
    private volatile boolean writingToKernel;

    CarriedConnection(
            SocketChannel kernel, Host gateway, Endpoint target, Consumer<CarriedConnection> whenEnded) {
        this.kernel = kernel;
        this.gateway = gateway;
        this.target = target;
        this.whenEnded = whenEnded;
    }

    /// Connects to the target and carries bytes until both ends have sent their last.
    void start() {
        Thread.ofVirtual().name("berth-carry-out").start(this::connectAndCarry);
    }

    private void connectAndCarry() {
        TcpSocket socket;
        try {
            socket = gateway.openTcpSocket();
            inside = socket;
            if (ended.get()) {
                socket.abort();
                return;
            }
            kernel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            socket.noDelay(true);
            socket.connect(target, CONNECT_NANOS);
        } catch (IOException e) {
            LOGGER.log(System.Logger.Level.DEBUG, "Cannot connect to {0}: {1}", target, e.getMessage());
            abort();
            return;
        }
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
            LOGGER.log(System.Logger.Level.DEBUG, "Connection to {0} is reset: {1}", target, e.getMessage());
            abort();
        }
    }

    private void toInside(TcpSocket socket) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(FIRST_BUFFER);
        int count;
        while ((count = kernel.read(buffer)) >= 0) {
            socket.write(buffer.array(), 0, count);
            buffer = count == buffer.capacity() && count < LARGEST_BUFFER
                    ? ByteBuffer.allocate(count * 2)
                    : buffer.clear();
        }
        socket.shutdownOutput();
    }

    private void toKernel(TcpSocket socket) throws IOException {
        byte[] bytes = new byte[FIRST_BUFFER];
        int count;
        while ((count = socket.read(bytes, 0, bytes.length, 0)) >= 0) {
            writingToKernel = true;
            ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, count);
            while (buffer.hasRemaining()) {
                kernel.write(buffer);
            }
            writingToKernel = false;
            if (count == bytes.length && count < LARGEST_BUFFER) {
                bytes = Arrays.copyOf(bytes, count * 2);
            }
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
            return writingToKernel || socket.isConnected() && socket.available() > 0;
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
            LOGGER.log(System.Logger.Level.DEBUG, "Closing a connection to {0}: {1}", target, e.getMessage());
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
}
