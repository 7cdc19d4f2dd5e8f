package dev.berth.host;

import org.jspecify.annotations.Nullable;

/// Something to do after the critical section: a thread to unpark, an observer to call. Collected under the host's
/// lock in an intrusive list; a node is in at most one list at a time.
abstract class Wakeup {
    @Nullable
    Wakeup next;

    /// Called without the lock. From here on the node may be collected again.
    abstract void wake();

    /// Wakes all of a list. An observer that fails keeps nobody else asleep.
    static void wakeAll(@Nullable Wakeup first) {
        Wakeup woken = first;
        try {
            while (woken != null) {
                Wakeup each = woken;
                woken = each.next;
                each.next = null;
                each.wake();
            }
        } finally {
            if (woken != null) {
                wakeAll(woken);
            }
        }
    }
}
