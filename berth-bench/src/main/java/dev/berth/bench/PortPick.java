package dev.berth.bench;

import dev.berth.ports.Flow;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortTable;
import dev.berth.ports.PortUnavailableException;
import dev.berth.ports.Transport;
import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;

/// Nanoseconds to claim an ephemeral port towards one destination and to give it back, in a range of 28,232 ports
/// (as Linux has it) of which a part is in use towards that destination, at random places. With no port left: the
/// time until that is said. The table draws from a fast generator here, on a host from a stock of secure numbers.
final class PortPick implements Measurement {
    private static final IpAddress LOCAL = IpAddress.parse("10.0.0.1");
    private static final IpAddress REMOTE = IpAddress.parse("10.0.0.2");
    private static final int BATCH = 256;

    private final PortTable<String> table;
    private final boolean full;
    private final int free;

    PortPick(double occupancy) throws PortUnavailableException {
        SplittableRandom random = new SplittableRandom(1);
        table = new PortTable<>(Transport.TCP, PortPolicy.linux(), random::nextLong);
        int size = PortPolicy.linux().ephemeral().size();
        List<Client> clients = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            Client client = new Client();
            table.connect(client, null, 0);
            clients.add(client);
        }
        free = (int) Math.round(size * (1 - occupancy));
        Collections.shuffle(clients, Random.from(random));
        clients.subList(0, free).forEach(table::release);
        full = free == 0;
    }

    @Override
    public double measure(long nanos) throws Exception {
        Client client = new Client();
        double each = Batches.nanosPerOperation(nanos, BATCH, full ? () -> fail(client) : () -> pick(client));
        if (table.freePorts(LOCAL.hi(), LOCAL.lo(), REMOTE.hi(), REMOTE.lo(), 80) != free) {
            throw new AssertionError("Ports were lost");
        }
        return each;
    }

    private void pick(Client client) throws PortUnavailableException {
        for (int i = 0; i < BATCH; i++) {
            client.setTuple(LOCAL.hi(), LOCAL.lo(), 0, REMOTE.hi(), REMOTE.lo(), 80);
            table.connect(client, null, 0);
            table.release(client);
        }
    }

    private void fail(Client client) {
        for (int i = 0; i < BATCH; i++) {
            try {
                table.connect(client, null, 0);
            } catch (PortUnavailableException _) {
                continue;
            }
            throw new AssertionError("A port where there is none: " + client);
        }
    }

    private static final class Client extends Flow {
        Client() {
            super(LOCAL.hi(), LOCAL.lo(), 0, REMOTE.hi(), REMOTE.lo(), 80);
        }
    }
}
