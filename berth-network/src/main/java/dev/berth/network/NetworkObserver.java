package dev.berth.network;

import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.wire.Packet;

/// Sees what happens on a network, from its first host on: for captures and statistics. See
/// [NetworkBuilder#observer]. Called on whatever thread does it, several at once under the system's time.
public interface NetworkObserver {
    /// Puts something around a link of a host that the network starts, such as a capture; also when it starts again.
    ///
    /// @param host the host's name
    default Link linked(String host, Link link) {
        return link;
    }

    /// A host runs, for the first time or again.
    default void started(Host host) {}

    /// A fault or a link drops a packet, or nobody has its destination. The packet must be left as it is and not be
    /// kept. Must be quick, and neither block nor throw.
    ///
    /// @param why in a few words; the same words for the same reason
    default void dropped(Packet packet, String why) {}
}
