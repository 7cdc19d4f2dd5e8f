package dev.berth.host;

import dev.berth.stack.NetStack;
import dev.berth.wire.DropReason;
import dev.berth.wire.Packet;

/// The shards of a host as one of them sees them, and the segments that another one has found to be for it. Under that
/// one's lock, unless it says otherwise.
final class Siblings {
    /// Segments that wait to be taken from another shard.
    private static final int HANDED = 1_024;

    private final StackMonitor[] all;
    private final PacketQueue handed = new PacketQueue(HANDED);

    Siblings(StackMonitor[] all) {
        this.all = all;
    }

    /// True if another shard has handed something over. From any thread.
    boolean hasInput() {
        return !handed.isEmpty();
    }

    /// Gives the stack what others have handed over.
    void takeHanded(NetStack stack, long now) {
        Packet segment;
        while ((segment = handed.poll()) != null) {
            stack.receiveForeign(segment, now);
        }
    }

    /// Gives other shards what `stack`, which is this one's, has found to be for them.
    ///
    /// @return which have got something, one bit each, for [#run]
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

    /// Runs those that have got something. Not under the lock.
    void run(long given) {
        for (long rest = given; rest != 0; rest &= rest - 1) {
            all[Long.numberOfTrailingZeros(rest)].tryRun();
        }
    }
}
