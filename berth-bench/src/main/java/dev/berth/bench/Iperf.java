package dev.berth.bench;

import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.testkit.netns.NetworkNamespace;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// iperf3 between two namespaces that a pair of virtual Ethernet devices joins, MTU 1500: the kernel at both ends, with
/// its segmentation offload. Not thread-safe.
final class Iperf implements AutoCloseable {
    private static final String SERVER = "10.9.0.1";
    private static final String CLIENT = "10.9.0.2";
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Pattern RECEIVED =
            Pattern.compile("\"sum_received\"\\s*:\\s*\\{[^}]*\"bits_per_second\"\\s*:\\s*([0-9.e+]+)");

    private final NetworkNamespace server;
    private final NetworkNamespace client;

    private Iperf(NetworkNamespace server, NetworkNamespace client) {
        this.server = server;
        this.client = client;
        server.check(
                "ip",
                "link",
                "add",
                "veth0",
                "mtu",
                "1500",
                "type",
                "veth",
                "peer",
                "name",
                "veth1",
                "mtu",
                "1500",
                "netns",
                client.name());
        address(server, "veth0", SERVER);
        address(client, "veth1", CLIENT);
    }

    private static void address(NetworkNamespace namespace, String device, String address) {
        namespace.check("ip", "address", "add", address + "/24", "dev", device);
        namespace.check("ip", "link", "set", "dev", device, "up");
    }

    /// @throws Measurement.UnavailableException if there are no namespaces for us, or no iperf3
    static Iperf open() throws Measurement.UnavailableException {
        String reason = NetworkNamespace.unavailableReason();
        if (reason != null) {
            throw new Measurement.UnavailableException(reason);
        }
        NetworkNamespace server = NetworkNamespace.create();
        NetworkNamespace client = null;
        boolean opened = false;
        try {
            if (server.run("sh", "-c", "command -v iperf3").exit() != 0) {
                throw new Measurement.UnavailableException("There is no command 'iperf3'.");
            }
            client = NetworkNamespace.create();
            Iperf iperf = new Iperf(server, client);
            opened = true;
            return iperf;
        } finally {
            if (!opened) {
                server.close();
                if (client != null) {
                    client.close();
                }
            }
        }
    }

    /// Gigabits per second that the receiver got; whole seconds, one at least.
    ///
    /// @param reverse whether the server sends
    /// @param reno whether the sender has Reno, instead of what the system chooses
    double measure(boolean reverse, boolean reno, long nanos) throws IOException {
        String seconds = String.valueOf(Math.max(1, TimeUnit.NANOSECONDS.toSeconds(nanos)));
        List<String> words = new ArrayList<>(List.of("iperf3", "-c", SERVER, "-J", "-t", seconds));
        if (reverse) {
            words.add("-R");
        }
        if (reno) {
            words.addAll(List.of("-C", RenoLoopback.NAME));
        }
        String[] command = words.toArray(String[]::new);
        long end = System.nanoTime() + LIMIT.toNanos();
        NetworkNamespace.Outcome outcome = once(command, end);
        while (!RECEIVED.matcher(outcome.output()).find() && System.nanoTime() < end) { // with -J it may end with 0
            outcome = once(command, end);
        }
        Matcher matcher = RECEIVED.matcher(outcome.output());
        if (outcome.exit() != 0 || !matcher.find()) {
            throw new IOException("iperf3 has failed: " + outcome.output());
        }
        return Double.parseDouble(matcher.group(1)) / 1e9;
    }

    /// With a server of its own: one that a client has left in the midst of a test may be busy for ever.
    private NetworkNamespace.Outcome once(String[] command, long end) {
        try (NamespaceProgram _ = server.start("iperf3", "-s", "-1", "-B", SERVER)) {
            NetworkNamespace.Outcome outcome = client.run(LIMIT, command);
            while (outcome.output().contains("refused") && System.nanoTime() < end) {
                LockSupport.parkNanos(20_000_000); // the server starts
                outcome = client.run(LIMIT, command);
            }
            return outcome;
        }
    }

    @Override
    public void close() {
        client.close();
        server.close();
    }
}
