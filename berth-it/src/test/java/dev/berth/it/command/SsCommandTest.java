package dev.berth.it.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `berth ss` beside a program that runs: both are processes of their own.
@Timeout(300)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SsCommandTest {
    @TempDir
    private Path dir;

    private static String ss(long pid, String... arguments) throws Exception {
        String[] all = new String[arguments.length + 3];
        all[0] = "ss";
        all[1] = "--pid";
        all[2] = Long.toString(pid);
        System.arraycopy(arguments, 0, all, 3, arguments.length);
        try (BerthProcess command = BerthProcess.start(all)) {
            assertThat(command.exitCode()).as(() -> "exit code").isZero();
            return command.out();
        }
    }

    private static String rights(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    /// Where the socket of a process is, as docs/COMMAND.md says.
    private Path socketOf(long pid) throws IOException {
        String runtime = System.getenv("XDG_RUNTIME_DIR");
        Path own = runtime == null ? null : Path.of(runtime, "berth", pid + ".sock");
        Object uid = Files.getAttribute(dir, "unix:uid");
        return own != null && Files.exists(own) ? own : Path.of("/tmp", "berth-" + uid, pid + ".sock");
    }

    @Test
    void sockets_of_a_running_web_server_are_listed() throws Exception {
        try (BerthProcess berth = BerthProcess.start("run", "--publish", "0:80", BerthProcess.WEB)) {
            int port = berth.awaitWebServer();
            long pid = berth.pid();
            Path socket = socketOf(pid);
            assertThat(rights(socket)).isEqualTo("rw-------");
            assertThat(rights(socket.getParent())).isEqualTo("rwx------");
            try (Socket browser = new Socket(InetAddress.getLoopbackAddress(), port)) {
                // Half a request: the server waits for the rest.
                browser.getOutputStream().write("GET / HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII));
                browser.getOutputStream().flush();
                String listed = "";
                long deadline = System.nanoTime() + 60_000_000_000L;
                while (!listed.contains("ESTAB") && System.nanoTime() < deadline) {
                    listed = ss(pid, "-tan");
                }
                assertThat(listed.lines().toList())
                        .hasSize(3)
                        .satisfies(
                                titles -> assertThat(titles)
                                        .matches("Netid +State +Recv-Q +Send-Q +Local Address:Port"
                                                + " +Peer Address:Port +Process"
                                                + " +Owner"),
                                org.assertj.core.api.Assertions.atIndex(0))
                        .satisfies(
                                listener -> assertThat(listener)
                                        .matches("tcp +LISTEN +0 +50 +\\*:80 +\\*:\\* +web\\.jar/" + pid
                                                + " +thread main"),
                                org.assertj.core.api.Assertions.atIndex(1))
                        .satisfies(
                                connection -> assertThat(connection)
                                        .matches("tcp +ESTAB +\\d+ +0 +10\\.0\\.0\\.1:80"
                                                + " +10\\.0\\.0\\.254:\\d+ +web\\.jar/"
                                                + pid + " +thread main"),
                                org.assertj.core.api.Assertions.atIndex(2));
                assertThat(ss(pid, "--json", "-t", "sport", "=", ":http").lines())
                        .singleElement()
                        .satisfies(line -> assertThat(line)
                                .startsWith("{\"pid\":" + pid + ",\"program\":\"web.jar\","
                                        + "\"host\":\"app\",\"transport\":\"tcp\","
                                        + "\"state\":\"ESTABLISHED\",\"local\":\"10.0.0.1\",\"localPort\":80,")
                                .containsPattern("\"octetsIn\":16,\"octetsOut\":0,")
                                .containsPattern("\"ageMillis\":\\d+,"));
                assertThat(ss(pid, "-s")).contains("TCP: 1 flows (1 ESTABLISHED), 1 bound");
            }
            berth.signal("TERM");
            assertThat(berth.exitCode()).as(() -> "exit code").isEqualTo(143);
            assertThat(socket).as("removed at the end").doesNotExist();
            try (BerthProcess command = BerthProcess.start("ss", "--pid", Long.toString(pid))) {
                assertThat(command.exitCode()).as(() -> "exit code").isEqualTo(1);
                assertThat(command.err())
                        .singleElement()
                        .satisfies(sentence -> assertThat(sentence)
                                .startsWith("berth ss: Process " + pid + " is no 'berth run' of this user"));
            }
        }
    }

    @Test
    void the_socket_is_where_the_option_says_or_nowhere() throws Exception {
        Path path = dir.resolve("control");
        try (BerthProcess with = BerthProcess.start("run", "--control", path.toString(), BerthProcess.WEB);
                BerthProcess without = BerthProcess.start("run", "--control", "off", BerthProcess.WEB)) {
            with.awaitOut("^Listening on port 80$");
            without.awaitOut("^Listening on port 80$");
            assertThat(rights(path)).isEqualTo("rw-------");
            assertThat(socketOf(with.pid())).doesNotExist();
            assertThat(socketOf(without.pid())).doesNotExist();
            try (BerthProcess command = BerthProcess.start("ss", "--control", path.toString(), "-ltn")) {
                assertThat(command.exitCode()).as(() -> "exit code").isZero();
                assertThat(command.out()).containsPattern(Pattern.compile("LISTEN .* web\\.jar/" + with.pid()));
            }
            try (BerthProcess taken = BerthProcess.start("run", "--control", path.toString(), BerthProcess.WEB)) {
                assertThat(taken.exitCode()).as(() -> "exit code").isEqualTo(1);
                assertThat(taken.err())
                        .singleElement()
                        .isEqualTo("berth run: Cannot make the control socket " + path + ": it exists already.");
            }
            with.signal("KILL");
            with.exitCode();
            assertThat(path).as("left behind by a process that was killed").exists();
            try (BerthProcess again = BerthProcess.start("run", "--control", path.toString(), BerthProcess.WEB)) {
                again.awaitOut("^Listening on port 80$");
            }
        }
    }
}
