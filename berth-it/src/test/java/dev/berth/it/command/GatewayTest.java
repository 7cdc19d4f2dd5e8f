package dev.berth.it.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.testkit.netns.NetworkNamespace;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A program under `berth run` in one network namespace calls servers in another: all it has is the kernel's sockets.
@Tag("netns")
@Timeout(400)
class GatewayTest {
    private static final String PROGRAMS = "dev.berth.it.command.programs.";
    private static final String PASSWORD = "changeit";

    @TempDir
    private Path files;

    @BeforeAll
    static void needNamespaces() {
        assumeTrue(NetworkNamespace.isAvailableFor(GatewayTest.class));
    }

    private static void join(NetworkNamespace near, NetworkNamespace far) {
        near.check("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v0", "netns", far.name());
        String[] numbers = {"1", "2"};
        NetworkNamespace[] both = {near, far};
        for (int i = 0; i < 2; i++) {
            both[i].check("ip", "addr", "add", "10.9.0." + numbers[i] + "/24", "dev", "v0");
            both[i].check("ip", "addr", "add", "fd09::" + numbers[i] + "/64", "dev", "v0", "nodad");
            both[i].check("ip", "link", "set", "v0", "up");
            both[i].check("ip", "link", "set", "lo", "up");
        }
        // A neighbour that nobody is: what is sent there is lost.
        near.check("ip", "neigh", "add", "10.9.0.77", "lladdr", "02:00:00:00:00:77", "dev", "v0");
    }

    /// Makes a certification authority, whose certificate is in `trust.p12`, and the keys of a server that it has
    /// signed.
    private Path makeKeys() throws Exception {
        keytool("trust.p12", "-alias", "ca", "-dname", "CN=test authority", "-ext", "bc:c");
        Files.copy(files.resolve("trust.p12"), files.resolve("keys.p12"));
        keytool("keys.p12", "-alias", "server", "-dname", "CN=server", "-signer", "ca", "-ext", "SAN=IP:10.9.0.2");
        return files.resolve("keys.p12");
    }

    private void keytool(String store, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-storepass",
                PASSWORD,
                "-keystore",
                files.resolve(store).toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
    }

    @Test
    void aProgramCallsOutThroughTheSocketsOfTheMachine() throws Exception {
        Files.writeString(files.resolve("file"), "a file\n");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        try (NetworkNamespace near = NetworkNamespace.create();
                NetworkNamespace far = NetworkNamespace.create()) {
            join(near, far);
            near.check("sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647");
            far.check("sysctl", "-qw", "net.ipv4.ip_forward=1");
            near.check("ip", "route", "add", "192.0.2.0/24", "via", "10.9.0.2");
            far.check("ip", "route", "add", "unreachable", "192.0.2.0/24");
            Path keys = makeKeys();
            far.start("python3", "-m", "http.server", "8000", "--bind", "::", "--directory", files.toString());
            NamespaceProgram outside =
                    far.start(java, "-cp", BerthProcess.PROGRAMS, PROGRAMS + "Outside", keys.toString(), PASSWORD);
            outside.awaitLine(line -> line.equals("Outside is ready"), Duration.ofSeconds(60));
            awaitListener(far, 8_000);
            try (BerthProcess berth = BerthProcess.startIn(
                    BerthProcess.ROOT,
                    List.of("ip", "netns", "exec", near.name()),
                    "run",
                    "--strict",
                    "-Djavax.net.ssl.trustStore=" + files.resolve("trust.p12"),
                    "-Djavax.net.ssl.trustStorePassword=" + PASSWORD,
                    "-cp",
                    BerthProcess.PROGRAMS,
                    PROGRAMS + "CallsOut",
                    "10.9.0.2",
                    "fd09::2",
                    "10.9.0.77")) {
                berth.awaitOut("^fetch: 200 a file$");
                berth.awaitOut("^fetch6: 200 a file$");
                berth.awaitOut("^refused: ConnectException Connection refused$");
                berth.awaitOut("^machine: NoRouteToHostException No route to host$");
                berth.awaitOut("^metadata: NoRouteToHostException No route to host$");
                berth.awaitOut("^unreachable: NoRouteToHostException No route to host$");
                berth.awaitOut("^https: 200 secret$");
                berth.awaitOut("^ping: true true false false$");
                berth.awaitOut("^reset: SocketException Connection reset$");
                String up = berth.awaitOut("^up: ([0-9a-f]{64})$").group(1);
                String down = berth.awaitOut("^down: ([0-9a-f]{64})$").group(1);
                assertThat(up).isEqualTo(down);
                berth.awaitOut("^dead beside live: 400 timed out, beside true$");
                berth.awaitOut("^short: 1000$");
                berth.awaitOut("^done$");
                awaitNothingOpen(near);
                berth.signal("TERM");
                assertThat(berth.exitCode()).isEqualTo(143);
            }
        }
    }

    private static void awaitListener(NetworkNamespace namespace, int port) {
        await(() -> !namespace.check("ss", "-Hltn", "sport", "=", ":" + port).isBlank(), "a listener");
    }

    /// Nothing but what has ended, and the connects to the neighbour that nobody is: those whose guests have given up
    /// take as long as a kernel tries.
    private static void awaitNothingOpen(NetworkNamespace namespace) {
        await(
                () -> namespace
                        .check("ss", "-Hnt", "state", "connected", "exclude", "time-wait", "exclude", "syn-sent")
                        .isBlank(),
                "no connection left");
    }

    private interface Condition {
        boolean holds();
    }

    private static void await(Condition condition, String what) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            LockSupport.parkNanos(50_000_000);
        }
    }
}
