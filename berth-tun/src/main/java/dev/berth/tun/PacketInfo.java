package dev.berth.tun;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Which address of this machine a datagram was sent to, and which one the answer leaves from: `IP_PKTINFO` of ip(7),
/// `IPV6_PKTINFO` of ipv6(7), for sockets that are bound to all addresses. Java has neither.
///
/// One object serves any number of sockets. Thread-safe: one thread at a time receives, and one sends.
public final class PacketInfo {
    private static final int LARGEST = 65_535;
    private static final int IP_PKTINFO = 8;
    private static final int IPV6_RECVPKTINFO = 49;
    private static final int IPV6_PKTINFO = 50;

    // struct msghdr
    private static final int NAME_LENGTH = 8;
    private static final int VECTOR = 16;
    private static final int VECTOR_LENGTH = 8;
    private static final int CONTROL = 32;
    private static final int CONTROL_LENGTH = 40;

    // struct cmsghdr
    private static final int LEVEL = 8;
    private static final int TYPE = 12;
    private static final int HEADER = 16;

    private static final int LOCAL_AT = 4; // ipi_spec_dst of in_pktinfo
    private static final int INFO_LENGTH = 12;
    private static final int INFO6_LENGTH = 20;
    private static final int INDEX6_AT = 16; // ipi6_ifindex of in6_pktinfo
    private static final int SCOPE_AT = 24; // sin6_scope_id
    private static final int CONTROL_ROOM = 256;

    private final Message in = new Message();
    private final Message out = new Message();

    private PacketInfo() {}

    /// A reader and writer.
    ///
    /// @throws IOException if there is none here: another system than Linux, or native access is not enabled for this
    ///     module; the message is a sentence
    public static PacketInfo open() throws IOException {
        String reason = SocketCalls.unavailable();
        if (reason != null) {
            throw new IOException("Addresses of datagrams cannot be had, as " + reason + ".");
        }
        return new PacketInfo();
    }

    /// A datagram that has come.
    ///
    /// @param length its octets
    /// @param from who has sent it
    /// @param local the address of this machine to answer from; null if the kernel does not tell
    public record Datagram(
            int length, InetSocketAddress from, @Nullable InetAddress local) {}

    private static final class Message {
        final ReentrantLock lock = new ReentrantLock();
        final Arena arena = Arena.ofAuto();
        final MemorySegment capture = arena.allocate(Libc.CAPTURE);
        final MemorySegment name = arena.allocate(SocketCalls.ADDRESS_LENGTH, Long.BYTES);
        final MemorySegment data = arena.allocate(LARGEST, Long.BYTES);
        final MemorySegment control = arena.allocate(CONTROL_ROOM, Long.BYTES);
        final MemorySegment header = ErrorQueue.message(arena, name, data);

        @SuppressWarnings("restricted") // of our own memory
        final MemorySegment vector = header.get(ValueLayout.ADDRESS, VECTOR).reinterpret(2 * Long.BYTES);
    }

    /// Lets a socket tell.
    ///
    /// @param descriptor the socket's, which must stay open during the call
    /// @return false if the kernel refuses
    public boolean watch(int descriptor) {
        out.lock.lock();
        try {
            out.data.set(ValueLayout.JAVA_INT, 0, 1);
            // A socket of both families is one of IPv6.
            return SocketCalls.setOption(out.capture, descriptor, SocketCalls.SOL_IPV6, IPV6_RECVPKTINFO, out.data) >= 0
                    || SocketCalls.setOption(out.capture, descriptor, SocketCalls.SOL_IP, IP_PKTINFO, out.data) >= 0;
        } finally {
            out.lock.unlock();
        }
    }

