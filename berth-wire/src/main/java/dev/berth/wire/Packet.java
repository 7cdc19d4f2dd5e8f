package dev.berth.wire;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/// One packet on its way: headers in [#bytes] from [#start] to [#end], and behind them, optionally, a payload by
/// reference.
///
/// Two shapes exist. A packet that the stack builds keeps its headers in a small array of its own (headers are
/// prepended towards the array's start) and *refers* to payload bytes in a [Chunk]. A packet that a link received is
/// contiguous: `bytes` is the array of a chunk, and there is no tail. A packet has one owner at any time; it is
/// handed on by parameter or return value, and whoever drops it calls [#release]. Not thread-safe.
public final class Packet {
    /// Octets of the own header array.
    public static final int HEADER_ROOM = 192;

    /// Where the transport header starts in the own array: network and link headers are prepended before it.
    public static final int TRANSPORT_AT = 112;

    /// The transport checksum in the header has to be verified by the receiver, and is complete for the link.
    public static final byte CHECKSUM_COMPLETE = 0;

    /// The transport checksum field holds only the folded sum of the pseudo-header: whoever puts the packet on a wire
    /// completes it ([#completeChecksum]) or has the device do it. A receiver in memory takes it as valid.
    public static final byte CHECKSUM_PARTIAL = 1;

    /// The transport checksum was verified by the link or its device.
    public static final byte CHECKSUM_VERIFIED = 2;

    private static final VarHandle STREAMS;

