package dev.berth.ethernet;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.network.Guest;
import dev.berth.wire.ArpHeader;
import dev.berth.wire.Bytes;
import dev.berth.wire.DhcpMessage;
import dev.berth.wire.EthernetHeader;
import dev.berth.wire.IcmpHeader;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.NdpMessage;
import dev.berth.wire.Packet;
import dev.berth.wire.UdpHeader;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One guest behind Ethernet: what it is told, what it may send, and what reaches it. To the guest the whole network
/// is one router with one link-layer address, which also answers for every address that somebody on the network has
/// (proxy ARP, RFC 1027; proxy Neighbor Discovery, RFC 4389).
///
/// **Addresses.** IPv4 comes from DHCP. IPv6 the guest makes itself, within the segment's prefix; whoever comes first
/// has an address (RFC 6620), and its link-layer address goes with it. What comes from any other address is dropped.
///
/// Frames are handed in by the carrier's thread, packets for the guest by whichever thread of the network sends. The
/// carrier never blocks, so nothing here does. Nothing is allocated per packet. Thread-safe.
public final class EthernetPort implements AutoCloseable {
    private final String name;
    private final EthernetSegment segment;
    private final SegmentPlan plan;
    private final FrameCarrier carrier;
    private final PortTally tally;
    private final GuestAddresses addresses;
    private final PortLink link;
    private final FrameReceiver frames = new Frames();
    private volatile @Nullable Consumer<String> whenEnded;

    /// Guards the tables and what is written as an answer.
    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private final byte[] reply = new byte[1_024];

    @GuardedBy("lock")
    private final NdpMessage ndp = new NdpMessage();

    private final NeighborDiscovery discovery;
    private final @Nullable DhcpServer dhcp;

    // Of the one thread that transmits at a time
    private byte[] out = new byte[2_048];

    EthernetPort(
            String name, EthernetSegment segment, FrameCarrier carrier, @Nullable LeaseTable leases, int maxAddresses) {
        this.name = name;
        this.segment = segment;
        this.plan = segment.plan();
        this.carrier = carrier;
        addresses = new GuestAddresses(segment, leases, maxAddresses);
        tally = new PortTally(name);
        link = new PortLink();
        discovery = new NeighborDiscovery(plan);
        dhcp = leases == null ? null : new DhcpServer(plan, leases, addresses, tally);
    }

    /// Joins the network and opens the carrier.
    void start() throws IOException {
        IpAddress.Prefix within = plan.router4() != null ? plan.router4() : plan.router6();
        if (within == null) {
            throw new IllegalStateException("A segment has a router");
        }
        addresses.belongTo(segment.network().guestWithoutAddress(name, segment.around(link), within.address()));
    }

    /// The name, by which the network's hosts find the guest.
    public String name() {
        return name;
    }

    /// The addresses that the guest uses now.
    public List<IpAddress> addresses() {
        return addresses.all();
    }

    FrameCarrier carrier() {
        return carrier;
    }

    /// What has been counted so far.
    public EthernetCounters counters() {
        return tally.snapshot();
    }

    /// Lets somebody know that the carrier has ended by itself; the port is closed then. On the carrier's thread.
    public void whenEnded(Consumer<String> action) {
        whenEnded = action;
    }

    /// Takes the guest off the network and closes the carrier. Its leases are kept for it. Idempotent.
    @Override
    public void close() {
        Guest present = addresses.guest();
        if (present != null) {
            present.close();
        }
        carrier.close();
        addresses.close();
        segment.left(this);
    }

    @Override
    public String toString() {
        return "EthernetPort[" + name + " over " + carrier.name() + " " + addresses() + "]";
    }

    /// What is done now and then: advertisements, and leases that have ended.
    void tick(long now) {
        addresses.expire(now);
        lock.lock();
        try {
            if (discovery.isAdvertisementDue(now)) {
                advertise(EthernetHeader.groupOf(NeighborDiscovery.ALL_HI, 1), NeighborDiscovery.ALL_HI, 1);
                discovery.advertised(now, segment.jitter());
            }
        } finally {
            lock.unlock();
        }
        carrier.flush();
    }

    @GuardedBy("lock")
    private void advertise(long linkLayer, long hi, long lo) {
        tally.routerAdvertisements.increment();
        send(reply, discovery.routerAdvertisement(reply, linkLayer, hi, lo));
    }

