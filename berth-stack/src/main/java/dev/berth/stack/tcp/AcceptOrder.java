package dev.berth.stack.tcp;

import dev.berth.ports.PortSection;
import java.util.ArrayDeque;

/// What the parts of a listener in the shards of a host have in common: how many connections wait to be accepted, and
/// in which order they came. Each method may be called from any thread.
final class AcceptOrder {
    private final PortSection section;
    private final ArrayDeque<Integer> shards = new ArrayDeque<>();
    private int taken;

    /// @param section guards this
    AcceptOrder(PortSection section) {
        this.section = section;
    }

    /// Places that are taken in the queues of all parts.
    int taken() {
        section.enter();
        try {
            return taken;
        } finally {
            section.leave();
        }
    }

    /// Takes a place.
    ///
    /// @return false if `limit` are taken
    boolean take(int limit) {
        section.enter();
        try {
            if (taken >= limit) {
                return false;
            }
            taken++;
            return true;
        } finally {
            section.leave();
        }
    }

    /// Gives a place back.
    void giveBack() {
        section.enter();
        try {
            taken--;
        } finally {
            section.leave();
        }
    }

    /// A connection waits in a shard.
    void add(int shard) {
        section.enter();
        try {
            shards.add(shard);
        } finally {
            section.leave();
        }
    }

    /// The shard of the connection that waits for longest, which the caller has to take; -1 if there is none.
    int poll() {
        section.enter();
        try {
            Integer next = shards.poll();
            return next == null ? -1 : next;
        } finally {
            section.leave();
        }
    }
}
