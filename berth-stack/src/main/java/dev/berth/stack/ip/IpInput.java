package dev.berth.stack.ip;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.DropReason;
import dev.berth.wire.IcmpHeader;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import org.jspecify.annotations.Nullable;

/// What a host does with an IP packet that arrives: checks it, and *returns* what to deliver (RFC 1122 section 3.2.1,
/// RFC 8200 sections 3 and 4).
///
/// [#accept] takes a packet over. It returns the packet, or the datagram that the packet completed, with `protocol`,
/// `ipv6`, `transportAt` and both addresses set and with TCP, UDP, ICMP (over IPv4) or ICMPv6 (over IPv6) as the
/// protocol; `start` stays at the IP header. Otherwise it returns null: the packet is held as a fragment, or it was
/// counted and dropped.
///
/// This layer does not know ICMP. When a dropped packet has to be answered with an ICMP error, it is kept: after
/// every null from [#accept], and for every true from [#advance], the caller looks with [#takeErroneous] for a packet
/// to send an error of [#errorType], [#errorCode] and [#errorRest] about (`Icmp.answer` does all that). Used in the
/// host's critical section only; allocates nothing.
public final class IpInput {
    private final Addresses addresses;
    private final DropCounters drops;
    private final BufferPool pool;
    private final Reassembler reassembler;
    private final ExtensionHeaders extensions = new ExtensionHeaders();

    private @Nullable Packet erroneous;
    private int errorType;
    private int errorCode;
    private int errorRest;

    // The ends of the last packet to an address of the host's own: the next packet is often between the same.
    private @Nullable NetInterface lastNic;
    private int lastVersion;
    private long lastSourceHi;
    private long lastSourceLo;
    private long lastDestinationHi;
    private long lastDestinationLo;

    /// Input of a host with these addresses; reassembled datagrams and copies are taken from `pool`.
    public IpInput(Addresses addresses, BufferPool pool, DropCounters drops) {
        this(addresses, pool, drops, new Reassembler(pool, drops));
    }

    /// Input with a reassembler of its own bounds.
    public IpInput(Addresses addresses, BufferPool pool, DropCounters drops, Reassembler reassembler) {
        this.addresses = addresses;
        this.drops = drops;
        this.pool = pool;
        this.reassembler = reassembler;
    }

    /// Takes over a packet that arrived on `nic`; its IP header is at `start`.
    ///
    /// @return the packet to deliver to a transport, which the caller owns; or null
    public @Nullable Packet accept(NetInterface nic, Packet packet, long now) {
        nic.countIn(packet);
        if (packet.end - packet.start < Ipv4Header.MIN_LENGTH) {
            return drop(DropReason.TRUNCATED, packet);
        }
        int version = packet.bytes[packet.start] >>> 4 & 0xf;
        int via = nic.isLoopback() ? packet.via : nic.index();
        if (version == 4 || version == 6) {
            Packet accepted = version == 4 ? acceptIpv4(nic, packet, now) : acceptIpv6(nic, packet, now);
            if (accepted != null) {
                accepted.via = via;
            }
            return accepted;
        }
        // RFC 1122 section 3.2.1.1: "A datagram whose version number is not 4 MUST be silently discarded."
        return drop(DropReason.BAD_VERSION, packet);
    }

    /// Accepts a packet that a host of this JVM has built in the shape that it has most, without fragments and options,
    /// and that nobody has changed since, if it came to the same end as the last one.
    ///
    /// @return false if nothing was done: [#accept] has to look at it
    public boolean acceptsAgain(NetInterface nic, Packet packet) {
        return isLast(nic, packet.sourceHi, packet.sourceLo, packet.destinationHi, packet.destinationLo);
    }

    /// Takes a packet in that [#acceptsAgain], or one that has everything that matters there in common with it.
    public void countAgain(NetInterface nic, Packet packet) {
        nic.countIn(packet);
        packet.via = nic.index();
    }

    private boolean isLast(NetInterface nic, long sourceHi, long sourceLo, long hi, long lo) {
        return nic == lastNic
                && sourceLo == lastSourceLo
                && lo == lastDestinationLo
                && sourceHi == lastSourceHi
                && hi == lastDestinationHi
                && addresses.version() == lastVersion;
    }

