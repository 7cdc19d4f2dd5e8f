package dev.berth.capture;

import dev.berth.wire.Bytes;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import dev.berth.wire.UdpHeader;

/// The form that a packet would have on a wire: the transport checksum complete, and a packet that stands for several
/// segments cut into them as a device cuts it. Works on a copy; whatever it cannot read it leaves as it is. Not
/// thread-safe; allocates nothing.
///
/// A partial checksum is completed from the pseudo-header sum that the packet holds, not from its addresses: a wrong
/// sum
/// stays visible.
final class WireForm {
    private final byte[] whole = new byte[PcapngWriter.MAX_PACKET];
    private final byte[] segment = new byte[PcapngWriter.MAX_PACKET];
    private int length;
    private int segmentSize;
    private int protocol;
    private int transportAt;
    private int payloadAt;
    private long pseudoHeader; // without the transport length

    /// Copies the packet and returns how many packets it is on a wire.
    ///
    /// @return 0 if it is larger than any packet can be
    int load(Packet packet) {
        if (packet.length() > whole.length) {
            return 0;
        }
        length = packet.copyTo(whole, 0);
        boolean partial = packet.checksum == Packet.CHECKSUM_PARTIAL;
        segmentSize = 0;
        if (!partial && packet.segmentSize <= 0 || !findTransport()) {
            return 1;
        }
        int field = checksumAt();
        if (packet.segmentSize <= 0 || length - payloadAt <= packet.segmentSize) {
            if (partial) {
                long sum = InternetChecksum.payloadSum(whole, transportAt, length - transportAt);
                Bytes.put16(whole, field, finished(sum));
            }
            return 1;
        }
        segmentSize = packet.segmentSize;
        int transportLength = length - transportAt;
        pseudoHeader = partial
                ? Bytes.u16(whole, field) + (~transportLength & 0xffff) // one's complement subtraction
                : addressSum() + protocol;
        return (length - payloadAt + segmentSize - 1) / segmentSize;
    }

    /// The octets of the packet, or of the segment built last.
    byte[] bytes() {
        return segmentSize > 0 ? segment : whole;
    }

    /// Builds segment `index` of those that [#load] counted, in [#bytes], and returns its length in octets.
    int build(int index) {
        if (segmentSize == 0) {
            return length;
        }
        int offset = index * segmentSize;
        int piece = Math.min(segmentSize, length - payloadAt - offset);
        boolean last = payloadAt + offset + piece == length;
        System.arraycopy(whole, 0, segment, 0, payloadAt);
        System.arraycopy(whole, payloadAt + offset, segment, payloadAt, piece);
        int total = payloadAt + piece;
        if (ipv6()) {
            Bytes.put16(segment, Ipv6Header.PAYLOAD_LENGTH, total - Ipv6Header.LENGTH);
        } else {
            Bytes.put16(segment, Ipv4Header.TOTAL_LENGTH, total);
            Bytes.put16(segment, Ipv4Header.IDENTIFICATION, Bytes.u16(segment, Ipv4Header.IDENTIFICATION) + index);
            Bytes.put16(segment, Ipv4Header.CHECKSUM, 0);
            long sum = InternetChecksum.headerSum(segment, 0, Ipv4Header.headerLength(segment, 0));
            Bytes.put16(segment, Ipv4Header.CHECKSUM, InternetChecksum.finish(sum));
        }
        if (protocol == IpProtocol.TCP) {
            int flags = TcpHeader.flags(segment, transportAt);
            flags &= last ? -1 : ~(TcpHeader.FIN | TcpHeader.PSH);
            flags &= index == 0 ? -1 : ~TcpHeader.CWR;
            Bytes.put8(segment, transportAt + TcpHeader.FLAGS, flags);
            int sequence = Bytes.i32(segment, transportAt + TcpHeader.SEQUENCE);
            Bytes.put32(segment, transportAt + TcpHeader.SEQUENCE, sequence + offset);
        } else {
            Bytes.put16(segment, transportAt + UdpHeader.DATAGRAM_LENGTH, total - transportAt);
        }
        int transportLength = total - transportAt;
        Bytes.put16(segment, checksumAt(), 0);
        long sum = InternetChecksum.payloadSum(segment, transportAt, transportLength);
        Bytes.put16(segment, checksumAt(), finished(pseudoHeader + transportLength + sum));
        return total;
    }

    /// Finds the header of TCP or UDP behind that of IP and its extensions.
    ///
    /// @return false if there is none, or not all of it
    private boolean findTransport() {
        int at;
        if (length >= Ipv4Header.MIN_LENGTH && Bytes.u8(whole, 0) >>> 4 == 4) {
            at = Ipv4Header.headerLength(whole, 0);
            protocol = Bytes.u8(whole, Ipv4Header.PROTOCOL);
            int fragment = Bytes.u16(whole, Ipv4Header.FLAGS_FRAGMENT);
            if (at < Ipv4Header.MIN_LENGTH || (fragment & ~Ipv4Header.DONT_FRAGMENT & 0x7fff) != 0) {
                return false;
            }
        } else if (length >= Ipv6Header.LENGTH && ipv6()) {
            at = Ipv6Header.LENGTH;
            protocol = Bytes.u8(whole, Ipv6Header.NEXT_HEADER);
            while (isExtension(protocol) && at + 8 <= length) {
                protocol = Bytes.u8(whole, at);
                at += (Bytes.u8(whole, at + 1) + 1) * 8;
            }
        } else {
            return false;
        }
        transportAt = at;
        int header;
        if (protocol == IpProtocol.TCP && at + TcpHeader.MIN_LENGTH <= length) {
            header = Math.max(TcpHeader.headerLength(whole, at), TcpHeader.MIN_LENGTH);
        } else if (protocol == IpProtocol.UDP && at + UdpHeader.LENGTH <= length) {
            header = UdpHeader.LENGTH;
        } else {
            return false;
        }
        payloadAt = at + header;
        return payloadAt <= length;
    }

    private static boolean isExtension(int protocol) {
        return protocol == IpProtocol.HOP_BY_HOP
                || protocol == IpProtocol.ROUTING
                || protocol == IpProtocol.DESTINATION_OPTIONS;
    }

    private boolean ipv6() {
        return Bytes.u8(whole, 0) >>> 4 == 6;
    }

    private int checksumAt() {
        return transportAt + (protocol == IpProtocol.TCP ? TcpHeader.CHECKSUM : UdpHeader.CHECKSUM);
    }

    private long addressSum() {
        return ipv6()
                ? InternetChecksum.headerSum(whole, Ipv6Header.SOURCE, 32)
                : InternetChecksum.headerSum(whole, Ipv4Header.SOURCE, 8);
    }

    private int finished(long sum) {
        int value = InternetChecksum.finish(sum);
        // RFC 768: "If the computed checksum is zero, it is transmitted as all ones".
        return value == 0 && protocol == IpProtocol.UDP ? 0xffff : value;
    }
}
