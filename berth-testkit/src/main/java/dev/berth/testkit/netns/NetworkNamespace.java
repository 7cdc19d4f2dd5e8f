package dev.berth.testkit.netns;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/// A network namespace of the kernel: a network stack of its own, with nothing in it but a loopback device, for a
/// test that has the kernel as its peer. Commands run in it as child processes; this JVM stays where it is.
///
/// ```java
/// try (NetworkNamespace namespace = NetworkNamespace.create()) {
///     namespace.check("ip", "link", "set", "dev", "lo", "up");
///     namespace.check("ping", "-c", "1", "127.0.0.1");
/// }
/// ```
///
/// It needs root and the command `ip`; ask [#unavailableReason] first. Closing it kills what still runs in it and
/// removes it; so does the end of the JVM. Safe for use by several threads.
public final class NetworkNamespace implements AutoCloseable {
    /// How long a command may take that is not given a limit.
    public static final Duration COMMAND_LIMIT = Duration.ofSeconds(20);

    private static final System.Logger LOGGER = System.getLogger(NetworkNamespace.class.getName());
    private static final Path DIRECTORY = Path.of("/var/run/netns");
    private static final Set<String> TOLD = ConcurrentHashMap.newKeySet();

    private final String name;
    private final List<NamespaceProgram> programs = new CopyOnWriteArrayList<>();
    private final Thread atExit = new Thread(this::remove, "berth-netns-removal");
    private boolean closed;

    private NetworkNamespace(String name) {
        this.name = name;
    }

    /// Why namespaces or TUN devices cannot be used here, as one sentence, or null if they can.
    public static @Nullable String unavailableReason() {
        if (!System.getProperty("os.name", "").equals("Linux")) {
            return "Network namespaces exist only on Linux.";
        }
        try {
            if (!Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
                return "Network namespaces need root.";
            }
        } catch (IOException e) {
            return "Cannot tell who this process belongs to: " + e;
        }
        if (!Files.exists(Path.of("/dev/net/tun"))) {
            return "There is no /dev/net/tun.";
        }
        try {
            Outcome outcome = run(List.of("ip", "netns", "list"), COMMAND_LIMIT);
            return outcome.exit() == 0 ? null : "The command 'ip netns' does not work: " + outcome.output();
        } catch (UncheckedIOException e) {
            return "There is no command 'ip': install iproute2.";
        }
    }

    /// True if namespaces and TUN devices can be used. If not, warns in the log, once per `test`, so that a skipped
    /// test is not taken for a passed one.
    public static boolean isAvailableFor(Class<?> test) {
        String reason = unavailableReason();
        if (reason != null && TOLD.add(test.getName())) {
            LOGGER.log(System.Logger.Level.WARNING, "*** SKIPPED: {0}: {1} ***", test.getName(), reason);
        }
        return reason == null;
    }

    /// Makes a namespace with a random name, `berth-` and eight digits, and brings its loopback device up.
    ///
    /// @throws IllegalStateException if that fails
    public static NetworkNamespace create() {
        NetworkNamespace namespace =
                new NetworkNamespace("berth-" + UUID.randomUUID().toString().substring(0, 8));
        Runtime.getRuntime().addShutdownHook(namespace.atExit);
        boolean ready = false;
        try {
            requireSuccess(run(List.of("ip", "netns", "add", namespace.name), COMMAND_LIMIT));
            namespace.check("ip", "link", "set", "dev", "lo", "up");
            ready = true;
            return namespace;
        } finally {
            if (!ready) {
                namespace.close();
            }
        }
    }

    /// The name, as in `ip netns exec NAME`.
    public String name() {
        return name;
    }

    /// The file that stands for the namespace, for `setns(2)`.
    public Path path() {
        return DIRECTORY.resolve(name);
    }

    /// What a command that has ended left behind.
    ///
    /// @param command the command with its arguments
    /// @param exit its exit status
    /// @param output what it wrote to standard output and standard error
    public record Outcome(List<String> command, int exit, String output) {}

    /// Runs a command in the namespace to its end, within [#COMMAND_LIMIT].
    ///
    /// @throws IllegalStateException if it takes longer; it is killed then
    public Outcome run(String... command) {
        return run(COMMAND_LIMIT, command);
    }

    /// Runs a command in the namespace to its end.
    ///
    /// @throws IllegalStateException if it takes longer than `limit`; it is killed then
    public Outcome run(Duration limit, String... command) {
        return run(inside(command), limit);
    }

    /// Runs a command in the namespace to its end and returns its output.
    ///
    /// @throws IllegalStateException if it fails or takes longer than [#COMMAND_LIMIT]
    public String check(String... command) {
        return requireSuccess(run(command));
    }

    /// Starts a command in the namespace that runs beside the test until it ends or the namespace is closed.
    public NamespaceProgram start(String... command) {
        NamespaceProgram program = NamespaceProgram.start(inside(command));
        programs.add(program);
        return program;
    }

    private List<String> inside(String... command) {
        List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", name));
        all.addAll(List.of(command));
        return all;
    }

    private static String requireSuccess(Outcome outcome) {
        if (outcome.exit() != 0) {
            throw new IllegalStateException(String.join(" ", outcome.command()) + " failed with status "
                    + outcome.exit() + ": " + outcome.output());
        }
        return outcome.output();
    }

    private static Outcome run(List<String> command, Duration limit) {
        try {
            Path output = Files.createTempFile("berth-netns", ".out");
            try {
                Process process = new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectInput(ProcessBuilder.Redirect.from(
                                Path.of("/dev/null").toFile()))
                        .redirectOutput(output.toFile())
                        .start();
                boolean ended = NamespaceProgram.awaitOrKill(process, limit);
                String text = Files.readString(output);
                if (!ended) {
                    throw new IllegalStateException(
                            String.join(" ", command) + " took longer than " + limit + ": " + text);
                }
                return new Outcome(command, process.exitValue(), text);
            } finally {
                Files.deleteIfExists(output);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Kills what still runs in the namespace and removes it. Idempotent.
    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(atExit);
        remove();
    }

    private synchronized void remove() {
        if (closed) {
            return;
        }
        closed = true;
        for (NamespaceProgram program : programs) {
            program.close();
        }
        if (Files.exists(path())) {
            requireSuccess(run(List.of("ip", "netns", "delete", name), COMMAND_LIMIT));
        }
    }
}
