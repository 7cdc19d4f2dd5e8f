package dev.berth.stack.ip;

import dev.berth.wire.BufferPool;
import dev.berth.wire.DropReason;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import org.jspecify.annotations.Nullable;

/// Sends packets of the transports: finds the interface, writes the IP header, fragments where that is allowed, and
/// queues (RFC 1122 section 3.3, RFC 8200 section 3).
///
/// Used in the host's critical section only. In steady state nothing is allocated; the last route is remembered.
public final class IpOutput {
    /// The time to live where a transport has no wish, RFC 1122 section 3.2.1.7.
    public static final int DEFAULT_TTL = 64;

    /// In the place of a time to live: the packet must not leave the host.
    public static final int STAY = -1;

    /// What [#mtuTowards] returns for IPv4 destinations without a route.
    ///
    /// RFC 1122 section 3.3.3: "In the absence of actual knowledge of the minimum MTU along the path, the IP layer
    /// SHOULD use EMTU_S <= 576".
    private static final int FALLBACK_MTU = 576;

    private final RouteTable routes;
    private final Addresses addresses;
    private final PathMtu pathMtu;
    private final DropCounters drops;
    private final BufferPool pool;
    private final Fragmenter fragmenter;
    private final Identification identification;

    private long lastHi;
    private long lastLo;
    private @Nullable NetInterface lastInterface;
    private int lastVersion;

    // The way of the last packet to a single host: the next one often takes the same.
    private @Nullable NetInterface wayNic;
    private int wayVersion;
    private int wayKind;
    private long waySourceHi;
    private long waySourceLo;
    private long wayHi;
    private long wayLo;

    /// Output of a host with these routes.
    ///
    /// @param pool where fragments and copies of broadcasts are taken from
    /// @param seed random bits that make the identifications of fragmented packets start anywhere
    public IpOutput(RouteTable routes, PathMtu pathMtu, BufferPool pool, DropCounters drops, long seed) {
        this.routes = routes;
        this.addresses = routes.addresses();
        this.pathMtu = pathMtu;
        this.pool = pool;
        this.drops = drops;
        this.fragmenter = new Fragmenter(pool);
        this.identification = new Identification(seed);
    }

    /// Takes a packet over and queues it on the interface that leads to its destination.
    ///
    /// The transport header is at `transportAt` in `bytes`, with room for an IP header before it; `protocol`,
    /// `ipv6` and
    /// both addresses are set; the transport checksum may be partial. What cannot be sent is counted and released:
    /// [DropReason#NO_ROUTE] (also for a source that is not the host's), [DropReason#TOO_BIG], [DropReason#DOWN],
    /// [DropReason#EGRESS_FULL].
    ///
    /// @param tos the TOS octet or traffic class, 0 to 255
    /// @param ttl the time to live or hop limit; [#DEFAULT_TTL] for 0
    /// @param dontFragment IPv4: set Don't Fragment; both: do not fragment here either
    /// @return true if the packet was queued
    public boolean send(Packet packet, int tos, int ttl, boolean dontFragment, long now) {
        return send(packet, null, true, tos, ttl, dontFragment, now);
    }

