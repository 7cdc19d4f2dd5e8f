package dev.berth.ports;

import dev.berth.wire.IpAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The ports of flows without a binding, ordinary clients: which are in use towards which destination, which of
/// them wait, and which one the next gets. It also knows the ports that nobody may be given because they are
/// bound or reserved.
///
/// A flow that connected without a binding has the [Destination] as its claim.
final class ClientPorts {
    private final PortRange range;
    private final Destinations destinations;
    /// Local address and port of the flows.
    private final EndpointCounts counts;

    private final PortSet reserved;
    /// Ports never chosen: reserved ones and those with any binding (RFC 6056 section 2.2).
    private final PortSet blocked;
    /// Ports that port 0 of a bind never yields: the blocked ones and those with any flow.
    private final PortSet occupied;
    private final PortPicker connectPicker;
    private final PortPicker bindPicker;

    ClientPorts(PortPolicy policy, FlowHash flowHash, Entropy entropy) {
        this.range = policy.ephemeral();
        this.destinations = new Destinations(flowHash);
        this.counts = new EndpointCounts(entropy.nextLong());
        this.reserved = policy.reservedSet();
        this.blocked = policy.reservedSet();
        this.occupied = policy.reservedSet();
        this.connectPicker = new PortPicker(range, blocked, entropy);
        this.bindPicker = new PortPicker(range, occupied, entropy);
    }

    /// A port without a binding and without a flow on any address; 0 if there is none.
    int pickForBind() {
        return bindPicker.pick(null, 0);
    }

    /// A port that is free towards the destination of a flow; 0 if there is none.
    int pickTowards(Flow flow) {
        Destination destination = destinationOf(flow);
        return connectPicker.pick(destination == null ? null : destination.used, ownEnd(flow));
    }

    /// The TIME-WAIT flow that a new one to the same destination may displace: the oldest, if it agrees.
    @Nullable
    TimeWaitFlow displaceable(Flow flow, long now) {
        Destination destination = destinationOf(flow);
        TimeWaitFlow oldest = destination == null ? null : destination.oldest;
        if (oldest == null || oldest.localPort() == ownEnd(flow) || !connectPicker.allows(oldest.localPort())) {
            return null;
        }
        return oldest.mayBeReused(now) ? oldest : null;
    }

    PortUnavailableException exhausted(Transport transport, Flow flow) {
        Destination destination = destinationOf(flow);
        int timeWait = destination == null ? 0 : destination.timeWait;
        return PortUnavailableException.exhausted(
                transport, range, flow.localHi(), flow.localLo(), flow, range.size(), timeWait);
    }

    /// How many ports [#pickTowards] chooses from.
    int freeTowards(long localHi, long localLo, long remoteHi, long remoteLo, int remotePort) {
        int hash = destinations.hash(localHi, localLo, remoteHi, remoteLo, remotePort);
        Destination destination = destinations.find(localHi, localLo, remoteHi, remoteLo, remotePort, hash);
        int own = localHi == remoteHi && localLo == remoteLo ? remotePort : 0;
        return connectPicker.free(destination == null ? null : destination.used, own);
    }

    /// Counts the port of a flow in.
    ///
    /// @return the flow's claim
    Destination enter(Flow flow) {
        int hash = destinationHash(flow);
        Destination destination = destinations.find(flow, hash);
        if (destination == null) {
            destination = destinations.add(flow, hash);
        }
        int port = flow.localPort();
        destination.used.add(port);
        counts.increment(flow.localHi(), flow.localLo(), port);
        counts.increment(0, familyLo(flow), port);
        occupied.add(port);
        return destination;
    }

    /// Counts the port of a flow out.
    void leave(Flow flow, Destination destination) {
        int port = flow.localPort();
        destination.used.remove(port);
        if (destination.used.isEmpty()) {
            destinations.remove(destination);
        }
        counts.decrement(flow.localHi(), flow.localLo(), port);
        counts.decrement(0, familyLo(flow), port);
        vacate(port);
    }

    /// How many flows stand in the way of a bind.
    ///
    /// @param bothFamilies whether the bind takes the IPv4 ports too, besides those of the address
    int countFor(long hi, long lo, boolean bothFamilies, int port) {
        int count = counts.count(hi, lo, port);
        return bothFamilies
                ? count + counts.count(IpAddress.ANY_IPV4.hi(), IpAddress.ANY_IPV4.lo(), port)
                : count;
    }

    /// Takes a port that was bound out of every choice.
    void block(int port) {
        blocked.add(port);
        occupied.add(port);
    }

    /// Gives a port that is not bound any more back.
    void unblock(int port) {
        if (!reserved.contains(port)) {
            blocked.remove(port);
            vacate(port);
        }
    }

    /// Takes a port out of the occupied ones if nothing is on it any more.
    private void vacate(int port) {
        if (!blocked.contains(port)
                && counts.count(IpAddress.ANY_IPV4.hi(), IpAddress.ANY_IPV4.lo(), port) == 0
                && counts.count(0, 0, port) == 0) {
            occupied.remove(port);
        }
    }

    /// The destinations for a snapshot, those with most ports in use first.
    List<PortUsage.Towards> usage() {
        return destinations.usage();
    }

    /// Whether nothing is left of all that ever was here.
    boolean isPristine() {
        return counts.size() == 0
                && destinations.isPristine()
                && blocked.size() == reserved.size()
                && occupied.size() == reserved.size();
    }

    /// The port that would connect a flow to itself, or 0.
    private static int ownEnd(Flow flow) {
        return flow.localLo() == flow.remoteLo() && flow.localHi() == flow.remoteHi() ? flow.remotePort() : 0;
    }

    private int destinationHash(Flow flow) {
        return destinations.hash(flow.localHi(), flow.localLo(), flow.remoteHi(), flow.remoteLo(), flow.remotePort());
    }

    private @Nullable Destination destinationOf(Flow flow) {
        return destinations.find(flow, destinationHash(flow));
    }

    /// The lower half of the wildcard of the flow's family; the upper one is 0 for both.
    private static long familyLo(Flow flow) {
        return IpAddress.isIpv4(flow.localHi(), flow.localLo()) ? IpAddress.ANY_IPV4.lo() : 0;
    }
}
