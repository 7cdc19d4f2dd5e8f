package dev.berth.bench;

import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.testkit.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// The rows of the gateway: from a namespace through `berth gateway`, slirp4netns or pasta, each a process in a second
/// namespace, to a server in a third, which the second reaches over a pair of virtual Ethernet devices of MTU 1500.
/// Each way has a namespace inside of its own; all stand at the same time and are measured in turns.
final class GatewayLab implements AutoCloseable {
    private static final String GROUP = "gateway";
    private static final int BEST_MTU = 65_520;
    private static final int ORDINARY_MTU = 1_500;
    private static final int FLOWS = 10_000;
    private static final int OPENING = 1_000;
    private static final int WARM_UP_TURNS = 5;
    private static final Duration WARM_UP = Duration.ofSeconds(1); // each of streams up, down, and connections
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String SERVER = "198.18.9.9"; // not that of a router, which pasta takes for the machine
    private static final String MIDDLE_END = "198.18.0.1";
    private static final String OUTER_END = "198.18.0.2";

    private enum Way {
        BERTH("berth"),
        SLIRP4NETNS("slirp"),
        PASTA("pasta");

        final String word;

        Way(String word) {
            this.word = word;
        }

        String command() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final List<Benchmark> rows = new ArrayList<>();
    private final Map<Integer, EnumMap<Way, PeerProcess>> clients = new HashMap<>();
    private final List<AutoCloseable> opened = new ArrayList<>();
    private @Nullable NetworkNamespace middle;
    private String[] ports = {};

    private GatewayLab() {}

    static List<Benchmark> rows() {
        GatewayLab lab = new GatewayLab();
        for (int mtu : new int[] {BEST_MTU, ORDINARY_MTU}) {
            boolean best = mtu == BEST_MTU;
            lab.stream("up", PeerTask.SEND, mtu, Way.SLIRP4NETNS, Goal.times(best ? 2 : 8));
            lab.stream("down", PeerTask.RECEIVE, mtu, Way.SLIRP4NETNS, best ? Goal.none() : Goal.times(5));
            lab.stream("up", PeerTask.SEND, mtu, Way.PASTA, Goal.none());
            lab.stream("down", PeerTask.RECEIVE, mtu, Way.PASTA, best ? Goal.times(1.25) : Goal.none());
        }
        lab.connect(Way.SLIRP4NETNS, Goal.none());
        lab.connect(Way.PASTA, Goal.times(1.5));
        lab.rows.add(Benchmark.of(
                        "gateway-flow-memory",
                        "memory of the gateway's process for each of 10,000 idle flows that are open at once",
                        "KiB",
                        true,
                        Goal.atMost(64),
                        () -> {
                            PeerProcess client = lab.client(Way.BERTH, BEST_MTU);
                            return _ -> lab.memoryPerFlow(client);
                        })
                .in(GROUP, lab)
                .at(Benchmark.Pace.ONCE)
                .lengthy(Benchmark.Lengthy.ALL));
        return lab.rows;
    }

    private void stream(String direction, PeerTask task, int mtu, Way other, Goal goal) {
        add(
                "gateway-" + other.word + "-" + direction + (mtu == ORDINARY_MTU ? "-1500" : ""),
                "stream " + direction + " through the gateway, MTU " + mtu,
                "Gbit/s",
                goal,
                other,
                mtu,
                0,
                task.name());
    }

    private void connect(Way other, Goal goal) {
        add(
                "gateway-" + other.word + "-connect",
                "connections through the gateway that the server ends at once, eight at a time",
                "1/s",
                goal,
                other,
                BEST_MTU,
                1,
                GatewayProgram.CONNECT);
    }

    private void add(String name, String what, String unit, Goal goal, Way other, int mtu, int port, String task) {
        rows.add(Benchmark.of(name, what, unit, false, goal, () -> measured(Way.BERTH, mtu, port, task))
                .against(other.command() + " (the same MTU)", () -> measured(other, mtu, port, task))
                .in(GROUP, this)
                .lengthy(Benchmark.Lengthy.ALL));
    }

    private Measurement measured(Way way, int mtu, int port, String task) throws Exception {
        PeerProcess client = client(way, mtu);
        return nanos -> Double.parseDouble(client.ask(task + " " + nanos + " " + SERVER + " " + ports[port]));
    }

    /// A program inside, behind a gateway of that kind.
    private PeerProcess client(Way way, int mtu) throws Exception {
        NetworkNamespace between = middle();
        PeerProcess known =
                clients.computeIfAbsent(mtu, _ -> new EnumMap<>(Way.class)).get(way);
        if (known != null) {
            return known;
        }
        if (way != Way.BERTH
                && between.run("sh", "-c", "command -v " + way.command()).exit() != 0) {
            throw new Measurement.UnavailableException("There is no command '" + way.command() + "'.");
        }
        NetworkNamespace inside = NetworkNamespace.create();
        opened.add(inside);
        RenoLoopback.choose(inside); // Berth sets it for its own routes; the others would have what the machine chooses
        NamespaceProgram gateway = between.start(command(way, mtu, inside));
        opened.add(gateway);
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!inside.check("ip", "route").contains("default")) {
            if (System.nanoTime() - end > 0) {
                throw new IOException(gateway + " makes no way out");
            }
            LockSupport.parkNanos(50_000_000);
        }
        PeerProcess client = new PeerProcess(inside, GatewayProgram.class, "-Xmx512m");
        opened.add(client);
        client.answer();
        clients.get(mtu).put(way, client);
        if (way == Way.BERTH) {
            warmUp(client);
        }
        return client;
    }

