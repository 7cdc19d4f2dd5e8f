package dev.berth.ports;

import dev.berth.wire.IpAddress;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// All ports of one transport of one host: who holds which, and to whom a packet goes. The reservation of a
/// port *is* the entry that finds its owner; nothing else owns a port.
///
/// A *binding* claims a local address (or wildcard) and port, a *listener* sits on a binding and receives what
/// belongs to no flow, a *flow* claims a full (address, port, address, port). [#bind], [#connect] and [#accept]
/// claim; [#release] and [#close] give back; [#replace] changes the representation of a flow without a moment
/// in which nobody owns it.
///
/// Every operation takes constant time, whatever the number of flows and however full the range is. Look-ups
/// allocate nothing; the others allocate only when a table grows or shrinks, and bindings are objects.
/// Addresses are in the 128-bit form of [IpAddress].
///
/// Not safe for use by several threads: the host's lock guards it. It draws its secrets from the [Entropy]
/// once.
///
/// @param <L> the type of the listeners
public sealed class PortTable<L> permits ShardTable {
    private final Transport transport;
    private final PortPolicy policy;
    private final FlowHash flowHash;

    private final FlowTable flows;
    private final Bindings<L> bindings;
    final ClientPorts clients;
    private final PortStatistics statistics;
    private final CommonPorts<L> common;
    private int changes;

    /// An empty table.
    ///
    /// @throws IllegalArgumentException if `transport` is neither TCP nor UDP
    public PortTable(Transport transport, PortPolicy policy, Entropy entropy) {
        if (transport != Transport.TCP && transport != Transport.UDP) {
            throw new IllegalArgumentException("A port table is for TCP or UDP, not " + transport);
        }
        this.transport = transport;
        this.policy = policy;
        this.flowHash = new FlowHash(entropy.nextLong(), entropy.nextLong());
        this.bindings = new Bindings<>(transport, policy.bindRules(), flowHash);
        this.flows = new FlowTable(flowHash);
        this.clients = new ClientPorts(transport, policy, flowHash, entropy);
        this.statistics = new PortStatistics(transport, policy.ephemeral(), clients);
        this.common = new CommonPorts<>();
    }

    /// A table with flows of its own that has all else in common with another one.
    PortTable(PortTable<L> other) {
        transport = other.transport;
        policy = other.policy;
        flowHash = other.flowHash;
        bindings = other.bindings;
        flows = new FlowTable(flowHash);
        clients = other.clients;
        statistics = other.statistics;
        common = other.common;
    }

    /// Claims an address, or wildcard, and a port.
    ///
    /// With port 0 the table chooses a port of the ephemeral range that has no binding and no flow (live or
    /// TIME-WAIT) on any address, whatever the sharing flags say.
    ///
    /// @param port 0 to 65535
    /// @param sharing flags of [PortSharing]
    /// @param owner a [PortOwner], or an object whose `toString` tells people who it is; only used in messages and
    ///     snapshots
    /// @param now nanoseconds on the host's clock, for the age of the binding; [PortAge#UNKNOWN] for no age
    /// @throws PortUnavailableException if the port is held, forbidden, or no port is left
    /// @throws IllegalArgumentException if the port or the flags are out of range
    public PortBinding<L> bind(long hi, long lo, int port, int sharing, @Nullable Object owner, long now)
            throws PortUnavailableException {
        return bind(hi, lo, port, sharing, PortRange.ALL, owner, now);
    }

    /// As the other `bind`, but a chosen port lies within a range of the caller's too.
    ///
    /// @param within the range, as Linux' `IP_LOCAL_PORT_RANGE` gives a socket one; it counts only with port 0, and
    ///     only where it meets the policy's range
    public PortBinding<L> bind(
            long hi, long lo, int port, int sharing, PortRange within, @Nullable Object owner, long now)
            throws PortUnavailableException {
        PortRange.requirePort(port);
        if ((sharing & ~policy.bindRules().knownFlags()) != 0) {
            throw new IllegalArgumentException(
                    policy.bindRules() + " has no such flags: " + PortSharing.toString(sharing));
        }
        int chosen = port == 0 ? choose(hi, lo, within) : port;
        if (port != 0) {
            requireBindable(hi, lo, port, sharing, now);
        }
        PortBinding<L> binding = new PortBinding<>(hi, lo, chosen, sharing, owner, now);
        bindings.add(binding);
        clients.mask().block(chosen);
        if (port == 0) {
            statistics.boundAnywhere(common.timeWaits);
        }
        return binding;
    }

