package dev.berth.sockets;

import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.wire.Packet;

/// A link to nowhere.
final class SilentLink implements Link {
    @Override
    public LinkInfo info() {
        return new LinkInfo("silent", 1_500, false, 0);
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
