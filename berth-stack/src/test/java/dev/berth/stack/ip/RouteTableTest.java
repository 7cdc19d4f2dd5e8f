package dev.berth.stack.ip;

import static dev.berth.stack.script.ScriptHost.hi;
import static dev.berth.stack.script.ScriptHost.lo;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.wire.IpAddress;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RouteTableTest {
    private final Addresses addresses = new Addresses();
    private final NetInterface loopback = NetInterface.loopback();
    private final RouteTable routes = new RouteTable(addresses, loopback);
    private final NetInterface one = new NetInterface(1, "one", 1_500, false, 0);
    private final NetInterface two = new NetInterface(2, "two", 1_500, false, 0);

    private static IpAddress.Prefix prefix(String text) {
        return IpAddress.Prefix.parse(text);
    }

    private NetInterface lookup(String address) {
        return routes.lookup(hi(address), lo(address));
    }

    private String source(String destination, NetInterface nic) {
        return routes.sourceFor(hi(destination), lo(destination), nic)
                ? IpAddress.toString(routes.sourceHi(), routes.sourceLo())
                : "none";
    }

    @Requirement({"1122-012", "1122-053", "1122-054"})
    @ParameterizedTest
    @CsvSource({
        "10.0.0.7, one", "10.0.1.7, two", "10.9.9.9, two", "8.8.8.8, one", "10.0.0.200, two", "2001:db8::5, one",
        "2001:db8:1::5, two", "10.0.0.1, lo", "127.0.0.1, lo", "::1, lo", "2001:db8::1, lo", "10.0.0.255, one"
    })
    void the_longest_prefix_wins(String destination, String name) {
        routes.addAddress(prefix("10.0.0.1/24"), one);
        routes.addAddress(prefix("2001:db8::1/64"), one);
        routes.add(prefix("10.0.0.0/8"), two);
        routes.add(prefix("10.0.0.200/31"), two);
        routes.add(prefix("0.0.0.0/0"), one);
        routes.add(prefix("2001:db8:1::/48"), two);
        assertThat(lookup(destination)).extracting(NetInterface::name).isEqualTo(name);
    }

    @Test
    void without_a_route_there_is_no_interface() {
        routes.addAddress(prefix("10.0.0.1/24"), one);
        assertThat(lookup("10.0.1.1")).isNull();
        assertThat(lookup("2001:db8::1")).isNull();
        // ::/0 contains the IPv4-mapped addresses as numbers, but IPv4 destinations are not IPv6 ones.
        routes.add(prefix("::/0"), one);
        assertThat(lookup("10.0.1.1")).isNull();
        assertThat(lookup("2001:db8::1")).isSameAs(one);
    }

    @Requirement("1122-054")
    @Test
    void of_equal_prefixes_the_lower_metric_wins_then_the_older() {
        routes.add(prefix("0.0.0.0/0"), one, 10);
        routes.add(prefix("0.0.0.0/0"), two, 5);
        assertThat(lookup("8.8.8.8")).isSameAs(two);
        two.up(false, new DropCounters());
        assertThat(lookup("8.8.8.8")).isSameAs(one);
        two.up(true, new DropCounters());
        assertThat(routes.remove(prefix("0.0.0.0/0"), two)).isTrue();
        assertThat(lookup("8.8.8.8")).isSameAs(one);
        routes.add(prefix("0.0.0.0/0"), two, 10);
        assertThat(lookup("8.8.8.8")).isSameAs(one);
        assertThat(routes.routes()).hasSize(2);
        routes.removeAll(one);
        assertThat(lookup("8.8.8.8")).isSameAs(two);
    }

    @Test
    void broadcasts_and_multicasts_find_an_interface_without_a_route() {
        assertThat(lookup("255.255.255.255")).isNull();
        routes.addAddress(prefix("10.0.0.1/24"), one);
        routes.addAddress(prefix("2001:db8::1/64"), two);
        assertThat(lookup("255.255.255.255")).isSameAs(one);
        assertThat(lookup("239.1.1.1")).isSameAs(one);
        assertThat(lookup("ff02::5")).isSameAs(two);
    }

    // RFC 6724 section 5
    @ParameterizedTest
    @CsvSource({
        "10.0.0.7, 10.0.0.1",
        "10.0.1.7, 10.0.1.1",
        "8.8.8.8, 10.0.0.1",
        "10.0.1.1, 10.0.1.1",
        "127.0.0.9, 127.0.0.1",
        "::1, ::1",
        "2001:db8:5::9, 2001:db8:5::1",
        "2001:db8:6::9, 2001:db8:5::1",
        "fe80::9, fe80::1",
        "ff02::1, fe80::1",
        "169.254.3.3, 10.0.0.1",
        "172.16.0.9, 10.0.0.1"
    })
    void the_source_is_own_of_the_same_family_and_scope_and_the_nearest(String destination, String source) {
        routes.addAddress(prefix("10.0.0.1/24"), one);
        routes.addAddress(prefix("10.0.1.1/24"), one);
        routes.addAddress(prefix("fe80::1/64"), one);
        routes.addAddress(prefix("2001:db8:5::1/64"), one);
        routes.addAddress(prefix("172.16.0.1/24"), two);
        assertThat(source(destination, one)).isEqualTo(source);
    }

    @Test
    void without_an_address_on_the_interface_another_one_lends_its_own() {
        assertThat(source("8.8.8.8", two)).isEqualTo("none");
        routes.addAddress(prefix("10.0.0.1/24"), one);
        assertThat(source("8.8.8.8", two)).isEqualTo("10.0.0.1");
        assertThat(source("2001:db8::5", two)).isEqualTo("none");
    }

    @Test
    void look_ups_agree_with_a_naive_model() {
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 200; i++) {
            int bits = random.nextInt(33);
            IpAddress address = IpAddress.ofIpv4(random.nextInt() & 0x1fffffff);
            routes.add(new IpAddress.Prefix(address, bits), i % 2 == 0 ? one : two);
        }
        for (int i = 0; i < 10_000; i++) {
            long lo = IpAddress.mapped(random.nextInt() & 0x1fffffff);
            RouteTable.Route best = null;
            for (RouteTable.Route route : routes.routes()) {
                if (route.prefix().contains(0, lo)
                        && (best == null
                                || route.prefix().length() > best.prefix().length())) {
                    best = route;
                }
            }
            NetInterface expected = IpAddress.isLoopback(0, lo) ? loopback : best == null ? null : best.nic();
            assertThat(routes.lookup(0, lo)).isSameAs(expected);
        }
    }
}
