package dev.berth.sockets;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.berth.host.HostSocket;
import dev.berth.host.TcpSocket;
import dev.berth.stack.endpoint.Readiness;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.CompletionHandler;
import java.nio.channels.ConnectionPendingException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.ReadPendingException;
import java.nio.channels.WritePendingException;
import java.nio.channels.spi.AsynchronousChannelProvider;
import java.util.Arrays;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/// An `AsynchronousSocketChannel` on a host, of both families.
///
/// One connect, one read and one write may be under way ([AsyncSlot]); the observer of the socket's readiness brings
/// them to an end.
final class BerthAsynchronousSocketChannel extends AsynchronousSocketChannel implements AsyncSlot.Source {
    private static final int UNCONNECTED = 0;
    private static final int PENDING = 1;
    private static final int CONNECTED = 2;

    private final TcpSocket socket;
    private final BerthAsynchronousChannelGroup group;
    private final AsyncSlot connects;
    private final AsyncSlot reads;
    private final AsyncSlot writes;
    private final Object stateLock = new Object();
    private volatile boolean closed;
    private volatile int state;
    private volatile @Nullable InetSocketAddress local;
    private volatile @Nullable InetSocketAddress remote;
    private volatile boolean inputShutdown;
    private volatile boolean outputShutdown;

    /// Whether a read has failed because the peer has reset the connection; later ones find its end.
    private volatile boolean reset;

    private BerthAsynchronousSocketChannel(
            AsynchronousChannelProvider provider, BerthAsynchronousChannelGroup group, TcpSocket socket) {
        super(provider);
        this.group = group;
        this.socket = socket;
        this.connects = new AsyncSlot(this, group, Readiness.CONNECTED, this::connectCancelled);
        this.reads = new AsyncSlot(this, group, Readiness.READABLE, () -> {});
        this.writes = new AsyncSlot(this, group, Readiness.WRITABLE, () -> {});
    }

    /// An unconnected channel. Closes the socket if the group takes no more channels.
    static BerthAsynchronousSocketChannel open(
            AsynchronousChannelProvider provider, BerthAsynchronousChannelGroup group, TcpSocket socket) {
        BerthAsynchronousSocketChannel channel = new BerthAsynchronousSocketChannel(provider, group, socket);
        channel.join();
        return channel;
    }

    /// The channel of an accepted connection. Closes the socket if the group takes no more channels.
    static BerthAsynchronousSocketChannel accepted(
            AsynchronousChannelProvider provider, BerthAsynchronousChannelGroup group, TcpSocket socket) {
        BerthAsynchronousSocketChannel channel = new BerthAsynchronousSocketChannel(provider, group, socket);
        channel.remote = Addresses.socketAddress(Objects.requireNonNull(socket.remote()), false);
        channel.rememberLocal();
        channel.state = CONNECTED;
        channel.join();
        return channel;
    }

    private void join() {
        boolean joined = false;
        try {
            group.join(this);
            joined = true;
        } finally {
            if (!joined) {
                socket.close();
            }
        }
        socket.observe(this::tell);
    }

    private void rememberLocal() {
        Endpoint end = socket.local();
        local = end == null ? null : Addresses.socketAddress(end, false);
    }

    /// The socket tells of its readiness; of none at all if it was shut down or closed on this side.
    private void tell(int readiness) {
        int ready = readiness == Readiness.NONE ? Readiness.ALL : readiness;
        writes.ready(ready);
        connects.ready(ready);
        reads.ready(ready);
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    @Override
    public int readiness() {
        return socket.readiness() | (inputShutdown ? Readiness.READABLE : 0);
    }

    private void ensureOpen() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
    }

    @Override
    public void close() {
        synchronized (stateLock) {
            if (closed) {
                return;
            }
            closed = true;
        }
        socket.close(); // a reset if something is unread, as the JDK's asynchronous channels do it
        tell(Readiness.ALL); // what waits fails
        group.leave(this);
    }

    // ---- binding and connecting

    @Override
    public AsynchronousSocketChannel bind(@Nullable SocketAddress address) throws IOException {
        synchronized (stateLock) {
            ensureOpen();
            if (state == PENDING) {
                throw new ConnectionPendingException();
            }
            if (local != null) {
                throw new AlreadyBoundException();
            }
            socket.bind(Addresses.bindEnd(address, false));
            rememberLocal();
            return this;
        }
    }

    @Override
    public Future<Void> connect(SocketAddress address) {
        return connect(address, new AsyncEnding<>(connects));
    }

    @Override
    public <A extends @Nullable Object> void connect(
            SocketAddress address, A attachment, CompletionHandler<Void, ? super A> handler) {
        connect(address, new AsyncEnding<>(handler, attachment));
    }

