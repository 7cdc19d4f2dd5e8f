package dev.berth.bench.jmh;

import dev.berth.wire.InternetChecksum;
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

/// Sums headers and payloads for the Internet checksum.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ChecksumBenchmark {
    @Param({"20", "1460", "65000"})
    int octets;

    private byte[] bytes;

    @Setup
    public void fill() {
        bytes = new byte[octets];
        new SplittableRandom(1).nextBytes(bytes);
    }

    @Benchmark
    public long sum() {
        return octets <= 60
                ? InternetChecksum.headerSum(bytes, 0, octets)
                : InternetChecksum.payloadSum(bytes, 0, octets);
    }
}
