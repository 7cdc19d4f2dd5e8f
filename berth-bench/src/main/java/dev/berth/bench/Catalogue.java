package dev.berth.bench;

import dev.berth.bench.Measurement.Opener;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// All benchmarks, in the order of the table.
final class Catalogue {
    private static final String KERNEL = "JDK sockets, kernel loopback";
    private static final int OTHER_PAIRS = 1_000;

    private Catalogue() {}

    /// @param pairs how many idle pairs are counted
    static List<Benchmark> all(int pairs) {
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
        all.add(new Benchmark(
                "idle-pair-bytes",
                "heap per idle established pair of sockets",
                "B",
                true,
                Goal.atMost(768),
                () -> new IdlePairs(BerthSockets.inMemory(), pairs),
                () -> new IdlePairs(new KernelSockets(), Math.min(pairs, OTHER_PAIRS)),
                KERNEL + "; heap only, without the kernel's memory",
                true));
        for (double percent : new double[] {0, 50, 90, 99, 99.9, 100}) {
            all.add(ports(percent));
        }
        all.add(tun("tun-in", "stream from the kernel over TUN, MTU 1500", "Gbit/s", 0.53, PeerTask.RECEIVE));
        all.add(tun("tun-out", "stream to the kernel over TUN, MTU 1500", "Gbit/s", 1.1, PeerTask.SEND));
        all.add(tun("tun-rtt", "round trip of 1 byte to the kernel over TUN", "us", 1.2, PeerTask.ROUND_TRIP));
        return List.copyOf(all);
    }

    private static Benchmark roundTrip(String name, boolean virtual, double goal) {
        return new Benchmark(
                name,
                "round trip of 1 byte between two hosts, two " + (virtual ? "virtual" : "platform") + " threads",
                "us",
                true,
                Goal.times(goal),
                () -> new RoundTrip(BerthSockets.inMemory(), virtual),
                () -> new RoundTrip(new KernelSockets(), virtual),
                KERNEL,
                false);
    }

    private static Benchmark rate(String name, String what, String unit, double goal, Opener berth, Opener other) {
        return new Benchmark(name, what, unit, false, Goal.times(goal), berth, other, KERNEL, false);
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

    private static Benchmark ports(double percent) {
        String number = percent == Math.rint(percent)
                ? String.valueOf((long) percent)
                : String.format(Locale.ROOT, "%.1f", percent);
        return new Benchmark(
                "ports-pick-" + number,
                percent == 100
                        ? "time until a full range says so"
                        : "claim and release an ephemeral port with " + number + " % in use",
                "ns",
                true,
                Goal.atMost(percent == 100 ? 1_000 : 50),
                () -> new PortPick(percent / 100),
                null,
                "none: filling the kernel's range takes seconds and 28,232 descriptors",
                false);
    }

    private static Benchmark tun(String name, String what, String unit, double goal, PeerTask task) {
        return new Benchmark(
                name,
                what,
                unit,
                task == PeerTask.ROUND_TRIP,
                Goal.times(goal),
                () -> TunLab.berth(task),
                () -> TunLab.kernel(task),
                KERNEL + " of the namespace",
                false);
    }
}
