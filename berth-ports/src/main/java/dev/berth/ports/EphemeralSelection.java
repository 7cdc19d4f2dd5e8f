package dev.berth.ports;

/// How a port is chosen among the free ones of the ephemeral range.
public enum EphemeralSelection {
    /// Uniformly at random over the ports that are free towards the destination, from the host's [Entropy]: as
    /// unpredictable as the entropy, at every occupancy, and without state that could identify the device. This
    /// is algorithm 2 of RFC 6056 (section 3.3.2) without its retries: it always finds a port if there is one,
    /// in constant time.
    UNIFORM
}
