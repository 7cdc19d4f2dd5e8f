package dev.berth.stack.icmp;

import dev.berth.wire.IcmpHeader;

/// What a gateway says of a destination that it cannot reach: the codes of Destination Unreachable, RFC 792, RFC 1812
/// section 5.2.7.1 and RFC 4443 section 3.1.
public enum Unreachable {
    /// No route leads there.
    NETWORK(IcmpHeader.CODE_NET, IcmpHeader.V6_CODE_NO_ROUTE),
    /// The host does not answer to its neighbours.
    HOST(IcmpHeader.CODE_HOST, IcmpHeader.V6_CODE_ADDRESS),
    /// Nobody owns the port.
    PORT(IcmpHeader.CODE_PORT, IcmpHeader.V6_CODE_PORT),
    /// "Communication Administratively Prohibited": a rule forbids it.
    PROHIBITED(13, IcmpHeader.V6_CODE_PROHIBITED);

    final int code;
    final int codeV6;

    Unreachable(int code, int codeV6) {
        this.code = code;
        this.codeV6 = codeV6;
    }
}
