package dev.berth.bench;

import dev.berth.bench.Measurement.Opener;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// All benchmarks, in the order of the table.
final class Catalogue {
    private static final String KERNEL = "JDK sockets, kernel loopback";
    private static final int OTHER_PAIRS = 1_000;

    private Catalogue() {}

    /// @param pairs how many idle pairs are counted
    /// @param progress is told what takes long
    static List<Benchmark> all(int pairs, Consumer<String> progress) {
        List<Benchmark> all = new ArrayList<>();
        all.add(roundTrip("rtt-virtual", true, 15));
        all.add(roundTrip("rtt-platform", false, 2));
        all.add(rate(
                "stream-64k",
                "stream of 64 KiB writes between two hosts in memory",
                "Gbit/s",
                4,
                () -> new Stream(BerthSockets.inMemory()),
                () -> new Stream(new KernelSockets())));
        all.add(rate(
                "stream-mss1460",
                "the same with segments of 1460 octets, checksums computed and verified",
                "Gbit/s",
                2,
                () -> new Stream(BerthSockets.likeEthernet()),
                () -> new Stream(new KernelSockets())));
        all.add(connect("connect-fin", "connect, accept and close by FIN on both sides, one thread", false, 20));
        all.add(connect("connect-rst", "connect, accept and close by RST, one thread", true, 10));
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
                        () -> new IdlePairs(BerthSockets.inMemory(), pairs))
                .against(
                        KERNEL + "; heap only, without the kernel's memory",
                        () -> new IdlePairs(new KernelSockets(), Math.min(pairs, OTHER_PAIRS)))
                .at(Benchmark.Pace.ONCE));
        all.add(select("select-1", 1).against(KERNEL, () -> Selections.onKernel(1)));
        all.add(select("select-1k", 1_000).against(KERNEL, () -> Selections.onKernel(1_000)));
        all.add(select("select-100k", 100_000).alone("so many descriptors are seldom allowed"));
        all.addAll(PortRows.all(progress));
        all.addAll(NetworkRows.all());
        all.add(tun("tun-in", "stream from the kernel over TUN, MTU 1500", "Gbit/s", 0.53, PeerTask.RECEIVE));
        all.add(tun("tun-out", "stream to the kernel over TUN, MTU 1500", "Gbit/s", 1.1, PeerTask.SEND));
        all.add(tun("tun-rtt", "round trip of 1 byte to the kernel over TUN", "us", 1.2, PeerTask.ROUND_TRIP));
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

    private static Benchmark connect(String name, String what, boolean reset, double goal) {
        return rate(
                name,
                what,
                "1/s",
                goal,
                () -> new ConnectClose(BerthSockets.inMemory(), reset),
                () -> new ConnectClose(new KernelSockets(), reset));
    }

    private static Benchmark tun(String name, String what, String unit, double goal, PeerTask task) {
        boolean time = task == PeerTask.ROUND_TRIP;
        return Benchmark.of(name, what, unit, time, Goal.times(goal), () -> TunLab.berth(task))
                .against(KERNEL + " of the namespace", () -> TunLab.kernel(task));
    }
}
