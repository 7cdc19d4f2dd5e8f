package dev.berth.host;

import dev.berth.stack.NetStack;
import dev.berth.wire.DropReason;
import dev.berth.wire.Packet;

/// The shards of a host, as one of them knows them.
///
/// @param all the shards, this one among them
/// @param handed the segments that another one has found to be for this
record Siblings(StackMonitor[] all, PacketQueue handed) {
    /// Gives the stack of this shard what others have handed over. Under its lock.
    void takeHanded(NetStack stack, long now) {
        Packet segment;
        while ((segment = handed.poll()) != null) {
            stack.receiveForeign(segment, now);
        }
    }

    /// Gives other shards what turned out to be for them. Under the lock of this one.
    ///
    /// @return which have got something, one bit each
    long hand(NetStack stack) {
        long given = 0;
        Packet segment;
        while ((segment = stack.pollForeign()) != null) {
            int shard = stack.shardOfForeign(segment);
            Siblings to = all[shard].siblings();
            if (to != null && to.handed.offer(segment)) {
                given |= 1L << shard;
            } else {
                stack.drops().drop(DropReason.INBOX_FULL, segment);
            }
        }
        return given;
    }
}
