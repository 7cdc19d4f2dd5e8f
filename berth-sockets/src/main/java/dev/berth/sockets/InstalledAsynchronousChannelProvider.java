package dev.berth.sockets;

/// The asynchronous channels of a JVM in which [BerthSockets] were installed: what the system property
/// `java.nio.channels.spi.AsynchronousChannelProvider` names. The JDK makes one when the first such channel is
/// opened.
public final class InstalledAsynchronousChannelProvider extends BerthAsynchronousChannelProvider {
    /// The channels of the installed host.
    ///
    /// @throws IllegalStateException if nothing is installed
    public InstalledAsynchronousChannelProvider() {
        super(BerthSockets.installedHost());
    }
}
