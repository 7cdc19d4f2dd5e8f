package dev.berth.stack.udp;

import dev.berth.stack.endpoint.ByteSink;
import dev.berth.stack.ip.IpInput;
import dev.berth.wire.Bytes;
import dev.berth.wire.Chunk;
import dev.berth.wire.Packet;
import dev.berth.wire.UdpHeader;
import org.jspecify.annotations.Nullable;

/// Takes datagrams out of receive queues: [Udp#receive].
final class DatagramReader {
    private DatagramReader() {}

    static int receive(UdpEndpoint endpoint, @Nullable ByteSink sink, byte @Nullable [] target, int to, int max) {
        if (endpoint.closed) {
            return Udp.CLOSED;
        }
        int error = endpoint.takeError();
        if (error != Udp.OK) {
            return error;
        }
        Packet packet = endpoint.take();
        if (packet == null) {
            return Udp.WOULD_BLOCK;
        }
        int data = packet.transportAt + UdpHeader.LENGTH;
        int head = Math.min(max, packet.end - data);
        if (head > 0) {
            copy(packet.bytes, data, sink, target, to, head);
        }
        int tail = Math.min(max - head, packet.tailLength());
        Chunk chunk = packet.chunk;
        if (tail > 0 && chunk != null) {
            copy(chunk.bytes, packet.tailStart, sink, target, to + head, tail);
        }
        endpoint.lastSourceHi = packet.sourceHi;
        endpoint.lastSourceLo = packet.sourceLo;
        endpoint.lastSourcePort = Bytes.u16(packet.bytes, packet.transportAt + UdpHeader.SOURCE_PORT);
        endpoint.lastDestinationPort = Bytes.u16(packet.bytes, packet.transportAt + UdpHeader.DESTINATION_PORT);
        endpoint.lastDestinationHi = packet.destinationHi;
        endpoint.lastDestinationLo = packet.destinationLo;
        endpoint.lastLength = packet.end - data + packet.tailLength();
        endpoint.lastTos = IpInput.tos(packet);
        endpoint.giveBack(packet);
        return head + tail;
    }

    private static void copy(
            byte[] data, int from, @Nullable ByteSink sink, byte @Nullable [] target, int to, int length) {
        if (target != null) {
            System.arraycopy(data, from, target, to, length);
        } else if (sink != null) {
            sink.accept(data, from, length);
        }
    }
}
