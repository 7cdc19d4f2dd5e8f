package dev.berth.ports;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The bindings of one address, or wildcard, and port: one, unless they share. Holds their listeners.
final class AddressGroup<L> {
    final long hi;
    final long lo;
    final int reach;
    final BoundPort<L> port;
    /// The hash in the table of groups; 0 for a wildcard, which hangs at its port.
    final int hash;

    private final int[] counts = new int[BindRules.CLASSES];
    int bindings;
    /// The listening bindings in the order in which they began to listen.
    private final List<PortBinding<L>> listeners = new ArrayList<>(1);
    /// How many of them take only their part of the flows.
    private int balanced;

    AddressGroup(long hi, long lo, int reach, BoundPort<L> port, int hash) {
        this.hi = hi;
        this.lo = lo;
        this.reach = reach;
        this.port = port;
        this.hash = hash;
    }

    /// Counts a binding in or out, here and at its port.
    void count(int sharingClass, int delta) {
        counts[sharingClass] += delta;
        port.count(reach, sharingClass, delta);
    }

    /// The bindings whose class is in the set `classes`.
    int count(int classes) {
        return BoundPort.sum(counts, 0, classes);
    }

    void addListener(PortBinding<L> binding, boolean balances) {
        listeners.add(binding);
        balanced += balances ? 1 : 0;
    }

    void removeListener(PortBinding<L> binding, boolean balances) {
        listeners.remove(binding);
        balanced -= balances ? 1 : 0;
    }

    int listenerCount() {
        return listeners.size();
    }

    /// The only listener, or one for a flow hash if all share the port, or the one that came last; null if none
    /// listens.
    @Nullable
    L listener(int flowHash) {
        int n = listeners.size();
        if (n == 0) {
            return null;
        }
        int index = balanced == n ? (int) ((flowHash & 0xffff_ffffL) * n >>> 32) : n - 1;
        return listeners.get(index).listener;
    }

    /// Whether the choice among the listeners depends on the flow.
    boolean balances() {
        int n = listeners.size();
        return n > 1 && balanced == n;
    }
}
