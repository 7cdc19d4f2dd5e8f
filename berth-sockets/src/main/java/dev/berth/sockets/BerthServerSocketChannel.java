package dev.berth.sockets;

import dev.berth.host.Attendance;
import dev.berth.host.Host;
import dev.berth.host.HostClock;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.stack.endpoint.Readiness;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.NotYetBoundException;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A `ServerSocketChannel` on a host. One thread at a time accepts.
final class BerthServerSocketChannel extends ServerSocketChannel implements Selectable {
    private static final int DEFAULT_BACKLOG = 50;

    private final BerthSelectorProvider berth;
    private final TcpAcceptor acceptor;
    private final boolean ipv4Only;
    private final ChannelKeys keys;
    private final ReentrantLock acceptLock = new ReentrantLock();
    private final Object stateLock = new Object();
    private volatile @Nullable InetSocketAddress local;
    private @Nullable ServerSocket view;

    BerthServerSocketChannel(BerthSelectorProvider provider, TcpAcceptor acceptor, boolean ipv4Only)
            throws IOException {
        super(provider);
        this.berth = provider;
        this.acceptor = acceptor;
        this.ipv4Only = ipv4Only;
        this.keys = new ChannelKeys(this, acceptor);
        acceptor.reuseAddress(true); // as the JDK has it for listening sockets on all but Windows
    }

    /// The host that the channel is on.
    Host host() {
        return acceptor.host();
    }

    private void ensureOpen() throws ClosedChannelException {
        if (!isOpen()) {
            throw new ClosedChannelException();
        }
    }

    @Override
    public ServerSocketChannel bind(@Nullable SocketAddress address, int backlog) throws IOException {
        synchronized (stateLock) {
            ensureOpen();
            if (local != null) {
                throw new AlreadyBoundException();
            }
            acceptor.bind(Addresses.bindEnd(address, ipv4Only));
            acceptor.listen(backlog < 1 ? DEFAULT_BACKLOG : backlog);
            local = Addresses.socketAddress(Objects.requireNonNull(acceptor.local()), ipv4Only);
        }
        return this;
    }

    @Override
    public @Nullable SocketChannel accept() throws IOException {
        return accept(0, false);
    }

    /// An accept of the [ServerSocketView]: waits at most `nanos`.
    SocketChannel blockingAccept(long nanos) throws IOException {
        return Objects.requireNonNull(accept(nanos, true));
    }

    private @Nullable SocketChannel accept(long nanos, boolean mustBlock) throws IOException {
        TcpSocket connection = null;
        acceptLock.lock();
        try {
            ensureOpen();
            boolean blocking = isBlocking();
            if (mustBlock && !blocking) {
                throw new IllegalBlockingModeException();
            }
            try {
                beginAccept(blocking);
                connection = blocking ? acceptor.accept(nanos) : acceptor.tryAccept();
            } catch (SocketException e) {
                throw isOpen() ? e : new AsynchronousCloseException();
            } finally {
                if (blocking) {
                    endAccept(connection);
                }
            }
        } finally {
            acceptLock.unlock();
        }
        return connection == null ? null : BerthSocketChannel.accepted(berth, connection, ipv4Only);
    }

    private void beginAccept(boolean blocking) throws ClosedChannelException {
        if (blocking) {
            begin();
        }
        ensureOpen();
        if (local == null) {
            throw new NotYetBoundException();
        }
    }

    private void endAccept(@Nullable TcpSocket connection) throws AsynchronousCloseException {
        if (connection == null && Thread.currentThread().isInterrupted()) {
            begin(); // closes the channel, if the interrupt that ended the wait has not come to that yet
        }
        try {
            end(connection != null);
        } catch (AsynchronousCloseException e) {
            if (connection != null) {
                connection.close(); // interrupted just after the accept: nobody will get it
            }
            throw e;
        }
    }

    @Override
    protected void implCloseSelectableChannel() {
        acceptor.close();
    }

    @Override
    protected void implConfigureBlocking(boolean block) throws IOException {
        acceptLock.lock();
        try {
            ensureOpen(); // the host's socket knows no modes: which call is made decides
        } finally {
            acceptLock.unlock();
        }
    }

    @Override
    public @Nullable SocketAddress getLocalAddress() throws IOException {
        ensureOpen();
        return local;
    }

    /// The local end, also after closing.
    @Nullable
    InetSocketAddress localAddress() {
        return local;
    }

    @Override
    public <T> ServerSocketChannel setOption(SocketOption<T> name, T value) throws IOException {
        AcceptorOptions.ACCEPTOR.check(name, value);
        synchronized (stateLock) {
            ensureOpen();
            AcceptorOptions.ACCEPTOR.set(acceptor, name, value);
            return this;
        }
    }

    @Override
    public <T> T getOption(SocketOption<T> name) throws IOException {
        AcceptorOptions.ACCEPTOR.checkSupported(name);
        synchronized (stateLock) {
            ensureOpen();
            return AcceptorOptions.ACCEPTOR.get(acceptor, name);
        }
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
        return AcceptorOptions.ACCEPTOR.names();
    }

    @Override
    public ServerSocket socket() {
        synchronized (stateLock) {
            ServerSocket present = view;
            if (present == null) {
                present = new ServerSocketView(this);
                view = present;
            }
            return present;
        }
    }

    @Override
    public int readyOps(int interest) {
        return isOpen() && (acceptor.readiness() & Readiness.ACCEPTABLE) != 0 ? interest & SelectionKey.OP_ACCEPT : 0;
    }

    @Override
    public HostClock clock() {
        return acceptor.host().clock();
    }

    @Override
    public Attendance attendance() {
        return acceptor.attendance();
    }

    @Override
    public ChannelKeys selectionKeys() {
        return keys;
    }

    @Override
    public String toString() {
        return ServerSocketChannel.class.getName()
                + (!isOpen() ? "[closed]" : local == null ? "[unbound]" : "[" + local + "]");
    }
}