    private @Nullable Packet acceptIpv4(NetInterface nic, Packet packet, long now) {
        byte[] bytes = packet.bytes;
        int at = packet.start;
        int headerLength = Ipv4Header.headerLength(bytes, at);
        int totalLength = Bytes.u16(bytes, at + Ipv4Header.TOTAL_LENGTH);
        int length = packet.length();
        if (headerLength < Ipv4Header.MIN_LENGTH || totalLength < headerLength) {
            return drop(DropReason.BAD_HEADER_LENGTH, packet);
        }
        if (headerLength > packet.end - at || totalLength > length) {
            return drop(DropReason.TRUNCATED, packet);
        }
        packet.ipv6 = false;
        packet.sourceHi = 0;
        packet.sourceLo = IpAddress.mapped(Bytes.i32(bytes, at + Ipv4Header.SOURCE));
        packet.destinationHi = 0;
        packet.destinationLo = IpAddress.mapped(Bytes.i32(bytes, at + Ipv4Header.DESTINATION));
        packet.transportAt = at + headerLength;
        if (!nic.isLoopback()) {
            // RFC 1122 section 3.2.1.2: "A host MUST verify the IP header checksum on every received datagram and
            // silently discard every datagram that has a bad checksum."
            if (InternetChecksum.finish(InternetChecksum.headerSum(bytes, at, headerLength)) != 0) {
                return drop(DropReason.BAD_HEADER_CHECKSUM, packet);
            }
            DropReason refused = checkAddresses(nic, packet);
            if (refused != null) {
                return drop(refused, packet);
            }
        }
        if (totalLength != length) {
            trim(packet, totalLength);
        }
        if (headerLength > Ipv4Header.MIN_LENGTH) {
            int problem = Ipv4Options.check(bytes, at, headerLength);
            if (problem > 0) {
                // RFC 1122 section 3.2.2.5: "A host SHOULD generate Parameter Problem messages."
                int pointer = problem << 24;
                return refuse(DropReason.BAD_IP_OPTION, packet, IcmpHeader.PARAMETER_PROBLEM, 0, pointer);
            }
            if (problem < 0) {
                return drop(DropReason.BAD_IP_OPTION, packet);
            }
        }
        int flagsFragment = Bytes.u16(bytes, at + Ipv4Header.FLAGS_FRAGMENT);
        Packet whole = packet;
        if ((flagsFragment & (Ipv4Header.MORE_FRAGMENTS | Ipv4Header.FRAGMENT_OFFSET)) != 0) {
            whole = reassembleIpv4(packet, flagsFragment, now);
            if (whole == null) {
                return null;
            }
        }
        return deliverIpv4(whole);
    }

    private @Nullable Packet deliverIpv4(Packet packet) {
        int protocol = Bytes.u8(packet.bytes, packet.start + Ipv4Header.PROTOCOL);
        packet.protocol = protocol;
        if (protocol == IpProtocol.TCP || protocol == IpProtocol.UDP || protocol == IpProtocol.ICMP) {
            return packet.tailLength() > 0 ? withTransportHeader(packet) : packet;
        }
        // RFC 1122 section 3.2.2.1: "A host SHOULD generate Destination Unreachable messages with code: 2 (Protocol
        // Unreachable), when the designated transport protocol is not supported".
        return refuse(DropReason.UNKNOWN_PROTOCOL, packet, IcmpHeader.UNREACHABLE, IcmpHeader.CODE_PROTOCOL, 0);
    }

    private @Nullable Packet reassembleIpv4(Packet packet, int flagsFragment, long now) {
        boolean more = (flagsFragment & Ipv4Header.MORE_FRAGMENTS) != 0;
        int offset = (flagsFragment & Ipv4Header.FRAGMENT_OFFSET) << 3;
        int headerLength = packet.transportAt - packet.start;
        int length = packet.length() - headerLength;
        // RFC 791 section 3.1: fragments are counted "in units of 8 octets"; the total length is at most 65,535.
        if (length == 0 || more && (length & 7) != 0 || headerLength + offset + length > 65_535) {
            return drop(DropReason.BAD_FRAGMENT, packet);
        }
        int id = Bytes.u16(packet.bytes, packet.start + Ipv4Header.IDENTIFICATION);
        return reassembler.add(packet, offset, more, id, now);
    }

