package dev.berth.gateway;

import dev.berth.wire.IpAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/// Who has the TCP connections of a gateway: so many at most for each guest and towards each destination, and where
/// all are taken, a guest with less than its share, the number divided by the guests, gets one of whoever has most.
/// Thread-safe.
///
/// @param <C> a connection
final class GuestConnections<C> {
    private final GatewayLimits limits;
    private final ToLongFunction<C> lastUse;
    private final Map<C, Place> places = new HashMap<>();
    private final Map<Object, Set<C>> byGuest = new HashMap<>();
    private final Map<IpAddress, Integer> byDestination = new HashMap<>();

    /// @param lastUse when something was carried last, as [System#nanoTime] has it
    GuestConnections(GatewayLimits limits, ToLongFunction<C> lastUse) {
        this.limits = limits;
        this.lastUse = lastUse;
    }

    private record Place(Object guest, IpAddress destination) {}

    /// Whether a guest has as many as it may.
    synchronized boolean isGuestFull(Object guest) {
        return held(guest) >= limits.connectionsPerGuest();
    }

    /// Whether a destination has as many as it may.
    synchronized boolean isDestinationFull(IpAddress destination) {
        return byDestination.getOrDefault(destination, 0) >= limits.connectionsPerDestination();
    }

    /// Whether there are as many as there may be, of all guests.
    synchronized boolean isFull() {
        return places.size() >= limits.connections();
    }

    synchronized void add(C connection, Object guest, IpAddress destination) {
        places.put(connection, new Place(guest, destination));
        byGuest.computeIfAbsent(guest, _ -> new HashSet<>()).add(connection);
        byDestination.merge(destination, 1, Integer::sum);
    }

    /// Does nothing for one that is not there any more.
    synchronized void remove(C connection) {
        Place place = places.remove(connection);
        if (place != null) {
            byGuest.computeIfPresent(place.guest, (_, held) -> held.remove(connection) && held.isEmpty() ? null : held);
            byDestination.computeIfPresent(place.destination, (_, count) -> count == 1 ? null : count - 1);
        }
    }

    private int held(Object guest) {
        Set<C> held = byGuest.get(guest);
        return held == null ? 0 : held.size();
    }

    /// Takes the connection out that has to give way to a new one: the one that was idle longest, of the guest that
    /// has most. Its cost grows with what that guest has.
    ///
    /// @param asking whose the new one is
    /// @return null if that guest has its share itself
    synchronized @Nullable C giveWay(Object asking) {
        int guests = byGuest.size() + (byGuest.containsKey(asking) ? 0 : 1);
        int share = Math.max(1, limits.connections() / guests);
        if (held(asking) >= share) {
            return null;
        }
        Set<C> most = Set.of();
        for (Map.Entry<Object, Set<C>> each : byGuest.entrySet()) {
            if (each.getValue().size() > most.size() && !each.getKey().equals(asking)) {
                most = each.getValue();
            }
        }
        C idlest = null;
        long since = 0;
        for (C each : most) {
            long used = lastUse.applyAsLong(each);
            if (idlest == null || used - since < 0) {
                idlest = each;
                since = used;
            }
        }
        if (idlest != null) {
            remove(idlest);
        }
        return idlest;
    }

    synchronized int size() {
        return places.size();
    }
}
