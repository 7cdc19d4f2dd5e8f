package dev.berth.software;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.testkit.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/// Runs a program of this module in a JVM of its own, in a namespace whose loopback device is down, and looks at
/// which system calls it makes.
final class SoftwareRun {
    /// The directory of the project.
    static final Path ROOT = root();

    /// The programs with all the libraries they use; nothing of Berth and nothing of the tests.
    static final String CLASS_PATH = classPath();

    private static final System.Logger LOGGER = System.getLogger(SoftwareRun.class.getName());
    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final String CALLS = "bind,connect,accept,accept4,sendto,sendmsg,sendmmsg";

    private SoftwareRun() {}

    private static Path root() {
        Path directory = Path.of(System.getProperty("berth.root", "")).toAbsolutePath();
        while (directory != null && !Files.isRegularFile(directory.resolve("berth"))) {
            directory = directory.getParent();
        }
        return Objects.requireNonNull(directory, "the directory of the project");
    }

    private static String classPath() {
        List<String> entries = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(":")) {
            Path path = Path.of(entry);
            boolean ours = path.startsWith(ROOT) && !path.startsWith(ROOT.resolve("berth-software"))
                    || entry.contains("/dev/berth/");
            boolean tests = path.endsWith("test-classes") || entry.contains("/org/junit/");
            if (!ours && !tests) {
                entries.add(entry);
            }
        }
        return String.join(":", entries);
    }

    /// Skips the test if a command is not there, with a warning in the log, so that it is not taken for a passed one.
    static void assumeInstalled(Class<?> test, String command) {
        boolean installed = Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, command)));
        assume(test, installed, "The command '" + command + "' is not installed.");
    }

    /// Skips the test with a warning in the log unless `there`.
    static void assume(Class<?> test, boolean there, String otherwise) {
        if (!there) {
            LOGGER.log(System.Logger.Level.WARNING, "*** SKIPPED: {0}: {1} ***", test.getName(), otherwise);
        }
        assumeTrue(there, otherwise);
    }

    /// What a program has left behind.
    ///
    /// @param output its output and errors
    /// @param kernelCalls the system calls that had to do with an Internet address
    record Result(int exit, String output, List<String> kernelCalls) {}

    /// The path of the agent's jar, as `berth agent` prints it.
    static String agent() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(ROOT.resolve("berth").toString(), "agent")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        process.getOutputStream().close();
        String path = new String(process.getInputStream().readAllBytes()).strip();
        if (process.waitFor() != 0) {
            throw new IllegalStateException("berth agent failed: " + path);
        }
        return path;
    }

    /// Makes a key store with the password `password` and a key for the name of a host.
    static void makeKeys(Path keys, String name) throws IOException, InterruptedException {
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keystore",
                        keys.toString(),
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        "password",
                        "-keyalg",
                        "EC",
                        "-alias",
                        name,
                        "-dname",
                        "CN=" + name,
                        "-ext",
                        "san=dns:" + name)
                .inheritIO()
                .start();
        if (keytool.waitFor() != 0) {
            throw new IllegalStateException("keytool failed");
        }
    }

    /// Runs `java` with these options and with all assertions, those of the JDK too.
    static Result java(NetworkNamespace namespace, List<String> options, List<String> program) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx400m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-esa", "-ea"));
        command.addAll(options);
        command.addAll(program);
        return traced(namespace, command);
    }

    /// Runs a command in the namespace under `strace`.
    static Result traced(NetworkNamespace namespace, List<String> command) throws IOException {
        Path trace = Files.createTempFile("berth-software", ".strace");
        try {
            List<String> all = new ArrayList<>(
                    List.of("strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=" + CALLS, "-e", "signal=none", "-o"));
            all.add(trace.toString());
            all.addAll(command);
            NetworkNamespace.Outcome outcome = namespace.run(LIMIT, all.toArray(String[]::new));
            try (Stream<String> lines = Files.lines(trace)) {
                List<String> calls =
                        lines.filter(line -> line.contains("sa_family=AF_INET")).toList();
                return new Result(outcome.exit(), outcome.output(), calls);
            }
        } finally {
            Files.deleteIfExists(trace);
        }
    }
}
