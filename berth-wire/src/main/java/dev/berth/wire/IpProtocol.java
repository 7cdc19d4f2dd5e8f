package dev.berth.wire;

/// Protocol numbers of the IPv4 Protocol and IPv6 Next Header fields that the stack knows (IANA registry).
public final class IpProtocol {
    /// RFC 792.
    public static final int ICMP = 1;
    /// RFC 9293.
    public static final int TCP = 6;
    /// RFC 768.
    public static final int UDP = 17;
    /// RFC 8200 section 4.3.
    public static final int HOP_BY_HOP = 0;
    /// RFC 8200 section 4.4.
    public static final int ROUTING = 43;
    /// RFC 8200 section 4.5.
    public static final int FRAGMENT = 44;
    /// RFC 4443.
    public static final int ICMPV6 = 58;
    /// RFC 8200 section 4.7.
    public static final int NO_NEXT_HEADER = 59;
    /// RFC 8200 section 4.6.
    public static final int DESTINATION_OPTIONS = 60;

    private IpProtocol() {}
}
