package dev.berth.ports;

/// Which shard of a host a flow belongs to: a function of its two ends, the same in both directions, so that two
/// hosts with equally many shards, and both ends of a connection of a host with itself, agree.
///
/// It has no key: whoever chooses his addresses and ports to have all his flows in one shard gets what a host of one
/// shard is. The tables of the shards are under secret keys ([FlowHash]).
public final class FlowShard {
    private static final long ADDRESSES = 0x9e37_79b9_7f4a_7c15L;
    private static final long ALL = 0xd6e8_feb8_6659_fd93L;

    private FlowShard() {}

    /// The shard of a flow, 0 to `shards` - 1. The order of the ends does not matter.
    ///
    /// @param shards how many there are, 1 or more
    public static int of(long hi, long lo, int port, long otherHi, long otherLo, int otherPort, int shards) {
        long mixed = (hi ^ otherHi) * ADDRESSES ^ lo ^ otherLo;
        mixed = (mixed ^ mixed >>> 32 ^ (long) (port ^ otherPort) << 20) * ALL;
        return (int) ((mixed >>> 32) * shards >>> 32);
    }
}