    /// Takes a datagram.
    ///
    /// @param descriptor that [#watch] was called with; must stay open during the call
    /// @param into 65,535 octets
    /// @return null if none is there now
    /// @throws IOException if the socket reports an error, perhaps about a datagram that was sent before
    public @Nullable Datagram receive(int descriptor, byte[] into) throws IOException {
        in.lock.lock();
        try {
            ErrorQueue.clearName(in.header);
            in.header.set(ValueLayout.ADDRESS, CONTROL, in.control);
            in.header.set(ValueLayout.JAVA_LONG, CONTROL_LENGTH, CONTROL_ROOM);
            int length = SocketCalls.receive(in.capture, descriptor, in.header, 0);
            if (length == -Libc.EAGAIN || length == -Libc.EINTR) {
                return null;
            }
            if (length < 0) {
                throw failure(-length);
            }
            InetSocketAddress from = address(in.name, in.header.get(ValueLayout.JAVA_INT, NAME_LENGTH));
            if (from == null) {
                throw new IOException("A datagram of another family");
            }
            MemorySegment.copy(in.data, ValueLayout.JAVA_BYTE, 0, into, 0, Math.min(length, into.length));
            return new Datagram(Math.min(length, into.length), from, local());
        } finally {
            in.lock.unlock();
        }
    }

    private static IOException failure(int errno) {
        return errno == Libc.ECONNREFUSED
                ? new PortUnreachableException()
                : new IOException("The kernel refuses (" + TunDevice.errorName(errno) + ")");
    }

    private static @Nullable InetSocketAddress address(MemorySegment from, int length) throws IOException {
        if (length < 16) {
            return null;
        }
        int port = (from.get(ValueLayout.JAVA_BYTE, 2) & 0xff) << 8 | from.get(ValueLayout.JAVA_BYTE, 3) & 0xff;
        int family = from.get(ValueLayout.JAVA_SHORT, 0);
        if (family == SocketCalls.AF_INET) {
            return new InetSocketAddress(
                    InetAddress.getByAddress(from.asSlice(4, 4).toArray(ValueLayout.JAVA_BYTE)), port);
        }
        if (family != SocketCalls.AF_INET6 || length < SocketCalls.ADDRESS_LENGTH) {
            return null;
        }
        return new InetSocketAddress(
                scoped(from.asSlice(8, 16).toArray(ValueLayout.JAVA_BYTE), from.get(ValueLayout.JAVA_INT, SCOPE_AT)),
                port);
    }

    /// An address with its interface if it is one of a link; an IPv4 address of a mapped one.
    private static InetAddress scoped(byte[] octets, int scope) throws IOException {
        InetAddress plain = InetAddress.getByAddress(octets);
        return plain.isLinkLocalAddress() && octets.length == 16 && plain instanceof Inet6Address
                ? Inet6Address.getByAddress(null, octets, scope)
                : plain;
    }

    private @Nullable InetAddress local() throws IOException {
        long end = Math.min(CONTROL_ROOM, in.header.get(ValueLayout.JAVA_LONG, CONTROL_LENGTH));
        long at = 0;
        while (at + HEADER + INFO_LENGTH <= end) {
            long length = in.control.get(ValueLayout.JAVA_LONG, at);
            int level = in.control.get(ValueLayout.JAVA_INT, at + LEVEL);
            int type = in.control.get(ValueLayout.JAVA_INT, at + TYPE);
            long info = at + HEADER;
            if (level == SocketCalls.SOL_IP && type == IP_PKTINFO) {
                return InetAddress.getByAddress(
                        in.control.asSlice(info + LOCAL_AT, 4).toArray(ValueLayout.JAVA_BYTE));
            }
            if (level == SocketCalls.SOL_IPV6 && type == IPV6_PKTINFO && info + INFO6_LENGTH <= end) {
                return scoped(
                        in.control.asSlice(info, 16).toArray(ValueLayout.JAVA_BYTE),
                        in.control.get(ValueLayout.JAVA_INT, info + INDEX6_AT));
            }
            if (length < HEADER) {
                return null;
            }
            at += length + Long.BYTES - 1 & -Long.BYTES;
        }
        return null;
    }

