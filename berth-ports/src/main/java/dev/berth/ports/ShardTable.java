package dev.berth.ports;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The [PortTable] of one shard of a host that is divided: it finds the flows of its shard ([FlowShard]), and has
/// bindings, listeners, destinations, counts and the choice of ports in common with the tables of the others. So a
/// port is one decision in one place, whichever shard asks.
///
/// The flows of a table are guarded by the lock of its shard, and whatever claims or gives back must be called under
/// it. What is common is guarded by a [PortSection] besides, which every method enters that needs it; [#lookup],
/// which every packet needs, does not.
///
/// @param <L> the type of the listeners
public final class ShardTable<L> extends PortTable<L> {
    private final int shard;
    private final int shards;
    private final PortSection section;

    private ShardTable(PortTable<L> common, int shard, int shards, PortSection section) {
        super(common);
        this.shard = shard;
        this.shards = shards;
        this.section = section;
    }

    /// The tables of `shards` shards.
    ///
    /// @param entropy called within `section`, but for this call
    /// @throws IllegalArgumentException unless there are two shards or more, or if `transport` is neither TCP nor UDP
    public static <L> List<ShardTable<L>> of(
            int shards, Transport transport, PortPolicy policy, Entropy entropy, PortSection section) {
        if (shards < 2) {
            throw new IllegalArgumentException("A divided host has at least 2 shards, not " + shards);
        }
        PortTable<L> common = new PortTable<>(transport, policy, entropy);
        List<ShardTable<L>> tables = new ArrayList<>();
        for (int i = 0; i < shards; i++) {
            tables.add(new ShardTable<>(common, i, shards, section));
        }
        return List.copyOf(tables);
    }

    /// The number of this shard.
    public int shard() {
        return shard;
    }

    @Override
    boolean isMine(Flow flow, int port) {
        return shard
                == FlowShard.of(
                        flow.localHi(),
                        flow.localLo(),
                        port,
                        flow.remoteHi(),
                        flow.remoteLo(),
                        flow.remotePort(),
                        shards);
    }

    @Override
    int pickTowards(Flow flow, PortRange within) {
        return clients.pickTowards(flow, within, this);
    }

    /// Whoever finds no port in one shard asks all others: one of them counts, if none has any.
    @Override
    PortUnavailableException refused(Flow flow, PortRange within, PortUnavailableException refusal) {
        return shard == 0 && clients.isExhausted(flow, within) ? super.refused(flow, within, refusal) : refusal;
    }

    @Override
    public PortBinding<L> bind(
            long hi, long lo, int port, int sharing, PortRange within, @Nullable Object owner, long now)
            throws PortUnavailableException {
        section.enter();
        try {
            return super.bind(hi, lo, port, sharing, within, owner, now);
        } finally {
            section.leave();
        }
    }

    @Override
    public PortBinding<L> bindEveryPort(@Nullable Object owner, long now) {
        return looking(() -> super.bindEveryPort(owner, now));
    }

    @Override
    public void lease(PortLease lease) {
        section.enter();
        try {
            super.lease(lease);
        } finally {
            section.leave();
        }
    }

    @Override
    public PortLease lease() {
        return looking(super::lease);
    }

    @Override
    public void rekeySelection() {
        section.enter();
        try {
            super.rekeySelection();
        } finally {
            section.leave();
        }
    }

    @Override
    public void listen(PortBinding<L> binding, L listener, long now) throws PortUnavailableException {
        section.enter();
        try {
            super.listen(binding, listener, now);
        } finally {
            section.leave();
        }
    }

    @Override
    public void unlisten(PortBinding<L> binding) {
        section.enter();
        try {
            super.unlisten(binding);
        } finally {
            section.leave();
        }
    }

    @Override
    public void close(PortBinding<L> binding) {
        section.enter();
        try {
            super.close(binding);
        } finally {
            section.leave();
        }
    }

    /// As that of [PortTable], with a flow that belongs to this shard when it has its port: one that is chosen is
    /// chosen so. Where no port is left for this shard there may be some for others.
    @Override
    public @Nullable TimeWaitFlow connect(Flow flow, @Nullable PortBinding<L> binding, PortRange within, long now)
            throws PortUnavailableException {
        section.enter();
        try {
            return super.connect(flow, binding, within, now);
        } finally {
            section.leave();
        }
    }

    @Override
    public void accept(Flow flow, PortBinding<L> listenerBinding) {
        section.enter();
        try {
            super.accept(flow, listenerBinding);
        } finally {
            section.leave();
        }
    }

    @Override
    public void replace(Flow old, Flow with) {
        section.enter();
        try {
            super.replace(old, with);
        } finally {
            section.leave();
        }
    }

    @Override
    public void release(Flow flow) {
        section.enter();
        try {
            super.release(flow);
        } finally {
            section.leave();
        }
    }

    @Override
    public @Nullable L lookupListener(
            long localHi, long localLo, int localPort, long remoteHi, long remoteLo, int remotePort) {
        section.enter();
        try {
            return super.lookupListener(localHi, localLo, localPort, remoteHi, remoteLo, remotePort);
        } finally {
            section.leave();
        }
    }

    @Override
    public int freePorts(long localHi, long localLo, long remoteHi, long remoteLo, int remotePort) {
        return looking(() -> super.freePorts(localHi, localLo, remoteHi, remoteLo, remotePort));
    }

    @Override
    public int freeForBind() {
        return looking(super::freeForBind);
    }

    @Override
    public @Nullable PortWarning pollWarning() {
        section.enter();
        try {
            return super.pollWarning();
        } finally {
            section.leave();
        }
    }

    @Override
    <T> T looking(Supplier<T> look) {
        section.enter();
        try {
            return look.get();
        } finally {
            section.leave();
        }
    }
}
