package dev.berth.capture;

import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.wire.Packet;

/// One end of a cable between two hosts of a test.
final class Wire implements Link {
    private final LinkInfo info;
    private Wire other;
    private volatile LinkReceiver receiver;

    private Wire(String name) {
        info = new LinkInfo(name, 1_500, true, 0);
    }

    /// The two ends.
    static Wire[] cable(String one, String another) {
        Wire[] ends = {new Wire(one), new Wire(another)};
        ends[0].other = ends[1];
        ends[1].other = ends[0];
        return ends;
    }

    @Override
    public LinkInfo info() {
        return info;
    }

    @Override
    public void start(LinkReceiver host) {
        receiver = host;
    }

    @Override
    public void transmit(Packet packet) {
        LinkReceiver host = other.receiver;
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
