package dev.berth.bench;

import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortRange;
import dev.berth.ports.PortSet;
import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;

/// Nanoseconds to choose a free port, each with the same probability, to take it and to give it back, in the structure
/// that a port table keeps for a destination, without the table; or, with no port left, until that is known. The
/// figure is the worse of two fills: ports taken one after the other, and a full range out of which ports were given
/// back at random. The numbers come from a fast generator, not from a secure one.
final class PortPick implements Measurement {
    private static final int BATCH = 256;
    private static final PortRange RANGE = PortPolicy.linux().ephemeral();

    private final SplittableRandom random = new SplittableRandom(1);

    @SuppressWarnings("UnnecessaryLambda") // one object for all calls
    private final IntUnaryOperator below = bound -> (int) ((random.nextLong() >>> 32) * bound >>> 32);

    private final PortSet natural = new PortSet();
    private final PortSet holed = new PortSet();
    private final int free;

    /// A range of the size that Linux has, with so many ports in use.
    PortPick(int inUse) {
        int size = RANGE.size();
        free = size - inUse;
        for (int i = 0; i < inUse; i++) {
            claim(natural);
        }
        int[] ports = new int[size];
        for (int i = 0; i < size; i++) {
            ports[i] = claim(holed);
        }
        for (int left = size; left > inUse; left--) {
            int at = random.nextInt(left);
            holed.remove(ports[at]);
            ports[at] = ports[left - 1];
        }
    }

    /// Takes a free port; 0 if there is none.
    private int claim(PortSet used) {
        int port = used.drawAbsent(RANGE, below);
        if (port < 0) {
            return 0;
        }
        used.add(port);
        return port;
    }

    @Override
    public double measure(long nanos) throws Exception {
        return Math.max(measure(natural, nanos / 2), measure(holed, nanos / 2));
    }

    private double measure(PortSet used, long nanos) throws Exception {
        double each = Batches.nanosPerOperation(nanos, BATCH, free == 0 ? () -> fail(used) : () -> pick(used));
        if (used.size() != RANGE.size() - free) {
            throw new AssertionError("Ports were lost");
        }
        return each;
    }

    private void pick(PortSet used) {
        for (int i = 0; i < BATCH; i++) {
            used.remove(claim(used));
        }
    }

    private void fail(PortSet used) {
        for (int i = 0; i < BATCH; i++) {
            if (claim(used) != 0) {
                throw new AssertionError("A port where there is none");
            }
        }
    }
}
