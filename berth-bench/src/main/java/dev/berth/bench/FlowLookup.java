package dev.berth.bench;

import dev.berth.ports.Flow;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortSharing;
import dev.berth.ports.PortTable;
import dev.berth.ports.PortUnavailableException;
import dev.berth.ports.Transport;
import java.util.SplittableRandom;

/// Nanoseconds to find the owner of a packet among very many flows: a server's, from a million addresses. Each look-up
/// is for a flow at random; one of eight finds none. They do not depend on each other, as with packets of a batch.
final class FlowLookup implements Measurement {
    private static final int BATCH = 256;
    private static final int SERVER = 443;
    /// Of the flows in the table, which are numbered, and of as many that are not.
    private static final int ADDRESSES = 1 << 20;

    private final int flows;
    private final PortTable<String> table;
    private final SplittableRandom random = new SplittableRandom(1);

    /// @throws UnavailableException if the heap is too small
    FlowLookup(int flows) throws PortUnavailableException, UnavailableException {
        Heap.require(256 + (int) (flows / 10_000 * 2.5));
        this.flows = flows;
        table = server(flows);
    }

    /// A table with a server and its flows.
    static PortTable<String> server(int flows) throws PortUnavailableException {
        PortTable<String> table = new PortTable<>(Transport.TCP, PortPolicy.linux(), new SecureEntropy());
        var binding = table.bind(BenchFlow.LOCAL.hi(), BenchFlow.LOCAL.lo(), SERVER, PortSharing.EXCLUSIVE, "a server");
        table.listen(binding, "a server");
        for (int i = 0; i < flows; i++) {
            table.accept(new BenchFlow(SERVER, remoteLo(i), remotePort(i)), binding);
        }
        return table;
    }

    private static long remoteLo(int number) {
        return BenchFlow.REMOTE.lo() + (number & ADDRESSES - 1);
    }

    private static int remotePort(int number) {
        return 1_024 + number / ADDRESSES;
    }

    @Override
    public double measure(long nanos) throws Exception {
        return Batches.nanosPerOperation(nanos, BATCH, this::lookUp);
    }

    private void lookUp() {
        int wanted = 0;
        int found = 0;
        for (int i = 0; i < BATCH; i++) {
            int number = random.nextInt(flows);
            boolean hit = (i & 7) != 0;
            wanted += hit ? 1 : 0;
            // The strangers come from the same addresses, from ports that no flow has.
            int port = remotePort(number) + (hit ? 0 : 32_768);
            Flow flow = table.lookup(
                    BenchFlow.LOCAL.hi(), BenchFlow.LOCAL.lo(), SERVER, BenchFlow.LOCAL.hi(), remoteLo(number), port);
            found += flow != null && flow.remotePort() == port ? 1 : 0;
        }
        if (found != wanted) {
            throw new AssertionError(found + " flows found of " + wanted);
        }
    }
}
