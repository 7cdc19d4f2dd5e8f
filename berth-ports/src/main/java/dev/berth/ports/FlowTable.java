package dev.berth.ports;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The flows of a table, found by their tuple. The key is in the flow, the table has references and hashes.
final class FlowTable {
    private final FlowHash flowHash;
    private final SlotTable<Flow> table = new SlotTable<>();
    private int sharedTuples;
    /// Flows that are in no slot of their own.
    private int sharing;
    /// The flow found or entered last, alone in its slot: packets of one flow often follow each other.
    private @Nullable Flow last;

    FlowTable(FlowHash flowHash) {
        this.flowHash = flowHash;
    }

    int size() {
        return table.size() + sharing;
    }

    /// Whether it is as small as a table that never held anything.
    boolean isPristine() {
        return table.size() == 0 && table.capacity() == SlotTable.MIN_CAPACITY;
    }

    /// The hash under which a flow sits in the table with this local port.
    int hash(Flow flow, int localPort) {
        return flowHash.hash(
                flow.localHi(), flow.localLo(), localPort, flow.remoteHi(), flow.remoteLo(), flow.remotePort());
    }

    /// The flow that gets the packets of a tuple.
    @Nullable
    Flow find(long lHi, long lLo, int lPort, long rHi, long rLo, int rPort) {
        Flow recent = last;
        if (recent != null && recent.matches(lHi, lLo, lPort, rHi, rLo, rPort)) {
            return recent;
        }
        Flow flow = find(flowHash.hash(lHi, lLo, lPort, rHi, rLo, rPort), lHi, lLo, lPort, rHi, rLo, rPort);
        if (flow instanceof SharedTuple shared) {
            return shared.owner();
        }
        last = flow;
        return flow;
    }

    /// What is in the slot of the tuple that a flow would have with this local port, possibly a [SharedTuple]; `hash`
    /// is [#hash] of both.
    @Nullable
    Flow find(Flow flow, int localPort, int hash) {
        return find(
                hash, flow.localHi(), flow.localLo(), localPort, flow.remoteHi(), flow.remoteLo(), flow.remotePort());
    }

    private @Nullable Flow find(int hash, long lHi, long lLo, int lPort, long rHi, long rLo, int rPort) {
        int slot = table.home(hash);
        for (int h; (h = table.hashAt(slot)) != 0; slot = table.next(slot)) {
            if (h == hash) {
                Flow flow = table.at(slot);
                if (flow.matches(lHi, lLo, lPort, rHi, rLo, rPort)) {
                    return flow;
                }
            }
        }
        return null;
    }

    /// Adds a flow whose tuple has no owner, and notes who pays for its port.
    void enter(Flow flow, int hash, Object claim) {
        table.insert(flow, hash);
        flow.enter(hash, claim);
        last = flow;
    }

    /// Adds a flow to those that have its tuple already; from now on it gets the packets.
    ///
    /// @param holder what is in the slot
    void share(Flow holder, Flow flow, int hash, Object claim) {
        last = null;
        SharedTuple shared;
        if (holder instanceof SharedTuple already) {
            shared = already;
        } else {
            shared = new SharedTuple(holder);
            table.replace(holder, shared, hash);
            sharedTuples++;
        }
        shared.add(flow);
        sharing++;
        flow.enter(hash, claim);
    }

    private @Nullable SharedTuple sharedBy(Flow flow) {
        return sharedTuples > 0 && find(flow, flow.localPort(), flow.hash()) instanceof SharedTuple shared
                ? shared
                : null;
    }

    /// Puts `with` into the slot of `old`: same tuple, same claim.
    void replace(Flow old, Flow with, Object claim) {
        int hash = old.hash();
        last = null;
        SharedTuple shared = sharedBy(old);
        if (shared == null) {
            table.replace(old, with, hash);
            last = with;
        } else {
            shared.replace(old, with);
        }
        old.leave();
        with.enter(hash, claim);
    }

    void leave(Flow flow) {
        if (last == flow) {
            last = null;
        }
        SharedTuple shared = sharedBy(flow);
        if (shared == null) {
            table.remove(flow, flow.hash());
        } else {
            shared.remove(flow);
            sharing--;
            if (shared.size() == 1) {
                table.replace(shared, shared.owner(), flow.hash());
                sharedTuples--;
            }
        }
        flow.leave();
    }

    /// Shows the next flows from `position` on, as [SlotTable#walk].
    long walk(long position, int count, Consumer<? super Flow> visitor) {
        return table.walk(position, count, flow -> {
            if (flow instanceof SharedTuple shared) {
                for (int i = 0; i < shared.size(); i++) {
                    visitor.accept(shared.at(i));
                }
            } else {
                visitor.accept(flow);
            }
        });
    }

    /// Shows every flow to `visitor` until it says to stop.
    void visit(FlowVisitor visitor) {
        for (int slot = 0; slot < table.capacity(); slot++) {
            if (table.hashAt(slot) != 0 && !visit(table.at(slot), visitor)) {
                return;
            }
        }
    }

    private static boolean visit(Flow flow, FlowVisitor visitor) {
        if (!(flow instanceof SharedTuple shared)) {
            return visitor.visit(flow);
        }
        for (int i = 0; i < shared.size(); i++) {
            if (!visitor.visit(shared.at(i))) {
                return false;
            }
        }
        return true;
    }
}
