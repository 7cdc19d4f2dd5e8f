package dev.berth.capture;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Packets of one or several origins, recorded in pcapng: to a file as they come, or in memory, where the last of them
/// are kept until somebody asks for them.
///
/// ```java
/// try (Capture capture = Capture.open(Path.of("berth.pcapng"));
///         Link link = capture.around(TunLink.open("berth0"))) {
///     ...
/// }
/// ```
///
/// Packets are recorded in the form that they would have on a wire, and never changed: partial transport checksums
/// are completed and packets of several segments are cut in a copy. What became of a packet can be said afterwards
/// ([#watch], [#note]) and is a comment beside it.
///
/// **Threads.** All methods may be called from any thread; packets are recorded one at a time, in the order of their
/// times. Recording costs a copy into memory, now and then a write to the file, and never an exception. What was
/// recorded is in the file after 128 more packets, with the first packet that is a second later, or after [#flush];
/// until then it can get a note.
///
/// **Failure.** When the file cannot be written (a full disk), the capture stops for good, says so once in the log of
/// [System.Logger] and counts what it missed; traffic goes on.
public final class Capture implements AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger(Capture.class.getName());

    // What is in memory before it is in the file, at most
    private static final int WAITING_OCTETS = 4 * RecordStore.SEGMENT;
    private static final int WAITING_PACKETS = 128;
    private static final int KEPT_PACKETS = WAITING_PACKETS / 2;
    private static final long WAITING_NANOS = 1_000_000_000L;
    private static final int MARK_BITS = 48;
    private static final AtomicInteger NUMBERS = new AtomicInteger();

    private final LongSupplier epochNanos;

    /// In the upper bits of the marks of packets that are recorded here; not 0.
    private final long number = NUMBERS.getAndIncrement() % 0xffff + 1L;

    /// Held for moments only, and never while anything is written: the critical section of a host may take it.
    private final ReentrantLock lock = new ReentrantLock();

    /// Held while something is written to the file; taken before the other one.
    private final ReentrantLock writing = new ReentrantLock();

    @GuardedBy("lock")
    private final WireForm form = new WireForm();

    @GuardedBy("lock")
    private final RecordStore store;

    @GuardedBy("lock")
    private final List<CapturedInterface> interfaces = new ArrayList<>();

    @GuardedBy("lock")
    private final Map<IpAddress, String> names = new LinkedHashMap<>();

    @GuardedBy("lock")
    private final StringBuilder secrets = new StringBuilder();

    @GuardedBy("lock")
    private long written; // the position in the store up to which everything is in the file

    @GuardedBy("lock")
    private int waiting; // packets that are not in the file

    @GuardedBy("lock")
    private long oldestNanos; // of those

    @GuardedBy("lock")
    private long recorded;

    @GuardedBy("lock")
    private long missed;

    @GuardedBy("lock")
    private long lateNotes;

    @GuardedBy("lock")
    private boolean closed;

    private volatile @Nullable IOException failure;

    /// Null for a capture that stays in memory.
    private final @Nullable FileOutput output;

    private Capture(@Nullable OutputStream stream, long octets, LongSupplier epochNanos) throws IOException {
        this.epochNanos = Objects.requireNonNull(epochNanos);
        store = new RecordStore(octets);
        output = stream == null ? null : new FileOutput(new PcapngWriter(stream));
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
        return new Capture(Objects.requireNonNull(stream), WAITING_OCTETS, epochNanos);
    }

    /// Keeps the last packets in memory, with the time of this machine, until [#dump] writes them to a file.
    ///
    /// @param octets room for packets and what is known of them, rounded up to 256 KiB, at least 1; taken as it is
    ///     needed
    public static Capture ring(long octets) {
        return ring(octets, wallClock());
    }

    /// Keeps the last packets in memory until [#dump] writes them to a file.
    ///
    /// @param octets room for packets and what is known of them, rounded up to 256 KiB, at least 1; taken as it is
    ///     needed
    /// @param epochNanos as for [#to]
    public static Capture ring(long octets, LongSupplier epochNanos) {
        if (octets < 1) {
            throw new IllegalArgumentException("A capture in memory needs room for 1 octet at least, not " + octets);
        }
        try {
            return new Capture(null, octets, epochNanos);
        } catch (IOException e) {
            throw new AssertionError(e); // nothing is written
        }
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

        /// Records a packet as it is now. The packet still belongs to the caller and is not changed but for its
        /// [Packet#mark]. Never throws for the state of the capture or the content of the packet. Now and then it
        /// writes to the file, so it is not to be called with a host's lock held.
        public void record(Direction direction, Packet packet) {
            if (Capture.this.record(interfaceNumber, direction, packet, null) && output != null) {
                output.write(false);
            }
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
        return origin(name, "");
    }

    /// Adds an interface to the file.
    ///
    /// @param name what readers show, such as `lo`; at most 1,024 octets
    /// @param description what else there is to say of it, at most as long; may be empty
    /// @throws IllegalArgumentException if one of them is longer
    public Origin origin(String name, String description) {
        PcapngWriter.checkedName(name);
        PcapngWriter.checkedName(description);
        lock.lock();
        try {
            interfaces.add(new CapturedInterface(name, description));
            return new Origin(name, interfaces.size() - 1);
        } finally {
            lock.unlock();
        }
    }

    /// A link that passes everything on to `link` and back, and records it under the link's name.
    public CapturingLink around(Link link) {
        return new CapturingLink(link, origin(link.info().name()));
    }

    /// From now on, a packet that `host` drops has a comment that says why. A packet that was recorded nowhere is
    /// recorded then, under the host's name. The host can be watched by one capture; watching costs a host that drops
    /// nothing two stores per packet.
    public void watch(Host host) {
        host.observeDrops(new DropNotes(this, host.name()));
    }

    /// Says what became of a packet that was recorded here: a comment beside it. The packet has not been released
    /// since. For links that drop, delay or change packets.
    ///
    /// @param text a few words; texts are kept as long as the capture, 4,096 different ones at most
    /// @return false if the packet is not (or no longer) here, or has two notes already
    public boolean note(Packet packet, String text) {
        long mark = packet.mark;
        if (mark >>> MARK_BITS != number) {
            return false;
        }
        long position = mark & (1L << MARK_BITS) - 1;
        lock.lock();
        try {
            if (position >= written && store.note(position, text)) {
                return true;
            }
            lateNotes++;
            return false;
        } finally {
            lock.unlock();
        }
    }

    boolean knows(Packet packet) {
        return packet.mark >>> MARK_BITS == number;
    }

    /// Records a packet that a host drops, with a note; in its critical section, so nothing is written.
    void recordDropped(Origin origin, Direction direction, Packet packet, String text) {
        record(origin.interfaceNumber, direction, packet, text);
    }

    /// @param text a note, from a host's critical section; null if this is not one
    /// @return true if something should be written to the file
    private boolean record(int interfaceNumber, Direction direction, Packet packet, @Nullable String text) {
        boolean full = false;
        for (; ; ) {
            if (full && output != null) {
                output.write(true); // waits for the disk
            }
            lock.lock();
            try {
                int count = closed || failure != null ? 0 : form.load(packet);
                if (count > 0 && output != null && !store.hasRoom(2 * PcapngWriter.MAX_PACKET)) {
                    if (!full && text == null) {
                        full = true;
                        continue;
                    }
                    count = full ? count : 0;
                }
                CapturedInterface origin = interfaces.get(interfaceNumber);
                if (count == 0) {
                    missed++;
                    origin.missed++;
                    return false;
                }
                long now = epochNanos.getAsLong();
                long first = 0;
                for (int i = 0; i < count; i++) {
                    int length = form.build(i);
                    long at = store.add(interfaceNumber, direction, now, form.bytes(), 0, length, count - 1 - i);
                    first = i == 0 ? at : first;
                }
                packet.mark = number << MARK_BITS | first;
                if (text != null) {
                    store.note(first, text);
                }
                recorded++;
                origin.recorded++;
                if (waiting++ == 0) {
                    oldestNanos = now;
                }
                return waiting >= WAITING_PACKETS
                        || now - oldestNanos >= WAITING_NANOS
                        || store.head() - written > WAITING_OCTETS / 2;
            } finally {
                lock.unlock();
            }
        }
    }

    /// Gives an address a name that readers show, such as that of its host.
    ///
    /// @param name at most 1,024 octets
    /// @throws IllegalArgumentException if the name is longer
    public void name(IpAddress address, String name) {
        PcapngWriter.checkedName(name);
        Objects.requireNonNull(address);
        lock.lock();
        try {
            names.put(address, name);
        } finally {
            lock.unlock();
        }
    }

    /// Hands over what a reader needs to decrypt TLS connections: lines of a key log, as many programs write them
    /// (`SSLKEYLOGFILE`; RFC 9850). They get into the file before the packets that follow, so a reader that reads once
    /// can use them. Whoever has the file can read what was encrypted.
    ///
    /// @param keyLog lines such as `CLIENT_TRAFFIC_SECRET_0 ... ...`, or comments with `#`
    /// @throws IllegalArgumentException if a line has another form, or all secrets of this capture would be more than
    ///     1 MiB
    public void tlsSecrets(String keyLog) {
        String lines = KeyLog.checked(keyLog);
        lock.lock();
        try {
            if (secrets.length() + lines.length() > PcapngWriter.MAX_SECRETS) {
                throw new IllegalArgumentException(
                        "A capture holds at most " + PcapngWriter.MAX_SECRETS + " octets of TLS secrets");
            }
            secrets.append(lines);
        } finally {
            lock.unlock();
        }
        if (output != null) {
            output.write(false); // so that they come before what is recorded next
        }
    }

    private void fail(Exception e) {
        lock.lock();
        try {
            missed += waiting;
            recorded -= waiting;
            waiting = 0;
            if (failure != null) {
                return;
            }
            failure = e instanceof IOException io ? io : new IOException(e.toString(), e);
        } finally {
            lock.unlock();
        }
        LOGGER.log(
                System.Logger.Level.WARNING,
                "The packet capture has stopped, because its file cannot be written: {0}",
                e.toString());
    }

    /// Packets recorded; one that stands for several segments counts once. In memory they need not be there any more.
    @SuppressWarnings("GuardedBy") // read holds the lock
    public long recorded() {
        return read(() -> recorded);
    }

    /// Packets that were not recorded, because the capture had failed or was closed, or because they were larger than
    /// any IP packet.
    @SuppressWarnings("GuardedBy") // read holds the lock
    public long missed() {
        return read(() -> missed);
    }

    /// Notes that came when their packet was in the file or forgotten already, or had two notes.
    @SuppressWarnings("GuardedBy") // read holds the lock
    public long lateNotes() {
        return read(() -> lateNotes);
    }

    /// Records (packets as they would be on a wire) that a capture in memory has given up for newer ones.
    @SuppressWarnings("GuardedBy") // read holds the lock
    public long forgotten() {
        return read(() -> store.evicted());
    }

    private long read(LongSupplier counter) {
        lock.lock();
        try {
            return counter.getAsLong();
        } finally {
            lock.unlock();
        }
    }

    /// Why the capture has stopped, or null if it has not.
    public @Nullable IOException failure() {
        return failure;
    }

    /// Writes everything that was recorded to the file. Does nothing for a capture in memory.
    public void flush() {
        if (output != null) {
            output.write(true);
        }
    }

    /// Writes what a capture in memory holds to `file`, and goes on; also after [#close].
    ///
    /// @param comments what to say of all of it, such as the name of a test and a seed; at most 16
    /// @throws IOException if the file cannot be written
    /// @throws IllegalStateException if this capture is not in memory
    public void dump(Path file, String... comments) throws IOException {
        dump(Files.newOutputStream(file), comments);
    }

    /// Writes what a capture in memory holds to `stream`, closes that, and goes on; also after [#close]. Packets that
    /// are recorded meanwhile are not in it.
    ///
    /// @param comments what to say of all of it, such as the name of a test and a seed; at most 16
    /// @throws IOException if the stream cannot be written
    /// @throws IllegalStateException if this capture is not in memory
    public void dump(OutputStream stream, String... comments) throws IOException {
        try (stream) {
            if (output != null) {
                throw new IllegalStateException("This capture writes to a file; only one in memory can be dumped");
            }
            PcapngWriter writer = new PcapngWriter(stream, List.of(comments));
            FileOutput dump = new FileOutput(writer);
            long at;
            long end;
            lock.lock();
            try {
                at = store.tail();
                end = store.head();
            } finally {
                lock.unlock();
            }
            dump.describe();
            RecordStore.Entry entry = new RecordStore.Entry();
            while (at < end && (at = next(at, entry)) >= 0) {
                dump.put(entry);
            }
            dump.statistics();
            writer.flush();
        }
    }

    private long next(long at, RecordStore.Entry entry) {
        lock.lock();
        try {
            return store.next(at, entry);
        } finally {
            lock.unlock();
        }
    }

    /// Writes what is still in memory and closes the file. What is recorded afterwards counts as missed. Idempotent;
    /// an error is reported as any other, see [#failure].
    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
        } finally {
            lock.unlock();
        }
        if (output != null) {
            output.close();
        }
    }

    /// A file under way, and how much of what is known is in it.
    private final class FileOutput {
        private final PcapngWriter writer;
        private final RecordStore.Entry entry = new RecordStore.Entry();
        private int names;
        private int secretOctets;

        FileOutput(PcapngWriter writer) {
            this.writer = writer;
        }

        /// Writes what was recorded, or what has to be by now.
        void write(boolean all) {
            writing.lock();
            try {
                if (failure == null) {
                    describe();
                    records(all);
                    writer.flush();
                }
            } catch (IOException | RuntimeException e) {
                fail(e);
            } finally {
                writing.unlock();
            }
        }

        /// Interfaces, names and secrets that are new.
        void describe() throws IOException {
            List<CapturedInterface> newInterfaces;
            List<Map.Entry<IpAddress, String>> newNames;
            String newSecrets;
            lock.lock();
            try {
                int known = writer.interfaces();
                newInterfaces = List.copyOf(Capture.this.interfaces.subList(known, Capture.this.interfaces.size()));
                newNames = Capture.this.names.entrySet().stream().skip(names).toList();
                newSecrets = secrets.substring(secretOctets);
            } finally {
                lock.unlock();
            }
            for (CapturedInterface each : newInterfaces) {
                writer.addInterface(each.name, each.description);
            }
            for (Map.Entry<IpAddress, String> each : newNames) {
                writer.addName(each.getKey(), each.getValue());
            }
            names += newNames.size();
            if (!newSecrets.isEmpty()) {
                writer.addTlsSecrets(newSecrets);
                secretOctets += newSecrets.length();
            }
        }

        private void records(boolean all) throws IOException {
            int done = 0;
            while (takeNext(all, done)) {
                put(entry);
                if (entry.following == 0) {
                    done++;
                }
            }
            writer.flush();
            lock.lock();
            try {
                waiting = written >= store.head() ? 0 : Math.max(1, waiting - done);
                oldestNanos = entry.epochNanos; // of the first that was left, if there is one
                store.discardBefore(written);
            } finally {
                lock.unlock();
            }
        }

        /// Takes the oldest record that is not in the file, if its time has come.
        private boolean takeNext(boolean all, int done) {
            lock.lock();
            try {
                long next = store.next(written, entry);
                if (next < 0) {
                    return false;
                }
                boolean due = all
                        || waiting - done > KEPT_PACKETS
                        || store.head() - written > WAITING_OCTETS / 2
                        || epochNanos.getAsLong() - entry.epochNanos >= WAITING_NANOS;
                if (due) {
                    written = next;
                }
                return due;
            } finally {
                lock.unlock();
            }
        }

        void put(RecordStore.Entry record) throws IOException {
            if (record.interfaceNumber >= writer.interfaces()) {
                describe();
            }
            writer.write(
                    record.interfaceNumber,
                    record.direction,
                    record.epochNanos,
                    record.bytes,
                    0,
                    record.length,
                    record.notes);
        }

        void statistics() throws IOException {
            for (int i = 0; i < writer.interfaces(); i++) {
                long now;
                long seen;
                long lost;
                lock.lock();
                try {
                    now = epochNanos.getAsLong();
                    CapturedInterface each = Capture.this.interfaces.get(i);
                    seen = each.recorded + each.missed;
                    lost = each.missed;
                } finally {
                    lock.unlock();
                }
                writer.writeStatistics(i, now, seen, lost);
            }
        }

        void close() {
            writing.lock();
            try {
                write(true);
                try (writer) {
                    if (failure == null) {
                        statistics();
                    }
                }
            } catch (IOException | RuntimeException e) {
                fail(e);
            } finally {
                writing.unlock();
            }
        }
    }
}
