package dev.berth.network;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Chunk;
import dev.berth.wire.Packet;
import java.util.SplittableRandom;

/// Copies of packets, for whoever holds the pool.
final class PacketCopies {
    private PacketCopies() {}

    /// A copy with headers of its own, and the payload by reference where it is one.
    static Packet share(BufferPool pool, Packet packet) {
        int head = packet.end - packet.start;
        Chunk tail = packet.chunk;
        Packet copy;
        if (tail != null && packet.bytes != tail.bytes && head <= Packet.HEADER_ROOM) {
            copy = pool.takePacket();
            System.arraycopy(packet.bytes, packet.start, copy.bytes, 0, head);
            copy.end = head;
            copy.setTail(tail, packet.tailStart, packet.tailLength());
        } else {
            copy = pool.takePacket(packet.length());
            copy.end = packet.copyTo(copy.bytes, 0);
        }
        copy.start = 0;
        describe(packet, copy);
        return copy;
    }

    /// A copy in one piece that shares nothing, with its transport checksum complete.
    static Packet whole(BufferPool pool, Packet packet) {
        Packet copy = pool.takePacket(packet.length());
        copy.end = packet.copyTo(copy.bytes, 0);
        describe(packet, copy);
        copy.completeChecksum();
        return copy;
    }

    /// A packet with the first `header` octets of another one in one piece, and `size` octets from `from` on of what is
    /// behind them.
    static Packet part(BufferPool pool, Packet packet, int header, int from, int size) {
        Packet copy = pool.takePacket(header + size);
        System.arraycopy(packet.bytes, packet.start, copy.bytes, 0, header);
        System.arraycopy(packet.bytes, packet.start + header + from, copy.bytes, header, size);
        copy.end = header + size;
        describe(packet, copy);
        copy.protocol = 0; // a fragment: what is behind the header need not be that of a transport
        return copy;
    }

    private static void describe(Packet packet, Packet copy) {
        copy.transportAt = copy.start + packet.transportAt - packet.start;
        copy.protocol = packet.protocol;
        copy.ipv6 = packet.ipv6;
        copy.sourceHi = packet.sourceHi;
        copy.sourceLo = packet.sourceLo;
        copy.destinationHi = packet.destinationHi;
        copy.destinationLo = packet.destinationLo;
        copy.checksum = packet.checksum;
        copy.segmentSize = packet.segmentSize;
        copy.mark = packet.mark;
    }

    /// Makes one bit of a packet that shares nothing wrong, and its checksum one that has to be looked at.
    static void flip(Packet packet, SplittableRandom random) {
        int bit = random.nextInt(packet.length() * 8);
        packet.bytes[packet.start + (bit >>> 3)] ^= (byte) (1 << (bit & 7));
        packet.checksum = Packet.CHECKSUM_COMPLETE;
    }
}
