package dev.berth.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// DHCPv4, RFC 2131 and RFC 2132.
class DhcpTest {
    private static final String FIXED =
            "01 01 06 00 3903f326 0000 8000 00000000 00000000 00000000 00000000 525400123456";
    private final DhcpMessage message = new DhcpMessage();

    private static byte[] message(String options) {
        byte[] fixed = HexFormat.of().parseHex(FIXED.replace(" ", ""));
        byte[] behind = HexFormat.of().parseHex(options.replace(" ", ""));
        byte[] octets = Arrays.copyOf(fixed, DhcpMessage.FIXED_LENGTH + behind.length);
        Bytes.put32(octets, 236, 0x6382_5363);
        System.arraycopy(behind, 0, octets, DhcpMessage.FIXED_LENGTH, behind.length);
        return octets;
    }

    private boolean parse(byte[] octets) {
        return message.parse(octets, 0, octets.length);
    }

    @Test
    void a_request_is_taken_apart() {
        byte[] octets = message("350103 3204 0a000264 3604 0a000202 3304 00000e10 0c02 766d 3d07 01525400123456 ff");
        assertThat(parse(octets)).isTrue();
        assertThat(message.type).isEqualTo(DhcpMessage.REQUEST);
        assertThat(message.xid).isEqualTo(0x3903_f326);
        assertThat(message.broadcast).isTrue();
        assertThat(message.hardware).isEqualTo(0x5254_0012_3456L);
        assertThat(message.requested).isEqualTo(0x0a00_0264);
        assertThat(message.server).isEqualTo(0x0a00_0202);
        assertThat(message.leaseTime).isEqualTo(3_600);
        assertThat(new String(octets, message.nameAt, message.nameLength, StandardCharsets.US_ASCII))
                .isEqualTo("vm");
        assertThat(message.identifierLength).isEqualTo(7);
    }

    @Test // RFC 2131 section 4.1, RFC 2132 section 9.3
    void options_may_go_on_in_the_fields_of_file_and_server_name() {
        byte[] octets = message("340103 350101 ff");
        System.arraycopy(HexFormat.of().parseHex("32040a000264ff"), 0, octets, 108, 7);
        System.arraycopy(HexFormat.of().parseHex("0c03616263ff"), 0, octets, 44, 6);
        assertThat(parse(octets)).isTrue();
        assertThat(message.requested).isEqualTo(0x0a00_0264);
        assertThat(message.nameAt).isEqualTo(46);
        assertThat(message.nameLength).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ff", // no type
                "350109 ff",
                "35020101 ff",
                "3501", // cut
                "350101 3203 0a0002 ff",
                "350101 3d01 01 ff",
                "350101 0c00 ff",
                "350101 3c ff" // a length of 255, and nothing there
            })
    void messages_that_cannot_be_are_refused(String options) {
        assertThat(parse(message(options))).isFalse();
    }

    @Test
    void only_messages_of_ethernet_clients_are_read() {
        for (int at : new int[] {0, 1, 2, 236}) {
            byte[] octets = message("350101ff");
            octets[at] ^= 2;
            assertThat(parse(octets)).as("octet " + at).isFalse();
        }
        byte[] group = message("350101ff");
        group[28] |= 1;
        assertThat(parse(group)).isFalse();
        byte[] octets = message("350101ff");
        assertThat(message.parse(octets, 0, DhcpMessage.FIXED_LENGTH - 1)).isFalse();
    }

    @Test
    void an_offer_is_written_as_the_wire_has_it() {
        byte[] request = message("350101 3d03 aabbcc ff");
        assertThat(parse(request)).isTrue();
        byte[] octets = new byte[400];
        Arrays.fill(octets, (byte) 0x55);
        int end = DhcpWriter.begin(octets, 8, message, DhcpMessage.OFFER, 0x0a00_0264);
        end = DhcpWriter.option32(octets, end, DhcpWriter.SERVER, 0x0a00_0202);
        end = DhcpWriter.identifier(octets, end, message, request);
        end = DhcpWriter.option16(octets, end, DhcpWriter.MTU, 1_500);
        end = DhcpWriter.end(octets, end, 8);
        assertThat(end).isEqualTo(8 + 300);
        byte[] expected = new byte[300];
        byte[] fixed = HexFormat.of()
                .parseHex(
                        "02010600 3903f326 00008000 00000000 0a000264 00000000 00000000 525400123456".replace(" ", ""));
        System.arraycopy(fixed, 0, expected, 0, fixed.length);
        byte[] options =
                HexFormat.of().parseHex("63825363 350102 36040a000202 3d03aabbcc 1a0205dc ff".replace(" ", ""));
        System.arraycopy(options, 0, expected, 236, options.length);
        assertThat(Arrays.copyOfRange(octets, 8, end)).isEqualTo(expected);
        assertThat(octets[end]).isEqualTo((byte) 0x55);
    }

    @Test
    void nothing_makes_the_parser_read_beyond_the_message() {
        Seeds.run(20_000, random -> {
            byte[] behind = new byte[random.nextInt(64)];
            random.nextBytes(behind);
            for (int i = 0; i < behind.length; i++) {
                if (random.nextInt(3) > 0) {
                    behind[i] = (byte) new int[] {0, 1, 2, 4, 12, 50, 51, 52, 53, 54, 61, 255}[random.nextInt(12)];
                }
            }
            byte[] octets = message(HexFormat.of().formatHex(behind));
            for (int i = random.nextInt(12); i > 0; i--) {
                octets[44 + random.nextInt(192)] = (byte) random.nextInt();
            }
            int length = random.nextInt(8) == 0 ? random.nextInt(octets.length + 1) : octets.length;
            octets = Arrays.copyOf(octets, length);
            if (parse(octets)) {
                assertThat(message.nameAt + message.nameLength).isLessThanOrEqualTo(length);
                assertThat(message.identifierAt + message.identifierLength).isLessThanOrEqualTo(length);
                assertThat(message.type).isBetween(DhcpMessage.DISCOVER, DhcpMessage.INFORM);
            }
        });
    }
}
