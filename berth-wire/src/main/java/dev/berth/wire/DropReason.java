package dev.berth.wire;

/// Why a packet went nowhere. Every packet that is not delivered is counted under exactly one of these.
public enum DropReason {
    /// Shorter than its headers say.
    TRUNCATED("shorter than its headers say"),
    /// A version other than 4 or 6 (RFC 1122 section 3.2.1.1).
    BAD_VERSION("IP version is neither 4 nor 6"),
    /// A header length that cannot be.
    BAD_HEADER_LENGTH("impossible header length"),
    /// A wrong IPv4 header checksum (RFC 1122 section 3.2.1.2).
    BAD_HEADER_CHECKSUM("wrong IPv4 header checksum"),
    /// A source address that no packet may have (RFC 1122 section 3.2.1.3).
    BAD_SOURCE("invalid source address"),
    /// A destination that is not this host (RFC 1122 section 3.2.1.3).
    NOT_OURS("destination is not this host"),
    /// A transport protocol that nobody handles.
    UNKNOWN_PROTOCOL("unknown transport protocol"),
    /// IP options or extension headers that are refused (source routes).
    BAD_IP_OPTION("refused IP option or extension header"),
    /// A fragment that overlaps another (RFC 5722) or makes no sense.
    BAD_FRAGMENT("overlapping or impossible fragment"),
    /// The memory for reassembly is used up.
    REASSEMBLY_OVERFLOW("reassembly memory used up"),
    /// A datagram whose fragments did not all arrive in time.
    REASSEMBLY_TIMEOUT("fragments missing after the time limit"),
    /// A wrong TCP, UDP or ICMP checksum.
    BAD_TRANSPORT_CHECKSUM("wrong transport checksum"),
    /// A transport header that cannot be.
    BAD_TRANSPORT_HEADER("impossible transport header"),
    /// Port 0 as source or destination (RFC 6335 section 6).
    PORT_ZERO("port 0"),
    /// Nobody owns the destination port.
    NO_PORT_OWNER("nobody owns the destination port"),
    /// A segment outside the receive window or failing PAWS; it was answered with an ACK where the RFC says so.
    NOT_ACCEPTABLE("segment is not acceptable"),
    /// A segment that its connection's state forbids.
    WRONG_STATE("segment does not fit the connection's state"),
    /// A SYN that found the listener's backlog full.
    BACKLOG_FULL("listen backlog is full"),
    /// A datagram or segment that found no room in the receive buffer.
    RECEIVE_BUFFER_FULL("receive buffer is full"),
    /// An ICMP message of a type or with a quote that is not understood.
    ICMP_IGNORED("ICMP message ignored"),
    /// No route to the destination of an outgoing packet.
    NO_ROUTE("no route to the destination"),
    /// The interface's egress queue is full.
    EGRESS_FULL("egress queue is full"),
    /// The host's inbox is full.
    INBOX_FULL("inbox is full"),
    /// Larger than the MTU and not to be fragmented.
    TOO_BIG("larger than the MTU and not to be fragmented"),
    /// An answer that a rate limit suppressed.
    RATE_LIMITED("suppressed by a rate limit"),
    /// The interface or the host is down.
    DOWN("interface or host is down");

    private final String text;

    DropReason(String text) {
        this.text = text;
    }

    /// A few words for people.
    public String text() {
        return text;
    }
}
