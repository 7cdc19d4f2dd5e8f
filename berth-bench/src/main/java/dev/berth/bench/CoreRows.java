package dev.berth.bench;

import dev.berth.bench.Measurement.Opener;
import java.util.List;

/// The rows of hosts with several shards beside hosts with one: what two processors gain, and what one connection loses.
final class CoreRows {
    private static final String ONE = "hosts of 1 shard";
    private static final int THREADS = 2;
    private static final int CONNECTIONS = 32;

    private CoreRows() {}

    static List<Benchmark> all() {
        return List.of(
                rate("cores-request", 2, false, 1.5),
                rate("cores-request-8", 8, false, 1.5),
                rate("cores-stream", 2, true, 1.3),
                rate("cores-stream-8", 8, true, 1.3),
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

    private static Benchmark rate(String name, int shards, boolean stream, double goal) {
        String what = THREADS + " threads, each with " + CONNECTIONS + " connections of its own, "
                + (stream ? "64 KiB at a time" : "100 octets there and back") + ", hosts of " + shards + " shards";
        return row(
                name,
                what,
                stream ? "Gbit/s" : "1000/s",
                false,
                goal,
                () -> new Cores(BerthSockets.inMemory(shards), THREADS, CONNECTIONS, stream),
                () -> new Cores(BerthSockets.inMemory(1), THREADS, CONNECTIONS, stream));
    }

    private static Benchmark row(
            String name, String what, String unit, boolean lower, double goal, Opener ours, Opener one) {
        return Benchmark.of(name, what, unit, lower, Goal.times(goal), ours)
                .against(ONE, one)
                .in("cores", null);
    }
}
