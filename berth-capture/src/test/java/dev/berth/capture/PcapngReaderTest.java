package dev.berth.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Seeds;
import dev.berth.wire.IpAddress;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PcapngReaderTest {
    private static final String KEY_LOG = "CLIENT_TRAFFIC_SECRET_0 " + "ab".repeat(32) + " " + "cd".repeat(32) + "\n";

    private static List<PcapngBlock> read(byte[] file) throws IOException {
        List<PcapngBlock> blocks = new ArrayList<>();
        try (PcapngReader reader = new PcapngReader(new ByteArrayInputStream(file))) {
            for (PcapngBlock block; (block = reader.next()) != null; ) {
                blocks.add(block);
            }
            assertThat(reader.next()).isNull();
        }
        return blocks;
    }

    /// Builds files by hand.
    private static final class File {
        final ByteBuffer buffer;

        File(ByteOrder order) {
            buffer = ByteBuffer.allocate(10_000).order(order);
            block(0x0a0d0d0a, 0x1a2b3c4d, (short) 1, (short) 0, -1L);
        }

        /// Puts numbers as wide as they are, and octets with padding.
        File block(int type, Object... fields) {
            int start = buffer.position();
            buffer.putInt(type).putInt(0);
            for (Object field : fields) {
                switch (field) {
                    case Integer i -> buffer.putInt(i);
                    case Short s -> buffer.putShort(s);
                    case Long l -> buffer.putLong(l);
                    case byte[] bytes -> {
                        buffer.put(bytes);
                        while (buffer.position() % 4 != 0) {
                            buffer.put((byte) 0);
                        }
                    }
                    default -> throw new AssertionError(field);
                }
            }
            int length = buffer.position() + 4 - start;
            buffer.putInt(length).putInt(start + 4, length);
            return this;
        }

        byte[] bytes() {
            return Arrays.copyOf(buffer.array(), buffer.position());
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static File withInterface(ByteOrder order, int resolution, long offset) {
        return new File(order)
                .block(
                        1,
                        (short) 101,
                        (short) 0,
                        96,
                        (short) 2,
                        (short) 4,
                        ascii("eth0"),
                        (short) 9,
                        (short) 1,
                        new byte[] {(byte) resolution},
                        (short) 14,
                        (short) 8,
                        offset,
                        0);
    }

    private static byte[] written() throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (PcapngWriter writer = new PcapngWriter(file, List.of("the whole", "seed 7"))) {
            writer.addInterface("eth0", "the only one");
            writer.addName(IpAddress.parse("10.0.0.1"), "web");
            writer.addName(IpAddress.parse("2001:db8::1"), "web6");
            writer.addTlsSecrets(KEY_LOG);
            writer.write(0, Direction.OUTBOUND, 1_700_000_000_123_456_789L, new byte[] {1, 2, 3}, 0, 3);
            writer.write(0, Direction.INBOUND, 5, new byte[] {4}, 0, 1, List.of("lost", "é".repeat(600)));
            writer.writeStatistics(0, 6, 10, 3);
        }
        return file.toByteArray();
    }

    @Test
    void what_is_written_can_be_read() throws IOException {
        List<PcapngBlock> blocks = read(written());
        assertThat(blocks).hasSize(8);
        assertThat(blocks.get(0))
                .isEqualTo(new PcapngBlock.Section(true, 1, 0, "Berth", List.of("the whole", "seed 7")));
        assertThat(blocks.get(1)).isEqualTo(new PcapngBlock.Interface(0, 101, 0, "eth0", "the only one", 9, List.of()));
        assertThat(blocks.get(2))
                .isEqualTo(new PcapngBlock.Names(Map.of(IpAddress.parse("10.0.0.1"), List.of("web")), List.of()));
        assertThat(blocks.get(3))
                .isEqualTo(new PcapngBlock.Names(Map.of(IpAddress.parse("2001:db8::1"), List.of("web6")), List.of()));
        assertThat(blocks.get(4)).isInstanceOfSatisfying(PcapngBlock.Secrets.class, secrets -> {
            assertThat(secrets.type()).isEqualTo(PcapngBlock.Secrets.TLS);
            assertThat(secrets.bytes()).asString(StandardCharsets.US_ASCII).isEqualTo(KEY_LOG);
        });
        assertThat(blocks.get(5)).isInstanceOfSatisfying(PcapngBlock.Packet.class, packet -> {
            assertThat(packet.captureInterface()).isEqualTo(blocks.get(1));
            assertThat(packet.epochNanos()).isEqualTo(1_700_000_000_123_456_789L);
            assertThat(packet.direction()).isEqualTo(Direction.OUTBOUND);
            assertThat(packet.bytes()).containsExactly(1, 2, 3);
            assertThat(packet.originalLength()).isEqualTo(3);
            assertThat(packet.comments()).isEmpty();
        });
        assertThat(blocks.get(6)).isInstanceOfSatisfying(PcapngBlock.Packet.class, packet -> {
            assertThat(packet.direction()).isEqualTo(Direction.INBOUND);
            assertThat(packet.comments())
                    .as("cut at 1,024 octets, not within a character")
                    .containsExactly("lost", "é".repeat(512));
        });
        assertThat(blocks.get(7)).isEqualTo(new PcapngBlock.Statistics(0, 10, 3, List.of()));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void both_byte_orders_and_all_kinds_of_packet_are_read(boolean big) throws IOException {
        ByteOrder order = big ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        byte[] five = {1, 2, 3, 4, 5};
        byte[] file = withInterface(order, 9, 0)
                .block(6, 0, 1, 2, 5, 100, five, (short) 1, (short) 3, ascii("why"), (short) 2, (short) 4, 2, 0)
                .block(2, (short) 0, (short) 7, 0, 9, 5, 5, five)
                .block(3, 5, five)
                .block(0x0bad, 1, 2, 3)
                .bytes();
        List<PcapngBlock> blocks = read(file);
        assertThat(blocks.get(0)).isEqualTo(new PcapngBlock.Section(big, 1, 0, "", List.of()));
        PcapngBlock.Packet enhanced = (PcapngBlock.Packet) blocks.get(2);
        assertThat(enhanced.epochNanos()).isEqualTo((1L << 32) + 2);
        assertThat(enhanced.bytes()).isEqualTo(five);
        assertThat(enhanced.originalLength()).isEqualTo(100);
        assertThat(enhanced.direction()).isEqualTo(Direction.OUTBOUND);
        assertThat(enhanced.comments()).containsExactly("why");
        PcapngBlock.Packet old = (PcapngBlock.Packet) blocks.get(3);
        assertThat(old.epochNanos()).isEqualTo(9);
        assertThat(old.direction()).isNull();
        PcapngBlock.Packet simple = (PcapngBlock.Packet) blocks.get(4);
        assertThat(simple.epochNanos()).isEqualTo(PcapngBlock.Packet.NO_TIME);
        assertThat(simple.bytes()).isEqualTo(five);
        assertThat(blocks.get(5)).isEqualTo(new PcapngBlock.Other(0x0bad, 12, List.of()));
    }

    @ParameterizedTest
    @CsvSource({
        "6, 0, 1500000, 1500000000",
        "9, 0, 1500000, 1500000",
        "12, 0, 1500000, 1500",
        "0, 0, 3, 3000000000",
        "9, 2, 7, 2000000007",
        "9, -2, 7, -1999999993",
        "138, 0, 1024, 1000000000",
        "0, 0, -1, 9223372036854775807",
        "127, 0, -1, 0",
        "9, 9223372036854775807, 1, 9223372036854775807",
        "9, -9223372036854775808, 1, -9223372036854775807"
    })
    void times_are_in_the_unit_of_the_interface(int resolution, long offset, long time, long nanos) throws IOException {
        byte[] file = withInterface(ByteOrder.LITTLE_ENDIAN, resolution, offset)
                .block(6, 0, (int) (time >>> 32), (int) time, 0, 0)
                .bytes();
        assertThat(((PcapngBlock.Packet) read(file).get(2)).epochNanos()).isEqualTo(nanos);
    }

    @Test
    void every_section_numbers_its_interfaces_anew() throws IOException {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.writeBytes(withInterface(ByteOrder.LITTLE_ENDIAN, 9, 0).bytes());
        both.writeBytes(withInterface(ByteOrder.BIG_ENDIAN, 6, 0)
                .block(6, 0, 0, 1, 0, 0)
                .bytes());
        List<PcapngBlock> blocks = read(both.toByteArray());
        assertThat(((PcapngBlock.Packet) blocks.get(4)).epochNanos()).isEqualTo(1_000);
        byte[] none = new File(ByteOrder.BIG_ENDIAN).block(6, 0, 0, 1, 0, 0).bytes();
        both.writeBytes(none);
        assertThatThrownBy(() -> read(both.toByteArray())).hasMessageContaining("interface 0, which is not described");
    }

    @Test
    void what_is_wrong_is_said() throws IOException {
        byte[] good = written();
        assertThatThrownBy(() -> read(new byte[0]))
                .hasMessage("Not a pcapng file that can be read: at octet 0, the file is empty");
        assertThatThrownBy(() -> read(ascii("GET / HTTP/1.1\r\n"))).hasMessageContaining("section header");
        assertThatThrownBy(() -> read(Arrays.copyOf(good, good.length - 1)))
                .hasMessageContaining("ends within a block");
        assertThatThrownBy(() -> read(Arrays.copyOf(good, 3))).hasMessageContaining("ends within a block");
        byte[] differ = good.clone();
        differ[differ.length - 1] ^= 1;
        assertThatThrownBy(() -> read(differ)).hasMessageContaining("lengths of a block differ");
        byte[] huge = good.clone();
        huge[4] = 0x7f;
        assertThatThrownBy(() -> read(huge)).hasMessageContaining("more than 16777216");
        byte[] future = good.clone();
        future[13] = 2;
        assertThatThrownBy(() -> read(future)).hasMessageContaining("version 2.0");
        assertThatThrownBy(() -> read(withInterface(ByteOrder.BIG_ENDIAN, 9, 0)
                        .block(6, 0, 0, 0, 50, 50, new byte[8])
                        .bytes()))
                .hasMessageContaining("a packet of 50 octets is longer than its block");
        assertThatThrownBy(() -> read(new File(ByteOrder.BIG_ENDIAN)
                        .block(1, (short) 1, (short) 0, 0, (short) 2, (short) 40, new byte[4])
                        .bytes()))
                .hasMessageContaining("an option of 40 octets is longer than its block");
    }

    /// Octets without end.
    private static InputStream endless(byte[] start, byte[] repeated) {
        return new InputStream() {
            private long at;

            @Override
            public int read() {
                long here = at++;
                return (here < start.length
                                ? start[(int) here]
                                : repeated[(int) ((here - start.length) % repeated.length)])
                        & 0xff;
            }

            @Override
            public int read(byte[] bytes, int from, int length) {
                for (int i = 0; i < length; i++) {
                    bytes[from + i] = (byte) read();
                }
                return length;
            }
        };
    }

    @Test
    void memory_is_bounded_whatever_comes() throws IOException {
        byte[] section = new File(ByteOrder.BIG_ENDIAN).bytes();
        byte[] all = withInterface(ByteOrder.BIG_ENDIAN, 9, 0).bytes();
        byte[] description = Arrays.copyOfRange(all, section.length, all.length);
        try (PcapngReader reader = new PcapngReader(endless(section, description))) {
            assertThatThrownBy(reader::nextPacket).hasMessageContaining("more than 65536 interfaces");
        }
        byte[] name = new byte[60_000];
        Arrays.fill(name, (byte) 'x');
        File large = new File(ByteOrder.BIG_ENDIAN);
        ByteBuffer wide = ByteBuffer.allocate(70_000);
        wide.putInt(1).putInt(0).putInt(101 << 16).putInt(0).putShort((short) 2).putShort((short) name.length);
        wide.put(name).putInt(wide.position() + 4).putInt(4, wide.position());
        try (PcapngReader reader =
                new PcapngReader(endless(large.bytes(), Arrays.copyOf(wide.array(), wide.position())))) {
            assertThatThrownBy(reader::nextPacket).hasMessageContaining("characters of descriptions");
        }
    }

    @Test
    void any_octets_are_read_or_refused_in_a_sentence() throws IOException {
        byte[] big = written();
        byte[] little = withInterface(ByteOrder.LITTLE_ENDIAN, 9, 0)
                .block(6, 0, 1, 2, 5, 100, new byte[5], (short) 1, (short) 3, ascii("why"), 0)
                .block(4, (short) 1, (short) 9, 0x0100000a, ascii("web\0\0"), 0)
                .block(10, PcapngBlock.Secrets.TLS, 3, ascii("# x"))
                .block(5, 0, 0L, (short) 4, (short) 8, 1L)
                .block(3, 4, new byte[4])
                .bytes();
        int[] outcomes = new int[2];
        Seeds.run(20_000, random -> outcomes[survives(damaged(random, random.nextBoolean() ? big : little)) ? 0 : 1]++);
        if (System.getProperty("berth.seed") == null) {
            assertThat(outcomes[0]).as("read to the end").isGreaterThan(100);
            assertThat(outcomes[1]).as("refused").isGreaterThan(100);
        }
    }

    private static byte[] damaged(SplittableRandom random, byte[] file) {
        byte[] octets = random.nextInt(10) == 0 ? Arrays.copyOf(file, random.nextInt(file.length)) : file.clone();
        for (int i = random.nextInt(1, 6); i > 0 && octets.length > 0; i--) {
            // Mostly the numbers of 32 bits, which lengths and types are.
            int at = random.nextInt(octets.length);
            switch (random.nextInt(4)) {
                case 0 -> octets[at] = (byte) random.nextInt();
                case 1 -> octets[at & ~3] ^= (byte) (1 << random.nextInt(8));
                case 2 -> octets[Math.min(octets.length - 1, at | 3)] = (byte) random.nextInt(64);
                default ->
                    Arrays.fill(octets, at, Math.min(octets.length, at + random.nextInt(9)), (byte)
                            (random.nextInt(3) - 1));
            }
        }
        return octets;
    }

    private static boolean survives(byte[] file) {
        try {
            read(file);
            return true;
        } catch (IOException e) {
            assertThat(e).hasMessageStartingWith("Not a pcapng file that can be read: at octet ");
            return false;
        }
    }
}
