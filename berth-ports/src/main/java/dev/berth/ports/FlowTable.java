package dev.berth.ports;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The flows of a table, found by their tuple. The key is in the flow, the table has references and hashes.
final class FlowTable {
    private final FlowHash flowHash;
    private final SlotTable<Flow> table = new SlotTable<>();

    FlowTable(FlowHash flowHash) {
        this.flowHash = flowHash;
    }

    int size() {
        return table.size();
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

    @Nullable
    Flow find(long lHi, long lLo, int lPort, long rHi, long rLo, int rPort) {
        return find(flowHash.hash(lHi, lLo, lPort, rHi, rLo, rPort), lHi, lLo, lPort, rHi, rLo, rPort);
    }

    /// The owner of the tuple that a flow would have with this local port; `hash` is [#hash] of both.
    @Nullable
    Flow find(Flow flow, int localPort, int hash) {
        return find(
                hash,
                flow.localHi(),
                flow.localLo(),
                localPort,
                flow.remoteHi(),
                flow.remoteLo(),
                flow.remotePort());
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
    }

    /// Puts `with` into the slot of `old`: same tuple, same claim.
    void replace(Flow old, Flow with, Object claim) {
        int hash = old.hash();
        table.replace(old, with, hash);
        old.leave();
        with.enter(hash, claim);
    }

    void leave(Flow flow) {
        table.remove(flow, flow.hash());
        flow.leave();
    }

    /// Shows the next flows from `position` on, as [SlotTable#walk].
    long walk(long position, int count, Consumer<? super Flow> visitor) {
        return table.walk(position, count, visitor);
    }

    /// Shows every flow to `visitor` until it says to stop.
    void visit(FlowVisitor visitor) {
        for (int slot = 0; slot < table.capacity(); slot++) {
            if (table.hashAt(slot) != 0 && !visitor.visit(table.at(slot))) {
                return;
            }
        }
    }
}
