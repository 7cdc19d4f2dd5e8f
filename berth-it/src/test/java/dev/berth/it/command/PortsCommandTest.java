package dev.berth.it.command;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// `berth ports` from the outside.
@Timeout(300)
class PortsCommandTest {
    @Test
    void aServiceIsLookedUp() throws Exception {
        try (BerthProcess berth = BerthProcess.start("ports", "postgresql")) {
            assertThat(berth.exitCode()).isZero();
            assertThat(berth.err()).isEmpty();
            assertThat(berth.out()).startsWith("""
                            PORT  PROTO    KIND  STATE     SERVICE     DESCRIPTION
                            5432  tcp,udp  user  assigned  postgresql  PostgreSQL Database

                            IANA's registry of \
                            """);
        }
    }

    @Test
    void anUnknownServiceIsAFailureThatNamesNearOnes() throws Exception {
        try (BerthProcess berth = BerthProcess.start("ports", "postgres")) {
            assertThat(berth.exitCode()).isEqualTo(1);
            assertThat(berth.err())
                    .singleElement()
                    .asString()
                    .startsWith("berth ports: There is no service 'postgres' in IANA's registry of ")
                    .contains("near it: postgresql");
            assertThat(berth.out()).isEmpty();
        }
    }

    @Test
    void aNumberThatIsNoPortMakesNoSense() throws Exception {
        try (BerthProcess berth = BerthProcess.start("ports", "65536")) {
            assertThat(berth.exitCode()).isEqualTo(2);
            assertThat(berth.err())
                    .containsExactly("berth ports: A port is 0 to 65535, not 65536. See 'berth ports --help'.");
        }
    }
}
