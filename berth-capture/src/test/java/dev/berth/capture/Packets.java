package dev.berth.capture;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.Chunk;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import dev.berth.wire.UdpHeader;
import java.util.Arrays;

/// Hand-made packets with partial checksums, in both shapes.
final class Packets {
    private static final IpAddress IPV4_SOURCE = IpAddress.parse("192.0.2.1");
    private static final IpAddress IPV4_DESTINATION = IpAddress.parse("198.51.100.2");
    private static final IpAddress IPV6_SOURCE = IpAddress.parse("2001:db8::1");
    private static final IpAddress IPV6_DESTINATION = IpAddress.parse("2001:db8:7::2");

    private final BufferPool pool = new BufferPool();

    Packet udp(boolean ipv6, byte[] payload) {
        Packet packet = withTail(UdpHeader.LENGTH, payload);
        Bytes.put32(packet.bytes, packet.start, 40_000 << 16 | 40_001);
        Bytes.put32(packet.bytes, packet.start + 4, packet.length() << 16);
        return ip(packet, ipv6, IpProtocol.UDP);
    }

    /// A segment from port 50,000 to port 50,001 with sequence number 4,000,000,000 and a timestamp option.
    Packet tcp(boolean ipv6, int flags, byte[] payload) {
        Packet packet = withTail(32, payload);
        byte[] bytes = packet.bytes;
        int at = packet.start;
        Bytes.put32(bytes, at, 50_000 << 16 | 50_001);
        Bytes.put32(bytes, at + 4, (int) 4_000_000_000L);
        Bytes.put32(bytes, at + 8, 99);
        Bytes.put32(bytes, at + 12, 0x8000_0000 | flags << 16 | 5_000);
        Bytes.put32(bytes, at + 16, 0);
        Bytes.put32(bytes, at + 20, 0x0101_080a);
        Bytes.put64(bytes, at + 24, 0x0000_1111_0000_2222L);
        return ip(packet, ipv6, IpProtocol.TCP);
    }

    /// The same packet as a link receives it: contiguous.
    Packet contiguous(Packet packet) {
        Packet copy = pool.takePacket(packet.length());
        copy.end = copy.start + packet.copyTo(copy.bytes, copy.start);
        copy.transportAt = copy.start + packet.transportAt - packet.start;
        copy.protocol = packet.protocol;
        copy.checksum = packet.checksum;
        copy.segmentSize = packet.segmentSize;
        packet.release();
        return copy;
    }

    Packet of(byte[] bytes) {
        Packet packet = pool.takePacket(bytes.length);
        System.arraycopy(bytes, 0, packet.bytes, packet.start, bytes.length);
        packet.end = packet.start + bytes.length;
        return packet;
    }

    private Packet withTail(int headerLength, byte[] payload) {
        Packet packet = pool.takePacket();
        packet.end = packet.start + headerLength;
        if (payload.length > 0) {
            Chunk chunk = pool.takeChunk(payload.length);
            System.arraycopy(payload, 0, chunk.bytes, 0, payload.length);
            packet.setTail(chunk, 0, payload.length);
            chunk.release();
        }
        return packet;
    }

    private static Packet ip(Packet packet, boolean ipv6, int protocol) {
        packet.protocol = protocol;
        packet.checksum = Packet.CHECKSUM_PARTIAL;
        int length = packet.length();
        IpAddress source = ipv6 ? IPV6_SOURCE : IPV4_SOURCE;
        IpAddress destination = ipv6 ? IPV6_DESTINATION : IPV4_DESTINATION;
        long sum = InternetChecksum.pseudoHeaderSum(
                ipv6, source.hi(), source.lo(), destination.hi(), destination.lo(), protocol, length);
        Bytes.put16(packet.bytes, packet.checksumAt(), InternetChecksum.fold(sum));
        if (ipv6) {
            packet.start -= Ipv6Header.LENGTH;
            Ipv6Header.write(
                    packet.bytes,
                    packet.start,
                    0,
                    0xabcde,
                    length,
                    protocol,
                    64,
                    source.hi(),
                    source.lo(),
                    destination.hi(),
                    destination.lo());
        } else {
            packet.start -= Ipv4Header.MIN_LENGTH;
            Ipv4Header.write(
                    packet.bytes,
                    packet.start,
                    0,
                    packet.length(),
                    0xffff,
                    Ipv4Header.DONT_FRAGMENT,
                    64,
                    protocol,
                    source.ipv4(),
                    destination.ipv4());
        }
        return packet;
    }

    /// 0 if the transport checksum in a packet without IP options or extensions is right.
    static int checksumError(byte[] bytes) {
        boolean ipv6 = bytes[0] >>> 4 == 6;
        int addresses = ipv6 ? 8 : 12;
        int transport = ipv6 ? 40 : 20;
        int length = bytes.length - transport;
        long sum = InternetChecksum.headerSum(bytes, addresses, transport - addresses) + bytes[ipv6 ? 6 : 9] + length;
        return InternetChecksum.finish(sum + InternetChecksum.payloadSum(bytes, transport, length));
    }

    static byte[] payload(byte[] bytes) {
        boolean ipv6 = bytes[0] >>> 4 == 6;
        int at = ipv6 ? 40 : 20;
        at += bytes[ipv6 ? 6 : 9] == IpProtocol.UDP ? UdpHeader.LENGTH : TcpHeader.headerLength(bytes, at);
        return Arrays.copyOfRange(bytes, at, bytes.length);
    }

    static byte[] pattern(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 31 + (i >>> 8));
        }
        return bytes;
    }
}
