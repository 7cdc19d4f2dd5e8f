package dev.berth.it.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.testkit.netns.NetworkNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `berth gateway` in one namespace serves programs in a second one, whose servers are in a third. Afterwards it has
/// no flow, no descriptor and no thread more than before.
///
/// `-Dberth.gateway.crowd=10000` sets how many short connections there are, 1,000 unless told;
/// `-Dberth.gateway.slow=1000` how many slow ones, 300 unless told; `-Dberth.gateway.seed=N` sets others.
@Tag("netns")
@Timeout(900)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class NamespaceGatewayTest {
    private static final int CROWD = Integer.getInteger("berth.gateway.crowd", 1_000);
    private static final int SLOW = Integer.getInteger("berth.gateway.slow", 300);
    private static final long SEED = Long.getLong("berth.gateway.seed", 1);
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String SERVER = "198.18.9.9";
    private static final String SERVER_V6 = "2001:db8:9::9";
    private static final String DEAD = "198.18.9.8";
    private static final int HTTP = 8_080;

    @TempDir
    private static Path directory;

    private static NetworkNamespace inside;
    private static NetworkNamespace middle;
    private static NetworkNamespace outside;
    private static NamespaceProgram gateway;
    private static String pid;
    private static long descriptors;
    private static long threads;

    @BeforeAll
    static void enter() throws IOException {
        assumeTrue(NetworkNamespace.isAvailableFor(NamespaceGatewayTest.class), "needs root, ip and /dev/net/tun");
        inside = NetworkNamespace.create();
        middle = NetworkNamespace.create();
        outside = NetworkNamespace.create();
        middle.check("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", outside.name());
        addresses(middle, "v0", "198.18.0.1/24", "2001:db8:18::1/64");
        addresses(outside, "v1", "198.18.0.2/24", "2001:db8:18::2/64");
        middle.check("ip", "route", "add", "default", "via", "198.18.0.2");
        middle.check("ip", "route", "add", "default", "via", "2001:db8:18::2");
        for (String address : List.of(SERVER + "/32", DEAD + "/32", SERVER_V6 + "/128")) {
            outside.check("ip", "address", "add", address, "dev", "lo");
        }
        start(outside, KernelPeer.command("http", "::", HTTP));
        start(outside, GatewayPeer.command("echo", "::", "7"));
        gateway = gateway("--publish", "198.18.0.1:8081:80");
        pid = Stream.of(middle.check("ip", "netns", "pids", middle.name()).split("\\s+", -1))
                .filter(each -> command(each).contains("dev.berth.cli.Berth"))
                .findFirst()
                .orElseThrow();
        curl(0, "http://" + SERVER + ":" + HTTP + "/1"); // what comes with the first flow stays
        curl(0, "http://[" + SERVER_V6 + "]:" + HTTP + "/1");
        descriptors = count("fd");
        threads = count("task");
    }

    private static NamespaceProgram gateway(String... options) {
        List<String> command =
                new ArrayList<>(List.of("gateway", "--netns", inside.path().toString()));
        command.addAll(List.of("--control", control()));
        command.addAll(List.of(options));
        NamespaceProgram program = middle.start(berth(command.toArray(String[]::new)));
        program.awaitLine(line -> line.startsWith("berth: gateway on tun0"), SOON);
        return program;
    }

    private static String control() {
        return directory.resolve("control").toString();
    }

    private static String[] berth(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1", "-cp"));
        command.addAll(List.of(GatewayPeer.classPath(), "dev.berth.cli.Berth"));
        command.addAll(List.of(arguments));
        return command.toArray(String[]::new);
    }

    @AfterAll
    static void leave() {
        for (NetworkNamespace each : new NetworkNamespace[] {inside, middle, outside}) {
            if (each != null) {
                each.close();
            }
        }
    }

    private static void addresses(NetworkNamespace namespace, String device, String ipv4, String ipv6) {
        namespace.check("ip", "address", "add", ipv4, "dev", device);
        namespace.check("ip", "address", "add", ipv6, "dev", device, "nodad");
        namespace.check("ip", "link", "set", "dev", device, "up");
    }

    private static NamespaceProgram start(NetworkNamespace namespace, String... command) {
        NamespaceProgram program = namespace.start(command);
        program.awaitLine("ready"::equals, SOON);
        return program;
    }

    private static String command(String process) {
        try {
            Path file = Path.of("/proc", process, "cmdline");
            return process.isEmpty() || !Files.exists(file) ? "" : Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long count(String what) {
        try (Stream<Path> all = Files.list(Path.of("/proc", pid, what))) {
            return all.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String curl(int exit, String... arguments) {
        List<String> command = new ArrayList<>(List.of("curl", "-sS", "--max-time", "60"));
        command.addAll(List.of(arguments));
        NetworkNamespace.Outcome outcome = inside.run(LIMIT, command.toArray(String[]::new));
        assertThat(outcome.exit()).as(outcome.toString()).isEqualTo(exit);
        return outcome.output();
    }

    private static String url(String address, int port, long length) {
        return "http://" + (address.contains(":") ? "[" + address + "]" : address) + ":" + port + "/" + length;
    }

    @ParameterizedTest
    @ValueSource(strings = {SERVER, SERVER_V6})
    @Order(1)
    void a_file_arrives_as_it_was_sent(String address) {
        long length = 40_000_000;
        NetworkNamespace.Outcome outcome = inside.run(
                LIMIT, "sh", "-c", "curl -sS --max-time 60 '" + url(address, HTTP, length) + "' | sha256sum");
        assertThat(outcome.output()).startsWith(Bulk.digest(length));
    }

    @ParameterizedTest
    @ValueSource(strings = {SERVER, SERVER_V6})
    @Order(1)
    void iperf3_runs_in_both_directions(String address) {
        outside.start("iperf3", "-s", "-1", "-p", "5300");
        Waiting.until(() -> outside.check("ss", "-Htln").contains(":5300"), SOON, () -> "iperf3 does not listen");
        String output = inside.run(LIMIT, "iperf3", "-c", address, "-p", "5300", "-t", "1", "--bidir")
                .output();
        assertThat(output).contains("receiver").doesNotContain("error");
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.2.3", "fd00::3"})
    @Order(1)
    void dig_is_answered(String server) {
        assertThat(inside.check("dig", "+short", "+time=5", "@" + server, "guest", "A")
                        .strip())
                .isEqualTo("10.0.2.100");
        assertThat(inside.check("dig", "+short", "+tcp", "@" + server, "guest", "AAAA")
                        .strip())
                .isEqualTo("fd00::100");
    }

    @Test
    @Order(1)
    void a_published_port_leads_to_a_server_inside() {
        start(inside, KernelPeer.command("http", "10.0.2.100", 80));
        String fetch = "curl -sS http://198.18.0.1:%s/300000 | sha256sum";
        assertThat(outside.check("sh", "-c", fetch.formatted("8081"))).startsWith(Bulk.digest(300_000));
        middle.check(berth("publish", "--control", control(), "guest", "198.18.0.1:8082:80"));
        assertThat(outside.check("sh", "-c", fetch.formatted("8082"))).startsWith(Bulk.digest(300_000));
        assertThat(middle.run(berth("publish", "--control", control(), "guest", "198.18.0.1:8082:81"))
                        .output())
                .contains("is published here already");
        middle.check(berth("unpublish", "--control", control(), "198.18.0.1:8082"));
        assertThat(outside.run("curl", "-sS", "http://198.18.0.1:8082/1").output())
                .contains("Failed to connect");
    }

    @Test
    @Order(2)
    void wrk_has_no_errors() {
        String output = inside.run(LIMIT, "wrk", "-t", "1", "-c", "50", "-d", "1s", url(SERVER, HTTP, 1_000))
                .output();
        assertThat(output)
                .contains("requests in")
                .doesNotContain("Socket errors")
                .doesNotContain("Non-2xx");
    }

    @Test
    @Order(2)
    void short_connections_are_all_right_however_they_end() {
        NamespaceProgram server = start(outside, KernelPeer.command("crowd-serve", "::", 7_000, SEED, CROWD));
        NamespaceProgram clients =
                inside.start(KernelPeer.command("crowd-connect", SERVER, 7_000, SERVER_V6, SEED, CROWD, 60));
        assertThat(clients.awaitSuccess(LIMIT)).isEqualTo("good");
        inside.check(GatewayPeer.command("last", SERVER, "7000"));
        assertThat(server.awaitSuccess(LIMIT)).isEqualTo("ready\ngood");
    }

    @Test
    @Order(2)
    void slow_connections_do_not_hold_up_others() {
        NamespaceProgram slow = inside.start(GatewayPeer.command("slow", SERVER, "7", "" + SLOW));
        slow.awaitLine("open"::equals, LIMIT);
        assertThat(curl(0, url(SERVER, HTTP, 3))).hasSize(3);
        assertThat(slow.awaitSuccess(LIMIT)).endsWith("good " + SLOW);
    }

    @Test
    @Order(3)
    void a_dead_destination_leaves_the_others_alone() {
        outside.check(
                "nft",
                "add table inet dead; add chain inet dead in { type filter hook input priority 0; };"
                        + " add rule inet dead in ip daddr " + DEAD + " drop");
        List<NamespaceProgram> waiting = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            waiting.add(inside.start("curl", "-sS", "--connect-timeout", "3", url(DEAD, HTTP, 1)));
        }
        for (int i = 0; i < 20; i++) {
            curl(0, "--connect-timeout", "2", url(SERVER, HTTP, 1));
        }
        waiting.forEach(each -> each.awaitLine(line -> line.contains("(28)"), SOON));
        outside.check("nft", "delete", "table", "inet", "dead");
        curl(0, url(DEAD, HTTP, 1));
    }

    @Test
    @Order(3)
    void an_outside_that_is_filtered_is_refused_and_comes_back() {
        outside.check(
                "nft",
                "add table inet no; add chain inet no in { type filter hook input priority 0; };"
                        + " add rule inet no in tcp dport " + HTTP + " reject with tcp reset");
        curl(7, url(SERVER, HTTP, 1));
        curl(7, url(SERVER_V6, HTTP, 1));
        outside.check("nft", "delete", "table", "inet", "no");
        curl(0, url(SERVER, HTTP, 1));
    }

    @Test
    @Order(3)
    void an_outside_that_is_killed_resets_its_flows_and_can_come_back() {
        NamespaceProgram server = start(outside, KernelPeer.command("http", "::", 8_090));
        NamespaceProgram download =
                inside.start("curl", "-sS", "--limit-rate", "1M", "-o", "/dev/null", url(SERVER, 8_090, 1L << 40));
        Waiting.until(
                () -> outside.check("ss", "-Htn", "state", "established", "sport", "=", ":8090")
                        .contains(":8090"),
                SOON,
                () -> "no flow");
        server.close();
        download.awaitLine(line -> line.contains("curl: ("), SOON);
        curl(7, url(SERVER, 8_090, 1));
        start(outside, KernelPeer.command("http", "::", 8_090));
        curl(0, url(SERVER, 8_090, 1));
    }

    @Test
    @Order(4)
    void nothing_is_left() {
        Waiting.until(
                () -> count("fd") <= descriptors,
                LIMIT,
                () -> count("fd") + " descriptors, " + descriptors + " before");
        // The carriers of virtual threads stay for half a minute, and are bounded: two for each processor at most here.
        long carriers = 2L * Runtime.getRuntime().availableProcessors() + 8;
        Waiting.until(
                () -> count("task") <= threads + carriers,
                LIMIT,
                () -> count("task") + " threads, " + threads + " before");
        middle.check("kill", "-TERM", pid);
        String line = gateway.awaitLine(each -> each.startsWith("berth: carried "), SOON);
        assertThat(line).contains("(0 open,").contains("spoofed 0, malformed 0, dropped 0");
        Waiting.until(() -> !inside.check("ip", "link").contains("tun0"), SOON, () -> "the device stays");
    }

    @Test
    @Order(5)
    void the_end_of_the_exit_descriptor_or_of_the_process_ends_it() {
        NamespaceProgram sleeper = inside.start("sleep", "300");
        String sleep = inside.check("ip", "netns", "pids", inside.name())
                .lines()
                .map(String::strip)
                .filter(each -> command(each).startsWith("sleep"))
                .findFirst()
                .orElseThrow();
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        NamespaceProgram second = middle.start(
                java,
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                GatewayPeer.classPath(),
                "dev.berth.cli.Berth",
                "gateway",
                "--netns",
                sleep,
                "--mtu",
                "1500",
                "--outside",
                "off",
                "--control",
                "off",
                "--ready-fd",
                "1");
        second.awaitLine("1"::equals, SOON);
        assertThat(inside.check("ip", "link", "show", "tun0")).contains("mtu 1500");
        curl(28, "--connect-timeout", "1", url(SERVER, HTTP, 1)); // there is no outside
        sleeper.close();
        assertThat(second.awaitSuccess(SOON)).contains("the process of the namespace has ended");
    }
}
