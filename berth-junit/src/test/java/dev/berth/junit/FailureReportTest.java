package dev.berth.junit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.capture.PcapngBlock;
import dev.berth.capture.PcapngReader;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/// What a test that fails leaves behind, with the JUnit of this build and with JUnit 5.14.
@Isolated("looks at the standard error stream")
class FailureReportTest {
    @TempDir
    Path directory;

    private String errors = "";

    private RunSamples run(Class<?>... classes) {
        PrintStream before = System.err;
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        System.setErr(new PrintStream(stream, true, StandardCharsets.UTF_8));
        try {
            return RunSamples.of(directory.toString(), classes);
        } finally {
            System.setErr(before);
            errors = stream.toString(StandardCharsets.UTF_8);
        }
    }

    private static List<PcapngBlock> blocks(Path file) throws IOException {
        List<PcapngBlock> blocks = new ArrayList<>();
        try (PcapngReader reader = PcapngReader.open(file)) {
            for (PcapngBlock block; (block = reader.next()) != null; ) {
                blocks.add(block);
            }
        }
        return blocks;
    }

    private static List<String> comments(Path file) throws IOException {
        return blocks(file).stream()
                .filter(PcapngBlock.Packet.class::isInstance)
                .flatMap(block -> block.comments().stream())
                .toList();
    }

    @Test
    void holds_packets_ports_and_the_seed() throws IOException {
        RunSamples run = run(Samples.Failing.class);
        assertThat(run.results.get("nobody_listens()")).hasToString("java.net.ConnectException: Connection refused");
        assertThat(run.results).containsEntry("works()", "ok").containsEntry("is_not_for_here()", "aborted");

        Path failing = directory.resolve(Samples.Failing.class.getName());
        try (Stream<Path> tests = Files.list(failing)) {
            assertThat(tests.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "nobody_listens", "fails_each_time[1]", "fails_each_time[2]", "everything_is_lost");
        }
        Path of = failing.resolve("nobody_listens");
        assertThat(Files.readString(of.resolve("report.txt")))
                .contains("Test    " + Samples.Failing.class.getName() + ".nobody_listens")
                .contains("Failure java.net.ConnectException: Connection refused")
                .contains("Seed    77 (repeat with -Dberth.seed=77)")
                .contains("Host db [10.0.0.1, fd00::1]")
                .containsPattern("TCP web 10\\.0\\.0\\.2:\\d+ -> db 10\\.0\\.0\\.1:5432 \\(reset, sent 0 octets in 1")
                .contains("1 nobody owns the destination port");
        List<PcapngBlock> blocks = blocks(of.resolve("net.pcapng"));
        assertThat(blocks.getFirst().comments())
                .contains("test " + Samples.Failing.class.getName() + ".nobody_listens", "network net, seed 77");
        assertThat(blocks)
                .anyMatch(block -> block instanceof PcapngBlock.Names names
                        && names.names().containsValue(List.of("db")));
        assertThat(comments(of.resolve("net.pcapng")))
                .containsExactly("dropped by db: nobody owns the destination port");
        assertThat(failing.resolve("fails_each_time[2]")).isDirectoryContaining("glob:**second.pcapng");

        assertThat(run.entries.get("nobody_listens()"))
                .containsEntry("berth.report", of.resolve("report.txt").toString())
                .containsEntry("berth.seed.net", "77")
                .containsEntry("berth.capture.net", of.resolve("net.pcapng").toString());
        assertThat(run.entries).doesNotContainKey("works()").doesNotContainKey("is_not_for_here()");
        assertThat(errors.lines().filter(line -> line.startsWith("Berth: ")))
                .hasSize(4)
                .contains("Berth: " + Samples.Failing.class.getName()
                        + ".nobody_listens failed; packets, ports and seed are in " + of);
    }

    @Test
    void says_which_packets_the_network_has_lost() throws IOException {
        run(Samples.Failing.class);
        Path of = directory.resolve(Samples.Failing.class.getName()).resolve("everything_is_lost");
        assertThat(comments(of.resolve("net.pcapng")))
                .isNotEmpty()
                .allMatch(comment -> comment.startsWith("dropped by the network: "));
    }