    /// Claims an address, or wildcard, and a port, by somebody without a clock: the binding has no age. Otherwise as
    /// the other `bind`.
    ///
    /// @throws PortUnavailableException if the port is held, forbidden, or no port is left
    public PortBinding<L> bind(long hi, long lo, int port, int sharing, @Nullable Object owner)
            throws PortUnavailableException {
        return bind(hi, lo, port, sharing, owner, PortAge.UNKNOWN);
    }

    /// Claims every port of every address that nobody else has claimed, for a host that stands in for others: whoever
    /// listens on this binding gets what [#lookupListener] finds no other listener for. Its port is 0, its flows have
    /// any port, and clients are given ports as if it were not there.
    ///
    /// @param owner as for [#bind]
    /// @throws IllegalStateException if there is such a binding already
    public PortBinding<L> bindEveryPort(@Nullable Object owner, long now) {
        if (common.everyPort != null) {
            throw new IllegalStateException("Every port is bound already by " + common.everyPort.owner());
        }
        PortBinding<L> binding = new PortBinding<>(0, 0, 0, 0, owner, now);
        common.everyPort = binding;
        return binding;
    }

    private int choose(long hi, long lo, PortRange within) throws PortUnavailableException {
        int port = clients.pickForBind(within);
        if (port == 0) {
            throw statistics.refused(clients.exhausted(hi, lo, within, common.timeWaits));
        }
        return port;
    }

    private void requireBindable(long hi, long lo, int port, int sharing, long now) throws PortUnavailableException {
        if (port < policy.firstUnprivileged()) {
            throw statistics.refused(
                    PortUnavailableException.forbidden(transport, hi, lo, port, policy.firstUnprivileged()));
        }
        requireNoBinding(hi, lo, port, sharing, now);
        boolean bothFamilies = hi == 0 && lo == 0 && (sharing & PortSharing.IPV6_ONLY) == 0;
        int count = clients.countFor(hi, lo, bothFamilies, port);
        if (count > 0 && policy.bindRules().clientsExclude(sharing)) {
            throw statistics.refused(PortUnavailableException.heldByClients(transport, hi, lo, port, count));
        }
    }

    private void requireNoBinding(long hi, long lo, int port, int sharing, long now) throws PortUnavailableException {
        if (bindings.conflicts(hi, lo, port, sharing)) {
            PortBinding<L> holder = bindings.holder(hi, lo, port, sharing, false);
            throw statistics.refused(PortUnavailableException.heldByBinding(transport, hi, lo, port, holder, now));
        }
    }

    /// Restricts the choice of ports to a lease, from now on. Flows and bindings on other ports live on; new ones are
    /// not chosen there, but may name such a port. Takes at most 1,024 steps, whatever the number of flows.
    ///
    /// @param lease blocks of ports; those outside of the policy's range do not count. [PortLease#EVERYTHING] lifts
    ///     the restriction
    /// @throws IllegalArgumentException if it leaves no port of the policy's range that is not reserved; nothing has
    ///     changed then
    public void lease(PortLease lease) {
        clients.mask().lease(lease);
    }

    /// The lease; [PortLease#EVERYTHING] at first.
    public PortLease lease() {
        return clients.mask().lease();
    }

    /// Draws new secret keys for the choice of ports (RFC 6056 section 3.4); those of the tables stay. Ports in use
    /// are never chosen, whatever the key, but one used recently may come sooner than it would have. Without effect
    /// on selections that have no key.
    public void rekeySelection() {
        clients.rekeySelection();
    }

