package dev.berth.network;

import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import org.jspecify.annotations.Nullable;

/// One host's link to a [Network]. Nothing is computed that memory does not need: a partial checksum stays partial.
final class NetworkLink implements Link {
    private final Network network;
    private final IpAddress.Prefix[] addresses;
    private final LinkInfo info;
    private volatile @Nullable LinkReceiver receiver;

    NetworkLink(Network network, String name, int mtu, IpAddress.Prefix[] addresses) {
        this.network = network;
        this.addresses = addresses.clone();
        this.info = new LinkInfo(name, mtu, true, 0);
    }

    IpAddress.Prefix[] addresses() {
        return addresses;
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
        NetworkLink to = network.linkOf(packet.destinationHi, packet.destinationLo);
        LinkReceiver host = to == null ? null : to.receiver;
        if (host == null) {
            network.countUndeliverable();
            packet.release();
        } else {
            host.received(packet);
        }
    }

    @Override
    public void close() {
        receiver = null;
        network.detach(this);
    }
}
