package dev.berth.sockets;

import dev.berth.host.Attendance;
import dev.berth.host.HostClock;
import dev.berth.host.TcpSocket;
import dev.berth.stack.endpoint.Readiness;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ConnectionPendingException;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.NoConnectionPendingException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A `SocketChannel` on a host.
///
/// One thread at a time reads (read lock) and one writes (write lock); connecting and changing the blocking mode take
/// both. Closing takes neither: it closes the host's socket, which wakes whoever waits in it.
final class BerthSocketChannel extends SocketChannel implements Selectable {
    private static final int UNCONNECTED = 0;
    private static final int PENDING = 1;
    private static final int CONNECTED = 2;

    private final TcpSocket socket;
    private final boolean ipv4Only;
    private final ChannelKeys keys;
    private final ChannelReads reads;
    private final ChannelWrites writes;
    private final Object stateLock = new Object();
    private volatile int state;
    private volatile @Nullable InetSocketAddress local;
    private volatile @Nullable InetSocketAddress remote;
    private @Nullable Socket view;

    /// An unconnected channel.
    BerthSocketChannel(BerthSelectorProvider provider, TcpSocket socket, boolean ipv4Only) {
        super(provider);
        this.socket = socket;
        this.ipv4Only = ipv4Only;
        this.keys = new ChannelKeys(this, socket);
        this.reads = new ChannelReads(this, socket);
        this.writes = new ChannelWrites(this, socket);
    }

    /// The channel of an accepted connection.
    static BerthSocketChannel accepted(BerthSelectorProvider provider, TcpSocket socket, boolean ipv4Only) {
        BerthSocketChannel channel = new BerthSocketChannel(provider, socket, ipv4Only);
        channel.remote = Addresses.socketAddress(Objects.requireNonNull(socket.remote()), ipv4Only);
        channel.rememberLocal();
        channel.state = CONNECTED;
        return channel;
    }

    private void rememberLocal() {
        Endpoint end = socket.local();
        local = end == null ? null : Addresses.socketAddress(end, ipv4Only);
    }

    private void ensureOpen() throws ClosedChannelException {
        if (!isOpen()) {
            throw new ClosedChannelException();
        }
    }

    void ensureOpenAndConnected() throws ClosedChannelException {
        ensureOpen();
        if (state != CONNECTED) {
            throw new NotYetConnectedException();
        }
    }

    private void lockBoth() {
        reads.lock();
        writes.lock();
    }

    private void unlockBoth() {
        writes.unlock();
        reads.unlock();
    }

    // ---- reading and writing

    @Override
    public int read(ByteBuffer destination) throws IOException {
        return reads.read(destination);
    }

    @Override
    public long read(ByteBuffer[] destinations, int offset, int length) throws IOException {
        return reads.read(destinations, offset, length);
    }

    /// A read of the [SocketView]: waits at most `nanos`, or without limit for 0.
    int blockingRead(byte[] bytes, int from, int length, long nanos) throws IOException {
        return reads.read(bytes, from, length, nanos);
    }

    @Override
    public int write(ByteBuffer origin) throws IOException {
        return writes.write(origin);
    }

    @Override
    public long write(ByteBuffer[] origins, int offset, int length) throws IOException {
        return writes.write(origins, offset, length);
    }

    /// A write of the [SocketView]: all of it.
    void blockingWrite(byte[] bytes, int from, int length) throws IOException {
        writes.write(bytes, from, length);
    }

    /// Begins an operation that may wait: from here on an interrupt closes the channel.
    void beginBlocking() throws ClosedChannelException {
        begin();
        ensureOpen();
    }

    /// Ends what [#beginBlocking] began.
    ///
    /// @throws AsynchronousCloseException if the thread was interrupted, or the channel was closed before the
    ///     operation was `completed`
    void endBlocking(boolean completed) throws AsynchronousCloseException {
        if (!completed && Thread.currentThread().isInterrupted()) {
            begin(); // closes the channel, if the interrupt that ended the wait has not come to that yet
        }
        end(completed);
    }

    // ---- binding and connecting

    @Override
    public SocketChannel bind(@Nullable SocketAddress address) throws IOException {
        lockBoth();
        try {
            synchronized (stateLock) {
                ensureOpen();
                if (state == PENDING) {
                    throw new ConnectionPendingException();
                }
                if (local != null) {
                    throw new AlreadyBoundException();
                }
                socket.bind(Addresses.bindEnd(address, ipv4Only));
                rememberLocal();
            }
        } finally {
            unlockBoth();
        }
        return this;
    }

    @Override
    public boolean connect(SocketAddress address) throws IOException {
        return connect(address, 0, false);
    }

    /// A connect of the [SocketView]: waits at most `nanos`, or without limit for 0.
    void blockingConnect(SocketAddress address, long nanos) throws IOException {
        connect(address, nanos, true);
    }

