package dev.berth.bench;

import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortTable;
import dev.berth.ports.PortUnavailableException;
import dev.berth.ports.Transport;

/// Octets of heap per flow in a port table: the bare flow, its place in the table and what its destination takes. A
/// connection's own state, which extends the flow, comes on top.
final class FlowBytes implements Measurement {
    private final int flows;
    private final Table table;

    private FlowBytes(int flows, Table table) {
        this.flows = flows;
        this.table = table;
    }

    /// Makes a table with so many flows.
    @FunctionalInterface
    private interface Table {
        PortTable<String> with(int flows) throws PortUnavailableException;
    }

    /// Flows that a server has accepted.
    static FlowBytes ofServer(int flows) {
        return new FlowBytes(flows, FlowLookup::server);
    }

    /// Flows of clients, so many to each destination.
    static FlowBytes ofClients(int flows, int each) {
        return new FlowBytes(flows, count -> clients(count, each));
    }

    private static PortTable<String> clients(int flows, int each) throws PortUnavailableException {
        PortTable<String> table = new PortTable<>(Transport.TCP, PortPolicy.linux(), new SecureEntropy());
        for (int i = 0; i < flows; i++) {
            table.connect(new BenchFlow(0, BenchFlow.REMOTE.lo() + i / each, 80), null, 0);
        }
        return table;
    }

    @Override
    public double measure(long nanos) throws Exception {
        table.with(100); // classes
        long before = Heap.used();
        PortTable<String> full = table.with(flows);
        long used = Heap.used() - before;
        if (full.flowCount() != flows) {
            throw new AssertionError("Flows were lost");
        }
        return (double) used / flows;
    }
}
