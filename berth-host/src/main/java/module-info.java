import org.jspecify.annotations.NullMarked;

/// A running host: the lock, the clock and the timer thread around the stack, the links under it and the blocking
/// sockets on it.
///
/// Calls run to completion on the thread of the caller under the lock of the host.
@NullMarked
module dev.berth.host {
    requires transitive dev.berth.stack;
    requires static transitive org.jspecify;

    exports dev.berth.host;
}
