package dev.berth.sockets;

import dev.berth.host.Host;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.MembershipKey;
import java.nio.channels.UnsupportedAddressTypeException;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A channel as a socket: `DatagramChannel.socket()`, and what is below [MulticastSocketView] and
/// [BerthDatagramSocketImpl]. Receiving holds no lock that an option needs.
final class DatagramSocketView extends DatagramSocket {
    private final BerthDatagramChannel channel;
    private final ChannelOptions options;
    private final PacketRooms rooms = new PacketRooms();
    private volatile int timeoutMillis;

    DatagramSocketView(BerthDatagramChannel channel) {
        super(new BerthDatagramSocketImpl(channel.host())); // never used: all methods are overridden
        this.channel = channel;
        this.options = new ChannelOptions(channel);
    }

    /// A socket on a channel of its own, as `new DatagramSocket(null)` has it: an interrupt does not close it but on a
    /// virtual thread that receives.
    static DatagramSocketView open(Host host) throws SocketException {
        return new DatagramSocketView(BerthDatagramChannel.uninterruptible(host));
    }

    /// What the socket shows.
    BerthDatagramChannel channel() {
        return channel;
    }

    @Override
    public void bind(@Nullable SocketAddress address) throws SocketException {
        InetSocketAddress local = address == null ? new InetSocketAddress(0) : inet(address);
        try {
            channel.bind(local);
        } catch (IOException | RuntimeException e) {
            throw Failures.asSocketException(e);
        }
    }

    private static InetSocketAddress inet(SocketAddress address) {
        if (address instanceof InetSocketAddress inet) {
            return inet;
        }
        throw new UnsupportedAddressTypeException();
    }

