package dev.berth.bench.jmh;

import dev.berth.ports.Flow;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortTable;
import dev.berth.ports.PortUnavailableException;
import dev.berth.ports.Transport;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Finds the owner of a packet among many flows, at random.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class PortLookupBenchmark {
    private static final int PER_DESTINATION = 10_000;

    @Param({"1000", "1000000"})
    int flows;

    private final SplittableRandom random = new SplittableRandom(1);
    private PortTable<String> table;
    private int[] keys; // local port and remote port

    @Setup
    public void fill() throws PortUnavailableException {
        table = new PortTable<>(Transport.TCP, PortPolicy.dynamic(), random::nextLong);
        keys = new int[flows];
        for (int i = 0; i < flows; i++) {
            TestFlow flow = new TestFlow(0, 1 + i / PER_DESTINATION);
            table.connect(flow, null, 0);
            keys[i] = flow.localPort() << 16 | flow.remotePort();
        }
    }

    @Benchmark
    public Flow lookup() {
        int key = keys[random.nextInt(flows)];
        return table.lookup(
                TestFlow.LOCAL.hi(),
                TestFlow.LOCAL.lo(),
                key >>> 16,
                TestFlow.REMOTE.hi(),
                TestFlow.REMOTE.lo(),
                key & 0xffff);
    }
}
