package dev.berth.tun;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Chunk;
import dev.berth.wire.Packet;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Writes packets to a device that takes each of them in one piece, behind a [VnetHeader], and waits while its queue is
/// full. Nothing is allocated per packet. For one thread at a time.
///
/// A payload is written from where it lies when it begins a large chunk: the headers are put into the chunk's headroom
/// ([Chunk#claimHeadroom]). So is a packet that came in one large chunk, if nobody else refers to that. Everything else
/// is put together in an array for this.
final class PacketWriter {
    private static final int QUEUE_FULL_WAIT_MILLIS = 50;

    private final TunDevice device;
    private final MemorySegment capture;
    private final MemorySegment poll;
    private final byte[] whole = new byte[VnetHeader.LENGTH + TunLink.MAX_PACKET];
    private final MemorySegment wholeMemory = MemorySegment.ofArray(whole);

    PacketWriter(TunDevice device, Arena arena) {
        this.device = device;
        capture = arena.allocate(Libc.CAPTURE);
        poll = arena.allocate(TunReader.POLLFD, 8);
    }

    /// Writes `packet`, of [TunLink#MAX_PACKET] octets at most, which stays the caller's.
    ///
    /// @return the octets that were written, with the virtio-net header, or a negated error number
    int write(Packet packet) {
        Chunk chunk = packet.chunk;
        int size = VnetHeader.LENGTH + packet.length();
        if (chunk != null && chunk.bytes.length > BufferPool.SMALL) {
            if (packet.bytes == chunk.bytes) {
                int at = packet.start - VnetHeader.LENGTH;
                if (at >= 0 && packet.tailLength() == 0 && chunk.isExclusive()) {
                    VnetHeader.write(packet.bytes, at, packet);
                    return write(ArrayView.of(chunk, at), size);
                }
            } else if (packet.tailStart == chunk.begin) {
                int at = packet.tailStart - (packet.end - packet.start) - VnetHeader.LENGTH;
                if (at >= 0 && chunk.claimHeadroom()) {
                    try {
                        putHeaders(packet, chunk.bytes, at);
                        return write(ArrayView.of(chunk, at), size);
                    } finally {
                        chunk.releaseHeadroom();
                    }
                }
            }
        }
        VnetHeader.write(whole, 0, packet);
        packet.copyTo(whole, VnetHeader.LENGTH);
        return write(wholeMemory, size);
    }

    private static void putHeaders(Packet packet, byte[] bytes, int at) {
        VnetHeader.write(bytes, at, packet);
        System.arraycopy(packet.bytes, packet.start, bytes, at + VnetHeader.LENGTH, packet.end - packet.start);
    }

    private int write(MemorySegment bytes, int size) {
        int answer = Libc.writeArray(capture, device.fd, bytes, size);
        if (answer != -Libc.EAGAIN && answer != -Libc.EINTR) {
            return answer;
        }
        long deadline = System.nanoTime() + QUEUE_FULL_WAIT_MILLIS * 1_000_000L;
        do {
            if (answer == -Libc.EAGAIN) {
                TunReader.setPoll(poll, 0, device.fd, Libc.POLLOUT);
                Libc.poll(capture, poll, 1, QUEUE_FULL_WAIT_MILLIS);
            }
            answer = Libc.writeArray(capture, device.fd, bytes, size);
        } while ((answer == -Libc.EAGAIN || answer == -Libc.EINTR) && System.nanoTime() - deadline < 0);
        return answer;
    }
}
