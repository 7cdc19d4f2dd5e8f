package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Requirement;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Ranges, kinds, transports and policies.
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class PortNumbersTest {
    @ParameterizedTest // RFC 6335 section 6
    @Requirement("6335-08")
    @CsvSource({
        "0, SYSTEM, well-known",
        "1023, SYSTEM, well-known",
        "1024, USER, registered",
        "49151, USER, registered",
        "49152, DYNAMIC, ephemeral/dynamic",
        "65535, DYNAMIC, ephemeral/dynamic"
    })
    void ports_have_a_kind(int port, PortKind kind, String text) {
        assertThat(PortKind.of(port)).isEqualTo(kind);
        assertThat(kind.text()).isEqualTo(text);
        assertThat(kind.range().contains(port)).isTrue();
    }

    @Test
    void ranges_are_read_and_written() {
        assertThat(PortRange.parse(" 49152 - 65535 "))
                .isEqualTo(PortRange.DYNAMIC)
                .hasToString("49152-65535");
        assertThat(PortRange.parse("80")).isEqualTo(new PortRange(80, 80)).hasToString("80");
        assertThat(PortRange.DYNAMIC.size()).isEqualTo(16_384);
        assertThat(new PortRange(0, 65_535).size()).isEqualTo(65_536);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-", "http", "1-2-3", "-5", "80-", "123456", "\u0661", "+1"})
    void what_is_no_range_is_refused_in_words(String text) {
        assertThatThrownBy(() -> PortRange.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + text + "' is no port or range of ports such as 80 or 49152-65535");
    }

    @Test
    void ranges_upside_down_or_beyond_the_ports_are_refused() {
        assertThatThrownBy(() -> PortRange.parse("5-4"))
                .hasMessage("A range of ports goes from low to high, not from 5 to 4");
        assertThatThrownBy(() -> PortRange.parse("0-70000")).hasMessage("A port is 0 to 65535, not 70000");
        assertThatThrownBy(() -> PortKind.of(65_536)).hasMessage("A port is 0 to 65535, not 65536");
    }

    @Test
    void transports_have_their_protocol_numbers() {
        assertThat(Transport.TCP.protocolNumber()).isEqualTo(6);
        assertThat(Transport.UDP.protocolNumber()).isEqualTo(17);
        assertThat(Transport.SCTP.protocolNumber()).isEqualTo(132);
        assertThat(Transport.DCCP.protocolNumber()).isEqualTo(33);
        assertThat(Transport.parse("Udp")).isEqualTo(Transport.UDP);
        assertThat(Transport.TCP.label()).isEqualTo("tcp");
        assertThatThrownBy(() -> Transport.parse("icmp")).hasMessageContaining("tcp, udp, sctp or dccp");
    }

    @Test
    void policies_have_the_ranges_of_their_models() {
        assertThat(PortPolicy.dynamic().ephemeral()).isEqualTo(PortRange.DYNAMIC);
        assertThat(PortPolicy.linux().ephemeral()).isEqualTo(new PortRange(32_768, 60_999));
        assertThat(PortPolicy.linux()
                        .withReserved(new PortRange(40_000, 40_009))
                        .reserved())
                .isEqualTo(List.of(new PortRange(40_000, 40_009)));
    }

    @Test
    void policies_that_leave_no_port_are_refused() {
        PortPolicy policy = PortPolicy.dynamic();
        assertThatThrownBy(() -> policy.withReserved(PortRange.DYNAMIC))
                .hasMessageContaining("leave no ephemeral port");
        assertThatThrownBy(() -> policy.withEphemeral(new PortRange(0, 5))).hasMessageContaining("Port 0 is reserved");
        assertThatThrownBy(() -> policy.withFirstUnprivileged(70_000)).hasMessageContaining("0 to 65536");
    }

    @Test
    void sharing_flags_are_written_in_words() {
        assertThat(PortSharing.toString(PortSharing.EXCLUSIVE)).isEqualTo("EXCLUSIVE");
        assertThat(PortSharing.toString(PortSharing.REUSE_ADDRESS | PortSharing.IPV6_ONLY))
                .isEqualTo("REUSE_ADDRESS|IPV6_ONLY");
    }
}
