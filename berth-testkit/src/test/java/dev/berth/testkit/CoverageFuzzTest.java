package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Programs that a fuzzer found because they reach what others do not. Those in the project are run again; then the
/// fuzzer, which looks at the branches that a program takes, tries changed ones for some seconds.
///
/// It runs for `-Dberth.fuzz.seconds`, 20 unless told, shared by the targets; 0 for not at all. With
/// `-Dberth.fuzz.directory` what it finds is kept there, and taken up by the next run.
class CoverageFuzzTest {
    private static final long SECONDS = Long.getLong("berth.fuzz.seconds", 20);
    private static final Path CORPUS =
            Path.of(System.getProperty("berth.root", ".."), "berth-testkit", "src", "test", "resources", "fuzz");

    /// Programs of random octets to begin with, beside those that are in the project.
    private static final int BEGINNERS = 20;

    private static final int LONGEST = 2_048;

    enum Target {
        SCRIPT("Script"),
        TWO("Two"),
        IP("Ip");

        private final String name;

        Target(String name) {
            this.name = name;
        }

        void run(byte[] octets) {
            switch (this) {
                case SCRIPT -> ScriptProgram.run(octets);
                case TWO -> PairProgram.run(octets);
                case IP -> IpProgram.run(octets);
            }
        }
    }

    @TempDir
    Path temporary;

    @ParameterizedTest
    @EnumSource
    void what_was_found_before_passes(Target target) throws IOException {
        List<Path> programs = files(CORPUS.resolve(target.name));
        assertThat(programs).hasSizeGreaterThan(10);
        for (Path program : programs) {
            byte[] octets = Files.readAllBytes(program);
            try {
                target.run(octets);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(program + " fails", e);
            }
        }
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest
    @EnumSource
    @Timeout(value = 1, unit = TimeUnit.DAYS)
    void nothing_that_reaches_more_fails(Target target) throws Exception {
        long seconds = SECONDS / Target.values().length;
        assumeTrue(seconds > 0, "-Dberth.fuzz.seconds says not to");
        assumeTrue(
                List.of("amd64", "x86_64", "aarch64").contains(System.getProperty("os.arch")),
                "the fuzzer is native code, which it does not have for this machine");
        String kept = System.getProperty("berth.fuzz.directory");
        Path found = (kept == null ? temporary : Path.of(kept)).resolve(target.name);
        Path failures = Files.createDirectories(temporary.resolve("failures"));
        Path log = temporary.resolve("log");
        Files.createDirectories(found);
        for (int seed = 0; seed < BEGINNERS; seed++) {
            Files.write(found.resolve("random-" + seed), FuzzInput.random(new SplittableRandom(seed), 300));
        }
        Process process = new ProcessBuilder(command(target, seconds, failures, found))
                .directory(temporary.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertThat(process.waitFor(2 * seconds + 900, TimeUnit.SECONDS))
                    .as(Files.readString(log))
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        List<Path> failed = files(failures);
        for (Path failure : failed) {
            byte[] octets = Files.readAllBytes(failure);
            Path copy = Files.createDirectories(CORPUS.getParent()
                            .getParent()
                            .getParent()
                            .getParent()
                            .resolve("target/fuzz-failures"))
                    .resolve(target.name + "-" + failure.getFileName());
            Files.write(copy, octets);
            throw new AssertionError("This program fails; to repeat it, move it from " + copy + " to "
                    + CORPUS.resolve(target.name) + ": " + HexFormat.of().formatHex(octets) + "\n"
                    + Files.readString(log));
        }
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        // Without its agent the fuzzer would run blind.
        assertThat(Files.readString(log)).contains("Instrumented dev.berth.stack.NetStack");
    }

    private static List<String> command(Target target, long seconds, Path failures, Path found) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-ea", "-Xmx512m", "-XX:+EnableDynamicAgentLoading"));
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
        command.add("-cp");
        command.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
        command.add("com.code_intelligence.jazzer.Jazzer");
        command.add("--target_class=" + FuzzTargets.class.getName() + "$" + target.name);
        command.add("--instrumentation_includes=dev.berth.wire.**:dev.berth.ports.**:dev.berth.stack.**");
        command.add("--disabled_hooks=com.code_intelligence.**"); // they look for injections into SQL and the like
        command.add("--reproducer_path=" + failures.getParent());
        command.addAll(List.of("-len_control=0", "-max_len=" + LONGEST, "-timeout=600", "-rss_limit_mb=4096"));
        command.addAll(List.of("-max_total_time=" + seconds, "-artifact_prefix=" + failures + "/"));
        command.add(found.toString());
        command.add(CORPUS.resolve(target.name).toString());
        return command;
    }
}
