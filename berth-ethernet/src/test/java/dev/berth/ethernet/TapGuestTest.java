package dev.berth.ethernet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.host.Host;
import dev.berth.network.NameRouter;
import dev.berth.network.Network;
import dev.berth.testkit.netns.NetworkNamespace;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The kernel of a namespace as the guest behind a TAP device: its ARP, its Neighbor Discovery, its own
/// autoconfiguration of IPv6, and busybox's DHCP client.
@Tag("netns")
@Timeout(120)
class TapGuestTest {
    private static final IpAddress.Prefix ROUTER = IpAddress.Prefix.parse("10.0.2.1/24");
    private static final IpAddress.Prefix ROUTER_V6 = IpAddress.Prefix.parse("fd00:2::1/64");

    @TempDir
    Path temporary;

    private NetworkNamespace namespace;
    private Network network;
    private Host web;
    private PageHost page;
    private EthernetSegment segment;

    @BeforeEach
    void start() throws Exception {
        assumeTrue(NetworkNamespace.isAvailableFor(getClass()), "needs root, ip and /dev/net/tun");
        namespace = NetworkNamespace.create();
        network = Network.builder("lab")
                .subnet("lab", "10.0.2.0/24", "fd00:2::/64")
                .mtu(1_500)
                .build();
        web = network.host("web", IpAddress.Prefix.parse("10.0.2.10/24"), IpAddress.Prefix.parse("fd00:2::10/64"));
        page = PageHost.start(web, 200_000);
        segment = EthernetSegment.builder(network)
                .router(ROUTER)
                .router(ROUTER_V6)
                .start();
    }

    @AfterEach
    void stop() throws Exception {
        if (segment != null) {
            segment.close();
            page.close();
            network.close();
        }
        if (namespace != null) {
            namespace.close();
        }
        LiveThreads.awaitNone("berth-tap", "berth-ethernet");
    }

    /// Runs busybox's client until it has an address; what it was given is in the device and in resolv.conf.
    private void configure(String device) throws IOException {
        Path script = temporary.resolve("udhcpc");
        Files.writeString(script, """
                #!/bin/sh
                [ "$1" = bound ] || exit 0
                echo "lease $ip/$mask router $router dns $dns mtu $mtu time $lease server $serverid"
                ip address add "$ip/$mask" dev "$interface"
                ip link set dev "$interface" mtu "$mtu"
                ip route add default via "$router"
                """);
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        String told = namespace.check(
                "busybox",
                "udhcpc",
                "-i",
                device,
                "-n",
                "-q",
                "-f",
                "-x",
                "hostname:Kernel-Guest",
                "-s",
                script.toString());
        assertThat(told).contains("router 10.0.2.1 dns 10.0.2.1 mtu 1500 time 3600 server 10.0.2.1");
    }

    @Test
    void the_kernel_gets_an_address_by_dhcp_and_reaches_the_network_and_is_reached() throws Exception {
        EthernetPort port = segment.attachTap("tap0", namespace.path());
        configure("tap0");

        assertThat(namespace.check("curl", "-s", "--max-time", "10", "http://10.0.2.10/"))
                .hasSize(200_000);
        namespace.check("ping", "-c", "2", "-W", "5", "10.0.2.10");
        assertThat(namespace.check("ip", "neigh", "show", "10.0.2.10")).contains("02:62:65:72:74:68");
        IpAddress address = network.addresses("kernel-guest").stream()
                .filter(IpAddress::isIpv4)
                .findFirst()
                .orElseThrow();
        assertThat(namespace.check("ip", "-4", "address", "show", "dev", "tap0"))
                .contains(address.toString());
        assertThat(network.name(address)).isEqualTo("tap0");
        EthernetCounters counters = port.counters();
        assertThat(counters.leases()).isEqualTo(1);
        assertThat(counters.arpReplies()).isPositive();
        assertThat(counters.drops()).doesNotContainKeys(FrameDrop.SPOOFED, FrameDrop.MALFORMED, FrameDrop.CHECKSUM);
    }

