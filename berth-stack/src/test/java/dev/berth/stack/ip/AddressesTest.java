package dev.berth.stack.ip;

import static dev.berth.stack.script.ScriptHost.hi;
import static dev.berth.stack.script.ScriptHost.lo;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Requirement;
import dev.berth.wire.IpAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressesTest {
    private final Addresses addresses = new Addresses();
    private final NetInterface nic = new NetInterface(1, "t0", 1_500, false, 0);

    private void add(String prefix) {
        addresses.add(IpAddress.Prefix.parse(prefix), nic);
    }

    private int kind(String address) {
        return addresses.kind(hi(address), lo(address));
    }

    @Requirement({"1122-012", "1122-014", "1122-065"})
    @ParameterizedTest
    @CsvSource({
        "10.0.0.1, 1",
        "10.0.0.2, 0",
        "10.0.0.255, 2",
        "10.0.0.0, 0",
        "255.255.255.255, 2",
        "224.0.0.1, 3",
        "224.0.0.2, 0",
        "127.0.0.1, 1",
        "127.200.3.4, 1",
        "0.0.0.0, 0",
        "::, 0",
        "::1, 1",
        "2001:db8::1, 1",
        "2001:db8::2, 0",
        "ff02::1, 3",
        "ff01::1, 3",
        "ff02::2, 0",
        "ff02::1:ff00:1, 3",
        "ff02::1:ff00:2, 0",
        "172.16.0.2, 1",
        "172.16.0.3, 0",
        "172.16.0.4, 1",
        "192.168.7.255, 2",
        "192.168.6.255, 0"
    })
    void every_address_has_its_kind(String address, int kind) {
        add("10.0.0.1/24");
        add("172.16.0.2/31"); // no broadcast address: RFC 3021
        add("172.16.0.4/32");
        add("192.168.5.1/22");
        add("2001:db8::1/64");
        assertThat(kind(address)).isEqualTo(kind);
    }

    @Test
    void what_was_removed_is_foreign_again() {
        add("10.0.0.1/24");
        int before = addresses.version();
        assertThat(addresses.remove(IpAddress.Prefix.parse("10.0.0.1/24"), nic)).isTrue();
        assertThat(addresses.remove(IpAddress.Prefix.parse("10.0.0.1/24"), nic)).isFalse();
        assertThat(kind("10.0.0.1")).isEqualTo(Addresses.FOREIGN);
        assertThat(kind("10.0.0.255")).isEqualTo(Addresses.FOREIGN);
        assertThat(addresses.version()).isNotEqualTo(before);
        assertThat(nic.addresses()).isEmpty();
    }

    @Test
    void thousands_of_addresses_are_all_found() {
        for (int i = 1; i < 3_000; i++) {
            add("10." + (i >> 8) + "." + (i & 255) + ".7/30");
        }
        for (int i = 1; i < 3_000; i++) {
            assertThat(kind("10." + (i >> 8) + "." + (i & 255) + ".7")).isEqualTo(Addresses.OWN);
            assertThat(kind("10." + (i >> 8) + "." + (i & 255) + ".6")).isEqualTo(Addresses.FOREIGN);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0.0.0.0/0",
                "127.0.0.1/8",
                "224.0.0.1/4",
                "255.255.255.255/32",
                "240.0.0.1/8",
                "::/0",
                "::1/128",
                "ff02::5/128"
            })
    void addresses_that_no_host_has_are_refused(String prefix) {
        assertThatThrownBy(() -> add(prefix)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void an_address_twice_is_refused() {
        add("10.0.0.1/24");
        assertThatThrownBy(() -> add("10.0.0.1/16")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void joins_are_counted() {
        IpAddress group = IpAddress.parse("239.1.2.3");
        addresses.join(group);
        addresses.join(group);
        assertThat(addresses.leave(group)).isTrue();
        assertThat(kind("239.1.2.3")).isEqualTo(Addresses.MULTICAST);
        assertThat(addresses.leave(group)).isTrue();
        assertThat(addresses.leave(group)).isFalse();
        assertThat(kind("239.1.2.3")).isEqualTo(Addresses.FOREIGN);
        assertThatThrownBy(() -> addresses.join(IpAddress.parse("10.0.0.1")))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_local_prefix_makes_unicast_addresses_own() {
        IpAddress.Prefix all = IpAddress.Prefix.parse("0.0.0.0/0");
        addresses.addLocalPrefix(all);
        assertThat(kind("8.8.8.8")).isEqualTo(Addresses.OWN);
        assertThat(kind("224.0.0.9")).isEqualTo(Addresses.FOREIGN);
        assertThat(kind("255.255.255.255")).isEqualTo(Addresses.BROADCAST);
        assertThat(kind("2001:db8::1")).isEqualTo(Addresses.FOREIGN);
        assertThat(addresses.removeLocalPrefix(all)).isTrue();
        assertThat(kind("8.8.8.8")).isEqualTo(Addresses.FOREIGN);
    }
}
