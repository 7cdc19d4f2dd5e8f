package dev.berth.stack.endpoint;

import org.jspecify.annotations.Nullable;

/// The sockets whose readiness changed since the host last asked, each at most once, oldest first.
///
/// A ring that grows when it is full and never shrinks, so that in steady state nothing is allocated. The transports
/// [#add] while they process packets, calls and timers; the host [#poll]s before it leaves its critical section.
public final class ReadyQueue {
    private @Nullable StackSocket[] ring = new StackSocket[16];
    private int first;
    private int size;

    /// Queues `socket` unless it is queued already.
    public void add(StackSocket socket) {
        if (socket.queued()) {
            return;
        }
        if (size == ring.length) {
            grow();
        }
        ring[first + size & ring.length - 1] = socket;
        size++;
        socket.queued(true);
    }

    /// Takes the oldest socket out, or null when none is queued. Its [StackSocket#readiness] says what it is ready
    /// for.
    public @Nullable StackSocket poll() {
        if (size == 0) {
            return null;
        }
        StackSocket socket = ring[first];
        ring[first] = null;
        first = first + 1 & ring.length - 1;
        size--;
        if (socket != null) {
            socket.queued(false);
        }
        return socket;
    }

    /// True when no socket is queued.
    public boolean isEmpty() {
        return size == 0;
    }

    private void grow() {
        @Nullable StackSocket[] larger = new StackSocket[ring.length * 2];
        for (int i = 0; i < size; i++) {
            larger[i] = ring[first + i & ring.length - 1];
        }
        ring = larger;
        first = 0;
    }
}
