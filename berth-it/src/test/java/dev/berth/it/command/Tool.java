package dev.berth.it.command;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// A program of the system that a test uses; a test that misses it is skipped and says so.
enum Tool {
    CURL("curl"),
    TSHARK("tshark");

    private final String command;

    Tool(String command) {
        this.command = command;
    }

    /// Runs it and returns what it printed.
    String run(String... arguments) throws IOException, InterruptedException {
        boolean installed = Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(dir -> Files.isExecutable(Path.of(dir).resolve(command)));
        assumeTrue(installed, command + " is not installed");
        List<String> line = new ArrayList<>(List.of(command));
        line.addAll(List.of(arguments));
        Process process = new ProcessBuilder(line)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int exitCode = process.waitFor();
        if (exitCode != 0) {
            throw new AssertionError(line + " ended with " + exitCode);
        }
        return output;
    }
}
