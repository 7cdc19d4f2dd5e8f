package dev.berth.it.kernel;

import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.stack.StackConfig;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.testkit.netns.NetworkNamespace;
import dev.berth.tun.TunLink;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;

/// What Berth reaches over a long way, beside what the kernel reaches over the same: both send to the kernel, at the
/// same time, over two ways of the same bandwidth, delay, buffer and losses ([Wan]).
///
/// A program, no test, for the whole table; arguments: `cubic`, `reno` or `bbr`, Mbit/s, seconds per cell, then round
/// trips in milliseconds, then losses in percent, as lists with commas, then how many runs a cell is the mean of, each
/// with other losses (one if not given). docs/TESTING.md has the command.
final class PathComparison {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final int PORT = 5_001;

    private PathComparison() {}

    /// What both reached, in kbit/s.
    record Cell(long kernel, long berth) {}

    public static void main(String[] arguments) throws Exception {
        String control = arguments[0];
        int megabits = Integer.parseInt(arguments[1]);
        int seconds = Integer.parseInt(arguments[2]);
        int runs = arguments.length > 5 ? Integer.parseInt(arguments[5]) : 1;
        System.out.println("control Mbit/s rtt ms  loss %  Linux kbit/s  Berth kbit/s  ratio");
        for (String roundTrip : arguments[3].split(",", -1)) {
            for (String loss : arguments[4].split(",", -1)) {
                long kernel = 0;
                long berth = 0;
                for (int seed = 1; seed <= runs; seed++) {
                    Cell one = measure(
                            control, megabits, Double.parseDouble(roundTrip), Double.parseDouble(loss), seconds, seed);
                    kernel += one.kernel() / runs;
                    berth += one.berth() / runs;
                }
                Cell cell = new Cell(kernel, berth);
                System.out.printf(
                        Locale.ROOT,
                        "%-7s %6d %6s %7s %13d %13d %6.2f%n",
                        control,
                        megabits,
                        roundTrip,
                        loss,
                        cell.kernel(),
                        cell.berth(),
                        (double) cell.berth() / Math.max(1, cell.kernel()));
            }
        }
    }

    private static Wan wan(int megabits, double roundTrip, double loss, long seed) {
        long rate = megabits * 125_000L;
        long oneWay = (long) (roundTrip * 500_000);
        return new Wan(loss / 100, oneWay, rate, Math.max(30_000, rate * 2 * oneWay / 1_000_000_000L), seed);
    }

    static Cell measure(String control, int megabits, double roundTrip, double loss, int seconds, long seed)
            throws Exception {
        try (NetworkNamespace sender = NetworkNamespace.create();
                NetworkNamespace nearReceiver = NetworkNamespace.create();
                NetworkNamespace farReceiver = NetworkNamespace.create();
                Wan kernelWay = wan(megabits, roundTrip, loss, seed);
                Wan berthWay = wan(megabits, roundTrip, loss, seed);
                TunLink from = open(sender);
                TunLink to = open(nearReceiver);
                TunLink toToo = open(farReceiver)) {
            for (NetworkNamespace namespace : new NetworkNamespace[] {sender, nearReceiver, farReceiver}) {
                namespace.check("sysctl", "-qw", "net.ipv4.tcp_no_metrics_save=1");
            }
            sender.check("ip", "address", "add", "10.7.0.2/24", "dev", "berth0");
            nearReceiver.check("ip", "address", "add", "10.7.0.1/24", "dev", "berth0");
            farReceiver.check("ip", "address", "add", "10.7.0.1/24", "dev", "berth0");
            kernelWay.connect(from, to);
            try (Host host = Host.builder("sender")
                    .config(StackConfig.DEFAULT.withTcp(settings(control)))
                    .link(berthWay.around(toToo))
                    .address(IpAddress.Prefix.parse("10.7.0.2/24"))
                    .start()) {
                from.up();
                to.up();
                toToo.up();
                // The sysctl of a namespace takes only what the machine allows to everybody; a route takes all.
                sender.check("ip", "route", "replace", "10.7.0.0/24", "dev", "berth0", "congctl", control);
                return transfer(sender, nearReceiver, farReceiver, host, seconds);
            }
        }
    }

    static TcpConfig settings(String control) {
        TcpConfig.Congestion algorithm = switch (control) {
            case "cubic" -> TcpConfig.Congestion.CUBIC;
            case "reno" -> TcpConfig.Congestion.NEW_RENO;
            case "bbr" -> TcpConfig.Congestion.BBR;
            default -> throw new IllegalArgumentException(control);
        };
        return TcpConfig.DEFAULT.withCongestion(algorithm).withBuffers(1 << 22, 1 << 22);
    }

    static TunLink open(NetworkNamespace namespace) throws IOException {
        return TunLink.builder("berth0")
                .inNamespace(namespace.path())
                .receiveOffload(false)
                .open();
    }

    private static Cell transfer(
            NetworkNamespace sender,
            NetworkNamespace nearReceiver,
            NetworkNamespace farReceiver,
            Host host,
            int seconds)
            throws Exception {
        NamespaceProgram near = nearReceiver.start(KernelPeer.command("measure", "10.7.0.1", PORT, seconds));
        NamespaceProgram far = farReceiver.start(KernelPeer.command("measure", "10.7.0.1", PORT, seconds));
        near.awaitLine(line -> line.equals("ready"), LIMIT);
        far.awaitLine(line -> line.equals("ready"), LIMIT);
        NamespaceProgram blaster = sender.start(KernelPeer.command("blast", "10.7.0.1", PORT));
        try (TcpSocket socket = host.openTcpSocket()) {
            socket.connect(new Endpoint(IpAddress.parse("10.7.0.1"), PORT), LIMIT.toNanos());
            Thread writer = Thread.ofPlatform().daemon().start(() -> write(socket));
            long berth = rate(far);
            long kernel = rate(near);
            socket.abort();
            writer.join(LIMIT);
            return new Cell(kernel, berth);
        } finally {
            blaster.close();
        }
    }

    static void write(TcpSocket socket) {
        byte[] block = new byte[64 * 1024];
        try {
            for (; ; ) {
                socket.write(block, 0, block.length);
            }
        } catch (IOException e) {
            // The receiver has had enough, or the test is over: what counts is what it got.
            return;
        }
    }

    private static long rate(NamespaceProgram receiver) {
        String[] result =
                receiver.awaitLine(line -> line.startsWith("got "), LIMIT).split(" ", -1);
        return Long.parseLong(result[1]) * 8_000_000L / Math.max(1, Long.parseLong(result[2]));
    }
}