    private boolean connect(SocketAddress address, long nanos, boolean mustBlock) throws IOException {
        InetSocketAddress inet = Addresses.check(address, ipv4Only);
        Endpoint end = Addresses.remote(inet.getAddress(), inet.getPort());
        try {
            lockBoth();
            try {
                if (!mustBlock) {
                    ensureOpen();
                } else if (!isBlocking()) {
                    throw new IllegalBlockingModeException();
                }
                return lockedConnect(inet, end, nanos);
            } finally {
                unlockBoth();
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private boolean lockedConnect(InetSocketAddress inet, Endpoint end, long nanos) throws IOException {
        boolean blocking = isBlocking();
        boolean connected = false;
        try {
            beginConnect(blocking, inet.getAddress().isAnyLocalAddress() ? shown(end) : inet);
            if (blocking) {
                socket.connect(end, nanos);
                connected = true;
            } else {
                connected = socket.startConnect(end);
            }
        } finally {
            endConnect(blocking, connected);
        }
        return connected;
    }

    private InetSocketAddress shown(Endpoint end) {
        return Addresses.socketAddress(end, ipv4Only);
    }

    private void beginConnect(boolean blocking, InetSocketAddress to) throws IOException {
        if (blocking) {
            begin();
        }
        synchronized (stateLock) {
            ensureOpen();
            if (state == CONNECTED) {
                throw new AlreadyConnectedException();
            }
            if (state == PENDING) {
                throw new ConnectionPendingException();
            }
            state = PENDING;
            remote = to;
        }
    }

    private void endConnect(boolean blocking, boolean connected) throws AsynchronousCloseException {
        if (blocking) {
            endBlocking(connected);
        }
        if (connected) {
            synchronized (stateLock) {
                rememberLocal();
                state = CONNECTED;
            }
            keys.reconsider(); // the socket has told of its readiness while the channel was still pending
        }
    }

    @Override
    public boolean finishConnect() throws IOException {
        try {
            lockBoth();
            try {
                return isConnected() || lockedFinishConnect();
            } finally {
                unlockBoth();
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private boolean lockedFinishConnect() throws IOException {
        ensureOpen();
        if (state != PENDING) {
            throw new NoConnectionPendingException();
        }
        boolean blocking = isBlocking();
        boolean connected = false;
        try {
            if (blocking) {
                beginBlocking();
                socket.awaitOpen(0);
                connected = true;
            } else {
                connected = socket.finishConnect();
            }
        } finally {
            endConnect(blocking, connected);
        }
        return connected;
    }

    @Override
    public boolean isConnected() {
        return state == CONNECTED && isOpen();
    }

    @Override
    public boolean isConnectionPending() {
        return state == PENDING && isOpen();
    }

    // ---- shutting down and closing

    @Override
    public SocketChannel shutdownInput() throws IOException {
        synchronized (stateLock) {
            ensureOpenAndConnected();
            if (reads.markClosed()) {
                socket.shutdownInput();
            }
            return this;
        }
    }

    @Override
    public SocketChannel shutdownOutput() throws IOException {
        synchronized (stateLock) {
            ensureOpenAndConnected();
            if (writes.markClosed()) {
                socket.shutdownOutput();
            }
            return this;
        }
    }

    boolean isInputShutdown() {
        return reads.isClosed();
    }

    boolean isOutputShutdown() {
        return writes.isClosed();
    }

    @Override
    protected void implCloseSelectableChannel() {
        Closing.close(socket);
    }

    @Override
    protected void implConfigureBlocking(boolean block) throws IOException {
        lockBoth();
        try {
            ensureOpen(); // the host's socket knows no modes: which call is made decides
        } finally {
            unlockBoth();
        }
    }

    // ---- addresses, options, readiness

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

    /// The local end, also after closing.
    @Nullable
    InetSocketAddress localAddress() {
        return local;
    }

    /// The remote end, also after closing.
    @Nullable
    InetSocketAddress remoteAddress() {
        return remote;
    }

    /// Writes an urgent octet; 0 if there is no room.
    int writeUrgent(int octet) throws IOException {
        return writes.writeUrgent(octet);
    }

    /// Octets that can be read at once.
    int available() throws IOException {
        ensureOpenAndConnected();
        return reads.isClosed() ? 0 : socket.available();
    }

    @Override
    public <T> SocketChannel setOption(SocketOption<T> name, T value) throws IOException {
        HostOptions.TCP.check(name, value);
        synchronized (stateLock) {
            ensureOpen();
            HostOptions.TCP.set(socket, name, value);
            return this;
        }
    }

    @Override
    public <T> T getOption(SocketOption<T> name) throws IOException {
        HostOptions.TCP.checkSupported(name);
        synchronized (stateLock) {
            ensureOpen();
            return HostOptions.TCP.get(socket, name);
        }
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
        return HostOptions.TCP.names();
    }

    @Override
    public Socket socket() {
        synchronized (stateLock) {
            Socket present = view;
            if (present == null) {
                present = SocketView.of(this);
                view = present;
            }
            return present;
        }
    }

    @Override
    public int readyOps(int interest) {
        int present = state;
        if (present == UNCONNECTED || !isOpen()) {
            return 0;
        }
        int readiness = socket.readinessSeen();
        if (readiness == Readiness.ALL) {
            return interest; // reset or failed: whatever the program waits for would return at once
        }
        int ops = ChannelKeys.operations(readiness);
        return ops & interest & (present == PENDING ? SelectionKey.OP_CONNECT : ~SelectionKey.OP_CONNECT);
    }

    @Override
    public HostClock clock() {
        return socket.host().clock();
    }

    @Override
    public Attendance attendance() {
        return socket.attendance();
    }

    @Override
    public ChannelKeys selectionKeys() {
        return keys;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(SocketChannel.class.getName()).append('[');
        if (!isOpen()) {
            return text.append("closed]").toString();
        }
        switch (state) {
            case UNCONNECTED -> text.append("unconnected");
            case PENDING -> text.append("connection-pending");
            default -> {
                text.append("connected");
                text.append(reads.isClosed() ? " ishut" : "").append(writes.isClosed() ? " oshut" : "");
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
