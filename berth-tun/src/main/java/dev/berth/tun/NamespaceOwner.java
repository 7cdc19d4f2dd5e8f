package dev.berth.tun;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/// The user namespace that a network namespace belongs to (`ioctl_ns(2)`): whoever is root there may do in the network
/// namespace what root may. A process with several threads, as a JVM is, cannot enter it (`setns(2)`); another program
/// has to be started in it. Held open until it is closed. Not thread-safe.
public final class NamespaceOwner implements AutoCloseable {
    private static final long NS_GET_USERNS = 0xb701;

    private int fd;

    private NamespaceOwner(int fd) {
        this.fd = fd;
    }

    /// Finds the owner.
    ///
    /// @param network the network namespace's file, such as `/proc/PID/ns/net`
    /// @throws IOException if there is no such namespace, or the owner is none of this process's own descendants
    public static NamespaceOwner of(Path network) throws IOException {
        Libc.Access.require();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = arena.allocate(Libc.CAPTURE);
            int fd = NamespaceThread.openNamespace(arena, capture, network);
            int owner = Libc.ioctl(capture, fd, NS_GET_USERNS, MemorySegment.NULL);
            Libc.close(capture, fd);
            if (owner < 0) {
                throw new IOException("The network namespace " + network
                        + " belongs to no user namespace that this process could enter ("
                        + TunDevice.errorName(-owner) + ").");
            }
            return new NamespaceOwner(owner);
        }
    }

    /// The file that stands for the user namespace, for a program of this user, as long as this is open.
    public Path file() {
        if (fd < 0) {
            throw new IllegalStateException("It is closed");
        }
        return Path.of("/proc/" + ProcessHandle.current().pid() + "/fd/" + fd);
    }

    /// Lets go of it. Idempotent.
    @Override
    public void close() {
        if (fd >= 0) {
            try (Arena arena = Arena.ofConfined()) {
                Libc.close(arena.allocate(Libc.CAPTURE), fd);
            }
            fd = -1;
        }
    }
}
