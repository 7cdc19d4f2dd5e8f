package dev.berth.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// What `berth run` adds to the time from the start of a program that prints one word to its end: runs of plain `java`
/// and of the command, script and all, in turns; the difference of the medians, in milliseconds. The word is checked.
final class StartCost implements Measurement {
    private static final int FEWEST = 5;
    private static final int LIMIT_SECONDS = 60;
    private static final String ERRORS = "errors";

    private final Path directory;
    private final List<String> plain;
    private final List<String> berth;
    private double plainMillis = Double.NaN;

    private StartCost(Path directory, String command) {
        this.directory = directory;
        String main = HelloProgram.class.getName();
        String path = directory.toString();
        plain = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", path, main);
        berth = List.of(command, "run", "-cp", path, main);
    }

    /// @throws UnavailableException if the benchmark was not started by the script, or without a class file
    static StartCost open() throws IOException, UnavailableException {
        String command = System.getProperty("berth.command");
        if (command == null) {
            throw new UnavailableException(
                    "The command to start is not known: start the benchmark with ./berth bench.");
        }
        String file = HelloProgram.class.getName().replace('.', '/') + ".class";
        Path directory = Files.createTempDirectory("berth-start");
        StartCost cost = new StartCost(directory, command);
        try (InputStream in = StartCost.class.getResourceAsStream("/" + file)) {
            if (in == null) {
                throw new UnavailableException("There is no " + file + ".");
            }
            Path target = directory.resolve(file);
            Files.createDirectories(target.getParent());
            deleteAtExit(directory, directory.relativize(target), Path.of(ERRORS));
            Files.copy(in, target);
            cost.run(cost.plain); // into the caches of the kernel; the script builds and archives once
            cost.run(cost.berth);
            return cost;
        } catch (IOException | UnavailableException | RuntimeException e) {
            cost.close();
            throw e;
        }
    }

    /// Leaves nothing behind when the benchmark is interrupted. The last one named goes first.
    private static void deleteAtExit(Path directory, Path... files) {
        directory.toFile().deleteOnExit();
        for (Path each : files) {
            Path at = directory;
            for (Path name : each) {
                at = at.resolve(name);
                at.toFile().deleteOnExit();
            }
        }
    }

    /// What plain `java` took in the last round.
    double plainMillis() {
        return plainMillis;
    }

    @Override
    public double measure(long nanos) throws IOException {
        double[] without = new double[FEWEST];
        double[] with = new double[FEWEST];
        int count = 0;
        long start = System.nanoTime();
        do {
            if (count == with.length) {
                without = Arrays.copyOf(without, count * 2);
                with = Arrays.copyOf(with, count * 2);
            }
            without[count] = run(plain);
            with[count++] = run(berth);
        } while (System.nanoTime() - start < nanos || count < FEWEST);
        plainMillis = Spread.of(Arrays.copyOf(without, count)).median();
        return Spread.of(Arrays.copyOf(with, count)).median() - plainMillis;
    }

    private double run(List<String> command) throws IOException {
        long start = System.nanoTime();
        Process process = new ProcessBuilder(command)
                .redirectError(directory.resolve(ERRORS).toFile())
                .start();
        try (InputStream in = process.getInputStream()) {
            process.getOutputStream().close();
            String output = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException(command + " does not end");
            }
            double millis = (System.nanoTime() - start) / 1e6;
            if (process.exitValue() != 0 || !output.strip().equals(HelloProgram.OUTPUT)) {
                throw new IOException(command + " has ended with " + process.exitValue() + ": " + output
                        + Files.readString(directory.resolve(ERRORS)));
            }
            return millis;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("Interrupted", e);
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    @Override
    public void close() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}
