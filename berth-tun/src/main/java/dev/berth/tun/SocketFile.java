package dev.berth.tun;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.ThreadLocalRandom;

/// The file of a UNIX-domain socket: one that somebody uses is taken from nobody, and a new one is there with its
/// final rights from the first moment on.
public final class SocketFile {
    private static final int MAX_PATH = 99; // with a directory's name of eight the 107 of unix(7)
    private static final int TRIES = 100;
    private static final int NAMES = 36 * 36 * 36 * 36 * 36;

    private final Path path;
    private final Object key;

    private SocketFile(Path path) throws IOException {
        this.path = path;
        key = key(path);
    }

    private static Object key(Path path) throws IOException {
        Object key = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey();
        return key == null ? path : key;
    }

    /// The file of a socket that was just bound.
    ///
    /// @throws IOException if it is not there any more
    public static SocketFile at(Path path) throws IOException {
        return new SocketFile(path);
    }

    /// Removes the file, unless somebody has put another one in its place.
    public void remove() throws IOException {
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && key(path).equals(key)) {
            Files.deleteIfExists(path);
        }
    }

    /// Makes room for a socket: the file of one that nobody has open any more is removed.
    ///
    /// @param kernel opens the socket by which the other is asked whether it is there
    /// @throws IOException if there is something else, no such directory, or somebody has the socket open, with a
    ///     sentence that names who it is if that can be told
    public static void clear(Path path, SelectorProvider kernel) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            Path directory = path.toAbsolutePath().getParent();
            if (directory != null && !Files.isDirectory(directory)) {
                throw new IOException("There is no directory " + directory + ".");
            }
            return;
        }
        // A socket is neither a file nor a directory nor a link to one.
        if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .isOther()) {
            throw new IOException(path + " exists and is no socket.");
        }
        if (isInUse(path, kernel)) {
            throw new BindException(path + " is in use by "
                    + SocketHolder.ofPath(path).map(SocketHolder::toString).orElse("another program") + ".");
        }
        Files.deleteIfExists(path);
    }

    /// Whether somebody has the socket open: only of one that nobody has does the kernel say "refused" (connect(2)). A
    /// socket of datagrams says that it is of another type, and one where too many wait lets us wait too.
    private static boolean isInUse(Path path, SelectorProvider kernel) {
        try (SocketChannel probe = kernel.openSocketChannel(StandardProtocolFamily.UNIX)) {
            probe.configureBlocking(false);
            probe.connect(UnixDomainSocketAddress.of(path));
            return true;
        } catch (ConnectException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    /// Binds a channel to a path, for this user alone: in a directory that nobody else can enter, where the file gets
    /// its rights before it gets its name.
    ///
    /// @param path that nothing is at, 99 octets at most: the kernel takes 107
    /// @param backlog as [ServerSocketChannel#bind] has it
    /// @throws BindException if something is there
    /// @throws IOException if it cannot be made
    public static SocketFile bind(ServerSocketChannel server, Path path, int backlog) throws IOException {
        if (path.toString().getBytes(StandardCharsets.UTF_8).length > MAX_PATH) {
            throw new IOException("The path of a UNIX socket has at most " + MAX_PATH + " octets: " + path);
        }
        Path parent = path.getParent() == null ? Path.of("") : path.getParent();
        Path room = room(parent);
        Path made = room.resolve(path.getFileName()); // by which SocketHolder knows it
        try {
            server.bind(UnixDomainSocketAddress.of(made), backlog);
            Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rw-------"));
            // Not moved, which would replace what somebody else has put there.
            Files.createLink(path, made);
            return new SocketFile(path);
        } catch (FileAlreadyExistsException e) {
            BindException taken = new BindException(path + " is there already.");
            taken.initCause(e);
            throw taken;
        } finally {
            Files.deleteIfExists(made);
            Files.deleteIfExists(room);
        }
    }

    /// Whether a directory is one that a socket was bound in.
    static boolean isRoom(Path directory) {
        return directory.getFileName() != null
                && directory.getFileName().toString().matches("[.]b[0-9a-z]{1,5}");
    }

    /// A directory with a short name, as the path of a socket may not be long.
    private static Path room(Path parent) throws IOException {
        for (int i = 1; ; i++) {
            int number = ThreadLocalRandom.current().nextInt(NAMES);
            Path room = parent.resolve(".b" + Integer.toString(number, 36));
            try {
                return Files.createDirectory(
                        room, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            } catch (FileAlreadyExistsException e) {
                if (i == TRIES) {
                    throw e;
                }
            }
        }
    }
}