    /// Puts a listener on a binding. For UDP this is the endpoint that receives datagrams which belong to no
    /// flow.
    ///
    /// @param now nanoseconds on the host's clock, for the message of a refusal; [PortAge#UNKNOWN] for none
    /// @throws PortUnavailableException if another TCP listener covers the address and port and not both share
    ///     it by [PortSharing#REUSE_PORT]
    /// @throws IllegalStateException if the binding is closed or listens already
    public void listen(PortBinding<L> binding, L listener, long now) throws PortUnavailableException {
        requireOpen(binding);
        if (binding.listener() != null) {
            throw new IllegalStateException("The binding listens already: " + binding);
        }
        if (binding.port() == 0) {
            changes++;
            binding.listener = listener;
            return;
        }
        if (bindings.listenConflicts(binding)) {
            long hi = binding.addressHi();
            long lo = binding.addressLo();
            PortBinding<L> holder = bindings.holder(hi, lo, binding.port(), binding.sharing(), true);
            throw statistics.refused(
                    PortUnavailableException.heldByBinding(transport, hi, lo, binding.port(), holder, now));
        }
        changes++;
        bindings.listen(binding, listener);
    }

    /// Puts a listener on a binding, by somebody without a clock. Otherwise as the other `listen`.
    ///
    /// @throws PortUnavailableException if another TCP listener covers the address and port and not both share
    ///     it by [PortSharing#REUSE_PORT]
    public void listen(PortBinding<L> binding, L listener) throws PortUnavailableException {
        listen(binding, listener, PortAge.UNKNOWN);
    }

    /// Takes the listener off a binding; nothing happens if there is none. The binding and its flows stay.
    public void unlisten(PortBinding<L> binding) {
        if (binding.listener() != null) {
            changes++;
            if (binding.port() == 0) {
                binding.listener = null;
            } else {
                bindings.unlisten(binding);
            }
        }
    }

    /// Gives a binding up, and its listener. The port stays occupied while flows use it. Nothing happens if it
    /// was closed before.
    public void close(PortBinding<L> binding) {
        if (binding.closed) {
            return;
        }
        unlisten(binding);
        if (binding.port() == 0) {
            binding.closed = true;
            common.everyPort = null;
            return;
        }
        bindings.markClosed(binding);
        if (binding.flows == 0) {
            drop(binding);
        }
    }

    private void drop(PortBinding<L> binding) {
        bindings.remove(binding);
        if (!bindings.isBound(binding.port())) {
            clients.mask().unblock(binding.port());
        }
    }

    /// Claims the tuple of an outgoing flow.
    ///
    /// Without a binding and with local port 0, the port is chosen as the policy's [EphemeralSelection] says (by
    /// default uniformly at random) among those of the ephemeral range that are free towards this destination; the
    /// same port may serve many destinations. Never chosen are reserved ports, ports outside of the [#lease], ports
    /// with any binding, and the flow's own remote end. If none is left, the
    /// oldest TIME-WAIT flow towards the destination is displaced, if it [TimeWaitFlow#mayBeReused].
    ///
    /// With a binding the flow takes the binding's port; without one but with a local port it takes that. A
    /// TIME-WAIT flow with the same tuple is displaced if it may be reused. Connected UDP endpoints whose bindings
    /// share the port may have the same remote end, where the rules allow it ([BindRules#sharesTuples]): the one that
    /// connected last gets the datagrams, and when it is released, the one before it.
    ///
    /// @param now nanoseconds on the host's clock, for TIME-WAIT
    /// @return the displaced flow, which is no longer in the table; null if there was none
    /// @throws PortUnavailableException if the tuple is taken or no port is left; the flow is unchanged
    /// @throws IllegalArgumentException if the local address is a wildcard or the port is not the binding's
    /// @throws IllegalStateException if the flow is in a table already or the binding is closed
    public @Nullable TimeWaitFlow connect(Flow flow, @Nullable PortBinding<L> binding, long now)
            throws PortUnavailableException {
        return connect(flow, binding, PortRange.ALL, now);
    }

