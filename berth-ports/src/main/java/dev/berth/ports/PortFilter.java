package dev.berth.ports;

import dev.berth.wire.IpAddress;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which entries of a [PortTable] somebody wants to see. Immutable; a test allocates nothing.
///
/// @param bindings whether bindings are wanted: listeners, and ports that are bound only
/// @param flows whether flows are wanted
/// @param states the states of flows that are wanted, as [Flow#stateName] writes them; empty for all
/// @param localPorts the local ports that are wanted
/// @param remotePorts the remote ports that are wanted
/// @param local the prefix that the local address must belong to; null for any
/// @param remote the prefix that the remote address must belong to; null for any
/// @param family the IP version that is wanted, 4 or 6, or [#ANY_FAMILY]
public record PortFilter(
        boolean bindings,
        boolean flows,
        Set<String> states,
        PortRange localPorts,
        PortRange remotePorts,
        IpAddress.@Nullable Prefix local,
        IpAddress.@Nullable Prefix remote,
        int family) {
    /// Both IP versions.
    public static final int ANY_FAMILY = 0;

    private static final PortRange ANY_PORT = new PortRange(0, PortRange.MAX_PORT);

    /// Everything.
    public static final PortFilter ALL =
            new PortFilter(true, true, Set.of(), ANY_PORT, ANY_PORT, null, null, ANY_FAMILY);

    /// @throws IllegalArgumentException if the family is none of the three
    public PortFilter {
        states = Set.copyOf(states);
        if (family != ANY_FAMILY && family != 4 && family != 6) {
            throw new IllegalArgumentException("A family is 4, 6 or 0 for both, not " + family);
        }
    }

    /// This filter for bindings alone.
    public PortFilter bindingsOnly() {
        return new PortFilter(true, false, states, localPorts, remotePorts, local, remote, family);
    }

    /// This filter for flows alone.
    public PortFilter flowsOnly() {
        return new PortFilter(false, true, states, localPorts, remotePorts, local, remote, family);
    }

    /// This filter for flows in one of these states alone.
    public PortFilter withStates(Set<String> wanted) {
        return new PortFilter(bindings, flows, wanted, localPorts, remotePorts, local, remote, family);
    }

    /// This filter for other local ports.
    public PortFilter withLocalPorts(PortRange ports) {
        return new PortFilter(bindings, flows, states, ports, remotePorts, local, remote, family);
    }

    /// This filter for other remote ports; a binding has no remote end, so none matches then.
    public PortFilter withRemotePorts(PortRange ports) {
        return new PortFilter(bindings, flows, states, localPorts, ports, local, remote, family);
    }

    /// This filter for local addresses of a prefix.
    public PortFilter withLocal(IpAddress.@Nullable Prefix prefix) {
        return new PortFilter(bindings, flows, states, localPorts, remotePorts, prefix, remote, family);
    }

    /// This filter for remote addresses of a prefix; a binding has no remote end, so none matches then.
    public PortFilter withRemote(IpAddress.@Nullable Prefix prefix) {
        return new PortFilter(bindings, flows, states, localPorts, remotePorts, local, prefix, family);
    }

    /// This filter for one family, 4 or 6, or [#ANY_FAMILY].
    public PortFilter withFamily(int version) {
        return new PortFilter(bindings, flows, states, localPorts, remotePorts, local, remote, version);
    }

    /// Whether a flow is wanted.
    public boolean matches(Flow flow) {
        return flows
                && localPorts.contains(flow.localPort())
                && matchesDestination(
                        flow.localHi(), flow.localLo(), flow.remoteHi(), flow.remoteLo(), flow.remotePort())
                && (states.isEmpty() || states.contains(flow.stateName()));
    }

    /// Whether a binding is wanted.
    public boolean matches(PortBinding<?> binding) {
        return bindings
                && remote == null
                && remotePorts.equals(ANY_PORT)
                && localPorts.contains(binding.port())
                && matchesLocal(binding.addressHi(), binding.addressLo());
    }

    /// Whether flows from a local address to a remote end may be wanted, whatever their local port and state.
    public boolean matchesDestination(long localHi, long localLo, long remoteHi, long remoteLo, int remotePort) {
        IpAddress.Prefix to = remote;
        return remotePorts.contains(remotePort)
                && matchesLocal(localHi, localLo)
                && (to == null || to.contains(remoteHi, remoteLo));
    }

    private boolean matchesLocal(long hi, long lo) {
        IpAddress.Prefix from = local;
        return (family == ANY_FAMILY || IpAddress.isIpv4(hi, lo) == (family == 4))
                && (from == null || from.contains(hi, lo));
    }
}
