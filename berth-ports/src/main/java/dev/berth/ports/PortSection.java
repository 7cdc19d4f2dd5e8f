package dev.berth.ports;

/// A short critical section, reentrant, for what the tables of a host's shards have in common ([ShardTable]). Whoever
/// is in it waits for nothing, so it is the last that is entered.
public interface PortSection {
    /// Enters; waits until nobody else is inside.
    void enter();

    /// Leaves.
    void leave();
}
