package dev.berth.wire;

/// Writes the messages of Neighbor Discovery (RFC 4861) that a router sends, from the ICMPv6 header on. The checksum
/// is left to [#finish], as it covers the IPv6 addresses too. Allocates nothing.
public final class NdpWriter {
    /// Octets of a neighbor advertisement with its option.
    public static final int NEIGHBOR_ADVERTISEMENT_LENGTH = 32;

    private static final int FLAG_ROUTER = 0x8000_0000;
    private static final int FLAG_SOLICITED = 0x4000_0000;
    private static final int FLAG_OVERRIDE = 0x2000_0000;
    private static final int ON_LINK = 0x80;
    private static final int AUTONOMOUS = 0x40;

    private NdpWriter() {}

    /// A neighbor advertisement with the target's link-layer address, section 4.4.
    ///
    /// @param override it replaces what is cached; not for an answer on behalf of others (section 7.2.8)
    /// @return octets written
    public static int neighborAdvertisement(
            byte[] bytes,
            int at,
            boolean router,
            boolean solicited,
            boolean override,
            long targetHi,
            long targetLo,
            long linkLayer) {
        Bytes.put32(bytes, at, NdpMessage.NEIGHBOR_ADVERTISEMENT << 24);
        Bytes.put32(
                bytes,
                at + IcmpHeader.REST,
                (router ? FLAG_ROUTER : 0) | (solicited ? FLAG_SOLICITED : 0) | (override ? FLAG_OVERRIDE : 0));
        Bytes.put64(bytes, at + 8, targetHi);
        Bytes.put64(bytes, at + 16, targetLo);
        linkLayerOption(bytes, at + 24, NdpMessage.OPTION_TARGET, linkLayer);
        return NEIGHBOR_ADVERTISEMENT_LENGTH;
    }

    /// A neighbor solicitation with the source's link-layer address, section 4.3.
    ///
    /// @return octets written
    public static int neighborSolicitation(byte[] bytes, int at, long targetHi, long targetLo, long linkLayer) {
        Bytes.put32(bytes, at, NdpMessage.NEIGHBOR_SOLICITATION << 24);
        Bytes.put32(bytes, at + IcmpHeader.REST, 0);
        Bytes.put64(bytes, at + 8, targetHi);
        Bytes.put64(bytes, at + 16, targetLo);
        linkLayerOption(bytes, at + 24, NdpMessage.OPTION_SOURCE, linkLayer);
        return 32;
    }

    /// The beginning of a router advertisement: the fixed part of section 4.2, the link-layer address of the sender
    /// and the MTU. [#prefix] and [#dnsServer] follow.
    ///
    /// @param lifetime seconds for which the sender is a default router, 0 to 65535
    /// @param mtu octets
    /// @return octets written
    public static int routerAdvertisement(byte[] bytes, int at, int hopLimit, int lifetime, long linkLayer, int mtu) {
        Bytes.put32(bytes, at, NdpMessage.ROUTER_ADVERTISEMENT << 24);
        Bytes.put32(bytes, at + 4, hopLimit << 24 | lifetime);
        Bytes.put64(bytes, at + 8, 0); // reachable and retransmission time: unspecified
        linkLayerOption(bytes, at + 16, NdpMessage.OPTION_SOURCE, linkLayer);
        Bytes.put32(bytes, at + 24, NdpMessage.OPTION_MTU << 24 | 1 << 16);
        Bytes.put32(bytes, at + 28, mtu);
        return 32;
    }

    /// The option of a prefix that is on the link and from which hosts make addresses themselves, section 4.6.2.
    ///
    /// @param length of the prefix in bits, 0 to 128
    /// @param valid seconds
    /// @param preferred seconds, at most `valid`
    /// @return octets written
    public static int prefix(byte[] bytes, int at, long hi, long lo, int length, int valid, int preferred) {
        Bytes.put32(bytes, at, NdpMessage.OPTION_PREFIX << 24 | 4 << 16 | length << 8 | ON_LINK | AUTONOMOUS);
        Bytes.put32(bytes, at + 4, valid);
        Bytes.put32(bytes, at + 8, preferred);
        Bytes.put32(bytes, at + 12, 0);
        Bytes.put64(bytes, at + 16, hi);
        Bytes.put64(bytes, at + 24, lo);
        return 32;
    }

    /// The option that names a recursive name server, RFC 8106 section 5.1.
    ///
    /// @param lifetime seconds
    /// @return octets written
    public static int dnsServer(byte[] bytes, int at, long hi, long lo, int lifetime) {
        Bytes.put32(bytes, at, NdpMessage.OPTION_RDNSS << 24 | 3 << 16);
        Bytes.put32(bytes, at + 4, lifetime);
        Bytes.put64(bytes, at + 8, hi);
        Bytes.put64(bytes, at + 16, lo);
        return 24;
    }

    /// Puts the IPv6 header before a message and completes its checksum.
    ///
    /// @param at where the IPv6 header is to start; the message is [Ipv6Header#LENGTH] behind it
    /// @param length octets of the message
    public static void finish(
            byte[] bytes, int at, int length, long sourceHi, long sourceLo, long destinationHi, long destinationLo) {
        Ipv6Header.write(
                bytes,
                at,
                0,
                0,
                length,
                IpProtocol.ICMPV6,
                NdpMessage.HOP_LIMIT,
                sourceHi,
                sourceLo,
                destinationHi,
                destinationLo);
        int icmp = at + Ipv6Header.LENGTH;
        Bytes.put16(bytes, icmp + IcmpHeader.CHECKSUM, 0);
        long sum = InternetChecksum.pseudoHeaderSum(
                true, sourceHi, sourceLo, destinationHi, destinationLo, IpProtocol.ICMPV6, length);
        sum += InternetChecksum.headerSum(bytes, icmp, length);
        Bytes.put16(bytes, icmp + IcmpHeader.CHECKSUM, InternetChecksum.finish(sum));
    }

    private static void linkLayerOption(byte[] bytes, int at, int option, long linkLayer) {
        Bytes.put16(bytes, at, option << 8 | 1);
        EthernetHeader.putAddress(bytes, at + 2, linkLayer);
    }
}
