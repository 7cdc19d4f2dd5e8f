package dev.berth.ports;

import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How many entries a [PortTable] has and had at most, and how often it refused. Immutable.
///
/// @param flows the flows now, TIME-WAIT included
/// @param timeWait the flows in TIME-WAIT now
/// @param bindings the bindings now
/// @param mostFlows the most flows that were there at one time
/// @param mostTimeWait the most flows in TIME-WAIT at one time
/// @param mostTowards the most ports in use towards one destination at one time, by flows without a binding
/// @param mostTowardsLocal the local address of that destination; null if there was no such flow
/// @param mostTowardsRemote that destination; null if there was no such flow
/// @param refusals how often a port could not be had, by reason; every reason has an entry
/// @param warningsLost warnings that were not given because nobody took the earlier ones, or too many
///     destinations were short of ports at once
public record PortCounters(
        int flows,
        int timeWait,
        int bindings,
        int mostFlows,
        int mostTimeWait,
        int mostTowards,
        @Nullable IpAddress mostTowardsLocal,
        @Nullable Endpoint mostTowardsRemote,
        Map<PortError, Long> refusals,
        long warningsLost) {
    /// Copies the map.
    public PortCounters {
        refusals = Map.copyOf(refusals);
    }
}
