package dev.berth.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Seeds;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Neighbor Discovery, RFC 4861.
class NdpTest {
    private static final long MAC = 0x0200_5e10_0001L;
    private static final IpAddress ROUTER = IpAddress.parse("fe80::5eff:fe10:1");
    private static final IpAddress ALL = IpAddress.parse("ff02::1");

    private final NdpMessage message = new NdpMessage();

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replace(" ", ""));
    }

    private boolean parse(String text, int hopLimit, String from, String to) {
        byte[] octets = hex(text);
        IpAddress source = IpAddress.parse(from);
        IpAddress destination = IpAddress.parse(to);
        return message.parse(
                octets, 0, octets.length, hopLimit, source.hi(), source.lo(), destination.hi(), destination.lo());
    }

    @Test // RFC 4861 sections 4.2, 4.6.1, 4.6.2 and 4.6.4, RFC 8106 section 5.1
    void a_router_advertisement_is_written_as_the_wire_has_it() {
        byte[] octets = new byte[200];
        int at = 0;
        at += NdpWriter.routerAdvertisement(octets, at, 64, 1_800, MAC, 1_500);
        at += NdpWriter.prefix(octets, at, 0xfd00_0002_0000_0000L, 0, 64, 86_400, 14_400);
        at += NdpWriter.dnsServer(octets, at, 0xfd00_0002_0000_0000L, 3, 1_800);
        assertThat(Arrays.copyOf(octets, at))
                .isEqualTo(hex("86 00 0000 40 00 0708 00000000 00000000"
                        + "01 01 02005e100001"
                        + "05 01 0000 000005dc"
                        + "03 04 40 c0 00015180 00003840 00000000 fd000002000000000000000000000000"
                        + "19 03 0000 00000708 fd000002000000000000000000000003"));
    }

    @Test // RFC 4861 section 4.4
    void a_neighbor_advertisement_is_written_and_read() {
        byte[] octets = new byte[NdpWriter.NEIGHBOR_ADVERTISEMENT_LENGTH];
        NdpWriter.neighborAdvertisement(octets, 0, true, true, false, 0xfd00_0002_0000_0000L, 0x10, MAC);
        assertThat(octets).isEqualTo(hex("88 00 0000 c0000000 fd000002000000000000000000000010 02 01 02005e100001"));
        assertThat(parse(HexFormat.of().formatHex(octets), 255, "fd00:2::1", "fd00:2::2"))
                .isTrue();
        assertThat(message.type).isEqualTo(NdpMessage.NEIGHBOR_ADVERTISEMENT);
        assertThat(message.targetLo).isEqualTo(0x10);
        assertThat(message.linkLayer).isEqualTo(MAC);
        assertThat(message.solicited).isTrue();
    }

    @Test
    void a_message_gets_its_ipv6_header_and_a_right_checksum() {
        byte[] packet = new byte[72];
        NdpWriter.neighborSolicitation(packet, 40, ALL.hi(), 7, MAC);
        NdpWriter.finish(packet, 0, 32, ROUTER.hi(), ROUTER.lo(), ALL.hi(), ALL.lo());
        assertThat(Bytes.i64(packet, 0)).isEqualTo(0x6000_0000_0020_3affL);
        long sum = InternetChecksum.pseudoHeaderSum(
                true, ROUTER.hi(), ROUTER.lo(), ALL.hi(), ALL.lo(), IpProtocol.ICMPV6, 32);
        assertThat(InternetChecksum.finish(sum + InternetChecksum.headerSum(packet, 40, 32)))
                .isZero();
    }

    @ParameterizedTest // sections 6.1.1, 7.1.1 and 7.1.2
    @CsvSource({
        "8500000000000000, 255, fe80::2, ff02::2, true",
        "8500000000000000, 254, fe80::2, ff02::2, false",
        "8501000000000000, 255, fe80::2, ff02::2, false",
        "85000000000000, 255, fe80::2, ff02::2, false",
        "8500000000000000 0101525400123456, 255, fe80::2, ff02::2, true",
        "8500000000000000 0101525400123456, 255, ::, ff02::2, false",
        "8500000000000000 0100525400123456, 255, fe80::2, ff02::2, false",
        "8500000000000000 0102525400123456, 255, fe80::2, ff02::2, false",
        "8500000000000000 01015254, 255, fe80::2, ff02::2, false",
        "8700000000000000 fd000002000000000000000000000010, 255, ::, ff02::1:ff00:10, true",
        "8700000000000000 fd000002000000000000000000000010, 255, ::, ff02::1, false",
        "8700000000000000 fd000002000000000000000000000010, 255, fd00:2::2, fd00:2::10, true",
        "8700000000000000 fd000002000000000000000000000010 0101525400123456, 255, ::, ff02::1:ff00:10, false",
        "8700000000000000 ff020000000000000000000000000010, 255, fd00:2::2, ff02::1, false",
        "8700000000000000 fd0000020000000000000000000000, 255, fd00:2::2, ff02::1:ff00:10, false",
        "8800000040000000 fd000002000000000000000000000010, 255, fd00:2::10, ff02::1, false",
        "8800000020000000 fd000002000000000000000000000010, 255, fd00:2::10, ff02::1, true",
        "86000000 40000708 0000000000000000, 255, fe80::1, ff02::1, true",
        "86000000 40000708 0000000000000000, 255, fd00::1, ff02::1, false",
        "8900000000000000, 255, fe80::1, ff02::1, false"
    })
    void only_what_the_rfc_admits_is_valid(String octets, int hopLimit, String from, String to, boolean valid) {
        assertThat(parse(octets, hopLimit, from, to)).isEqualTo(valid);
    }

    @Test
    void nothing_makes_the_parser_read_beyond_the_message() {
        Seeds.run(20_000, random -> {
            byte[] octets = new byte[random.nextInt(80)];
            random.nextBytes(octets);
            if (octets.length > 1 && random.nextInt(4) > 0) {
                octets[0] = (byte) (133 + random.nextInt(5));
                octets[1] = 0;
            }
            boolean valid =
                    message.parse(octets, 0, octets.length, 255, ROUTER.hi(), ROUTER.lo(), ALL.hi(), random.nextLong());
            assertThat(valid && octets.length < 8).isFalse();
        });
    }
}
