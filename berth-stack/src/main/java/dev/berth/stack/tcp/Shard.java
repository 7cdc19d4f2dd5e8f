package dev.berth.stack.tcp;

import dev.berth.ports.FlowHash;
import dev.berth.ports.PortSection;
import org.jspecify.annotations.Nullable;

/// Which part of a host's TCP a [Tcp] is. Immutable.
///
/// @param number 0 to `count` - 1
/// @param count how many shards the host has, 1 or more
/// @param secret what all shards know, for what a peer shows to another shard than the one it was told by; null if
///     there is one shard
/// @param section guards what all shards have in common; null if there is one shard
public record Shard(
        int number,
        int count,
        @Nullable FlowHash secret,
        @Nullable PortSection section) {
    /// The only one.
    public static final Shard ALONE = new Shard(0, 1, null, null);

    /// What each shard may have of a bound of the host: an equal share, rounded up.
    static int share(int bound, int shards) {
        return (bound + shards - 1) / shards;
    }
}
