package dev.berth.gateway;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.attribute.UserPrincipal;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/// Who is at the other end of a UNIX-domain socket, as the kernel has it (SO_PEERCRED).
public final class PeerCredentials {
    private static final String ROOT = "root";

    private PeerCredentials() {}

    /// The user of the other end; null where the kernel or a run-time image without the module `jdk.net` does not
    /// tell.
    public static @Nullable UserPrincipal user(SocketChannel channel) throws IOException {
        boolean known =
                channel.supportedOptions().stream().anyMatch(each -> each.name().equals("SO_PEERCRED"));
        return known ? channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user() : null;
    }

    /// Requires that the other end belongs to a user, or to root, who can do all that the user can.
    ///
    /// @throws IOException if it belongs to somebody else, with a sentence that says whose it is
    public static void require(SocketChannel channel, UserPrincipal own) throws IOException {
        UserPrincipal user = user(channel);
        if (user != null && !user.equals(own) && !user.getName().equals(ROOT)) {
            throw new IOException("The other end belongs to user " + user.getName() + ", not to " + own.getName());
        }
    }
}
