package dev.berth.sockets;

/// A channel that a [BerthSelector] can watch.
interface Selectable {
    /// Which of the operations `interest` are ready now, as `SelectionKey.OP_...` bits.
    int readyOps(int interest);

    /// The keys of the channel.
    ChannelKeys selectionKeys();
}
