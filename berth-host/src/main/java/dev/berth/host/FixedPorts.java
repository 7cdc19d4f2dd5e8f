package dev.berth.host;

import dev.berth.ports.PortKind;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortRange;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Tells people of servers that wait on a dynamic port they named themselves: in the log `dev.berth.host` at the level
/// WARNING, once a port and for 16 ports of a host at most.
///
/// RFC 6335 section 8.1.2: a port of the dynamic range "MUST NOT be used as a service identifier", and an application
/// must not assume that one is available, since any client may have got it. A port that the policy reserves is never
/// given to a client, so nothing is said of it.
final class FixedPorts {
    private static final int MOST = 16;

    private final String host;
    private final PortPolicy policy;
    /// Guarded by the host's lock.
    private final Set<Integer> told = new TreeSet<>();

    FixedPorts(String host, PortPolicy policy) {
        this.host = host;
        this.policy = policy;
    }

    /// A TCP server listens on a port that it named. Under the host's lock.
    ///
    /// @return what there is to tell, to be logged outside of the lock; null for nothing
    @Nullable
    String listening(int port) {
        if (PortKind.of(port) != PortKind.DYNAMIC || isReserved(port) || told.size() == MOST || !told.add(port)) {
            return null;
        }
        return "Host " + host + " listens on TCP port " + port + ", one of the dynamic ports " + PortRange.DYNAMIC
                + ", which belong to no service (RFC 6335): "
                + (policy.ephemeral().contains(port)
                        ? "a client of this host may have it when the server starts again. "
                        : "others may use it for their clients. ")
                + "A port below " + PortRange.DYNAMIC.first() + ", or a reserved one, is safe.";
    }

    private boolean isReserved(int port) {
        return policy.reserved().stream().anyMatch(range -> range.contains(port));
    }

    static void log(String text) {
        System.getLogger("dev.berth.host").log(System.Logger.Level.WARNING, text);
    }
}
