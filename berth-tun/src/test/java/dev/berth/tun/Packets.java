package dev.berth.tun;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.Chunk;
import dev.berth.wire.IcmpHeader;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import dev.berth.wire.UdpHeader;
import java.util.Arrays;

/// Hand-made packets from one fixed address to another, with partial transport checksums as the stack makes them.
final class Packets {
    /// What a chunk has before its payload.
    static final byte NOTHING = 0x5a;

    final BufferPool pool = new BufferPool();
    private final IpAddress source;
    private final IpAddress destination;

    Packets(String source, String destination) {
        this.source = IpAddress.parse(source);
        this.destination = IpAddress.parse(destination);
    }

    /// A UDP packet whose payload is a tail by reference.
    Packet udp(int sourcePort, int destinationPort, byte[] payload) {
        Chunk chunk = chunk(payload, 0);
        Packet packet = withTail(UdpHeader.LENGTH, chunk, 0, payload.length);
        chunk.release();
        Bytes.put16(packet.bytes, packet.start, sourcePort);
        Bytes.put16(packet.bytes, packet.start + UdpHeader.DESTINATION_PORT, destinationPort);
        Bytes.put16(packet.bytes, packet.start + UdpHeader.DATAGRAM_LENGTH, packet.length());
        Bytes.put16(packet.bytes, packet.start + UdpHeader.CHECKSUM, 0);
        return ip(packet, IpProtocol.UDP);
    }

    /// A TCP segment with an MSS option if it is a SYN, whose payload is a tail by reference.
    Packet tcp(int sourcePort, int destinationPort, int sequence, int acknowledgment, int flags, byte[] payload) {
        Chunk chunk = chunk(payload, 0);
        try {
            return tcp(sourcePort, destinationPort, sequence, acknowledgment, flags, chunk, 0, payload.length);
        } finally {
            chunk.release();
        }
    }

    /// A TCP segment whose payload is `length` octets of `chunk` from `from` on.
    Packet tcp(
            int sourcePort,
            int destinationPort,
            int sequence,
            int acknowledgment,
            int flags,
            Chunk chunk,
            int from,
            int length) {
        boolean syn = (flags & TcpHeader.SYN) != 0;
        int header = syn ? TcpHeader.MIN_LENGTH + 4 : TcpHeader.MIN_LENGTH;
        Packet packet = withTail(header, chunk, from, length);
        byte[] bytes = packet.bytes;
        int at = packet.start;
        Bytes.put16(bytes, at, sourcePort);
        Bytes.put16(bytes, at + TcpHeader.DESTINATION_PORT, destinationPort);
        Bytes.put32(bytes, at + TcpHeader.SEQUENCE, sequence);
        Bytes.put32(bytes, at + TcpHeader.ACKNOWLEDGMENT, acknowledgment);
        Bytes.put8(bytes, at + TcpHeader.DATA_OFFSET, header << 2);
        Bytes.put8(bytes, at + TcpHeader.FLAGS, flags);
        Bytes.put16(bytes, at + TcpHeader.WINDOW, 65_535);
        Bytes.put32(bytes, at + TcpHeader.CHECKSUM, 0);
        if (syn) {
            Bytes.put32(bytes, at + TcpHeader.MIN_LENGTH, 2 << 24 | 4 << 16 | 1_460);
        }
        return ip(packet, IpProtocol.TCP);
    }

    /// The reply to an ICMP or ICMPv6 echo request, contiguous and with a complete checksum.
    Packet echoReply(byte[] request) {
        boolean ipv6 = request[0] >>> 4 == 6;
        Packet packet = pool.takePacket(request.length);
        System.arraycopy(request, 0, packet.bytes, packet.start, request.length);
        packet.end = packet.start + request.length;
        int address = ipv6 ? 16 : 4;
        int from = packet.start + (ipv6 ? Ipv6Header.SOURCE : Ipv4Header.SOURCE);
        System.arraycopy(packet.bytes, from, packet.bytes, from + address, address);
        byte[] ours = source.octets();
        byte[] theirs = destination.octets();
        System.arraycopy(ours, 0, packet.bytes, from, address);
        System.arraycopy(theirs, 0, packet.bytes, from + address, address);
        int icmp = packet.start + (ipv6 ? Ipv6Header.LENGTH : Ipv4Header.MIN_LENGTH);
        Bytes.put8(packet.bytes, icmp, ipv6 ? IcmpHeader.V6_ECHO_REPLY : IcmpHeader.ECHO_REPLY);
        Bytes.put16(packet.bytes, icmp + IcmpHeader.CHECKSUM, 0);
        int length = packet.end - icmp;
        long sum = InternetChecksum.payloadSum(packet.bytes, icmp, length);
        if (ipv6) {
            sum += pseudoHeader(IpProtocol.ICMPV6, length);
        }
        Bytes.put16(packet.bytes, icmp + IcmpHeader.CHECKSUM, InternetChecksum.finish(sum));
        return packet;
    }

    /// A chunk with `payload` at `at`; what is before it is [#NOTHING].
    Chunk chunk(byte[] payload, int at) {
        Chunk chunk = pool.takeChunk(at + payload.length);
        Arrays.fill(chunk.bytes, 0, at, NOTHING);
        System.arraycopy(payload, 0, chunk.bytes, at, payload.length);
        chunk.used = at + payload.length;
        return chunk;
    }

    private Packet withTail(int headerLength, Chunk chunk, int from, int length) {
        Packet packet = pool.takePacket();
        packet.end = packet.start + headerLength;
        if (length > 0) {
            packet.setTail(chunk, from, length);
        }
        return packet;
    }

    private Packet ip(Packet packet, int protocol) {
        packet.protocol = protocol;
        packet.checksum = Packet.CHECKSUM_PARTIAL;
        int length = packet.length();
        Bytes.put16(packet.bytes, packet.checksumAt(), InternetChecksum.fold(pseudoHeader(protocol, length)));
        if (source.isIpv4()) {
            packet.start -= Ipv4Header.MIN_LENGTH;
            Ipv4Header.write(
                    packet.bytes,
                    packet.start,
                    0,
                    packet.length(),
                    7,
                    Ipv4Header.DONT_FRAGMENT,
                    64,
                    protocol,
                    source.ipv4(),
                    destination.ipv4());
        } else {
            packet.ipv6 = true;
            packet.start -= Ipv6Header.LENGTH;
            Ipv6Header.write(
                    packet.bytes,
                    packet.start,
                    0,
                    0,
                    length,
                    protocol,
                    64,
                    source.hi(),
                    source.lo(),
                    destination.hi(),
                    destination.lo());
        }
        return packet;
    }

    private long pseudoHeader(int protocol, int length) {
        return InternetChecksum.pseudoHeaderSum(
                !source.isIpv4(), source.hi(), source.lo(), destination.hi(), destination.lo(), protocol, length);
    }
}
