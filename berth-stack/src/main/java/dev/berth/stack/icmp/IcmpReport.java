package dev.berth.stack.icmp;

import dev.berth.wire.IcmpHeader;
import dev.berth.wire.IpAddress;
import org.jspecify.annotations.Nullable;

/// What a gateway says of a packet that it could not deliver: the contents of an ICMP or ICMPv6 error, without the
/// packet that it quotes.
///
/// @param kind what went wrong
/// @param mtu for [IcmpError.Kind#PACKET_TOO_BIG] the MTU of the next link, 0 to 65,535 octets; otherwise 0
/// @param reporter who says so; null for the host itself. An address that is not the host's counts as null
public record IcmpReport(
        IcmpError.Kind kind, int mtu, @Nullable IpAddress reporter) {
    /// @throws IllegalArgumentException if the MTU is out of range
    public IcmpReport {
        if (mtu < 0 || mtu > 65_535) {
            throw new IllegalArgumentException("An MTU is 0 to 65535, not " + mtu);
        }
    }

    /// A report by the host itself.
    public static IcmpReport of(IcmpError.Kind kind) {
        return new IcmpReport(kind, 0, null);
    }

    /// The type in the upper 8 bits and the code in the lower ones: RFC 792, RFC 1812 section 5.2.7.1, RFC 4443
    /// section 3.
    int typeAndCode(boolean ipv6) {
        return switch (kind) {
            case NET_UNREACHABLE -> unreachable(ipv6, IcmpHeader.CODE_NET, IcmpHeader.V6_CODE_NO_ROUTE);
            case HOST_UNREACHABLE -> unreachable(ipv6, IcmpHeader.CODE_HOST, IcmpHeader.V6_CODE_ADDRESS);
            case PORT_UNREACHABLE -> unreachable(ipv6, IcmpHeader.CODE_PORT, IcmpHeader.V6_CODE_PORT);
            case PROHIBITED -> unreachable(ipv6, PROHIBITED, IcmpHeader.V6_CODE_PROHIBITED);
            // RFC 4443 section 3.4, code 1: "unrecognized Next Header type encountered".
            case PROTOCOL_UNREACHABLE ->
                ipv6
                        ? IcmpHeader.V6_PARAMETER_PROBLEM << 8 | 1
                        : IcmpHeader.UNREACHABLE << 8 | IcmpHeader.CODE_PROTOCOL;
            case PACKET_TOO_BIG ->
                ipv6
                        ? IcmpHeader.V6_PACKET_TOO_BIG << 8
                        : IcmpHeader.UNREACHABLE << 8 | IcmpHeader.CODE_FRAGMENTATION_NEEDED;
            case TIME_EXCEEDED -> (ipv6 ? IcmpHeader.V6_TIME_EXCEEDED : IcmpHeader.TIME_EXCEEDED) << 8;
            case PARAMETER_PROBLEM -> (ipv6 ? IcmpHeader.V6_PARAMETER_PROBLEM : IcmpHeader.PARAMETER_PROBLEM) << 8;
        };
    }

    /// "Communication Administratively Prohibited", RFC 1812 section 5.2.7.1.
    private static final int PROHIBITED = 13;

    private static int unreachable(boolean ipv6, int code, int codeV6) {
        return ipv6 ? IcmpHeader.V6_UNREACHABLE << 8 | codeV6 : IcmpHeader.UNREACHABLE << 8 | code;
    }
}