    @CanIgnoreReturnValue // with a handler there is none
    private Future<Void> connect(SocketAddress address, AsyncEnding<Void> ending) {
        if (closed) {
            return connects.endAtOnce(ending, null, new ClosedChannelException());
        }
        Connect connect = new Connect(Addresses.check(address, false), ending);
        synchronized (stateLock) {
            if (state == CONNECTED) {
                throw new AlreadyConnectedException();
            }
            if (state == PENDING) {
                throw new ConnectionPendingException();
            }
            state = PENDING;
        }
        return connects.begin(connect, 0, TimeUnit.NANOSECONDS, true);
    }

    private final class Connect extends AsyncOperation<Void> {
        private final InetSocketAddress to;
        private boolean begun;

        Connect(InetSocketAddress to, AsyncEnding<Void> ending) {
            super(ending);
            this.to = to;
        }

        @Override
        boolean tryOnce() throws IOException {
            boolean connected;
            if (begun) {
                connected = socket.finishConnect();
            } else {
                begun = true;
                connected = socket.startConnect(Addresses.remote(to.getAddress(), to.getPort()));
            }
            if (connected) {
                synchronized (stateLock) {
                    rememberLocal();
                    remote = to;
                    state = CONNECTED;
                }
            }
            return connected;
        }

        @Override
        void ended() {
            if (failure() != null) {
                close();
            }
        }
    }

    /// A cancelled connect may have made the connection all the same: nothing may be read or written.
    void connectCancelled() {
        reads.kill();
        writes.kill();
    }

    // ---- reading

    @Override
    public Future<Integer> read(ByteBuffer destination) {
        return read(destination, 0, TimeUnit.MILLISECONDS, new AsyncEnding<>(reads));
    }

    @Override
    public <A extends @Nullable Object> void read(
            ByteBuffer destination,
            long timeout,
            TimeUnit unit,
            A attachment,
            CompletionHandler<Integer, ? super A> handler) {
        read(destination, timeout, unit, new AsyncEnding<>(handler, attachment));
    }

    @CanIgnoreReturnValue // with a handler there is none
    private Future<Integer> read(ByteBuffer destination, long timeout, TimeUnit unit, AsyncEnding<Integer> ending) {
        BufferSink.checkWritable(destination);
        BufferSink sink = new BufferSink().to(destination);
        return read(new Read<>(ending, sink, Integer::valueOf), destination.hasRemaining(), timeout, unit);
    }

    @Override
    public <A extends @Nullable Object> void read(
            ByteBuffer[] destinations,
            int offset,
            int length,
            long timeout,
            TimeUnit unit,
            A attachment,
            CompletionHandler<Long, ? super A> handler) {
        AsyncEnding<Long> ending = new AsyncEnding<>(handler, attachment);
        Objects.checkFromIndexSize(offset, length, destinations.length);
        ByteBuffer[] own = Arrays.copyOfRange(destinations, offset, offset + length);
        for (ByteBuffer destination : own) {
            BufferSink.checkWritable(destination);
        }
        read(new Read<>(ending, new BufferSink().to(own, 0), Long::valueOf), true, timeout, unit);
    }

    @CanIgnoreReturnValue // with a handler there is none
    private <V> Future<V> read(Read<V> read, boolean hasRoom, long timeout, TimeUnit unit) {
        if (closed) {
            return reads.endAtOnce(read.ending(), null, new ClosedChannelException());
        }
        ensureConnected();
        reads.ensureNotKilled("Reading");
        if (reads.isBusy()) {
            throw new ReadPendingException();
        }
        if (inputShutdown || !hasRoom) {
            return reads.endAtOnce(read.ending(), read.outcome(inputShutdown ? -1 : 0), null);
        }
        if (!reads.take()) {
            throw new ReadPendingException();
        }
        return reads.begin(read, timeout, unit, true);
    }

    private final class Read<V> extends AsyncOperation<V> {
        private final BufferSink sink;
        private final IntFunction<V> outcome;

        Read(AsyncEnding<V> ending, BufferSink sink, IntFunction<V> outcome) {
            super(ending);
            this.sink = sink;
            this.outcome = outcome;
        }

        V outcome(int octets) {
            return outcome.apply(octets);
        }

        @Override
        boolean tryOnce() throws IOException {
            int room = sink.room();
            int n = reset && room > 0 ? -1 : room == 0 ? 0 : socket.tryRead(sink, room);
            if (n == HostSocket.UNAVAILABLE) {
                return false;
            }
            succeed(outcome(n));
            return true;
        }

        @Override
        Throwable translated(Throwable thrown) {
            if (thrown instanceof SocketException failure) {
                reset |= Failures.isReset(failure);
                return new IOException(failure.getMessage(), failure);
            }
            return thrown;
        }
    }

    // ---- writing

    @Override
    public Future<Integer> write(ByteBuffer origin) {
        return write(origin, 0, TimeUnit.MILLISECONDS, new AsyncEnding<>(writes));
    }

    @Override
    public <A extends @Nullable Object> void write(
            ByteBuffer origin,
            long timeout,
            TimeUnit unit,
            A attachment,
            CompletionHandler<Integer, ? super A> handler) {
        write(origin, timeout, unit, new AsyncEnding<>(handler, attachment));
    }

