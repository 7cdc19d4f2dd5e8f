package dev.berth.sockets;

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

/// A channel as a socket: `DatagramChannel.socket()`. Receiving holds no lock that an option needs.
final class DatagramSocketView extends DatagramSocket {
    private final BerthDatagramChannel channel;
    private final PacketRooms rooms = new PacketRooms();
    private volatile int timeoutMillis;

    DatagramSocketView(BerthDatagramChannel channel) {
        super(new UnusedDatagramSocket());
        this.channel = channel;
    }

    @Override
    public void bind(@Nullable SocketAddress address) throws SocketException {
        try {
            channel.bind(address == null ? new InetSocketAddress(0) : inet(address));
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
                InetSocketAddress to = packet.getAddress() == null ? null : inet(packet.getSocketAddress());
                InetSocketAddress remote = channel.remoteAddress();
                if (to == null && remote != null) {
                    packet.setAddress(remote.getAddress());
                    packet.setPort(remote.getPort());
                }
                channel.blockingSend(packet.getData(), packet.getOffset(), packet.getLength(), to);
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
                channel.blockingReceive(packet.getData(), packet.getOffset(), room, nanos, (length, sender) -> {
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
        return local == null ? new InetSocketAddress(0).getAddress() : local.getAddress();
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
        ensureOpen();
        if (timeout < 0) {
            throw new IllegalArgumentException("timeout < 0");
        }
        timeoutMillis = timeout;
    }

    @Override
    public int getSoTimeout() throws SocketException {
        ensureOpen();
        return timeoutMillis;
    }

    private void ensureOpen() throws SocketException {
        if (isClosed()) {
            throw new SocketException("Socket is closed");
        }
    }

    private <T> void set(SocketOption<T> name, T value) throws SocketException {
        try {
            channel.setOption(name, value);
        } catch (IOException e) {
            throw Failures.asSocketException(e);
        }
    }

    private <T> T get(SocketOption<T> name) throws SocketException {
        try {
            return channel.getOption(name);
        } catch (IOException e) {
            throw Failures.asSocketException(e);
        }
    }

    @Override
    public void setSendBufferSize(int size) throws SocketException {
        if (size <= 0) {
            throw new IllegalArgumentException("Invalid send size");
        }
        set(StandardSocketOptions.SO_SNDBUF, size);
    }

    @Override
    public int getSendBufferSize() throws SocketException {
        return get(StandardSocketOptions.SO_SNDBUF);
    }

    @Override
    public void setReceiveBufferSize(int size) throws SocketException {
        if (size <= 0) {
            throw new IllegalArgumentException("Invalid receive size");
        }
        set(StandardSocketOptions.SO_RCVBUF, size);
    }

    @Override
    public int getReceiveBufferSize() throws SocketException {
        return get(StandardSocketOptions.SO_RCVBUF);
    }

    @Override
    public void setReuseAddress(boolean on) throws SocketException {
        set(StandardSocketOptions.SO_REUSEADDR, on);
    }

    @Override
    public boolean getReuseAddress() throws SocketException {
        return get(StandardSocketOptions.SO_REUSEADDR);
    }

    @Override
    public void setBroadcast(boolean on) throws SocketException {
        set(StandardSocketOptions.SO_BROADCAST, on);
    }

    @Override
    public boolean getBroadcast() throws SocketException {
        return get(StandardSocketOptions.SO_BROADCAST);
    }

    @Override
    public void setTrafficClass(int value) throws SocketException {
        set(StandardSocketOptions.IP_TOS, value);
    }

    @Override
    public int getTrafficClass() throws SocketException {
        return get(StandardSocketOptions.IP_TOS);
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
    public DatagramChannel getChannel() {
        return channel;
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
    public void joinGroup(SocketAddress group, NetworkInterface networkInterface) throws IOException {
        ensureOpen();
        InetAddress address = inet(group).getAddress();
        if (!address.isMulticastAddress()) {
            throw new SocketException("Not a multicast address");
        }
        if (channel.memberships().find(address, networkInterface, null) != null) {
            throw new SocketException("Already a member of the group");
        }
        channel.join(address, networkInterface);
    }

    @Override
    public void leaveGroup(SocketAddress group, NetworkInterface networkInterface) throws IOException {
        ensureOpen();
        InetAddress address = inet(group).getAddress();
        if (!address.isMulticastAddress()) {
            throw new SocketException("Not a multicast address");
        }
        MembershipKey key = channel.memberships().find(address, networkInterface, null);
        if (key == null) {
            throw new SocketException("Not a member of the group");
        }
        key.drop();
    }
}
