package dev.berth.host;

import dev.berth.wire.Packet;
import java.io.IOException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// A way for packets out of a host and into it: a TUN device, an in-memory network, a capturing decorator.
///
/// Packets are IP packets without a link header. The host calls [#transmit] and [#flush] from one thread at a time,
/// never while it holds its lock, so a link may call into another host. A link hands in what it received through the
/// [LinkReceiver] that [#start] gave it.
public interface Link extends AutoCloseable {
    /// What the link is and can do; constant.
    LinkInfo info();

    /// Begins to receive. Called once, before anything else.
    ///
    /// @throws IOException if the link cannot be opened; nothing is left behind then
    void start(LinkReceiver receiver) throws IOException;

    /// Takes a packet over and sends it, now or at the next [#flush]. The link owns the packet from here on and
    /// releases
    /// it. It must not block for long; when it cannot send, it waits (back-pressure) or drops and counts, as its own
    /// documentation says. Never throws for the state of the link.
    void transmit(Packet packet);

    /// Whether this link does nothing with a packet but hand it to another host of this JVM, unchanged and on the
    /// thread that transmits: then the host may do that itself instead of calling [#transmit]. Called under the
    /// host's lock, for each packet, unlike all other methods of a link: it must neither wait for anything nor call
    /// the host or code of others.
    ///
    /// @return the [LinkReceiver] that would get the packet; null, the default, if the link wants it
    default @Nullable LinkReceiver straight(Packet packet) {
        return null;
    }

    /// False while the link takes no packet, because as many wait in it as fit: the host keeps its packets then,
    /// until the link calls [LinkReceiver#ready]. Asked before each [#transmit], by the same thread; a link that says
    /// false must call later.
    default boolean isReady() {
        return true;
    }

    /// Takes a packet over and sends it now, as [#transmit] and [#flush]: the one packet of a batch.
    ///
    /// @return whose [LinkReceiver#leave] the caller has to call as soon as another may transmit; null if nobody's
    default @Nullable LinkReceiver transmitAlone(Packet packet) {
        transmit(packet);
        flush();
        return null;
    }

    /// The batch that began with the first [#transmit] ends: everything taken over goes out now.
    default void flush() {}

    /// Whether [#fetchUntil] may do something; constant.
    default boolean canFetch() {
        return false;
    }

    /// For a platform thread that waits for what the link may bring: it waits for packets and hands them in itself,
    /// as the link's own thread does otherwise, which spares the switch from that thread to this one. Not under any
    /// lock that [LinkReceiver#received] may need.
    ///
    /// @param done whether the wait is over; asked after each packet, and when another thread calls [#endFetch]
    /// @param timeoutNanos nanoseconds to wait at most, 0 for no limit
    /// @return false if the link does not do so now, for example because another thread does; true when `done` said
    ///     true, the time has passed or the link has ended
    default boolean fetchUntil(BooleanSupplier done, long timeoutNanos) {
        return false;
    }

    /// The thread in [#fetchUntil] shall ask again whether it is done. From any thread; costs nothing if there is
    /// none.
    default void endFetch() {}

    /// A thread begins to wait for what the link may bring, and does not fetch it itself. From any thread.
    default void watch() {}

    /// Another way into the same link, for a shard of the host ([Host.Builder#shards]): [#transmit], [#isReady] and
    /// [#flush] of each are called from one thread at a time, those of several by several threads at once. It is not
    /// started, and needs no closing. Null if this link can have one way in only: then the shards take turns.
    default @Nullable Link lane() {
        return null;
    }

    /// Stops receiving, releases packets and native resources. Idempotent.
    @Override
    void close();
}
