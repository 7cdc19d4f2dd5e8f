package dev.berth.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Two JVMs on one network: a Spring Boot application asks a web server in the other, by its name.
@Timeout(300)
class SharedNetworkTest {
    private static final Pattern PUBLISHED = Pattern.compile("published 127\\.0\\.0\\.1:(\\d+) -> 8080");
    private static final long SECONDS = 120;

    @TempDir
    private Path directory;

    /// A program on the network, with the lines that it prints.
    private final class Member implements AutoCloseable {
        private final Process process;
        private final LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();
        private final int port;

        Member(String name, String program) throws Exception {
            process = start(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx400m",
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-javaagent:" + SoftwareRun.agent() + "=strict,network=shop,publish=0:8080,name=" + name,
                    "-cp",
                    SoftwareRun.CLASS_PATH,
                    "dev.berth.software." + program));
            Thread.ofVirtual().start(this::read);
            port = Integer.parseInt(await(PUBLISHED).group(1));
            await(Pattern.compile("^ready$"));
        }

        private void read() {
            try (BufferedReader reader =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                reader.lines().forEach(lines::add);
            } catch (IOException e) {
                lines.add(e.toString());
            }
        }

        private Matcher await(Pattern pattern) throws InterruptedException {
            List<String> seen = new ArrayList<>();
            for (String line; (line = lines.poll(SECONDS, TimeUnit.SECONDS)) != null; ) {
                seen.add(line);
                Matcher matcher = pattern.matcher(line);
                if (matcher.find()) {
                    return matcher;
                }
            }
            throw new AssertionError("No line with '" + pattern + "' in:\n" + String.join("\n", seen));
        }

        /// What the program answers on its published port. By curl, since other tests have given this JVM Berth's
        /// sockets.
        Answer get(String path) throws Exception {
            Process curl = new ProcessBuilder(
                            "curl",
                            "-sS",
                            "-m",
                            "" + SECONDS,
                            "-w",
                            "\n%{http_code}",
                            "http://127.0.0.1:" + port + path)
                    .start();
            String output = new String(curl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(curl.waitFor()).as(output).isZero();
            int end = output.lastIndexOf('\n');
            return new Answer(Integer.parseInt(output.substring(end + 1)), output.substring(0, end));
        }

        @Override
        public void close() throws InterruptedException {
            process.destroyForcibly().waitFor();
        }
    }

    private record Answer(int statusCode, String body) {}

    private Process start(List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("XDG_RUNTIME_DIR", directory.toString());
        return builder.redirectInput(
                        ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .start();
    }

    private void berth(String... arguments) throws Exception {
        List<String> command =
                new ArrayList<>(List.of(SoftwareRun.ROOT.resolve("berth").toString()));
        command.addAll(List.of(arguments));
        Process process = start(command);
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
    }

    @Test
    void a_spring_boot_application_asks_a_server_in_another_jvm_by_its_name() throws Exception {
        SoftwareRun.assumeInstalled(SharedNetworkTest.class, "curl");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        berth("network", "create", "shop", "--outside", "off");
        try (Member front = new Member("front", "SpringFront")) {
            try (Member back = new Member("back", "BackServer")) {
                assertThat(front.get("/ask/back").body()).isEqualTo("front: hello from back");
                assertThat(back.get("/hello").body()).isEqualTo("hello from back");
                assertThat(front.get("/ask/nobody").statusCode()).isEqualTo(500);
            }
            // It was killed: its name is gone, and back with it.
            assertThat(front.get("/ask/back").statusCode()).isEqualTo(500);
            try (Member back = new Member("back", "BackServer")) {
                assertThat(front.get("/ask/back").body()).isEqualTo("front: hello from back");
                assertThat(back.process.isAlive()).isTrue();
            }
        } finally {
            berth("network", "rm", "--force", "shop");
        }
    }
}
