package dev.berth.ethernet;

import java.io.IOException;

/// What carries Ethernet frames to one guest and from it: a TAP device, a connection of a UNIX socket. Frames are
/// Ethernet II without their check sequence.
public interface FrameCarrier extends AutoCloseable {
    /// What it is, in a few words, for messages and names.
    String name();

    /// Begins to receive, on a thread of the carrier's own. Called once.
    ///
    /// @throws IOException if that is not possible; nothing is left behind then
    void start(FrameReceiver receiver) throws IOException;

    /// Takes a copy of a frame and sends it, now or at the next [#flush]. Never blocks. From any thread.
    ///
    /// @return false if it was dropped: as much waits as may, or the other side is gone
    boolean send(byte[] bytes, int at, int length);

    /// False while the other side is slow, so that whoever can wait should, until [FrameReceiver#ready].
    default boolean isReady() {
        return true;
    }

    /// Everything that was taken goes out now.
    default void flush() {}

    /// Ends it. Idempotent; nothing is received afterwards but what is being received.
    @Override
    void close();
}
