package dev.berth.bench;

import dev.berth.testkit.netns.NetworkNamespace;
import java.io.IOException;

/// A stream between JDK sockets over the loopback device of a network namespace whose congestion control is Reno: the
/// other side of rows in which the machine's choice may pace what it sends. In a child JVM.
final class RenoLoopback implements Measurement {
    /// The congestion control that every kernel has.
    static final String NAME = "reno";

    private final NetworkNamespace namespace;
    private final PeerProcess peer;

    private RenoLoopback(NetworkNamespace namespace) throws IOException {
        this.namespace = namespace;
        choose(namespace);
        peer = new PeerProcess(namespace, PeerProgram.class, "-Xmx256m");
        peer.answer();
    }

    /// @throws UnavailableException if this machine has no namespaces for us
    static RenoLoopback open() throws Exception {
        String reason = NetworkNamespace.unavailableReason();
        if (reason != null) {
            throw new UnavailableException(reason);
        }
        NetworkNamespace namespace = NetworkNamespace.create();
        boolean opened = false;
        try {
            RenoLoopback loopback = new RenoLoopback(namespace);
            opened = true;
            return loopback;
        } finally {
            if (!opened) {
                namespace.close();
            }
        }
    }

    /// Makes it the choice for all connections of a namespace.
    static void choose(NetworkNamespace namespace) {
        namespace.check("sh", "-c", "echo " + NAME + " > /proc/sys/net/ipv4/tcp_congestion_control");
    }

    @Override
    public double measure(long nanos) throws IOException {
        return Double.parseDouble(peer.ask(PeerTask.RECEIVE + " " + nanos));
    }

    @Override
    public void close() {
        peer.close();
        namespace.close();
    }
}
