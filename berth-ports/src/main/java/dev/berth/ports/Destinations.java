package dev.berth.ports;

import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The destinations that flows without a binding go to. Where there is one such flow, it is in the table itself; with
/// the second a [Destination] takes its place, and vanishes with the last. A few spare ones are kept, so that
/// connecting and releasing allocates nothing in the long run.
final class Destinations {
    /// The claim of a flow that is alone towards its destination.
    static final Object LONE = new Object() {
        @Override
        public String toString() {
            return "LONE";
        }
    };

    private static final int SPARES = 8;

    private final FlowHash flowHash;
    /// Lone flows and destinations.
    private final SlotTable<Object> table = new SlotTable<>();
    private final @Nullable Destination[] spares = new Destination[SPARES];
    private int spareCount;
    /// Describes the lone flow that was asked for last.
    private final Destination ofLone = new Destination();
    /// The destination whose hash was asked for last; its hash is 0 before that.
    private final Destination hashed = new Destination();
    /// The destination that was found last and is in the table: a client's connections often go to the same one.
    private @Nullable Destination last;

    Destinations(FlowHash flowHash) {
        this.flowHash = flowHash;
    }

    /// Whether it is as small as a table that never held anything.
    boolean isPristine() {
        return table.size() == 0 && table.capacity() == SlotTable.MIN_CAPACITY;
    }

    /// Shows the next destinations from `position` on, as [SlotTable#walk]; each is valid until the next call of this
    /// object.
    long walk(long position, int count, Consumer<? super Destination> visitor) {
        return table.walk(position, count, element -> visitor.accept(describe(element)));
    }

    private int hash(Flow flow) {
        return hash(flow.localHi(), flow.localLo(), flow.remoteHi(), flow.remoteLo(), flow.remotePort());
    }

    /// A connection asks three times, and the next one often goes to the same destination.
    private int hash(long lHi, long lLo, long rHi, long rLo, int rPort) {
        Destination recent = hashed;
        if (!recent.isFor(lHi, lLo, rHi, rLo, rPort) || recent.hash == 0) {
            recent.localHi = lHi;
            recent.localLo = lLo;
            recent.remoteHi = rHi;
            recent.remoteLo = rLo;
            recent.remotePort = rPort;
            recent.hash = flowHash.hash(lHi, lLo, 0, rHi, rLo, rPort);
        }
        return recent.hash;
    }

    /// The destination of a flow, valid until the next call of this object; null if it has no flow yet.
    @Nullable
    Destination find(Flow flow) {
        return find(flow.localHi(), flow.localLo(), flow.remoteHi(), flow.remoteLo(), flow.remotePort());
    }

    /// As [#find(Flow)].
    @Nullable
    Destination find(long lHi, long lLo, long rHi, long rLo, int rPort) {
        Destination recent = last;
        if (recent != null && recent.isFor(lHi, lLo, rHi, rLo, rPort)) {
            return recent;
        }
        Object element = element(lHi, lLo, rHi, rLo, rPort, hash(lHi, lLo, rHi, rLo, rPort));
        if (element instanceof Destination found) {
            last = found;
        }
        return element == null ? null : describe(element);
    }

    private @Nullable Object element(long lHi, long lLo, long rHi, long rLo, int rPort, int hash) {
        for (int slot = table.home(hash); table.hashAt(slot) != 0; slot = table.next(slot)) {
            if (table.hashAt(slot) == hash) {
                Object element = table.at(slot);
                boolean found = element instanceof Flow lone
                        ? lone.isTowards(lHi, lLo, rHi, rLo, rPort)
                        : ((Destination) element).isFor(lHi, lLo, rHi, rLo, rPort);
                if (found) {
                    return element;
                }
            }
        }
        return null;
    }

    private Destination describe(Object element) {
        if (!(element instanceof Flow lone)) {
            return (Destination) element;
        }
        ofLone.fill(lone, 0);
        ofLone.used.clear();
        ofLone.used.add(lone.localPort());
        ofLone.oldest = lone instanceof TimeWaitFlow waiting ? waiting : null;
        ofLone.timeWait = ofLone.oldest == null ? 0 : 1;
        return ofLone;
    }

    /// Counts a flow and its port in.
    ///
    /// @return its claim
    Object enter(Flow flow) {
        int hash = hash(flow);
        Object element =
                element(flow.localHi(), flow.localLo(), flow.remoteHi(), flow.remoteLo(), flow.remotePort(), hash);
        if (element == null) {
            table.insert(flow, hash);
            return LONE;
        }
        Destination destination = element instanceof Flow lone ? join(lone, hash) : (Destination) element;
        destination.used.add(flow.localPort());
        return destination;
    }

    /// Makes the destination of a flow that was alone until now.
    private Destination join(Flow lone, int hash) {
        Destination destination = spareCount > 0 ? Objects.requireNonNull(spares[--spareCount]) : new Destination();
        destination.fill(lone, hash);
        destination.used.add(lone.localPort());
        if (lone instanceof TimeWaitFlow waiting) {
            destination.link(waiting);
        }
        table.replace(lone, destination, hash);
        lone.enter(lone.hash(), destination);
        return destination;
    }

    /// Puts another flow with the same tuple into the place of a lone one.
    void replaceLone(Flow old, Flow with) {
        table.replace(old, with, hash(old));
    }

    /// Counts a flow out.
    ///
    /// @param claim what [#enter] gave, or the [Destination] that came since
    /// @return the ports that are still in use towards its destination
    int leave(Flow flow, Object claim) {
        if (!(claim instanceof Destination destination)) {
            table.remove(flow, hash(flow));
            return 0;
        }
        destination.used.remove(flow.localPort());
        int left = destination.used.size();
        if (left == 0) {
            table.remove(destination, destination.hash);
            if (last == destination) {
                last = null;
            }
            if (spareCount < SPARES) {
                destination.used.clear();
                spares[spareCount++] = destination;
            }
        }
        return left;
    }
}
