package dev.berth.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.host.UdpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/// Comments beside packets, and captures in memory.
class NotesTest {
    private static final long SECOND = 1_000_000_000L;

    private final Packets packets = new Packets();
    private final ByteArrayOutputStream file = new ByteArrayOutputStream();
    private final AtomicLong clock = new AtomicLong(1_000);

    private static List<PcapngBlock> blocks(byte[] octets) throws IOException {
        List<PcapngBlock> blocks = new ArrayList<>();
        try (PcapngReader reader = new PcapngReader(new ByteArrayInputStream(octets))) {
            for (PcapngBlock block; (block = reader.next()) != null; ) {
                blocks.add(block);
            }
        }
        return blocks;
    }

    private static List<PcapngBlock.Packet> packetsIn(byte[] octets) throws IOException {
        return blocks(octets).stream()
                .filter(PcapngBlock.Packet.class::isInstance)
                .map(PcapngBlock.Packet.class::cast)
                .toList();
    }

    private byte[] dump(Capture capture, String... comments) throws IOException {
        ByteArrayOutputStream dump = new ByteArrayOutputStream();
        capture.dump(dump, comments);
        return dump.toByteArray();
    }

    @Test
    void a_packet_can_get_a_note_while_it_is_not_in_the_file() throws IOException {
        Packet first = packets.udp(false, new byte[3]);
        Packet second = packets.udp(false, new byte[4]);
        try (Capture capture = Capture.to(file, clock::get)) {
            Capture.Origin origin = capture.origin("eth0");
            origin.record(Direction.OUTBOUND, first);
            origin.record(Direction.OUTBOUND, second);
            assertThat(capture.note(first, "cut")).isTrue();
            assertThat(capture.note(first, "cut")).as("the same again").isTrue();
            assertThat(capture.note(first, "and mourned")).isTrue();
            assertThat(capture.note(first, "too much")).isFalse();
            assertThat(capture.note(packets.udp(false, new byte[1]), "never seen"))
                    .isFalse();
            capture.flush();
            assertThat(capture.note(second, "too late")).isFalse();
            assertThat(capture.lateNotes()).isEqualTo(2);
        }
        assertThat(packetsIn(file.toByteArray()))
                .extracting(PcapngBlock.Packet::comments)
                .containsExactly(List.of("cut", "and mourned"), List.of());
    }

    @Test
    void every_segment_of_a_large_packet_gets_the_note() throws IOException {
        Packet many = packets.udp(false, Packets.pattern(60_000));
        many.segmentSize = 1_000;
        try (Capture capture = Capture.ring(1)) {
            Capture.Origin origin = capture.origin("eth0");
            for (int i = 0; i < 3; i++) {
                Packet other = packets.udp(false, Packets.pattern(60_000));
                other.segmentSize = 1_000;
                origin.record(Direction.OUTBOUND, other);
            }
            origin.record(Direction.OUTBOUND, many);
            origin.record(Direction.OUTBOUND, packets.udp(false, new byte[3]));
            assertThat(capture.note(many, "lost")).isTrue();
            List<PcapngBlock.Packet> kept = packetsIn(dump(capture));
            assertThat(kept.stream().filter(each -> each.comments().equals(List.of("lost"))))
                    .hasSize(60);
            assertThat(kept.getLast().comments()).isEmpty();
        }
    }

    @Test
    void slow_traffic_is_in_the_file_a_second_later() throws IOException {
        try (Capture capture = Capture.to(file, clock::get)) {
            Capture.Origin origin = capture.origin("eth0");
            origin.record(Direction.OUTBOUND, packets.udp(false, new byte[3]));
            clock.addAndGet(SECOND);
            Packet second = packets.udp(false, new byte[4]);
            origin.record(Direction.OUTBOUND, second);
            assertThat(packetsIn(file.toByteArray())).hasSize(1);
            assertThat(capture.note(second, "in time")).isTrue();
            for (int i = 0; i < 127; i++) {
                origin.record(Direction.OUTBOUND, packets.udp(false, new byte[5]));
            }
            assertThat(packetsIn(file.toByteArray())).hasSizeBetween(60, 127);
        }
        assertThat(packetsIn(file.toByteArray())).hasSize(129);
    }

    /// A link without another end.
    private static final class DeadEnd implements Link {
        LinkReceiver receiver;

        @Override
        public LinkInfo info() {
            return new LinkInfo("eth0", 1_500, true, 0);
        }

        @Override
        public void start(LinkReceiver host) {
            receiver = host;
        }

        @Override
        public void transmit(Packet packet) {
            packet.release();
        }

        @Override
        public void close() {}
    }

