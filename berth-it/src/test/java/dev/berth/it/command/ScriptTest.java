package dev.berth.it.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The script `berth` itself, in a tree that looks built, with a Java that only waits while it is to make a cache.
@Timeout(120)
@EnabledOnOs(OS.LINUX)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ScriptTest {
    private static final long SECONDS = 60;
    private static final String JAVA = """
            #!/bin/sh
            case "$*" in
                *AOTCacheOutput* | *ArchiveClassesAtExit*)
                    sleep 600 &
                    for word in "$@"; do
                        case $word in
                            *AOTCacheOutput=* | *ArchiveClassesAtExit=*) echo half >"${word#*=}" ;;
                        esac
                    done
                    echo "$$ $!" >"$TREE/begun.new"
                    mv "$TREE/begun.new" "$TREE/begun"
                    wait
                    ;;
            esac
            echo ran >"$TREE/ran"
            """;

    @TempDir
    private Path tree;

    private Path dist;
    private final List<ProcessHandle> children = new ArrayList<>();

    private void plant() throws IOException {
        dist = tree.resolve("berth-cli/target/dist");
        Files.createDirectories(dist.resolve("lib"));
        Files.copy(BerthProcess.ROOT.resolve("berth"), tree.resolve("berth"));
        Files.createDirectory(tree.resolve("scripts"));
        for (String script : List.of("find-jdk", "find-maven")) {
            Files.copy(
                    BerthProcess.ROOT.resolve("scripts").resolve(script),
                    tree.resolve("scripts").resolve(script),
                    StandardCopyOption.COPY_ATTRIBUTES);
        }
        Path home = tree.resolve("jdk");
        Files.createDirectories(home.resolve("bin"));
        Files.createDirectories(home.resolve("lib"));
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"25\"\n");
        Files.writeString(home.resolve("lib/modules"), "");
        Path java = Files.writeString(home.resolve("bin/java"), JAVA);
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(tree.resolve("pom.xml"), "");
        Files.writeString(dist.resolve("berth-run.jar"), "");
        Files.writeString(dist.resolve("lib/berth-cli.jar"), "");
        Files.writeString(dist.resolve("built"), "");
    }

    /// A signal to the script alone, not to the group of a terminal's foreground.
    @ParameterizedTest
    @CsvSource({"run, INT, 130", "run, TERM, 143", "ports, INT, 130"})
    void a_signal_while_the_cache_is_made_ends_the_script_and_leaves_nothing(String command, String signal, int code)
            throws Exception {
        plant();
        // Whoever runs the tests in the background of a script has SIGINT ignored, which children inherit.
        List<String> started = List.of(
                "env",
                "--default-signal=INT",
                "JAVA_HOME=" + tree.resolve("jdk"),
                "TREE=" + tree,
                "bash",
                tree.resolve("berth").toString(),
                command,
                "x");
        try (BerthProcess script = BerthProcess.start(tree, started)) {
            for (String pid : begun()) {
                children.add(ProcessHandle.of(Long.parseLong(pid)).orElseThrow());
            }
            script.signal(signal);
            assertThat(script.exitCode()).isEqualTo(code);
            assertThat(script.err()).isEmpty();
        }
        for (ProcessHandle each : children) {
            each.onExit().get(SECONDS, TimeUnit.SECONDS);
        }
        assertThat(tree.resolve("ran")).as("the command itself").doesNotExist();
        try (Stream<Path> files = Files.list(dist)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("berth-run.jar", "lib", "built");
        }
    }

    private String[] begun() throws IOException {
        Path begun = tree.resolve("begun");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (!Files.exists(begun)) {
            assertThat(System.nanoTime() - deadline).as("Java begins").isNegative();
            LockSupport.parkNanos(1_000_000);
        }
        return Files.readString(begun).strip().split(" ");
    }

    @AfterEach
    void endChildren() {
        children.forEach(ProcessHandle::destroyForcibly);
    }
}
