package dev.berth.it.command;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// One run of the command `./berth` in a process of its own; every wait has an end, and so has the process.
final class BerthProcess implements AutoCloseable {
    static final Path ROOT = root();

    /// The unmodified web server among the examples.
    static final String WEB = ROOT.resolve("berth-examples/target/web.jar").toString();

    /// Where the programs of these tests are.
    static final String PROGRAMS = ROOT.resolve("berth-it")
            .resolve(Path.of(BerthProcess.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .getPath()))
            .toString();

    private static final Pattern PUBLISHED = Pattern.compile("published 127\\.0\\.0\\.1:(\\d+) -> ");
    private static final long SECONDS = 120;

    private final Process process;
    private final Output out;
    private final Output err;

    private BerthProcess(Process process) {
        this.process = process;
        out = new Output(process.getInputStream());
        err = new Output(process.getErrorStream());
    }

    private static Path root() {
        String property = System.getProperty("berth.root");
        Path dir = Path.of(property != null ? property : "").toAbsolutePath();
        while (dir != null && !Files.isRegularFile(dir.resolve("berth"))) {
            dir = dir.getParent();
        }
        return Objects.requireNonNull(dir, "the directory of the project");
    }

    /// Starts the command in the directory of the project.
    static BerthProcess start(String... arguments) throws IOException {
        return startIn(ROOT, List.of(), arguments);
    }

    /// Starts the command in another directory, behind another command such as `ip netns exec`.
    static BerthProcess startIn(Path directory, List<String> prefix, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.add(ROOT.resolve("berth").toString());
        command.addAll(List.of(arguments));
        return start(directory, command);
    }

    /// Starts `java` with the JDK of this test, behind another command such as `ip netns exec`.
    static BerthProcess java(List<String> prefix, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(arguments));
        return start(ROOT, command);
    }

    /// Starts a command of any kind.
    static BerthProcess start(Path directory, List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().put("LC_ALL", "C");
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        return new BerthProcess(builder.start());
    }

    /// Lines of one stream, as they come.
    private static final class Output {
        private final List<String> lines = new ArrayList<>();
        private boolean ended;

        Output(InputStream stream) {
            Thread.ofVirtual().start(() -> read(stream));
        }

        private void read(InputStream stream) {
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                String line;
                while ((line = reader.readLine()) != null) {
                    add(line);
                }
            } catch (IOException e) {
                add("(" + e + ")");
            } finally {
                end();
            }
        }

        private synchronized void add(String line) {
            lines.add(line);
            notifyAll();
        }

        private synchronized void end() {
            ended = true;
            notifyAll();
        }

        synchronized Matcher await(Pattern pattern) throws InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            for (int next = 0; ; next++) {
                while (next == lines.size()) {
                    long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                    if (ended || left <= 0) {
                        throw new AssertionError("No line with '" + pattern + "' in:\n" + String.join("\n", lines));
                    }
                    wait(left);
                }
                Matcher matcher = pattern.matcher(lines.get(next));
                if (matcher.find()) {
                    return matcher;
                }
            }
        }

        synchronized List<String> all() throws InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            while (!ended) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0) {
                    throw new AssertionError("The stream does not end:\n" + String.join("\n", lines));
                }
                wait(left);
            }
            return List.copyOf(lines);
        }
    }

    /// Waits for a line of standard output.
    Matcher awaitOut(String regex) throws InterruptedException {
        return out.await(Pattern.compile(regex));
    }

    /// Waits for a line of standard error.
    Matcher awaitErr(String regex) throws InterruptedException {
        return err.await(Pattern.compile(regex));
    }

    /// Waits until the web server listens.
    ///
    /// @return the port of this machine that was published first
    int awaitWebServer() throws InterruptedException {
        int port = Integer.parseInt(err.await(PUBLISHED).group(1));
        awaitOut("^Listening on port 80$");
        return port;
    }

    /// The number of the process.
    long pid() {
        return process.pid();
    }

    /// Sends a signal, such as `INT`.
    void signal(String name) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
        kill.waitFor();
    }

    /// Waits for the end of the process.
    int exitCode() throws InterruptedException {
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("The command does not end");
        }
        return process.exitValue();
    }

    /// Standard output, after the end.
    String out() throws InterruptedException {
        return out.all().stream().collect(Collectors.joining("\n"));
    }

    /// The lines of standard error, after the end.
    List<String> err() throws InterruptedException {
        return err.all();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
