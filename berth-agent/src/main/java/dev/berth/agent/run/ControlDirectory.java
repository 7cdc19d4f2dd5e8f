package dev.berth.agent.run;

import java.io.IOException;
import java.net.ConnectException;
import java.nio.channels.SocketChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Where running programs of this user leave their control sockets: `$XDG_RUNTIME_DIR/berth`, or `/tmp/berth-UID`
/// where there is no such directory of the user's own. Each socket is called by the number of its process.
///
/// The directory belongs to the user and nobody else has any right in it; one that is anything else, or a symbolic
/// link, is refused.
public record ControlDirectory(Path path, UserPrincipal user) {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");
    private static final String SUFFIX = ".sock";

    /// A socket in the directory.
    ///
    /// @param path the socket
    /// @param pid the process that made it
    public record Entry(Path path, long pid) {}

    /// The directory of the present user.
    ///
    /// @throws IOException if there is none, and none can be made, with a sentence that says why
    public static ControlDirectory present() throws IOException {
        return in(System.getenv("XDG_RUNTIME_DIR"), Path.of("/tmp"));
    }

    /// The directory below `runtime` if that is a directory of the user's own, otherwise below `temporary`.
    public static ControlDirectory in(@Nullable String runtime, Path temporary) throws IOException {
        Path probe = Files.createTempFile("berth", null);
        UserPrincipal user;
        Object uid;
        try {
            user = Files.getOwner(probe);
            uid = Files.getAttribute(probe, "unix:uid");
        } catch (UnsupportedOperationException | IllegalArgumentException e) {
            throw new IOException("Control sockets need a file system with owners and rights", e);
        } finally {
            Files.delete(probe);
        }
        if (runtime != null && !runtime.isEmpty() && problem(Path.of(runtime), user) == null) {
            return create(Path.of(runtime, "berth"), user);
        }
        return create(temporary.resolve("berth-" + uid), user);
    }

    private static ControlDirectory create(Path path, UserPrincipal user) throws IOException {
        try {
            Files.createDirectory(path, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        } catch (FileAlreadyExistsException _) {
            // Then it has to be one like ours.
        }
        String problem = problem(path, user);
        if (problem != null) {
            throw new IOException(path + " cannot hold control sockets: it " + problem);
        }
        return new ControlDirectory(path, user);
    }

    /// What keeps a directory from being the private one of a user; null if nothing does.
    private static @Nullable String problem(Path path, UserPrincipal user) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return "does not exist";
        }
        PosixFileAttributes attributes =
                Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!attributes.isDirectory()) {
            return "is not a directory";
        }
        if (!attributes.owner().equals(user)) {
            return "belongs to " + attributes.owner().getName();
        }
        return OWNER_ONLY.containsAll(attributes.permissions())
                ? null
                : "gives rights to others: " + PosixFilePermissions.toString(attributes.permissions());
    }

    /// The socket of a process.
    public Path socketOf(long pid) {
        return path.resolve(pid + SUFFIX);
    }

    /// The sockets that are there, by process.
    public List<Entry> entries() throws IOException {
        List<Entry> entries = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(path, "*" + SUFFIX)) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                String pid = name.substring(0, name.length() - SUFFIX.length());
                if (pid.matches("[0-9]{1,18}")) {
                    entries.add(new Entry(file, Long.parseLong(pid)));
                }
            }
        }
        entries.sort((a, b) -> Long.compare(a.pid, b.pid));
        return entries;
    }

    /// Removes sockets where nobody listens any more, as those of processes that were killed. A process that cannot be
    /// seen from here, as one in another container, keeps its socket; the number of a dead one may be another's by now.
    public void removeStale() throws IOException {
        for (Entry entry : entries()) {
            if (isDead(entry.path)) {
                Files.deleteIfExists(entry.path);
            }
        }
    }

    /// Whether nobody listens on a socket.
    static boolean isDead(Path socket) throws IOException {
        try (SocketChannel channel = KernelUnixSockets.connect(socket)) {
            return !channel.isConnected();
        } catch (ConnectException e) {
            return true;
        } catch (IOException e) {
            return !Files.exists(socket, LinkOption.NOFOLLOW_LINKS);
        }
    }
}