    /// As the other `connect`, but a chosen port lies within a range of the caller's too.
    ///
    /// @param within the range, as Linux' `IP_LOCAL_PORT_RANGE` gives a socket one; it counts only without a binding
    ///     and local port, and only where it meets the policy's range
    public @Nullable TimeWaitFlow connect(Flow flow, @Nullable PortBinding<L> binding, PortRange within, long now)
            throws PortUnavailableException {
        requireUnclaimed(flow);
        if (IpAddress.isUnspecified(flow.localHi(), flow.localLo())) {
            throw new IllegalArgumentException("A flow needs a local address: " + flow);
        }
        if (binding != null) {
            requireOpen(binding);
            if (flow.localPort() != 0) {
                requirePortOf(binding, flow);
            }
            return connectFrom(binding.port(), flow, binding, now);
        }
        if (flow.localPort() != 0) {
            requireNoBinding(flow.localHi(), flow.localLo(), flow.localPort(), Bindings.ALONE, now);
            return connectFrom(flow.localPort(), flow, null, now);
        }
        return connectAnywhere(flow, within, now);
    }

    private @Nullable TimeWaitFlow connectFrom(int port, Flow flow, @Nullable PortBinding<L> binding, long now)
            throws PortUnavailableException {
        assert isMine(flow, port) : "the flow belongs to another shard";
        int hash = flows.hash(flow, port);
        Flow holder = flows.find(flow, port, hash);
        TimeWaitFlow displaced = null;
        if (holder != null && binding != null && mayShare(holder, binding)) {
            flow.choosePort(port);
            changes++;
            flows.share(holder, flow, hash, binding);
            binding.flows++;
            statistics.flows(++common.flows);
            return null;
        }
        if (holder != null) {
            if (!(holder instanceof TimeWaitFlow old && old.mayBeReused(now))) {
                Flow owner = holder instanceof SharedTuple shared ? shared.owner() : holder;
                PortError reason = policy.bindRules().takenTuple();
                throw statistics.refused(PortUnavailableException.heldByFlow(transport, reason, flow, owner, now));
            }
            displaced = old;
            release(old);
        }
        flow.choosePort(port);
        if (binding != null) {
            enter(flow, hash, binding);
        } else {
            enterAlone(flow, hash);
        }
        return displaced;
    }

    /// Whether a UDP endpoint may connect through `binding` where others have the same remote end already.
    private boolean mayShare(Flow holder, PortBinding<L> binding) {
        if (transport != Transport.UDP || !policy.bindRules().sharesTuples()) {
            return false;
        }
        int count = holder instanceof SharedTuple shared ? shared.size() : 1;
        for (int i = 0; i < count; i++) {
            PortBinding<?> other = (holder instanceof SharedTuple shared ? shared.at(i) : holder).binding();
            int both = other == null ? 0 : other.sharing() & binding.sharing();
            if (other == binding || (both & (PortSharing.REUSE_ADDRESS | PortSharing.REUSE_PORT)) == 0) {
                return false;
            }
        }
        return true;
    }

    private @Nullable TimeWaitFlow connectAnywhere(Flow flow, PortRange within, long now)
            throws PortUnavailableException {
        int port = pickTowards(flow, within);
        if (port == 0) {
            TimeWaitFlow displaced = clients.displaceable(flow, within, now, this);
            if (displaced == null) {
                throw refused(flow, within, clients.exhausted(flow, within));
            }
            displace(displaced, flow);
            return displaced;
        }
        flow.choosePort(port);
        enterAlone(flow, flows.hash(flow, port));
        return null;
    }

    int pickTowards(Flow flow, PortRange within) {
        return clients.pickTowards(flow, within);
    }

    /// Counts that no port was free towards a destination.
    PortUnavailableException refused(Flow flow, PortRange within, PortUnavailableException refusal) {
        return statistics.refused(refusal);
    }

    /// Whether a flow would be in this table if it had this local port.
    boolean isMine(Flow flow, int port) {
        return true;
    }

    /// Gives `flow` the tuple, and the slot, of one in TIME-WAIT that is in use towards the same destination.
    private void displace(TimeWaitFlow old, Flow flow) {
        flow.choosePort(old.localPort());
        replace(old, flow);
        noteClaimed(flow);
    }

