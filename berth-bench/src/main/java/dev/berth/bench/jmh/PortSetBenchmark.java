package dev.berth.bench.jmh;

import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortRange;
import dev.berth.ports.PortSet;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.IntUnaryOperator;
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

/// The structure below the port table alone: chooses a free port of Linux' range uniformly, takes it and gives it
/// back, or finds that there is none.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class PortSetBenchmark {
    private static final PortRange RANGE = PortPolicy.linux().ephemeral();

    @Param({"0", "50", "55", "90", "99", "99.9", "99.99", "100"})
    double percent;

    /// `holes`: the ports in use are anywhere. `run`: they are the lowest of the range, without a hole.
    @Param({"holes", "run"})
    String fill;

    private final SplittableRandom random = new SplittableRandom(1);

    @SuppressWarnings("UnnecessaryLambda") // one object for all calls
    private final IntUnaryOperator below = bound -> (int) ((random.nextLong() >>> 32) * bound >>> 32);

    private final PortSet used = new PortSet();

    @Setup
    public void fill() {
        List<Integer> ports = new ArrayList<>();
        for (int port = RANGE.first(); port <= RANGE.last(); port++) {
            ports.add(port);
        }
        if (fill.equals("holes")) {
            Collections.shuffle(ports, new Random(1));
        }
        ports.subList(0, (int) Math.round(ports.size() * percent / 100)).forEach(used::add);
    }

    @Benchmark
    public int pickAndRelease() {
        int port = used.drawAbsent(RANGE, below);
        if (port < 0) {
            return 0;
        }
        used.add(port);
        used.remove(port);
        return port;
    }
}
