package dev.berth.ports;

import dev.berth.wire.IpAddress;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The ports of flows without a binding, ordinary clients: which are in use towards which destination, which of
/// them wait, and which one the next gets. It also knows the ports that nobody may be given because they are
/// bound or reserved.
///
/// A flow that connected without a binding has its [Destination] as its claim, or [Destinations#LONE].
final class ClientPorts {
    /// Ports that are drawn for a shard before the range is searched.
    private static final int TRIES = 64;

    /// Flows of other shards that are passed over in search of one to displace.
    private static final int MOST_LOOKS = 1_024;

    private final Transport transport;
    private final PortPolicy policy;
    private final Destinations destinations;
    /// Local address and port of the flows.
    private final EndpointCounts counts;
    /// Ports with any of the flows, on any address.
    private final PortSet carrying = new PortSet();

    private final PortMask mask;
    private final PortPicker picker;
    private final PortSelector selector;

    ClientPorts(Transport transport, PortPolicy policy, FlowHash flowHash, Entropy entropy) {
        this.transport = transport;
        this.policy = policy;
        this.destinations = new Destinations(flowHash);
        this.counts = new EndpointCounts(entropy.nextLong());
        this.mask = new PortMask(policy);
        Draws draws = new Draws(entropy);
        this.picker = new PortPicker(mask.blocked(), draws);
        this.selector = new PortSelector(policy.selection(), picker, draws);
    }

    PortMask mask() {
        return mask;
    }

    void rekeySelection() {
        selector.rekey();
    }

    /// A port without a binding and without a flow on any address; 0 if there is none.
    int pickForBind(PortRange within) {
        return selector.forBind(carrying, first(within), last(within));
    }

    /// A port that is free towards the destination of a flow; 0 if there is none.
    int pickTowards(Flow flow, PortRange within) {
        return selector.towards(flow, used(destinations.find(flow)), ownEnd(flow), first(within), last(within));
    }

    /// A port that is free towards the destination of a flow and puts it into the shard of `table`: one that the
    /// policy's selection gives, as long as one of the first few is right; then the next right one after a port drawn
    /// at random. 0 if there is none.
    int pickTowards(Flow flow, PortRange within, ShardTable<?> table) {
        int port;
        for (int i = 0; i < TRIES; i++) {
            port = pickTowards(flow, within);
            if (port == 0 || table.isMine(flow, port)) {
                return port;
            }
        }
        return selector.firstOf(
                used(destinations.find(flow)),
                ownEnd(flow),
                first(within),
                last(within),
                candidate -> table.isMine(flow, candidate));
    }

    /// The TIME-WAIT flow that a new one to the same destination may displace: the oldest of `table`, if it agrees.
    @Nullable
    TimeWaitFlow displaceable(Flow flow, PortRange within, long now, PortTable<?> table) {
        Destination destination = destinations.find(flow);
        TimeWaitFlow oldest = destination == null ? null : destination.oldest;
        for (int i = 0; oldest != null && !table.isMine(oldest, oldest.localPort()); i++) {
            oldest = i < MOST_LOOKS ? oldest.newer : null;
        }
        if (oldest == null) {
            return null;
        }
        int port = oldest.localPort();
        boolean allowed = port != ownEnd(flow) && within.contains(port) && mask.allows(port);
        return allowed && oldest.mayBeReused(now) ? oldest : null;
    }

    /// Whether [#pickTowards] finds nothing.
    boolean isExhausted(Flow flow, PortRange within) {
        return picker.free(used(destinations.find(flow)), ownEnd(flow), first(within), last(within)) == 0;
    }

    PortUnavailableException exhausted(Flow flow, PortRange within) {
        Destination destination = destinations.find(flow);
        PortSet used = used(destination);
        int inUse = used == null ? 0 : count(used, within);
        int timeWait = destination == null ? 0 : destination.timeWait;
        return PortUnavailableException.exhausted(
                transport, flow.localHi(), flow.localLo(), flow, policy.ephemeral(), within, inUse, timeWait);
    }

