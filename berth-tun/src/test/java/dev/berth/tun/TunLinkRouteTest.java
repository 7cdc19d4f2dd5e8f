package dev.berth.tun;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.wire.IpAddress;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/// The routes of the kernel's side, and the congestion control of connections over them.
class TunLinkRouteTest extends TunTest {
    private static final String[] DESTINATIONS = {"10.7.0.0/24", "fd07::/64", "default"};

    private String routes(String family, String destination) {
        return namespace
                .run("ip", family, "route", "show", "exact", destination, "dev", "berth0")
                .output()
                .strip();
    }

    @Test
    void what_the_kernel_sends_is_not_paced_unless_that_is_wished() throws Exception {
        TunLink link = open(builder("berth0")
                .address(IpAddress.Prefix.parse(KERNEL + "/24"))
                .address(IpAddress.Prefix.parse(KERNEL_V6 + "/64"))
                .defaultRoutes());
        for (String destination : DESTINATIONS) {
            for (String family : new String[] {"-4", "-6"}) {
                if (destination.equals("default") || destination.contains(":") == family.equals("-6")) {
                    assertThat(routes(family, destination).lines())
                            .as(family + " " + destination)
                            .singleElement()
                            .asString()
                            .contains("congctl reno");
                }
            }
        }
        link.close();
        open(routed("fd07::1").congestionControl(null));
        assertThat(namespace.run("ip", "route").output())
                .contains("10.7.0.0/24")
                .doesNotContain("congctl");
    }

    private TunLink.Builder routed(String ipv6) {
        return builder("berth1")
                .address(IpAddress.Prefix.parse(KERNEL + "/24"))
                .address(IpAddress.Prefix.parse(ipv6 + "/64"));
    }

    @Test
    void an_address_without_a_network_has_no_route() throws Exception {
        open(builder("berth0").address(IpAddress.Prefix.parse(KERNEL + "/32")));
        assertThat(namespace.run("ip", "route").output()).isBlank();
    }

    @Test
    void a_congestion_control_that_the_kernel_does_not_know_is_refused() {
        assertThatThrownBy(() -> open(routed("fd07::1").congestionControl("no_such_thing")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no_such_thing");
        assertThat(exists("berth1")).isFalse();
        for (String bad : new String[] {"", "a-b", "a234567890123456"}) {
            assertThatThrownBy(() -> builder("berth0").congestionControl(bad))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
