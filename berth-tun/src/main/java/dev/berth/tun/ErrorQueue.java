package dev.berth.tun;

import dev.berth.stack.icmp.IcmpError;
import dev.berth.wire.Bytes;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Reads the error queues of datagram sockets of the kernel (`IP_RECVERR` of ip(7), `IPV6_RECVERR` of ipv6(7)): the
/// way to hear of ICMP errors on sockets that are not connected, which Java does not have.
///
/// A socket with such a queue reports each error on its next call too, whatever that call is about, and is readable
/// while something waits in the queue. One object serves any number of sockets. Thread-safe.
public final class ErrorQueue {
    private static final int ORIGIN_ICMP = 2;
    private static final int ORIGIN_ICMPV6 = 3;

    // struct msghdr
    private static final int MESSAGE_LENGTH = 56;
    private static final int NAME = 0;
    private static final int NAME_LENGTH = 8;
    private static final int VECTOR = 16;
    private static final int VECTOR_COUNT = 24;
    private static final int CONTROL = 32;
    private static final int CONTROL_LENGTH = 40;

    // struct cmsghdr
    private static final int LEVEL = 8;
    private static final int TYPE = 12;
    private static final int HEADER = 16;

    // struct sock_extended_err, and the address behind it
    private static final int ORIGIN = 4;
    private static final int ICMP_TYPE = 5;
    private static final int ICMP_CODE = 6;
    private static final int INFO = 8;
    private static final int ERROR_LENGTH = 16;

    private static final int QUOTE = 64;
    private static final int CONTROL_ROOM = 512;

    private final ReentrantLock lock = new ReentrantLock();
    private final MemorySegment capture;
    private final MemorySegment message;
    private final MemorySegment name;
    private final MemorySegment quote;
    private final MemorySegment control;
    private final MemorySegment one;

    private ErrorQueue(Arena arena) {
        capture = arena.allocate(Libc.CAPTURE);
        name = arena.allocate(SocketCalls.ADDRESS_LENGTH, Long.BYTES);
        quote = arena.allocate(QUOTE, Long.BYTES);
        control = arena.allocate(CONTROL_ROOM, Long.BYTES);
        one = arena.allocateFrom(ValueLayout.JAVA_INT, 1);
        message = message(arena, name, quote);
        message.set(ValueLayout.ADDRESS, CONTROL, control);
    }

    /// A message with room for an address and data; where control data go is open.
    static MemorySegment message(Arena arena, MemorySegment name, MemorySegment data) {
        MemorySegment vector = arena.allocate(16, Long.BYTES);
        vector.set(ValueLayout.ADDRESS, 0, data);
        vector.set(ValueLayout.JAVA_LONG, 8, data.byteSize());
        MemorySegment message = arena.allocate(MESSAGE_LENGTH, Long.BYTES);
        message.set(ValueLayout.ADDRESS, NAME, name);
        message.set(ValueLayout.ADDRESS, VECTOR, vector);
        message.set(ValueLayout.JAVA_LONG, VECTOR_COUNT, 1);
        return message;
    }

    /// Makes the address of `message` ready to be written.
    static void clearName(MemorySegment message) {
        message.set(ValueLayout.JAVA_INT, NAME_LENGTH, SocketCalls.ADDRESS_LENGTH);
    }

    /// The address that came with `message`.
    static @Nullable Endpoint name(MemorySegment message, MemorySegment name) {
        return SocketCalls.address(name, 0, message.get(ValueLayout.JAVA_INT, NAME_LENGTH));
    }

    /// A reader of error queues.
    ///
    /// @throws IOException if there are none here: another system than Linux, or native access is not enabled for
    ///     this module; the message is a sentence that begins with "Error queues of sockets"
    public static ErrorQueue open() throws IOException {
        String reason = SocketCalls.unavailable();
        if (reason != null) {
            throw new IOException("Error queues of sockets cannot be had, as " + reason + ".");
        }
        return new ErrorQueue(Arena.ofAuto());
    }

    /// Gives a socket of IPv4, IPv6 or both an error queue.
    ///
    /// @param descriptor the socket's, which must stay open during the call
    /// @return false if the kernel refuses
    public boolean watch(int descriptor) {
        lock.lock();
        try {
            int four = SocketCalls.setOption(capture, descriptor, SocketCalls.SOL_IP, SocketCalls.IP_RECVERR, one);
            int six = SocketCalls.setOption(capture, descriptor, SocketCalls.SOL_IPV6, SocketCalls.IPV6_RECVERR, one);
            return four >= 0 || six >= 0;
        } finally {
            lock.unlock();
        }
    }

    /// The next error that ICMP has reported, or null if there is none. Others, such as those of the kernel itself,
    /// are passed over.
    ///
    /// @param descriptor the socket's, which must stay open during the call
    public @Nullable SocketError poll(int descriptor) {
        lock.lock();
        try {
            for (; ; ) {
                clearName(message);
                message.set(ValueLayout.JAVA_LONG, CONTROL_LENGTH, CONTROL_ROOM);
                int length = SocketCalls.receive(capture, descriptor, message, SocketCalls.MSG_ERRQUEUE);
                if (length < 0) {
                    return null;
                }
                SocketError error = read(Math.min(length, QUOTE));
                if (error != null) {
                    return error;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private @Nullable SocketError read(int quoted) {
        Endpoint destination = name(message, name);
        long end = Math.min(CONTROL_ROOM, message.get(ValueLayout.JAVA_LONG, CONTROL_LENGTH));
        long at = 0;
        while (destination != null && at + HEADER + ERROR_LENGTH <= end) {
            long length = control.get(ValueLayout.JAVA_LONG, at);
            int level = control.get(ValueLayout.JAVA_INT, at + LEVEL);
            int type = control.get(ValueLayout.JAVA_INT, at + TYPE);
            if (level == SocketCalls.SOL_IP && type == SocketCalls.IP_RECVERR
                    || level == SocketCalls.SOL_IPV6 && type == SocketCalls.IPV6_RECVERR) {
                return error(at + HEADER, Math.min(length - HEADER, end - at - HEADER), destination, quoted);
            }
            if (length < HEADER) {
                return null;
            }
            at += length + Long.BYTES - 1 & -Long.BYTES;
        }
        return null;
    }

    private @Nullable SocketError error(long at, long length, Endpoint destination, int quoted) {
        int origin = control.get(ValueLayout.JAVA_BYTE, at + ORIGIN);
        if (length < ERROR_LENGTH || origin != ORIGIN_ICMP && origin != ORIGIN_ICMPV6) {
            return null;
        }
        IcmpError.Kind kind = IcmpError.Kind.of(
                origin == ORIGIN_ICMPV6,
                control.get(ValueLayout.JAVA_BYTE, at + ICMP_TYPE) & 0xff,
                control.get(ValueLayout.JAVA_BYTE, at + ICMP_CODE) & 0xff);
        if (kind == null) {
            return null;
        }
        int mtu = kind == IcmpError.Kind.PACKET_TOO_BIG
                ? Math.clamp(control.get(ValueLayout.JAVA_INT, at + INFO), 0, 65_535)
                : 0;
        Endpoint reporter = SocketCalls.address(control, at + ERROR_LENGTH, length - ERROR_LENGTH);
        byte[] octets = quote.asSlice(0, quoted).toArray(ValueLayout.JAVA_BYTE);
        int sequence = quoted >= 8 ? Bytes.u16(octets, 6) : 0;
        return new SocketError(kind, mtu, destination, reporter == null ? null : reporter.address(), sequence);
    }
}