    @GuardedBy("lock")
    private void send(byte[] bytes, int length) {
        if (length == 0) {
            return;
        }
        if (carrier.send(bytes, 0, length)) {
            tally.framesOut.increment();
            tally.octetsOut.add(length);
        } else {
            tally.drop(FrameDrop.OVERFLOW);
        }
    }

    // What the guest sends

    private final class Frames implements FrameReceiver {
        @Override
        public void frame(byte[] bytes, int at, int length) {
            tally.framesIn.increment();
            tally.octetsIn.add(length);
            if (length < EthernetHeader.LENGTH) {
                tally.drop(FrameDrop.MALFORMED);
                return;
            }
            long destination = EthernetHeader.address(bytes, at);
            long source = EthernetHeader.address(bytes, at + EthernetHeader.SOURCE);
            if (!EthernetHeader.isStation(source) || source == plan.mac()) {
                tally.drop(FrameDrop.SPOOFED);
                return;
            }
            if (destination != plan.mac() && !EthernetHeader.isGroup(destination)) {
                tally.drop(FrameDrop.NOT_OURS);
                return;
            }
            int behind = at + EthernetHeader.LENGTH;
            int rest = length - EthernetHeader.LENGTH;
            FrameDrop drop = switch (Bytes.u16(bytes, at + EthernetHeader.TYPE)) {
                case EthernetHeader.IPV4 -> ipv4(bytes, behind, rest, source);
                case EthernetHeader.IPV6 -> ipv6(bytes, behind, rest, source);
                case EthernetHeader.ARP -> arp(bytes, behind, rest, source);
                default -> FrameDrop.UNKNOWN_TYPE;
            };
            if (drop != null) {
                tally.drop(drop);
            }
        }

        @Override
        public void endOfBatch() {
            LinkReceiver network = link.receiver;
            if (network != null) {
                network.receivedAll();
            }
            carrier.flush();
        }

        @Override
        public void ready() {
            LinkReceiver network = link.receiver;
            if (network != null) {
                network.ready();
            }
        }

        @Override
        public void ended(String reason) {
            close();
            Consumer<String> action = whenEnded;
            if (action != null) {
                action.accept(reason);
            }
        }
    }

    /// These return null where the frame was used or counted, and else why not.
    private @Nullable FrameDrop arp(byte[] bytes, int at, int length, long source) {
        if (!ArpHeader.isValid(bytes, at, length)) {
            return FrameDrop.MALFORMED;
        }
        if (EthernetHeader.address(bytes, at + ArpHeader.SENDER_HARDWARE) != source) {
            return FrameDrop.SPOOFED;
        }
        int sender = Bytes.i32(bytes, at + ArpHeader.SENDER_PROTOCOL);
        long now = System.nanoTime();
        // RFC 5227 section 1.1: a probe has no sender, as nobody is to remember it.
        if (sender != 0) {
            FrameDrop drop = addresses.admit(0, IpAddress.mapped(sender), source, now);
            if (drop != null) {
                return drop;
            }
        }
        int target = Bytes.i32(bytes, at + ArpHeader.TARGET_PROTOCOL);
        // RFC 826: "?Am I the target protocol address?", or does somebody on the network have it?
        if (Bytes.u16(bytes, at + ArpHeader.OPCODE) == ArpHeader.REQUEST
                && target != sender
                && addresses.isElsewhere(0, IpAddress.mapped(target), source, now)) {
            lock.lock();
            try {
                EthernetHeader.write(reply, 0, source, plan.mac(), EthernetHeader.ARP);
                ArpHeader.write(reply, EthernetHeader.LENGTH, ArpHeader.REPLY, plan.mac(), target, source, sender);
                tally.arpReplies.increment();
                send(reply, EthernetHeader.LENGTH + ArpHeader.LENGTH);
            } finally {
                lock.unlock();
            }
        }
        return null;
    }

