package dev.berth.names;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Seeds;
import dev.berth.wire.IpAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class DnsNameTest {
    private static byte[] octets(int... values) {
        byte[] octets = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            octets[i] = (byte) values[i];
        }
        return octets;
    }

    private static String read(int at, int... message) {
        return DnsName.read(octets(message), 0, at, message.length);
    }

    @ParameterizedTest
    @CsvSource({"Web.Test, web.test", "a, a", "a.b.c., a.b.c", "x-1_y.test, x-1_y.test"})
    void a_name_is_read_as_it_was_written_but_for_its_case(String written, String read) {
        byte[] octets = DnsName.write(written);
        assertThat(DnsName.read(octets, 0, 0, octets.length)).isEqualTo(read);
        assertThat(DnsName.skip(octets, 0, octets.length)).isEqualTo(octets.length);
    }

    @Test
    void the_root_is_one_octet() {
        assertThat(DnsName.write("")).containsExactly(0);
        assertThat(DnsName.write(".")).containsExactly(0);
        assertThat(read(0, 0)).isEmpty();
    }

    @Test
    void names_that_dns_cannot_carry_are_not_written() {
        assertThat(DnsName.write("a..b")).isNull();
        assertThat(DnsName.write(".a")).isNull();
        assertThat(DnsName.write("x".repeat(64))).isNull();
        assertThat(DnsName.write("x".repeat(63))).hasSize(65);
        assertThat(DnsName.write("bücher.test")).isNull();
        assertThat(DnsName.write("x.".repeat(126) + "x")).hasSize(255);
        assertThat(DnsName.write("x.".repeat(127) + "x")).isNull();
    }

    @Test
    void a_pointer_leads_backwards() {
        assertThat(read(3, 1, 'b', 0, 1, 'a', 0xc0, 0)).isEqualTo("a.b");
        assertThat(DnsName.skip(octets(1, 'b', 0, 1, 'a', 0xc0, 0), 3, 7)).isEqualTo(7);
    }

    @Test
    void pointers_that_go_round_or_forwards_are_no_names() {
        assertThat(read(0, 0xc0, 0)).isNull();
        assertThat(read(0, 1, 'a', 0xc0, 0)).isNull();
        assertThat(read(2, 0xc0, 2, 0xc0, 0)).isNull();
        assertThat(read(0, 0xc0, 2, 0)).isNull();
        assertThat(read(0, 0xc0)).isNull();
        assertThat(read(0, 0xff, 0xff)).isNull();
    }

    @Test
    void labels_beyond_the_end_and_unknown_kinds_of_labels_are_no_names() {
        assertThat(read(0, 3, 'a', 'b')).isNull();
        assertThat(read(0, 1, 'a')).isNull();
        assertThat(read(0, 0x41, 'a', 0)).isNull();
        assertThat(read(0, 0x80, 0)).isNull();
        assertThat(DnsName.skip(octets(0x41, 'a', 0), 0, 3)).isNegative();
        assertThat(read(0)).isNull();
    }

    @Test
    void a_dot_within_a_label_is_not_one_between_labels() {
        assertThat(read(0, 3, 'a', '.', 'b', 0)).isEqualTo("a\\046b");
        assertThat(read(0, 2, 0xff, 0, 0)).isEqualTo("\\255\\000");
    }

    @ParameterizedTest
    @CsvSource({
        "4.3.2.1.in-addr.arpa, 1.2.3.4",
        "1.0.0.127.in-addr.arpa, 127.0.0.1",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa, 2001:db8::1"
    })
    void names_of_the_reverse_zones_are_addresses(String name, String address) {
        assertThat(DnsName.reverse(name)).isEqualTo(IpAddress.parse(address));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "3.2.1.in-addr.arpa",
                "5.4.3.2.1.in-addr.arpa",
                "256.3.2.1.in-addr.arpa",
                "04.3.2.1.in-addr.arpa",
                "..2.1.in-addr.arpa",
                "x.3.2.1.in-addr.arpa",
                "+4.3.2.1.in-addr.arpa",
                "in-addr.arpa",
                "1.0.0.2.ip6.arpa",
                "1x0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.0.ip6.arpa",
                "g.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
                "web.test"
            })
    void other_names_are_not(String name) {
        assertThat(DnsName.reverse(name)).isNull();
    }

    @Test
    void whatever_the_octets_are_reading_ends() {
        Seeds.run(20_000, random -> {
            byte[] message = new byte[random.nextInt(300)];
            random.nextBytes(message);
            for (int i = 0; i < message.length; i++) {
                // mostly short labels and pointers into the message, so that names get long
                int kind = random.nextInt(8);
                message[i] = kind < 4 ? (byte) random.nextInt(4) : kind < 6 ? (byte) 0xc0 : message[i];
            }
            int at = message.length == 0 ? 0 : random.nextInt(message.length);
            String name = DnsName.read(message, 0, at, message.length);
            int behind = DnsName.skip(message, at, message.length);
            assertThat(behind).isBetween(-1, message.length);
            if (name != null) {
                assertThat(behind).isPositive();
                assertThat(name.length()).isLessThan(4 * DnsName.MAX_LENGTH);
            }
        });
    }
}
