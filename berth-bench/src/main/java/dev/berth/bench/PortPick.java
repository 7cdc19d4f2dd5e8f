package dev.berth.bench;

import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortPool;
import java.util.SplittableRandom;

/// Nanoseconds to choose a free port and to give it back, in the structure that a port table keeps for a destination,
/// without the table; or, with no port left, until that is known. The figure is the worse of two fills: ports taken
/// one after the other, and a full range out of which ports were given back at random. The numbers come from a fast
/// generator, not from a secure one.
final class PortPick implements Measurement {
    private static final int BATCH = 256;

    private final PortPool[] pools = new PortPool[2];
    private final int free;

    /// A range of the size that Linux has, with so many ports in use.
    PortPick(int inUse) {
        SplittableRandom random = new SplittableRandom(1);
        int size = PortPolicy.linux().ephemeral().size();
        free = size - inUse;
        for (int i = 0; i < pools.length; i++) {
            pools[i] = new PortPool(PortPolicy.linux(), random::nextLong);
        }
        for (int i = 0; i < inUse; i++) {
            pools[0].claim();
        }
        int[] ports = new int[size];
        for (int i = 0; i < size; i++) {
            ports[i] = pools[1].claim();
        }
        for (int left = size; left > inUse; left--) {
            int at = random.nextInt(left);
            pools[1].release(ports[at]);
            ports[at] = ports[left - 1];
        }
    }

    @Override
    public double measure(long nanos) throws Exception {
        double worse = 0;
        for (PortPool pool : pools) {
            Batches.Batch batch = free == 0 ? () -> fail(pool) : () -> pick(pool);
            worse = Math.max(worse, Batches.nanosPerOperation(nanos / pools.length, BATCH, batch));
            if (pool.free() != free) {
                throw new AssertionError("Ports were lost");
            }
        }
        return worse;
    }

    private static void pick(PortPool pool) {
        for (int i = 0; i < BATCH; i++) {
            pool.release(pool.claim());
        }
    }

    private static void fail(PortPool pool) {
        for (int i = 0; i < BATCH; i++) {
            if (pool.claim() != 0) {
                throw new AssertionError("A port where there is none");
            }
        }
    }
}
