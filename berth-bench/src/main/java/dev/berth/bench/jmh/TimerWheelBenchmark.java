package dev.berth.bench.jmh;

import dev.berth.stack.time.Timer;
import dev.berth.stack.time.TimerWheel;
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

/// Schedules, cancels and polls one timer while many others wait.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class TimerWheelBenchmark {
    private static final long MINUTE = 60_000_000_000L;

    @Param({"0", "1000000"})
    int others;

    private final TimerWheel wheel = new TimerWheel(0);
    private final Timer timer = new Node();
    private long now;

    private static final class Node extends Timer {}

    @Setup
    public void fill() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < others; i++) {
            wheel.schedule(new Node(), MINUTE * 60 + random.nextLong(MINUTE));
        }
    }

    /// What a segment that is acknowledged does at most.
    @Benchmark
    public void scheduleAndCancel() {
        wheel.schedule(timer, now + 200_000_000L);
        wheel.cancel(timer);
    }

    /// What a critical section without anything due does.
    @Benchmark
    public Timer pollNothing() {
        return wheel.nextDeadline() <= now ? wheel.poll(now) : null;
    }
}
