package dev.berth.ethernet;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/// The file of a UNIX socket, before and after the socket.
final class SocketPath {
    private SocketPath() {}

    /// Makes room for a socket: one that nobody listens at any more is removed.
    ///
    /// @param stream whether such a socket is asked by a connection if somebody is there
    /// @throws IOException if there is something else, or somebody listens
    static void clear(Path path, boolean stream) throws IOException {
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
        if (stream && isListening(path)) {
            throw new IOException(path + " is in use: somebody listens there.");
        }
        Files.delete(path);
    }

    private static boolean isListening(Path path) {
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return probe.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException e) {
            return false; // refused: whoever made it is gone
        }
    }

    /// Only this user may reach it: whoever connects is a member of the network.
    static void protect(Path path) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    }
}
