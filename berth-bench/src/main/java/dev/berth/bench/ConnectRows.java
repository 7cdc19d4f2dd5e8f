package dev.berth.bench;

import dev.berth.bench.Benchmark.Lengthy;
import dev.berth.bench.Benchmark.Pace;
import dev.berth.bench.Measurement.Opener;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The rows of connections that are opened and closed: the rate that is kept up while all ports wait, the rate of a
/// burst, and whether the rate declines in the course of minutes.
final class ConnectRows {
    private static final double FIN_GOAL = 20;
    private static final double RST_GOAL = 10;
    private static final double DECLINE_GOAL = 0.9;

    /// Connections of a batch in a burst.
    private static final int BATCH = 16;

    /// Servers of `connect-decline`: with the ports towards each of them, 262,144 connections wait at once.
    private static final int DESTINATIONS = 16;

    /// Of the whole time of `connect-decline`: what comes before the first part, and each of the two parts compared.
    private static final int PARTS = 10;

    private ConnectRows() {}

    static List<Benchmark> all(SideBySide.Options options) {
        return List.of(
                sustained("connect-fin", "FIN on both sides", false, FIN_GOAL),
                burst("connect-fin-burst", "FIN on both sides", false),
                sustained("connect-rst", "RST", true, RST_GOAL),
                burst("connect-rst-burst", "RST", true),
                decline(options.declineSeconds() * 1_000_000_000L));
    }

    private static Benchmark sustained(String name, String how, boolean reset, double goal) {
        return row(
                        name,
                        "connect, accept and close by " + how + ", one thread, rate over seconds",
                        Goal.times(goal),
                        () -> sustained(BerthSockets.inMemory(), reset))
                .against(Catalogue.KERNEL + settings(), () -> sustained(new KernelSockets(), reset))
                .at(Pace.SUSTAINED);
    }

    /// The first third of the time is not counted, in which the ports that are free without a wait are used up. The
    /// kernel gives a port that waits to another connection after a second, and so its rate goes up and down with a
    /// period of one; a whole number of seconds is measured.
    private static Measurement sustained(Sockets sockets, boolean reset) throws IOException {
        ConnectClose connections = new ConnectClose(sockets, reset, 1);
        return measurement(connections, nanos -> {
            connections.runFor(nanos / 2);
            return connections.runFor(nanos);
        });
    }

    private static Benchmark burst(String name, String how, boolean reset) {
        return row(
                        name,
                        "connect, accept and close by " + how + ", one thread, the median of batches of " + BATCH,
                        Goal.none(),
                        () -> burst(BerthSockets.inMemory(), reset))
                .against(Catalogue.KERNEL, () -> burst(new KernelSockets(), reset))
                .lengthy(Lengthy.ALL)
                .at(Pace.SUSTAINED);
    }

    /// For a second at least: most batches of a period are then those of the burst at its beginning.
    private static Measurement burst(Sockets sockets, boolean reset) throws IOException {
        ConnectClose connections = new ConnectClose(sockets, reset, 1);
        return measurement(connections, nanos -> {
            connections.runFor(nanos / 4);
            return 1e9 / Batches.nanosPerOperation(nanos, BATCH, () -> connections.run(BATCH));
        });
    }

    private static Benchmark decline(long nanos) {
        double[] first = new double[1];
        return row(
                        "connect-decline",
                        "FIN to " + DESTINATIONS + " servers in turns for " + nanos / 1_000_000_000L
                                + " s: the rate at the end beside that at the beginning",
                        Goal.times(DECLINE_GOAL),
                        () -> {
                            ConnectClose connections = new ConnectClose(BerthSockets.inMemory(), false, DESTINATIONS);
                            return measurement(connections, _ -> {
                                long part = nanos / PARTS;
                                connections.runFor(part);
                                first[0] = connections.runFor(part);
                                connections.runFor(nanos - 3 * part);
                                return connections.runFor(part);
                            });
                        })
                .against("Berth at the beginning", () -> _ -> first[0])
                .at(Pace.ONCE);
    }

    private static Benchmark row(String name, String what, Goal goal, Opener berth) {
        return Benchmark.of(name, what, "1/s", false, goal, berth);
    }

    /// In a thread of its own, as the other rows: an exception costs by the frames below it, and those of a command
    /// are nobody's.
    private static Measurement measurement(ConnectClose connections, Measurement work) {
        return new Measurement() {
            @Override
            public double measure(long nanos) throws Exception {
                double figure = Threads.join(Threads.start(false, () -> work.measure(nanos)));
                connections.checkClosed();
                return figure;
            }

            @Override
            public void close() throws Exception {
                connections.close();
            }
        };
    }

    /// What of the kernel's settings decides how many connections it can keep up.
    private static String settings() {
        Path directory = Path.of("/proc/sys/net/ipv4");
        try {
            String range = line(directory.resolve("ip_local_port_range"));
            String reuse = line(directory.resolve("tcp_tw_reuse"));
            return ", ports " + String.join("-", range.split("\\s+", -1)) + ", tcp_tw_reuse=" + reuse;
        } catch (IOException _) {
            return ""; // another system, where they have other names
        }
    }

    /// The first line of a file of the kernel, which gives it to the first call of read(2) and nothing to the next:
    /// `Files.readString` begins with a single octet, as the size of such a file is 0.
    private static String line(Path file) throws IOException {
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            return String.valueOf(reader.readLine()).strip();
        }
    }
}