    private @Nullable Packet acceptIpv6(NetInterface nic, Packet packet, long now) {
        byte[] bytes = packet.bytes;
        int at = packet.start;
        if (packet.end - at < Ipv6Header.LENGTH) {
            return drop(DropReason.TRUNCATED, packet);
        }
        int totalLength = Ipv6Header.LENGTH + Bytes.u16(bytes, at + Ipv6Header.PAYLOAD_LENGTH);
        int length = packet.length();
        if (totalLength > length) {
            return drop(DropReason.TRUNCATED, packet);
        }
        packet.ipv6 = true;
        packet.sourceHi = Bytes.i64(bytes, at + Ipv6Header.SOURCE);
        packet.sourceLo = Bytes.i64(bytes, at + Ipv6Header.SOURCE + 8);
        packet.destinationHi = Bytes.i64(bytes, at + Ipv6Header.DESTINATION);
        packet.destinationLo = Bytes.i64(bytes, at + Ipv6Header.DESTINATION + 8);
        if (!nic.isLoopback()) {
            // An IPv4-mapped address (RFC 4291 section 2.5.5.2) stands for IPv4 in all tables here; in an IPv6 header
            // it would let a packet pass for one of IPv4.
            if (IpAddress.isIpv4(packet.sourceHi, packet.sourceLo)) {
                return drop(DropReason.BAD_SOURCE, packet);
            }
            if (IpAddress.isIpv4(packet.destinationHi, packet.destinationLo)) {
                return drop(DropReason.NOT_OURS, packet);
            }
            DropReason refused = checkAddresses(nic, packet);
            if (refused != null) {
                return drop(refused, packet);
            }
        }
        if (totalLength != length) {
            trim(packet, totalLength);
        }
        int next = Bytes.u8(bytes, at + Ipv6Header.NEXT_HEADER);
        if (next == IpProtocol.TCP || next == IpProtocol.UDP || next == IpProtocol.ICMPV6) {
            packet.protocol = next;
            packet.transportAt = at + Ipv6Header.LENGTH;
            return packet.tailLength() > 0 ? withTransportHeader(packet) : packet;
        }
        return acceptExtended(packet, now);
    }

    private @Nullable Packet acceptExtended(Packet packet, long now) {
        boolean isFragment = packet.bytes[packet.start + Ipv6Header.NEXT_HEADER] == IpProtocol.FRAGMENT
                && packet.end - packet.start >= Ipv6Header.LENGTH + ExtensionHeaders.FRAGMENT_HEADER;
        Packet p = packet.tailLength() > 0 && !isFragment ? contiguous(packet) : packet;
        boolean reassembled = false;
        for (; ; ) {
            switch (extensions.walk(p, reassembled)) {
                case ExtensionHeaders.TRANSPORT -> {
                    p.protocol = extensions.protocol;
                    p.transportAt = extensions.at;
                    return p.tailLength() > 0 ? withTransportHeader(p) : p;
                }
                case ExtensionHeaders.FRAGMENT -> {
                    p = reassembleIpv6(p, now);
                    if (p == null) {
                        return null;
                    }
                    reassembled = true;
                }
                case ExtensionHeaders.PROBLEM -> {
                    return refuse(
                            extensions.reason, p, IcmpHeader.V6_PARAMETER_PROBLEM, extensions.code, extensions.pointer);
                }
                default -> {
                    return drop(extensions.reason, p);
                }
            }
        }
    }

