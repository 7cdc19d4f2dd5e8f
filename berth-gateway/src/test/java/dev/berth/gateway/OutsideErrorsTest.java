package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.testkit.netns.NetworkNamespace;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What the world says of packets that a gateway has sent, and echo requests: a child process with a gateway is in
/// one namespace, a router that knows better is in another.
@Timeout(120)
class OutsideErrorsTest {
    private static final Duration LIMIT = Duration.ofSeconds(100);

    @BeforeAll
    static void needNamespaces() {
        assumeTrue(NetworkNamespace.isAvailableFor(OutsideErrorsTest.class));
    }

    private static void join(NetworkNamespace near, NetworkNamespace far) {
        near.check("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v0", "netns", far.name());
        far.check("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
        // A router that is asked by tests in a row must not save on its answers.
        far.check("sysctl", "-qw", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0");
        String[] numbers = {"1", "2"};
        NetworkNamespace[] both = {near, far};
        for (int i = 0; i < 2; i++) {
            both[i].check("ip", "addr", "add", "10.9.0." + numbers[i] + "/24", "dev", "v0");
            both[i].check("ip", "addr", "add", "fd09::" + numbers[i] + "/64", "dev", "v0", "nodad");
            both[i].check("ip", "link", "set", "v0", "up");
        }
        near.check("ip", "route", "add", "default", "via", "10.9.0.2");
        near.check("ip", "-6", "route", "add", "default", "via", "fd09::2");
        // Neighbours that nobody is: what is sent there is lost.
        near.check("ip", "neigh", "add", "10.9.0.77", "lladdr", "02:00:00:00:00:77", "dev", "v0");
        near.check("ip", "-6", "neigh", "add", "fd09::77", "lladdr", "02:00:00:00:00:77", "dev", "v0");
        far.check("ip", "route", "add", "unreachable", "192.0.2.0/24");
        far.check("ip", "route", "add", "prohibit", "198.51.100.0/24");
        far.check("ip", "-6", "route", "add", "unreachable", "fd0a::/64");
        far.check("ip", "-6", "route", "add", "prohibit", "fd0b::/64");
        // Behind a link of a small MTU is nobody.
        far.check("ip", "link", "add", "small", "type", "veth", "peer", "name", "end");
        far.check("ip", "link", "set", "small", "mtu", "1300", "up");
        far.check("ip", "link", "set", "end", "mtu", "1300", "up");
        far.check("ip", "route", "add", "203.0.113.0/24", "dev", "small");
        far.check("ip", "neigh", "add", "203.0.113.5", "lladdr", "02:00:00:00:00:78", "dev", "small");
        far.check("ip", "-6", "addr", "add", "fd0d::1/64", "dev", "small", "nodad");
        far.check("ip", "-6", "neigh", "add", "fd0d::5", "lladdr", "02:00:00:00:00:78", "dev", "small");
    }

    private static List<String> tried(NetworkNamespace near, String... attempts) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                GuestInNamespace.class.getName()));
        command.addAll(List.of(attempts));
        NetworkNamespace.Outcome outcome = near.run(LIMIT, command.toArray(String[]::new));
        assertThat(outcome.exit()).as(outcome.output()).isZero();
        assertThat(outcome.output()).endsWith("done\n");
        return outcome.output().lines().toList();
    }

    @Test
    void what_goes_wrong_outside_goes_wrong_inside() {
        try (NetworkNamespace near = NetworkNamespace.create();
                NetworkNamespace far = NetworkNamespace.create()) {
            join(near, far);
            near.check("sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647");
            assertThat(tried(
                            near,
                            "tcp 192.0.2.1",
                            "tcp 198.51.100.1",
                            "tcp 10.10.0.1",
                            "tcp 10.9.0.2",
                            "tcp 10.9.0.3",
                            "tcp fd0a::1",
                            "tcp fd0b::1",
                            "tcp fd0c::1",
                            "udp 10.9.0.2 99 1",
                            "udp 192.0.2.1 99 1",
                            "udp 198.51.100.1 99 1",
                            "udp 10.10.0.1 99 1",
                            "udp 203.0.113.5 99 1400",
                            "udp fd09::2 99 1",
                            "udp fd0a::1 99 1",
                            "udp fd0b::1 99 1",
                            "udp fd0d::5 99 1400",
                            "ping 10.0.0.253 56 0",
                            "ping fd00::fd 56 0",
                            "ping 10.9.0.2 0 0",
                            "ping 10.9.0.2 5000 0",
                            "ping fd09::2 56 0",
                            "ping 10.9.0.3 56 0",
                            "ping 192.0.2.1 56 0",
                            "ping 198.51.100.1 56 0",
                            "ping fd0a::1 56 0",
                            "ping fd0b::1 56 0",
                            "ping 10.9.0.2 56 1",
                            "ping 203.0.113.5 56 2",
                            "ping 10.9.0.2 56 2"))
                    .containsSubsequence(
                            "tcp 192.0.2.1: NoRouteToHostException No route to host",
                            "tcp 198.51.100.1: NoRouteToHostException No route to host",
                            "tcp 10.10.0.1: SocketException Network is unreachable",
                            "tcp 10.9.0.2: ConnectException Connection refused",
                            "tcp 10.9.0.3: NoRouteToHostException No route to host",
                            "tcp fd0a::1: SocketException Network is unreachable",
                            "tcp fd0b::1: NoRouteToHostException No route to host",
                            "tcp fd0c::1: SocketException Network is unreachable",
                            "udp 10.9.0.2 99 1: PortUnreachableException null",
                            "udp 192.0.2.1 99 1: a soft error",
                            "udp 198.51.100.1 99 1: NoRouteToHostException No route to host",
                            "udp 10.10.0.1 99 1: a soft error",
                            "udp 203.0.113.5 99 1400: a soft error",
                            "udp fd09::2 99 1: PortUnreachableException null",
                            "udp fd0a::1 99 1: a soft error",
                            "udp fd0b::1 99 1: NoRouteToHostException No route to host",
                            "udp fd0d::5 99 1400: a soft error",
                            "ping 10.0.0.253 56 0: 56 octets from 10.0.0.253",
                            "ping fd00::fd 56 0: 56 octets from fd00::fd",
                            "ping 10.9.0.2 0 0: 0 octets from 10.9.0.2",
                            "ping 10.9.0.2 5000 0: 5000 octets from 10.9.0.2",
                            "ping fd09::2 56 0: 56 octets from fd09::2",
                            "ping 10.9.0.3 56 0: PROHIBITED from 10.9.0.3",
                            "ping 192.0.2.1 56 0: HOST_UNREACHABLE from 10.9.0.2",
                            "ping 198.51.100.1 56 0: PROHIBITED from 10.9.0.2",
                            "ping fd0a::1 56 0: NET_UNREACHABLE from fd09::2",
                            "ping fd0b::1 56 0: PROHIBITED from fd09::2",
                            "ping 10.9.0.2 56 1: TIME_EXCEEDED from 10.0.0.253",
                            "ping 203.0.113.5 56 2: TIME_EXCEEDED from 10.9.0.2",
                            "ping 10.9.0.2 56 2: 56 octets from 10.9.0.2");
        }
    }

    @Test
    void where_ping_sockets_are_not_allowed_echo_is_prohibited_at_once() {
        try (NetworkNamespace near = NetworkNamespace.create()) {
            near.check("sysctl", "-qw", "net.ipv4.ping_group_range=1 0");
            List<String> lines = tried(near, "ping 10.0.0.253 56 0", "ping fd00::fd 56 0");
            assertThat(lines)
                    .contains(
                            "ping 10.0.0.253 56 0: PROHIBITED from 10.0.0.253",
                            "ping fd00::fd 56 0: PROHIBITED from fd00::fd")
                    .anyMatch(line -> line.matches(".*echoesLost=[1-9].*"));
            assertThat(lines.stream().filter(line -> line.contains("net.ipv4.ping_group_range")))
                    .as("said once")
                    .hasSize(1);
        }
    }
}