    private @Nullable FrameDrop ipv4(byte[] bytes, int at, int length, long source) {
        if (length < Ipv4Header.MIN_LENGTH || bytes[at] >>> 4 != 4) {
            return FrameDrop.MALFORMED;
        }
        int header = Ipv4Header.headerLength(bytes, at);
        int total = Bytes.u16(bytes, at + Ipv4Header.TOTAL_LENGTH);
        if (header < Ipv4Header.MIN_LENGTH || total < header || total > length) {
            return FrameDrop.MALFORMED;
        }
        if (total > plan.mtu()) {
            return FrameDrop.TOO_LONG;
        }
        if (isDhcp(bytes, at, header, total)) {
            return dhcp(bytes, at, header, total, source);
        }
        int from = Bytes.i32(bytes, at + Ipv4Header.SOURCE);
        long mapped = IpAddress.mapped(from);
        if (from == 0 || IpAddress.isLinkLocal(0, mapped)) {
            return FrameDrop.LINK_ONLY;
        }
        FrameDrop drop = addresses.admit(0, mapped, source, System.nanoTime());
        if (drop == null) {
            deliver(bytes, at, total);
        }
        return drop;
    }

    /// Whether a packet is for the ports of DHCP, of either side, and not for somebody else on the network.
    private boolean isDhcp(byte[] bytes, int at, int header, int total) {
        if (dhcp == null
                || bytes[at + Ipv4Header.PROTOCOL] != IpProtocol.UDP
                || total < header + UdpHeader.LENGTH
                || (Bytes.u16(bytes, at + Ipv4Header.FLAGS_FRAGMENT) & ~Ipv4Header.DONT_FRAGMENT) != 0) {
            return false;
        }
        int port = Bytes.u16(bytes, at + header + UdpHeader.DESTINATION_PORT);
        long to = IpAddress.mapped(Bytes.i32(bytes, at + Ipv4Header.DESTINATION));
        return (port == DhcpMessage.SERVER_PORT || port == DhcpMessage.CLIENT_PORT)
                && (plan.isOurs(0, to) || !IpAddress.isUnicast(0, to));
    }

    private @Nullable FrameDrop dhcp(byte[] bytes, int at, int header, int total, long source) {
        int udp = at + header;
        int length = Bytes.u16(bytes, udp + UdpHeader.DATAGRAM_LENGTH);
        if (Bytes.u16(bytes, udp + UdpHeader.DESTINATION_PORT) == DhcpMessage.CLIENT_PORT) {
            return FrameDrop.ROGUE; // RFC 7610: no guest is a server
        }
        if (length < UdpHeader.LENGTH || length > total - header) {
            return FrameDrop.MALFORMED;
        }
        long sum = InternetChecksum.pseudoHeaderSum(
                        false,
                        0,
                        IpAddress.mapped(Bytes.i32(bytes, at + Ipv4Header.SOURCE)),
                        0,
                        IpAddress.mapped(Bytes.i32(bytes, at + Ipv4Header.DESTINATION)),
                        IpProtocol.UDP,
                        length)
                + InternetChecksum.payloadSum(bytes, udp, length);
        if (InternetChecksum.finish(InternetChecksum.headerSum(bytes, at, header)) != 0
                || Bytes.u16(bytes, udp + UdpHeader.CHECKSUM) != 0 && InternetChecksum.finish(sum) != 0) {
            return FrameDrop.CHECKSUM;
        }
        DhcpServer server = dhcp;
        if (server == null) {
            return FrameDrop.DHCP_NOT_OURS;
        }
        lock.lock();
        try {
            send(
                    reply,
                    server.accept(
                            bytes,
                            udp + UdpHeader.LENGTH,
                            length - UdpHeader.LENGTH,
                            source,
                            reply,
                            System.nanoTime()));
        } finally {
            lock.unlock();
        }
        return null;
    }

