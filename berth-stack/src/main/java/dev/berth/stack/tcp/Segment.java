package dev.berth.stack.tcp;

import dev.berth.stack.ip.Addresses;
import dev.berth.stack.ip.IpInput;
import dev.berth.wire.Bytes;
import dev.berth.wire.Chunk;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import dev.berth.wire.TcpOptions;
import org.jspecify.annotations.Nullable;

/// The SEG.* variables of RFC 9293 section 3.3.1 of the segment that is being processed; one per stack, reused.
final class Segment {
    int sourcePort;
    int destinationPort;
    int seq;
    int ack;
    int flags;
    int window;
    int urgentPointer;
    final TcpOptions options = new TcpOptions();

    /// The payload: octets of `payload.bytes` from `payloadFrom`; null if there is none.
    @Nullable
    Chunk payload;

    int payloadFrom;
    int payloadLength;

    /// The packet's reference to `payload` belongs to a receive queue now.
    boolean payloadTaken;

    /// `payload` is not the packet's: it was kept from an earlier one.
    boolean payloadKept;

    /// Payload octets of the largest of the segments that this one stands for (offload), otherwise of itself.
    int unit;

    /// A router on the way was congested: the CE codepoint of RFC 3168 in the IP header.
    boolean congestionExperienced;

    /// When it is processed, in nanoseconds.
    long now;

    /// When it arrived at the host, in nanoseconds; not later than `now`.
    long arrivedAt;

    /// True if the TCP checksum of a packet of `length` octets from the TCP header on is right.
    static boolean checksumIsRight(Packet packet, int length) {
        long sum = InternetChecksum.pseudoHeaderSum(
                packet.ipv6,
                packet.sourceHi,
                packet.sourceLo,
                packet.destinationHi,
                packet.destinationLo,
                IpProtocol.TCP,
                length);
        int contiguous = packet.end - packet.transportAt;
        sum += InternetChecksum.headerSum(packet.bytes, packet.transportAt, Math.min(contiguous, 60));
        if (contiguous > 60) {
            sum += InternetChecksum.payloadSum(packet.bytes, packet.transportAt + 60, contiguous - 60);
        }
        Chunk chunk = packet.chunk;
        if (packet.tailLength() > 0 && chunk != null) {
            sum += InternetChecksum.payloadSum(chunk.bytes, packet.tailStart, packet.tailLength());
        }
        return InternetChecksum.finish(sum) == 0;
    }

    /// RFC 9293 section 3.9.2.3, MUST-57: "A TCP implementation MUST silently discard an incoming SYN segment that is
    /// addressed to a broadcast or multicast address"; no connection has such an address, and no other segment is for
    /// anybody there either.
    static boolean isToMany(Packet packet, Addresses addresses) {
        return !IpAddress.isUnicast(packet.destinationHi, packet.destinationLo)
                || addresses.isBroadcast(packet.destinationHi, packet.destinationLo);
    }

    /// Decodes a packet whose header was validated.
    ///
    /// @return false if an option's length is illegal
    boolean decode(Packet packet, int headerLength, long now) {
        byte[] bytes = packet.bytes;
        int at = packet.transportAt;
        sourcePort = Bytes.u16(bytes, at + TcpHeader.SOURCE_PORT);
        destinationPort = Bytes.u16(bytes, at + TcpHeader.DESTINATION_PORT);
        seq = Bytes.i32(bytes, at + TcpHeader.SEQUENCE);
        ack = Bytes.i32(bytes, at + TcpHeader.ACKNOWLEDGMENT);
        flags = TcpHeader.flags(bytes, at);
        window = Bytes.u16(bytes, at + TcpHeader.WINDOW);
        urgentPointer = Bytes.u16(bytes, at + TcpHeader.URGENT_POINTER);
        this.now = now;
        long received = packet.receivedAt;
        arrivedAt = received == 0 || received > now ? now : received;
        congestionExperienced = (IpInput.tos(packet) & Ecn.CE) == Ecn.CE;
        payload = packet.chunk;
        payloadTaken = false;
        payloadKept = false;
        if (packet.tailLength() > 0) {
            payloadFrom = packet.tailStart;
            payloadLength = packet.tailLength();
        } else {
            payloadFrom = at + headerLength;
            payloadLength = packet.end - payloadFrom;
        }
        if (payloadLength == 0) {
            payload = null;
        }
        unit = packet.segmentSize > 0 ? packet.segmentSize : payloadLength;
        return options.parse(bytes, at, headerLength);
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /// SEG.LEN: octets of payload plus one each for SYN and FIN.
    int length() {
        return payloadLength + (flags & TcpHeader.SYN) / TcpHeader.SYN + (flags & TcpHeader.FIN);
    }

    /// Cuts `octets` off the front of the payload; they were received before.
    void trimFront(int octets) {
        seq += octets;
        payloadFrom += octets;
        payloadLength -= octets;
        urgentPointer = Math.max(0, urgentPointer - octets);
    }
}