    @Test
    void the_kernel_makes_its_own_ipv6_address_and_finds_its_neighbours() throws Exception {
        EthernetPort port = segment.attachTap("tap0", namespace.path());
        String address = awaitIpv6("tap0");
        assertThat(namespace.check("curl", "-s", "-g", "--max-time", "10", "http://[fd00:2::10]/"))
                .hasSize(200_000);
        namespace.check("ping", "-c", "2", "-W", "5", "fd00:2::10");
        assertThat(namespace.check("ip", "-6", "route", "show", "default")).contains("proto ra");
        assertThat(namespace.check("ip", "-6", "neigh", "show", "fd00:2::10")).contains("02:62:65:72:74:68");
        assertThat(port.addresses()).contains(IpAddress.parse(address));
        assertThat(port.counters().advertisements()).isPositive();
        assertThat(port.counters().drops()).doesNotContainKeys(FrameDrop.SPOOFED, FrameDrop.MALFORMED);
    }

    private String awaitIpv6(String device) {
        return namespace
                .check(
                        "sh",
                        "-c",
                        "for i in $(seq 150); do ip -6 -o address show dev " + device
                                + " scope global -tentative | grep -o 'fd00:2:[0-9a-f:]*' && exit 0;"
                                + " busybox usleep 100000; done; exit 1")
                .lines()
                .findFirst()
                .orElseThrow();
    }

    @Test
    void names_are_answered_where_dhcp_says() throws Exception {
        try (NameRouter router = NameRouter.start(network)) {
            segment.attachTap("tap0", namespace.path());
            configure("tap0");
            assertThat(namespace.check("busybox", "nslookup", "-type=a", "web", "10.0.2.1"))
                    .contains("10.0.2.10");
            assertThat(router.server()).isNotNull();
        }
    }

    @Test
    void an_address_that_was_not_given_is_refused_and_one_of_a_host_is_defended() throws Exception {
        EthernetPort port = segment.attachTap("tap0", namespace.path());
        namespace.check("ip", "address", "add", "10.0.2.77/24", "dev", "tap0");
        assertThat(namespace.run("ping", "-c", "1", "-W", "1", "10.0.2.10").exit())
                .isNotZero();
        assertThat(port.counters().dropped(FrameDrop.SPOOFED)).isPositive();
        assertThat(network.isTaken(IpAddress.parse("10.0.2.77"))).isFalse();

        // Duplicate address detection of the kernel meets the host that has the address.
        namespace.check("ip", "address", "add", "fd00:2::10/64", "dev", "tap0");
        String state = namespace.check(
                "sh",
                "-c",
                "for i in $(seq 100); do ip -6 address show dev tap0 | grep dadfailed && exit 0; busybox usleep 100000;"
                        + " done; exit 1");
        assertThat(state).contains("fd00:2::10");
    }

    @Test
    void static_addresses_are_learned_where_that_is_allowed() throws Exception {
        try (EthernetSegment open = EthernetSegment.builder(network)
                .router(ROUTER)
                .staticAddresses(true)
                .start()) {
            EthernetPort port = open.attachTap("tap1", namespace.path());
            namespace.check("ip", "address", "add", "10.0.2.77/24", "dev", "tap1");
            namespace.check("ping", "-c", "1", "-W", "5", "10.0.2.10");
            assertThat(port.addresses()).contains(IpAddress.parse("10.0.2.77"));
        }
    }

    @Test
    void the_device_goes_with_the_port_and_the_port_with_the_device() throws Exception {
        EthernetPort port = segment.attachTap("tap0", namespace.path());
        assertThatThrownBy(() -> segment.attachTap("tap0", namespace.path()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("in use");
        port.close();
        assertThat(namespace.run("ip", "link", "show", "dev", "tap0").exit()).isNotZero();
        assertThat(segment.ports()).isEmpty();

        EthernetPort second = segment.attachTap("tap0", namespace.path());
        CompletableFuture<String> ended = new CompletableFuture<>();
        second.whenEnded(ended::complete);
        namespace.check("ip", "link", "delete", "dev", "tap0");
        assertThat(ended).succeedsWithin(Duration.ofSeconds(10)).asString().contains("removed");
        assertThat(segment.ports()).isEmpty();
    }
}
