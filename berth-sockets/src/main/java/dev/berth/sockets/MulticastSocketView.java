package dev.berth.sockets;

import dev.berth.host.Host;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.MulticastSocket;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.channels.DatagramChannel;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A [DatagramSocketView] with what `MulticastSocket` adds; it exists only where `java.net` is open ([JavaNet]).
final class MulticastSocketView extends MulticastSocket {
    private final DatagramSocketView view;
    private final ChannelOptions options;

    /// Held while the hop limit is that of a single datagram.
    private final ReentrantLock sendLock = new ReentrantLock();

    private final Object interfaceLock = new Object();
    private @Nullable NetworkInterface chosenInterface;
    private @Nullable InetAddress chosenAddress;

    private MulticastSocketView(SocketAddress noDelegate, DatagramSocketView view) throws IOException {
        super(noDelegate);
        this.view = view;
        this.options = new ChannelOptions(view.channel());
    }

    /// The same socket with multicast methods, as the JDK's channels have it, if that can be done; otherwise `view`.
    static DatagramSocket of(DatagramSocketView view) {
        SocketAddress noDelegate = JavaNet.noDelegate();
        return noDelegate == null ? view : of(noDelegate, view);
    }

    private static MulticastSocket of(SocketAddress noDelegate, DatagramSocketView view) {
        try {
            return new MulticastSocketView(noDelegate, view);
        } catch (IOException e) {
            throw new AssertionError("The constructor opens nothing", e);
        }
    }

    /// An unbound socket on `host` whose channel nobody else has.
    ///
    /// @throws UnsupportedOperationException if `java.net` is closed to this module
    static MulticastSocket open(Host host) throws SocketException {
        SocketAddress noDelegate = JavaNet.noDelegate();
        if (noDelegate == null) {
            throw new UnsupportedOperationException("java.net is closed to Berth: the agent opens it, and so does"
                    + " --add-opens java.base/java.net=dev.berth.sockets");
        }
        return of(noDelegate, DatagramSocketView.open(host));
    }

    // ---- multicast

    @Override
    @Deprecated
    @SuppressWarnings("removal")
    public void setTTL(byte ttl) throws IOException {
        setTimeToLive(Byte.toUnsignedInt(ttl));
    }

    @Override
    @Deprecated
    @SuppressWarnings("removal")
    public byte getTTL() throws IOException {
        return (byte) getTimeToLive();
    }

    @Override
    public void setTimeToLive(int ttl) throws IOException {
        sendLock.lock();
        try {
            options.set(StandardSocketOptions.IP_MULTICAST_TTL, ttl);
        } finally {
            sendLock.unlock();
        }
    }

    @Override
    public int getTimeToLive() throws IOException {
        sendLock.lock();
        try {
            return options.get(StandardSocketOptions.IP_MULTICAST_TTL);
        } finally {
            sendLock.unlock();
        }
    }

    @Override
    @Deprecated
    @SuppressWarnings("removal")
    public void send(DatagramPacket packet, byte ttl) throws IOException {
        sendLock.lock();
        try {
            int before = getTimeToLive();
            try {
                setTTL(ttl);
                send(packet);
            } finally {
                setTimeToLive(before);
            }
        } finally {
            sendLock.unlock();
        }
    }

    @FunctionalInterface
    private interface GroupAction {
        void on(SocketAddress group) throws IOException;
    }

    @Override
    @Deprecated
    public void joinGroup(InetAddress group) throws IOException {
        onAnyInterface(group, address -> joinGroup(address, null), "joinGroup failed");
    }

    @Override
    @Deprecated
    public void leaveGroup(InetAddress group) throws IOException {
        onAnyInterface(group, address -> leaveGroup(address, null), "leaveGroup failed");
    }

    private static void onAnyInterface(InetAddress group, GroupAction action, String otherwise) throws IOException {
        Objects.requireNonNull(group);
        try {
            action.on(new InetSocketAddress(group, 0));
        } catch (IllegalArgumentException e) {
            throw new SocketException(otherwise, e);
        }
    }

    @Override
    public void joinGroup(SocketAddress group, @Nullable NetworkInterface networkInterface) throws IOException {
        view.joinGroup(group, networkInterface);
    }

    @Override
    public void leaveGroup(SocketAddress group, @Nullable NetworkInterface networkInterface) throws IOException {
        view.leaveGroup(group, networkInterface);
    }

    @Override
    @Deprecated
    public void setInterface(InetAddress address) throws SocketException {
        if (address == null) {
            throw new SocketException("Invalid value 'null'");
        }
        NetworkInterface nic = NetworkInterface.getByInetAddress(address);
        if (nic == null) {
            throw new SocketException("No network interface found with address " + address.getHostAddress());
        }
        synchronized (interfaceLock) {
            setNetworkInterface(nic);
            chosenInterface = nic;
            chosenAddress = address;
        }
    }

