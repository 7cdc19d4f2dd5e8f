package dev.berth.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TcpOptionsTest {
    private final TcpOptions options = new TcpOptions();

    private boolean parse(String hex) {
        byte[] octets = HexFormat.of().parseHex(hex.replace(" ", ""));
        byte[] header = Arrays.copyOf(new byte[TcpHeader.MIN_LENGTH], TcpHeader.MIN_LENGTH + octets.length);
        System.arraycopy(octets, 0, header, TcpHeader.MIN_LENGTH, octets.length);
        return options.parse(header, 0, header.length);
    }

    @Test // MUST-4, MUST-64
    void options_need_no_alignment() {
        assertThat(parse("01 020405b4 01 01 01 030307 0402 080a 00000001 00000002 00"))
                .isTrue();
        assertThat(options.mss).isEqualTo(1_460);
        assertThat(options.windowScale).isEqualTo(7);
        assertThat(options.sackPermitted).isTrue();
        assertThat(options.timestamps).isTrue();
        assertThat(options.tsVal).isEqualTo(1);
        assertThat(options.tsEcr).isEqualTo(2);
    }

    @Test
    void the_recommended_layout_of_timestamps_takes_the_short_way() {
        assertThat(parse("0101080a 11223344 55667788")).isTrue();
        assertThat(options.tsVal).isEqualTo(0x11223344);
        assertThat(options.tsEcr).isEqualTo(0x55667788);
        assertThat(options.mss).isEqualTo(-1);
    }

    @Test
    void sack_blocks_are_read() {
        assertThat(parse("0101 0512 00000001 00000002 00000005 00000009")).isTrue();
        assertThat(options.sackBlocks).isEqualTo(2);
        assertThat(options.sackLeft).startsWith(1, 5);
        assertThat(options.sackRight).startsWith(2, 9);
    }

    @Test // MUST-6, MUST-68
    void an_unknown_option_is_skipped_by_its_length() {
        assertThat(parse("fd06aabbccdd 020405b4 4d02")).isTrue();
        assertThat(options.mss).isEqualTo(1_460);
    }

    @Test
    void nothing_behind_the_end_of_the_list_counts() {
        assertThat(parse("00 020405b4 ff ff ff")).isTrue();
        assertThat(options.mss).isEqualTo(-1);
    }

    @ParameterizedTest // MUST-7
    @ValueSource(strings = {"02000000", "02010000", "0228 0000", "010101 02", "0402 05", "080a00000000"})
    void an_illegal_length_is_reported(String hex) {
        assertThat(parse(hex)).isFalse();
    }

    @Test
    void an_option_of_a_length_that_is_not_its_own_is_ignored() {
        assertThat(parse("0203 05 030400 0a 0403 01 08040000")).isTrue();
        assertThat(options.mss).isEqualTo(-1);
        assertThat(options.windowScale).isEqualTo(-1);
        assertThat(options.sackPermitted).isFalse();
        assertThat(options.timestamps).isFalse();
    }

    @Test
    void random_octets_never_throw_and_never_read_beyond_the_header() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 200_000; i++) {
            byte[] header = new byte[TcpHeader.MIN_LENGTH + 4 * random.nextInt(11)];
            random.nextBytes(header);
            for (int j = TcpHeader.MIN_LENGTH; j < header.length; j++) {
                if (random.nextInt(3) == 0) {
                    header[j] = (byte) random.nextInt(12);
                }
            }
            options.parse(header, 0, header.length);
            assertThat(options.sackBlocks).isBetween(0, TcpOptions.MAX_SACK_BLOCKS);
            assertThat(options.mss).isBetween(-1, 65_535);
            assertThat(options.windowScale).isBetween(-1, 255);
        }
    }
}
