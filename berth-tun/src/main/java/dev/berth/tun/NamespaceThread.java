package dev.berth.tun;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Opens a device on a platform thread of its own inside a network namespace. A namespace belongs to a thread, not to
/// the process, and what is opened there stays there; so the thread ends with the call and no other is affected.
final class NamespaceThread {
    private static final long LIMIT_SECONDS = 10;

    private NamespaceThread() {}

    /// Waits for the device for 10 seconds at most; one that comes later is closed.
    static TunDevice open(Path namespace, Callable<TunDevice> opening) throws IOException {
        CompletableFuture<TunDevice> result = new CompletableFuture<>();
        Thread.ofPlatform().daemon().name("berth-tun-namespace").start(() -> {
            try {
                enter(namespace);
                TunDevice device = opening.call();
                if (!result.complete(device)) {
                    device.close();
                }
            } catch (Exception | Error e) {
                result.completeExceptionally(e);
            }
        });
        try {
            return result.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException("Opening a TUN device failed.", e);
        } catch (InterruptedException e) {
            result.cancel(false);
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("Interrupted while opening a TUN device.");
        } catch (TimeoutException e) {
            result.cancel(false);
            throw new IOException("Opening a TUN device took longer than " + LIMIT_SECONDS + " s.", e);
        }
    }

    private static void enter(Path namespace) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = arena.allocate(Libc.CAPTURE);
            int fd = openNamespace(arena, capture, namespace);
            int answer = Libc.setns(capture, fd);
            Libc.close(capture, fd);
            if (answer == -Libc.EPERM) {
                throw new NamespaceAccessException("No permission to enter the network namespace " + namespace
                        + ": this needs root or CAP_SYS_ADMIN.");
            }
            if (answer < 0) {
                throw new IOException(
                        namespace + " is not a network namespace (" + TunDevice.errorName(-answer) + ").");
            }
        }
    }

    static int openNamespace(Arena arena, MemorySegment capture, Path namespace) throws IOException {
        int fd = Libc.open(capture, arena.allocateFrom(namespace.toString()), Libc.O_RDONLY | Libc.O_CLOEXEC);
        return switch (fd) {
            case -Libc.ENOENT -> throw new IOException("There is no network namespace " + namespace + ".");
            case -Libc.EACCES, -Libc.EPERM ->
                throw new NamespaceAccessException(
                        "No permission to open the network namespace " + namespace + ": it belongs to another user.");
            default -> {
                if (fd < 0) {
                    throw new IOException(
                            "Cannot open the network namespace " + namespace + " (" + TunDevice.errorName(-fd) + ").");
                }
                yield fd;
            }
        };
    }
}
