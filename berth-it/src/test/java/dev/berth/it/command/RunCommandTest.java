package dev.berth.it.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// `berth run` as somebody uses it: the command in a process, the kernel's sockets outside.
@Timeout(300)
class RunCommandTest {
    private static final String PROGRAMS = "dev.berth.it.command.programs.";

    private static HttpClient client() {
        return HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(60)).build();
    }

    private static HttpRequest.Builder request(int port, String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofMinutes(2));
    }

    private static String fetch(int port) throws IOException, InterruptedException {
        try (HttpClient client = client()) {
            return client.send(request(port, "/").build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    @Test
    void unmodifiedWebServerOnPort80IsReachedThroughAPublishedPort() throws Exception {
        try (BerthProcess berth = BerthProcess.start("run", "--publish", "0:80", BerthProcess.WEB)) {
            int port = berth.awaitWebServer();
            berth.awaitErr("^berth: host app at 10\\.0\\.0\\.1 and fd00::1, published 127.0.0.1:" + port + " -> 80$");
            assertThat(fetch(port)).matches("Hello from 10\\.0\\.0\\.1 port 80 to 10\\.0\\.0\\.254 port \\d+\n");
        }
    }

    @Test
    void curlFetchesFromIt() throws Exception {
        try (BerthProcess berth = BerthProcess.start("run", "--publish", "0:80", BerthProcess.WEB)) {
            int port = berth.awaitWebServer();
            assertThat(Tool.CURL.run("-sS", "-m", "60", "http://127.0.0.1:" + port + "/"))
                    .startsWith("Hello from 10.0.0.1 port 80");
        }
    }

    @Test
    void largeBodiesArriveWholeBothWays() throws Exception {
        try (BerthProcess berth = BerthProcess.start("run", "--publish", "0:80", BerthProcess.WEB);
                HttpClient client = client()) {
            int port = berth.awaitWebServer();
            long count = 50_000_000;
            try (InputStream body = client.send(
                            request(port, "/bytes/" + count).build(), HttpResponse.BodyHandlers.ofInputStream())
                    .body()) {
                byte[] bytes = body.readAllBytes();
                assertThat(bytes).hasSize((int) count);
                for (int i = 0; i < bytes.length; i++) {
                    if (bytes[i] != (byte) (i % 251)) {
                        throw new AssertionError("octet " + i + " is " + bytes[i]);
                    }
                }
            }
            byte[] sent = new byte[5_000_000];
            new Random(7).nextBytes(sent);
            HttpRequest echo = request(port, "/echo")
                    .POST(HttpRequest.BodyPublishers.ofByteArray(sent))
                    .build();
            assertThat(client.send(echo, HttpResponse.BodyHandlers.ofByteArray())
                            .body())
                    .isEqualTo(sent);
        }
    }

    @Test
    void twoProgramsOnPort80DoNotMeet() throws Exception {
        try (BerthProcess one =
                        BerthProcess.start("run", "--address", "10.1.0.1", "--publish", "0:80", BerthProcess.WEB);
                BerthProcess two =
                        BerthProcess.start("run", "--address", "10.2.0.1", "--publish", "0:80", BerthProcess.WEB)) {
            int portOne = one.awaitWebServer();
            int portTwo = two.awaitWebServer();
            assertThat(fetch(portOne)).startsWith("Hello from 10.1.0.1 port 80");
            assertThat(fetch(portTwo)).startsWith("Hello from 10.2.0.1 port 80");
        }
    }

    @Test
    void ipv6HostIsReachedFromAnIpv6Gateway() throws Exception {
        try (BerthProcess berth =
                BerthProcess.start("run", "--address", "fd12::1", "--publish", "0:80", BerthProcess.WEB)) {
            assertThat(fetch(berth.awaitWebServer()))
                    .matches("Hello from fd12:0:0:0:0:0:0:1 port 80 to fd12:0:0:0:0:0:0:fe port \\d+\n");
        }
    }

    @Test
    void programSeesItsHostAndItsOwnSurroundings() throws Exception {
        try (BerthProcess berth = BerthProcess.start(
                "run",
                "--name",
                "web",
                "--address",
                "10.5.0.1/16",
                "-Dsome.property=some value",
                "-cp",
                BerthProcess.PROGRAMS,
                PROGRAMS + "Surroundings",
                "--publish",
                "x",
                "-cp")) {
            assertThat(berth.exitCode()).as(() -> "exit code").isZero();
            assertThat(berth.out())
                    .isEqualTo(String.join(
                            "\n",
                            "arguments [--publish, x, -cp]",
                            "property some value",
                            "class path " + BerthProcess.PROGRAMS,
                            "system loader true",
                            "thread main",
                            "own resource true",
                            "host name 10.5.0.1",
                            "local host 10.5.0.1",
                            "over loopback"));
            assertThat(berth.err()).containsExactly("berth: host web at 10.5.0.1");
        }
    }

    @Test
    void programHasItsOwnVersionOfALibraryThatBerthUsesToo(@TempDir Path directory) throws Exception {
        Path library = directory.resolve("CommandLine.java");
        Files.writeString(
                library, "package picocli; public class CommandLine { public static String VERSION = \"another\"; }");
        Path main = directory.resolve("Main.java");
        Files.writeString(
                main,
                "class Main { public static void main(String[] a) {"
                        + " System.out.println(picocli.CommandLine.VERSION); } }");
        int compiled = ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "-d", directory.toString(), library.toString(), main.toString());
        assertThat(compiled).isZero();
        try (BerthProcess berth = BerthProcess.start("run", "-cp", directory.toString(), "Main")) {
            assertThat(berth.exitCode()).isZero();
            assertThat(berth.out()).isEqualTo("another");
        }
    }

    @Test
    void exitCodeIsThatOfTheProgram() throws Exception {
        try (BerthProcess exits = program("Ends", "exit", "3");
                BerthProcess returns = program("Ends", "return");
                BerthProcess fails = program("Ends", "throw")) {
            assertThat(exits.exitCode()).isEqualTo(3);
            assertThat(returns.exitCode()).isZero();
            assertThat(returns.out()).isEqualTo("done");
            assertThat(fails.exitCode()).isEqualTo(1);
            assertThat(fails.err())
                    .contains("Exception in thread \"main\" java.io.IOException: as wished")
                    .contains("Caused by: java.lang.IllegalStateException: the cause")
                    .noneMatch(line -> line.contains("dev.berth.cli") || line.contains("reflect"));
        }
    }

    @Test
    void inheritedMainIsThatOfTheClassItself() throws Exception {
        try (BerthProcess inherits = program("Inherits$Heir")) {
            assertThat(inherits.exitCode()).isZero();
            assertThat(inherits.out()).isEqualTo("main of Heir");
        }
    }

    @Test
    void failingStaticInitializerLooksAsUnderJava() throws Exception {
        try (BerthProcess fails = program("FailsEarly")) {
            assertThat(fails.exitCode()).isEqualTo(1);
            assertThat(fails.err())
                    .contains("Exception in thread \"main\" java.lang.ExceptionInInitializerError")
                    .contains("Caused by: java.lang.IllegalStateException: too early")
                    .noneMatch(line -> line.contains("dev.berth.cli") || line.contains("java.base"));
        }
    }

    private static BerthProcess program(String name, String... arguments) throws IOException {
        Stream<String> command = Stream.of("run", "-cp", BerthProcess.PROGRAMS, PROGRAMS + name);
        return BerthProcess.start(Stream.concat(command, Stream.of(arguments)).toArray(String[]::new));
    }

    @Test
    void connectionIsResetWhereTheProgramDoesNotListen() throws Exception {
        try (BerthProcess berth =
                BerthProcess.start("run", "--publish", "0:80", "-cp", BerthProcess.PROGRAMS, PROGRAMS + "Waits")) {
            int port = Integer.parseInt(
                    berth.awaitErr("published 127.0.0.1:(\\d+)").group(1));
            berth.awaitOut("^Waiting$");
            assertThatThrownBy(() -> {
                        try (Socket socket = new Socket("127.0.0.1", port)) {
                            socket.setSoTimeout(60_000);
                            int octet = socket.getInputStream().read();
                            throw new AssertionError("read " + octet);
                        }
                    })
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("reset");
        }
    }

    @ParameterizedTest
    @MethodSource
    void badInputIsOneSentence(int exitCode, String sentence, List<String> arguments) throws Exception {
        try (BerthProcess berth = BerthProcess.start(
                Stream.concat(Stream.of("run"), arguments.stream()).toArray(String[]::new))) {
            assertThat(berth.exitCode()).isEqualTo(exitCode);
            assertThat(berth.err()).hasSize(1);
            assertThat(berth.err().getFirst()).startsWith("berth run: ").contains(sentence);
            assertThat(berth.out()).isEmpty();
        }
    }

    static Stream<Arguments> badInputIsOneSentence() {
        String noMain = BerthProcess.ROOT
                .resolve("berth-cli/target/dist/lib/berth-wire.jar")
                .toString();
        return Stream.of(
                Arguments.of(2, "The program is missing", List.of()),
                Arguments.of(2, "'1.2.3' is not an IP address", List.of("--address", "1.2.3", BerthProcess.WEB)),
                Arguments.of(1, "There is no file no-such.jar.", List.of("no-such.jar")),
                Arguments.of(1, "README.md is not a jar.", List.of("README.md")),
                Arguments.of(1, "has no Main-Class", List.of(noMain)),
                Arguments.of(1, "There is no class no.Such", List.of("-cp", BerthProcess.PROGRAMS, "no.Such")),
                Arguments.of(
                        1,
                        "192.0.2.1 is not an address of this machine.",
                        List.of("--publish", "192.0.2.1:0:80", BerthProcess.WEB)),
                Arguments.of(
                        1, "there is no such directory", List.of("--capture", "/no/such/x.pcapng", BerthProcess.WEB)),
                Arguments.of(1, "at most 15 octets", List.of("--tun", "much-too-long-name", BerthProcess.WEB)));
    }

    @Test
    void busyPublishedPortIsNamedAndNothingIsLeftBehind(@TempDir Path directory) throws Exception {
        Path capture = directory.resolve("x.pcapng");
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                BerthProcess berth = BerthProcess.start(
                        "run",
                        "--capture",
                        capture.toString(),
                        "--publish",
                        other.getLocalPort() + ":80",
                        BerthProcess.WEB)) {
            assertThat(berth.exitCode()).isEqualTo(1);
            assertThat(berth.err())
                    .singleElement()
                    .asString()
                    .startsWith("berth run: Port " + other.getLocalPort() + " of 127.0.0.1 is in use by process "
                            + ProcessHandle.current().pid() + " (java ");
            assertThat(capture).doesNotExist();
        }
    }

    @Test
    void interruptEndsEverything(@TempDir Path directory) throws Exception {
        Path capture = directory.resolve("run.pcapng");
        try (BerthProcess berth = BerthProcess.start(
                "run", "--ports", "--publish", "0:80", "--capture", capture.toString(), BerthProcess.WEB)) {
            int port = berth.awaitWebServer();
            try (HttpClient client = client()) {
                client.send(request(port, "/").build(), HttpResponse.BodyHandlers.ofString());
                berth.awaitErr("^  tcp +10\\.0\\.0\\.1:80 +10\\.0\\.0\\.254:\\d+ +ESTABLISHED +80 http, well-known");
                berth.signal("INT");
                assertThat(berth.exitCode()).isEqualTo(130);
            }
            assertThat(berth.err()).contains("berth: ports of app at the end");
            try (ServerSocket again = new ServerSocket()) {
                again.setReuseAddress(true);
                again.bind(new InetSocketAddress("127.0.0.1", port));
            }
            assertThat(Files.size(capture)).isPositive();
            assertThat(Tool.TSHARK.run("-r", capture.toString(), "-Y", "http.request", "-T", "fields", "-e", "ip.dst"))
                    .isEqualTo("10.0.0.1\n");
            assertThat(Tool.TSHARK.run(
                            "-o",
                            "tcp.check_checksum:TRUE",
                            "-r",
                            capture.toString(),
                            "-Y",
                            "_ws.malformed or tcp.checksum.status == 0"))
                    .isEmpty();
        }
    }

    @Test
    void shutdownHooksOfTheProgramStillHaveTheHost() throws Exception {
        try (BerthProcess returns = program("TalksAtTheEnd");
                BerthProcess signalled = program("TalksAtTheEnd", "wait")) {
            assertThat(returns.exitCode()).isZero();
            assertThat(returns.out()).isEqualTo("Ready\nHeard 42");
            signalled.awaitOut("^Ready$");
            signalled.signal("TERM");
            assertThat(signalled.exitCode()).isEqualTo(143);
            assertThat(signalled.out()).isEqualTo("Ready\nHeard 42");
        }
    }

    @Test
    void a_thread_that_waits_in_a_socket_ends_without_a_word_as_on_the_kernel() throws Exception {
        try (BerthProcess berth = program("WaitsForSomebody")) {
            berth.awaitOut("^Ready$");
            berth.signal("TERM");
            assertThat(berth.exitCode()).isEqualTo(143);
            assertThat(berth.err()).containsExactly("berth: host app at 10.0.0.1 and fd00::1");
        }
    }

    @Test
    void terminationEndsItToo() throws Exception {
        try (BerthProcess berth = BerthProcess.start("run", "--publish", "0:80", BerthProcess.WEB)) {
            berth.awaitWebServer();
            berth.signal("TERM");
            assertThat(berth.exitCode()).isEqualTo(143);
        }
    }
}
