package dev.berth.bench;

import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortTable;
import dev.berth.ports.PortUnavailableException;
import dev.berth.ports.Transport;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/// Nanoseconds to claim an ephemeral port towards one destination through the port table and to give it back, with
/// secure random numbers; or, with no port left, until the exception that says so.
final class ConnectPick implements Measurement {
    private static final int BATCH = 256;

    private final PortTable<String> table = new PortTable<>(Transport.TCP, PortPolicy.linux(), new SecureEntropy());
    private final BenchFlow client = BenchFlow.client();
    private final int free;

    /// A range of the size that Linux has, with so many ports in use towards the destination.
    ///
    /// @param holes true if all were in use and some, at random, were given back
    ConnectPick(int inUse, boolean holes) throws PortUnavailableException {
        int size = PortPolicy.linux().ephemeral().size();
        free = size - inUse;
        List<BenchFlow> flows = new ArrayList<>(size);
        for (int i = 0; i < (holes ? size : inUse); i++) {
            BenchFlow flow = BenchFlow.client();
            table.connect(flow, null, 0);
            flows.add(flow);
        }
        if (holes) {
            Collections.shuffle(flows, new Random(1));
            flows.subList(inUse, size).forEach(table::release);
        }
    }

    @Override
    public double measure(long nanos) throws Exception {
        double each = Batches.nanosPerOperation(nanos, BATCH, free == 0 ? this::fail : this::pick);
        int left = table.freePorts(
                client.localHi(), client.localLo(), client.remoteHi(), client.remoteLo(), client.remotePort());
        if (left != free) {
            throw new AssertionError(left + " ports are free, not " + free);
        }
        return each;
    }

    private void pick() throws PortUnavailableException {
        for (int i = 0; i < BATCH; i++) {
            client.begin();
            table.connect(client, null, 0);
            table.release(client);
        }
    }

    private void fail() {
        for (int i = 0; i < BATCH; i++) {
            try {
                table.connect(client, null, 0);
            } catch (PortUnavailableException _) {
                continue;
            }
            throw new AssertionError("A port where there is none: " + client);
        }
    }
}
