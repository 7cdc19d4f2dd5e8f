package dev.berth.stack.ip;

import dev.berth.wire.Bytes;
import dev.berth.wire.DropReason;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;

/// The chain of IPv6 extension headers (RFC 8200 section 4), processed in the order in which they appear.
///
/// [#walk] ends at a transport header, at a fragment or with a refusal; what it found is left in the fields. One per
/// [IpInput]; allocates nothing.
final class ExtensionHeaders {
    /// The chain ends at a transport header that the host handles.
    static final int TRANSPORT = 0;
    /// The chain reached the fragment header of a datagram in pieces.
    static final int FRAGMENT = 1;
    /// The packet is to be dropped under [#reason] without an answer.
    static final int DROP = 2;
    /// The packet is to be dropped under [#reason] and answered with Parameter Problem.
    static final int PROBLEM = 3;

    /// Octets of a fragment header.
    static final int FRAGMENT_HEADER = 8;

    // RFC 8504 section 5.3 lets a host limit the number of extension headers it processes.
    private static final int MAX_HEADERS = 16;

    /// Where the transport header, or the fragment header, is.
    int at;
    /// The transport protocol.
    int protocol;
    /// Why the packet is dropped.
    DropReason reason = DropReason.BAD_IP_OPTION;
    /// The code of the Parameter Problem.
    int code;
    /// The pointer of the Parameter Problem: an offset from the start of the packet.
    int pointer;

    /// Processes the chain of a contiguous packet that begins with a valid fixed header.
    ///
    /// @param reassembled true if the packet was put together from fragments
    int walk(Packet packet, boolean reassembled) {
        byte[] bytes = packet.bytes;
        int nextAt = packet.start + Ipv6Header.NEXT_HEADER;
        at = packet.start + Ipv6Header.LENGTH;
        for (int headers = 0; headers < MAX_HEADERS; headers++) {
            int next = Bytes.u8(bytes, nextAt);
            switch (next) {
                case IpProtocol.TCP, IpProtocol.UDP, IpProtocol.ICMPV6 -> {
                    protocol = next;
                    return TRANSPORT;
                }
                case IpProtocol.NO_NEXT_HEADER -> {
                    return drop(DropReason.UNKNOWN_PROTOCOL);
                }
                case IpProtocol.HOP_BY_HOP, IpProtocol.DESTINATION_OPTIONS, IpProtocol.ROUTING -> {
                    // RFC 8200 section 4: "The same action should be taken if a node encounters a Next Header value
                    // of zero in any header other than an IPv6 header."
                    if (next == IpProtocol.HOP_BY_HOP && headers > 0) {
                        return problem(DropReason.BAD_IP_OPTION, 1, nextAt - packet.start);
                    }
                    if (at + 8 > packet.end || at + length(bytes, at) > packet.end) {
                        return drop(DropReason.TRUNCATED);
                    }
                    int outcome = next == IpProtocol.ROUTING ? routing(packet) : options(packet);
                    if (outcome != TRANSPORT) {
                        return outcome;
                    }
                    nextAt = at;
                    at += length(bytes, at);
                }
                case IpProtocol.FRAGMENT -> {
                    if (at + FRAGMENT_HEADER > packet.end) {
                        return drop(DropReason.TRUNCATED);
                    }
                    // RFC 8200 section 4.5: "If the fragment is a whole datagram [...] then it does not need any
                    // further reassembly and should be processed as a fully reassembled packet".
                    if ((Bytes.u16(bytes, at + 2) & 0xfff9) != 0) {
                        return reassembled ? drop(DropReason.BAD_FRAGMENT) : FRAGMENT;
                    }
                    nextAt = at;
                    at += FRAGMENT_HEADER;
                }
                default -> {
                    // RFC 8200 section 4: "If [...] the Next Header value in the current header is unrecognized by
                    // the node, it should discard the packet and send an ICMP Parameter Problem message to the source
                    // of the packet, with an ICMP Code value of 1 [...] and the ICMP Pointer field containing the
                    // offset of the unrecognized value within the original packet."
                    return problem(DropReason.UNKNOWN_PROTOCOL, 1, nextAt - packet.start);
                }
            }
        }
        return drop(DropReason.BAD_IP_OPTION);
    }

