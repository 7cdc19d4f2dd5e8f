package dev.berth.stack.icmp;

import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import org.jspecify.annotations.Nullable;

/// An ICMP or ICMPv6 error about a packet that this host sent: what went wrong, and with which flow.
///
/// The flow is seen from this host: *local* is the source of the quoted packet, *remote* its destination. [Icmp] has
/// one
/// instance and fills it anew for every error, so it must not be kept. What it says is a hint from anywhere: a TCP
/// compares [#sequence] with what it has in flight (RFC 5927 section 4.1) before it believes any of it.
public final class IcmpError {
    /// What went wrong.
    public enum Kind {
        /// The network cannot be reached at present.
        NET_UNREACHABLE(false),
        /// The host cannot be reached at present.
        HOST_UNREACHABLE(false),
        /// The remote host does not speak the protocol.
        PROTOCOL_UNREACHABLE(true),
        /// Nobody owns the remote port.
        PORT_UNREACHABLE(true),
        /// Somebody on the way does not permit the packet.
        PROHIBITED(true),
        /// The packet was larger than a link on the way takes; see [IcmpError#mtu].
        PACKET_TOO_BIG(false),
        /// The packet was on the way for too many hops, or for too long in pieces.
        TIME_EXCEEDED(false),
        /// A header of the packet was not understood.
        PARAMETER_PROBLEM(false);

        private final boolean hard;

        Kind(boolean hard) {
            this.hard = hard;
        }

        /// True for a hard error of RFC 1122 section 4.2.3.9. RFC 9293 section 3.9.2.2, of the others (MUST-56): "a
        /// TCP implementation MUST NOT abort the connection".
        public boolean isHard() {
            return hard;
        }

        /// The kind of an ICMP or ICMPv6 error; null for types that are not errors or that are ignored.
        public static @Nullable Kind of(boolean ipv6, int type, int code) {
            return ipv6 ? ofIpv6(type, code) : ofIpv4(type, code);
        }

        private static @Nullable Kind ofIpv4(int type, int code) {
            return switch (type) {
                case 3 ->
                    switch (code) {
                        case 0, 6, 8, 11 -> NET_UNREACHABLE;
                        case 2 -> PROTOCOL_UNREACHABLE;
                        case 3 -> PORT_UNREACHABLE;
                        case 4 -> PACKET_TOO_BIG;
                        case 9, 10, 13, 14, 15 -> PROHIBITED;
                        default -> HOST_UNREACHABLE;
                    };
                case 11 -> TIME_EXCEEDED;
                case 12 -> PARAMETER_PROBLEM;
                default -> null;
            };
        }

        private static @Nullable Kind ofIpv6(int type, int code) {
            return switch (type) {
                case 1 ->
                    switch (code) {
                        case 0, 2 -> NET_UNREACHABLE;
                        case 4 -> PORT_UNREACHABLE;
                        case 1, 5, 6 -> PROHIBITED;
                        default -> HOST_UNREACHABLE;
                    };
                case 2 -> PACKET_TOO_BIG;
                case 3 -> TIME_EXCEEDED;
                case 4 -> code == 1 ? PROTOCOL_UNREACHABLE : PARAMETER_PROBLEM;
                default -> null;
            };
        }
    }

    Kind kind = Kind.HOST_UNREACHABLE;
    int type;
    int code;
    int mtu;
    int protocol;
    boolean ipv6;
    long localHi;
    long localLo;
    int localPort;
    long remoteHi;
    long remoteLo;
    int remotePort;
    int sequence;
    int quotedLength;
    long senderHi;
    long senderLo;

    IcmpError() {}

    /// What went wrong.
    public Kind kind() {
        return kind;
    }

    /// True if there is no point in going on.
    public boolean isHard() {
        return kind.hard;
    }

    /// The ICMP (IPv4) or ICMPv6 type.
    public int type() {
        return type;
    }

    /// The ICMP or ICMPv6 code.
    public int code() {
        return code;
    }

    /// For [Kind#PACKET_TOO_BIG] the MTU that was reported, 0 if none was; otherwise 0.
    public int mtu() {
        return mtu;
    }

    /// The transport protocol of the quoted packet: [IpProtocol#TCP] or [IpProtocol#UDP].
    public int protocol() {
        return protocol;
    }

    /// True if the quoted packet is one of IPv6.
    public boolean ipv6() {
        return ipv6;
    }

    /// The upper half of the local address.
    public long localHi() {
        return localHi;
    }

    /// The lower half of the local address.
    public long localLo() {
        return localLo;
    }

    /// The local port.
    public int localPort() {
        return localPort;
    }

    /// The upper half of the remote address.
    public long remoteHi() {
        return remoteHi;
    }

    /// The lower half of the remote address.
    public long remoteLo() {
        return remoteLo;
    }

    /// The remote port.
    public int remotePort() {
        return remotePort;
    }

    /// The sequence number of the quoted segment, for TCP.
    public int sequence() {
        return sequence;
    }

    /// The total length of the quoted packet, as its header says.
    public int quotedLength() {
        return quotedLength;
    }

    /// The upper half of the address that sent the error.
    public long senderHi() {
        return senderHi;
    }

    /// The lower half of the address that sent the error.
    public long senderLo() {
        return senderLo;
    }

    /// Sets the kind of an ICMP error; false for types that are not errors or that are ignored.
    boolean classifyIpv4() {
        return classify(Kind.of(false, type, code));
    }

    /// Sets the kind of an ICMPv6 error; false for types that are not errors.
    boolean classifyIpv6() {
        return classify(Kind.of(true, type, code));
    }

    private boolean classify(@Nullable Kind found) {
        if (found == null) {
            return false;
        }
        kind = found;
        return true;
    }

    @Override
    public String toString() {
        return kind + (kind == Kind.PACKET_TOO_BIG ? " " + mtu : "") + " "
                + (protocol == IpProtocol.TCP ? "tcp " : "udp ") + IpAddress.toString(localHi, localLo) + ":"
                + localPort + " > " + IpAddress.toString(remoteHi, remoteLo) + ":" + remotePort;
    }
}
