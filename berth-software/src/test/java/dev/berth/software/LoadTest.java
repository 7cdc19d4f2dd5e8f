package dev.berth.software;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.testkit.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Tomcat and Netty under load: no request fails, and nothing is left in the host's tables. The ordinary run is
/// short;
/// `-Dberth.test.jvm=-Dberth.load=REQUESTS` makes it as long as one likes (2,500,000 for each of the four take ten
/// minutes), and prints the rates of Berth and of the kernel.
class LoadTest {
    private static final long REQUESTS = Long.getLong("berth.load", 10_000);
    private static final Duration LIMIT = Duration.ofMinutes(2 + REQUESTS / 100_000);
    private static final Pattern RATE = Pattern.compile("(?m)^requests per second (\\d+)$");
    private static final Pattern WRK_REQUESTS = Pattern.compile("(\\d+) requests in ");
    private static final Pattern WRK_RATE = Pattern.compile("Requests/sec: +([0-9.]+)");

    private NetworkNamespace namespace;

    @BeforeAll
    static void namespaces() {
        assumeTrue(NetworkNamespace.isAvailableFor(LoadTest.class));
    }

    @BeforeEach
    void begin() {
        namespace = NetworkNamespace.create();
    }

    @AfterEach
    void end() {
        namespace.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"tomcat", "netty"})
    void answers_all_requests_in_one_jvm(String server) throws IOException, InterruptedException {
        String agent = SoftwareRun.agent();
        String[] load = {server, Long.toString(REQUESTS), "64"};
        String onBerth = run(List.of("-javaagent:" + agent), load);
        String onKernel = run(List.of("-Dio.netty.transport.noNative=true"), load);
        System.out.println("One JVM, " + server + ": " + rate(RATE, onBerth) + " requests a second on Berth, "
                + rate(RATE, onKernel) + " on the kernel");
    }

    private String run(List<String> options, String... arguments) {
        NetworkNamespace.Outcome outcome = namespace.run(LIMIT, java(options, arguments));
        assertThat(outcome.output().strip())
                .contains("right: requests answered")
                .endsWith("done");
        assertThat(outcome.exit()).isZero();
        return outcome.output();
    }

    private static String[] java(List<String> options, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx600m");
        command.addAll(options);
        command.addAll(List.of("-cp", SoftwareRun.CLASS_PATH, "dev.berth.software.HttpLoad"));
        command.addAll(List.of(arguments));
        return command.toArray(String[]::new);
    }

    private static String rate(Pattern pattern, String output) {
        Matcher matcher = pattern.matcher(output);
        assertThat(matcher.find()).as(output).isTrue();
        return matcher.group(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tomcat", "netty"})
    void answers_all_requests_of_wrk_through_tun(String server, @TempDir Path directory) {
        String control = directory.resolve("control").toString();
        SoftwareRun.assumeInstalled(LoadTest.class, "wrk");
        namespace.check("ip", "tuntap", "add", "dev", "berth0", "mode", "tun", "vnet_hdr");
        namespace.check("ip", "addr", "add", "10.7.0.1/24", "dev", "berth0");
        namespace.check("ip", "link", "set", "dev", "berth0", "up");
        String onBerth;
        try (NamespaceProgram program = namespace.start(
                SoftwareRun.ROOT.resolve("berth").toString(),
                "run",
                "--tun",
                "berth0",
                "--address",
                "10.7.0.2",
                "--control",
                control,
                "-cp",
                SoftwareRun.CLASS_PATH,
                "dev.berth.software.HttpLoad",
                server,
                "serve")) {
            program.awaitLine(line -> line.equals("ready"), LIMIT);
            onBerth = wrk("10.7.0.2");
            awaitNoConnections(control);
        }
        String onKernel;
        try (NamespaceProgram program = namespace.start(java(List.of(), server, "serve"))) {
            program.awaitLine(line -> line.equals("ready"), LIMIT);
            onKernel = wrk("127.0.0.1");
        }
        System.out.println("wrk, " + server + ": " + rate(WRK_RATE, onBerth) + " requests a second through TUN, "
                + rate(WRK_RATE, onKernel) + " on the kernel's loopback");
    }

    /// Waits until the host has no connection of the load left but those in TIME-WAIT, looking twenty times, which
    /// takes half a second each.
    private void awaitNoConnections(String control) {
        String sockets = "";
        for (int i = 0; i < 20; i++) {
            NetworkNamespace.Outcome outcome =
                    namespace.run(SoftwareRun.ROOT.resolve("berth").toString(), "ss", "-tan", "--control", control);
            assertThat(outcome.exit()).as(outcome.output()).isZero();
            sockets = outcome.output();
            boolean connected = sockets.lines().anyMatch(line -> line.matches("(ESTAB|CLOSE|FIN|LAST|SYN).*"));
            if (sockets.contains("LISTEN") && !connected) {
                return;
            }
        }
        assertThat(sockets).as("connections left").isEmpty();
    }

    /// Runs the load generator until it has made its share of requests.
    private String wrk(String address) {
        long seconds = Math.max(3, REQUESTS / 40_000);
        NetworkNamespace.Outcome outcome =
                namespace.run(LIMIT, "wrk", "-t", "1", "-c", "64", "-d", seconds + "s", "http://" + address + "/");
        assertThat(outcome.exit()).as(outcome.output()).isZero();
        assertThat(outcome.output()).doesNotContain("Socket errors").doesNotContain("Non-2xx");
        assertThat(Long.parseLong(rate(WRK_REQUESTS, outcome.output()))).isPositive();
        return outcome.output();
    }
}
