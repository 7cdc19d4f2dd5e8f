package dev.berth.bench;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The rows over TUN, which share one set of devices. The other side of the `tun` rows is the floor in C, or the
/// kernel's loopback where it cannot be built; that of the `kernel-tun` rows is the loopback in any case, and that of
/// the `iperf3` rows is iperf3 over a pair of virtual Ethernet devices of the kernel with the same MTU, with the
/// congestion control that the system chooses and with the one that the kernel has over TUN.
final class TunLab implements AutoCloseable {
    private static final String GROUP = "tun";
    private static final String LOOPBACK = Catalogue.KERNEL + ", " + RenoLoopback.NAME;
    private static final String IN = "stream from the kernel over TUN, MTU 1500";
    private static final String OUT = "stream to the kernel over TUN, MTU 1500";

    private final List<Benchmark> rows = new ArrayList<>();
    private @Nullable TunDevices devices;
    private @Nullable Iperf iperf;

    private TunLab() {}

    static List<Benchmark> rows() {
        TunLab lab = new TunLab();
        // the goals without a floor: what 80 % of it would be of kernel loopback, where both were first measured
        boolean floor = CFloor.canBeBuilt();
        for (boolean kernel : new boolean[] {false, true}) {
            if (!kernel || floor) {
                lab.task("in", IN, PeerTask.RECEIVE, 0.53, 0.8, kernel);
                lab.task("out", OUT, PeerTask.SEND, 1.1, 0.8, kernel);
                lab.task("rtt", "round trip of 1 byte to the kernel over TUN", PeerTask.ROUND_TRIP, 1.2, 0.91, kernel);
                lab.connect(kernel);
            }
        }
        for (boolean reno : new boolean[] {false, true}) {
            lab.iperf("iperf3-in", IN, PeerTask.RECEIVE, reno);
            lab.iperf("iperf3-out", OUT, PeerTask.SEND, reno);
        }
        return lab.rows.stream()
                .map(row -> row.name().startsWith("tun-") ? row : row.lengthy(Benchmark.Lengthy.ALL))
                .toList();
    }

    /// @param kernel whether to have a row beside the kernel's loopback, though there is a floor
    private void task(String name, String what, PeerTask task, double goal, double floorGoal, boolean kernel) {
        boolean floor = !kernel && CFloor.canBeBuilt();
        boolean time = task == PeerTask.ROUND_TRIP;
        Benchmark row = Benchmark.of(
                (kernel ? "kernel-tun-" : "tun-") + name,
                what,
                time ? "us" : "Gbit/s",
                time,
                Goal.times(floor ? floorGoal : goal),
                () -> {
                    TunDevices opened = open();
                    return nanos -> opened.overTun(task, nanos);
                });
        rows.add(
                floor
                        ? against(row, CFloor.NAME, () -> {
                            TunDevices opened = open();
                            opened.floor();
                            return nanos -> opened.overFloor(task, nanos);
                        })
                        : against(row, LOOPBACK, () -> {
                            TunDevices opened = open();
                            return nanos -> opened.overLoopback(task, nanos);
                        }));
    }

    private void connect(boolean kernel) {
        boolean floor = !kernel && CFloor.canBeBuilt();
        Benchmark row = Benchmark.of(
                kernel ? "kernel-tun-connect" : "tun-connect",
                "connections from the kernel over TUN that are accepted and reset",
                "1/s",
                false,
                Goal.times(floor ? 0.8 : 1.76),
                () -> {
                    TunDevices opened = open();
                    return opened::connectToBerth;
                });
        rows.add(
                floor
                        ? against(row, CFloor.NAME, () -> {
                            TunDevices opened = open();
                            opened.floor();
                            return opened::connectToFloor;
                        })
                        : against(row, LOOPBACK, () -> {
                            TunDevices opened = open();
                            return opened::connectOverLoopback;
                        }));
    }

    /// @param reno whether iperf3's sender has Reno, as the kernel's has over TUN, or what the system chooses
    private void iperf(String name, String what, PeerTask task, boolean reno) {
        Benchmark row = Benchmark.of(name + (reno ? "-reno" : ""), what, "Gbit/s", false, Goal.times(1), () -> {
            TunDevices opened = open();
            return nanos -> opened.overTun(task, nanos);
        });
        String choice = reno ? ", " + RenoLoopback.NAME : StreamRows.congestionControl();
        rows.add(against(row, "iperf3, kernel veth, MTU 1500" + choice, () -> {
            Iperf opened = iperf == null ? Iperf.open() : iperf;
            iperf = opened;
            return nanos -> opened.measure(task == PeerTask.RECEIVE, reno, nanos);
        }));
    }

    private Benchmark against(Benchmark row, String side, Measurement.Opener opener) {
        return row.against(side, opener).in(GROUP, this);
    }

    private TunDevices open() throws Exception {
        TunDevices opened = devices == null ? TunDevices.open() : devices;
        devices = opened;
        return opened;
    }

    @Override
    public void close() throws Exception {
        try (TunDevices _ = devices;
                Iperf _ = iperf) {
            devices = null;
            iperf = null;
        }
    }
}