    private @Nullable FrameDrop ipv6(byte[] bytes, int at, int length, long source) {
        if (length < Ipv6Header.LENGTH || (bytes[at] >>> 4 & 0xf) != 6) {
            return FrameDrop.MALFORMED;
        }
        int total = Ipv6Header.LENGTH + Bytes.u16(bytes, at + Ipv6Header.PAYLOAD_LENGTH);
        if (total > length) {
            return FrameDrop.MALFORMED;
        }
        if (total > plan.mtu()) {
            return FrameDrop.TOO_LONG;
        }
        int icmp = at + Ipv6Header.LENGTH;
        if (bytes[at + Ipv6Header.NEXT_HEADER] == IpProtocol.ICMPV6
                && total >= Ipv6Header.LENGTH + IcmpHeader.LENGTH
                && NdpMessage.isNdp(Bytes.u8(bytes, icmp))) {
            return ndp(bytes, at, total, source);
        }
        if (hidesNdp(bytes, at, total)) {
            return FrameDrop.ROGUE;
        }
        long hi = Bytes.i64(bytes, at + Ipv6Header.SOURCE);
        long lo = Bytes.i64(bytes, at + Ipv6Header.SOURCE + 8);
        if (IpAddress.isLinkLocal(hi, lo) || IpAddress.isUnspecified(hi, lo)) {
            return FrameDrop.LINK_ONLY;
        }
        FrameDrop drop =
                IpAddress.isIpv4(hi, lo) ? FrameDrop.SPOOFED : addresses.admit(hi, lo, source, System.nanoTime());
        if (drop == null) {
            deliver(bytes, at, total);
        }
        return drop;
    }

    /// Whether a message of Neighbor Discovery stands behind extension headers, where it would pass to other guests
    /// unseen: RFC 7113 section 3 wants the whole chain to be looked at, RFC 6980 section 5 bans fragments of them.
    private static boolean hidesNdp(byte[] bytes, int at, int total) {
        int next = Bytes.u8(bytes, at + Ipv6Header.NEXT_HEADER);
        int from = at + Ipv6Header.LENGTH;
        int end = at + total;
        while (end - from >= 8) {
            int behind = Bytes.u8(bytes, from);
            switch (next) {
                case IpProtocol.HOP_BY_HOP, IpProtocol.ROUTING, IpProtocol.DESTINATION_OPTIONS ->
                    from += (Bytes.u8(bytes, from + 1) + 1) * 8;
                case IpProtocol.FRAGMENT -> {
                    if ((Bytes.u16(bytes, from + 2) & 0xfff8) != 0) {
                        return false;
                    }
                    from += 8;
                }
                case IpProtocol.ICMPV6 -> {
                    return NdpMessage.isNdp(behind);
                }
                default -> {
                    return false;
                }
            }
            next = behind;
        }
        return false;
    }