    PortUnavailableException exhausted(long hi, long lo, PortRange within, int timeWait) {
        int inUse = count(carrying, within);
        return PortUnavailableException.exhausted(transport, hi, lo, null, policy.ephemeral(), within, inUse, timeWait);
    }

    /// The members of a set that lie in the policy's range and in another.
    private int count(PortSet set, PortRange within) {
        int from = Math.max(within.first(), policy.ephemeral().first());
        int to = Math.min(within.last(), policy.ephemeral().last());
        return from > to ? 0 : to + 1 - from - set.absentIn(from, to);
    }

    /// How many ports [#pickTowards] chooses from.
    int freeTowards(long localHi, long localLo, long remoteHi, long remoteLo, int remotePort) {
        Destination destination = destinations.find(localHi, localLo, remoteHi, remoteLo, remotePort);
        int own = localHi == remoteHi && localLo == remoteLo ? remotePort : 0;
        return picker.free(used(destination), own, mask.first(), mask.last());
    }

    private int first(PortRange within) {
        return Math.max(within.first(), mask.first());
    }

    private int last(PortRange within) {
        return Math.min(within.last(), mask.last());
    }

    private static @Nullable PortSet used(@Nullable Destination destination) {
        return destination == null ? null : destination.used;
    }

    /// Counts the port of a flow in.
    ///
    /// @return the flow's claim
    Object enter(Flow flow) {
        Object claim = destinations.enter(flow);
        int port = flow.localPort();
        counts.increment(flow.localHi(), flow.localLo(), port);
        counts.increment(0, familyLo(flow), port);
        carrying.add(port);
        return claim;
    }

    /// Puts another flow with the same tuple and the same claim into the place of one.
    void replace(Flow old, Flow with, Object claim) {
        if (claim == Destinations.LONE) {
            destinations.replaceLone(old, with);
        }
    }

    /// Counts the port of a flow out.
    ///
    /// @return how many are still in use towards its destination
    int leave(Flow flow, Object claim) {
        int port = flow.localPort();
        int left = destinations.leave(flow, claim);
        counts.decrement(flow.localHi(), flow.localLo(), port);
        counts.decrement(0, familyLo(flow), port);
        vacate(port);
        return left;
    }

    /// How many flows stand in the way of a bind.
    ///
    /// @param bothFamilies whether the bind takes the IPv4 ports too, besides those of the address
    int countFor(long hi, long lo, boolean bothFamilies, int port) {
        int count = counts.count(hi, lo, port);
        return bothFamilies ? count + counts.count(IpAddress.ANY_IPV4.hi(), IpAddress.ANY_IPV4.lo(), port) : count;
    }

    /// Takes a port out of the ones that carry flows if nothing is on it any more.
    private void vacate(int port) {
        if (counts.count(IpAddress.ANY_IPV4.hi(), IpAddress.ANY_IPV4.lo(), port) == 0
                && counts.count(0, 0, port) == 0) {
            carrying.remove(port);
        }
    }

    /// How many ports [#pickTowards] could choose from if none were in use.
    int usable() {
        PortSet blocked = mask.blocked();
        return blocked.absentIn(mask.first(), mask.last());
    }

    /// How many ports [#pickForBind] chooses from.
    int freeForBind() {
        return picker.free(carrying, 0, mask.first(), mask.last());
    }

    /// Shows the next destinations from `position` on, as [SlotTable#walk].
    long walk(long position, int count, Consumer<? super Destination> visitor) {
        return destinations.walk(position, count, visitor);
    }

    /// Whether nothing is left of all that ever was here.
    boolean isPristine() {
        return counts.size() == 0 && carrying.isEmpty() && destinations.isPristine() && mask.isPristine();
    }

    /// The port that would connect a flow to itself, or 0.
    private static int ownEnd(Flow flow) {
        return flow.localLo() == flow.remoteLo() && flow.localHi() == flow.remoteHi() ? flow.remotePort() : 0;
    }

    /// The lower half of the wildcard of the flow's family; the upper one is 0 for both.
    private static long familyLo(Flow flow) {
        return IpAddress.isIpv4(flow.localHi(), flow.localLo()) ? IpAddress.ANY_IPV4.lo() : 0;
    }
}
