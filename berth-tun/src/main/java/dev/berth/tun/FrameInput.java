package dev.berth.tun;

/// Where a [TapDevice] or a [FrameSocket] hands in what it receives, on its one thread.
public interface FrameInput {
    /// A frame has arrived. The array is the device's again when this returns.
    ///
    /// @param sender which of the peers of a socket has sent it, from 0 on; 0 for a device
    void frame(int sender, byte[] bytes, int length);

    /// No frame follows at once.
    void endOfBatch();

    /// Nobody is there any more at a peer of a socket: its number is free for another one.
    default void left(int sender) {}

    /// It has failed or was closed; nothing follows.
    ///
    /// @param reason in words
    void ended(String reason);
}
