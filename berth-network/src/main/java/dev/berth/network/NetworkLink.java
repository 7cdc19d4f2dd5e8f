package dev.berth.network;

import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import org.jspecify.annotations.Nullable;

/// One host's link to a [Network]. Nothing is computed that memory does not need: a partial checksum stays partial.
final class NetworkLink implements Link {
    /// So many octets are handed over at once at most: one large segment, or many small ones.
    private static final int MAX_BATCH = 65_000;

    private final Network network;
    private final IpAddress.Prefix[] addresses;
    private final LinkInfo info;
    private volatile @Nullable LinkReceiver receiver;

    // Of the one thread that transmits at a time: who has got packets and was not told to process them
    private @Nullable LinkReceiver batchFor;
    private int batchOctets;

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
            if (host != batchFor) {
                flush();
                batchFor = host;
            }
            batchOctets += packet.length();
            host.receivedMore(packet);
            if (batchOctets >= MAX_BATCH) {
                flush();
            }
        }
    }

    @Override
    public void flush() {
        LinkReceiver host = batchFor;
        if (host != null) {
            batchFor = null;
            batchOctets = 0;
            host.receivedAll();
        }
    }

    @Override
    public void close() {
        receiver = null;
        network.detach(this);
    }
}
