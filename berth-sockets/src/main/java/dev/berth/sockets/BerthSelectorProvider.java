package dev.berth.sockets;

import dev.berth.host.Host;
import dev.berth.host.UdpSocket;
import java.io.IOException;
import java.net.ProtocolFamily;
import java.net.StandardProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Channels and selectors on a host. Use it explicitly, where a library takes a provider, or install it for the whole
/// JVM with [BerthSockets].
///
/// Channels without a family are dual-stack. UNIX-domain channels are those of the JDK, which are there for whoever
/// has not installed Berth, and otherwise where the package `sun.nio.ch` is exported to this module, as the agent
/// does it; where not, opening one throws `UnsupportedOperationException` with the option that exports it. A selector
/// of this provider takes them too, as it does the other channels of the JDK's own provider, wherever they come from.
public class BerthSelectorProvider extends SelectorProvider {
    private final @Nullable Host host;

    /// The channels of `host`.
    public BerthSelectorProvider(Host host) {
        this.host = Objects.requireNonNull(host);
    }

    /// For a provider that finds the host when it is needed, by overriding [#host].
    BerthSelectorProvider() {
        host = null;
    }

    /// The host that the channels are on.
    public Host host() {
        return Objects.requireNonNull(host);
    }

    @Override
    public DatagramChannel openDatagramChannel() throws IOException {
        return new BerthDatagramChannel(this, openUdpSocket(), false);
    }

    @Override
    public DatagramChannel openDatagramChannel(ProtocolFamily family) throws IOException {
        boolean ipv4Only = Addresses.ipv4Only(family);
        return new BerthDatagramChannel(this, openUdpSocket(), ipv4Only);
    }

    UdpSocket openUdpSocket() throws IOException {
        UdpSocket socket = host().openUdpSocket();
        socket.multicastAll(false); // as the JDK's channels
        return socket;
    }

    @Override
    public Pipe openPipe() {
        return new BerthPipe(this);
    }

    @Override
    public AbstractSelector openSelector() {
        return new BerthSelector(this);
    }

    @Override
    public ServerSocketChannel openServerSocketChannel() throws IOException {
        return new BerthServerSocketChannel(this, host().openTcpAcceptor(), false);
    }

    @Override
    public ServerSocketChannel openServerSocketChannel(ProtocolFamily family) throws IOException {
        if (family == StandardProtocolFamily.UNIX) {
            return PlatformProvider.getOrInstalled().openServerSocketChannel(family);
        }
        boolean ipv4Only = Addresses.ipv4Only(family);
        return new BerthServerSocketChannel(this, host().openTcpAcceptor(), ipv4Only);
    }

    @Override
    public SocketChannel openSocketChannel() throws IOException {
        return new BerthSocketChannel(this, host().openTcpSocket(), false);
    }

    @Override
    public SocketChannel openSocketChannel(ProtocolFamily family) throws IOException {
        if (family == StandardProtocolFamily.UNIX) {
            return PlatformProvider.getOrInstalled().openSocketChannel(family);
        }
        boolean ipv4Only = Addresses.ipv4Only(family);
        return new BerthSocketChannel(this, host().openTcpSocket(), ipv4Only);
    }
}
