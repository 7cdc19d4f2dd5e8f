package dev.berth.ports;

import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The destinations that flows without a binding go to. A destination vanishes with its last flow; a few spare
/// ones are kept, so that connecting and releasing allocates nothing in the long run.
final class Destinations {
    private static final int SPARES = 8;

    private final FlowHash flowHash;
    private final SlotTable<Destination> table = new SlotTable<>();
    private final @Nullable Destination[] spares = new Destination[SPARES];
    private int spareCount;

    Destinations(FlowHash flowHash) {
        this.flowHash = flowHash;
    }

    /// Whether it is as small as a table that never held anything.
    boolean isPristine() {
        return table.size() == 0 && table.capacity() == SlotTable.MIN_CAPACITY;
    }

    /// Shows the next destinations from `position` on, as [SlotTable#walk].
    long walk(long position, int count, Consumer<? super Destination> visitor) {
        return table.walk(position, count, visitor);
    }

    int hash(long lHi, long lLo, long rHi, long rLo, int rPort) {
        return flowHash.hash(lHi, lLo, 0, rHi, rLo, rPort);
    }

    @Nullable
    Destination find(Flow flow, int hash) {
        return find(flow.localHi(), flow.localLo(), flow.remoteHi(), flow.remoteLo(), flow.remotePort(), hash);
    }

    @Nullable
    Destination find(long lHi, long lLo, long rHi, long rLo, int rPort, int hash) {
        for (int slot = table.home(hash); table.hashAt(slot) != 0; slot = table.next(slot)) {
            if (table.hashAt(slot) == hash) {
                Destination destination = table.at(slot);
                if (destination.isFor(lHi, lLo, rHi, rLo, rPort)) {
                    return destination;
                }
            }
        }
        return null;
    }

    /// Makes the destination of a flow, for which [#find] found none.
    Destination add(Flow flow, int hash) {
        Destination destination = spareCount > 0 ? Objects.requireNonNull(spares[--spareCount]) : new Destination();
        destination.localHi = flow.localHi();
        destination.localLo = flow.localLo();
        destination.remoteHi = flow.remoteHi();
        destination.remoteLo = flow.remoteLo();
        destination.remotePort = flow.remotePort();
        destination.hash = hash;
        table.insert(destination, hash);
        return destination;
    }

    /// Removes a destination that has no flow any more.
    void remove(Destination destination) {
        table.remove(destination, destination.hash);
        if (spareCount < SPARES) {
            destination.used.clear();
            spares[spareCount++] = destination;
        }
    }
}
