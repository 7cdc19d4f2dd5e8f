package dev.berth.tun;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Objects;

/// The calls into the C library that a TUN device takes, each answering as the kernel does: a result of 0 or more, or
/// the negated error number.
///
/// Every call takes a segment of [#CAPTURE] that belongs to the calling thread or is guarded by the caller's lock;
/// none allocates. The class is initialized only after [Access#require] has returned, so that this module loads on
/// every system.
final class Libc {
    /// The layout in which a call leaves `errno`.
    static final StructLayout CAPTURE = Linker.Option.captureStateLayout();

    static final int EPERM = 1;
    static final int ENOENT = 2;
    static final int EINTR = 4;
    static final int ESRCH = 3;
    static final int EIO = 5;
    static final int ENXIO = 6;
    static final int EAGAIN = 11;
    static final int EACCES = 13;
    static final int EBUSY = 16;
    static final int ENODEV = 19;
    static final int EINVAL = 22;
    static final int ENFILE = 23;
    static final int EMFILE = 24;
    static final int EBADFD = 77;
    static final int EADDRINUSE = 98;
    static final int ENOBUFS = 105;
    static final int ECONNREFUSED = 111;

    static final int O_RDONLY = 0;
    static final int O_RDWR = 2;
    static final int O_NONBLOCK = 0x800;
    static final int O_CLOEXEC = 0x80000;
    static final int AF_UNIX = 1;
    static final int AF_INET = 2;
    static final int AF_INET6 = 10;
    static final int MSG_DONTWAIT = 0x40;
    static final int AF_NETLINK = 16;
    static final int SOCK_DGRAM = 2;
    static final int SOCK_RAW = 3;
    static final int CLONE_NEWNET = 0x4000_0000;
    static final short POLLIN = 1;
    static final short POLLOUT = 4;

    private static final long ERRNO = CAPTURE.byteOffset(PathElement.groupElement("errno"));

    /// The array stays where it is during the call, because the collector waits for its end.
    private static final Linker.Option ON_ARRAYS = Linker.Option.critical(true);