    @CanIgnoreReturnValue // with a handler there is none
    private Future<Integer> write(ByteBuffer origin, long timeout, TimeUnit unit, AsyncEnding<Integer> ending) {
        BufferSource source = new BufferSource().from(origin);
        return write(new Write<>(ending, source, Integer::valueOf), origin.hasRemaining(), timeout, unit);
    }

    @Override
    public <A extends @Nullable Object> void write(
            ByteBuffer[] origins,
            int offset,
            int length,
            long timeout,
            TimeUnit unit,
            A attachment,
            CompletionHandler<Long, ? super A> handler) {
        AsyncEnding<Long> ending = new AsyncEnding<>(handler, attachment);
        Objects.checkFromIndexSize(offset, length, origins.length);
        ByteBuffer[] own = Arrays.copyOfRange(origins, offset, offset + length);
        write(new Write<>(ending, new BufferSource().from(own, 0), Long::valueOf), true, timeout, unit);
    }

    @CanIgnoreReturnValue // with a handler there is none
    private <V> Future<V> write(Write<V> write, boolean hasOctets, long timeout, TimeUnit unit) {
        if (!closed) {
            ensureConnected();
            writes.ensureNotKilled("Writing");
            if (writes.isBusy()) {
                throw new WritePendingException();
            }
        }
        if (closed || outputShutdown) {
            return writes.endAtOnce(write.ending(), null, new ClosedChannelException());
        }
        if (!hasOctets) {
            return writes.endAtOnce(write.ending(), write.outcome(0), null);
        }
        if (!writes.take()) {
            throw new WritePendingException();
        }
        return writes.begin(write, timeout, unit, true);
    }

    private final class Write<V> extends AsyncOperation<V> {
        private final BufferSource source;
        private final IntFunction<V> outcome;

        Write(AsyncEnding<V> ending, BufferSource source, IntFunction<V> outcome) {
            super(ending);
            this.source = source;
            this.outcome = outcome;
        }

        V outcome(int octets) {
            return outcome.apply(octets);
        }

        @Override
        boolean tryOnce() throws IOException {
            int n = socket.tryWrite(source, source.remaining());
            if (n == HostSocket.UNAVAILABLE) {
                return false;
            }
            succeed(outcome(n));
            return true;
        }

        @Override
        Throwable translated(Throwable thrown) {
            return thrown instanceof SocketException failure ? Failures.ofWrite(failure) : thrown;
        }
    }

    private void ensureConnected() {
        if (remote == null) {
            throw new NotYetConnectedException();
        }
    }

    // ---- shutting down, addresses, options

    @Override
    public AsynchronousSocketChannel shutdownInput() throws IOException {
        synchronized (stateLock) {
            ensureOpen();
            ensureConnected();
            if (!inputShutdown) {
                socket.shutdownInput();
                inputShutdown = true;
            }
        }
        reads.ready(Readiness.READABLE); // what waits has come to the end
        return this;
    }

    @Override
    public AsynchronousSocketChannel shutdownOutput() throws IOException {
        synchronized (stateLock) {
            ensureOpen();
            ensureConnected();
            if (!outputShutdown) {
                socket.shutdownOutput();
                outputShutdown = true;
            }
        }
        writes.ready(Readiness.WRITABLE); // what waits fails
        return this;
    }

    @Override
    public @Nullable SocketAddress getLocalAddress() throws IOException {
        ensureOpen();
        return local;
    }

    @Override
    public @Nullable SocketAddress getRemoteAddress() throws IOException {
        ensureOpen();
        return remote;
    }

    @Override
    public <T> AsynchronousSocketChannel setOption(SocketOption<T> name, T value) throws IOException {
        HostOptions.ASYNCHRONOUS_TCP.checkSupported(name);
        synchronized (stateLock) {
            ensureOpen();
            if (outputShutdown) {
                throw new IOException("Connection has been shutdown for writing");
            }
            HostOptions.ASYNCHRONOUS_TCP.setAsynchronously(socket, name, value);
            return this;
        }
    }

    @Override
    public <T> T getOption(SocketOption<T> name) throws IOException {
        HostOptions.ASYNCHRONOUS_TCP.checkSupported(name);
        synchronized (stateLock) {
            ensureOpen();
            return HostOptions.ASYNCHRONOUS_TCP.get(socket, name);
        }
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
        return HostOptions.ASYNCHRONOUS_TCP.names();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(getClass().getName()).append('[');
        if (closed) {
            return text.append("closed]").toString();
        }
        switch (state) {
            case UNCONNECTED -> text.append("unconnected");
            case PENDING -> text.append("connection-pending");
            default -> {
                text.append("connected");
                text.append(inputShutdown ? " ishut" : "").append(outputShutdown ? " oshut" : "");
            }
        }
        if (local != null) {
            text.append(" local=").append(local);
        }
        if (remote != null) {
            text.append(" remote=").append(remote);
        }
        return text.append(']').toString();
    }
}
