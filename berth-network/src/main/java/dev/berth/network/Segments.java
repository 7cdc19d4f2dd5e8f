package dev.berth.network;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.Chunk;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import dev.berth.wire.UdpHeader;
import java.util.function.Consumer;

/// Cuts packets that stand for several segments ([Packet#segmentSize]) for a link that does not, as a device with
/// segmentation offload does: each segment has the headers of the whole, with numbers and lengths of its own. One
/// thread at a time.
final class Segments {
    private final BufferPool pool = new BufferPool(64, 64, 4);

    /// Hands the segments on, in order, and releases the packet. One that cannot be cut, as it is neither TCP nor UDP
    /// without IP options or extension headers, goes on as it is.
    ///
    /// @param to takes over each segment, with its transport checksum complete
    void cut(Packet packet, Consumer<Packet> to) {
        boolean tcp = packet.protocol == IpProtocol.TCP;
        int ip = packet.transportAt - packet.start;
        boolean plain = ip == (packet.ipv6 ? Ipv6Header.LENGTH : Ipv4Header.MIN_LENGTH);
        if (!plain || !tcp && packet.protocol != IpProtocol.UDP) {
            to.accept(packet);
            return;
        }
        int headers = ip + (tcp ? TcpHeader.headerLength(packet.bytes, packet.transportAt) : UdpHeader.LENGTH);
        if (headers > packet.end - packet.start || headers > Packet.HEADER_ROOM) {
            to.accept(packet);
            return;
        }
        int payload = packet.length() - headers;
        int size = packet.segmentSize;
        for (int at = 0, number = 0; at < payload; at += size, number++) {
            int length = Math.min(size, payload - at);
            Packet part = pool.takePacket(headers + length);
            System.arraycopy(packet.bytes, packet.start, part.bytes, part.start, headers);
            copyPayload(packet, headers, at, part.bytes, part.start + headers, length);
            part.end = part.start + headers + length;
            part.transportAt = part.start + ip;
            part.ipv6 = packet.ipv6;
            part.protocol = packet.protocol;
            part.sourceHi = packet.sourceHi;
            part.sourceLo = packet.sourceLo;
            part.destinationHi = packet.destinationHi;
            part.destinationLo = packet.destinationLo;
            number(part, at, number, at + length == payload);
            to.accept(part);
        }
        packet.release();
    }

    private static void copyPayload(Packet packet, int headers, int from, byte[] target, int at, int length) {
        int here = packet.end - packet.start - headers; // octets of the payload behind the headers, not in the tail
        int first = Math.clamp(here - from, 0, length);
        if (first > 0) {
            System.arraycopy(packet.bytes, packet.start + headers + from, target, at, first);
        }
        Chunk tail = packet.chunk;
        if (first < length && tail != null) {
            int skipped = Math.max(0, from - here);
            System.arraycopy(tail.bytes, packet.tailStart + skipped, target, at + first, length - first);
        }
    }

    private static void number(Packet part, int offset, int number, boolean last) {
        byte[] bytes = part.bytes;
        int at = part.transportAt;
        int length = part.end - at;
        if (part.ipv6) {
            Bytes.put16(bytes, part.start + Ipv6Header.PAYLOAD_LENGTH, length);
        } else {
            Bytes.put16(bytes, part.start + Ipv4Header.TOTAL_LENGTH, part.end - part.start);
            int id = part.start + Ipv4Header.IDENTIFICATION;
            Bytes.put16(bytes, id, Bytes.u16(bytes, id) + number);
            Carrier.Ipv4.checksum(part);
        }
        if (part.protocol == IpProtocol.TCP) {
            Bytes.put32(bytes, at + TcpHeader.SEQUENCE, Bytes.i32(bytes, at + TcpHeader.SEQUENCE) + offset);
            // RFC 9293 section 3.1: PSH and FIN belong to the last octet; RFC 3168 section 6.1.2: CWR is said once.
            int gone = (last ? 0 : TcpHeader.FIN | TcpHeader.PSH) | (number == 0 ? 0 : TcpHeader.CWR);
            Bytes.put8(bytes, at + TcpHeader.FLAGS, TcpHeader.flags(bytes, at) & ~gone);
            Bytes.put16(bytes, at + TcpHeader.CHECKSUM, 0);
        } else {
            Bytes.put16(bytes, at + UdpHeader.DATAGRAM_LENGTH, length);
            Bytes.put16(bytes, at + UdpHeader.CHECKSUM, 0);
        }
        long sum = InternetChecksum.pseudoHeaderSum(
                part.ipv6, part.sourceHi, part.sourceLo, part.destinationHi, part.destinationLo, part.protocol, length);
        Bytes.put16(bytes, part.checksumAt(), InternetChecksum.fold(sum));
        part.checksum = Packet.CHECKSUM_PARTIAL;
        part.completeChecksum();
    }
}
