package dev.berth.stack.icmp;

import dev.berth.wire.Bytes;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv6Header;

/// Finds the transport header of an IPv6 packet of which perhaps only the beginning is there.
final class Ipv6Quote {
    private static final int MAX_HEADERS = 16;

    private Ipv6Quote() {}

    /// The place and protocol of the transport header of the packet at `from`, of which the octets before `end` are
    /// there; -1 if it is not among them or the packet is a fragment that does not begin with it. See [#at] and
    /// [#protocol].
    static long transport(byte[] bytes, int from, int end) {
        int next = Bytes.u8(bytes, from + Ipv6Header.NEXT_HEADER);
        int at = from + Ipv6Header.LENGTH;
        for (int headers = 0; headers < MAX_HEADERS; headers++) {
            switch (next) {
                case IpProtocol.HOP_BY_HOP, IpProtocol.DESTINATION_OPTIONS, IpProtocol.ROUTING -> {
                    if (at + 8 > end) {
                        return -1;
                    }
                    next = Bytes.u8(bytes, at);
                    at += (Bytes.u8(bytes, at + 1) + 1) * 8;
                }
                case IpProtocol.FRAGMENT -> {
                    if (at + 8 > end || (Bytes.u16(bytes, at + 2) & 0xfff8) != 0) {
                        return -1;
                    }
                    next = Bytes.u8(bytes, at);
                    at += 8;
                }
                default -> {
                    return at < end ? (long) next << 32 | at : -1;
                }
            }
        }
        return -1;
    }

    /// Where the header is.
    static int at(long transport) {
        return (int) transport;
    }

    /// The protocol number.
    static int protocol(long transport) {
        return (int) (transport >>> 32);
    }
}