    @Test
    void a_leak_fails_the_test_if_asked_to() {
        RunSamples run = run(Samples.Leaking.class, Samples.LeakingClass.class);
        assertThat(run.results).containsEntry("cleans_up()", "ok");
        assertThat(run.results.get("fails_and_leaks()"))
                .hasToString("java.lang.IllegalStateException: this comes first");
        assertThat(run.results.get("leaves_a_server()"))
                .isInstanceOf(AssertionError.class)
                .asString()
                .contains("The test has left open on its network:")
                .containsPattern(
                        "host web: TCP port 80 \\(\\[?::]?:80\\), LISTEN, of thread \\S+, open for \\d+\\.\\d{3} s")
                .contains("host web: thread 'forgotten' waits in a socket");
        assertThat(run.results.get(Samples.LeakingClass.class.getName()))
                .isInstanceOf(AssertionError.class)
                .asString()
                .contains("host web: TCP port 80");
        assertThat(run.results).containsEntry("leaves_a_socket(ServerSocketFactory)", "ok");
        assertThat(directory.resolve(Samples.LeakingClass.class.getName()).resolve("class/report.txt"))
                .exists();
    }

    @Test
    void what_cannot_be_is_said_in_words() {
        String all = Stream.of(
                        Samples.SaidTwice.class,
                        Samples.OfNoType.class,
                        Samples.InConstructor.class,
                        Samples.AddressTwice.class)
                .flatMap(type -> run(type).results.values().stream())
                .map(String::valueOf)
                .collect(Collectors.joining("\n"));
        assertThat(all)
                .contains("What network 'net' is like is said twice and differently")
                .contains("has a type that Berth does not give: java.lang.String")
                .contains("A constructor cannot be given network 'net'")
                .contains("10.0.0.1 is taken");
    }

    @Test
    void a_failure_before_all_tests_or_in_a_nested_class_is_reported_too() {
        run(Samples.FailsBefore.class, Samples.SharedByNested.class);
        assertThat(directory.resolve(Samples.FailsBefore.class.getName()).resolve("class"))
                .isDirectoryContaining("glob:**report.txt")
                .isDirectoryContaining("glob:**net.pcapng");
        assertThat(directory
                        .resolve(Samples.SharedByNested.Inner.class.getName())
                        .resolve("nobody_listens_here"))
                .isDirectoryContaining("glob:**shared.pcapng");
    }

    @Test
    void fields_of_one_instance_are_not_filled_for_tests_that_run_at_once() {
        RunSamples run = RunSamples.of(directory.toString(), true, Samples.OneInstanceForAll.class);
        assertThat(run.results.get("never_begins()"))
                .asString()
                .contains("Samples$OneInstanceForAll.network cannot be filled for tests that run at once");
    }

    @Test
    void a_test_on_a_host_does_not_use_the_network_of_the_machine_instead() throws Exception {
        String text = forked(
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "-Dberth.plain=true",
                Samples.Scoped.class);
        assertThat(text)
                .contains("plain_sockets_are_those_of_the_host(): "
                        + "org.junit.jupiter.api.extension.ExtensionConfigurationException: "
                        + "@OnHost(\"client\") is without effect");
    }

    private String forked(String path, String option, Class<?>... classes) throws Exception {
        Path output = directory.resolve("output");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-ea",
                option,
                "-cp",
                path,
                RunSamples.class.getName(),
                directory.toString()));
        Arrays.stream(classes).map(Class::getName).forEach(command::add);
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        String text = Files.readString(output);
        assertThat(process.exitValue()).as(text).isZero();
        return text;
    }

    @Test
    void junit_5_does_the_same() throws Exception {
        Path jars = Path.of(System.getProperty("berth.junit5"));
        String ours = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> path = new ArrayList<>();
        try (Stream<Path> files = Files.list(jars)) {
            files.forEach(file -> path.add(file.toString()));
        }
        assertThat(path).hasSize(6);
        Arrays.stream(ours.split(File.pathSeparator))
                .filter(entry -> !Path.of(entry).getFileName().toString().startsWith("junit-"))
                .forEach(path::add);
        String text = forked(
                String.join(File.pathSeparator, path),
                "-Dberth.plain=false",
                Samples.Failing.class,
                Samples.Leaking.class,
                Samples.Scoped.class,
                NetworkFieldsTest.class);
        assertThat(text)
                .contains("JUnit 5.14")
                .contains("nobody_listens(): java.net.ConnectException: Connection refused")
                .contains("works(): ok")
                .contains("is_not_for_here(): aborted")
                .contains("cleans_up(): ok")
                .contains("plain_sockets_are_those_of_the_host(): ok")
                .contains("a_method_may_be_elsewhere(): ok")
                .contains("leaves_a_server(): java.lang.AssertionError: The test has left open on its network:")
                .contains("sockets_of_java_net_are_on_their_hosts(InetAddress): ok")
                .contains("a_nested_class_sees_the_networks_of_the_outer_one(): ok")
                .doesNotContain("NoSuchMethodError");
        assertThat(directory
                        .resolve(Samples.Failing.class.getName())
                        .resolve("nobody_listens")
                        .resolve("net.pcapng"))
                .exists();
    }
}
