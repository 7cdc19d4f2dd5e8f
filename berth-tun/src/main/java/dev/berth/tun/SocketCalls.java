package dev.berth.tun;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.berth.wire.Bytes;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/// The calls of the C library that sockets take which Java does not have, each answering as [Libc] does, and the
/// addresses in them.
final class SocketCalls {
    static final int ENETUNREACH = 101;
    static final int EHOSTUNREACH = 113;

    static final int AF_INET = 2;
    static final int AF_INET6 = 10;
    static final int SOL_IP = 0;
    static final int SOL_IPV6 = 41;
    static final int IP_TTL = 2;
    static final int IPV6_UNICAST_HOPS = 16;
    static final int IP_RECVERR = 11;
    static final int IPV6_RECVERR = 25;
    static final int MSG_DONTWAIT = 0x40;
    static final int MSG_ERRQUEUE = 0x2000;

    /// Octets of the largest socket address here.
    static final int ADDRESS_LENGTH = 28;

    private static final int SOCK_NONBLOCK = 0x800;
    private static final long ERRNO = Libc.CAPTURE.byteOffset(PathElement.groupElement("errno"));

    private static final MethodHandle SOCKET =
            handle("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle SETSOCKOPT =
            handle("setsockopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle SENDTO = handle(
            "sendto", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle RECVMSG =
            handle("recvmsg", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));

    private static final MethodHandle SENDMSG =
            handle("sendmsg", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));

    private SocketCalls() {}

    private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
        @SuppressWarnings("restricted")
        MethodHandle handle = Linker.nativeLinker()
                .downcallHandle(
                        Linker.nativeLinker().defaultLookup().findOrThrow(name),
                        descriptor,
                        Linker.Option.captureCallState("errno"));
        return handle;
    }

    /// Why these calls cannot be made here, as a sentence; null if they can. Unlike other calls of this module they
    /// are a help that nobody has asked for, so they are not made where Java would warn of them.
    static @Nullable String unavailable() {
        if (!System.getProperty("os.name", "").equals("Linux") || ADDRESS.byteSize() != Long.BYTES) {
            return "they need Linux on a processor of 64 bits";
        }
        Module module = SocketCalls.class.getModule();
        return module.isNativeAccessEnabled()
                ? null
                : "they need native access: start Java with --enable-native-access="
                        + (module.isNamed() ? module.getName() : "ALL-UNNAMED");
    }

    /// A datagram socket that does not block.
    static int socket(MemorySegment capture, int family, int protocol) {
        int type = Libc.SOCK_DGRAM | SOCK_NONBLOCK | Libc.O_CLOEXEC;
        try {
            return answer(capture, (int) SOCKET.invokeExact(capture, family, type, protocol));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static int setOption(MemorySegment capture, int fd, int level, int option, MemorySegment number) {
        try {
            return answer(capture, (int) SETSOCKOPT.invokeExact(capture, fd, level, option, number, Integer.BYTES));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static int sendTo(
            MemorySegment capture, int fd, MemorySegment data, long length, MemorySegment address, int addressLength) {
        try {
            return answer(capture, (int)
                    (long) SENDTO.invokeExact(capture, fd, data, length, MSG_DONTWAIT, address, addressLength));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static int receive(MemorySegment capture, int fd, MemorySegment message, int flags) {
        try {
            return answer(capture, (int) (long) RECVMSG.invokeExact(capture, fd, message, flags | MSG_DONTWAIT));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static int send(MemorySegment capture, int fd, MemorySegment message) {
        try {
            return answer(capture, (int) (long) SENDMSG.invokeExact(capture, fd, message, MSG_DONTWAIT));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    private static int answer(MemorySegment capture, int result) {
        return result >= 0 ? result : -capture.get(JAVA_INT, ERRNO);
    }

    private static AssertionError unexpected(Throwable t) {
        return new AssertionError("A downcall handle threw", t);
    }

    /// Writes `sockaddr_in` or `sockaddr_in6`, and returns its length.
    static int putAddress(MemorySegment into, IpAddress address, int port) {
        byte[] octets = address.octets();
        boolean ipv6 = octets.length == 16;
        int length = ipv6 ? ADDRESS_LENGTH : 16;
        into.asSlice(0, length).fill((byte) 0);
        into.set(ValueLayout.JAVA_SHORT, 0, (short) (ipv6 ? AF_INET6 : AF_INET));
        into.set(ValueLayout.JAVA_BYTE, 2, (byte) (port >>> 8));
        into.set(ValueLayout.JAVA_BYTE, 3, (byte) port);
        MemorySegment.copy(octets, 0, into, ValueLayout.JAVA_BYTE, ipv6 ? 8 : 4, octets.length);
        return length;
    }

    /// Reads `sockaddr_in` or `sockaddr_in6`; null for anything else.
    static @Nullable Endpoint address(MemorySegment from, long at, long length) {
        if (length < 16) {
            return null;
        }
        byte[] octets = from.asSlice(at, Math.min(length, ADDRESS_LENGTH)).toArray(ValueLayout.JAVA_BYTE);
        int port = Bytes.u16(octets, 2);
        int family = from.get(ValueLayout.JAVA_SHORT_UNALIGNED, at);
        if (family == AF_INET) {
            return new Endpoint(IpAddress.ofIpv4(Bytes.i32(octets, 4)), port);
        }
        return family == AF_INET6 && octets.length >= 24
                ? new Endpoint(new IpAddress(Bytes.i64(octets, 8), Bytes.i64(octets, 16)), port)
                : null;
    }
}
