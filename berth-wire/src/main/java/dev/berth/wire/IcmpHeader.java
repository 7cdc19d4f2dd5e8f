package dev.berth.wire;

/// ICMP (RFC 792) and ICMPv6 (RFC 4443) messages: type, code, checksum, four octets that depend on the type, data.
public final class IcmpHeader {
    /// Octets before the data or the quoted packet.
    public static final int LENGTH = 8;
    /// Offset of the type.
    public static final int TYPE = 0;
    /// Offset of the code.
    public static final int CODE = 1;
    /// Offset of the checksum.
    public static final int CHECKSUM = 2;
    /// Offset of the 32 bits that depend on the type (identifier and sequence, MTU, pointer).
    public static final int REST = 4;

    /// ICMP echo reply.
    public static final int ECHO_REPLY = 0;
    /// ICMP destination unreachable.
    public static final int UNREACHABLE = 3;
    /// ICMP source quench, deprecated by RFC 6633.
    public static final int SOURCE_QUENCH = 4;
    /// ICMP redirect.
    public static final int REDIRECT = 5;
    /// ICMP echo.
    public static final int ECHO = 8;
    /// ICMP time exceeded.
    public static final int TIME_EXCEEDED = 11;
    /// ICMP parameter problem.
    public static final int PARAMETER_PROBLEM = 12;

    /// Unreachable code: network.
    public static final int CODE_NET = 0;
    /// Unreachable code: host.
    public static final int CODE_HOST = 1;
    /// Unreachable code: protocol.
    public static final int CODE_PROTOCOL = 2;
    /// Unreachable code: port.
    public static final int CODE_PORT = 3;
    /// Unreachable code: fragmentation needed and DF set.
    public static final int CODE_FRAGMENTATION_NEEDED = 4;

    /// ICMPv6 destination unreachable.
    public static final int V6_UNREACHABLE = 1;
    /// ICMPv6 packet too big.
    public static final int V6_PACKET_TOO_BIG = 2;
    /// ICMPv6 time exceeded.
    public static final int V6_TIME_EXCEEDED = 3;
    /// ICMPv6 parameter problem.
    public static final int V6_PARAMETER_PROBLEM = 4;
    /// ICMPv6 echo request.
    public static final int V6_ECHO = 128;
    /// ICMPv6 echo reply.
    public static final int V6_ECHO_REPLY = 129;
    /// ICMPv6 redirect, RFC 4861.
    public static final int V6_REDIRECT = 137;

    /// ICMPv6 unreachable code: no route.
    public static final int V6_CODE_NO_ROUTE = 0;
    /// ICMPv6 unreachable code: administratively prohibited.
    public static final int V6_CODE_PROHIBITED = 1;
    /// ICMPv6 unreachable code: address.
    public static final int V6_CODE_ADDRESS = 3;
    /// ICMPv6 unreachable code: port.
    public static final int V6_CODE_PORT = 4;

    private IcmpHeader() {}
}
