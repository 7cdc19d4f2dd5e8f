package dev.berth.bench;

import dev.berth.testkit.netns.NetworkNamespace;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A child process, usually a JVM in a network namespace for what has to be done on the kernel's side. It is told what
/// to do line by line, answers each with a line, and ends with its standard input, so that nothing is left when the
/// benchmark is killed. Not thread-safe.
final class PeerProcess implements AutoCloseable {
    private static final int END_LIMIT_SECONDS = 20;

    private final Process process;
    private final BufferedReader answers;
    private final BufferedWriter commands;

    /// Starts `main` in the namespace, with these further options of the JVM.
    PeerProcess(NetworkNamespace namespace, Class<?> main, String... options) throws IOException {
        this(namespace, options(options), main);
    }

    /// Starts `main` in a JVM with these options.
    ///
    /// @param namespace where; null for where this JVM is
    PeerProcess(@Nullable NetworkNamespace namespace, List<String> options, Class<?> main, String... arguments)
            throws IOException {
        this(namespace, java(options, main, arguments));
    }

    /// Starts a program.
    ///
    /// @param namespace where; null for where this JVM is
    PeerProcess(@Nullable NetworkNamespace namespace, List<String> program) throws IOException {
        List<String> command = new ArrayList<>();
        if (namespace != null) {
            command.addAll(List.of("ip", "netns", "exec", namespace.name()));
        }
        command.addAll(program);
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        answers = process.inputReader();
        commands = process.outputWriter();
    }

    private static List<String> options(String... options) {
        List<String> all = new ArrayList<>(List.of("-XX:+UseSerialGC"));
        all.addAll(List.of(options));
        return all;
    }

    /// The command that starts `main` in a JVM of the kind and with the class path of this one.
    private static List<String> java(List<String> options, Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        return command;
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
            throw new IOException("The other process failed: " + line);
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