    /// Claims the tuple of an incoming flow on the binding of the listener that accepted it.
    ///
    /// @throws IllegalArgumentException if the flow's local port is not the binding's
    /// @throws IllegalStateException if the tuple has an owner, the flow is in a table, or the binding is
    ///     closed
    public void accept(Flow flow, PortBinding<L> listenerBinding) {
        requireUnclaimed(flow);
        requireOpen(listenerBinding);
        requirePortOf(listenerBinding, flow);
        int hash = flows.hash(flow, flow.localPort());
        if (flows.find(flow, flow.localPort(), hash) != null) {
            throw new IllegalStateException("The tuple has an owner already: " + flow);
        }
        enter(flow, hash, listenerBinding);
    }

    /// Puts another object into the slot of a flow: same tuple, same binding. A [TimeWaitFlow] that connected
    /// without a binding becomes the newest of its destination.
    ///
    /// @throws IllegalArgumentException if the tuples differ
    /// @throws IllegalStateException if `old` is not in this table or `with` is in one
    public void replace(Flow old, Flow with) {
        requireUnclaimed(with);
        if (!with.hasTupleOf(old)) {
            throw new IllegalArgumentException("Not the same tuple: " + old + " and " + with);
        }
        Object claim = old.requireClaim();
        changes++;
        leaveTimeWait(old, claim);
        flows.replace(old, with, claim);
        clients.replace(old, with, claim);
        joinTimeWait(with, claim);
    }

    /// Gives the tuple of a flow back, and the port with it if nothing else uses it.
    ///
    /// @throws IllegalStateException if the flow is not in this table
    public void release(Flow flow) {
        Object claim = flow.requireClaim();
        changes++;
        leaveTimeWait(flow, claim);
        flows.leave(flow);
        common.flows--;
        if (!(claim instanceof PortBinding<?>)) {
            statistics.released(flow, clients.leave(flow, claim));
            return;
        }
        @SuppressWarnings("unchecked") // the flow was in this table, so its binding is one of ours
        PortBinding<L> binding = (PortBinding<L>) claim;
        if (--binding.flows == 0 && binding.closed && binding.port() != 0) {
            drop(binding);
        }
    }

    private void enter(Flow flow, int hash, PortBinding<L> binding) {
        changes++;
        flows.enter(flow, hash, binding);
        binding.flows++;
        joinTimeWait(flow, binding);
        statistics.flows(++common.flows);
    }

    private void enterAlone(Flow flow, int hash) {
        changes++;
        Object claim = clients.enter(flow);
        flows.enter(flow, hash, claim);
        joinTimeWait(flow, claim);
        statistics.flows(++common.flows);
        noteClaimed(flow);
    }

    private void noteClaimed(Flow flow) {
        if (flow.claim() instanceof Destination destination) {
            statistics.claimed(flow, destination.used.size(), destination.timeWait);
        } else {
            statistics.claimed(flow, 1, flow instanceof TimeWaitFlow ? 1 : 0);
        }
    }

    private void joinTimeWait(Flow flow, Object claim) {
        if (flow instanceof TimeWaitFlow waiting) {
            statistics.timeWaits(++common.timeWaits);
            if (claim instanceof Destination destination) {
                destination.link(waiting);
            }
        }
    }

    private void leaveTimeWait(Flow flow, Object claim) {
        if (flow instanceof TimeWaitFlow waiting) {
            common.timeWaits--;
            if (claim instanceof Destination destination) {
                destination.unlink(waiting);
            }
        }
    }

    /// The flow that gets the packets of a tuple; null if there is none.
    public @Nullable Flow lookup(
            long localHi, long localLo, int localPort, long remoteHi, long remoteLo, int remotePort) {
        return flows.find(localHi, localLo, localPort, remoteHi, remoteLo, remotePort);
    }

    /// The listener for a packet that belongs to no flow, the most specific first: the address itself, then the
    /// wildcard of its family, then `::` for both families. Among several on the same address and port the
    /// flow's hash chooses if all share it by [PortSharing#REUSE_PORT], otherwise the last that came. Where nobody
    /// listens it is that of [#bindEveryPort]; null if there is none.
    public @Nullable L lookupListener(
            long localHi, long localLo, int localPort, long remoteHi, long remoteLo, int remotePort) {
        L found = bindings.listener(localHi, localLo, localPort, remoteHi, remoteLo, remotePort);
        PortBinding<L> rest = common.everyPort;
        return found == null && rest != null ? rest.listener : found;
    }

