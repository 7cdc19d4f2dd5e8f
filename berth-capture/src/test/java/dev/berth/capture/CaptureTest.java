package dev.berth.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptureTest {
    private final Packets packets = new Packets();
    private final ByteArrayOutputStream file = new ByteArrayOutputStream();
    private final AtomicLong clock = new AtomicLong(1_000);

    private Capture capture() throws IOException {
        return Capture.to(file, clock::get);
    }

    /// A link that keeps what is transmitted.
    private static final class KeepingLink implements Link {
        final List<Packet> transmitted = new ArrayList<>();
        LinkReceiver receiver;
        boolean flushed;
        boolean closed;

        @Override
        public LinkInfo info() {
            return new LinkInfo("kept0", 1_500, true, 65_535);
        }

        @Override
        public void start(LinkReceiver receiver) {
            this.receiver = receiver;
        }

        @Override
        public void transmit(Packet packet) {
            transmitted.add(packet);
        }

        @Override
        public void flush() {
            flushed = true;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private static final class KeepingReceiver implements LinkReceiver {
        final BufferPool pool = new BufferPool();
        final List<Packet> received = new ArrayList<>();
        String reason;

        @Override
        public BufferPool pool() {
            return pool;
        }

        @Override
        public boolean received(Packet packet) {
            received.add(packet);
            return false;
        }

        @Override
        public void down(String reason) {
            this.reason = reason;
        }
    }

    @Test
    void a_link_is_recorded_in_both_directions_and_otherwise_unchanged() throws IOException {
        KeepingLink link = new KeepingLink();
        KeepingReceiver host = new KeepingReceiver();
        Packet out = packets.udp(false, Packets.pattern(10));
        Packet in = packets.contiguous(packets.tcp(true, TcpHeader.ACK, Packets.pattern(20)));
        try (Capture capture = capture()) {
            CapturingLink capturing = capture.around(link);
            assertThat(capturing.info()).isEqualTo(link.info());
            capturing.start(host);
            assertThat(link.receiver.pool()).isSameAs(host.pool);
            capturing.transmit(out);
            clock.set(2_000);
            assertThat(link.receiver.received(in)).isFalse();
            link.receiver.down("gone");
            capturing.flush();
            capturing.close();
            assertThat(capture.recorded()).isEqualTo(2);
        }
        assertThat(link.transmitted).containsExactly(out);
        assertThat(link.flushed).isTrue();
        assertThat(link.closed).isTrue();
        assertThat(host.received).containsExactly(in);
        assertThat(host.reason).isEqualTo("gone");
        assertThat(out.checksum).isEqualTo(Packet.CHECKSUM_PARTIAL);

        StrictReader reader = new StrictReader(file.toByteArray());
        assertThat(reader.interfaces).containsExactly(new StrictReader.Interface(101, "kept0", 9));
        assertThat(reader.packets)
                .extracting(StrictReader.Entry::direction)
                .containsExactly(Direction.OUTBOUND, Direction.INBOUND);
        assertThat(reader.packets).extracting(StrictReader.Entry::epochNanos).containsExactly(1_000L, 2_000L);
        assertThat(reader.packets).allMatch(packet -> Packets.checksumError(packet.bytes()) == 0);
    }

    @Test
    void an_origin_needs_no_link() throws IOException {
        try (Capture capture = capture()) {
            Capture.Origin loopback = capture.origin("lo");
            assertThat(loopback.name()).isEqualTo("lo");
            loopback.record(Direction.OUTBOUND, packets.udp(true, new byte[3]));
            capture.flush();
            assertThat(new StrictReader(file.toByteArray()).packets).hasSize(1);
        }
    }

    @Test
    void times_are_those_of_the_wall_clock(@TempDir Path directory) throws IOException {
        Path path = directory.resolve("x.pcapng");
        Instant before = Instant.now().minusMillis(1);
        try (Capture capture = Capture.open(path)) {
            capture.origin("lo").record(Direction.INBOUND, packets.udp(false, new byte[3]));
        }
        long nanos =
                new StrictReader(Files.readAllBytes(path)).packets.getFirst().epochNanos();
        Instant time = Instant.ofEpochSecond(nanos / 1_000_000_000L, nanos % 1_000_000_000L);
        assertThat(time).isBetween(before, Instant.now().plusMillis(1));
    }

    /// A disk with room for so many octets.
    private static final class SmallDisk extends OutputStream {
        private int room;
        private boolean closed;

        SmallDisk(int room) {
            this.room = room;
        }

        @Override
        public void write(int octet) throws IOException {
            write(new byte[] {(byte) octet}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            if (length > room) {
                throw new IOException("No space left on device");
            }
            room -= length;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    @Test
    void traffic_goes_on_when_the_disk_is_full() throws IOException {
        List<LogRecord> log = new ArrayList<>();
        Logger logger = Logger.getLogger(Capture.class.getName());
        logger.setUseParentHandlers(false);
        logger.setFilter(entry -> {
            log.add(entry);
            return false;
        });
        SmallDisk disk = new SmallDisk(20_000);
        KeepingLink link = new KeepingLink();
        try (Capture capture = Capture.to(disk, clock::get)) {
            CapturingLink capturing = capture.around(link);
            for (int i = 0; i < 200; i++) {
                capturing.transmit(packets.udp(false, Packets.pattern(1_000)));
            }
            assertThat(link.transmitted).hasSize(200);
            assertThat(capture.failure()).hasMessage("No space left on device");
            assertThat(capture.missed()).isPositive();
            assertThat(capture.recorded() + capture.missed()).isEqualTo(200);
            Capture.Origin late = capture.origin("late");
            late.record(Direction.INBOUND, packets.udp(false, new byte[1]));
            assertThat(capture.missed() + capture.recorded()).isEqualTo(201);
        }
        assertThat(disk.closed).isTrue();
        assertThat(log).as("said once").hasSize(1);
        logger.setFilter(null);
        logger.setUseParentHandlers(true);
    }

    @Test
    void a_file_that_cannot_be_opened_is_an_error_of_the_caller(@TempDir Path directory) {
        assertThatThrownBy(() -> Capture.open(directory.resolve("none").resolve("x")))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> Capture.to(new SmallDisk(3), clock::get)).hasMessage("No space left on device");
    }

    @Test
    void what_comes_after_the_end_is_counted() throws IOException {
        Capture capture = capture();
        Capture.Origin origin = capture.origin("lo");
        capture.close();
        capture.close();
        origin.record(Direction.INBOUND, packets.udp(false, new byte[1]));
        capture.origin("more").record(Direction.INBOUND, packets.udp(false, new byte[1]));
        capture.flush();
        assertThat(capture.missed()).isEqualTo(2);
        assertThat(capture.failure()).isNull();
    }

    @Test
    void several_threads_record_in_the_order_of_time() throws Exception {
        int threads = 4;
        int each = 2_000;
        CountDownLatch done = new CountDownLatch(threads);
        List<Throwable> failures = new ArrayList<>();
        try (Capture capture = Capture.to(file, clock::incrementAndGet)) {
            for (int t = 0; t < threads; t++) {
                Capture.Origin origin = capture.origin("origin" + t);
                int length = t * 100;
                Thread.ofPlatform()
                        .uncaughtExceptionHandler((thread, e) -> failures.add(e))
                        .start(() -> {
                            Packet packet = new Packets().udp(false, Packets.pattern(length));
                            for (int i = 0; i < each; i++) {
                                origin.record(Direction.OUTBOUND, packet);
                            }
                            done.countDown();
                        });
            }
            assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(failures).isEmpty();
            assertThat(capture.recorded()).isEqualTo(threads * each);
        }
        StrictReader reader = new StrictReader(file.toByteArray());
        assertThat(reader.packets).hasSize(threads * each);
        assertThat(reader.packets).extracting(StrictReader.Entry::epochNanos).isSorted();
        assertThat(reader.packets)
                .allMatch(packet -> packet.bytes().length == 28 + 100 * packet.interfaceNumber()
                        && Packets.checksumError(packet.bytes()) == 0);
    }
}
