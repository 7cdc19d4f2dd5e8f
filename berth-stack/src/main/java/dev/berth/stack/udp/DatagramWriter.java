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
        long sum = InternetChecksum.pseudoHeaderSum(
                packet.ipv6,
                packet.sourceHi,
                packet.sourceLo,
                packet.destinationHi,
                packet.destinationLo,
                IpProtocol.UDP,
                length);
        // In whole words: octets that were just written in pieces of another size are slow to read.
        Bytes.put32(bytes, at + UdpHeader.SOURCE_PORT, sourcePort << 16 | destinationPort);
        Bytes.put32(bytes, at + UdpHeader.DATAGRAM_LENGTH, length << 16 | InternetChecksum.fold(sum));
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
        } else {
            refer(packet, source, null, 0, length);
        }
    }

    /// Copies `length` octets of `data` in, from `from` on; otherwise as the other `putData`.
    void putData(Packet packet, byte[] data, int from, int length) {
        if (length <= INLINE_DATA) {
            System.arraycopy(data, from, packet.bytes, packet.end, length);
            packet.end += length;
        } else {
            refer(packet, null, data, from, length);
        }
    }

    private void refer(Packet packet, @Nullable ByteSource source, byte @Nullable [] data, int from, int length) {
        if (length > BufferPool.SMALL / 2) {
            Chunk chunk;
            if (length > BufferPool.SMALL) {
                chunk = pool.takeChunk(Chunk.HEADROOM + length);
                chunk.leaveHeadroom(); // a small one would have room for less
            } else {
                chunk = pool.takeChunk(length);
            }
            copy(source, data, from, chunk.bytes, chunk.begin, length);
            chunk.used = chunk.begin + length;
            packet.giveTail(chunk, chunk.begin, length);
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
        copy(source, data, from, shared.bytes, shared.used, length);
        packet.setTail(shared, shared.used, length);
        shared.used += length;
    }

    private static void copy(
            @Nullable ByteSource source, byte @Nullable [] data, int from, byte[] target, int at, int length) {
        if (data != null) {
            System.arraycopy(data, from, target, at, length);
        } else if (source != null) {
            source.transfer(target, at, length);
        }
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
