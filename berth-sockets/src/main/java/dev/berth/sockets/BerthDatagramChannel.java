package dev.berth.sockets;

import dev.berth.host.Attendance;
import dev.berth.host.Host;
import dev.berth.host.HostClock;
import dev.berth.host.HostSocket;
import dev.berth.host.UdpSocket;
import dev.berth.stack.endpoint.Readiness;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.PortUnreachableException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.MembershipKey;
import java.nio.channels.NotYetConnectedException;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;

/// A `DatagramChannel` on a host. One thread at a time receives and one sends; connecting takes both locks.
final class BerthDatagramChannel extends DatagramChannel implements Selectable {
    private final UdpSocket socket;
    private final boolean ipv4Only;
    private final boolean interruptible;
    private final ChannelKeys keys;
    private final ChannelMemberships memberships;
    private final ReentrantLock readLock = new ReentrantLock();
    private final ReentrantLock writeLock = new ReentrantLock();
    private final Object stateLock = new Object();
    private final BufferSink sink = new BufferSink();
    private final BufferSource source = new BufferSource();

    /// The last sender in both words, for the thread that holds the read lock: most datagrams have the same one.
    private @Nullable Endpoint senderEnd;

    private @Nullable InetSocketAddress sender;
    /// The last target in both words, for the thread that holds the write lock.
    private @Nullable InetSocketAddress target;

    private @Nullable Endpoint targetEnd;
    private volatile @Nullable InetSocketAddress local;
    private volatile @Nullable InetSocketAddress remote;
    private @Nullable DatagramSocket view;

    BerthDatagramChannel(BerthSelectorProvider provider, UdpSocket socket, boolean ipv4Only) {
        this(provider, socket, ipv4Only, true);
    }

    private BerthDatagramChannel(
            BerthSelectorProvider provider, UdpSocket socket, boolean ipv4Only, boolean interruptible) {
        super(provider);
        this.socket = socket;
        this.ipv4Only = ipv4Only;
        this.interruptible = interruptible;
        this.keys = new ChannelKeys(this, socket);
        this.memberships = new ChannelMemberships(this, socket, ipv4Only);
    }

    /// A channel below a socket: an interrupt does not close it, but ends the wait of a virtual thread.
    static BerthDatagramChannel uninterruptible(Host host) throws SocketException {
        try {
            BerthSelectorProvider provider = new BerthSelectorProvider(host);
            return new BerthDatagramChannel(provider, provider.openUdpSocket(), false, false);
        } catch (IOException e) {
            throw Failures.asSocketException(e);
        }
    }

    /// True if an interrupt closes the channel: false if it is below a socket that nobody sees as a channel.
    boolean isInterruptible() {
        return interruptible;
    }

    /// The host that the channel is on.
    Host host() {
        return socket.host();
    }

    private void ensureOpen() throws ClosedChannelException {
        if (!isOpen()) {
            throw new ClosedChannelException();
        }
    }

    private void lockBoth() {
        readLock.lock();
        writeLock.lock();
    }

    private void unlockBoth() {
        writeLock.unlock();
        readLock.unlock();
    }

    // ---- binding and connecting

    @Override
    public DatagramChannel bind(@Nullable SocketAddress address) throws IOException {
        lockBoth();
        try {
            synchronized (stateLock) {
                ensureOpen();
                if (local != null) {
                    throw new AlreadyBoundException();
                }
                bindTo(address);
            }
        } finally {
            unlockBoth();
        }
        return this;
    }

    private void bindTo(@Nullable SocketAddress address) throws IOException {
        if (address == null) {
            socket.bind(Addresses.wildcard(0, ipv4Only));
        } else {
            InetSocketAddress inet = Addresses.check(address, ipv4Only);
            socket.bind(Addresses.local(inet.getAddress(), inet.getPort(), ipv4Only));
        }
        rememberLocal();
    }

    private void rememberLocal() {
        Endpoint end = socket.local();
        local = end == null ? null : Addresses.socketAddress(end, ipv4Only);
    }

