package dev.berth.bench.jmh;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
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

/// Plain Java that the gates measure beside a part in the same run, so that a ratio says how the part has changed and
/// not how the machine has.
public class ReferenceBenchmark {
    private ReferenceBenchmark() {}

    /// A copy of an array.
    @State(Scope.Thread)
    @BenchmarkMode(Mode.AverageTime)
    @OutputTimeUnit(TimeUnit.NANOSECONDS)
    @Fork(2)
    @Warmup(iterations = 3, time = 1)
    @Measurement(iterations = 5, time = 1)
    public static class Copy {
        @Param({"1460", "65000"})
        int octets;

        private byte[] from;
        private byte[] to;

        @Setup
        public void fill() {
            from = new byte[octets];
            to = new byte[octets];
            new SplittableRandom(1).nextBytes(from);
        }

        @Benchmark
        public byte[] copy() {
            System.arraycopy(from, 0, to, 0, octets);
            return to;
        }
    }

    /// An object into a queue with a lock, and out of it again.
    @State(Scope.Thread)
    @BenchmarkMode(Mode.AverageTime)
    @OutputTimeUnit(TimeUnit.NANOSECONDS)
    @Fork(2)
    @Warmup(iterations = 3, time = 1)
    @Measurement(iterations = 5, time = 1)
    public static class HandOff {
        private final ArrayBlockingQueue<Object> queue = new ArrayBlockingQueue<>(16);

        @Benchmark
        public Object handOff() {
            queue.add(this);
            return queue.poll();
        }
    }

    /// A value in a map of the JDK, by a key at random.
    @State(Scope.Thread)
    @BenchmarkMode(Mode.AverageTime)
    @OutputTimeUnit(TimeUnit.NANOSECONDS)
    @Fork(2)
    @Warmup(iterations = 3, time = 1)
    @Measurement(iterations = 5, time = 1)
    public static class MapLookup {
        @Param({"1000", "1000000"})
        int entries;

        private final SplittableRandom random = new SplittableRandom(1);
        private final Map<Long, Object> map = new HashMap<>();
        private Long[] keys;

        @Setup
        public void fill() {
            keys = new Long[entries];
            for (int i = 0; i < entries; i++) {
                keys[i] = random.nextLong();
                map.put(keys[i], new Object());
            }
        }

        @Benchmark
        public Object lookup() {
            return map.get(keys[random.nextInt(entries)]);
        }
    }
}
