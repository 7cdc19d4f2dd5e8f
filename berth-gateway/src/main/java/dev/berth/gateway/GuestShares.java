package dev.berth.gateway;

import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// How many of a bounded number of sockets each guest has, so that a guest that takes them all makes room at its own
/// cost: as long as a guest has less than its share, the number divided by the guests, none of its is taken away.
/// Guarded by whoever has the sockets.
final class GuestShares {
    private final int limit;
    private final Map<Object, Integer> held = new HashMap<>();

    /// @param limit sockets of all guests together, 1 or more
    GuestShares(int limit) {
        this.limit = limit;
    }

    void taken(Object guest) {
        held.merge(guest, 1, Integer::sum);
    }

    void givenBack(Object guest) {
        held.computeIfPresent(guest, (_, count) -> count == 1 ? null : count - 1);
    }

    /// Takes the one out that has to give way to a new one: the first of a guest that has its share or more.
    ///
    /// @param all as many as there may be, the one that was used least recently first
    /// @param asking whose the new one is
    /// @return null if there was none
    <T> @Nullable T giveWay(Collection<T> all, Function<T, Object> guestOf, Object asking) {
        int guests = held.size() + (held.containsKey(asking) ? 0 : 1);
        int share = Math.max(1, limit / guests);
        for (Iterator<T> each = all.iterator(); each.hasNext(); ) {
            T found = each.next();
            Object guest = guestOf.apply(found);
            if (held.getOrDefault(guest, 0) >= share) {
                each.remove();
                givenBack(guest);
                return found;
            }
        }
        return null;
    }

    void clear() {
        held.clear();
    }
}