    private @Nullable FrameDrop ndp(byte[] bytes, int at, int total, long source) {
        int icmp = at + Ipv6Header.LENGTH;
        int length = total - Ipv6Header.LENGTH;
        long fromHi = Bytes.i64(bytes, at + Ipv6Header.SOURCE);
        long fromLo = Bytes.i64(bytes, at + Ipv6Header.SOURCE + 8);
        long toHi = Bytes.i64(bytes, at + Ipv6Header.DESTINATION);
        long toLo = Bytes.i64(bytes, at + Ipv6Header.DESTINATION + 8);
        long sum = InternetChecksum.pseudoHeaderSum(true, fromHi, fromLo, toHi, toLo, IpProtocol.ICMPV6, length)
                + InternetChecksum.payloadSum(bytes, icmp, length);
        if (InternetChecksum.finish(sum) != 0) {
            return FrameDrop.CHECKSUM;
        }
        int type = Bytes.u8(bytes, icmp);
        if (type == NdpMessage.ROUTER_ADVERTISEMENT || type == IcmpHeader.V6_REDIRECT) {
            return FrameDrop.ROGUE; // RFC 6105
        }
        lock.lock();
        try {
            if (!ndp.parse(
                    bytes, icmp, length, Bytes.u8(bytes, at + Ipv6Header.HOP_LIMIT), fromHi, fromLo, toHi, toLo)) {
                return FrameDrop.MALFORMED;
            }
            boolean fromNobody = IpAddress.isUnspecified(fromHi, fromLo);
            long now = System.nanoTime();
            if (ndp.linkLayer >= 0 && ndp.linkLayer != source) {
                return FrameDrop.SPOOFED;
            }
            if (!fromNobody && fromHi != SegmentPlan.LINK_LOCAL) {
                FrameDrop drop = IpAddress.isIpv4(fromHi, fromLo)
                        ? FrameDrop.SPOOFED
                        : addresses.admit(fromHi, fromLo, source, now);
                if (drop != null) {
                    return drop;
                }
            }
            return switch (ndp.type) {
                case NdpMessage.ROUTER_SOLICITATION -> solicitedRouter(source, fromNobody, fromHi, fromLo, now);
                case NdpMessage.NEIGHBOR_SOLICITATION -> solicited(source, fromNobody, fromHi, fromLo, now);
                default -> announced(source, now);
            };
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private @Nullable FrameDrop solicitedRouter(long source, boolean fromNobody, long hi, long lo, long now) {
        if (!fromNobody) {
            advertise(source, hi, lo);
        } else {
            // To all, and so not at once if that was done just now: the next tick does it.
            discovery.wantAdvertisement(now);
        }
        return null;
    }

    @GuardedBy("lock")
    private @Nullable FrameDrop solicited(long source, boolean fromNobody, long hi, long lo, long now) {
        boolean elsewhere = addresses.isElsewhere(ndp.targetHi, ndp.targetLo, source, now);
        if (elsewhere) {
            tally.advertisements.increment();
            send(reply, discovery.neighborAdvertisement(reply, ndp.targetHi, ndp.targetLo, source, fromNobody, hi, lo));
            return null;
        }
        // RFC 4862 section 5.4: the guest looks whether somebody has an address that it wants.
        return fromNobody && ndp.targetHi != SegmentPlan.LINK_LOCAL ? admitTarget(source, now) : null;
    }

    @GuardedBy("lock")
    private @Nullable FrameDrop announced(long source, long now) {
        return ndp.targetHi == SegmentPlan.LINK_LOCAL ? null : admitTarget(source, now);
    }

    @GuardedBy("lock")
    private @Nullable FrameDrop admitTarget(long source, long now) {
        return IpAddress.isIpv4(ndp.targetHi, ndp.targetLo)
                ? FrameDrop.SPOOFED
                : addresses.admit(ndp.targetHi, ndp.targetLo, source, now);
    }

    private void deliver(byte[] bytes, int at, int length) {
        LinkReceiver network = link.receiver;
        if (network != null) {
            Packet packet = network.pool().takePacket(length);
            System.arraycopy(bytes, at, packet.bytes, packet.start, length);
            packet.end = packet.start + length;
            network.receivedMore(packet);
        }
    }

    // What is for the guest

    private final class PortLink implements Link {
        private final LinkInfo info = new LinkInfo(name, plan.mtu(), false, 0);
        private volatile @Nullable LinkReceiver receiver;

        @Override
        public LinkInfo info() {
            return info;
        }

        @Override
        public void start(LinkReceiver network) throws IOException {
            receiver = network;
            carrier.start(frames);
        }

        @Override
        public boolean isReady() {
            return carrier.isReady();
        }

        @Override
        public void transmit(Packet packet) {
            int length = packet.length();
            long linkLayer = linkLayerOf(packet.destinationHi, packet.destinationLo);
            if (length > plan.mtu()) {
                tally.drop(FrameDrop.TOO_LONG);
            } else if (linkLayer == 0) {
                tally.drop(FrameDrop.NO_NEIGHBOUR);
            } else {
                packet.completeChecksum();
                if (out.length < EthernetHeader.LENGTH + length) {
                    out = new byte[EthernetHeader.LENGTH + plan.mtu()];
                }
                boolean v4 = IpAddress.isIpv4(packet.destinationHi, packet.destinationLo);
                EthernetHeader.write(out, 0, linkLayer, plan.mac(), v4 ? EthernetHeader.IPV4 : EthernetHeader.IPV6);
                packet.copyTo(out, EthernetHeader.LENGTH);
                if (carrier.send(out, 0, EthernetHeader.LENGTH + length)) {
                    tally.framesOut.increment();
                    tally.octetsOut.add(EthernetHeader.LENGTH + length);
                } else {
                    tally.drop(FrameDrop.OVERFLOW);
                }
            }
            packet.release();
        }

        /// The link-layer address to send to, or 0.
        private long linkLayerOf(long hi, long lo) {
            long known = addresses.linkLayerOf(hi, lo);
            if (known != 0) {
                return known;
            }
            IpAddress.Prefix subnet = plan.router4();
            boolean all = !IpAddress.isUnicast(hi, lo)
                    || IpAddress.isIpv4(hi, lo) && subnet != null && (int) lo == subnet.broadcast();
            return all ? EthernetHeader.groupOf(hi, lo) : 0;
        }

        @Override
        public void flush() {
            carrier.flush();
        }

        @Override
        public void close() {
            receiver = null;
            carrier.close();
        }
    }
}
