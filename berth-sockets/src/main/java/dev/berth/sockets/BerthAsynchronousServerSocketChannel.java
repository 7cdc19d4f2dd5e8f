package dev.berth.sockets;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.stack.endpoint.Readiness;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.channels.AcceptPendingException;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AsynchronousServerSocketChannel;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.CompletionHandler;
import java.nio.channels.NotYetBoundException;
import java.nio.channels.ShutdownChannelGroupException;
import java.nio.channels.spi.AsynchronousChannelProvider;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// An `AsynchronousServerSocketChannel` on a host, of both families. One accept may be under way ([AsyncSlot]).
final class BerthAsynchronousServerSocketChannel extends AsynchronousServerSocketChannel implements AsyncSlot.Source {
    private static final int DEFAULT_BACKLOG = 50;

    private final TcpAcceptor acceptor;
    private final BerthAsynchronousChannelGroup group;
    private final AsyncSlot accepts;
    private final Object stateLock = new Object();
    private volatile boolean closed;
    private volatile @Nullable InetSocketAddress local;

    private BerthAsynchronousServerSocketChannel(
            AsynchronousChannelProvider provider, BerthAsynchronousChannelGroup group, TcpAcceptor acceptor) {
        super(provider);
        this.group = group;
        this.acceptor = acceptor;
        this.accepts = new AsyncSlot(this, group, Readiness.ACCEPTABLE, () -> {});
    }

    /// An unbound channel. Closes the acceptor if the group takes no more channels.
    static BerthAsynchronousServerSocketChannel open(
            AsynchronousChannelProvider provider, BerthAsynchronousChannelGroup group, TcpAcceptor acceptor)
            throws IOException {
        BerthAsynchronousServerSocketChannel channel =
                new BerthAsynchronousServerSocketChannel(provider, group, acceptor);
        boolean joined = false;
        try {
            acceptor.reuseAddress(true); // as the JDK has it for listening sockets on all but Windows
            group.join(channel);
            joined = true;
        } finally {
            if (!joined) {
                acceptor.close();
            }
        }
        acceptor.observe(channel::tell);
        return channel;
    }

    /// The socket tells of its readiness; of none at all if it was closed on this side.
    private void tell(int readiness) {
        accepts.ready(readiness == Readiness.NONE ? Readiness.ALL : readiness);
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    @Override
    public int readiness() {
        return acceptor.readiness();
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
        acceptor.close();
        tell(Readiness.ALL); // what waits fails
        group.leave(this);
    }

    @Override
    public AsynchronousServerSocketChannel bind(@Nullable SocketAddress address, int backlog) throws IOException {
        if (address != null) {
            Addresses.check(address, false);
        }
        synchronized (stateLock) {
            ensureOpen();
            if (local != null) {
                throw new AlreadyBoundException();
            }
            acceptor.bind(Addresses.bindEnd(address, false));
            acceptor.listen(backlog < 1 ? DEFAULT_BACKLOG : backlog);
            local = Addresses.socketAddress(Objects.requireNonNull(acceptor.local()), false);
            return this;
        }
    }

    @Override
    public Future<AsynchronousSocketChannel> accept() {
        return accept(new AsyncEnding<>(accepts));
    }

    @Override
    public <A extends @Nullable Object> void accept(
            A attachment, CompletionHandler<AsynchronousSocketChannel, ? super A> handler) {
        accept(new AsyncEnding<>(handler, attachment));
    }

    @CanIgnoreReturnValue // with a handler there is none
    private Future<AsynchronousSocketChannel> accept(AsyncEnding<AsynchronousSocketChannel> ending) {
        if (closed) {
            return accepts.endAtOnce(ending, null, new ClosedChannelException());
        }
        if (local == null) {
            throw new NotYetBoundException();
        }
        if (accepts.isKilled()) {
            throw new RuntimeException("Accept not allowed due cancellation"); // in the words of the JDK
        }
        if (!accepts.take()) {
            throw new AcceptPendingException();
        }
        return accepts.begin(new Accept(ending), 0, TimeUnit.NANOSECONDS, false);
    }

    private final class Accept extends AsyncOperation<AsynchronousSocketChannel> {
        private @Nullable BerthAsynchronousSocketChannel accepted;

        Accept(AsyncEnding<AsynchronousSocketChannel> ending) {
            super(ending);
        }

        @Override
        boolean tryOnce() throws IOException {
            TcpSocket connection = acceptor.tryAccept();
            if (connection == null) {
                return false;
            }
            try {
                BerthAsynchronousSocketChannel channel =
                        BerthAsynchronousSocketChannel.accepted(provider(), group, connection);
                accepted = channel;
                succeed(channel);
                return true;
            } catch (ShutdownChannelGroupException e) {
                throw new IOException(e);
            }
        }

        @Override
        void discarded() {
            BerthAsynchronousSocketChannel channel = accepted;
            if (channel != null) {
                channel.close();
            }
        }
    }

    // ---- addresses, options

    @Override
    public @Nullable SocketAddress getLocalAddress() throws IOException {
        ensureOpen();
        return local;
    }

    @Override
    public <T> AsynchronousServerSocketChannel setOption(SocketOption<T> name, T value) throws IOException {
        AcceptorOptions.ACCEPTOR.checkSupported(name);
        synchronized (stateLock) {
            ensureOpen();
            AcceptorOptions.ACCEPTOR.setAsynchronously(acceptor, name, value);
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
    public String toString() {
        return getClass().getName() + (closed ? "[closed]" : local == null ? "[unbound]" : "[" + local + "]");
    }
}