    @Override
    public DatagramChannel connect(SocketAddress address) throws IOException {
        return connect(address, true);
    }

    /// Connects; `once` refuses a channel that is connected, as the channel does and its [DatagramSocketView] does
    /// not.
    DatagramChannel connect(SocketAddress address, boolean once) throws IOException {
        InetSocketAddress inet = Addresses.check(address, ipv4Only);
        lockBoth();
        try {
            synchronized (stateLock) {
                ensureOpen();
                if (once && remote != null) {
                    throw new AlreadyConnectedException();
                }
                if (inet.getPort() == 0) {
                    throw new SocketException("Can't connect to port 0");
                }
                // Without a bind: the port is chosen towards the remote end and serves other ones too.
                socket.connect(Addresses.remote(inet.getAddress(), inet.getPort()));
                remote = inet;
                rememberLocal();
                dropReceived();
            }
        } finally {
            unlockBoth();
        }
        return this;
    }

    /// Drops what came in before the channel was connected, as the JDK does: it may be of anybody.
    private void dropReceived() throws IOException {
        int n = 0;
        while (n != HostSocket.UNAVAILABLE) {
            try {
                n = socket.tryReceive(sink, 0);
            } catch (PortUnreachableException _) {
                n = 0; // about what was sent before
            }
        }
    }

    private void ensureBound() throws IOException {
        if (local == null) {
            synchronized (stateLock) {
                if (local == null) {
                    bindTo(null);
                }
            }
        }
    }

    @Override
    public DatagramChannel disconnect() throws IOException {
        lockBoth();
        try {
            synchronized (stateLock) {
                if (isOpen() && remote != null) {
                    socket.disconnect();
                    remote = null;
                    rememberLocal();
                }
            }
        } finally {
            unlockBoth();
        }
        return this;
    }

    @Override
    public boolean isConnected() {
        return isOpen() && remote != null;
    }

    // ---- receiving

    @Override
    public @Nullable SocketAddress receive(ByteBuffer destination) throws IOException {
        BufferSink.checkWritable(destination);
        readLock.lock();
        try {
            ensureOpen();
            boolean blocking = isBlocking();
            SocketAddress from = null;
            try {
                begin(blocking, false);
                int n = receive(sink.to(destination), destination.remaining(), blocking, 0);
                if (n != HostSocket.UNAVAILABLE) {
                    from = sender();
                }
            } finally {
                end(blocking, from != null);
            }
            return from;
        } finally {
            readLock.unlock();
        }
    }

    @Override
    public int read(ByteBuffer destination) throws IOException {
        BufferSink.checkWritable(destination);
        readLock.lock();
        try {
            ensureOpen();
            return read(sink.to(destination), destination.remaining());
        } finally {
            readLock.unlock();
        }
    }

