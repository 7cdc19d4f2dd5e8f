package dev.berth.it.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.testkit.netns.NetworkNamespace;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Options of `berth gateway` that take processes and namespaces: published ports of UDP, a capture, counts while it
/// runs, the exit descriptor, and the way into a user namespace.
@Tag("netns")
@Timeout(240)
class NamespaceGatewayOptionsTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    /// Answers every datagram with what came, in capitals.
    private static final String SERVER = """
            import socket
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(('10.0.2.100', 53))
            print('ready', flush=True)
            while True:
                data, sender = s.recvfrom(2000)
                s.sendto(data.upper(), sender)
            """;

    private static final String CLIENT = """
            import socket, sys
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.settimeout(20)
            s.sendto(b'question', (sys.argv[1], 5353))
            data, sender = s.recvfrom(2000)
            print(data.decode(), sender[0], sender[1])
            """;

    @TempDir
    private Path directory;

    @BeforeAll
    static void needNamespaces() {
        assumeTrue(NetworkNamespace.isAvailableFor(NamespaceGatewayOptionsTest.class), "needs root and /dev/net/tun");
    }

    private static List<String> berth(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                "--enable-native-access=ALL-UNNAMED",
                "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-Xmx256m",
                "-cp",
                GatewayPeer.classPath(),
                "dev.berth.cli.Berth"));
        command.addAll(List.of(arguments));
        return command;
    }

    private static String ask(NetworkNamespace where, String... arguments) {
        NetworkNamespace.Outcome outcome = where.run(SOON, berth(arguments).toArray(String[]::new));
        assertThat(outcome.exit()).as(outcome.output()).isZero();
        return outcome.output();
    }

    @Test
    void a_port_of_udp_is_published_counted_recorded_and_ended_and_the_exit_descriptor_ends_all() throws Exception {
        String control = directory.resolve("control").toString();
        Path capture = directory.resolve("packets.pcapng");
        Path pipe = directory.resolve("pipe");
        try (NetworkNamespace inside = NetworkNamespace.create();
                NetworkNamespace middle = NetworkNamespace.create()) {
            middle.check("ip", "link", "set", "lo", "up");
            middle.check("mkfifo", pipe.toString());
            List<String> command = new ArrayList<>(List.of("sh", "-c", "exec 4<" + pipe + "; exec \"$@\"", "sh"));
            command.addAll(berth(
                    "gateway",
                    "--netns",
                    inside.path().toString(),
                    "--control",
                    control,
                    "--capture",
                    capture.toString(),
                    "--publish",
                    "0.0.0.0:5353:53/udp",
                    "--publish",
                    "7000-7002:7000-7002",
                    "--exit-fd",
                    "4"));
            NamespaceProgram gateway = middle.start(command.toArray(String[]::new));
            try (OutputStream exit = open(pipe)) {
                String line = gateway.awaitLine(each -> each.startsWith("berth: gateway on tun0"), SOON);
                assertThat(line).contains(":5353 -> 53/udp", "published 127.0.0.1:7002 -> 7002");
                inside.start("python3", "-c", SERVER).awaitLine("ready"::equals, SOON);
                for (String asked : List.of("127.0.0.1", "127.0.0.9")) {
                    assertThat(middle.check("python3", "-c", CLIENT, asked).strip())
                            .isEqualTo("QUESTION " + asked + " 5353");
                }
                assertThat(ask(middle, "ss", "-s", "--control", control))
                        .containsPattern("guest guest at 10\\.0\\.2\\.100 and fd00::100: [1-9][0-9]* packets in")
                        .contains("to the outside: ");
                assertThat(ask(middle, "publish", "--control", control))
                        .containsPattern("0\\.0\\.0\\.0:5353/udp +guest +53 .* 2 +2")
                        .contains("127.0.0.1:7001");
                assertThat(ask(middle, "unpublish", "--control", control, "7000-7002"))
                        .contains("127.0.0.1:7000 leads", "127.0.0.1:7001 leads", "127.0.0.1:7002 leads");
                assertThat(ask(middle, "unpublish", "--control", control, "5353/udp"))
                        .contains("no more");
                assertThat(middle.check("ss", "-Hlun", "sport", "=", ":5353")).isBlank();
                exit.write('x'); // is not the end
            }
            assertThat(gateway.awaitSuccess(SOON)).contains("the exit descriptor is closed");
            assertThat(inside.check("ip", "link")).doesNotContain("tun0");
        }
        assertThat(new String(Files.readAllBytes(capture), StandardCharsets.ISO_8859_1))
                .startsWith("\n\r\r\n")
                .contains("question", "QUESTION");
    }

    private static OutputStream open(Path pipe) throws IOException {
        return new FileOutputStream(pipe.toFile()); // waits for the reader
    }

    /// A process without CAP_SYS_ADMIN may not enter the namespace, but the user namespace that it has made itself.
    @Test
    void it_starts_again_in_the_user_namespace_of_the_target_where_it_has_no_rights_itself() throws Exception {
        List<String> bare = List.of("setpriv", "--bounding-set=-sys_admin,-net_admin");
        try (NetworkNamespace middle = NetworkNamespace.create()) {
            middle.check("ip", "link", "set", "lo", "up");
            List<String> target = new ArrayList<>(bare);
            target.addAll(List.of(
                    "unshare", "--user", "--map-root-user", "--net", "sh", "-c", "echo pid $$; exec sleep 200"));
            assumeTrue(
                    middle.run(append(bare, "unshare", "--user", "--map-root-user", "--net", "true"))
                                    .exit()
                            == 0,
                    "needs user namespaces without privilege");
            NamespaceProgram sleeper = middle.start(target.toArray(String[]::new));
            String pid =
                    sleeper.awaitLine(each -> each.startsWith("pid "), SOON).substring(4);
            Path ready = directory.resolve("ready");
            List<String> command = new ArrayList<>(bare);
            command.addAll(berth("gateway", "--netns", pid, "--control", "off", "--ready-fd", ready.toString()));
            NamespaceProgram gateway = middle.start(command.toArray(String[]::new));
            gateway.awaitLine(each -> each.startsWith("berth: gateway on tun0"), SOON);
            assertThat(ready).hasContent("1");
            assertThat(middle.check("sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\000' ' '"))
                    .as("the second one knows the first")
                    .containsPattern("gateway --netns " + pid + " .* --parent=[0-9]+");
            assertThat(middle.check("nsenter", "--net=/proc/" + pid + "/ns/net", "ip", "address", "show", "tun0"))
                    .contains("10.0.2.100/24");
            sleeper.close();
            assertThat(gateway.awaitSuccess(SOON)).contains("the process of the namespace has ended");
        }
    }

    private static String[] append(List<String> first, String... more) {
        List<String> all = new ArrayList<>(first);
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }
}
