package dev.berth.network;

import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Chunk;
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
    private long batchSentAt;
    private final BufferPool copies = new BufferPool(64, 64, 4);

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
        if (to == null && network.isForAll(packet.destinationHi, packet.destinationLo)) {
            flood(packet);
            return;
        }
        if (to == null) {
            NetworkLink gateway = network.gatewayFor(packet);
            to = gateway == this ? null : gateway;
        }
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
            batchSentAt = packet.sentAt;
            host.receivedMore(packet);
            if (batchOctets >= MAX_BATCH) {
                flush();
            }
        }
    }

    /// Hands everybody else on the network a copy: headers of its own, the payload by reference where it is one.
    private void flood(Packet packet) {
        flush();
        for (NetworkLink to : network.links()) {
            LinkReceiver host = to.receiver;
            if (to != this && host != null) {
                host.receivedMore(copyOf(packet));
                host.receivedAll();
            }
        }
        packet.release();
    }

    private Packet copyOf(Packet packet) {
        int head = packet.end - packet.start;
        Chunk tail = packet.chunk;
        Packet copy;
        if (tail != null && packet.bytes != tail.bytes && head <= Packet.HEADER_ROOM) {
            copy = copies.takePacket();
            System.arraycopy(packet.bytes, packet.start, copy.bytes, 0, head);
            copy.end = head;
            copy.setTail(tail, packet.tailStart, packet.tailLength());
        } else {
            copy = copies.takePacket(packet.length());
            copy.end = packet.copyTo(copy.bytes, 0);
        }
        copy.start = 0;
        copy.transportAt = packet.transportAt - packet.start;
        copy.protocol = packet.protocol;
        copy.ipv6 = packet.ipv6;
        copy.sourceHi = packet.sourceHi;
        copy.sourceLo = packet.sourceLo;
        copy.destinationHi = packet.destinationHi;
        copy.destinationLo = packet.destinationLo;
        copy.checksum = packet.checksum;
        return copy;
    }

    @Override
    public void flush() {
        LinkReceiver host = batchFor;
        if (host != null) {
            batchFor = null;
            batchOctets = 0;
            host.receivedAll(batchSentAt);
        }
    }

    @Override
    public void close() {
        receiver = null;
        network.detach(this);
    }
}
