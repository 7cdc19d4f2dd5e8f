package dev.berth.sockets;

import dev.berth.host.Host;

/// The asynchronous channels of a JVM in which [BerthSockets] were installed: what the system property
/// `java.nio.channels.spi.AsynchronousChannelProvider` names. The JDK makes one when the first such channel is opened.
///
/// A channel is on the host of the [HostScope] of the thread that opens it.
public final class InstalledAsynchronousChannelProvider extends BerthAsynchronousChannelProvider {
    /// For the JDK.
    public InstalledAsynchronousChannelProvider() {
        super();
    }

    /// The host that channels of the current thread are on.
    ///
    /// @throws IllegalStateException if there is none
    @Override
    public Host host() {
        return HostScope.requiredHost();
    }
}