    /// As the other `send`, with the choices that a sender to a multicast group has (RFC 1112 section 6.1).
    ///
    /// @param through the interface to send through; null for the one of the source address, or of the route
    /// @param loop give the host itself a copy if it is a member of the group
    /// @param ttl as there, and [#STAY] for a packet that must not leave the host
    public boolean send(
            Packet packet,
            @Nullable NetInterface through,
            boolean loop,
            int tos,
            int ttl,
            boolean dontFragment,
            long now) {
        int kind;
        NetInterface nic;
        if (through == null && isLastWay(packet)) {
            kind = wayKind;
            nic = wayNic;
        } else {
            kind = addresses.specific(packet.destinationHi, packet.destinationLo);
            nic = interfaceFor(packet, kind, through);
            if (through == null && kind <= Addresses.OWN) {
                rememberWay(packet, kind, nic);
            }
        }
        if (nic == null) {
            return drop(DropReason.NO_ROUTE, packet);
        }
        if (!nic.isUp()) {
            return drop(DropReason.DOWN, packet);
        }
        // RFC 1122 section 3.2.1.7: "A host MUST NOT send a datagram with a Time-to-Live (TTL) value of zero."
        int hops = ttl == 0 || ttl == STAY ? DEFAULT_TTL : ttl;
        boolean ipv6 = packet.ipv6;
        int headerLength = ipv6 ? Ipv6Header.LENGTH : Ipv4Header.MIN_LENGTH;
        int payload = packet.end - packet.transportAt + packet.tailLength();
        int length = headerLength + payload;
        int mtu = nic.mtu();
        boolean atomic = dontFragment;
        if (!nic.isLoopback() && pathMtu.size() > 0) {
            pathMtu.advance(now);
            mtu = Math.min(mtu, pathMtu.mtu(packet.destinationHi, packet.destinationLo));
            // See PathMtu.IPV4_FLOOR: this path needs fragments smaller than the smallest estimate.
            atomic &= ipv6 || !pathMtu.mayFragment(packet.destinationHi, packet.destinationLo);
        }
        if (packet.checksum == Packet.CHECKSUM_PARTIAL && !nic.checksumOffload()) {
            packet.completeChecksum();
        }
        if (length > mtu) {
            if (packet.segmentSize > 0 && length <= Math.max(mtu, nic.maxSegmented())) {
                // The link cuts it into segments that fit.
                mtu = length;
            } else if (packet.segmentSize > 0 || atomic || payload > 65_535 - (ipv6 ? 0 : headerLength)) {
                return drop(DropReason.TOO_BIG, packet);
            }
        }
        if (kind > Addresses.OWN && loop && !nic.isLoopback() && isReceiver(packet, kind, nic)) {
            loopBack(packet, nic, headerLength, tos, hops);
        }
        if (ttl == STAY && !nic.isLoopback()) {
            packet.release();
            return true;
        }
        if (length > mtu) {
            return fragment(packet, nic, mtu, tos, hops);
        }
        writeHeader(packet, length, tos, hops, atomic, ipv6 || atomic ? 0 : identification.next16());
        return nic.enqueue(packet) || drop(DropReason.EGRESS_FULL, packet);
    }

    private boolean isLastWay(Packet packet) {
        NetInterface nic = wayNic;
        return nic != null
                && packet.destinationLo == wayLo
                && packet.sourceLo == waySourceLo
                && packet.destinationHi == wayHi
                && packet.sourceHi == waySourceHi
                && routes.version() == wayVersion
                && nic.isUp();
    }

    private void rememberWay(Packet packet, int kind, @Nullable NetInterface nic) {
        wayNic = nic;
        wayVersion = routes.version();
        wayKind = kind;
        waySourceHi = packet.sourceHi;
        waySourceLo = packet.sourceLo;
        wayHi = packet.destinationHi;
        wayLo = packet.destinationLo;
    }

    /// The interface for the packet, or null if there is no route or the packet must not leave the host.
    private @Nullable NetInterface interfaceFor(Packet packet, int kind, @Nullable NetInterface through) {
        NetInterface nic = through;
        // RFC 1122 section 3.2.1.3: "When a host sends any datagram, the IP source address MUST be one of its own IP
        // addresses (but not a broadcast or multicast address)."
        if (!addresses.isOwn(packet.sourceHi, packet.sourceLo)) {
            return null;
        }
        if (nic == null
                && (kind > Addresses.OWN || IpAddress.isMulticast(packet.destinationHi, packet.destinationLo))) {
            nic = addresses.interfaceOf(packet.sourceHi, packet.sourceLo);
        }
        if (nic == null) {
            nic = route(packet.destinationHi, packet.destinationLo);
        }
        // RFC 1122 section 3.2.1.3 (g): "Internal host loopback address. Addresses of this form MUST NOT appear
        // outside a host." RFC 4291 section 2.5.3 says the same of ::1.
        return nic == null || nic.isLoopback() || !IpAddress.isLoopback(packet.sourceHi, packet.sourceLo) ? nic : null;
    }