    private @Nullable Packet reassembleIpv6(Packet packet, long now) {
        int header = extensions.at;
        packet.transportAt = header + ExtensionHeaders.FRAGMENT_HEADER;
        int offsetMore = Bytes.u16(packet.bytes, header + 2);
        int offset = offsetMore & ~7;
        boolean more = (offsetMore & 1) != 0;
        int length = packet.length() - (packet.transportAt - packet.start);
        int perFragment = header - packet.start - Ipv6Header.LENGTH;
        if (more && (length & 7) != 0) {
            // RFC 8200 section 4.5: "If the length of a fragment [...] is not a multiple of 8 octets and the M flag
            // of that fragment is 1, then that fragment must be discarded and an ICMP Parameter Problem, Code 0,
            // message should be sent to the source of the fragment, pointing to the Payload Length field".
            return refuse(
                    DropReason.BAD_FRAGMENT, packet, IcmpHeader.V6_PARAMETER_PROBLEM, 0, Ipv6Header.PAYLOAD_LENGTH);
        }
        if (perFragment + offset + length > 65_535) {
            // RFC 8200 section 4.5: "If the length and offset of a fragment are such that the Payload Length of the
            // packet reassembled from that fragment would exceed 65,535 octets, then that fragment must be discarded
            // and an ICMP Parameter Problem, Code 0, message should be sent [...], pointing to the Fragment Offset".
            int pointer = header + 2 - packet.start;
            return refuse(DropReason.BAD_FRAGMENT, packet, IcmpHeader.V6_PARAMETER_PROBLEM, 0, pointer);
        }
        if (length == 0) {
            return drop(DropReason.BAD_FRAGMENT, packet);
        }
        if (offset == 0 && packet.tailLength() == 0 && !extensions.isFirstFragmentWhole(packet)) {
            // RFC 8200 section 4.5: "If the first fragment does not include all headers through an Upper-Layer
            // header, then that fragment should be discarded and an ICMP Parameter Problem, Code 3, message should be
            // sent to the source of the fragment, with the Pointer field set to zero."
            return refuse(DropReason.BAD_FRAGMENT, packet, IcmpHeader.V6_PARAMETER_PROBLEM, 3, 0);
        }
        return reassembler.add(packet, offset, more, Bytes.i32(packet.bytes, header + 4), now);
    }

    /// Checks both addresses of a packet that came from outside the host.
    private @Nullable DropReason checkAddresses(NetInterface nic, Packet packet) {
        long sourceHi = packet.sourceHi;
        long sourceLo = packet.sourceLo;
        long hi = packet.destinationHi;
        long lo = packet.destinationLo;
        if (isLast(nic, sourceHi, sourceLo, hi, lo)) {
            return null;
        }
        // RFC 1122 section 3.2.1.3: "A host MUST silently discard an incoming datagram containing an IP source
        // address that is invalid by the rules of this section." That is: (c) to (f) broadcasts, multicasts, class E,
        // and (a), (b) "{0, <Host-number>}", but {0, 0} towards everybody, which is how a host asks for its address.
        boolean askingForAddress = sourceLo == IpAddress.ANY_IPV4.lo() && IpAddress.isLimitedBroadcast(hi, lo);
        if (!IpAddress.isUnicast(sourceHi, sourceLo) && !askingForAddress
                || sourceHi == 0 && sourceLo >>> 24 == 0xffff_00L && !askingForAddress) {
            return DropReason.BAD_SOURCE;
        }
        // (g) "Internal host loopback address. Addresses of this form MUST NOT appear outside a host."
        // RFC 4291 section 2.5.3: "A packet received on an interface with a destination address of loopback must be
        // dropped." A source that is the host's own was forged as well: such packets never leave the host.
        if (addresses.specific(sourceHi, sourceLo) != Addresses.FOREIGN) {
            return DropReason.BAD_SOURCE;
        }
        // "A host MUST silently discard an incoming datagram that is not destined for the host."
        int kind = IpAddress.isLoopback(hi, lo) ? Addresses.FOREIGN : addresses.kind(hi, lo);
        // RFC 1112 section 7.2: "The extended IP module must [...] discard datagrams destined to groups to which the
        // host does not belong" on the network that they came through.
        boolean ours = kind == Addresses.MULTICAST ? addresses.isMember(hi, lo, nic) : kind != Addresses.FOREIGN;
        if (kind == Addresses.OWN) {
            lastNic = nic;
            lastVersion = addresses.version();
            lastSourceHi = sourceHi;
            lastSourceLo = sourceLo;
            lastDestinationHi = hi;
            lastDestinationLo = lo;
        }
        return ours ? null : DropReason.NOT_OURS;
    }

