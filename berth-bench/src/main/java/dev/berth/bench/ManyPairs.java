package dev.berth.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// The rows that need child JVMs with many pairs open ([PairsProgram]): whether a million fit in a gibibyte, and
/// whether operations take as long beside a million of connections as beside none.
final class ManyPairs implements AutoCloseable {
    private static final int MILLION = 1_000_000;
    private static final int TEN_THOUSAND = 10_000;

    private static final long PART = 150_000_000; // nanoseconds
    private static final int MOST_PARTS = 60;
    private static final int SAME_PARTS = 8;
    private static final double STILL_QUICKER = 0.95;

    private final int most;
    private final Set<String> warm = new HashSet<>();
    private List<PeerProcess> processes = List.of();

    /// @param most the largest number of pairs of the rows about growth
    ManyPairs(int most) {
        this.most = most;
    }

    static Benchmark million() {
        return Benchmark.of(
                        "million-pairs",
                        "heap that 1,000,000 established pairs take in a JVM with -Xmx1g",
                        "MiB",
                        true,
                        Goal.atMost(1_024),
                        () -> _ -> millionOnce())
                .alone("the kernel has no room for as many descriptors in a process")
                .at(Benchmark.Pace.ONCE)
                .lengthy(Benchmark.Lengthy.ALL);
    }

    List<Benchmark> growth() {
        return List.of(
                growth("growth-rtt", "a round trip of 1 byte in one thread", "round-trip"),
                growth("growth-connect", "connect, accept and close by RST", "connect"),
                growth("growth-timer", "to stop a connection's timer and to start it again", "timer"));
    }

    private Benchmark growth(String name, String what, String operation) {
        return Benchmark.of(
                        name,
                        "how many times longer it takes beside 10,000 or " + most + " pairs than beside one: " + what,
                        "times",
                        true,
                        Goal.atMost(1.5),
                        () -> {
                            open();
                            return nanos -> grown(operation, nanos);
                        })
                .alone("each round compares Berth with itself")
                .at(Benchmark.Pace.BRIEF)
                .in("growth", this)
                .lengthy(Benchmark.Lengthy.ALL);
    }

    private static double millionOnce() throws IOException {
        try (PeerProcess process =
                new PeerProcess(null, List.of("-Xmx1g"), PairsProgram.class, String.valueOf(MILLION))) {
            return opened(process) / (double) (1 << 20);
        }
    }

    private static long opened(PeerProcess process) throws IOException {
        return Long.parseLong(process.answer().substring("open ".length()));
    }

    private void open() throws Exception {
        if (!processes.isEmpty()) {
            return;
        }
        List<PeerProcess> starting = new ArrayList<>();
        processes = starting; // so that close() finds what was started
        for (int pairs : new int[] {1, TEN_THOUSAND, most}) {
            int heap = 256 + (int) (pairs * 2_048L >> 20);
            List<String> options = List.of("-XX:+UseSerialGC", "-Xmx" + heap + "m", "-Xmn128m");
            starting.add(new PeerProcess(null, options, PairsProgram.class, String.valueOf(pairs), "kept-alive"));
        }
        for (PeerProcess process : starting) {
            opened(process);
        }
    }

    /// Runs `operation` in each process until that process does not become quicker any more: each has compilers of its
    /// own, and what was compiled last is not a matter of how many connections there are.
    private void warmUp(String operation) throws IOException {
        for (PeerProcess process : processes) {
            double best = Double.MAX_VALUE;
            int since = 0;
            for (int part = 0; part < MOST_PARTS && since < SAME_PARTS; part++) {
                double figure = Double.parseDouble(process.ask(operation + " " + PART));
                since = figure < best * STILL_QUICKER ? 0 : since + 1;
                best = Math.min(best, figure);
            }
        }
    }

    /// The larger of the two quotients.
    private double grown(String operation, long nanos) throws IOException {
        if (warm.add(operation)) {
            warmUp(operation);
        }
        String command = operation + " " + nanos / processes.size();
        double one = Double.parseDouble(processes.getFirst().ask(command));
        double worst = 0;
        for (PeerProcess process : processes.subList(1, processes.size())) {
            worst = Math.max(worst, Double.parseDouble(process.ask(command)) / one);
        }
        return worst;
    }

    @Override
    public void close() {
        warm.clear();
        processes.forEach(PeerProcess::close);
        processes = List.of();
    }
}
