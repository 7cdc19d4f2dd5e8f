package dev.berth.junit;

/// What happens when a test has left sockets, ports or threads behind on its network.
public enum Leaks {
    /// Nothing: they are closed with the network.
    IGNORE,
    /// The test fails, and says which port, whose it is, in which state and how old.
    FAIL
}
