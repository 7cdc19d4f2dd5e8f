package dev.berth.ports;

/// The only source of randomness of the port table. A host passes a cryptographically strong one, a test a
/// seeded one; the same sequence of numbers makes the same sequence of ports.
///
/// It is called from within operations of a [PortTable], so it must not block for long and must not call back.
@FunctionalInterface
public interface Entropy {
    /// The next 64 uniformly distributed bits, unpredictable from those before.
    long nextLong();
}
