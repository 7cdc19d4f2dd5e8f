package dev.berth.ports;

import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.util.List;

/// How a [PortTable] was used at one moment. Immutable and independent of the table.
///
/// @param transport whose ports these are
/// @param ephemeral the range that ports are chosen from
/// @param flowCount all flows, TIME-WAIT included
/// @param timeWaitCount the flows in TIME-WAIT
/// @param bindings every binding, by port
/// @param counters high-water marks and refusals
/// @param destinations where flows without a binding go to, those with most ports in use first
public record PortUsage(
        Transport transport,
        PortRange ephemeral,
        int flowCount,
        int timeWaitCount,
        PortCounters counters,
        List<Binding> bindings,
        List<Towards> destinations) {
    /// Copies the lists.
    public PortUsage {
        bindings = List.copyOf(bindings);
        destinations = List.copyOf(destinations);
    }

    /// One binding.
    ///
    /// @param local the address, or wildcard, and port
    /// @param sharing the flags of [PortSharing]
    /// @param state `LISTEN`, `BOUND` or `CLOSED` (flows remain)
    /// @param flows the flows that use it
    /// @param owner who bound it, in words; empty if nobody said
    /// @param since when it was bound, in nanoseconds on the host's clock; [PortAge#UNKNOWN] if nobody said
    public record Binding(Endpoint local, int sharing, String state, int flows, String owner, long since) {
        /// Whether somebody listens.
        public boolean listening() {
            return state.equals("LISTEN");
        }
    }

    /// The ephemeral ports in use towards one destination.
    ///
    /// @param local the local address
    /// @param remote the destination
    /// @param inUse the local ports in use
    /// @param timeWait those of them in TIME-WAIT
    /// @param free the ports of the ephemeral range that a connect could still choose
    public record Towards(IpAddress local, Endpoint remote, int inUse, int timeWait, int free) {
        /// How full it is, in per cent: 100 only if no port is free.
        public double percent() {
            return inUse == 0 ? 0 : 100.0 * inUse / ((double) inUse + free);
        }
    }
}
