package dev.berth.it.kernel;

import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.stack.StackConfig;
import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.testkit.netns.NetworkNamespace;
import dev.berth.tun.TunLink;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;

/// How Berth and the kernel share one bottleneck: as many flows of either go to one receiver, through one queue with
/// a drop-tail buffer ([Wan#share]).
///
/// A program, no test, for a table; arguments: `cubic`, `reno` or `bbr`, Mbit/s, seconds to settle, seconds that
/// count, then round trips in milliseconds, then buffers as parts of the bandwidth-delay product, then flows of each
/// side, as lists with commas. docs/TESTING.md has the command.
final class SharedBottleneck {
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final int PORT = 5_001;
    private static final int HOST_NUMBER = 3;

    private SharedBottleneck() {}

    /// What each flow got, in octets.
    record Shares(long[] kernel, long[] berth) {
        /// Jain's index of all flows, 1 where all are equal.
        double index() {
            double sum = 0;
            double squares = 0;
            for (long share : LongStream.concat(LongStream.of(kernel), LongStream.of(berth))
                    .toArray()) {
                sum += share;
                squares += (double) share * share;
            }
            return squares == 0 ? 0 : sum * sum / ((kernel.length + berth.length) * squares);
        }

        long kernelSum() {
            return LongStream.of(kernel).sum();
        }

        long berthSum() {
            return LongStream.of(berth).sum();
        }
    }

    public static void main(String[] arguments) throws Exception {
        int megabits = Integer.parseInt(arguments[1]);
        int settle = Integer.parseInt(arguments[2]);
        int seconds = Integer.parseInt(arguments[3]);
        System.out.println("control Mbit/s rtt ms buffer flows  Linux kbit/s  Berth kbit/s  Berth's share  Jain");
        for (String roundTrip : arguments[4].split(",", -1)) {
            for (String buffer : arguments[5].split(",", -1)) {
                for (String flows : arguments[6].split(",", -1)) {
                    Shares shares = measure(
                            arguments[0],
                            megabits,
                            Double.parseDouble(roundTrip),
                            Double.parseDouble(buffer),
                            Integer.parseInt(flows),
                            settle,
                            seconds);
                    long all = Math.max(1, shares.kernelSum() + shares.berthSum());
                    System.out.printf(
                            Locale.ROOT,
                            "%-7s %6d %6s %6s %5s %13d %13d %14.2f %5.2f%n",
                            arguments[0],
                            megabits,
                            roundTrip,
                            buffer,
                            "2x" + flows,
                            shares.kernelSum() / 125 / seconds,
                            shares.berthSum() / 125 / seconds,
                            (double) shares.berthSum() / all,
                            shares.index());
                }
            }
        }
    }

    /// @param flows of each side
    static Shares measure(
            String control, int megabits, double roundTrip, double buffer, int flows, int settle, int seconds)
            throws Exception {
        long rate = megabits * 125_000L;
        long room = (long) Math.max(30_000, rate * roundTrip / 1_000 * buffer);
        try (NetworkNamespace sender = NetworkNamespace.create();
                NetworkNamespace receiver = NetworkNamespace.create();
                Wan wan = new Wan(0, (long) (roundTrip * 500_000), rate, room, 1);
                TunLink from = PathComparison.open(sender);
                TunLink to = PathComparison.open(receiver)) {
            sender.check("sysctl", "-qw", "net.ipv4.tcp_no_metrics_save=1");
            sender.check("ip", "address", "add", "10.7.0.2/24", "dev", "berth0");
            receiver.check("ip", "address", "add", "10.7.0.1/24", "dev", "berth0");
            try (Host host = Host.builder("sender")
                    .config(StackConfig.DEFAULT.withTcp(PathComparison.settings(control)))
                    .link(wan.share(from, to, HOST_NUMBER))
                    .address(IpAddress.Prefix.parse("10.7.0." + HOST_NUMBER + "/24"))
                    .start()) {
                from.up();
                to.up();
                sender.check("ip", "route", "replace", "10.7.0.0/24", "dev", "berth0", "congctl", control);
                return transfer(sender, receiver, host, flows, settle, seconds);
            }
        }
    }

    private static Shares transfer(
            NetworkNamespace sender, NetworkNamespace receiver, Host host, int flows, int settle, int seconds)
            throws Exception {
        NamespaceProgram counter =
                receiver.start(KernelPeer.command("share", "10.7.0.1", PORT, 2 * flows, settle, seconds));
        counter.awaitLine(line -> line.equals("ready"), LIMIT);
        List<TcpSocket> sockets = new ArrayList<>();
        List<Thread> writers = new ArrayList<>();
        try (NamespaceProgram ignored = sender.start(KernelPeer.command("blast", "10.7.0.1", PORT, flows))) {
            for (int i = 0; i < flows; i++) {
                TcpSocket socket = host.openTcpSocket();
                sockets.add(socket);
                socket.connect(new Endpoint(IpAddress.parse("10.7.0.1"), PORT), LIMIT.toNanos());
                writers.add(Thread.ofPlatform().daemon().start(() -> PathComparison.write(socket)));
            }
            List<Long> kernel = new ArrayList<>();
            List<Long> berth = new ArrayList<>();
            String[] got =
                    counter.awaitLine(line -> line.startsWith("got "), LIMIT).split(" ", -1);
            for (int i = 1; i < got.length; i += 2) {
                (got[i].endsWith("." + HOST_NUMBER) ? berth : kernel).add(Long.parseLong(got[i + 1]));
            }
            return new Shares(octets(kernel), octets(berth));
        } finally {
            sockets.forEach(TcpSocket::abort);
            for (Thread writer : writers) {
                writer.join(LIMIT);
            }
        }
    }

    private static long[] octets(List<Long> shares) {
        return shares.stream().mapToLong(Long::longValue).toArray();
    }
}