    /// A gateway lives for days, and its JVM takes seconds under load to compile what its rows have in common: more
    /// than a row's own warm-up gives it.
    private void warmUp(PeerProcess client) throws IOException {
        for (int i = 0; i < WARM_UP_TURNS; i++) {
            for (String task : new String[] {PeerTask.RECEIVE.name(), PeerTask.SEND.name(), GatewayProgram.CONNECT}) {
                String port = ports[task.equals(GatewayProgram.CONNECT) ? 1 : 0];
                Double.parseDouble(client.ask(task + " " + WARM_UP.toNanos() + " " + SERVER + " " + port));
            }
        }
    }

    private static String[] command(Way way, int mtu, NetworkNamespace inside) {
        String path = inside.path().toString();
        return switch (way) {
            case BERTH ->
                new String[] {
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
                    "-cp",
                    System.getProperty("java.class.path"),
                    "dev.berth.cli.Berth",
                    "gateway",
                    "--netns",
                    path,
                    "--mtu",
                    "" + mtu,
                    "--control",
                    "off"
                };
            case SLIRP4NETNS ->
                new String[] {"slirp4netns", "--configure", "--mtu=" + mtu, "--netns-type=path", path, "tap0"};
            case PASTA ->
                new String[] {"pasta", "-f", "-q", "--runas", "0", "--config-net", "--mtu", "" + mtu, "--netns", path};
        };
    }

    /// The namespaces of the gateways and of the server, made once.
    private NetworkNamespace middle() throws Exception {
        NetworkNamespace made = middle;
        if (made != null) {
            return made;
        }
        String reason = NetworkNamespace.unavailableReason();
        if (reason != null) {
            throw new Measurement.UnavailableException(reason);
        }
        made = NetworkNamespace.create();
        opened.add(made);
        NetworkNamespace outside = NetworkNamespace.create();
        opened.add(outside);
        made.check("ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1", "netns", outside.name());
        address(made, "veth0", MIDDLE_END);
        address(outside, "veth1", OUTER_END);
        made.check("ip", "route", "add", "default", "via", OUTER_END);
        outside.check("ip", "address", "add", SERVER + "/32", "dev", "lo");
        PeerProcess server = new PeerProcess(outside, GatewayProgram.class, "-Xmx512m");
        opened.add(server);
        String[] words = server.answer().split(" ", -1);
        ports = new String[] {words[1], words[2], words[3]};
        middle = made;
        return made;
    }

    private static void address(NetworkNamespace namespace, String device, String address) {
        namespace.check("ip", "address", "add", address + "/24", "dev", device);
        namespace.check("ip", "link", "set", "dev", device, "up");
    }

    /// What the resident set of the gateway's process grows by, garbage included, in KiB for each flow.
    private double memoryPerFlow(PeerProcess client) throws IOException {
        Path status = status();
        String to = " " + SERVER + " " + ports[2];
        client.ask(GatewayProgram.HOLD + " " + OPENING + to); // what grows with the first flows is not theirs
        client.ask(GatewayProgram.LEAVE + " 0" + to);
        long before = resident(status);
        double flows = Double.parseDouble(client.ask(GatewayProgram.HOLD + " " + FLOWS + to));
        if (flows != FLOWS) {
            throw new AssertionError(flows + " flows are open, not " + FLOWS);
        }
        long after = resident(status);
        client.ask(GatewayProgram.LEAVE + " 0" + to);
        return (double) (after - before) / FLOWS;
    }

    private Path status() throws IOException {
        NetworkNamespace between = middle;
        if (between == null) {
            throw new AssertionError("the gateway runs there");
        }
        for (String pid : between.check("ip", "netns", "pids", between.name()).split("\\s+", -1)) {
            Path process = Path.of("/proc", pid);
            if (!pid.isEmpty() && Files.exists(process)) {
                String command = Files.readString(process.resolve("cmdline"));
                if (command.contains("dev.berth.cli.Berth") && command.contains("" + BEST_MTU)) {
                    return process.resolve("status");
                }
            }
        }
        throw new IOException("The gateway's process is not to be found");
    }

    private static long resident(Path status) throws IOException {
        for (String line : Files.readAllLines(status)) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        throw new IOException("No VmRSS in " + status);
    }

    @Override
    public void close() throws Exception {
        for (AutoCloseable each : opened.reversed()) {
            each.close();
        }
        opened.clear();
        clients.clear();
        middle = null;
    }
}
