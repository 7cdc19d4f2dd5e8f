package dev.berth.ethernet;

/// Where a [FrameCarrier] hands in what it receives. All methods but [#ready] are called by one thread at a time;
/// none blocks or throws, whatever the frame is.
public interface FrameReceiver {
    /// A frame has arrived, from its destination address on. The array is the carrier's again when this returns.
    ///
    /// @param length octets, of any number
    void frame(byte[] bytes, int at, int length);

    /// No frame follows at once.
    void endOfBatch();

    /// The other side takes frames again, after [FrameCarrier#isReady] said that it does not. From any thread.
    void ready();

    /// The carrier has ended by itself; nothing follows.
    ///
    /// @param reason in words
    void ended(String reason);
}
