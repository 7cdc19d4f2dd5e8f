package dev.berth.tun;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.List;
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
    void a_route_of_another_device_to_the_same_network_stays_and_stays_the_first() throws Exception {
        open(builder("berth0")
                .address(IpAddress.Prefix.parse(KERNEL + "/24"))
                .address(IpAddress.Prefix.parse(KERNEL_V6 + "/64"))
                .congestionControl(null));
        open(routed("fd07::3").address(IpAddress.Prefix.parse("fd08::1/64")).defaultRoutes());
        for (String[] network : new String[][] {{"-4", "10.7.0.0/24"}, {"-6", "fd07::/64"}}) {
            List<String> routes = namespace
                    .run("ip", network[0], "route", "show", "exact", network[1])
                    .output()
                    .lines()
                    .toList();
            assertThat(routes).as(network[1]).hasSize(2);
            assertThat(routes.getFirst()).contains("dev berth0").doesNotContain("congctl");
            assertThat(routes.getLast()).contains("dev berth1").contains("congctl reno");
        }
        open(builder("berth2").address(IpAddress.Prefix.parse("10.9.0.1/24")).defaultRoutes());
        assertThat(namespace
                        .run("ip", "-4", "route", "show", "default")
                        .output()
                        .lines())
                .as("the last one that was wished leads")
                .satisfiesExactly(
                        newest -> assertThat(newest).contains("dev berth2").contains("congctl reno"),
                        older -> assertThat(older).contains("dev berth1").contains("congctl reno"));
    }

    @Test
    void an_address_without_a_network_has_no_route() throws Exception {
        open(builder("berth0").address(IpAddress.Prefix.parse(KERNEL + "/32")));
        assertThat(namespace.run("ip", "route").output()).isBlank();
    }

    @Test
    void without_the_default_congestion_control_there_are_the_same_routes() throws Exception {
        List<IpAddress.Prefix> addresses =
                List.of(IpAddress.Prefix.parse(KERNEL + "/24"), IpAddress.Prefix.parse(KERNEL_V6 + "/64"));
        TunDevice.Setup setup = new TunDevice.Setup(0, addresses, true, false, "no_such_thing", false);
        TunDevice device = TunDevice.open("berth0", namespace.path(), true, false, setup);
        try {
            for (String destination : DESTINATIONS) {
                String family = destination.contains(":") ? "-6" : "-4";
                assertThat(routes(family, destination)).isNotBlank().doesNotContain("congctl");
            }
        } finally {
            device.close();
        }
    }

    @Test
    void a_congestion_control_that_the_kernel_does_not_know_is_refused() {
        assertThatThrownBy(() -> open(routed("fd07::1").congestionControl("no_such_thing")))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(
                        "The kernel has no congestion control no_such_thing for the route to the network");
        assertThat(exists("berth1")).isFalse();
        for (String bad : new String[] {"", "a-b", "a234567890123456"}) {
            assertThatThrownBy(() -> builder("berth0").congestionControl(bad))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