    @Override
    public long read(ByteBuffer[] destinations, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, destinations.length);
        readLock.lock();
        try {
            ensureOpen();
            int room = BufferSink.room(destinations, offset, length);
            return read(sink.to(destinations, offset), room);
        } finally {
            readLock.unlock();
        }
    }

    private int read(BufferSink destination, int room) throws IOException {
        boolean blocking = isBlocking();
        int n = HostSocket.UNAVAILABLE;
        try {
            begin(blocking, true);
            n = room == 0 ? 0 : receive(destination, room, blocking, 0);
        } finally {
            end(blocking, n >= 0);
        }
        return Math.max(n, 0);
    }

    /// A receive of the [DatagramSocketView]: waits at most `nanos`, or without limit for 0. The result is the sender
    /// and the length.
    void blockingReceive(byte[] bytes, int from, int room, long nanos, ObjIntConsumer<InetSocketAddress> result)
            throws IOException {
        readLock.lock();
        try {
            ensureOpen();
            if (!isBlocking()) {
                throw new IllegalBlockingModeException();
            }
            boolean completed = false;
            try {
                begin(true, false);
                int n = socket.receive(bytes, from, room, nanos);
                completed = true;
                result.accept(sender(), n);
            } catch (SocketException e) {
                throw isOpen() ? e : new AsynchronousCloseException();
            } finally {
                end(true, completed);
            }
        } finally {
            readLock.unlock();
        }
    }

    private int receive(BufferSink destination, int room, boolean blocking, long nanos) throws IOException {
        try {
            return blocking ? socket.receive(destination, room, nanos) : socket.tryReceive(destination, room);
        } catch (SocketException e) {
            throw isOpen() ? e : new AsynchronousCloseException();
        } finally {
            destination.release();
        }
    }

    private InetSocketAddress sender() {
        Endpoint end = socket.lastSender();
        InetSocketAddress known = sender;
        if (known == null || !end.equals(senderEnd)) {
            known = Addresses.socketAddress(end, ipv4Only);
            sender = known;
            senderEnd = end;
        }
        return known;
    }

    private void begin(boolean blocking, boolean mustBeConnected) throws IOException {
        if (blocking && interruptible) {
            begin();
        }
        ensureOpen();
        if (mustBeConnected && remote == null) {
            throw new NotYetConnectedException();
        }
        ensureBound();
    }

    private void end(boolean blocking, boolean completed) throws AsynchronousCloseException {
        if (blocking && interruptible) {
            if (!completed && Thread.currentThread().isInterrupted()) {
                begin(); // closes the channel, if the interrupt that ended the wait has not come to that yet
            }
            end(completed);
        } else if (blocking && !completed && !isOpen()) {
            throw new AsynchronousCloseException();
        }
    }

    // ---- sending

    @Override
    public int send(ByteBuffer origin, SocketAddress address) throws IOException {
        Objects.requireNonNull(origin);
        InetSocketAddress inet = Addresses.check(address, ipv4Only);
        writeLock.lock();
        try {
            ensureOpen();
            boolean blocking = isBlocking();
            int n = HostSocket.UNAVAILABLE;
            try {
                begin(blocking, false);
                InetSocketAddress connected = remote;
                if (connected != null) {
                    if (!inet.equals(connected)) {
                        throw new AlreadyConnectedException();
                    }
                    n = send(source.from(origin), origin.remaining(), null, blocking);
                } else {
                    if (inet.getPort() == 0) {
                        throw new SocketException("Can't send to port 0");
                    }
                    n = send(source.from(origin), origin.remaining(), target(inet), blocking);
                }
            } finally {
                end(blocking, n >= 0);
            }
            return Math.max(n, 0);
        } finally {
            writeLock.unlock();
        }
    }

    @Override
    public int write(ByteBuffer origin) throws IOException {
        Objects.requireNonNull(origin);
        writeLock.lock();
        try {
            ensureOpen();
            return write(source.from(origin), origin.remaining());
        } finally {
            writeLock.unlock();
        }
    }

    @Override
    public long write(ByteBuffer[] origins, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, origins.length);
        writeLock.lock();
        try {
            ensureOpen();
            int remaining = BufferSource.remaining(origins, offset, length);
            return write(source.from(origins, offset), remaining);
        } finally {
            writeLock.unlock();
        }
    }

    private int write(BufferSource origin, int length) throws IOException {
        boolean blocking = isBlocking();
        int n = HostSocket.UNAVAILABLE;
        try {
            begin(blocking, true);
            n = send(origin, length, null, blocking);
        } finally {
            end(blocking, n >= 0);
        }
        return Math.max(n, 0);
    }

    private int send(BufferSource origin, int length, @Nullable Endpoint to, boolean blocking) throws IOException {
        try {
            int n = socket.trySend(origin, length, to);
            if (n == HostSocket.UNAVAILABLE && blocking) {
                byte[] datagram = new byte[length];
                origin.transfer(datagram, 0, length);
                socket.send(datagram, 0, length, to);
                n = length;
            }
            return n;
        } catch (SocketException e) {
            throw isOpen() ? e : new AsynchronousCloseException();
        } finally {
            origin.release();
        }
    }

    /// A send of the [DatagramSocketView]; a packet without an address goes to the remote end and gets its address.
    void blockingSend(DatagramPacket packet) throws IOException {
        writeLock.lock();
        try {
            ensureOpen();
            if (!isBlocking()) {
                throw new IllegalBlockingModeException();
            }
            InetSocketAddress to = remote;
            if (packet.getAddress() != null) {
                to = (InetSocketAddress) packet.getSocketAddress();
            } else if (to == null) {
                throw new IllegalArgumentException("Address not set");
            } else {
                packet.setAddress(to.getAddress());
                packet.setPort(to.getPort());
            }
            send(ByteBuffer.wrap(packet.getData(), packet.getOffset(), packet.getLength()), to);
        } finally {
            writeLock.unlock();
        }
    }

    private Endpoint target(InetSocketAddress inet) {
        Endpoint end = targetEnd;
        if (end == null || inet != target) {
            end = Addresses.remote(inet.getAddress(), inet.getPort());
            target = inet;
            targetEnd = end;
        }
        return end;
    }

    // ---- multicast

    @Override
    public MembershipKey join(InetAddress group, NetworkInterface networkInterface) throws IOException {
        Objects.requireNonNull(networkInterface);
        return memberships.join(group, networkInterface, null);
    }

    @Override
    public MembershipKey join(InetAddress group, NetworkInterface networkInterface, InetAddress origin)
            throws IOException {
        Objects.requireNonNull(origin);
        Objects.requireNonNull(networkInterface);
        return memberships.join(group, networkInterface, origin);
    }

    /// The groups of the channel.
    ChannelMemberships memberships() {
        return memberships;
    }

    // ---- closing, addresses, options, readiness

    @Override
    protected void implCloseSelectableChannel() {
        socket.close();
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

    @Override
    public @Nullable SocketAddress getLocalAddress() throws IOException {
        ensureOpen();
        return localAddress();
    }

    @Override
    public @Nullable SocketAddress getRemoteAddress() throws IOException {
        ensureOpen();
        return remote;
    }

    /// The local end, also after closing.
    @Nullable
    InetSocketAddress localAddress() {
        InetSocketAddress known = local;
        if (known != null && known.getPort() == 0) { // a late bind, which may have got its port by a send meanwhile
            synchronized (stateLock) {
                if (isOpen()) {
                    rememberLocal();
                }
            }
        }
        return local;
    }

    /// The remote end, also after closing.
    @Nullable
    InetSocketAddress remoteAddress() {
        return remote;
    }

    @Override
    public <T> DatagramChannel setOption(SocketOption<T> name, T value) throws IOException {
        DatagramOptions.UDP.check(name, value);
        synchronized (stateLock) {
            ensureOpen();
            DatagramOptions.UDP.set(socket, name, value);
            return this;
        }
    }

    /// Sets SO_BROADCAST, which every `DatagramSocket` does, without the table of all options.
    void broadcast(boolean on) throws IOException {
        synchronized (stateLock) {
            ensureOpen();
            socket.broadcast(on);
        }
    }

    @Override
    public <T> T getOption(SocketOption<T> name) throws IOException {
        DatagramOptions.UDP.checkSupported(name);
        synchronized (stateLock) {
            ensureOpen();
            return DatagramOptions.UDP.get(socket, name);
        }
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
        return DatagramOptions.UDP.names();
    }

    @Override
    public DatagramSocket socket() {
        synchronized (stateLock) {
            DatagramSocket present = view;
            if (present == null) {
                present = MulticastSocketView.of(new DatagramSocketView(this));
                view = present;
            }
            return present;
        }
    }

    @Override
    public int readyOps(int interest) {
        if (!isOpen()) {
            return 0;
        }
        int readiness = socket.readiness();
        return readiness == Readiness.ALL ? interest : ChannelKeys.operations(readiness) & interest;
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
        if (!isOpen()) {
            return DatagramChannel.class.getName() + "[closed]";
        }
        return DatagramChannel.class.getName() + "[" + (local == null ? "unbound" : "local=" + local)
                + (remote == null ? "" : ", remote=" + remote) + "]";
    }
}
