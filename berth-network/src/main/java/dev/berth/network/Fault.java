package dev.berth.network;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A rule in force. Closing it ends the rule; what it delayed already still arrives. Thread-safe.
///
/// ```java
/// try (Fault slow = network.between("web", "db").latency(Duration.ofMillis(200))) {
///     ...
/// }
/// ```
public final class Fault implements AutoCloseable {
    private final Network network;
    private final String text;
    private volatile @Nullable Throwable failure;

    Fault(Network network, String text) {
        this.network = network;
        this.text = text;
    }

    /// Ends the fault after so much time of the network's clock from now.
    ///
    /// @return this
    public Fault lasting(Duration time) {
        network.clock().after(LinkProfile.nanos("length of a fault", time), this::close);
        return this;
    }

    void fail(Throwable reason) {
        failure = reason;
    }

    /// What the rule of somebody else has thrown, which has ended it; null if it has not.
    public @Nullable Throwable failure() {
        return failure;
    }

    /// True until [#close], or until the rule has failed.
    public boolean isActive() {
        return network.rules().contains(this);
    }

    /// Packets that the fault has decided on or slowed down.
    public long packets() {
        return network.rules().hits(this);
    }

    /// Ends the rule. Idempotent.
    @Override
    public void close() {
        network.rules().remove(this);
    }

    /// What it does to whom.
    @Override
    public String toString() {
        return text;
    }
}
