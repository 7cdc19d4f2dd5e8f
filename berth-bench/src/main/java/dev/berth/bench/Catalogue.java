package dev.berth.bench;

import dev.berth.bench.Measurement.Opener;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// All benchmarks, in the order of the table.
final class Catalogue {
    /// What the table calls the sockets of the JDK over the loopback interface of the kernel.
    static final String KERNEL = "kernel-loopback";

    private static final int OTHER_PAIRS = 1_000;
    private static final int READERS = 100_000;

    private Catalogue() {}

    /// @param progress is told what takes long
    static List<Benchmark> all(SideBySide.Options options, Consumer<String> progress) {
        int pairs = options.idlePairs();
        List<Benchmark> all = new ArrayList<>();
        all.add(roundTrip("rtt-virtual", true, 15));
        all.add(roundTrip("rtt-platform", false, 2));
        all.addAll(StreamRows.all());
        all.addAll(ConnectRows.all(options));
        all.add(rate(
                "udp-64",
                "datagrams of 64 octets sent and received, one thread",
                "1/s",
                20,
                () -> new DatagramExchange(BerthSockets.inMemory()),
                () -> new DatagramExchange(new KernelSockets())));
        all.add(Benchmark.of(
                        "idle-pair-bytes",
                        "heap per idle established pair of sockets",
                        "B",
                        true,
                        Goal.atMost(768),
                        () -> new IdlePairs(BerthSockets.inMemory(), pairs, IdlePairs.HANDSHAKE_TIMERS))
                .against(
                        KERNEL + ", heap only",
                        () -> new IdlePairs(new KernelSockets(), Math.min(pairs, OTHER_PAIRS), 0))
                .at(Benchmark.Pace.ONCE));
        all.add(select("select-1", 1).against(KERNEL, () -> Selections.onKernel(1)));
        all.add(select("select-1k", 1_000)
                .against(KERNEL, () -> Selections.onKernel(1_000))
                .lengthy(Benchmark.Lengthy.ALL));
        all.add(select("select-100k", 100_000)
                .alone("so many descriptors are seldom allowed")
                .lengthy(Benchmark.Lengthy.ALL));
        all.add(selectFlat());
        all.add(selector("selector-1", 1));
        all.add(selector("selector-1000", 1_000));
        all.add(blockedReaders(Math.min(READERS, options.mostPairs())));
        all.add(Benchmark.of(
                        "http",
                        "a request of the JDK's HTTP client to its HTTP server in one JVM",
                        "us",
                        true,
                        Goal.times(2),
                        HttpExchange::onBerth)
                .against(KERNEL, HttpExchange::onKernel)
                .lengthy(Benchmark.Lengthy.ALL));
        all.add(start());
        all.addAll(new ManyPairs(options.mostPairs()).growth());
        all.add(ManyPairs.million());
        all.addAll(PortRows.all(progress));
        all.addAll(NetworkRows.all());
        all.addAll(CoreRows.all());
        all.addAll(TunLab.rows());
        all.addAll(GatewayLab.rows());
        return List.copyOf(all);
    }

    private static Benchmark roundTrip(String name, boolean virtual, double goal) {
        return Benchmark.of(
                        name,
                        "round trip of 1 byte between two hosts, two " + (virtual ? "virtual" : "platform")
                                + " threads",
                        "us",
                        true,
                        Goal.times(goal),
                        () -> new RoundTrip(BerthSockets.inMemory(), virtual))
                .against(KERNEL, () -> new RoundTrip(new KernelSockets(), virtual));
    }

    private static Benchmark select(String name, int channels) {
        return Benchmark.of(
                name,
                "processor time of a selection that finds one of so many channels ready",
                "ns",
                true,
                Goal.none(),
                () -> Selections.onBerth(channels));
    }

    private static Benchmark rate(String name, String what, String unit, double goal, Opener berth, Opener other) {
        return Benchmark.of(name, what, unit, false, Goal.times(goal), berth).against(KERNEL, other);
    }

    private static Benchmark selectFlat() {
        return Benchmark.of(
                        "select-flat",
                        "how many times longer a selection takes with 1,000 or 100,000 channels than with one",
                        "times",
                        true,
                        Goal.atMost(1.5),
                        Selections::flatness)
                .alone("each round compares Berth with itself")
                .at(Benchmark.Pace.BRIEF);
    }

    private static Benchmark selector(String name, int connections) {
        return Benchmark.of(
                        name,
                        "1 byte there and back through a server with a selector, connections: " + connections,
                        "us",
                        true,
                        Goal.times(3),
                        () -> SelectorEcho.onBerth(connections))
                .against(KERNEL, () -> SelectorEcho.onKernel(connections));
    }

    private static Benchmark blockedReaders(int readers) {
        int others = Math.min(readers, OTHER_PAIRS);
        return Benchmark.of(
                        "blocked-readers",
                        "to wake one of " + readers + " virtual threads that are blocked in read at once",
                        "us",
                        true,
                        Goal.none(),
                        () -> new BlockedReaders(BerthSockets.inMemory(), readers))
                .against(KERNEL + ", readers: " + others, () -> new BlockedReaders(new KernelSockets(), others))
                .at(Benchmark.Pace.SLOW);
    }

    private static Benchmark start() {
        double[] plain = new double[1];
        return Benchmark.of(
                        "start", "what berth run adds to the start of a program", "ms", true, Goal.atMost(150), () -> {
                            StartCost cost = StartCost.open();
                            return new Measurement() {
                                @Override
                                public double measure(long nanos) throws IOException {
                                    double added = cost.measure(nanos);
                                    plain[0] = cost.plainMillis();
                                    return added;
                                }

                                @Override
                                public void close() throws IOException {
                                    cost.close();
                                }
                            };
                        })
                .against("all of it with plain java", () -> _ -> plain[0])
                .at(Benchmark.Pace.SUSTAINED);
    }
}
