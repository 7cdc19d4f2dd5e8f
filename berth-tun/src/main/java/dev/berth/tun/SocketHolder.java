package dev.berth.tun;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The process that has a socket of the kernel open, as far as `/proc` of Linux tells: those of the same user, or all
/// for root. The look-ups read many small files, so they are for the case that something went wrong.
///
/// @param pid the process
/// @param command its command line, shortened, without control characters
public record SocketHolder(long pid, String command) {
    private static final Path PROC = Path.of("/proc");
    private static final int LONGEST = 70;
    private static final int PATH_AT = 7; // words before the path in /proc/net/unix

    /// Who has the socket with this number, as the tables in `/proc/net` have it (proc(5), "inode"); empty if that
    /// cannot be told.
    public static Optional<SocketHolder> of(String inode) {
        String socket = "socket:[" + inode + "]";
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path process : processes) {
                if (holds(process.resolve("fd"), socket)) {
                    long pid = Long.parseLong(process.getFileName().toString());
                    return Optional.of(new SocketHolder(pid, command(process)));
                }
            }
        } catch (IOException | DirectoryIteratorException | IllegalArgumentException _) {
            // There is no such directory.
        }
        return Optional.empty();
    }

    /// Who has the UNIX-domain socket that was bound to a path; empty if that cannot be told, as of one whose file was
    /// moved since, but by [SocketFile#bind].
    public static Optional<SocketHolder> ofPath(Path path) {
        try {
            Path wanted = path.toAbsolutePath().normalize();
            for (String line : Files.readAllLines(PROC.resolve("net/unix"), StandardCharsets.ISO_8859_1)) {
                String[] words = line.strip().split(" +", PATH_AT + 1);
                if (words.length <= PATH_AT) {
                    continue;
                }
                byte[] octets = words[PATH_AT].getBytes(StandardCharsets.ISO_8859_1);
                Path bound = Path.of(new String(octets, StandardCharsets.UTF_8));
                if (wanted.getFileName() == null || !wanted.getFileName().equals(bound.getFileName())) {
                    continue;
                }
                Optional<SocketHolder> holder = of(words[PATH_AT - 1]);
                if (holder.isPresent()
                        && wanted.equals(file(directory(holder.get().pid).resolve(bound)))) {
                    return holder;
                }
            }
        } catch (IOException | IllegalArgumentException _) {
            // Not Linux, or not the table that we know.
        }
        return Optional.empty();
    }

    private static Path file(Path bound) {
        Path path = bound.normalize();
        Path parent = path.getParent();
        Path above = parent != null && SocketFile.isRoom(parent) ? parent.getParent() : null;
        return above == null ? path : above.resolve(path.getFileName());
    }

    /// The directory that a process is in, which a path may have been bound relative to.
    private static Path directory(long pid) {
        try {
            return Files.readSymbolicLink(PROC.resolve(pid + "/cwd"));
        } catch (IOException e) {
            return Path.of("/"); // somebody else's
        }
    }

    private static boolean holds(Path descriptors, String socket) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(descriptors)) {
            for (Path file : files) {
                if (socket.equals(target(file))) {
                    return true;
                }
            }
        } catch (IOException | DirectoryIteratorException _) {
            // Somebody else's process, or one that has ended meanwhile.
        }
        return false;
    }

    private static @Nullable String target(Path file) {
        try {
            return Files.readSymbolicLink(file).toString();
        } catch (IOException e) {
            return null; // closed meanwhile
        }
    }

    private static String command(Path process) {
        try {
            byte[] line = Files.readAllBytes(process.resolve("cmdline"));
            String text = new String(line, StandardCharsets.UTF_8)
                    .replace('\0', ' ')
                    .replaceAll("\\p{Cntrl}", "?")
                    .strip();
            text = text.replaceFirst("^/\\S*/", "");
            return text.length() <= LONGEST ? text : text.substring(0, LONGEST - 3) + "...";
        } catch (IOException e) {
            return "?";
        }
    }

    /// `process 1234 (python3 -m http.server)`.
    @Override
    public String toString() {
        return "process " + pid + " (" + command + ")";
    }
}
