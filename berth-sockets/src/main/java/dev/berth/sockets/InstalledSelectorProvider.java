package dev.berth.sockets;

import dev.berth.host.Host;
import java.io.IOException;
import java.net.ProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;

/// The selector provider of a JVM in which [BerthSockets] were installed: what the system property
/// `java.nio.channels.spi.SelectorProvider` names. The JDK makes one when the first channel is opened.
///
/// A channel is on the host of the [HostScope] of the thread that opens it. Where there is none it is the kernel's, if
/// the JDK's own provider is open to Berth.
public final class InstalledSelectorProvider extends BerthSelectorProvider {
    /// For the JDK.
    public InstalledSelectorProvider() {
        super();
    }

    /// The host that channels of the current thread are on.
    ///
    /// @throws IllegalStateException if there is none
    @Override
    public Host host() {
        return HostScope.requiredHost();
    }

    private static boolean hosted() {
        return HostScope.host() != null;
    }

    private static SelectorProvider platform() {
        try {
            return PlatformProvider.get();
        } catch (UnsupportedOperationException e) {
            IllegalStateException failure = HostScope.none();
            failure.addSuppressed(e);
            throw failure;
        }
    }

    @Override
    public DatagramChannel openDatagramChannel() throws IOException {
        return hosted() ? super.openDatagramChannel() : platform().openDatagramChannel();
    }

    @Override
    public DatagramChannel openDatagramChannel(ProtocolFamily family) throws IOException {
        return hosted() ? super.openDatagramChannel(family) : platform().openDatagramChannel(family);
    }

    @Override
    public ServerSocketChannel openServerSocketChannel() throws IOException {
        return hosted() ? super.openServerSocketChannel() : platform().openServerSocketChannel();
    }

    @Override
    public ServerSocketChannel openServerSocketChannel(ProtocolFamily family) throws IOException {
        return hosted() ? super.openServerSocketChannel(family) : platform().openServerSocketChannel(family);
    }

    @Override
    public SocketChannel openSocketChannel() throws IOException {
        return hosted() ? super.openSocketChannel() : platform().openSocketChannel();
    }

    @Override
    public SocketChannel openSocketChannel(ProtocolFamily family) throws IOException {
        return hosted() ? super.openSocketChannel(family) : platform().openSocketChannel(family);
    }
}
