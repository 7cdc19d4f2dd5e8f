package dev.berth.bench;

import dev.berth.testkit.netns.NetworkNamespace;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A minimal TCP in C on a TUN device (`floor.c`): what the device and the kernel's end cost by themselves. Built with
/// gcc where there is one. Not thread-safe.
final class CFloor implements AutoCloseable {
    /// What the table calls it.
    static final String NAME = "c-floor";

    /// Where it accepts connections.
    static final String ADDRESS = "10.8.0.2";

    static final int PORT = 80;

    private static final String COMPILER = "gcc";
    private static final String DEVICE = "floor0";
    private static final String KERNEL = "10.8.0.1";
    private static final String NETWORK = "10.8.0.0/24";
    private static final int BUILD_LIMIT_SECONDS = 60;

    private final PeerProcess process;

    private CFloor(PeerProcess process) {
        this.process = process;
    }

    /// Whether there is a compiler.
    static boolean canBeBuilt() {
        String path = System.getenv("PATH");
        if (path != null) {
            for (String each : path.split(File.pathSeparator, -1)) {
                if (Files.isExecutable(Path.of(each, COMPILER))) {
                    return true;
                }
            }
        }
        return false;
    }

    /// Builds it and starts it with a device in the namespace.
    ///
    /// @throws Measurement.UnavailableException if it cannot be built
    static CFloor start(NetworkNamespace namespace) throws Exception {
        Path directory = Files.createTempDirectory("berth-floor");
        PeerProcess process = null;
        try {
            process = new PeerProcess(namespace, List.of(build(directory).toString(), DEVICE, ADDRESS, KERNEL));
            process.answer();
            delete(directory); // it runs, and leaves nothing behind however this process ends
            namespace.check("ip", "address", "add", KERNEL + "/24", "dev", DEVICE);
            namespace.check("ip", "link", "set", "dev", DEVICE, "mtu", "1500", "up");
            // as Berth sets it for its own device, so that the kernel's sender is the same for both
            namespace.check("ip", "route", "change", NETWORK, "dev", DEVICE, "src", KERNEL, "congctl", "reno");
            return new CFloor(process);
        } catch (Exception e) {
            if (process != null) {
                process.close();
            }
            delete(directory);
            throw e;
        }
    }

    private static Path build(Path directory) throws Exception {
        if (!canBeBuilt()) {
            throw new Measurement.UnavailableException("There is no " + COMPILER + " to build the floor with.");
        }
        Path source = directory.resolve("floor.c");
        Path program = directory.resolve("floor");
        try (InputStream in = CFloor.class.getResourceAsStream("floor.c")) {
            if (in == null) {
                throw new IOException("There is no resource floor.c");
            }
            Files.copy(in, source);
        }
        Process compiler = new ProcessBuilder(COMPILER, "-O2", "-o", program.toString(), source.toString())
                .redirectErrorStream(true)
                .start();
        try (InputStream in = compiler.getInputStream()) {
            String output = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            if (!compiler.waitFor(BUILD_LIMIT_SECONDS, TimeUnit.SECONDS) || compiler.exitValue() != 0) {
                throw new Measurement.UnavailableException("The floor cannot be built: " + output.strip());
            }
        } finally {
            compiler.destroyForcibly();
        }
        return program;
    }

    /// What a client does with the server of [PeerProgram].
    ///
    /// @param port that server's
    double run(PeerTask task, long nanos, int port) throws IOException {
        return Double.parseDouble(process.ask(task + " " + nanos + " " + port));
    }

    /// How many connections were opened and reset since the last time.
    long accepted() throws IOException {
        return Long.parseLong(process.ask("ACCEPTED"));
    }

    @Override
    public void close() {
        process.close();
    }

    private static void delete(Path directory) throws IOException {
        Files.deleteIfExists(directory.resolve("floor"));
        Files.deleteIfExists(directory.resolve("floor.c"));
        Files.deleteIfExists(directory);
    }
}