    /// The newest binding that covers an address and port, for a datagram that goes to everybody there: to a
    /// multicast group or a broadcast address. [#nextCovering] gives the others, whatever the specificity of their
    /// addresses and how they share. Nothing is allocated; the table must not change on the way.
    public @Nullable PortBinding<L> firstCovering(long hi, long lo, int port) {
        return bindings.firstCovering(hi, lo, port);
    }

    /// The binding behind `binding`, which [#firstCovering] or this method gave for the same address; null behind the
    /// last.
    public @Nullable PortBinding<L> nextCovering(PortBinding<L> binding, long hi, long lo) {
        return Bindings.covering(binding.next, hi, lo);
    }

    /// Differs from what it was whenever an answer of [#lookup] or [#lookupListener] may have changed, so that
    /// whoever asks the same for packet after packet can keep the last answer.
    public int changes() {
        return changes;
    }

    /// The number of flows, TIME-WAIT included, of all shards.
    public int flowCount() {
        return common.flows;
    }

    /// The number of bindings, closed ones with flows included.
    public int bindingCount() {
        return bindings.size();
    }

    /// The number of flows in TIME-WAIT.
    public int timeWaitCount() {
        return common.timeWaits;
    }

    /// Whether there is no binding and no flow.
    public boolean isEmpty() {
        return common.flows == 0 && bindings.size() == 0;
    }

    /// Whether nothing is left of all that ever was in the table: for tests of leaks.
    boolean isPristine() {
        return isEmpty() && common.timeWaits == 0 && clients.isPristine() && flows.isPristine();
    }

    /// How many ports [#connect] could choose from towards a destination, without displacing anything.
    public int freePorts(long localHi, long localLo, long remoteHi, long remoteLo, int remotePort) {
        return clients.freeTowards(localHi, localLo, remoteHi, remoteLo, remotePort);
    }

    /// How many ports a [#bind] with port 0 chooses from.
    public int freeForBind() {
        return clients.freeForBind();
    }

    /// The transport of the table.
    public Transport transport() {
        return transport;
    }

    /// The policy of the table.
    public PortPolicy policy() {
        return policy;
    }

    /// The keyed hash of the table's flows, for whatever else needs a secret function of a flow.
    public FlowHash flowHash() {
        return flowHash;
    }

    /// Shows every flow to `visitor`, in no particular order, until it says to stop.
    public void visitFlows(FlowVisitor visitor) {
        flows.visit(visitor);
    }

    /// The usage of the table now. Takes time and memory for each binding and each destination, not for each
    /// flow.
    public PortUsage snapshot() {
        return pages().snapshot();
    }

    /// Runs what looks at more of the table than its flows.
    <T> T looking(Supplier<T> look) {
        return look.get();
    }

    /// The table page by page, for those who look at large ones. Allocates.
    public PortPages<L> pages() {
        return new PortPages<>(this, flows, bindings, clients);
    }

    /// The next warning that ports run short, see [PortStatistics#pollWarning]; null if there is none.
    public @Nullable PortWarning pollWarning() {
        return statistics.pollWarning();
    }

    /// High-water marks, refusals and warnings.
    public PortStatistics statistics() {
        return statistics;
    }

    private static void requireUnclaimed(Flow flow) {
        if (flow.isClaimed()) {
            throw new IllegalStateException("The flow is in a table already: " + flow);
        }
    }

    private static void requireOpen(PortBinding<?> binding) {
        if (binding.closed) {
            throw new IllegalStateException("The binding is closed: " + binding);
        }
    }

    private static void requirePortOf(PortBinding<?> binding, Flow flow) {
        if (flow.localPort() != binding.port() && binding.port() != 0) {
            throw new IllegalArgumentException("The flow " + flow + " does not have the port of " + binding.endpoint());
        }
    }
}
