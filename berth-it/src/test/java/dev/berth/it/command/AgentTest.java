package dev.berth.it.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.tools.attach.VirtualMachine;
import dev.berth.it.command.programs.EarlyAgent;
import dev.berth.testkit.netns.NetworkNamespace;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `java -javaagent:berth.jar` before commands of all kinds.
@Timeout(300)
class AgentTest {
    private static final String PROGRAMS = "dev.berth.it.command.programs.";
    private static final String TOUR = PROGRAMS + "Tour";
    private static final List<String> SEEN = List.of(
            "socket",
            "channel 43",
            "datagram 3 from true",
            "multicast 1",
            "local host app/10.0.0.1",
            "reachable true",
            "interface lo true true 2",
            "interface berth true false 2",
            "done");

    private static String agent;

    @TempDir
    Path directory;

    @BeforeAll
    static void findAgent() throws Exception {
        try (BerthProcess berth = BerthProcess.start("agent")) {
            assertThat(berth.exitCode()).isZero();
            agent = berth.out();
        }
    }

    private static String agent(String options) {
        return "-javaagent:" + agent + "=control=off" + (options.isEmpty() ? "" : "," + options);
    }

    private static BerthProcess program(String options, String... command) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(agent(options), "-cp", BerthProcess.PROGRAMS));
        arguments.addAll(List.of(command));
        return BerthProcess.java(List.of(), arguments.toArray(new String[0]));
    }

    private static void assertEndsWell(BerthProcess process, List<String> lines) throws InterruptedException {
        int exitCode = process.exitCode();
        assertThat(process.err()).containsExactly("berth: host app at 10.0.0.1 and fd00::1");
        assertThat(process.out().lines()).containsExactlyElementsOf(lines);
        assertThat(exitCode).isZero();
    }

    // ---- what it covers

    @Test
    void programOnTheClassPathIsOnItsHost() throws Exception {
        try (BerthProcess tour = program("", TOUR)) {
            assertEndsWell(tour, SEEN);
        }
    }

    @Test
    void assertionsOfTheJdkHold() throws Exception {
        try (BerthProcess tour = BerthProcess.java(
                List.of(), "-esa", "-ea", "-Xverify:all", agent("strict"), "-cp", BerthProcess.PROGRAMS, TOUR)) {
            tour.exitCode();
            assertThat(tour.out().lines()).containsExactlyElementsOf(SEEN);
        }
    }

    @Test
    void severalHostsOfOneJvmAreChosenByScope() throws Exception {
        try (BerthProcess program = program("strict", PROGRAMS + "TwoHosts")) {
            assertEndsWell(program, List.of("10.5.0.1 is asked by 10.5.0.2", "true", "false", "ports 80 80 80"));
        }
    }

    @Test
    void programInModulesIsOnItsHostWithoutTheModuleJdkNet() throws Exception {
        try (BerthProcess program =
                BerthProcess.java(List.of(), agent(""), "-p", module().toString(), "-m", "m/x.Main")) {
            assertEndsWell(program, List.of("app/10.0.0.1:80 false"));
        }
    }

    @Test
    void imageOfTheRunTimeNeedsTheModuleOfAgents() throws Exception {
        try (BerthProcess program = inImage("m,java.instrument")) {
            assertEndsWell(program, List.of("app/10.0.0.1:80 false"));
        }
        try (BerthProcess program = inImage("m")) {
            assertThat(program.exitCode()).isEqualTo(1);
            assertThat(program.out() + program.err()).contains("Could not find agent library instrument");
        }
    }

    /// Runs the module in an image of its own.
    private BerthProcess inImage(String modules) throws IOException {
        Path image = directory.resolve("image of " + modules);
        ToolProvider jlink = ToolProvider.findFirst("jlink").orElseThrow();
        int linked = jlink.run(
                System.out,
                System.err,
                "--module-path",
                module().toString(),
                "--add-modules",
                modules,
                "--output",
                image.toString());
        assertThat(linked).isZero();
        return BerthProcess.start(
                directory, List.of(image.resolve("bin/java").toString(), agent("strict"), "-m", "m/x.Main"));
    }

    /// A module that needs none but `java.base`, compiled.
    private Path module() throws IOException {
        Path source = directory.resolve("source/m/x/Main.java");
        Files.createDirectories(source.getParent());
        Path info = Files.writeString(directory.resolve("source/m/module-info.java"), "module m {}");
        Files.writeString(source, """
                package x;

                public class Main {
                    public static void main(String[] args) throws Exception {
                        try (var server = new java.net.ServerSocket(80);
                                var client = new java.net.Socket("app", 80)) {
                            System.out.println(client.getRemoteSocketAddress() + " "
                                    + ModuleLayer.boot().findModule("jdk.net").isPresent());
                        }
                    }
                }
                """);
        Path classes = directory.resolve("m");
        int compiled = ToolProvider.findFirst("javac")
                .orElseThrow()
                .run(System.out, System.err, "-d", classes.toString(), info.toString(), source.toString());
        assertThat(compiled).isZero();
        return classes;
    }

    @Test
    @Tag("netns")
    void kernelSeesNoInternetAddress() throws Exception {
        assumeTrue(NetworkNamespace.isAvailableFor(AgentTest.class));
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/strace")), "strace is not installed");
        Path trace = directory.resolve("trace");
        try (NetworkNamespace namespace = NetworkNamespace.create()) {
            namespace.check("ip", "link", "set", "dev", "lo", "down");
            List<String> prefix = List.of(
                    "ip",
                    "netns",
                    "exec",
                    namespace.name(),
                    "strace",
                    "-f",
                    "-qq",
                    "-o",
                    trace.toString(),
                    "-e",
                    "trace=bind,connect,accept,accept4,sendto,sendmsg,sendmmsg");
            try (BerthProcess tour = BerthProcess.java(prefix, agent("strict"), "-cp", BerthProcess.PROGRAMS, TOUR)) {
                assertEndsWell(tour, SEEN);
            }
        }
        try (Stream<String> lines = Files.lines(trace)) {
            assertThat(lines.filter(line -> line.contains("AF_INET"))).isEmpty();
        }
    }

    @Test
    void strictProgramIsReachedThroughAPublishedPort() throws Exception {
        try (BerthProcess web = BerthProcess.java(List.of(), agent("publish=0:80,strict"), "-jar", BerthProcess.WEB);
                HttpClient client = HttpClient.newHttpClient()) {
            int port = web.awaitWebServer();
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
                    .timeout(Duration.ofMinutes(2))
                    .build();
            assertThat(client.send(request, HttpResponse.BodyHandlers.ofString())
                            .body())
                    .startsWith("Hello from 10.0.0.1 port 80");
        }
    }

    @Test
    void copiesOfNativeTransportsAreUnavailable() throws Exception {
        String why = "Native transports go to the kernel past the sockets of Berth";
        try (BerthProcess program = program("", PROGRAMS + "io.netty.channel.epoll.Epoll")) {
            assertEndsWell(program, List.of("false java.lang.UnsupportedOperationException: " + why, "threw " + why));
        }
    }

    @Test
    void programMayHaveAFactoryOfItsOwn() throws Exception {
        try (BerthProcess program = program("", PROGRAMS + "OwnFactory")) {
            assertEndsWell(program, List.of("set", "asked the factory of the program"));
        }
        try (BerthProcess program = program("spi", PROGRAMS + "OwnFactory")) {
            assertEndsWell(program, List.of("not set: factory already defined", "made false"));
        }
    }

    // ---- the way without rewriting

    @Test
    void withoutRewritingSocketsAreStillTheHosts() throws Exception {
        try (BerthProcess surroundings = program("spi,name=web", PROGRAMS + "Surroundings")) {
            assertThat(surroundings.exitCode()).isZero();
            assertThat(surroundings.out()).endsWith("local host 10.0.0.1\nover loopback");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SOCKETS,DATAGRAMS | Socket and ServerSocket with a Proxy",
                "INTERFACES | NetworkInterface, which shows this machine's interfaces",
                "STREAMS | fast streams of channels",
                "ADDRESSES | InetAddress.isReachable, which asks on this machine's network"
            })
    void anotherJdkIsServedAsFarAsItGoes(String without, String sentence) throws Exception {
        try (BerthProcess program = BerthProcess.java(
                List.of(),
                "-Ddev.berth.agent.without=" + without,
                agent("name=web"),
                "-cp",
                BerthProcess.PROGRAMS,
                PROGRAMS + "Surroundings")) {
            assertThat(program.exitCode()).isZero();
            assertThat(program.out()).endsWith("local host 10.0.0.1\nover loopback");
            assertThat(program.err()).hasSize(2);
            assertThat(program.err().getFirst())
                    .startsWith("berth: On Java " + Runtime.version() + " Berth does not cover ")
                    .contains(sentence);
        }
    }

    // ---- strict

    @ParameterizedTest
    @ValueSource(strings = {"strict", "strict=log", "ports"})
    void socketOfTheKernelIsRefusedOrTold(String option) throws Exception {
        try (BerthProcess program = BerthProcess.java(
                List.of(),
                "--add-exports",
                "java.base/sun.nio.ch=ALL-UNNAMED",
                agent(option),
                "-cp",
                BerthProcess.PROGRAMS,
                PROGRAMS + "OpensKernelSocket")) {
            assertThat(program.exitCode()).isZero();
            String culprit = "\tat " + PROGRAMS + "OpensKernelSocket.main(";
            if (option.equals("ports")) {
                assertThat(program.err()).noneMatch(line -> line.startsWith(culprit));
            } else {
                assertThat(program.err())
                        .anyMatch(line -> line.contains("opens a socket of the kernel"))
                        .anyMatch(line -> line.startsWith(culprit));
            }
            assertThat(program.out())
                    .startsWith(
                            option.equals("strict") ? "refused: The program opens a socket of the kernel" : "opened");
        }
    }

    // ---- what stands in the way

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "nonsense | There is no option 'nonsense'; there are publish, address, name, network, tun",
                "strict=maybe | Invalid value for option 'strict': 'maybe' is not 'log'",
                "publish | Option 'publish' needs a value: publish=[ADDRESS:]HOSTPORT:PORT[/udp]",
                "address=1.2.3 | Invalid value for option 'address': '1.2.3' is not an IP address",
                "spi=5 | Invalid value for option 'spi': It has no value",
                "publish=8080:80,publish=8080:81 | Port 127.0.0.1:8080 is published twice"
            })
    void unknownOptionsAreOneSentence(String options, String sentence) throws Exception {
        try (BerthProcess program = program(options, TOUR)) {
            assertThat(program.exitCode()).isEqualTo(2);
            assertThat(program.err()).hasSize(1);
            assertThat(program.err().getFirst())
                    .startsWith("berth: ")
                    .contains(sentence)
                    .endsWith("See docs/AGENT.md.");
            assertThat(program.out()).isEmpty();
        }
    }

    @Test
    void whatCannotBeHadIsOneSentence() throws Exception {
        try (BerthProcess program = program("publish=192.0.2.1:0:80", TOUR)) {
            assertThat(program.exitCode()).isEqualTo(1);
            assertThat(program.err()).containsExactly("berth: 192.0.2.1 is not an address of this machine.");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "java.nio.channels.spi.SelectorProvider=my.Provider | The property"
                        + " java.nio.channels.spi.SelectorProvider asks for my.Provider: leave it out, for the"
                        + " channels of this JVM are to be Berth's.",
                "java.nio.channels.spi.AsynchronousChannelProvider=my.Provider | The property"
                        + " java.nio.channels.spi.AsynchronousChannelProvider asks for my.Provider: leave it out,"
                        + " for the channels of this JVM are to be Berth's.",
                "jdk.net.hosts.file=/etc/hosts | The property jdk.net.hosts.file makes the JVM look names up in that"
                        + " file alone: leave it out, for the names of this JVM are to be Berth's."
            })
    void whatTheProgramHasChosenItselfIsOneSentence(String property, String sentence) throws Exception {
        try (BerthProcess program =
                BerthProcess.java(List.of(), "-D" + property, agent(""), "-cp", BerthProcess.PROGRAMS, TOUR)) {
            assertThat(program.exitCode()).isEqualTo(1);
            assertThat(program.err()).containsExactly("berth: " + sentence);
        }
    }

    @Test
    void agentTwiceIsOneSentence() throws Exception {
        try (BerthProcess program = program("", agent(""), TOUR)) {
            assertThat(program.exitCode()).isEqualTo(2);
            assertThat(program.err())
                    .containsExactly(
                            "berth: host app at 10.0.0.1 and fd00::1",
                            "berth: The agent is given twice: leave one -javaagent out.");
        }
    }

    @Test
    void agentThatIsAttachedLateLeavesTheProgramAlone() throws Exception {
        try (BerthProcess program = BerthProcess.java(List.of(), "-cp", BerthProcess.PROGRAMS, PROGRAMS + "Waits")) {
            program.awaitOut("^Waiting$");
            VirtualMachine machine = VirtualMachine.attach(Long.toString(program.pid()));
            try {
                assertThatThrownBy(() -> machine.loadAgent(agent))
                        .isInstanceOf(com.sun.tools.attach.AgentInitializationException.class);
            } finally {
                machine.detach();
            }
            program.awaitErr("^berth: The agent comes too late, .*: start it with java -javaagent:berth\\.jar\\.$");
        }
    }

    @Test
    void socketsOfEarlierAgentsAreTold() throws Exception {
        Path jar = directory.resolve("early.jar");
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Premain-Class", EarlyAgent.class.getName());
        String entry = EarlyAgent.class.getName().replace('.', '/') + ".class";
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file, manifest)) {
            out.putNextEntry(new JarEntry(entry));
            out.write(Files.readAllBytes(Path.of(BerthProcess.PROGRAMS).resolve(entry)));
        }
        try (BerthProcess program =
                BerthProcess.java(List.of(), "-javaagent:" + jar, agent(""), "-cp", BerthProcess.PROGRAMS, TOUR)) {
            assertThat(program.exitCode()).isZero();
            assertThat(program.err())
                    .containsExactly(
                            "berth: Sockets were opened before Berth was installed and stay on this machine's network,"
                                    + " 1 in number: let -javaagent:berth.jar come before other agents.",
                            "berth: host app at 10.0.0.1 and fd00::1");
        }
    }
}
