package dev.berth.names;

import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.StringTokenizer;
import org.jspecify.annotations.Nullable;

/// The name servers that a machine's resolver file names, as resolv.conf(5) says; libraries that speak DNS themselves
/// read it, whatever host their sockets are on.
public final class ResolverFile {
    /// Where it is.
    public static final Path MACHINE = Path.of("/etc/resolv.conf");

    /// Octets of the largest file that is read.
    private static final int MAX_LENGTH = 65_536;

    /// What is asked where no file names a server: resolv.conf(5) says "the name server on the local machine", and
    /// Netty takes Google's.
    private static final List<IpAddress> OTHERWISE =
            List.of(IpAddress.LOOPBACK_IPV4, IpAddress.parse("8.8.8.8"), IpAddress.parse("8.8.4.4"));

    private ResolverFile() {}

    /// The name servers of a file in its order, each once; what is used by default if it has none or cannot be read.
    public static List<IpAddress> nameServers(Path file) {
        List<IpAddress> found = List.of();
        try {
            if (Files.isReadable(file) && Files.size(file) <= MAX_LENGTH) {
                found = parse(Files.readString(file));
            }
        } catch (IOException e) {
            System.getLogger("dev.berth.names")
                    .log(System.Logger.Level.DEBUG, () -> "Cannot read " + file + ": " + e.getMessage());
        }
        return found.isEmpty() ? OTHERWISE : found;
    }

    /// The name servers of the lines of a file; lines that cannot be understood have none.
    static List<IpAddress> parse(String text) {
        List<IpAddress> servers = new ArrayList<>();
        StringTokenizer lines = new StringTokenizer(text, "\r\n"); // expressions would cost a start some milliseconds
        while (lines.hasMoreTokens()) {
            StringTokenizer words = new StringTokenizer(lines.nextToken());
            boolean names = words.hasMoreTokens() && words.nextToken().equals("nameserver") && words.hasMoreTokens();
            IpAddress server = names ? address(words.nextToken()) : null;
            if (server != null && !servers.contains(server)) {
                servers.add(server);
            }
        }
        return List.copyOf(servers);
    }

    private static @Nullable IpAddress address(String word) {
        int scope = word.indexOf('%');
        try {
            return IpAddress.parse(scope < 0 ? word : word.substring(0, scope));
        } catch (IllegalArgumentException e) {
            return null; // glibc skips such a line too
        }
    }
}
