package dev.berth.host;

import dev.berth.ports.FlowShard;
import dev.berth.wire.Bytes;
import dev.berth.wire.IcmpHeader;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;

/// Which shard of a host a packet is for, by a look at its first headers, before anybody has checked anything: that of
/// its flow for TCP, and for an ICMP error that quotes a segment; the first for all else, and for what does not show it
/// there: fragments, IPv6 extension headers, what is too short. The first shard hands on what turns out to be a segment
/// for another.
final class Steering {
    private Steering() {}

    static int shardOf(Packet packet, int shards) {
        int version = packet.end > packet.start ? packet.bytes[packet.start] >>> 4 & 0xf : 0;
        return switch (version) {
            case 4 -> ipv4(packet.bytes, packet.start, packet.end, shards, false);
            case 6 -> ipv6(packet.bytes, packet.start, packet.end, shards, false);
            default -> 0;
        };
    }

    private static int ipv4(byte[] bytes, int at, int end, int shards, boolean quoted) {
        if (end - at < Ipv4Header.MIN_LENGTH) {
            return 0;
        }
        int length = Ipv4Header.headerLength(bytes, at);
        int pieces = Ipv4Header.FRAGMENT_OFFSET | (quoted ? 0 : Ipv4Header.MORE_FRAGMENTS);
        if (length < Ipv4Header.MIN_LENGTH || (Bytes.u16(bytes, at + Ipv4Header.FLAGS_FRAGMENT) & pieces) != 0) {
            return 0;
        }
        int protocol = Bytes.u8(bytes, at + Ipv4Header.PROTOCOL);
        int behind = at + length;
        if (protocol == IpProtocol.TCP && end - behind >= 4) {
            return FlowShard.of(
                    0,
                    IpAddress.mapped(Bytes.i32(bytes, at + Ipv4Header.SOURCE)),
                    Bytes.u16(bytes, behind),
                    0,
                    IpAddress.mapped(Bytes.i32(bytes, at + Ipv4Header.DESTINATION)),
                    Bytes.u16(bytes, behind + 2),
                    shards);
        }
        if (protocol == IpProtocol.ICMP && !quoted && end - behind > IcmpHeader.LENGTH) {
            return switch (Bytes.u8(bytes, behind)) {
                case IcmpHeader.UNREACHABLE, IcmpHeader.TIME_EXCEEDED, IcmpHeader.PARAMETER_PROBLEM ->
                    ipv4(bytes, behind + IcmpHeader.LENGTH, end, shards, true);
                default -> 0;
            };
        }
        return 0;
    }

    private static int ipv6(byte[] bytes, int at, int end, int shards, boolean quoted) {
        if (end - at < Ipv6Header.LENGTH) {
            return 0;
        }
        int next = Bytes.u8(bytes, at + Ipv6Header.NEXT_HEADER);
        int behind = at + Ipv6Header.LENGTH;
        if (next == IpProtocol.TCP && end - behind >= 4) {
            return FlowShard.of(
                    Bytes.i64(bytes, at + Ipv6Header.SOURCE),
                    Bytes.i64(bytes, at + Ipv6Header.SOURCE + 8),
                    Bytes.u16(bytes, behind),
                    Bytes.i64(bytes, at + Ipv6Header.DESTINATION),
                    Bytes.i64(bytes, at + Ipv6Header.DESTINATION + 8),
                    Bytes.u16(bytes, behind + 2),
                    shards);
        }
        // RFC 4443 section 2.1: "ICMPv6 error messages have message types from 0 to 127".
        if (next == IpProtocol.ICMPV6 && !quoted && end - behind > IcmpHeader.LENGTH && bytes[behind] >= 0) {
            return ipv6(bytes, behind + IcmpHeader.LENGTH, end, shards, true);
        }
        return 0;
    }
}
