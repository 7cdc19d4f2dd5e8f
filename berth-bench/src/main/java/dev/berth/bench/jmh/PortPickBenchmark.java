package dev.berth.bench.jmh;

import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortTable;
import dev.berth.ports.PortUnavailableException;
import dev.berth.ports.Transport;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
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

/// Claims an ephemeral port towards one destination and gives it back, or finds that there is none.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class PortPickBenchmark {
    @Param({"0", "50", "90", "99", "99.9", "100"})
    double percent;

    private PortTable<String> table;
    private TestFlow flow;

    @Setup
    public void fill() throws PortUnavailableException {
        SplittableRandom random = new SplittableRandom(1);
        table = new PortTable<>(Transport.TCP, PortPolicy.linux(), random::nextLong);
        int size = PortPolicy.linux().ephemeral().size();
        List<TestFlow> flows = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            TestFlow each = new TestFlow(0, 80);
            table.connect(each, null, 0);
            flows.add(each);
        }
        Collections.shuffle(flows, new Random(1));
        flows.subList(0, (int) Math.round(size * (1 - percent / 100))).forEach(table::release);
        flow = new TestFlow(0, 80);
    }

    @Benchmark
    public boolean pickAndRelease() {
        flow.begin(0, 80);
        try {
            table.connect(flow, null, 0);
        } catch (PortUnavailableException _) {
            return false;
        }
        table.release(flow);
        return true;
    }
}
