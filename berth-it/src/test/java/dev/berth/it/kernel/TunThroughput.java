package dev.berth.it.kernel;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.testkit.netns.NetworkNamespace;
import dev.berth.tun.TunLink;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;

/// Measures a stream between a Berth host and the kernel over a TUN device, each way; no test. The kernel's end is
/// `KernelPeer blast` and `KernelPeer swallow`. Arguments: seconds per round, rounds.
final class TunThroughput {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private TunThroughput() {}

    public static void main(String[] arguments) throws Exception {
        long seconds = arguments.length > 0 ? Long.parseLong(arguments[0]) : 3;
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 3;
        try (NetworkNamespace namespace = NetworkNamespace.create();
                TunLink link =
                        TunLink.builder("berth0").inNamespace(namespace.path()).open();
                Host host = Host.builder("bench")
                        .link(link)
                        .address(IpAddress.Prefix.parse("10.7.0.2/24"))
                        .start()) {
            namespace.check("ip", "address", "add", "10.7.0.1/24", "dev", "berth0");
            link.up();
            try (TcpAcceptor acceptor = host.openTcpAcceptor()) {
                acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 5_001));
                acceptor.listen(10);
                for (int round = 0; round < rounds; round++) {
                    measure(namespace, acceptor, "blast", seconds);
                    measure(namespace, acceptor, "swallow", seconds);
                }
            }
        }
    }

    private static void measure(NetworkNamespace namespace, TcpAcceptor acceptor, String what, long seconds)
            throws IOException {
        try (NamespaceProgram peer = namespace.start(KernelPeer.command(what, "10.7.0.2", 5_001));
                TcpSocket socket = acceptor.accept(LIMIT.toNanos())) {
            boolean in = what.equals("blast");
            byte[] block = new byte[256 * 1024];
            long start = System.nanoTime();
            long from = start + seconds * 500_000_000; // the first third warms up
            long end = from + seconds * 1_000_000_000;
            long octets = 0;
            long counted = 0;
            for (long now = start; now < end; now = System.nanoTime()) {
                int part = block.length;
                if (in) {
                    part = socket.read(block, 0, block.length, LIMIT.toNanos());
                } else {
                    socket.write(block, 0, block.length);
                }
                octets += part;
                counted += now >= from ? part : 0;
            }
            System.out.printf(
                    Locale.ROOT,
                    "%s: %.1f Gbit/s, %d octets in all%n",
                    in ? "kernel to host" : "host to kernel",
                    counted * 8.0 / (seconds * 1e9),
                    octets);
            socket.abort();
        }
    }
}
