package dev.berth.tun;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A thread that reads a descriptor until it is closed, and an event that stops it. What belongs to both goes when
/// the thread ends, so that nobody uses a descriptor that is closed and perhaps another file's by then.
final class NativeReader {
    private static final System.Logger LOGGER = System.getLogger(NativeReader.class.getName());
    private static final Duration END = Duration.ofSeconds(5);
    private static final int POLLFD = 8;
    private static final int POLL_EVENTS = 4;
    private static final int POLL_REVENTS = 6;
    private static final int BATCH = 64;

    /// What is read.
    interface Source {
        /// Reads one frame without waiting.
        ///
        /// @return its octets, or the negated error number
        int read(MemorySegment errno);

        /// Nothing is there; the thread is going to wait.
        void waiting();

        /// @param error why reading failed; 0 if it was closed
        void ended(int error);
    }

    private final int fd;
    private final String name;
    private final Runnable release;
    private final int stopEvent;
    private final MemorySegment capture;
    private final MemorySegment polled;
    private final MemorySegment one;
    private final MemorySegment counted;
    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private boolean open = true;

    private volatile @Nullable Thread thread;
    private volatile boolean closing;

    /// @param fd non-blocking, or read without waiting
    /// @param release closes the descriptor and the arena, after the event
    NativeReader(Arena arena, int fd, String name, Runnable release) throws IOException {
        this.fd = fd;
        this.name = name;
        this.release = release;
        capture = arena.allocate(Libc.CAPTURE);
        polled = arena.allocate(2 * POLLFD, 8);
        one = arena.allocateFrom(ValueLayout.JAVA_LONG, 1L);
        counted = arena.allocate(ValueLayout.JAVA_LONG);
        stopEvent = Libc.eventfd(capture);
        if (stopEvent < 0) {
            arena.close();
            throw new IOException(
                    "Cannot create an event to stop " + name + " (" + TunDevice.errorName(-stopEvent) + ").");
        }
    }

    void start(Source source) {
        lock.lock();
        try {
            if (thread != null || closing || !open) {
                throw new IllegalStateException(name + (thread != null ? " was started before" : " is closed"));
            }
            thread = Thread.ofPlatform().daemon().name(name).start(() -> run(source));
        } finally {
            lock.unlock();
        }
    }

    private void run(Source source) {
        int error = 0;
        try {
            error = readUntilClosed(source);
        } finally {
            releaseAll();
            source.ended(closing ? 0 : error);
        }
    }

    private int readUntilClosed(Source source) {
        set(0, fd);
        set(1, stopEvent);
        int batch = 0;
        while (!closing) {
            int answer = source.read(capture);
            if (answer >= 0) {
                if (++batch >= BATCH) {
                    batch = 0;
                    source.waiting();
                }
            } else if (answer == -Libc.EAGAIN) {
                batch = 0;
                source.waiting();
                int ready = Libc.poll(capture, polled, 2, -1);
                if (ready > 0 && failed()) {
                    return Libc.EBADFD;
                }
                if (polled.get(ValueLayout.JAVA_SHORT, POLLFD + POLL_REVENTS) != 0 && !closing) {
                    Libc.read(capture, stopEvent, counted, Long.BYTES); // a wake-up, and the source looks
                }
            } else if (answer != -Libc.EINTR) {
                return -answer;
            }
        }
        return 0;
    }

    private void set(int index, int descriptor) {
        long at = (long) index * POLLFD;
        polled.set(ValueLayout.JAVA_INT, at, descriptor);
        polled.set(ValueLayout.JAVA_SHORT, at + POLL_EVENTS, Libc.POLLIN);
    }

    /// True if the descriptor reported something, but nothing to read.
    private boolean failed() {
        short reported = polled.get(ValueLayout.JAVA_SHORT, POLL_REVENTS);
        return reported != 0 && (reported & Libc.POLLIN) == 0;
    }

    /// Lets the thread call [Source#waiting] soon.
    void wake() {
        lock.lock();
        try {
            if (open && thread != null) {
                try (Arena own = Arena.ofConfined()) {
                    Libc.write(own.allocate(Libc.CAPTURE), stopEvent, one, Long.BYTES);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    void close() {
        closing = true;
        wake();
        Thread reader = thread;
        if (reader == null) {
            releaseAll();
        } else if (reader != Thread.currentThread()) {
            awaitEnd(reader);
        }
    }

    private void awaitEnd(Thread reader) {
        boolean interrupted = false;
        long deadline = System.nanoTime() + END.toNanos();
        for (long left = END.toNanos(); left > 0 && reader.isAlive(); left = deadline - System.nanoTime()) {
            try {
                reader.join(Duration.ofNanos(left));
            } catch (InterruptedException e) {
                interrupted = true; // and go on: the wait is bounded, and the descriptor is to be gone afterwards
            }
        }
        if (reader.isAlive()) {
            LOGGER.log(System.Logger.Level.WARNING, "{0} has not ended: its receiver blocks.", name);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void releaseAll() {
        lock.lock();
        try {
            if (open) {
                open = false;
                try (Arena own = Arena.ofConfined()) {
                    Libc.close(own.allocate(Libc.CAPTURE), stopEvent);
                }
                release.run();
            }
        } finally {
            lock.unlock();
        }
    }
}
