package dev.berth.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PcapngWriterTest {
    private static final long SECOND = 1_000_000_000L;

    private final ByteArrayOutputStream file = new ByteArrayOutputStream();

    private StrictReader read() {
        return new StrictReader(file.toByteArray());
    }

    @Test
    void what_is_written_can_be_read() throws IOException {
        Random random = new Random(1);
        byte[] bytes = new byte[PcapngWriter.MAX_PACKET + 7];
        random.nextBytes(bytes);
        int[] lengths = {0, 1, 2, 3, 4, 5, 1_500, 65_535, PcapngWriter.MAX_PACKET, 17};
        long time = 1_700_000_000_123_456_789L;
        try (PcapngWriter writer = new PcapngWriter(file)) {
            assertThat(writer.addInterface("berth0")).isEqualTo(0);
            assertThat(writer.addInterface("löcal")).isEqualTo(1);
            for (int i = 0; i < lengths.length; i++) {
                writer.write(
                        i & 1, i % 3 == 0 ? Direction.INBOUND : Direction.OUTBOUND, time + i, bytes, i % 7, lengths[i]);
            }
        }
        StrictReader reader = read();
        assertThat(reader.interfaces)
                .containsExactly(
                        new StrictReader.Interface(101, "berth0", 9), new StrictReader.Interface(101, "löcal", 9));
        assertThat(reader.packets).hasSize(lengths.length);
        for (int i = 0; i < lengths.length; i++) {
            StrictReader.Entry packet = reader.packets.get(i);
            assertThat(packet.interfaceNumber()).isEqualTo(i & 1);
            assertThat(packet.direction()).isEqualTo(i % 3 == 0 ? Direction.INBOUND : Direction.OUTBOUND);
            assertThat(packet.epochNanos()).isEqualTo(time + i);
            assertThat(packet.bytes()).isEqualTo(Arrays.copyOfRange(bytes, i % 7, i % 7 + lengths[i]));
        }
    }

    @Test
    void an_empty_file_is_valid_at_once() throws IOException {
        PcapngWriter writer = new PcapngWriter(file);
        assertThat(read().packets).isEmpty();
        writer.close();
    }

    @Test
    void every_64th_packet_and_every_second_goes_to_the_file() throws IOException {
        try (PcapngWriter writer = new PcapngWriter(file)) {
            writer.addInterface("berth0");
            long time = 5 * SECOND;
            writer.write(0, Direction.INBOUND, time, new byte[20], 0, 20);
            assertThat(read().packets).as("the first packet").hasSize(1);
            for (int i = 0; i < 63; i++) {
                writer.write(0, Direction.INBOUND, time, new byte[20], 0, 20);
            }
            assertThat(read().packets).hasSize(1);
            writer.write(0, Direction.INBOUND, time, new byte[20], 0, 20);
            assertThat(read().packets).hasSize(65);
            writer.write(0, Direction.INBOUND, time + SECOND - 1, new byte[20], 0, 20);
            assertThat(read().packets).hasSize(65);
            writer.write(0, Direction.INBOUND, time + SECOND, new byte[20], 0, 20);
            assertThat(read().packets).hasSize(67);
        }
    }

    @Test
    void what_does_not_fit_is_refused() throws IOException {
        try (PcapngWriter writer = new PcapngWriter(file)) {
            writer.addInterface("berth0");
            byte[] large = new byte[PcapngWriter.MAX_PACKET + 1];
            assertThatThrownBy(() -> writer.write(0, Direction.INBOUND, 0, large, 0, large.length))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> writer.write(1, Direction.INBOUND, 0, large, 0, 20))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> writer.addInterface("x".repeat(1_025)))
                    .isInstanceOf(IllegalArgumentException.class);
            writer.addInterface("x".repeat(1_024));
        }
        assertThat(read().interfaces).hasSize(2);
    }
}
