package dev.berth.bench;

import dev.berth.bench.Measurement.Opener;
import java.util.List;

/// The rows of hosts with several shards beside hosts with one: what two processors gain, and what one connection
/// loses.
final class CoreRows {
    private static final String ONE = "hosts of 1 shard";
    private static final int THREADS = 2;
    private static final int CONNECTIONS = 32;

    private CoreRows() {}

    static List<Benchmark> all() {
        return List.of(
                rate("cores", 100),
                rate("cores-16k", 16_384),
                row(
                        "cores-one-rtt",
                        "round trip of 1 byte on one connection, two virtual threads, hosts of 2 shards",
                        "us",
                        true,
                        0.9,
                        () -> new RoundTrip(BerthSockets.inMemory(2), true),
                        () -> new RoundTrip(BerthSockets.inMemory(1), true)),
                row(
                        "cores-one-stream",
                        "stream of 64 KiB writes on one connection, hosts of 2 shards",
                        "Gbit/s",
                        false,
                        0.9,
                        () -> new Stream(BerthSockets.inMemory(2)),
                        () -> new Stream(BerthSockets.inMemory(1))));
    }

    private static Benchmark rate(String name, int octets) {
        return row(
                name,
                "round trips of " + octets + " octets, " + THREADS + " threads with " + CONNECTIONS
                        + " connections each, hosts of 2 shards",
                "1000/s",
                false,
                1.5,
                () -> new Cores(BerthSockets.inMemory(2), THREADS, CONNECTIONS, octets),
                () -> new Cores(BerthSockets.inMemory(1), THREADS, CONNECTIONS, octets));
    }

    private static Benchmark row(
            String name, String what, String unit, boolean lower, double goal, Opener ours, Opener one) {
        return Benchmark.of(name, what, unit, lower, Goal.times(goal), ours)
                .against(ONE, one)
                .in("cores", null);
    }
}
