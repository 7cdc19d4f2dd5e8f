package dev.berth.sockets;

/// The selector provider of a JVM in which [BerthSockets] were installed: what the system property
/// `java.nio.channels.spi.SelectorProvider` names. The JDK makes one when the first channel is opened.
public final class InstalledSelectorProvider extends BerthSelectorProvider {
    /// The channels of the installed host.
    ///
    /// @throws IllegalStateException if nothing is installed
    public InstalledSelectorProvider() {
        super(BerthSockets.installedHost());
    }
}