    static {
        try {
            STREAMS = MethodHandles.lookup().findStaticVarHandle(Packet.class, "streams", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @SuppressWarnings("unused") // through STREAMS
    private static long streams;

    private final BufferPool pool;
    private final byte[] headers = new byte[HEADER_ROOM];

    /// The contiguous part: the own header array or a chunk's array.
    public byte[] bytes = headers;

    /// The first octet of the packet in [#bytes].
    public int start;

    /// Behind the last octet of the contiguous part.
    public int end;

    /// Where the transport header starts in [#bytes]; set by IP input and by whoever builds the packet.
    public int transportAt;

    /// The chunk that holds the payload bytes, or that is the contiguous part itself; null if there is none.
    public @Nullable Chunk chunk;

    /// The first payload octet in `chunk.bytes` when the payload is a tail by reference.
    public int tailStart;

    /// Behind the last payload octet of the tail; equal to `tailStart` when there is no tail.
    public int tailEnd;

    /// Octets of payload per segment when a device or a peer in memory may cut this packet into several
    /// (segmentation offload); 0 for an ordinary packet.
    public int segmentSize;

    /// One of `CHECKSUM_COMPLETE`, `CHECKSUM_PARTIAL`, `CHECKSUM_VERIFIED`.
    public byte checksum;

    /// The transport protocol number, once known (6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6); 0 for a fragment that is not the
    /// first one of its datagram.
    public int protocol;

    /// True for IPv6, once known.
    public boolean ipv6;

    /// Source address in the canonical 128-bit form of [IpAddress], once known.
    public long sourceHi, sourceLo;

    /// Destination address in the canonical 128-bit form, once known.
    public long destinationHi, destinationLo;

    /// The index of the interface that it came through, once known; for a copy that the host sends to itself, of the
    /// one through which the packet leaves.
    public int via;

    /// When the link received it, in nanoseconds of the host's clock; 0 for packets that the stack built.
    public long receivedAt;

    /// Where a packet capture has recorded it, so that it can say later what became of it; 0 if none has. Nobody else
    /// reads or writes it.
    public long mark;

    /// When the stack that built it let it go, in nanoseconds of the clock that all hosts of the JVM share by
    /// default; 0 if that is not known. Set for every packet that a link is to transmit.
    public long sentAt;

    /// What all packets with this number have in common, of all hosts of the JVM: the addresses, the protocol and the
    /// ports, here and in their headers, and that their transport checksum is partial. Whoever changes one of them
    /// sets it to 0, which says nothing. From [#newStream].
    public long stream;

    /// The next packet of whatever queue the owner keeps it in.
    public @Nullable Packet next;

    @Nullable
    Packet below;

    int depth;

    Packet(BufferPool pool) {
        this.pool = pool;
        reset();
    }

    /// A number for [#stream] that no other has had in this JVM. Thread-safe.
    public static long newStream() {
        return (long) STREAMS.getAndAdd(1L) + 1;
    }

    /// As for a new one, after [#strip].
    void reset() {
        start = TRANSPORT_AT;
        end = TRANSPORT_AT;
        transportAt = TRANSPORT_AT;
        tailStart = 0;
        tailEnd = 0;
        segmentSize = 0;
        checksum = CHECKSUM_COMPLETE;
        protocol = 0;
        ipv6 = false;
        receivedAt = 0;
        via = 0;
        mark = 0;
        stream = 0;
    }

    /// Makes the array of `chunk` the contiguous part, empty; the packet takes the caller's reference over.
    void useChunk(Chunk chunk) {
        this.chunk = chunk;
        bytes = chunk.bytes;
        start = 0;
        end = 0;
        transportAt = 0;
    }

    /// Lets the payload be `length` octets of `chunk` from `from` on. The packet takes a reference of its own.
    public void setTail(Chunk chunk, int from, int length) {
        chunk.retain();
        giveTail(chunk, from, length);
    }

    /// As [#setTail], and the packet takes over the caller's reference.
    public void giveTail(Chunk chunk, int from, int length) {
        assert this.chunk == null;
        this.chunk = chunk;
        tailStart = from;
        tailEnd = from + length;
    }

    /// All octets of the packet.
    public int length() {
        return end - start + tailEnd - tailStart;
    }

    /// Octets of the tail by reference.
    public int tailLength() {
        return tailEnd - tailStart;
    }

    /// Copies the whole packet, headers and tail, to `target` and returns its length in octets.
    public int copyTo(byte[] target, int at) {
        int head = end - start;
        System.arraycopy(bytes, start, target, at, head);
        int tail = tailEnd - tailStart;
        if (tail > 0 && chunk != null) {
            System.arraycopy(chunk.bytes, tailStart, target, at + head, tail);
        }
        return head + tail;
    }

    /// Where the transport checksum field lies in [#bytes], or -1 for protocols without one that can be partial.
    public int checksumAt() {
        return switch (protocol) {
            case IpProtocol.TCP -> transportAt + TcpHeader.CHECKSUM;
            case IpProtocol.UDP -> transportAt + UdpHeader.CHECKSUM;
            default -> -1;
        };
    }

    /// Completes a partial transport checksum in place, so that the packet can go on a wire (RFC 9293 section 3.1,
    /// RFC 768). Does nothing when it is complete already.
    public void completeChecksum() {
        if (checksum != CHECKSUM_PARTIAL) {
            return;
        }
        int at = checksumAt();
        if (at >= 0) {
            // The field holds the folded pseudo-header sum, so it takes part in the sum over the header.
            Bytes.put16(bytes, at, finishedChecksum());
        }
        checksum = CHECKSUM_COMPLETE;
        stream = 0;
    }

    /// The transport checksum that [#completeChecksum] would store, without changing the packet; only for packets
    /// whose checksum is partial.
    public int finishedChecksum() {
        int head = end - transportAt;
        long sum;
        if (protocol == IpProtocol.TCP && head >= TcpHeader.MIN_LENGTH) {
            // The checksum field was written just now, in two octets, and is slow to read as part of four.
            sum = InternetChecksum.headerSum(bytes, transportAt, TcpHeader.CHECKSUM)
                    + Bytes.u16(bytes, transportAt + TcpHeader.CHECKSUM)
                    + Bytes.u16(bytes, transportAt + TcpHeader.URGENT_POINTER)
                    + InternetChecksum.headerSum(
                            bytes, transportAt + TcpHeader.MIN_LENGTH, Math.min(head, 60) - TcpHeader.MIN_LENGTH);
        } else {
            sum = InternetChecksum.headerSum(bytes, transportAt, Math.min(head, 60));
        }
        if (head > 60) {
            sum += InternetChecksum.payloadSum(bytes, transportAt + 60, end - transportAt - 60);
        }
        if (tailEnd > tailStart && chunk != null) {
            sum += InternetChecksum.payloadSum(chunk.bytes, tailStart, tailEnd - tailStart);
        }
        int value = InternetChecksum.finish(sum);
        // RFC 768: "If the computed checksum is zero, it is transmitted as all ones".
        return value == 0 && protocol == IpProtocol.UDP ? 0xffff : value;
    }

    /// Gives the packet, and its reference to payload bytes, back. The caller must not touch it afterwards.
    public void release() {
        strip();
        pool.giveBack(this);
    }

    /// Gives the reference to payload bytes back.
    void strip() {
        Chunk held = chunk;
        if (held != null) {
            chunk = null;
            held.release();
        }
        bytes = headers;
        next = null;
    }

    BufferPool pool() {
        return pool;
    }
}
