package dev.berth.capture;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.berth.host.Link;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// A pcapng file that packets of one or several origins are recorded to.
///
/// ```java
/// try (Capture capture = Capture.open(Path.of("berth.pcapng"));
///         Link link = capture.around(TunLink.open("berth0"))) {
///     ...
/// }
/// ```
///
/// Packets are recorded in the form that they would have on a wire, and never changed: partial transport checksums
/// are completed and packets of several segments are cut in a copy.
///
/// **Threads.** All methods may be called from any thread; packets are recorded one at a time, in the order of their
/// times. Recording costs a copy into a buffer, now and then a write to the file, and never an exception. What was
/// recorded is in the file after 64 packets, with the first packet a second later, or after [#flush].
///
/// **Failure.** When the file cannot be written (a full disk), the capture stops for good, says so once in the log of
/// [System.Logger] and counts what it missed; traffic goes on.
public final class Capture implements AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger(Capture.class.getName());

    private final LongSupplier epochNanos;
    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private final WireForm form = new WireForm();

    @GuardedBy("lock")
    private final PcapngWriter writer;

    @GuardedBy("lock")
    private boolean closed;

    private volatile @Nullable IOException failure;
    private final LongAdder recorded = new LongAdder();
    private final LongAdder missed = new LongAdder();

    private Capture(OutputStream stream, LongSupplier epochNanos) throws IOException {
        this.epochNanos = Objects.requireNonNull(epochNanos);
        this.writer = new PcapngWriter(stream);
    }

    /// Creates `file`, or empties it, and records with the time of this machine.
    ///
    /// @throws IOException if the file cannot be written
    public static Capture open(Path file) throws IOException {
        OutputStream stream = Files.newOutputStream(file);
        boolean opened = false;
        try {
            Capture capture = to(stream, wallClock());
            opened = true;
            return capture;
        } finally {
            if (!opened) {
                stream.close();
            }
        }
    }

    /// Records to `stream`, which is closed with the capture.
    ///
    /// @param epochNanos the time of a packet that is recorded now, in nanoseconds since
    ///     1970-01-01T00:00:00Z; called under the capture's lock. A network with virtual time passes its own
    /// @throws IOException if the stream cannot be written
    public static Capture to(OutputStream stream, LongSupplier epochNanos) throws IOException {
        return new Capture(stream, epochNanos);
    }

    /// A clock that runs as [System#nanoTime] does and agrees with the wall clock at the time of this call. It does
    /// not follow when the wall clock is set.
    public static LongSupplier wallClock() {
        long nanoTime = System.nanoTime();
        Instant now = Instant.now();
        long offset = now.getEpochSecond() * 1_000_000_000L + now.getNano() - nanoTime;
        return () -> System.nanoTime() + offset;
    }

    /// Where packets come from: an interface in the file.
    public final class Origin {
        private final String name;
        private final int interfaceNumber;

        private Origin(String name, int interfaceNumber) {
            this.name = name;
            this.interfaceNumber = interfaceNumber;
        }

        /// The interface's name.
        public String name() {
            return name;
        }

        /// Records a packet as it is now. The packet still belongs to the caller and is not changed. Never
        /// throws for the state of the capture or the content of the packet. Now and then it writes to the
        /// file, so it is not to be called with a host's lock held.
        public void record(Direction direction, Packet packet) {
            Capture.this.record(interfaceNumber, direction, packet);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /// Adds an interface to the file, for packets that pass no link, such as those of a host to itself.
    ///
    /// @param name what readers show, such as `lo`; at most 1,024 octets
    /// @throws IllegalArgumentException if the name is longer
    public Origin origin(String name) {
        lock.lock();
        try {
            if (closed || failure != null) {
                return new Origin(name, -1);
            }
            return new Origin(name, writer.addInterface(name));
        } catch (IOException e) {
            fail(e);
            return new Origin(name, -1);
        } finally {
            lock.unlock();
        }
    }

    /// A link that passes everything on to `link` and back, and records it under the link's name.
    public CapturingLink around(Link link) {
        return new CapturingLink(link, origin(link.info().name()));
    }

    private void record(int interfaceNumber, Direction direction, Packet packet) {
        lock.lock();
        try {
            if (closed || failure != null) {
                missed.increment();
                return;
            }
            int count = form.load(packet);
            if (count == 0) {
                missed.increment();
                return;
            }
            long now = epochNanos.getAsLong();
            for (int i = 0; i < count; i++) {
                int length = form.build(i);
                writer.write(interfaceNumber, direction, now, form.bytes(), 0, length);
            }
            recorded.increment();
        } catch (IOException e) {
            missed.increment();
            fail(e);
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private void fail(IOException e) {
        if (failure == null) {
            failure = e;
            LOGGER.log(
                    System.Logger.Level.WARNING,
                    "The packet capture has stopped, because its file cannot be written: {0}",
                    e.toString());
        }
    }

    /// Packets recorded; one that stands for several segments counts once.
    public long recorded() {
        return recorded.sum();
    }

    /// Packets that were not recorded, because the capture had failed or was closed, or because they were larger than
    /// any IP packet.
    public long missed() {
        return missed.sum();
    }

    /// Why the capture has stopped, or null if it has not.
    public @Nullable IOException failure() {
        return failure;
    }

    /// Writes what is still in the buffer to the file.
    public void flush() {
        lock.lock();
        try {
            if (!closed && failure == null) {
                writer.flush();
            }
        } catch (IOException e) {
            fail(e);
        } finally {
            lock.unlock();
        }
    }

    /// Writes what is still in the buffer and closes the file. What is recorded afterwards counts as missed.
    /// Idempotent;
    /// an error is reported as any other, see [#failure].
    @Override
    public void close() {
        lock.lock();
        try {
            if (!closed) {
                closed = true;
                writer.close();
            }
        } catch (IOException e) {
            fail(e);
        } finally {
            lock.unlock();
        }
    }
}