    /// Writes the IP header of a packet of `length` octets, this header included, in front of its transport header.
    ///
    /// @param atomic IPv4: Don't Fragment is set
    /// @param id IPv4: the identification
    public static void writeHeader(Packet packet, int length, int tos, int ttl, boolean atomic, int id) {
        if (packet.ipv6) {
            packet.start = packet.transportAt - Ipv6Header.LENGTH;
            Ipv6Header.write(
                    packet.bytes,
                    packet.start,
                    tos,
                    0,
                    length - Ipv6Header.LENGTH,
                    packet.protocol,
                    ttl,
                    packet.sourceHi,
                    packet.sourceLo,
                    packet.destinationHi,
                    packet.destinationLo);
        } else {
            packet.start = packet.transportAt - Ipv4Header.MIN_LENGTH;
            // RFC 6864 section 4.1: "Originating sources MAY set the IPv4 ID field of atomic datagrams to any value."
            Ipv4Header.write(
                    packet.bytes,
                    packet.start,
                    tos,
                    length,
                    id,
                    atomic ? Ipv4Header.DONT_FRAGMENT : 0,
                    ttl,
                    packet.protocol,
                    (int) packet.sourceLo,
                    (int) packet.destinationLo);
        }
    }

    private boolean fragment(Packet packet, NetInterface nic, int mtu, int tos, int ttl) {
        int count = Fragmenter.count(packet, mtu);
        if (count > nic.egressRoom()) {
            return drop(DropReason.EGRESS_FULL, packet);
        }
        // A checksum over the whole datagram cannot be left to a device that sees its pieces.
        packet.completeChecksum();
        int id = packet.ipv6 ? identification.next32() : identification.next16();
        fragmenter.fragment(packet, nic, mtu, tos, ttl, id);
        packet.release();
        return true;
    }

    private boolean isReceiver(Packet packet, int kind, NetInterface nic) {
        return kind != Addresses.MULTICAST || addresses.isMember(packet.destinationHi, packet.destinationLo, nic);
    }

    /// Gives the host itself a copy of a packet to a broadcast address or to a group that it is a member of.
    private void loopBack(Packet packet, NetInterface nic, int headerLength, int tos, int ttl) {
        int length = packet.end - packet.transportAt + packet.tailLength();
        int total = headerLength + length;
        if (total > NetInterface.LOOPBACK_MTU) {
            return;
        }
        packet.start = packet.transportAt;
        Packet copy = pool.takePacket(total);
        packet.copyTo(copy.bytes, headerLength);
        copy.transportAt = headerLength;
        copy.end = total;
        copy.protocol = packet.protocol;
        copy.ipv6 = packet.ipv6;
        copy.checksum = packet.checksum;
        copy.sourceHi = packet.sourceHi;
        copy.sourceLo = packet.sourceLo;
        copy.destinationHi = packet.destinationHi;
        copy.destinationLo = packet.destinationLo;
        copy.via = nic.index();
        writeHeader(copy, total, tos, ttl, true, 0);
        if (!routes.loopback().enqueue(copy)) {
            drop(DropReason.EGRESS_FULL, copy);
        }
    }

    /// The interface that leads to a destination; the loopback interface if that is the host itself; null if none
    /// does.
    public @Nullable NetInterface route(long hi, long lo) {
        NetInterface last = lastInterface;
        if (last != null && lastLo == lo && lastHi == hi && lastVersion == routes.version() && last.isUp()) {
            return last;
        }
        NetInterface nic = routes.lookup(hi, lo);
        lastHi = hi;
        lastLo = lo;
        lastInterface = nic;
        lastVersion = routes.version();
        return nic;
    }

    /// Octets of the largest packet to a destination that needs no fragmentation as far as is known: the smaller one
    /// of the interface's MTU and the path's. Without a route, what every host must accept.
    ///
    /// RFC 1122 section 3.3.3: the transport learns with it MMS_S, "the maximum transport-layer message size that
    /// may be sent".
    public int mtuTowards(long hi, long lo) {
        NetInterface nic = route(hi, lo);
        if (nic == null) {
            return IpAddress.isIpv4(hi, lo) ? FALLBACK_MTU : Ipv6Header.MIN_MTU;
        }
        return nic.isLoopback() ? nic.mtu() : Math.min(nic.mtu(), pathMtu.mtu(hi, lo));
    }

    /// Takes so many identifications of IPv4 for packets that are built beside the critical section. From any thread.
    ///
    /// @return the number of the first for [#identification16]; the others follow it
    public int reserveIdentifications(int count) {
        return identification.reserve(count);
    }

    /// The identification with this number.
    public int identification16(int number) {
        return identification.value16(number);
    }

    /// The routes and addresses that this output uses.
    public RouteTable routes() {
        return routes;
    }

    /// The path MTUs that this output heeds.
    public PathMtu pathMtu() {
        return pathMtu;
    }

    private boolean drop(DropReason reason, Packet packet) {
        drops.drop(reason, packet);
        return false;
    }
}
