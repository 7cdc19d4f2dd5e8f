package dev.berth.it.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The kernel's `ping`.
class PingTest extends KernelTest {
    @Requirement("1122-008")
    @ParameterizedTest
    @CsvSource({"10.7.0.2,0", "10.7.0.2,56", "10.7.0.2,1472", "fd07::2,0", "fd07::2,56", "fd07::2,1452"})
    void the_host_answers(String address, String size) {
        String output = namespace.check("ping", "-c", "10", "-i", "0.01", "-W", "10", "-s", size, address);
        assertThat(output).contains("10 received").contains(" 0% packet loss");
    }

    @ParameterizedTest
    @CsvSource({"10.7.0.2,1473", "10.7.0.2,20000", "10.7.0.2,65507", "fd07::2,1453", "fd07::2,20000", "fd07::2,65000"})
    void fragmented_requests_get_fragmented_answers(String address, String size) {
        String output = namespace.check("ping", "-c", "5", "-i", "0.01", "-W", "10", "-s", size, address);
        assertThat(output).contains("5 received").contains(" 0% packet loss");
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void a_flood_is_answered(String address) {
        String output = namespace.check("ping", "-f", "-c", "2000", "-W", "10", address);
        assertThat(output).contains("2000 received");
    }
}
