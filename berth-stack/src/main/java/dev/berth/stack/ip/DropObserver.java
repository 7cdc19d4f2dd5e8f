package dev.berth.stack.ip;

import dev.berth.wire.DropReason;
import dev.berth.wire.Packet;

/// Is told of packets that a host drops, while they can still be looked at: for packet captures.
@FunctionalInterface
public interface DropObserver {
    /// A packet goes nowhere, or a part of it does. It still belongs to the host, and must be neither changed (but for
    /// [Packet#mark]) nor kept. Called with the host's lock held, or by a link's thread without it: must be quick and
    /// thread-safe, must neither block nor throw, and must not call the host.
    ///
    /// A packet whose transport payload was dropped in several steps is told of several times.
    void dropped(DropReason reason, Packet packet);
}
