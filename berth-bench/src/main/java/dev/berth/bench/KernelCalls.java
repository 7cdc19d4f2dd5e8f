package dev.berth.bench;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteOrder;

/// The three calls of the kernel that [ConnectProgram] times, without anything of the JDK's sockets around them. Each
/// answers with a result of 0 or more, or with the negated error number. For one thread.
final class KernelCalls {
    static final int EMFILE = 24;
    static final int EADDRNOTAVAIL = 99;
    static final int EINPROGRESS = 115;

    private static final int AF_INET = 2;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int SOCKADDR_IN = 16;

    private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
    private static final long ERRNO = CAPTURE.byteOffset(PathElement.groupElement("errno"));
    private static final MethodHandle SOCKET =
            handle("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle CONNECT =
            handle("connect", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle CLOSE = handle("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

    private final MemorySegment capture = Arena.global().allocate(CAPTURE);
    private final MemorySegment destination = Arena.global().allocate(SOCKADDR_IN, 8);

    /// Calls that connect to `address`, an IPv4 address as a number, and `port`.
    KernelCalls(int address, int port) {
        ValueLayout.OfShort networkShort = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);
        destination.set(ValueLayout.JAVA_SHORT, 0, (short) AF_INET);
        destination.set(networkShort, 2, (short) port);
        destination.set(JAVA_INT.withOrder(ByteOrder.BIG_ENDIAN), 4, address);
    }

    /// A TCP socket over IPv4 that does not block.
    int socket() {
        try {
            return answer((int) SOCKET.invokeExact(capture, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /// Begins to connect a socket to the destination.
    int connect(int socket) {
        try {
            return answer((int) CONNECT.invokeExact(capture, socket, destination, SOCKADDR_IN));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    int close(int socket) {
        try {
            return answer((int) CLOSE.invokeExact(capture, socket));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    private int answer(int result) {
        return result >= 0 ? result : -capture.get(JAVA_INT, ERRNO);
    }

    private static AssertionError unexpected(Throwable t) {
        return new AssertionError("A downcall handle threw", t);
    }

    @SuppressWarnings("restricted")
    private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker()
                .downcallHandle(
                        Linker.nativeLinker().defaultLookup().findOrThrow(name),
                        descriptor,
                        Linker.Option.captureCallState("errno"));
    }
}
