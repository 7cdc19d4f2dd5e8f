package dev.berth.bench;

import dev.berth.testkit.netns.NetworkNamespace;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A child JVM in a network namespace, for what has to be done on the kernel's side. It is told what to do line by
/// line, answers each with a line, and ends with its standard input, so that nothing is left when the benchmark is
/// killed. Not thread-safe.
final class PeerProcess implements AutoCloseable {
    private static final int END_LIMIT_SECONDS = 20;

    private final Process process;
    private final BufferedReader answers;
    private final BufferedWriter commands;

    /// Starts `main` in the namespace, with these further options of the JVM.
    PeerProcess(NetworkNamespace namespace, Class<?> main, String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", namespace.name()));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:+UseSerialGC");
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        answers = process.inputReader();
        commands = process.outputWriter();
    }

    /// Sends a line and waits for the answer.
    ///
    /// @throws IOException if the answer is `error ...` or the process has ended
    String ask(String line) throws IOException {
        commands.write(line);
        commands.newLine();
        commands.flush();
        return answer();
    }

    /// Waits for the next line.
    ///
    /// @throws IOException if it is `error ...` or the process has ended
    String answer() throws IOException {
        String line = answers.readLine();
        if (line == null || line.startsWith("error ")) {
            throw new IOException("The kernel's side failed: " + line);
        }
        return line;
    }

    /// Kills it and waits until it is gone, with all its sockets, 20 seconds at most.
    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        try {
            if (!process.waitFor(END_LIMIT_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("Process " + process.pid() + " cannot be killed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
