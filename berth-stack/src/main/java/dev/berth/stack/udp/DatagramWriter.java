package dev.berth.stack.udp;

import dev.berth.stack.endpoint.ByteSource;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.Chunk;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import dev.berth.wire.UdpHeader;
import org.jspecify.annotations.Nullable;

/// Puts the header and the data of a datagram into its packet (RFC 768).
final class DatagramWriter {
    private static final int INLINE_DATA = Packet.HEADER_ROOM - Packet.TRANSPORT_AT - UdpHeader.LENGTH;

    private final BufferPool pool;
    private @Nullable Chunk outgoing; // the chunk that small datagrams are appended to

    DatagramWriter(BufferPool pool) {
        this.pool = pool;
    }

    /// Writes the header of a datagram of `length` octets, header included, whose addresses are set.
    static void putHeader(Packet packet, int sourcePort, int destinationPort, int length) {
        byte[] bytes = packet.bytes;
        int at = packet.transportAt;
        Bytes.put16(bytes, at + UdpHeader.SOURCE_PORT, sourcePort);
        Bytes.put16(bytes, at + UdpHeader.DESTINATION_PORT, destinationPort);
        Bytes.put16(bytes, at + UdpHeader.DATAGRAM_LENGTH, length);
        long sum = InternetChecksum.pseudoHeaderSum(
                packet.ipv6,
                packet.sourceHi,
                packet.sourceLo,
                packet.destinationHi,
                packet.destinationLo,
                IpProtocol.UDP,
                length);
        Bytes.put16(bytes, at + UdpHeader.CHECKSUM, InternetChecksum.fold(sum));
        packet.checksum = Packet.CHECKSUM_PARTIAL;
        packet.end = at + UdpHeader.LENGTH;
    }

    /// Copies the data in: a few octets behind the header, up to half a small chunk to a chunk that several datagrams
    /// share, more to a chunk of its own, with headroom where that is a large one.
    void putData(Packet packet, ByteSource source, int length) {
        if (length == 0) {
            return;
        }
        if (length <= INLINE_DATA) {
            source.transfer(packet.bytes, packet.end, length);
            packet.end += length;
            return;
        }
        if (length > BufferPool.SMALL / 2) {
            Chunk chunk;
            if (length > BufferPool.SMALL) {
                chunk = pool.takeChunk(Chunk.HEADROOM + length);
                chunk.leaveHeadroom(); // a small one would have room for less
            } else {
                chunk = pool.takeChunk(length);
            }
            source.transfer(chunk.bytes, chunk.begin, length);
            chunk.used = chunk.begin + length;
            packet.setTail(chunk, chunk.begin, length);
            chunk.release();
            return;
        }
        Chunk shared = outgoing;
        if (shared == null || shared.room() < length) {
            if (shared != null) {
                shared.release();
            }
            shared = pool.takeChunk(BufferPool.SMALL);
            outgoing = shared;
        }
        source.transfer(shared.bytes, shared.used, length);
        packet.setTail(shared, shared.used, length);
        shared.used += length;
    }

    /// Gives back the memory that is kept for datagrams to come.
    void shutDown() {
        Chunk shared = outgoing;
        if (shared != null) {
            shared.release();
            outgoing = null;
        }
    }
}
