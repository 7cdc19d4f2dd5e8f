package dev.berth.tun;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Objects;

/// recv(2) and send(2) on stream sockets of the kernel, straight between the kernel and arrays of the heap. A channel
/// of Java copies such octets once more, as the collector may move an array.
///
/// None of these calls waits for the other end, as the collector waits for the call: 64 KiB take some 10 us, over the
/// loopback device up to 50 us. They allocate nothing where the compiler sees that the object for a part of an array
/// goes nowhere, else 112 octets a call. An object is of one thread at a time, and serves any number of
/// sockets.
public final class StreamCalls {
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int EPIPE = 32;
    private static final int ECONNRESET = 104;
    private static final long ERRNO = Libc.CAPTURE.byteOffset(PathElement.groupElement("errno"));

    private final MemorySegment capture = Arena.ofAuto().allocate(Libc.CAPTURE);

    private StreamCalls() {}

    /// Not there where the calls are not.
    private static final class Handles {
        static final MethodHandle RECV = handle("recv");
        static final MethodHandle SEND = handle("send");

        private Handles() {}

        private static MethodHandle handle(String name) {
            @SuppressWarnings("restricted")
            MethodHandle handle = Linker.nativeLinker()
                    .downcallHandle(
                            Linker.nativeLinker().defaultLookup().findOrThrow(name),
                            FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT),
                            Linker.Option.captureCallState("errno"),
                            Linker.Option.critical(true));
            return handle;
        }
    }

    /// True if such calls can be made here: on Linux, with native access for this module.
    public static boolean arePossible() {
        return SocketCalls.unavailable() == null;
    }

    /// @throws IllegalStateException if such calls cannot be made here
    public static StreamCalls open() {
        if (!arePossible()) {
            throw new IllegalStateException("No such calls here, as " + SocketCalls.unavailable());
        }
        return new StreamCalls();
    }

    /// Receives what is there.
    ///
    /// @param descriptor a connected stream socket's, which must stay open during the call
    /// @param length the most octets, at least 1
    /// @return octets received, -1 at the end of the stream, 0 if nothing is there
    /// @throws IOException if the connection was reset or has failed
    public int receive(int descriptor, byte[] bytes, int from, int length) throws IOException {
        Objects.checkFromIndexSize(from, length, bytes.length);
        MemorySegment part = MemorySegment.ofArray(bytes).asSlice(from, length);
        long count;
        do {
            try {
                count = (long) Handles.RECV.invokeExact(capture, descriptor, part, (long) length, MSG_DONTWAIT);
            } catch (Throwable t) {
                throw new AssertionError("A downcall handle threw", t);
            }
        } while (count < 0 && error() == Libc.EINTR);
        return count > 0 ? (int) count : count == 0 ? -1 : refused("recv");
    }

    /// Sends what there is room for.
    ///
    /// @param descriptor as in [#receive]
    /// @param length the most octets, at least 1
    /// @return octets sent, 0 if there is no room
    /// @throws IOException as [#receive]
    public int send(int descriptor, byte[] bytes, int from, int length) throws IOException {
        Objects.checkFromIndexSize(from, length, bytes.length);
        MemorySegment part = MemorySegment.ofArray(bytes).asSlice(from, length);
        long count;
        do {
            try {
                count = (long)
                        Handles.SEND.invokeExact(capture, descriptor, part, (long) length, MSG_DONTWAIT | MSG_NOSIGNAL);
            } catch (Throwable t) {
                throw new AssertionError("A downcall handle threw", t);
            }
        } while (count < 0 && error() == Libc.EINTR);
        return count >= 0 ? (int) count : refused("send");
    }

    private int error() {
        return capture.get(ValueLayout.JAVA_INT, ERRNO);
    }

    private int refused(String call) throws IOException {
        int error = error();
        if (error == Libc.EAGAIN) {
            return 0;
        }
        throw new IOException(
                switch (error) {
                    case EPIPE -> "Broken pipe";
                    case ECONNRESET -> "Connection reset by peer";
                    default -> call + ": " + TunDevice.errorName(error);
                });
    }
}
