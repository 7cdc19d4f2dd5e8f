package dev.berth.stack.ip;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.Chunk;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;

/// Cuts a datagram of this host into fragments (RFC 791 section 3.2, RFC 8200 section 4.5). Payload that lies in a
/// chunk
/// is referred to, not copied. Only the first fragment has the protocol of the datagram: what is behind the headers of
/// the others is no transport header.
final class Fragmenter {
    private final BufferPool pool;

    Fragmenter(BufferPool pool) {
        this.pool = pool;
    }

    /// How many fragments the packet makes at an MTU.
    static int count(Packet packet, int mtu) {
        int data = dataPerFragment(packet, mtu);
        return (dataLength(packet) + data - 1) / data;
    }

    private static int dataPerFragment(Packet packet, int mtu) {
        // RFC 8200 section 4.5: "The lengths of the fragments must be chosen such that the resulting fragment packets
        // fit
        // within the MTU of the path to the packet's destination(s)."
        int headers = packet.ipv6 ? Ipv6Header.LENGTH + ExtensionHeaders.FRAGMENT_HEADER : Ipv4Header.MIN_LENGTH;
        return mtu - headers & ~7;
    }

    private static int dataLength(Packet packet) {
        return packet.end - packet.transportAt + packet.tailLength();
    }

    /// Queues the fragments of `packet` on `nic`, which has room for them. The packet stays the caller's.
    void fragment(Packet packet, NetInterface nic, int mtu, int tos, int ttl, int id) {
        int length = dataLength(packet);
        int step = dataPerFragment(packet, mtu);
        for (int offset = 0; offset < length; offset += step) {
            int size = Math.min(step, length - offset);
            boolean more = offset + size < length;
            Packet fragment = pool.takePacket();
            putData(fragment, packet, offset, size);
            fragment.ipv6 = packet.ipv6;
            fragment.protocol = offset == 0 ? packet.protocol : 0;
            fragment.sourceHi = packet.sourceHi;
            fragment.sourceLo = packet.sourceLo;
            fragment.destinationHi = packet.destinationHi;
            fragment.destinationLo = packet.destinationLo;
            if (packet.ipv6) {
                putIpv6Headers(fragment, packet.protocol, offset, size, more, tos, ttl, id);
            } else {
                fragment.start = fragment.transportAt - Ipv4Header.MIN_LENGTH;
                Ipv4Header.write(
                        fragment.bytes,
                        fragment.start,
                        tos,
                        Ipv4Header.MIN_LENGTH + size,
                        id,
                        offset >>> 3 | (more ? Ipv4Header.MORE_FRAGMENTS : 0),
                        ttl,
                        packet.protocol,
                        (int) packet.sourceLo,
                        (int) packet.destinationLo);
            }
            boolean queued = nic.enqueue(fragment);
            assert queued : "the caller has made sure that there is room";
        }
    }

    /// Refers `fragment` to `size` octets of the packet's transport header and payload from `offset` on.
    private void putData(Packet fragment, Packet packet, int offset, int size) {
        Chunk chunk = packet.chunk;
        int head = packet.end - packet.transportAt;
        if (chunk != null && packet.bytes == chunk.bytes) {
            fragment.setTail(chunk, packet.transportAt + offset, size);
            return;
        }
        int copied = Math.min(size, Math.max(0, head - offset));
        if (copied > 0) {
            System.arraycopy(packet.bytes, packet.transportAt + offset, fragment.bytes, fragment.transportAt, copied);
            fragment.end = fragment.transportAt + copied;
        }
        if (copied < size && chunk != null) {
            fragment.setTail(chunk, packet.tailStart + offset + copied - head, size - copied);
        }
    }

    private static void putIpv6Headers(
            Packet fragment, int protocol, int offset, int size, boolean more, int tos, int ttl, int id) {
        byte[] bytes = fragment.bytes;
        int header = fragment.transportAt - ExtensionHeaders.FRAGMENT_HEADER;
        fragment.start = header - Ipv6Header.LENGTH;
        Bytes.put16(bytes, header, protocol << 8);
        Bytes.put16(bytes, header + 2, offset | (more ? 1 : 0));
        Bytes.put32(bytes, header + 4, id);
        Ipv6Header.write(
                bytes,
                fragment.start,
                tos,
                0,
                ExtensionHeaders.FRAGMENT_HEADER + size,
                IpProtocol.FRAGMENT,
                ttl,
                fragment.sourceHi,
                fragment.sourceLo,
                fragment.destinationHi,
                fragment.destinationLo);
    }
}