    @Test
    void a_packet_that_the_host_drops_says_why() throws IOException {
        DeadEnd link = new DeadEnd();
        byte[] dump;
        try (Capture capture = Capture.ring(1 << 20, clock::get);
                Host host = Host.builder("db")
                        .link(capture.around(link))
                        .address(IpAddress.Prefix.parse("198.51.100.2/24"))
                        .route(IpAddress.Prefix.parse("192.0.2.0/24"))
                        .start();
                UdpSocket socket = host.openUdpSocket()) {
            capture.watch(host);
            capture.name(IpAddress.parse("198.51.100.2"), "db");
            socket.bind(new Endpoint(IpAddress.ANY_IPV4, 40_001));
            link.receiver.received(packets.contiguous(packets.udp(false, new byte[7]))); // for the socket
            link.receiver.received(packets.contiguous(packets.udp(true, new byte[8]))); // for another host
            Packet noPort = packets.contiguous(packets.tcp(false, 2, new byte[0]));
            link.receiver.received(noPort); // nobody listens
            host.observeDrops(null);
            link.receiver.received(packets.contiguous(packets.udp(true, new byte[8])));
            dump = dump(capture, "seed 7");
            assertThat(capture.missed()).isZero();
        }
        List<PcapngBlock.Packet> inbound = packetsIn(dump).stream()
                .filter(packet -> packet.direction() == Direction.INBOUND)
                .toList();
        assertThat(inbound)
                .extracting(PcapngBlock.Packet::comments)
                .containsExactly(
                        List.of(),
                        List.of("dropped by db: destination is not this host"),
                        List.of("dropped by db: nobody owns the destination port"),
                        List.of());
        assertThat(blocks(dump).getFirst().comments()).containsExactly("seed 7");
        assertThat(blocks(dump))
                .anyMatch(block -> block instanceof PcapngBlock.Names names
                        && names.names().equals(java.util.Map.of(IpAddress.parse("198.51.100.2"), List.of("db"))));
    }

    @Test
    void a_dropped_packet_that_no_link_has_shown_is_recorded_then() throws IOException {
        DeadEnd link = new DeadEnd();
        try (Capture capture = Capture.ring(1 << 20, clock::get);
                Host host = Host.builder("db")
                        .link(link)
                        .address(IpAddress.Prefix.parse("198.51.100.2/24"))
                        .start()) {
            capture.watch(host);
            link.receiver.received(packets.contiguous(packets.udp(true, new byte[8])));
            List<PcapngBlock.Packet> dropped = packetsIn(dump(capture));
            assertThat(dropped).hasSize(1);
            assertThat(dropped.getFirst().captureInterface().name()).isEqualTo("db");
            assertThat(dropped.getFirst().comments()).containsExactly("dropped by db: destination is not this host");
        }
    }

    @Test
    void a_capture_in_memory_keeps_the_last_packets() throws IOException {
        try (Capture capture = Capture.ring(1 << 20, clock::incrementAndGet)) {
            Capture.Origin origin = capture.origin("eth0");
            Packet first = packets.udp(false, Packets.pattern(1_000));
            origin.record(Direction.OUTBOUND, first);
            int all = 5_000;
            for (int i = 1; i < all; i++) {
                origin.record(Direction.OUTBOUND, packets.udp(false, Packets.pattern(1_000)));
            }
            assertThat(capture.recorded()).isEqualTo(all);
            List<PcapngBlock.Packet> kept = packetsIn(dump(capture));
            assertThat(kept.size()).isBetween((1 << 20) / 1_056 * 3 / 4, (1 << 20) / 1_028);
            assertThat(capture.forgotten()).isEqualTo(all - kept.size());
            assertThat(kept.getLast().epochNanos()).isEqualTo(1_000 + all);
            assertThat(kept.getFirst().epochNanos()).isEqualTo(1_000 + all - kept.size() + 1);
            assertThat(capture.note(first, "gone")).isFalse();
            assertThat(packetsIn(dump(capture))).as("once more").hasSameSizeAs(kept);
            capture.close();
            origin.record(Direction.OUTBOUND, first);
            assertThat(capture.missed()).isOne();
            assertThat(packetsIn(dump(capture))).as("after the end").hasSameSizeAs(kept);
        }
    }

    @Test
    void secrets_come_before_the_packets_and_have_to_look_like_some() throws IOException {
        String line = "CLIENT_HANDSHAKE_TRAFFIC_SECRET " + "0f".repeat(32) + " " + "a0".repeat(48);
        try (Capture capture = Capture.ring(1)) {
            capture.origin("eth0").record(Direction.OUTBOUND, packets.udp(false, new byte[3]));
            capture.tlsSecrets("# a comment\r\n\n" + line);
            for (String wrong : List.of(
                    "password=x",
                    line + " more",
                    line.replace("0f0f", "0f0"),
                    line.replace("a0a0", "zzzz"),
                    "# gr\u00fcn",
                    line.toLowerCase(java.util.Locale.ROOT))) {
                assertThatThrownBy(() -> capture.tlsSecrets(wrong))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("Line 1 of the key log");
            }
            String many = (line + "\n").repeat(9_000);
            assertThatThrownBy(() -> capture.tlsSecrets(many)).hasMessageContaining("at most 1048576 octets");
            List<PcapngBlock> blocks = blocks(dump(capture));
            assertThat(blocks.get(2))
                    .isInstanceOfSatisfying(
                            PcapngBlock.Secrets.class,
                            secrets -> assertThat(secrets.bytes()).asString().isEqualTo("# a comment\n" + line + "\n"));
            assertThat(blocks.get(3)).isInstanceOf(PcapngBlock.Packet.class);
        }
    }

    @Test
    void only_a_capture_in_memory_can_be_dumped() throws IOException {
        try (Capture capture = Capture.to(file, clock::get)) {
            assertThatThrownBy(() -> capture.dump(new ByteArrayOutputStream()))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void a_packet_of_very_many_segments_does_no_harm() throws IOException {
        try (Capture capture = Capture.to(file, clock::get)) {
            Capture.Origin origin = capture.origin("eth0");
            Packet many = packets.udp(false, Packets.pattern(60_000));
            many.segmentSize = 1;
            origin.record(Direction.OUTBOUND, many);
            assertThat(capture.note(many, "lost")).isFalse();
            origin.record(Direction.OUTBOUND, packets.udp(false, new byte[3]));
            assertThat(capture.forgotten()).isPositive();
        }
        assertThat(packetsIn(file.toByteArray()).getLast().bytes()).hasSize(31);
    }
}