    /// Cuts off what a link padded behind the datagram.
    private static void trim(Packet packet, int totalLength) {
        int head = packet.end - packet.start;
        if (totalLength < head) {
            packet.end = packet.start + totalLength;
            packet.tailEnd = packet.tailStart;
        } else {
            packet.tailEnd = packet.tailStart + totalLength - head;
        }
    }

    /// Makes sure that a transport header, or all of an ICMP message, is in the contiguous part.
    private Packet withTransportHeader(Packet packet) {
        int needed = packet.protocol == IpProtocol.TCP ? 20 : packet.protocol == IpProtocol.UDP ? 8 : 65_536;
        return packet.end - packet.transportAt < needed ? contiguous(packet) : packet;
    }

    private Packet contiguous(Packet packet) {
        int length = packet.length();
        Packet copy = pool.takePacket(length);
        packet.copyTo(copy.bytes, 0);
        copy.end = length;
        copy.transportAt = packet.transportAt - packet.start;
        copy.protocol = packet.protocol;
        copy.ipv6 = packet.ipv6;
        copy.sourceHi = packet.sourceHi;
        copy.sourceLo = packet.sourceLo;
        copy.destinationHi = packet.destinationHi;
        copy.destinationLo = packet.destinationLo;
        copy.receivedAt = packet.receivedAt;
        copy.checksum = packet.checksum;
        copy.segmentSize = packet.segmentSize;
        copy.mark = packet.mark;
        packet.release();
        return copy;
    }

    private @Nullable Packet drop(DropReason reason, Packet packet) {
        drops.drop(reason, packet);
        return null;
    }

    /// Counts the packet as dropped, but keeps it until the caller has answered it.
    private @Nullable Packet refuse(DropReason reason, Packet packet, int type, int code, int rest) {
        drops.count(reason);
        Packet forgotten = erroneous;
        if (forgotten != null) {
            forgotten.release();
        }
        erroneous = packet;
        errorType = type;
        errorCode = code;
        errorRest = rest;
        return null;
    }

    /// Ends reassemblies whose time is over.
    ///
    /// @return true if Time Exceeded is to be sent about [#takeErroneous]; there may be more then: call again
    public boolean advance(long now) {
        Packet first = reassembler.expire(now);
        if (first == null) {
            return false;
        }
        Packet forgotten = erroneous;
        if (forgotten != null) {
            forgotten.release();
        }
        erroneous = first;
        errorType = first.ipv6 ? IcmpHeader.V6_TIME_EXCEEDED : IcmpHeader.TIME_EXCEEDED;
        errorCode = 1;
        errorRest = 0;
        return true;
    }

    /// When [#advance] has something to do next, or [PathMtu#NEVER].
    public long nextDeadline() {
        return reassembler.nextDeadline();
    }

    /// The packet that has to be answered with an ICMP error, or null; it belongs to the caller, who releases it. It
    /// was counted as dropped.
    public @Nullable Packet takeErroneous() {
        Packet packet = erroneous;
        erroneous = null;
        return packet;
    }

    /// The type of the ICMP (or ICMPv6) error to send.
    public int errorType() {
        return errorType;
    }

    /// The code of the ICMP error to send.
    public int errorCode() {
        return errorCode;
    }

    /// The 32 bits behind the checksum of the ICMP error to send.
    public int errorRest() {
        return errorRest;
    }

    /// Where fragments wait.
    public Reassembler reassembler() {
        return reassembler;
    }

    /// The TOS octet or traffic class of a packet with its IP header at `start`.
    public static int tos(Packet packet) {
        return packet.ipv6
                ? Ipv6Header.trafficClass(packet.bytes, packet.start)
                : Bytes.u8(packet.bytes, packet.start + Ipv4Header.TOS);
    }

    /// The time to live or hop limit of a packet with its IP header at `start`. RFC 1122 section 3.2.1.7: "A host
    /// MUST NOT discard a datagram just because it was received with TTL less than 2"; it is for information only.
    public static int ttl(Packet packet) {
        return Bytes.u8(packet.bytes, packet.start + (packet.ipv6 ? Ipv6Header.HOP_LIMIT : Ipv4Header.TTL));
    }
}
