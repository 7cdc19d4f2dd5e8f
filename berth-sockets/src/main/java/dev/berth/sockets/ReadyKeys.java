package dev.berth.sockets;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// The keys whose channels became ready since the selector looked last: a lock-free stack that is taken as a whole.
///
/// A key is in it at most once. Any thread may push; the selector alone takes.
final class ReadyKeys {
    private final AtomicReference<@Nullable BerthSelectionKey> top = new AtomicReference<>();

    /// Puts a key in; false if it is in.
    boolean push(BerthSelectionKey key) {
        if (!key.claimArrival()) {
            return false;
        }
        BerthSelectionKey head;
        do {
            head = top.get();
            key.below = head;
        } while (!top.compareAndSet(head, key));
        return true;
    }

    /// Takes all, linked by [BerthSelectionKey#below].
    @Nullable
    BerthSelectionKey takeAll() {
        return top.get() == null ? null : top.getAndSet(null);
    }

    boolean isEmpty() {
        return top.get() == null;
    }
}
