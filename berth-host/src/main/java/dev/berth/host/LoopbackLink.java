package dev.berth.host;

import dev.berth.wire.Packet;
import org.jspecify.annotations.Nullable;

/// A link that leads back to the host that sends over it, for [Host.Builder#loopback]: a decorator around it sees
/// what the host sends to itself. Takes packets on the thread of the sender and keeps none.
public final class LoopbackLink implements Link {
    private static final LinkInfo INFO = new LinkInfo("lo", 65_535, true, 65_535);

    private volatile @Nullable LinkReceiver receiver;

    /// A link for one host.
    public LoopbackLink() {}

    @Override
    public LinkInfo info() {
        return INFO;
    }

    @Override
    public void start(LinkReceiver host) {
        receiver = host;
    }

    @Override
    public void transmit(Packet packet) {
        LinkReceiver host = receiver;
        if (host == null) {
            packet.release();
        } else {
            host.received(packet);
        }
    }

    @Override
    public void close() {
        receiver = null;
    }
}
