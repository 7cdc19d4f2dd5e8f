package dev.berth.network;

import dev.berth.host.Host;
import dev.berth.wire.IpAddress;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// A host or router by its name: what stays when it crashes and comes back. What links and rules know of it.
final class Node {
    /// Nobody, or many.
    static final Node NOBODY = new Node("", null);

    private final String name;
    /// How to start it; null if the network does not know.
    final @Nullable HostPlan plan;

    // Guarded by the network
    @Nullable
    Host host;

    List<NetworkLink> links = List.of();
    List<IpAddress> addresses = List.of();
    int starts;
    private boolean crashed;

    // Read by whoever sends
    volatile @Nullable Pipe up;
    volatile @Nullable Pipe down;

    Node(String name, @Nullable HostPlan plan) {
        this.name = name;
        this.plan = plan;
    }

    /// True while the host is crashed.
    boolean isCrashed() {
        return crashed;
    }

    void crash() {
        crashed = true;
        links.forEach(NetworkLink::crash);
    }

    void revive() {
        crashed = false;
    }

    String name() {
        return name;
    }

    /// Random numbers of this node for one purpose: the same for the same seed, whatever others do.
    static SplittableRandom random(long seed, String name, int purpose) {
        return new SplittableRandom(seed ^ name.hashCode() * 0x9e37_79b9_7f4a_7c15L ^ (long) purpose << 56);
    }

    @Override
    public String toString() {
        return name;
    }
}