    /// Sends a datagram from an address of this machine.
    ///
    /// @param descriptor that [#watch] was called with; must stay open during the call
    /// @param ipv6 whether the socket is one of IPv6, or of both families
    /// @param local the address that it leaves from
    /// @return false if the kernel has no room
    /// @throws IOException if the kernel refuses, as where `local` is none of its addresses
    public boolean send(int descriptor, boolean ipv6, byte[] bytes, int length, InetAddress local, InetSocketAddress to)
            throws IOException {
        out.lock.lock();
        try {
            MemorySegment.copy(bytes, 0, out.data, ValueLayout.JAVA_BYTE, 0, length);
            out.header.set(ValueLayout.JAVA_INT, NAME_LENGTH, putAddress(to, ipv6));
            out.vector.set(ValueLayout.JAVA_LONG, VECTOR_LENGTH, length);
            out.header.set(ValueLayout.ADDRESS, CONTROL, out.control);
            out.header.set(ValueLayout.JAVA_LONG, CONTROL_LENGTH, putLocal(local, ipv6));
            int sent = SocketCalls.send(out.capture, descriptor, out.header);
            if (sent == -Libc.EAGAIN || sent == -Libc.ENOBUFS) {
                return false;
            }
            if (sent < 0) {
                throw failure(-sent);
            }
            return true;
        } finally {
            out.lock.unlock();
        }
    }

    private int putAddress(InetSocketAddress to, boolean ipv6) {
        int length = ipv6 ? SocketCalls.ADDRESS_LENGTH : 16;
        MemorySegment name = out.name;
        name.fill((byte) 0);
        name.set(ValueLayout.JAVA_SHORT, 0, (short) (ipv6 ? SocketCalls.AF_INET6 : SocketCalls.AF_INET));
        name.set(ValueLayout.JAVA_BYTE, 2, (byte) (to.getPort() >>> 8));
        name.set(ValueLayout.JAVA_BYTE, 3, (byte) to.getPort());
        putOctets(name, ipv6 ? 8 : 4, to.getAddress(), ipv6);
        if (ipv6 && to.getAddress() instanceof Inet6Address scoped) {
            name.set(ValueLayout.JAVA_INT, SCOPE_AT, scoped.getScopeId());
        }
        return length;
    }

    private long putLocal(InetAddress local, boolean ipv6) {
        int info = ipv6 ? INFO6_LENGTH : INFO_LENGTH;
        MemorySegment control = out.control;
        control.fill((byte) 0);
        control.set(ValueLayout.JAVA_LONG, 0, HEADER + info);
        control.set(ValueLayout.JAVA_INT, LEVEL, ipv6 ? SocketCalls.SOL_IPV6 : SocketCalls.SOL_IP);
        control.set(ValueLayout.JAVA_INT, TYPE, ipv6 ? IPV6_PKTINFO : IP_PKTINFO);
        putOctets(control, HEADER + (ipv6 ? 0 : LOCAL_AT), local, ipv6);
        if (ipv6 && local instanceof Inet6Address scoped) {
            control.set(ValueLayout.JAVA_INT, HEADER + INDEX6_AT, scoped.getScopeId());
        }
        return HEADER + info + Long.BYTES - 1 & -Long.BYTES;
    }

    /// An IPv4 address stands in one of IPv6 as RFC 4291 section 2.5.5.2 maps it.
    private static void putOctets(MemorySegment into, long at, InetAddress address, boolean ipv6) {
        byte[] octets = address.getAddress();
        long start = at;
        if (ipv6 && octets.length == 4) {
            into.set(ValueLayout.JAVA_BYTE, at + 10, (byte) -1);
            into.set(ValueLayout.JAVA_BYTE, at + 11, (byte) -1);
            start += 12;
        }
        MemorySegment.copy(octets, 0, into, ValueLayout.JAVA_BYTE, start, octets.length);
    }
}
