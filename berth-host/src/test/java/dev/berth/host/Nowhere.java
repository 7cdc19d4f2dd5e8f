package dev.berth.host;

import dev.berth.wire.Packet;

/// A link that swallows what is sent, for tests of a host alone.
final class Nowhere implements Link {
    @Override
    public LinkInfo info() {
        return new LinkInfo("nowhere", 1_500, false, 0);
    }

    @Override
    public void start(LinkReceiver receiver) {}

    @Override
    public void transmit(Packet packet) {
        packet.release();
    }

    @Override
    public void close() {}
}
