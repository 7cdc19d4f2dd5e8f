package dev.berth.gateway.shared;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.Chunk;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import dev.berth.wire.UdpHeader;
import java.io.IOException;
import java.net.ProtocolException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// IP packets and lines of text over a stream socket, with a head of four octets before each: one for the kind, three
/// for the length of what follows, in network byte order.
///
/// What is offered waits in a buffer, up to a bound, and leaves with [#flush], as much as the kernel takes; the rest
/// leaves when the loop calls [#writable]. So nobody ever waits for the other end. Any thread may offer and flush; the
/// thread of the loop reads. Nothing is allocated per packet once the buffers have grown.
final class FrameChannel implements AutoCloseable {
    /// Octets of the longest text.
    static final int LONGEST_TEXT = 8_192;

    private static final int HEAD = 4;
    private static final int TEXT = 1;
    private static final int PACKET = 2;

    /// A packet whose transport checksum is only the sum of the pseudo-header: it never leaves the memory of this
    /// machine, so nothing has to be summed up.
    private static final int PARTIAL = 3;

    private static final int LONGEST_PACKET = 65_535;
    private static final int INPUT = 256 << 10;
    private static final int FIRST_OUTPUT = 64 << 10;
    private static final int SOCKET_BUFFER = 1 << 20;

    /// Takes what has arrived.
    interface Reader {
        /// A text.
        void text(String text) throws IOException;

        /// An IP packet of `length` octets, which are to be taken out of `from`.
        void packet(ByteBuffer from, int length, boolean partialChecksum) throws IOException;
    }

    private final SocketChannel channel;
    private final SelectionKey key;
    private final int limit;
    private final ByteBuffer in;
    private final ReentrantLock lock = new ReentrantLock();

    /// What waits is between `sent` and the position.
    @GuardedBy("lock")
    private ByteBuffer out;

    @GuardedBy("lock")
    private int sent;

    /// The kernel takes nothing more until the loop says so.
    @GuardedBy("lock")
    private boolean blocked;

    @GuardedBy("lock")
    private boolean broken;

    /// Somebody was told that there is no room, and waits for it.
    @GuardedBy("lock")
    private boolean wanted;

    /// @param channel connected
    /// @param limit octets that wait at most
    /// @param attachment of the channel's key in the selector
    FrameChannel(SocketChannel channel, Selector selector, int limit, Object attachment) throws IOException {
        this.channel = channel;
        this.limit = limit;
        ByteBuffer input = allocate(INPUT);
        ByteBuffer output = allocate(FIRST_OUTPUT);
        if (input == null || output == null) {
            throw new IOException("There is no memory for another member");
        }
        in = input;
        out = output;
        channel.configureBlocking(false);
        // As much as the kernel allows; it takes what it can of a number that is too large.
        channel.setOption(StandardSocketOptions.SO_SNDBUF, SOCKET_BUFFER);
        key = channel.register(selector, SelectionKey.OP_READ, attachment);
        selector.wakeup();
    }

    /// Whether a packet of any length has room. If not, [#writable] says later that there is some.
    boolean hasRoom() {
        lock.lock();
        try {
            boolean room = out.position() - sent + HEAD + LONGEST_PACKET <= limit || broken;
            wanted |= !room;
            return room;
        } finally {
            lock.unlock();
        }
    }

    /// Octets that wait.
    int waiting() {
        lock.lock();
        try {
            return out.position() - sent;
        } finally {
            lock.unlock();
        }
    }

    /// Takes a packet of `length` octets out of a buffer.
    ///
    /// @return null if it says that its checksum is partial, which it cannot be: nothing is taken then
    static @Nullable Packet take(ByteBuffer from, int length, boolean partialChecksum, BufferPool pool) {
        Packet packet = pool.takePacket(length);
        from.get(packet.bytes, packet.start, length);
        packet.end = packet.start + length;
        if (partialChecksum && !describePartial(packet, length)) {
            packet.release();
            return null;
        }
        return packet;
    }

    /// Finds the transport header of a packet whose checksum is partial; such a packet is whole, and of TCP or UDP.
    private static boolean describePartial(Packet packet, int length) {
        byte[] bytes = packet.bytes;
        int at = packet.start;
        boolean ipv6 = bytes[at] >>> 4 == 6;
        int header = ipv6 || length < Ipv4Header.MIN_LENGTH ? Ipv6Header.LENGTH : Ipv4Header.headerLength(bytes, at);
        if (header < Ipv4Header.MIN_LENGTH || length < header + UdpHeader.LENGTH) {
            return false;
        }
        int protocol = Bytes.u8(bytes, at + (ipv6 ? Ipv6Header.NEXT_HEADER : Ipv4Header.PROTOCOL));
        boolean fragment = !ipv6
                && (Bytes.u16(bytes, at + Ipv4Header.FLAGS_FRAGMENT)
                                & (Ipv4Header.MORE_FRAGMENTS | Ipv4Header.FRAGMENT_OFFSET))
                        != 0;
        boolean known =
                protocol == IpProtocol.UDP || protocol == IpProtocol.TCP && length >= header + TcpHeader.MIN_LENGTH;
        packet.ipv6 = ipv6;
        packet.protocol = protocol;
        packet.transportAt = at + header;
        packet.checksum = Packet.CHECKSUM_PARTIAL;
        return known && !fragment;
    }