    private int routing(Packet packet) {
        // RFC 8200 section 4.4: "If Segments Left is zero, the node must ignore the Routing header and proceed to
        // process the next header in the packet [...]. If Segments Left is non-zero, the node must discard the packet
        // and send an ICMP Parameter Problem, Code 0, message to the packet's Source Address, pointing to the
        // unrecognized Routing Type." No type is recognized: RFC 5095 section 3 wants that for type 0.
        return Bytes.u8(packet.bytes, at + 3) == 0
                ? TRANSPORT
                : problem(DropReason.BAD_IP_OPTION, 0, at + 2 - packet.start);
    }

    private int options(Packet packet) {
        byte[] bytes = packet.bytes;
        int end = at + length(bytes, at);
        int option = at + 2;
        while (option < end) {
            int type = Bytes.u8(bytes, option);
            if (type == PAD1) {
                option++;
                continue;
            }
            int next = option + 1 < end ? option + 2 + Bytes.u8(bytes, option + 1) : Integer.MAX_VALUE;
            if (next > end) {
                return problem(DropReason.BAD_IP_OPTION, 0, Math.min(option + 1, end - 1) - packet.start);
            }
            if (type != PADN) {
                // RFC 8200 section 4.2: "The Option Type identifiers are internally encoded such that their
                // highest-order 2 bits specify the action that must be taken if the processing IPv6 node does not
                // recognize the Option Type".
                switch (type >>> 6) {
                    case 0 -> {}
                    case 1 -> {
                        return drop(DropReason.BAD_IP_OPTION);
                    }
                    case 2 -> {
                        // "discard the packet and, regardless of whether or not the packet's Destination Address was
                        // a multicast address, send an ICMP Parameter Problem, Code 2"
                        return problem(DropReason.BAD_IP_OPTION, 2, option - packet.start);
                    }
                    default -> {
                        // "discard the packet and, only if the packet's Destination Address was not a multicast
                        // address, send an ICMP Parameter Problem, Code 2"
                        return IpAddress.isMulticast(packet.destinationHi, packet.destinationLo)
                                ? drop(DropReason.BAD_IP_OPTION)
                                : problem(DropReason.BAD_IP_OPTION, 2, option - packet.start);
                    }
                }
            }
            option = next;
        }
        return TRANSPORT;
    }

    /// True if the first fragment at [#at] holds all headers through the transport header.
    boolean isFirstFragmentWhole(Packet packet) {
        byte[] bytes = packet.bytes;
        int next = Bytes.u8(bytes, at);
        int header = at + FRAGMENT_HEADER;
        for (int headers = 0; headers < MAX_HEADERS; headers++) {
            switch (next) {
                case IpProtocol.DESTINATION_OPTIONS, IpProtocol.ROUTING, IpProtocol.HOP_BY_HOP -> {
                    if (header + 8 > packet.end) {
                        return false;
                    }
                    next = Bytes.u8(bytes, header);
                    header += length(bytes, header);
                }
                case IpProtocol.TCP -> {
                    return header + 20 <= packet.end;
                }
                case IpProtocol.UDP, IpProtocol.ICMPV6 -> {
                    return header + 8 <= packet.end;
                }
                default -> {
                    return header <= packet.end;
                }
            }
        }
        return false;
    }

    private int drop(DropReason why) {
        reason = why;
        return DROP;
    }

    private int problem(DropReason why, int problemCode, int offset) {
        reason = why;
        code = problemCode;
        pointer = offset;
        return PROBLEM;
    }

    /// Octets of the extension header at `at`: "Length [...] in 8-octet units, not including the first 8 octets".
    private static int length(byte[] bytes, int at) {
        return (Bytes.u8(bytes, at + 1) + 1) * 8;
    }

    private static final int PAD1 = 0;
    private static final int PADN = 1;
}
