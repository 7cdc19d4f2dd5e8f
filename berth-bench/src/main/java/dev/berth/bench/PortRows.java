package dev.berth.bench;

import dev.berth.bench.Benchmark.Lengthy;
import dev.berth.bench.Benchmark.Pace;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/// The rows of the port system: the choice of an ephemeral port at each occupancy, in the structure alone and as part
/// of a connect; the fill of a whole range; the look-up among many flows; memory.
///
/// Those beside the kernel come in the order in which its range fills up and gets holes, so that one fill serves all.
final class PortRows {
    private static final String GROUP = "ports";
    private static final double[] PERCENT = {0, 50, 55, 90, 99, 99.9, 99.99};
    private static final double FILL_GOAL = 500;
    private static final int MILLION = 1_000_000;

    private final KernelPorts kernel;
    private final List<Benchmark> rows = new ArrayList<>();

    private PortRows(Consumer<String> progress) {
        kernel = new KernelPorts(progress);
    }

    /// All rows.
    ///
    /// @param progress is told how far the kernel's range is filled
    static List<Benchmark> all(Consumer<String> progress) {
        PortRows all = new PortRows(progress);
        all.picks();
        all.connects();
        all.fills();
        all.holes();
        all.flows();
        return all.rows;
    }

    /// How many ports of the kernel's range an occupancy is. At 50 % Linux has no even port left and goes over to what
    /// it shows at 55 %, so 50 stands for the last moment before.
    private static int inUse(double percent) {
        return (int) (KernelPorts.PORTS * (percent == 50 ? 49.9 : percent) / 100);
    }

    private static String number(double percent) {
        return percent == Math.rint(percent) ? String.valueOf((long) percent) : String.valueOf(percent);
    }

    private void picks() {
        for (double percent : PERCENT) {
            int inUse = inUse(percent);
            pick("pick-" + number(percent), "choose a free port and give it back, " + inUse + " ports in use", inUse);
        }
        pick("pick-full", "see that no port is free", KernelPorts.PORTS);
        rows.add(Benchmark.of(
                        "pick-flat", "pick-99.9 divided by pick-0", "times", true, Goal.atMost(1.5), PortRows::flatness)
                .at(Pace.BRIEF)
                .in(GROUP, null));
    }

    private void pick(String name, String what, int inUse) {
        rows.add(Benchmark.of(name, what, "ns", true, Goal.atMost(50), () -> new PortPick(inUse))
                .alone("the kernel's choice is part of its connect()")
                .at(Pace.BRIEF)
                .in(GROUP, null));
    }

    private static Measurement flatness() {
        PortPick empty = new PortPick(0);
        PortPick nearlyFull = new PortPick(inUse(99.9));
        return nanos -> {
            double nearly = nearlyFull.measure(nanos / 2);
            return nearly / empty.measure(nanos / 2);
        };
    }

    private void connects() {
        for (double percent : PERCENT) {
            connect("connect-pick-" + number(percent), inUse(percent), false);
        }
        connect("connect-pick-full", KernelPorts.PORTS, false);
    }

    private void holes() {
        for (int i = PERCENT.length - 1; i > 0; i--) {
            connect("connect-pick-holes-" + number(PERCENT[i]), inUse(PERCENT[i]), true);
        }
    }

    private void connect(String name, int inUse, boolean holes) {
        String what = inUse == KernelPorts.PORTS
                ? "connect in the port table until it says that no port is left"
                : String.format(
                        Locale.ROOT,
                        "claim a port in the port table and give it back, %d in use%s",
                        inUse,
                        holes ? " after holes were made in a full range" : "");
        rows.add(Benchmark.of(name, what, "ns", true, Goal.atMost(1_000), () -> new ConnectPick(inUse, holes))
                .against(KernelPorts.NAME, kernel.connect(inUse, holes))
                .lengthy(Lengthy.OTHER_SIDE)
                .at(Pace.BRIEF)
                .in(GROUP, kernel));
    }

    private void fills() {
        rows.add(Benchmark.of(
                        "fill-28232",
                        "claim all ports towards one destination in the port table",
                        "ms",
                        true,
                        Goal.times(FILL_GOAL),
                        PortFill::ofTable)
                .against(KernelPorts.NAME, kernel.fill())
                .lengthy(Lengthy.OTHER_SIDE)
                .at(Pace.SLOW)
                .in(GROUP, kernel));
        rows.add(Benchmark.of(
                        "fill-host",
                        "the same with sockets of a host, which send a SYN each",
                        "ms",
                        true,
                        Goal.none(),
                        PortFill::ofHost)
                .against(KernelPorts.NAME + "; its last fill", kernel.lastFill())
                .lengthy(Lengthy.OTHER_SIDE)
                .at(Pace.ONCE)
                .in(GROUP, kernel));
    }

    private void flows() {
        lookup("lookup-1m", MILLION, 60);
        lookup("lookup-10m", 10 * MILLION, 80);
        bytes("flow-bytes", "heap per accepted flow, a million", Lengthy.NOT, FlowBytes.ofServer(MILLION));
        bytes(
                "flow-bytes-client",
                "heap per flow of clients, a million to 100,000 destinations",
                Lengthy.ALL,
                FlowBytes.ofClients(MILLION, 10));
        bytes(
                "flow-bytes-lone",
                "heap per flow of clients, a million to a million destinations",
                Lengthy.ALL,
                FlowBytes.ofClients(MILLION, 1));
    }

    private void lookup(String name, int flows, double goal) {
        rows.add(Benchmark.of(
                        name,
                        "find the owner of a packet among " + flows / MILLION + " million flows, 1 of 8 has none",
                        "ns",
                        true,
                        Goal.atMost(goal),
                        () -> new FlowLookup(flows))
                .alone("the kernel's look-up is part of its receive path")
                .lengthy(flows > MILLION ? Lengthy.ALL : Lengthy.NOT)
                .in(GROUP, null));
    }

    private void bytes(String name, String what, Lengthy lengthy, Measurement side) {
        rows.add(Benchmark.of(name, what, "B", true, Goal.none(), () -> side)
                .alone("the kernel's flows are whole sockets")
                .lengthy(lengthy)
                .at(Pace.ONCE)
                .in(GROUP, null));
    }
}
