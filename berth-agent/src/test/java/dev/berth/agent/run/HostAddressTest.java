package dev.berth.agent.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.wire.IpAddress;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostAddressTest {
    @ParameterizedTest
    @CsvSource({
        "10.0.0.1, 10.0.0.1/24",
        "10.0.0.1/8, 10.0.0.1/8",
        "10.0.0.0/31, 10.0.0.0/31",
        "192.0.2.1/32, 192.0.2.1/32",
        "fd00::1, fd00::1/64",
        "fd00::1/48, fd00::1/48"
    })
    void lengthHasADefault(String text, String prefix) {
        assertThat(HostAddress.parse(text)).hasToString(prefix);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "10.0.0", "10.0.0.256", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/x", "fd00::1/129", "fd00:::1",
                "127.0.0.1", "::1", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "10.0.0.0/24",
                "10.0.0.255/24", "localhost"
            })
    void whatNoHostCanHaveIsRefused(String text) {
        assertThatThrownBy(() -> HostAddress.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .isNotBlank()
                .doesNotContain("\n");
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.1/24, 10.0.0.254",
        "10.0.0.254/24, 10.0.0.253",
        "10.1.2.3/8, 10.255.255.254",
        "10.0.0.1/30, 169.254.254.254",
        "10.0.0.1/32, 169.254.254.254",
        "fd00::1/64, fd00::fe",
        "fd00::fe/64, fd00::fd",
        "fd00:1:2:3::1/32, fd00:1::fe",
        "fd00::1/128, fd62:6572:7468::fe"
    })
    void gatewayIsNearTheEndOfTheNetwork(String host, String gateway) {
        IpAddress.Prefix prefix = HostAddress.parse(host);
        assertThat(HostAddress.gateway(prefix, List.of(prefix.address()), false))
                .hasToString(gateway);
    }

    @ParameterizedTest
    @CsvSource({"10.0.0.1/24, 169.254.254.254", "fd00::1/64, fd62:6572:7468::fe"})
    void gatewayLiesOutsideOfANetworkOfOthers(String host, String gateway) {
        IpAddress.Prefix prefix = HostAddress.parse(host);
        assertThat(HostAddress.gateway(prefix, List.of(prefix.address()), true)).hasToString(gateway);
    }
}