    @Override
    public void connect(InetAddress address, int port) {
        if (address == null) {
            throw new IllegalArgumentException("Address can't be null");
        }
        try {
            connectTo(new InetSocketAddress(address, port));
        } catch (SocketException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void connect(SocketAddress address) throws SocketException {
        if (address == null) {
            throw new IllegalArgumentException("Address can't be null");
        }
        connectTo(inet(address));
    }

    private void connectTo(InetSocketAddress address) throws SocketException {
        if (isClosed()) {
            return; // as the JDK has it: a closed socket is not connected, and that is no error
        }
        try {
            channel.connect(address, false);
        } catch (IOException | RuntimeException e) {
            throw Failures.asSocketException(e);
        }
    }

    @Override
    public void disconnect() {
        try {
            channel.disconnect();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public boolean isBound() {
        return channel.localAddress() != null;
    }

    @Override
    public boolean isConnected() {
        return channel.remoteAddress() != null;
    }

    @Override
    public @Nullable InetAddress getInetAddress() {
        InetSocketAddress remote = channel.remoteAddress();
        return remote == null ? null : remote.getAddress();
    }

    @Override
    public int getPort() {
        InetSocketAddress remote = channel.remoteAddress();
        return remote == null ? -1 : remote.getPort();
    }

    @Override
    public @Nullable SocketAddress getRemoteSocketAddress() {
        return channel.remoteAddress();
    }

    @Override
    public @Nullable SocketAddress getLocalSocketAddress() {
        return isClosed() ? null : channel.localAddress();
    }

    @Override
    public void send(DatagramPacket packet) throws IOException {
        synchronized (packet) {
            try {
                channel.blockingSend(packet);
            } catch (AlreadyConnectedException e) {
                throw new IllegalArgumentException("Connected and packet address differ", e);
            } catch (ClosedChannelException e) {
                throw closed(e);
            }
        }
    }

    @Override
    public void receive(DatagramPacket packet) throws IOException {
        synchronized (packet) {
            try {
                int room = rooms.room(packet);
                long nanos = TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
                channel.blockingReceive(packet.getData(), packet.getOffset(), room, nanos, (sender, length) -> {
                    rooms.received(packet, room, length);
                    packet.setSocketAddress(sender);
                });
            } catch (SocketTimeoutException | ClosedByInterruptException e) {
                throw e;
            } catch (InterruptedIOException e) {
                Thread thread = Thread.currentThread();
                if (thread.isVirtual() && thread.isInterrupted()) {
                    close();
                    throw new SocketException("Closed by interrupt");
                }
                throw e;
            } catch (ClosedChannelException e) {
                throw closed(e);
            }
        }
    }

    private static SocketException closed(ClosedChannelException cause) {
        SocketException closed = new SocketException("Socket closed");
        closed.initCause(cause);
        return closed;
    }

    @Override
    public @Nullable InetAddress getLocalAddress() {
        if (isClosed()) {
            return null;
        }
        InetSocketAddress local = channel.localAddress();
        return local == null ? Addresses.anyLocal() : local.getAddress();
    }

    @Override
    public int getLocalPort() {
        if (isClosed()) {
            return -1;
        }
        InetSocketAddress local = channel.localAddress();
        return local == null ? 0 : local.getPort();
    }

    @Override
    public void setSoTimeout(int timeout) throws SocketException {
        timeoutMillis = options.checkTimeout(timeout);
    }

    @Override
    public int getSoTimeout() throws SocketException {
        options.requireOpen();
        return timeoutMillis;
    }

    @Override
    public void setSendBufferSize(int size) throws SocketException {
        options.setSize(StandardSocketOptions.SO_SNDBUF, size, "Invalid send size");
    }

    @Override
    public int getSendBufferSize() throws SocketException {
        return options.get(StandardSocketOptions.SO_SNDBUF);
    }

    @Override
    public void setReceiveBufferSize(int size) throws SocketException {
        options.setSize(StandardSocketOptions.SO_RCVBUF, size, "Invalid receive size");
    }

    @Override
    public int getReceiveBufferSize() throws SocketException {
        return options.get(StandardSocketOptions.SO_RCVBUF);
    }

    @Override
    public void setReuseAddress(boolean on) throws SocketException {
        options.set(StandardSocketOptions.SO_REUSEADDR, on);
    }

    @Override
    public boolean getReuseAddress() throws SocketException {
        return options.get(StandardSocketOptions.SO_REUSEADDR);
    }

    @Override
    public void setBroadcast(boolean on) throws SocketException {
        try {
            channel.broadcast(on);
        } catch (IOException e) {
            throw Failures.asSocketException(e);
        }
    }

    @Override
    public boolean getBroadcast() throws SocketException {
        return options.get(StandardSocketOptions.SO_BROADCAST);
    }

    @Override
    public void setTrafficClass(int value) throws SocketException {
        options.set(StandardSocketOptions.IP_TOS, value);
    }

    @Override
    public int getTrafficClass() throws SocketException {
        return options.get(StandardSocketOptions.IP_TOS);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public boolean isClosed() {
        return !channel.isOpen();
    }

    @Override
    public @Nullable DatagramChannel getChannel() {
        return channel.isInterruptible() ? channel : null; // a channel of nobody else's is not shown
    }

    @Override
    public <T> DatagramSocket setOption(SocketOption<T> name, T value) throws IOException {
        channel.setOption(name, value);
        return this;
    }

    @Override
    public <T> T getOption(SocketOption<T> name) throws IOException {
        return channel.getOption(name);
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
        return channel.supportedOptions();
    }

    @Override
    public void joinGroup(SocketAddress address, @Nullable NetworkInterface networkInterface) throws IOException {
        InetAddress group = group(address);
        NetworkInterface nic = interfaceFor(networkInterface);
        options.requireOpen();
        channel.memberships().joinOnce(group, nic);
    }

    @Override
    public void leaveGroup(SocketAddress address, @Nullable NetworkInterface networkInterface) throws IOException {
        InetAddress group = group(address);
        NetworkInterface nic = interfaceFor(networkInterface);
        options.requireOpen();
        MembershipKey key = channel.memberships().find(group, nic, null);
        if (key == null) {
            throw new SocketException("Not a member of group");
        }
        key.drop();
    }

    private static InetAddress group(SocketAddress address) throws SocketException {
        if (!(address instanceof InetSocketAddress inet)) {
            throw new IllegalArgumentException("Unsupported address type");
        }
        InetAddress group = inet.getAddress();
        if (group == null) {
            throw new IllegalArgumentException("Unresolved address");
        }
        if (!group.isMulticastAddress()) {
            throw new SocketException("Not a multicast address");
        }
        return group;
    }

    /// The interface for a group: the one that is meant, that of IP_MULTICAST_IF, or null for that of the route.
    @SuppressWarnings("NullAway") // the option is null while no interface was chosen
    private @Nullable NetworkInterface interfaceFor(@Nullable NetworkInterface wanted) throws SocketException {
        return wanted != null ? wanted : options.get(StandardSocketOptions.IP_MULTICAST_IF);
    }
}
