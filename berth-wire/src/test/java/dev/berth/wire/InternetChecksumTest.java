package dev.berth.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class InternetChecksumTest {
    /// The sum as RFC 1071 section 4.1 describes it: 16 bits at a time.
    private static int naive(byte[] bytes, int from, int length) {
        long sum = 0;
        for (int i = 0; i < length; i += 2) {
            int high = bytes[from + i] & 0xff;
            int low = i + 1 < length ? bytes[from + i + 1] & 0xff : 0;
            sum += high << 8 | low;
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (int) ~sum & 0xffff;
    }

    @Test
    void the_example_of_rfc_1071_section_3_sums_up() {
        byte[] bytes = {0x00, 0x01, (byte) 0xf2, 0x03, (byte) 0xf4, (byte) 0xf5, (byte) 0xf6, (byte) 0xf7};
        assertThat(InternetChecksum.fold(InternetChecksum.headerSum(bytes, 0, 8)))
                .isEqualTo(0xddf2);
        assertThat(InternetChecksum.fold(InternetChecksum.payloadSum(bytes, 0, 8)))
                .isEqualTo(0xddf2);
    }

    @Test
    void both_methods_agree_with_the_naive_sum_at_any_length_and_offset() {
        SplittableRandom random = new SplittableRandom(1);
        byte[] bytes = new byte[70_000];
        random.nextBytes(bytes);
        for (int i = 0; i < 20_000; i++) {
            int length = i < 200 ? i : random.nextInt(i % 50 == 0 ? 65_536 : 2_000);
            int from = random.nextInt(100);
            int expected = naive(bytes, from, length);
            assertThat(InternetChecksum.finish(InternetChecksum.payloadSum(bytes, from, length)))
                    .isEqualTo(expected);
            assertThat(InternetChecksum.finish(InternetChecksum.headerSum(bytes, from, length)))
                    .isEqualTo(expected);
        }
    }

    @Test
    void octets_that_are_all_ones_do_not_overflow() {
        byte[] bytes = new byte[65_536];
        java.util.Arrays.fill(bytes, (byte) 0xff);
        assertThat(InternetChecksum.finish(InternetChecksum.payloadSum(bytes, 0, bytes.length)))
                .isEqualTo(naive(bytes, 0, bytes.length));
        assertThat(InternetChecksum.fold(-1L)).isEqualTo(0xffff);
    }

    @Test
    void a_sum_may_be_computed_in_pieces() {
        SplittableRandom random = new SplittableRandom(2);
        byte[] bytes = new byte[3_000];
        random.nextBytes(bytes);
        for (int i = 0; i < 1_000; i++) {
            int split = random.nextInt(bytes.length / 2) * 2;
            long sum = InternetChecksum.headerSum(bytes, 0, split)
                    + InternetChecksum.payloadSum(bytes, split, bytes.length - split);
            assertThat(InternetChecksum.finish(sum)).isEqualTo(naive(bytes, 0, bytes.length));
        }
    }

    @Test
    void the_pseudo_header_is_that_of_the_family() {
        IpAddress source = IpAddress.parse("192.0.2.1");
        IpAddress destination = IpAddress.parse("198.51.100.7");
        byte[] header = new byte[12];
        System.arraycopy(source.octets(), 0, header, 0, 4);
        System.arraycopy(destination.octets(), 0, header, 4, 4);
        header[9] = 6;
        Bytes.put16(header, 10, 1_480);
        assertThat(InternetChecksum.finish(InternetChecksum.pseudoHeaderSum(
                        false, source.hi(), source.lo(), destination.hi(), destination.lo(), 6, 1_480)))
                .isEqualTo(naive(header, 0, 12));
        IpAddress source6 = IpAddress.parse("2001:db8:1:2:3:4:ffff:fffe");
        IpAddress destination6 = IpAddress.parse("fe80::ffff:1");
        byte[] header6 = new byte[40];
        System.arraycopy(source6.octets(), 0, header6, 0, 16);
        System.arraycopy(destination6.octets(), 0, header6, 16, 16);
        Bytes.put32(header6, 32, 65_535);
        header6[39] = 17;
        assertThat(InternetChecksum.finish(InternetChecksum.pseudoHeaderSum(
                        true, source6.hi(), source6.lo(), destination6.hi(), destination6.lo(), 17, 65_535)))
                .isEqualTo(naive(header6, 0, 40));
    }
}