    /// Copies a packet to what waits.
    ///
    /// @return how many octets wait now; -1 if it has no room, or the stream is broken
    int offer(Packet packet) {
        int length = packet.length();
        boolean partial = packet.checksum == Packet.CHECKSUM_PARTIAL;
        lock.lock();
        try {
            if (!makeRoom(HEAD + length)) {
                return -1;
            }
            out.putInt((partial ? PARTIAL : PACKET) << 24 | length);
            out.put(packet.bytes, packet.start, packet.end - packet.start);
            Chunk tail = packet.chunk;
            if (tail != null && packet.tailLength() > 0) {
                out.put(tail.bytes, packet.tailStart, packet.tailLength());
            }
            return out.position() - sent;
        } finally {
            lock.unlock();
        }
    }

    /// Copies a text to what waits, and sends.
    ///
    /// @return false if it has no room, or the stream is broken
    boolean send(String text) {
        byte[] octets = text.getBytes(StandardCharsets.UTF_8);
        if (octets.length > LONGEST_TEXT) {
            throw new IllegalArgumentException("A text has at most " + LONGEST_TEXT + " octets");
        }
        lock.lock();
        try {
            if (!makeRoom(HEAD + octets.length)) {
                return false;
            }
            out.putInt(TEXT << 24 | octets.length).put(octets);
            return true;
        } finally {
            lock.unlock();
            flush();
        }
    }

    @GuardedBy("lock")
    private boolean makeRoom(int size) {
        int waiting = out.position() - sent;
        if (broken || waiting + size > limit) {
            return false;
        }
        if (out.remaining() < size) {
            // Twice the limit in the end, so that what waits is moved only after as much has left.
            int capacity = out.capacity();
            while (capacity - waiting < size || capacity < 2 * waiting && capacity < 2 * limit) {
                capacity *= 2;
            }
            ByteBuffer next = capacity == out.capacity() ? out : allocate(capacity);
            if (next == null) {
                return false;
            }
            out.limit(out.position()).position(sent);
            if (next == out) {
                out.compact();
            } else {
                next.put(out);
            }
            out = next;
            sent = 0;
        }
        return true;
    }

    /// A buffer, or null if the JVM has no memory for it.
    private static @Nullable ByteBuffer allocate(int capacity) {
        try {
            return ByteBuffer.allocateDirect(capacity);
        } catch (OutOfMemoryError e) {
            return null;
        }
    }

    /// Sends what waits, as much as the kernel takes.
    void flush() {
        lock.lock();
        try {
            if (!blocked && !broken && sent < out.position()) {
                write();
            }
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private void write() {
        int end = out.position();
        out.limit(end).position(sent);
        try {
            int written;
            do {
                written = channel.write(out);
            } while (written > 0 && out.hasRemaining());
            sent = out.position();
        } catch (IOException e) {
            broken = true; // the loop reads the end of the stream, and says so
            sent = end;
        }
        out.limit(out.capacity()).position(end);
        blocked = sent < end;
        if (!blocked) {
            out.clear();
            sent = 0;
        } else {
            try {
                key.interestOpsOr(SelectionKey.OP_WRITE);
                key.selector().wakeup();
            } catch (CancelledKeyException _) {
                broken = true; // closed meanwhile
            }
        }
    }

    /// The kernel takes more: called by the loop.
    ///
    /// @return true if there is room again that somebody waits for
    boolean writable() {
        lock.lock();
        try {
            key.interestOpsAnd(~SelectionKey.OP_WRITE);
            blocked = false;
            if (!broken && sent < out.position()) {
                write();
            }
            boolean room = wanted && (broken || out.position() - sent <= limit / 2);
            wanted &= !room;
            return room;
        } finally {
            lock.unlock();
        }
    }

    /// Reads what is there, a buffer at most, and hands it on.
    ///
    /// @return false at the end of the stream
    /// @throws ProtocolException if what arrives cannot be told apart any more
    boolean read(Reader reader) throws IOException {
        if (channel.read(in) < 0) {
            return false;
        }
        in.flip();
        try {
            while (in.remaining() >= HEAD) {
                int head = in.getInt(in.position());
                int kind = head >>> 24;
                int length = head & 0xff_ffff;
                int longest = kind == TEXT ? LONGEST_TEXT : kind == PACKET || kind == PARTIAL ? LONGEST_PACKET : 0;
                if (length < 1 || length > longest) {
                    throw new ProtocolException("frame of kind " + kind + " with " + length + " octets");
                }
                if (in.remaining() < HEAD + length) {
                    break;
                }
                int next = in.position() + HEAD + length;
                in.position(in.position() + HEAD);
                if (kind == TEXT) {
                    byte[] octets = new byte[length];
                    in.get(octets);
                    reader.text(new String(octets, StandardCharsets.UTF_8));
                } else {
                    reader.packet(in, length, kind == PARTIAL);
                }
                in.position(next);
            }
        } finally {
            in.compact();
        }
        return true;
    }

    /// Gives the socket back. What waits is lost.
    @Override
    public void close() {
        lock.lock();
        try {
            broken = true;
        } finally {
            lock.unlock();
        }
        closeQuietly(channel);
        key.selector().wakeup(); // which lets go of the descriptor
    }

    static void closeQuietly(@Nullable AutoCloseable closed) {
        try {
            if (closed != null) {
                closed.close();
            }
        } catch (Exception e) {
            System.getLogger(FrameChannel.class.getName()).log(System.Logger.Level.DEBUG, "Closing " + closed, e);
        }
    }
}
