package dev.berth.network;

/// Decides what happens to a packet. See [Traffic#rule].
///
/// Rules are asked in the order in which they came; the first that does not say [Verdict#PASS] or [Verdict#slow]
/// decides. Under virtual time a rule is asked on the network's one thread; otherwise on the thread of whoever sends,
/// and so on several at once. It must not block and must not use sockets.
@FunctionalInterface
public interface Rule {
    /// A packet in, a verdict out.
    ///
    /// @param packet valid during the call only
    Verdict decide(Passage packet);
}
