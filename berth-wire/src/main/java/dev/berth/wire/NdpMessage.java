package dev.berth.wire;

/// A message of Neighbor Discovery (RFC 4861) that a router reads, validated and taken apart. Mutable, to be used
/// again for each message; allocates nothing.
public final class NdpMessage {
    /// ICMPv6 type of a router solicitation, RFC 4861 section 4.1.
    public static final int ROUTER_SOLICITATION = 133;
    /// ICMPv6 type of a router advertisement, section 4.2.
    public static final int ROUTER_ADVERTISEMENT = 134;
    /// ICMPv6 type of a neighbor solicitation, section 4.3.
    public static final int NEIGHBOR_SOLICITATION = 135;
    /// ICMPv6 type of a neighbor advertisement, section 4.4.
    public static final int NEIGHBOR_ADVERTISEMENT = 136;

    /// The hop limit of every message: whoever sees another one knows that it has passed a router.
    public static final int HOP_LIMIT = 255;

    static final int OPTION_SOURCE = 1;
    static final int OPTION_TARGET = 2;
    static final int OPTION_PREFIX = 3;
    static final int OPTION_MTU = 5;
    static final int OPTION_RDNSS = 25; // RFC 8106 section 5.1

    private static final int TARGET = 8;
    private static final int SOLICITED = 0x4000_0000;

    /// One of the four types.
    public int type;

    /// The target of a neighbor solicitation or advertisement.
    public long targetHi, targetLo;

    /// The source or target link-layer address, whichever the type has; -1 without one.
    public long linkLayer;

    /// True if an advertisement says that it answers a solicitation.
    public boolean solicited;

    /// True for one of the types that this class knows, whether it is valid or not.
    public static boolean isNdp(int type) {
        return type >= ROUTER_SOLICITATION && type <= IcmpHeader.V6_REDIRECT;
    }

    /// Reads a message whose ICMP checksum is right.
    ///
    /// @param at where the ICMPv6 header starts
    /// @param length octets from there on
    /// @param hopLimit that of the IPv6 header
    /// @return false if it has to be discarded silently: RFC 4861 sections 6.1.1, 6.1.2, 7.1.1 and 7.1.2
    public boolean parse(
            byte[] bytes,
            int at,
            int length,
            int hopLimit,
            long sourceHi,
            long sourceLo,
            long destinationHi,
            long destinationLo) {
        // "The IP Hop Limit field has a value of 255, i.e., the packet could not possibly have been forwarded by a
        // router." "ICMP Code is 0."
        if (length < IcmpHeader.LENGTH || hopLimit != HOP_LIMIT || bytes[at + IcmpHeader.CODE] != 0) {
            return false;
        }
        type = Bytes.u8(bytes, at);
        linkLayer = -1;
        targetHi = 0;
        targetLo = 0;
        solicited = false;
        boolean fromNobody = IpAddress.isUnspecified(sourceHi, sourceLo);
        return switch (type) {
            case ROUTER_SOLICITATION ->
                options(bytes, at + IcmpHeader.LENGTH, length - IcmpHeader.LENGTH, OPTION_SOURCE)
                        // "If the IP source address is the unspecified address, there is no source link-layer address
                        // option in the message."
                        && !(fromNobody && linkLayer >= 0);
            case ROUTER_ADVERTISEMENT ->
                length >= 16
                        && IpAddress.isLinkLocal(sourceHi, sourceLo)
                        && options(bytes, at + 16, length - 16, OPTION_SOURCE);
            case NEIGHBOR_SOLICITATION ->
                target(bytes, at, length, OPTION_SOURCE)
                        // "If the IP source address is the unspecified address, the IP destination address is a
                        // solicited-node multicast address", and there is no link-layer address either.
                        && !(fromNobody && (linkLayer >= 0 || !isSolicitedNode(destinationHi, destinationLo)));
            case NEIGHBOR_ADVERTISEMENT -> {
                solicited = (Bytes.i32(bytes, at + IcmpHeader.REST) & SOLICITED) != 0;
                yield target(bytes, at, length, OPTION_TARGET)
                        && !(solicited && IpAddress.isMulticast(destinationHi, destinationLo));
            }
            default -> false;
        };
    }

    private boolean target(byte[] bytes, int at, int length, int option) {
        if (length < TARGET + 16) {
            return false;
        }
        targetHi = Bytes.i64(bytes, at + TARGET);
        targetLo = Bytes.i64(bytes, at + TARGET + 8);
        return !IpAddress.isMulticast(targetHi, targetLo)
                && options(bytes, at + TARGET + 16, length - TARGET - 16, option);
    }

    /// Section 4.6: type, length in units of 8 octets, and "All included options have a length that is greater than
    /// zero."
    private boolean options(byte[] bytes, int from, int length, int wanted) {
        int at = from;
        int end = from + length;
        while (at < end) {
            if (end - at < 8) {
                return false;
            }
            int size = Bytes.u8(bytes, at + 1) * 8;
            if (size == 0 || size > end - at) {
                return false;
            }
            if (Bytes.u8(bytes, at) == wanted && size == 8) {
                linkLayer = EthernetHeader.address(bytes, at + 2);
            }
            at += size;
        }
        return true;
    }

    /// True for ff02::1:ff00:0/104, RFC 4291 section 2.7.1.
    public static boolean isSolicitedNode(long hi, long lo) {
        return hi == 0xff02_0000_0000_0000L && lo >>> 24 == 0x1_ffL;
    }
}
