package dev.berth.sockets;

import dev.berth.host.Host;
import dev.berth.host.UdpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocketImpl;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.SocketOptions;
import java.net.SocketTimeoutException;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What `java.net.DatagramSocket` and `MulticastSocket` do, on a host.
///
/// One thread at a time receives. An interrupt ends the wait of a virtual thread, not that of a platform thread.
public final class BerthDatagramSocketImpl extends DatagramSocketImpl {
    private final Host host;
    private final TimedLock readLock = new TimedLock();
    private final PacketRooms rooms = new PacketRooms();
    private volatile @Nullable UdpSocket socket;
    private volatile boolean connected;
    private volatile int timeoutMillis;

    /// The implementation of one socket.
    public BerthDatagramSocketImpl(Host host) {
        this.host = Objects.requireNonNull(host);
    }

    @Override
    protected void create() throws SocketException {
        try {
            UdpSocket open = host.openUdpSocket();
            open.multicastAll(false); // as the JDK's sockets
            socket = open;
        } catch (IOException e) {
            throw Failures.asSocketException(e);
        }
    }

    private UdpSocket socket() throws SocketException {
        UdpSocket open = socket;
        if (open == null || !open.isOpen()) {
            throw new SocketException("Socket closed");
        }
        return open;
    }

    @Override
    protected void bind(int port, InetAddress address) throws SocketException {
        UdpSocket open = socket();
        try {
            open.bind(Addresses.local(address, port, false));
        } catch (IOException e) {
            throw Failures.asSocketException(e);
        }
        rememberPort(open);
    }

    private void rememberPort(UdpSocket open) {
        Endpoint end = open.local();
        localPort = end == null ? 0 : end.port();
    }

    @Override
    protected void connect(InetAddress address, int port) throws SocketException {
        UdpSocket open = socket();
        try {
            open.connect(Addresses.remote(address, port));
        } catch (IOException e) {
            throw Failures.asSocketException(e);
        }
        connected = true;
        rememberPort(open);
    }

    @Override
    protected void disconnect() {
        try {
            UdpSocket open = socket();
            open.disconnect();
            connected = false;
            rememberPort(open);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    protected void send(DatagramPacket packet) throws IOException {
        Endpoint to = connected ? null : Addresses.remote(packet.getAddress(), packet.getPort());
        UdpSocket open = socket();
        open.send(packet.getData(), packet.getOffset(), packet.getLength(), to);
        if (localPort == 0) {
            rememberPort(open);
        }
    }

    @Override
    protected void receive(DatagramPacket packet) throws IOException {
        try {
            long nanos = readLock.lock(timeoutMillis, "Receive timed out");
            try {
                UdpSocket open = socket();
                int room = rooms.room(packet);
                int length = open.receive(packet.getData(), packet.getOffset(), room, nanos);
                rooms.received(packet, room, length);
                packet.setSocketAddress(Addresses.socketAddress(open.lastSender(), false));
            } finally {
                readLock.unlock();
            }
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (InterruptedIOException e) {
            close(); // as DatagramSocket has it for virtual threads
            SocketException closed = new SocketException("Closed by interrupt");
            closed.initCause(e);
            throw closed;
        }
    }

    @Override
    protected int peek(InetAddress sender) throws IOException {
        throw new SocketException("Peeking at datagrams is not supported");
    }

    @Override
    protected int peekData(DatagramPacket packet) throws IOException {
        throw new SocketException("Peeking at datagrams is not supported");
    }

    @Override
    protected void close() {
        UdpSocket open = socket;
        if (open != null) {
            open.close();
        }
    }

    @Override
    protected Set<SocketOption<?>> supportedOptions() {
        return HostOptions.UDP.names();
    }

    @Override
    protected <T> void setOption(SocketOption<T> name, T value) throws IOException {
        HostOptions.UDP.check(name, value);
        HostOptions.UDP.set(socket(), name, value);
    }

    @Override
    protected <T> T getOption(SocketOption<T> name) throws IOException {
        return HostOptions.UDP.get(socket(), name);
    }

    @Override
    public void setOption(int id, Object value) throws SocketException {
        socket();
        if (id == SocketOptions.SO_TIMEOUT) {
            timeoutMillis = NumberedOptions.integer(value, "SO_TIMEOUT");
            return;
        }
        try {
            NumberedOptions.set(id, value, this::setOption);
        } catch (SocketException e) {
            throw e;
        } catch (IOException | IllegalArgumentException | UnsupportedOperationException e) {
            throw NumberedOptions.failed(e);
        }
    }

    @Override
    public Object getOption(int id) throws SocketException {
        UdpSocket open = socket();
        if (id == SocketOptions.SO_TIMEOUT) {
            return timeoutMillis;
        }
        if (id == SocketOptions.SO_BINDADDR) {
            Endpoint end = open.local();
            return end == null ? new InetSocketAddress(0).getAddress() : Addresses.inetAddress(end.address(), false);
        }
        try {
            return NumberedOptions.get(id, this::getOption);
        } catch (SocketException e) {
            throw e;
        } catch (IOException | UnsupportedOperationException e) {
            throw NumberedOptions.failed(e);
        }
    }

    @Override
    @Deprecated
    @SuppressWarnings("removal")
    protected void setTTL(byte ttl) throws IOException {
        setTimeToLive(Byte.toUnsignedInt(ttl));
    }

    @Override
    @Deprecated
    @SuppressWarnings("removal")
    protected byte getTTL() throws IOException {
        return (byte) getTimeToLive();
    }

    @Override
    protected void setTimeToLive(int ttl) throws IOException {
        socket().multicastTimeToLive(ttl);
    }

    @Override
    protected int getTimeToLive() throws IOException {
        return socket().multicastTimeToLive();
    }

    @Override
    protected void join(InetAddress group) throws IOException {
        UdpSocket open = socket();
        open.join(Addresses.ipAddress(group), open.multicastInterface());
    }

    @Override
    protected void leave(InetAddress group) throws IOException {
        UdpSocket open = socket();
        open.leave(Addresses.ipAddress(group), open.multicastInterface());
    }

    @Override
    protected void joinGroup(SocketAddress group, @Nullable NetworkInterface networkInterface) throws IOException {
        socket().join(address(group), nic(networkInterface));
    }

    @Override
    protected void leaveGroup(SocketAddress group, @Nullable NetworkInterface networkInterface) throws IOException {
        socket().leave(address(group), nic(networkInterface));
    }

    private static IpAddress address(SocketAddress group) {
        if (group instanceof InetSocketAddress inet && inet.getAddress() != null) {
            return Addresses.ipAddress(inet.getAddress());
        }
        throw new IllegalArgumentException("Unsupported address type");
    }

    private int nic(@Nullable NetworkInterface networkInterface) throws IOException {
        return networkInterface == null
                ? socket().multicastInterface()
                : HostInterfaces.indexOf(host, networkInterface);
    }
}