    private static final MethodHandle OPEN = variadic("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle IOCTL =
            variadic("ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS));
    private static final MethodHandle CLOSE = handle("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle READ =
            handle("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle WRITE =
            handle("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle READ_ARRAY =
            handle("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG), ON_ARRAYS);
    private static final MethodHandle WRITE_ARRAY =
            handle("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG), ON_ARRAYS);
    private static final MethodHandle POLL =
            handle("poll", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    private static final MethodHandle EVENTFD = handle("eventfd", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle SOCKET =
            handle("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle FCHMOD = handle("fchmod", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle BIND =
            handle("bind", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle RECVFROM = handle(
            "recvfrom", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle SENDTO = handle(
            "sendto", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle SETNS = handle("setns", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));

    private Libc() {}

    static int open(MemorySegment capture, MemorySegment path, int flags) {
        try {
            return answer(capture, (int) OPEN.invokeExact(capture, path, flags));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static int ioctl(MemorySegment capture, int fd, long request, MemorySegment argument) {
        try {
            return answer(capture, (int) IOCTL.invokeExact(capture, fd, request, argument));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static int close(MemorySegment capture, int fd) {
        try {
            return answer(capture, (int) CLOSE.invokeExact(capture, fd));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static int read(MemorySegment capture, int fd, MemorySegment buffer, long size) {
        try {
            return answer(capture, (int) (long) READ.invokeExact(capture, fd, buffer, size));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static int write(MemorySegment capture, int fd, MemorySegment buffer, long size) {
        try {
            return answer(capture, (int) (long) WRITE.invokeExact(capture, fd, buffer, size));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /// Reads to `part` of an array, `size` octets at most, without a copy. The collector cannot stop this thread
    /// meanwhile: only for descriptors that do not block.
    static int readArray(MemorySegment capture, int fd, MemorySegment part, int size) {
        Objects.checkFromIndexSize(0, size, part.byteSize());
        try {
            return answer(capture, (int) (long) READ_ARRAY.invokeExact(capture, fd, part, (long) size));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /// Writes the first `size` octets of `part` of an array, as [#readArray] reads.
    static int writeArray(MemorySegment capture, int fd, MemorySegment part, int size) {
        Objects.checkFromIndexSize(0, size, part.byteSize());
        try {
            return answer(capture, (int) (long) WRITE_ARRAY.invokeExact(capture, fd, part, (long) size));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /// @param timeoutMillis milliseconds to wait at most, -1 for ever
    static int poll(MemorySegment capture, MemorySegment fds, long count, int timeoutMillis) {
        try {
            return answer(capture, (int) POLL.invokeExact(capture, fds, count, timeoutMillis));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static int eventfd(MemorySegment capture) {
        try {
            return answer(capture, (int) EVENTFD.invokeExact(capture, 0, O_CLOEXEC | O_NONBLOCK));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /// A socket for requests about network devices in the namespace of the calling thread.
    static int controlSocket(MemorySegment capture) {
        try {
            return answer(capture, (int) SOCKET.invokeExact(capture, AF_INET, SOCK_DGRAM | O_CLOEXEC, 0));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /// The same for requests about one family of addresses.
    static int socket(MemorySegment capture, int family) {
        try {
            return answer(capture, (int) SOCKET.invokeExact(capture, family, SOCK_DGRAM | O_CLOEXEC, 0));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /// A socket for requests about routes in the namespace of the calling thread, rtnetlink(7).
    static int routeSocket(MemorySegment capture) {
        try {
            return answer(capture, (int) SOCKET.invokeExact(capture, AF_NETLINK, SOCK_RAW | O_CLOEXEC, 0));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static int fchmod(MemorySegment capture, int fd, int mode) {
        try {
            return answer(capture, (int) FCHMOD.invokeExact(capture, fd, mode));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static int bind(MemorySegment capture, int fd, MemorySegment address, int size) {
        try {
            return answer(capture, (int) BIND.invokeExact(capture, fd, address, size));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /// @param addressSize octets of `address`, and then of the sender's
    static int recvfrom(
            MemorySegment capture,
            int fd,
            MemorySegment buffer,
            long size,
            int flags,
            MemorySegment address,
            MemorySegment addressSize) {
        try {
            return answer(
                    capture, (int) (long) RECVFROM.invokeExact(capture, fd, buffer, size, flags, address, addressSize));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static int sendto(
            MemorySegment capture,
            int fd,
            MemorySegment buffer,
            long size,
            int flags,
            MemorySegment address,
            int addressSize) {
        try {
            return answer(
                    capture, (int) (long) SENDTO.invokeExact(capture, fd, buffer, size, flags, address, addressSize));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /// Moves the calling thread into the network namespace that `fd` refers to.
    static int setns(MemorySegment capture, int fd) {
        try {
            return answer(capture, (int) SETNS.invokeExact(capture, fd, CLONE_NEWNET));
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    private static int answer(MemorySegment capture, int result) {
        return result >= 0 ? result : -capture.get(ValueLayout.JAVA_INT, ERRNO);
    }

    private static AssertionError unexpected(Throwable t) {
        return new AssertionError("A downcall handle threw", t);
    }

    private static MethodHandle handle(String name, FunctionDescriptor descriptor, Linker.Option... options) {
        @SuppressWarnings("restricted")
        MethodHandle handle = Linker.nativeLinker()
                .downcallHandle(
                        Linker.nativeLinker().defaultLookup().findOrThrow(name), descriptor, withErrno(options));
        return handle;
    }

    /// A function whose third parameter is the first variadic one.
    private static MethodHandle variadic(String name, FunctionDescriptor descriptor) {
        return handle(name, descriptor, Linker.Option.firstVariadicArg(2));
    }

    private static Linker.Option[] withErrno(Linker.Option[] options) {
        Linker.Option[] all = new Linker.Option[options.length + 1];
        all[0] = Linker.Option.captureCallState("errno");
        System.arraycopy(options, 0, all, 1, options.length);
        return all;
    }

    /// Whether this system and this JVM can call the C library of Linux at all.
    static final class Access {
        private Access() {}

        /// @throws IOException if the system is not Linux, has request numbers of its own, or native access is denied
        static void require() throws IOException {
            String system = System.getProperty("os.name", "");
            if (!system.equals("Linux")) {
                throw new IOException("TUN devices exist only on Linux, not on " + system + ".");
            }
            String architecture = System.getProperty("os.arch", "");
            if (architecture.startsWith("ppc") || architecture.startsWith("mips") || architecture.startsWith("sparc")) {
                throw new IOException("TUN devices are not supported on the architecture " + architecture + ".");
            }
            try {
                @SuppressWarnings("restricted")
                MethodHandle probe = Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid());
                assert probe != null;
            } catch (IllegalCallerException e) {
                throw new IOException(
                        "TUN devices need native access: start Java with --enable-native-access="
                                + (Access.class.getModule().isNamed() ? "dev.berth.tun" : "ALL-UNNAMED") + ".",
                        e);
            } catch (UnsupportedOperationException e) {
                throw new IOException("This Java has no foreign function interface for " + architecture + ".", e);
            }
        }
    }
}
