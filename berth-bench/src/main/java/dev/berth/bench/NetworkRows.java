package dev.berth.bench;

import dev.berth.bench.Benchmark.Pace;
import dev.berth.host.Host;
import dev.berth.host.UdpSocket;
import dev.berth.network.Fault;
import dev.berth.network.Network;
import dev.berth.network.Verdict;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.List;

/// The rows of networks in memory: what a host costs, and what a rule costs that has nothing to say.
final class NetworkRows {
    private static final String GROUP = "network";
    private static final int HOSTS = 1_000;
    private static final int BATCH = 64;
    private static final int STARTS = 4; // few, so that most batches are shorter than a slice of processor time
    private static final int OCTETS = 64;

    private NetworkRows() {}

    static List<Benchmark> all() {
        return List.of(
                row("host-create", "start a host beside another one and close it", "us", 50, NetworkRows::creation)
                        .at(Pace.BRIEF),
                row("host-bytes", "heap per host on a network, with its network", "B", 20 * 1_024, () -> _ -> bytes())
                        .at(Pace.ONCE),
                row("network-1000", "start a network of 1,000 hosts", "ms", 100, () -> _ -> thousand())
                        .at(Pace.BRIEF),
                row("rule-miss", "what a rule adds to a packet that it does not match", "ns", 20, RuleMiss::new)
                        .at(Pace.BRIEF));
    }

    private static Benchmark row(String name, String what, String unit, double most, Measurement.Opener side) {
        return Benchmark.of(name, what, unit, true, Goal.atMost(most), side)
                .alone("the kernel has no such networks in a process")
                .in(GROUP, null);
    }

    /// Beside another host, since the first one of a JVM starts the thread of the timers, and the last one ends it.
    private static Measurement creation() throws IOException {
        Network network = Network.create("bench");
        network.host("another");
        return new Measurement() {
            @Override
            public double measure(long nanos) throws Exception {
                double each = Batches.nanosPerOperation(nanos, STARTS, () -> {
                    for (int i = 0; i < STARTS; i++) {
                        network.host("host").close();
                    }
                });
                return each / 1_000;
            }

            @Override
            public void close() {
                network.close();
            }
        };
    }

    private static double bytes() throws IOException {
        long before = Heap.used();
        try (Network network = Network.create("bench")) {
            for (int i = 0; i < HOSTS; i++) {
                network.host("host" + i);
            }
            double each = (Heap.used() - before) / (double) HOSTS;
            if (network.hosts().size() != HOSTS) {
                throw new AssertionError("Hosts are missing");
            }
            return each;
        }
    }

    private static double thousand() throws IOException {
        long begin = System.nanoTime();
        try (Network network = Network.create("bench")) {
            for (int i = 0; i < HOSTS; i++) {
                network.host("host" + i);
            }
            return (System.nanoTime() - begin) / 1e6;
        }
    }

    /// Datagrams between two hosts, with a rule for a third one in force and without any, in turns.
    private static final class RuleMiss implements Measurement {
        private final Network network = Network.create("bench");
        private final UdpSocket sender;
        private final UdpSocket receiver;
        private final Endpoint to;
        private final byte[] octets = new byte[OCTETS];

        RuleMiss() throws IOException {
            Host one = network.host("one");
            Host two = network.host("two");
            network.host("three");
            sender = one.openUdpSocket();
            receiver = two.openUdpSocket();
            to = new Endpoint(network.addresses("two").getFirst(), 53);
            receiver.bind(new Endpoint(IpAddress.ANY_IPV6, 53));
        }

        @Override
        public double measure(long nanos) throws Exception {
            double without = Double.MAX_VALUE;
            double with = Double.MAX_VALUE;
            for (int i = 0; i < 4; i++) {
                without = Math.min(without, exchange(nanos / 8));
                try (Fault rule = network.between("three", "two").rule(_ -> Verdict.DROP)) {
                    with = Math.min(with, exchange(nanos / 8));
                    if (rule.packets() != 0) {
                        throw new AssertionError("The rule has matched");
                    }
                }
            }
            return Math.max(0, with - without);
        }

        private double exchange(long nanos) throws Exception {
            return Batches.nanosPerOperation(nanos, BATCH, () -> {
                for (int i = 0; i < BATCH; i++) {
                    sender.send(octets, 0, OCTETS, to);
                    if (receiver.receive(octets, 0, OCTETS, 1_000_000_000L) != OCTETS) {
                        throw new AssertionError("A datagram was changed");
                    }
                }
            });
        }

        @Override
        public void close() {
            network.close();
        }
    }
}
