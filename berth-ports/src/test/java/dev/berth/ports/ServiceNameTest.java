package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Requirement;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The rules of RFC 6335 sections 5.1 and 5.2.
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ServiceNameTest {
    @ParameterizedTest
    @ValueSource(strings = {"a", "http", "HTTP", "3com", "9p", "a-1", "1-a", "a-b-c-d-e-f-g-h", "123456789012345x"})
    void names_within_the_rules_are_taken(String name) {
        String shortened = name.substring(name.length() - Math.min(15, name.length()));
        assertThat(ServiceName.isValid(shortened)).isTrue();
        assertThat(ServiceName.requireValid(shortened)).isSameAs(shortened);
    }

    private static void assertRefused(String name, String words) {
        assertThat(ServiceName.isValid(name)).isFalse();
        assertThatThrownBy(() -> ServiceName.requireValid(name))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(words);
        assertThatThrownBy(() -> ServiceName.label(name)).hasMessage(words);
    }

    @Test
    @Requirement("6335-01")
    void a_name_has_1_to_15_characters() {
        assertRefused("", "A service name has 1 to 15 characters, not 0");
        assertRefused("abcdefghijklmnop", "A service name has 1 to 15 characters, not 16: 'abcdefghijklmnop'");
        assertThat(ServiceName.isValid("abcdefghijklmno")).isTrue();
    }

    @ParameterizedTest
    @Requirement("6335-02")
    @ValueSource(strings = {"_x", "a.b", "n+1", "a b", "a\u0000", "\u00e9t\u00e9", "a\uff10", "sql*net"})
    void a_name_has_letters_digits_and_hyphens_only(String name) {
        assertRefused(name, "A service name has letters (A to Z), digits and hyphens only, not '" + name + "'");
    }

    @ParameterizedTest
    @Requirement("6335-03")
    @ValueSource(strings = {"1234", "12-34", "-", "0"})
    void a_name_has_a_letter(String name) {
        assertRefused(name, "A service name has at least one letter, not '" + name + "'");
    }

    @ParameterizedTest
    @Requirement("6335-04")
    @ValueSource(strings = {"-a", "a-", "-a-", "--a"})
    void a_name_does_not_begin_or_end_with_a_hyphen(String name) {
        assertRefused(name, "A service name does not begin or end with a hyphen, not '" + name + "'");
    }

    @Test
    @Requirement("6335-05")
    void a_name_has_no_adjacent_hyphens() {
        assertRefused("a--b", "A service name has no two hyphens in a row, not 'a--b'");
    }

    @ParameterizedTest
    @Requirement("6335-07")
    @CsvSource({"http, TCP, _http._tcp", "sip, UDP, _sip._udp", "sip, SCTP, _sip._sctp"})
    void srv_labels_are_the_name_behind_an_underscore(String name, Transport transport, String label) {
        assertThat(ServiceName.srvName(name, transport)).isEqualTo(label);
        assertThat(ServiceName.label(name)).isEqualTo("_" + name);
    }
}
