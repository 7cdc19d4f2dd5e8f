package dev.berth.host;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Packet;
import org.jspecify.annotations.Nullable;

/// The host's side of a [Link]. One thread at a time may take from the pool; packets may be handed in from any
/// thread.
public interface LinkReceiver {
    /// Packets for what the link receives: `pool().takePacket(size)`, fill `bytes` from `start`, set `end`,
    /// `checksum` and, for a packet that stands for several segments, `segmentSize`. For the link's own receiving
    /// thread alone.
    BufferPool pool();

    /// Hands a packet over to the host, which processes it now or leaves it to the thread that is at work in the
    /// host. Never blocks. The packet may come from any pool and belongs to the host from here on.
    ///
    /// @return false if the host's inbox is full or the host is closed: the packet was dropped and counted
    boolean received(Packet packet);

    /// Hands over one of several packets: the host need not process it before [#receivedAll], which has to follow
    /// soon. A batch costs the host one critical section, and the other end of a stream one acknowledgment.
    ///
    /// @return as [#received]
    default boolean receivedMore(Packet packet) {
        return received(packet);
    }

    /// Hands over a packet that comes straight from another host of this JVM, as that has built it and without a delay
    /// on the way.
    ///
    /// @return null if that is all; otherwise the caller is in the host's critical section now, and has to [#leave] it
    ///     as soon as it has let go of what it sent the packet with
    default @Nullable LinkReceiver receivedAlone(Packet packet) {
        received(packet);
        return null;
    }

    /// Leaves the critical section of [#receivedAlone]. What the thread has written before is visible to all others
    /// before it reads anything afterwards, as behind a full fence.
    default void leave() {}

    /// The part of the host that a packet is for, where a host has several ([Host.Builder#shards]): whoever hands the
    /// packet to it, and says there that a batch has ended, disturbs nobody else. Itself otherwise.
    default LinkReceiver of(Packet packet) {
        return this;
    }

    /// The batch of [#receivedMore] has ended.
    default void receivedAll() {}

    /// The link takes packets again, after [Link#isReady] said that it does not. From any thread.
    default void ready() {}

    /// The batch has ended, as in [#receivedAll()]; its packets come straight from another host of this JVM, without
    /// a delay on the way, so that the time for which the clock would be read is known.
    ///
    /// @param sentAt [Packet#sentAt] of the last packet; 0 if that is not known
    default void receivedAll(long sentAt) {
        receivedAll();
    }

    /// The link has failed or was taken away; the host counts and drops what it would have sent.
    void down(String reason);
}
