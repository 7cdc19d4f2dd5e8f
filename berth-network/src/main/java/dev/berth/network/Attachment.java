package dev.berth.network;

import dev.berth.wire.Packet;
import org.jspecify.annotations.Nullable;

/// Where somebody is attached to a subnet: the link of a host, or the port of a router.
interface Attachment {
    /// Whose it is.
    Node node();

    /// The subnet that it leads to.
    Subnet subnet();

    /// The direction from the host or router into the subnet; null if it changes nothing.
    @Nullable
    Pipe up();

    /// The direction from the subnet; null if it changes nothing.
    @Nullable
    Pipe down();

    /// Takes over a packet that has arrived.
    void arrived(Packet packet);
}
