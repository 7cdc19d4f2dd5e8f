package dev.berth.ports;

import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/// Chooses ephemeral ports by the policy's [EphemeralSelection].
///
/// The algorithms of RFC 6056 try one port after the other until "check_suitable_port" is true. The same port is
/// found here by looking the next free one up, and the counters move on as far as the tries would have moved them.
final class PortSelector {
    private final EphemeralSelection selection;
    private final PortPicker picker;
    private final Draws draws;

    /// `next_ephemeral` of algorithms 3 and 5, `table[]` of algorithm 4; unsigned. With 32 bits rather than the RFC's
    /// 16 the sequence has no leap where the counter wraps.
    private final int[] counters;
    /// F() and G() of algorithms 3 and 4; null for those that have no key.
    private @Nullable FlowHash offsets;
    private @Nullable FlowHash indexes;

    PortSelector(EphemeralSelection selection, PortPicker picker, Draws draws) {
        this.selection = selection;
        this.picker = picker;
        this.draws = draws;
        counters = new int[countersOf(selection)];
        for (int i = 0; i < counters.length; i++) {
            counters[i] = draws.below(65_536); // "table[i] = random() % 65536;"
        }
        rekey();
    }

    private static int countersOf(EphemeralSelection selection) {
        return switch (selection.algorithm()) {
            case UNIFORM, SIMPLE_RANDOMIZATION, RANDOM_TRIES -> 0;
            case SIMPLE_HASH, RANDOM_INCREMENTS -> 1;
            case DOUBLE_HASH -> selection.parameter();
        };
    }

    /// RFC 6056 section 3.4: "Key lengths of 128 bits should be adequate." "Another possible mechanism for protecting
    /// the secret key is to change it after some time."
    void rekey() {
        EphemeralSelection.Algorithm algorithm = selection.algorithm();
        if (algorithm == EphemeralSelection.Algorithm.SIMPLE_HASH
                || algorithm == EphemeralSelection.Algorithm.DOUBLE_HASH) {
            offsets = new FlowHash(draws.nextLong(), draws.nextLong());
            indexes = new FlowHash(draws.nextLong(), draws.nextLong());
        }
    }

    /// A port for a flow; 0 if none is free. The other parameters are those of [PortPicker#pick].
    int towards(Flow flow, @Nullable PortSet used, int except, int first, int last) {
        if (first > last) {
            return 0;
        }
        FlowHash f = offsets;
        FlowHash g = indexes;
        if (f == null || g == null) {
            return withoutKey(used, except, first, last);
        }
        // "offset = F(local_IP, remote_IP, remote_port, secret_key1);"
        int offset = hash(f, flow);
        // "index = G(local_IP, remote_IP, remote_port, secret_key2);"
        int index = counters.length == 1 ? 0 : Integer.remainderUnsigned(hash(g, flow), counters.length);
        // "port = min_ephemeral + (offset + table[index]) % num_ephemeral; table[index]++;", for each port tried
        int count = last - first + 1;
        int start = first + (int) ((Integer.toUnsignedLong(offset) + Integer.toUnsignedLong(counters[index])) % count);
        int port = picker.next(start, used, except, first, last);
        if (port != 0) {
            counters[index] += distance(start, port, count) + 1;
        }
        return port;
    }

    /// The first port from a random one on that is free and pleases; 0 if there is none. Takes a step for each port
    /// of the range.
    int firstOf(@Nullable PortSet used, int except, int first, int last, IntPredicate pleases) {
        int count = last - first + 1;
        int start = count < 1 ? 0 : draws.below(count);
        for (int i = 0; i < count; i++) {
            int port = first + (start + i) % count;
            if (port != except && pleases.test(port) && picker.isFree(port, used)) {
                return port;
            }
        }
        return 0;
    }

    private static int hash(FlowHash function, Flow flow) {
        return function.hash(flow.localHi(), flow.localLo(), 0, flow.remoteHi(), flow.remoteLo(), flow.remotePort());
    }

    private static int distance(int from, int to, int count) {
        return to >= from ? to - from : to - from + count;
    }

    /// A port for a bind, which has no destination yet; 0 if none is free. RFC 6056 section 3.5: "Transport protocols
    /// implementing Algorithm 3 or Algorithm 4 should consider using Algorithm 2 when facing the scenario just
    /// described."
    int forBind(PortSet used, int first, int last) {
        return withoutKey(used, 0, first, last);
    }

    private int withoutKey(@Nullable PortSet used, int except, int first, int last) {
        return first > last
                ? 0
                : switch (selection.algorithm()) {
                    case UNIFORM, SIMPLE_HASH, DOUBLE_HASH -> picker.pick(used, except, first, last);
                    case SIMPLE_RANDOMIZATION -> simpleRandomization(used, except, first, last);
                    case RANDOM_TRIES -> randomTries(used, except, first, last);
                    case RANDOM_INCREMENTS -> randomIncrements(used, except, first, last);
                };
    }

    private int simpleRandomization(@Nullable PortSet used, int except, int first, int last) {
        // "next_ephemeral = min_ephemeral + (random() % num_ephemeral);"
        return picker.next(first + draws.below(last - first + 1), used, except, first, last);
    }

    private int randomTries(@Nullable PortSet used, int except, int first, int last) {
        for (int i = 0; i < selection.parameter(); i++) {
            int port = first + draws.below(last - first + 1);
            if (port != except && picker.isFree(port, used)) {
                return port;
            }
        }
        return picker.pick(used, except, first, last);
    }

    private int randomIncrements(@Nullable PortSet used, int except, int first, int last) {
        int count = last - first + 1;
        // "next_ephemeral = next_ephemeral + (random() % N) + 1;
        // port = min_ephemeral + (next_ephemeral % num_ephemeral);"
        int next = counters[0] + draws.below(selection.parameter()) + 1;
        int start = first + Integer.remainderUnsigned(next, count);
        int port = picker.next(start, used, except, first, last);
        // Where the RFC would draw another increment for a port in use, the sequence moves on to the next free one.
        counters[0] = port == 0 ? next : next + distance(start, port, count);
        return port;
    }
}
