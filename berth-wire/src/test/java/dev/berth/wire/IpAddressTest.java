package dev.berth.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.InetAddress;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IpAddressTest {
    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, 0.0.0.0",
        "255.255.255.255, 255.255.255.255",
        "127.0.0.1, 127.0.0.1",
        "::, ::",
        "::1, ::1",
        "1::, 1::",
        "2001:DB8:0:0:8:800:200C:417A, 2001:db8::8:800:200c:417a",
        "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
        "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
        "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
        "::ffff:192.0.2.1, 192.0.2.1",
        "64:ff9b::192.0.2.33, 64:ff9b::c000:221",
        "1:2:3:4:5:6:7::, 1:2:3:4:5:6:7:0",
    })
    void text_is_read_and_written_as_rfc_5952_has_it(String text, String canonical) {
        assertThat(IpAddress.parse(text)).hasToString(canonical);
        assertThat(IpAddress.parse(canonical)).isEqualTo(IpAddress.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1",
                "1.2.3",
                "1.2.3.4.5",
                "256.1.1.1",
                "1.2.3.-4",
                "01.2.3.4",
                "1.2.3.4 ",
                "a.b.c.d",
                ":",
                ":::",
                "1::2::3",
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8:9",
                "12345::",
                "g::",
                "1:2:3:4:5:6:7:8::",
                ":1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:",
                "::1.2.3",
                "1:2:3:4:5:6:7:1.2.3.4",
                "fe80::1%eth0",
                "localhost",
                "1..2.3"
            })
    void anything_else_is_refused_in_a_sentence(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IpAddress.parse(text))
                .withMessage("'" + text + "' is not an IP address");
    }

    @Test
    void octets_go_there_and_back_and_agree_with_the_jdk() throws Exception {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 5_000; i++) {
            byte[] octets = new byte[random.nextBoolean() ? 4 : 16];
            random.nextBytes(octets);
            if (random.nextBoolean()) {
                for (int j = 0; j < octets.length / 2; j++) {
                    octets[random.nextInt(octets.length)] = 0;
                }
            }
            IpAddress address = IpAddress.of(octets);
            assertThat(address.octets()).isEqualTo(octets);
            assertThat(IpAddress.parse(address.toString())).isEqualTo(address);
            InetAddress jdk = InetAddress.getByAddress(octets);
            assertThat(InetAddress.getByName(address.toString())).isEqualTo(jdk);
            assertThat(address.isLoopback()).isEqualTo(jdk.isLoopbackAddress());
            assertThat(address.isMulticast()).isEqualTo(jdk.isMulticastAddress());
            assertThat(address.isUnspecified()).isEqualTo(jdk.isAnyLocalAddress());
            assertThat(IpAddress.isLinkLocal(address.hi(), address.lo())).isEqualTo(jdk.isLinkLocalAddress());
        }
    }

    @Test
    void an_ipv4_address_that_came_in_ipv6_form_is_the_same_address() {
        assertThat(IpAddress.of(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 10, 0, 0, 1}))
                .isEqualTo(IpAddress.parse("10.0.0.1"));
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.1/24, 10.0.0.255, true", "10.0.0.1/24, 10.0.1.0, false", "10.0.0.1/32, 10.0.0.1, true",
        "10.0.0.1/32, 10.0.0.0, false", "0.0.0.0/0, 203.0.113.9, true", "0.0.0.0/0, ::1, false",
        "::/0, 2001:db8::1, true", "::/0, 10.0.0.1, false", "fd00::1/64, fd00::ffff:1, true",
        "fd00::1/64, fd00:0:0:1::1, false", "fd00::1/128, fd00::1, true", "10.0.0.1, 10.0.0.1, true",
    })
    void a_prefix_contains_what_shares_its_bits(String prefix, String address, boolean expected) {
        IpAddress candidate = IpAddress.parse(address);
        assertThat(IpAddress.Prefix.parse(prefix).contains(candidate.hi(), candidate.lo()))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"10.0.0.1/33", "10.0.0.1/", "10.0.0.1/-1", "10.0.0.1/a", "fd00::/129", "/8", "10.0.0.1/0008"})
    void a_bad_prefix_is_refused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> IpAddress.Prefix.parse(text));
    }

    @Test
    void broadcast_is_all_ones_in_the_host_part() {
        assertThat(IpAddress.Prefix.parse("10.1.2.3/24").broadcast())
                .isEqualTo(IpAddress.parse("10.1.2.255").ipv4());
        assertThat(IpAddress.Prefix.parse("10.1.2.3/31").broadcast()).isEqualTo(-1);
    }
}
