package dev.berth.ports;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One entry of the [ServiceRegistry]. Immutable.
///
/// @param name the service name as registered; empty where ports are reserved, or assigned without a name
/// @param ports the port or ports; null for a name without a port (such as those of DNS service discovery)
/// @param transports the transports the entry is for; empty for a name without ports where the registry says
///     none
/// @param description what the registry says about it, on one line
/// @param reserved whether the ports are held back from assignment instead of assigned
public record Service(
        String name, @Nullable PortRange ports, Set<Transport> transports, String description, boolean reserved) {
    /// Copies the set.
    public Service {
        transports = Set.copyOf(transports);
    }
}