    @Override
    @Deprecated
    public @Nullable InetAddress getInterface() throws SocketException {
        synchronized (interfaceLock) {
            NetworkInterface nic = multicastInterface();
            if (nic == null) {
                return Addresses.anyLocal();
            }
            if (!nic.equals(chosenInterface)) {
                chosenInterface = nic;
                chosenAddress = nic.inetAddresses().findFirst().orElse(null);
            }
            return chosenAddress;
        }
    }

    @Override
    public void setNetworkInterface(NetworkInterface nic) throws SocketException {
        options.set(StandardSocketOptions.IP_MULTICAST_IF, nic);
    }

    @Override
    public NetworkInterface getNetworkInterface() throws SocketException {
        NetworkInterface nic = multicastInterface();
        return nic == null ? JavaNet.anyInterface(Addresses.anyLocal()) : nic;
    }

    @SuppressWarnings("NullAway") // the option is null while no interface was chosen
    private @Nullable NetworkInterface multicastInterface() throws SocketException {
        return options.get(StandardSocketOptions.IP_MULTICAST_IF);
    }

    @Override
    @Deprecated
    public void setLoopbackMode(boolean disable) throws SocketException {
        options.set(StandardSocketOptions.IP_MULTICAST_LOOP, !disable);
    }

    @Override
    @Deprecated
    public boolean getLoopbackMode() throws SocketException {
        return !options.get(StandardSocketOptions.IP_MULTICAST_LOOP);
    }

    // ---- what every datagram socket has

    @Override
    public void bind(@Nullable SocketAddress address) throws SocketException {
        view.bind(address);
    }

    @Override
    public void connect(InetAddress address, int port) {
        view.connect(address, port);
    }

    @Override
    public void connect(SocketAddress address) throws SocketException {
        view.connect(address);
    }

    @Override
    public void disconnect() {
        view.disconnect();
    }

    @Override
    public boolean isBound() {
        return view.isBound();
    }

    @Override
    public boolean isConnected() {
        return view.isConnected();
    }

    @Override
    public @Nullable InetAddress getInetAddress() {
        return view.getInetAddress();
    }

    @Override
    public int getPort() {
        return view.getPort();
    }

    @Override
    public @Nullable SocketAddress getRemoteSocketAddress() {
        return view.getRemoteSocketAddress();
    }

    @Override
    public @Nullable SocketAddress getLocalSocketAddress() {
        return view.getLocalSocketAddress();
    }

    @Override
    public void send(DatagramPacket packet) throws IOException {
        view.send(packet);
    }

    @Override
    public void receive(DatagramPacket packet) throws IOException {
        view.receive(packet);
    }

    @Override
    public @Nullable InetAddress getLocalAddress() {
        return view.getLocalAddress();
    }

    @Override
    public int getLocalPort() {
        return view.getLocalPort();
    }

    @Override
    public void setSoTimeout(int timeout) throws SocketException {
        view.setSoTimeout(timeout);
    }

    @Override
    public int getSoTimeout() throws SocketException {
        return view.getSoTimeout();
    }

    @Override
    public void setSendBufferSize(int size) throws SocketException {
        view.setSendBufferSize(size);
    }

    @Override
    public int getSendBufferSize() throws SocketException {
        return view.getSendBufferSize();
    }

    @Override
    public void setReceiveBufferSize(int size) throws SocketException {
        view.setReceiveBufferSize(size);
    }

    @Override
    public int getReceiveBufferSize() throws SocketException {
        return view.getReceiveBufferSize();
    }

    @Override
    public void setReuseAddress(boolean on) throws SocketException {
        view.setReuseAddress(on);
    }

    @Override
    public boolean getReuseAddress() throws SocketException {
        return view.getReuseAddress();
    }

    @Override
    public void setBroadcast(boolean on) throws SocketException {
        view.setBroadcast(on);
    }

    @Override
    public boolean getBroadcast() throws SocketException {
        return view.getBroadcast();
    }

    @Override
    public void setTrafficClass(int value) throws SocketException {
        view.setTrafficClass(value);
    }

    @Override
    public int getTrafficClass() throws SocketException {
        return view.getTrafficClass();
    }

    @Override
    public void close() {
        view.close();
    }

    @Override
    public boolean isClosed() {
        return view.isClosed();
    }

    @Override
    public @Nullable DatagramChannel getChannel() {
        return view.getChannel();
    }

    @Override
    public <T> T getOption(SocketOption<T> name) throws IOException {
        return view.getOption(name);
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
        return view.supportedOptions();
    }

    @Override
    public <T> DatagramSocket setOption(SocketOption<T> name, T value) throws IOException {
        view.setOption(name, value);
        return this;
    }
}
