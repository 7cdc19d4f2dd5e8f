package dev.berth.stack.endpoint;

import org.jspecify.annotations.Nullable;

/// A socket of the stack as the host above sees it: what it is ready for, and whom to tell.
///
/// Implemented by UDP endpoints, TCP connections and TCP listeners. Everything happens in the host's critical
/// section.
public interface StackSocket {
    /// What the socket is ready for now: bits of [Readiness].
    int readiness();

    /// What the host hung on this socket, or null.
    @Nullable
    Object attachment();

    /// Hangs something on this socket; the stack never looks at it.
    void attach(@Nullable Object attachment);

    /// True while the socket is in a [ReadyQueue]; for the queue alone.
    boolean queued();

    /// Remembers whether the socket is in a [ReadyQueue]; for the queue alone.
    void queued(boolean queued);
}
