package dev.berth.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// What `--netns` names: a process, or the file of a network namespace.
///
/// @param file the namespace's file
/// @param process the process, or null if a file was named
record NamespaceTarget(Path file, @Nullable ProcessHandle process) {
    private static final Path OWN = Path.of("/proc/self/ns/net");

    /// Parses a number of a process or a path.
    ///
    /// @throws IllegalArgumentException if it is neither, or is where this process is itself
    /// @throws IOException if there is no such process
    static NamespaceTarget parse(String text) throws IOException {
        NamespaceTarget target = named(text);
        if (Files.exists(target.file) && Files.isSameFile(target.file, OWN)) {
            throw new IllegalArgumentException(
                    "'" + text + "' names the network namespace of this command, which is its own way outside");
        }
        return target;
    }

    private static NamespaceTarget named(String text) throws IOException {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("--netns is the number of a process or a file");
        }
        if (text.length() < 19 && text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            long pid = Long.parseLong(text);
            ProcessHandle process =
                    ProcessHandle.of(pid).orElseThrow(() -> new IOException("There is no process " + pid + "."));
            return new NamespaceTarget(Path.of("/proc/" + pid + "/ns/net"), process);
        }
        try {
            return new NamespaceTarget(Path.of(text), null);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("'" + text + "' is not the name of a file", e);
        }
    }
}
