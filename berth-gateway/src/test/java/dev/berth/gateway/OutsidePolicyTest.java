package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Where flows may go.
class OutsidePolicyTest {
    private static Endpoint to(String address, int port) {
        return new Endpoint(IpAddress.parse(address), port);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "127.255.255.254",
                "::1",
                "::7f00:1",
                "0.0.0.0",
                "0.1.2.3",
                "::",
                "169.254.169.254",
                "fe80::1",
                "febf::1",
                "224.0.0.1",
                "ff02::1",
                "255.255.255.255",
                "240.0.0.1",
                "fd00:ec2::254",
                "100.100.100.200"
            })
    void what_is_the_machines_or_nobodys_is_denied(String address) {
        assertThat(OutsidePolicy.standard().allows(to(address, 80))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.1", "10.1.2.3", "128.0.0.1", "169.253.0.1", "2001:db8::1", "fec0::1", "fd00::9"})
    void everything_else_is_allowed(String address) {
        assertThat(OutsidePolicy.standard().allows(to(address, 80))).isTrue();
        assertThat(OutsidePolicy.standard().allows(to(address, 0))).isFalse();
    }

    @Test
    void the_first_rule_that_matches_decides() {
        OutsidePolicy policy = OutsidePolicy.of(List.of(
                OutsideRule.allow("10.1.0.0/16:443"),
                OutsideRule.deny("10.0.0.0/8"),
                OutsideRule.allow("127.0.0.1:5432-5433"),
                OutsideRule.deny("[2001:db8::/32]:25")));
        assertThat(policy.allows(to("10.1.2.3", 443))).isTrue();
        assertThat(policy.allows(to("10.1.2.3", 80))).isFalse();
        assertThat(policy.allows(to("127.0.0.1", 5_433))).isTrue();
        assertThat(policy.allows(to("127.0.0.1", 5_434))).isFalse();
        assertThat(policy.allows(to("2001:db8::1", 25))).isFalse();
        assertThat(policy.allows(to("2001:db8::1", 80))).isTrue();
    }

    @Test
    void no_rule_leads_from_the_network_into_the_network_or_to_a_group() {
        OutsidePolicy policy = OutsidePolicy.of(List.of(OutsideRule.allow("0.0.0.0/0"), OutsideRule.allow("::/0")))
                .inside(List.of(IpAddress.Prefix.parse("10.0.0.1/24")));
        assertThat(policy.allows(to("10.0.0.77", 80))).isFalse();
        assertThat(policy.allows(to("10.0.1.77", 80))).isTrue();
        assertThat(policy.allows(to("224.0.0.1", 80))).isFalse();
        assertThat(policy.allows(to("::1", 80))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "host", "10.0.0.1:", "10.0.0.1:x", "10.0.0.1/33", "[::1", "::1]:80", "10.0.0.1:80:90"})
    void what_is_no_rule_is_refused_in_words(String text) {
        assertThatThrownBy(() -> OutsideRule.allow(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ADDRESS[/LENGTH][:PORT[-PORT]]");
    }
}
