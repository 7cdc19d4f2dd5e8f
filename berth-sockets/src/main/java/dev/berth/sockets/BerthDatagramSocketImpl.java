package dev.berth.sockets;

import dev.berth.host.Host;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocketImpl;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.SocketOptions;
import java.net.StandardSocketOptions;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What `java.net.DatagramSocket` and `MulticastSocket` do on a host where there is no agent: a [DatagramSocketView]
/// in the words of `DatagramSocketImpl`.
///
/// One thread at a time receives. An interrupt ends the wait of a virtual thread, not that of a platform thread. What
/// the JDK's wrapper of such an implementation does is not ours to change: most options wait until a running `receive`
/// has returned. [BerthDatagramSockets] makes sockets without it.
public final class BerthDatagramSocketImpl extends DatagramSocketImpl {
    private final Host host;
    private volatile @Nullable DatagramSocketView view;

    /// The implementation of one socket.
    public BerthDatagramSocketImpl(Host host) {
        this.host = Objects.requireNonNull(host);
    }

    @Override
    protected void create() throws SocketException {
        view = DatagramSocketView.open(host);
    }

    private DatagramSocketView view() throws SocketException {
        DatagramSocketView open = view;
        if (open == null || open.isClosed()) {
            throw new SocketException("Socket closed");
        }
        return open;
    }

    @Override
    protected void bind(int port, InetAddress address) throws SocketException {
        view().bind(new InetSocketAddress(address, port));
    }

    @Override
    protected int getLocalPort() {
        DatagramSocketView open = view;
        return open == null ? 0 : open.getLocalPort();
    }

    @Override
    protected void connect(InetAddress address, int port) throws SocketException {
        view().connect(new InetSocketAddress(address, port));
    }

    @Override
    protected void disconnect() {
        DatagramSocketView open = view;
        if (open != null) {
            open.disconnect();
        }
    }

    @Override
    protected void send(DatagramPacket packet) throws IOException {
        view().send(packet);
    }

    @Override
    protected void receive(DatagramPacket packet) throws IOException {
        view().receive(packet);
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
        DatagramSocketView open = view;
        if (open != null) {
            open.close();
        }
    }

    @Override
    protected Set<SocketOption<?>> supportedOptions() {
        return DatagramOptions.UDP.names();
    }

    @Override
    protected <T> void setOption(SocketOption<T> name, T value) throws IOException {
        DatagramOptions.UDP.check(name, value);
        view().setOption(name, value);
    }

    @Override
    protected <T> T getOption(SocketOption<T> name) throws IOException {
        DatagramOptions.UDP.checkSupported(name);
        return view().getOption(name);
    }

    @Override
    public void setOption(int id, Object value) throws SocketException {
        DatagramSocketView open = view();
        if (id == SocketOptions.SO_TIMEOUT) {
            open.setSoTimeout(NumberedOptions.integer(value, "SO_TIMEOUT"));
        } else {
            NumberedOptions.set(id, value, this::setOption);
        }
    }

    @Override
    public Object getOption(int id) throws SocketException {
        DatagramSocketView open = view();
        return switch (id) {
            case SocketOptions.SO_TIMEOUT -> open.getSoTimeout();
            case SocketOptions.SO_BINDADDR -> Objects.requireNonNull(open.getLocalAddress());
            default -> NumberedOptions.get(id, this::getOption);
        };
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
        setOption(StandardSocketOptions.IP_MULTICAST_TTL, ttl);
    }

    @Override
    protected int getTimeToLive() throws IOException {
        return getOption(StandardSocketOptions.IP_MULTICAST_TTL);
    }

    @Override
    protected void join(InetAddress group) throws IOException {
        joinGroup(new InetSocketAddress(group, 0), null);
    }

    @Override
    protected void leave(InetAddress group) throws IOException {
        leaveGroup(new InetSocketAddress(group, 0), null);
    }

    @Override
    protected void joinGroup(SocketAddress group, @Nullable NetworkInterface networkInterface) throws IOException {
        view().joinGroup(group, networkInterface);
    }

    @Override
    protected void leaveGroup(SocketAddress group, @Nullable NetworkInterface networkInterface) throws IOException {
        view().leaveGroup(group, networkInterface);
    }
}
