package dev.berth.stack.ip;

import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which interface leads to a destination, and which of the host's addresses to use as the source.
///
/// A host has few routes: each family is one array in the order of preference (longest prefix, then lowest metric),
/// and the first entry that contains the destination wins. There are no next hops: links carry IP packets and find
/// the way themselves. Used in the host's critical section only; look-ups allocate nothing.
public final class RouteTable {
    /// One route.
    ///
    /// @param prefix the destinations
    /// @param nic the interface that leads there
    /// @param metric the lower one of two routes with equal prefixes is preferred
    public record Route(IpAddress.Prefix prefix, NetInterface nic, int metric) implements Comparable<Route> {
        /// The preferred one first: the longer prefix, then the lower metric.
        @Override
        public int compareTo(Route other) {
            int lengths = Integer.compare(other.prefix.length(), prefix.length());
            return lengths != 0 ? lengths : Integer.compare(metric, other.metric);
        }
    }

    private static final Route[] NONE = {};

    private final Addresses addresses;
    private final NetInterface loopback;
    private Route[] ipv4 = NONE;
    private Route[] ipv6 = NONE;
    private volatile int changes; // others look at it outside the critical section
    private long sourceHi;
    private long sourceLo;

    /// An empty table of a host with these addresses; packets to the host itself go to `loopback`.
    public RouteTable(Addresses addresses, NetInterface loopback) {
        this.addresses = addresses;
        this.loopback = loopback;
    }

    /// Gives the host an address on an interface, and the route to the network that it lies in.
    ///
    /// @throws IllegalArgumentException if it is not a unicast address, or the host has it already
    public void addAddress(IpAddress.Prefix prefix, NetInterface nic) {
        addresses.add(prefix, nic);
        add(prefix, nic, 0);
    }

    /// Takes an address and its route away again.
    ///
    /// @return false if the interface does not have it
    public boolean removeAddress(IpAddress.Prefix prefix, NetInterface nic) {
        remove(prefix, nic);
        return addresses.remove(prefix, nic);
    }

    /// Adds a route with metric 0.
    public void add(IpAddress.Prefix prefix, NetInterface nic) {
        add(prefix, nic, 0);
    }

    /// Adds a route. A second one with the same prefix is kept too; the lower metric, then the older one, is used.
    public void add(IpAddress.Prefix prefix, NetInterface nic, int metric) {
        boolean v4 = prefix.address().isIpv4();
        List<Route> routes = new ArrayList<>(List.of(v4 ? ipv4 : ipv6));
        routes.add(new Route(prefix, nic, metric));
        routes.sort(null);
        replace(v4, routes);
    }

    /// Removes the routes with this prefix through this interface.
    ///
    /// @return false if there was none
    public boolean remove(IpAddress.Prefix prefix, NetInterface nic) {
        boolean v4 = prefix.address().isIpv4();
        List<Route> routes = new ArrayList<>(List.of(v4 ? ipv4 : ipv6));
        boolean removed = routes.removeIf(route -> route.nic == nic && route.prefix.equals(prefix));
        replace(v4, routes);
        return removed;
    }

    /// Removes all routes and addresses of an interface.
    public void removeAll(NetInterface nic) {
        for (IpAddress.Prefix prefix : nic.addresses()) {
            addresses.remove(prefix, nic);
        }
        for (int family = 0; family < 2; family++) {
            boolean v4 = family == 0;
            List<Route> routes = new ArrayList<>(List.of(v4 ? ipv4 : ipv6));
            routes.removeIf(route -> route.nic == nic);
            replace(v4, routes);
        }
    }

    private void replace(boolean v4, List<Route> routes) {
        int next = changes + 1;
        changes = next;
        if (v4) {
            ipv4 = routes.toArray(NONE);
        } else {
            ipv6 = routes.toArray(NONE);
        }
    }

    /// The interface that leads to the destination, the loopback interface if it is the host itself, or null if no
    /// route does. Limited broadcasts and multicasts that no route contains go to the first interface that is up.
    public @Nullable NetInterface lookup(long hi, long lo) {
        if (addresses.specific(hi, lo) == Addresses.OWN) {
            return loopback;
        }
        boolean v4 = IpAddress.isIpv4(hi, lo);
        for (Route route : v4 ? ipv4 : ipv6) {
            if (route.prefix.contains(hi, lo) && route.nic.isUp()) {
                return route.nic;
            }
        }
        return IpAddress.isMulticast(hi, lo) || IpAddress.isLimitedBroadcast(hi, lo) ? firstUp(v4) : null;
    }

    private @Nullable NetInterface firstUp(boolean v4) {
        List<NetInterface> interfaces = addresses.interfaces();
        for (int i = 0; i < interfaces.size(); i++) {
            NetInterface nic = interfaces.get(i);
            for (IpAddress.Prefix prefix : nic.prefixes()) {
                if (nic.isUp() && prefix.address().isIpv4() == v4) {
                    return nic;
                }
            }
        }
        return null;
    }

    /// Selects the source address for packets to a destination through `nic` (RFC 6724 section 5, rules 1, 2 and 8):
    /// the destination itself if it is one of the host's own, otherwise the address of the same family and scope
    /// whose longest common prefix with the destination is the longest. Addresses of `nic` are preferred to those of
    /// other interfaces (rule 5).
    ///
    /// @return true if there is one: it is in [#sourceHi] and [#sourceLo] until the next call
    public boolean sourceFor(long hi, long lo, NetInterface nic) {
        if (IpAddress.isLoopback(hi, lo) || nic.isLoopback() && IpAddress.isMulticast(hi, lo)) {
            boolean v4 = IpAddress.isIpv4(hi, lo);
            return source(0, v4 ? IpAddress.LOOPBACK_IPV4.lo() : 1);
        }
        // RFC 6724 section 5, rule 1: "If SA = D, then prefer SA."
        if (addresses.specific(hi, lo) == Addresses.OWN) {
            return source(hi, lo);
        }
        if (best(hi, lo, nic)) {
            return true;
        }
        List<NetInterface> interfaces = addresses.interfaces();
        for (int i = 0; i < interfaces.size(); i++) {
            if (interfaces.get(i) != nic && best(hi, lo, interfaces.get(i))) {
                return true;
            }
        }
        return false;
    }

    private boolean best(long hi, long lo, NetInterface nic) {
        boolean v4 = IpAddress.isIpv4(hi, lo);
        boolean localScope = IpAddress.isLinkLocal(hi, lo) || hi >>> 48 == 0xff02;
        int bestScore = -1;
        for (IpAddress.Prefix prefix : nic.prefixes()) {
            IpAddress address = prefix.address();
            if (address.isIpv4() == v4) {
                // RFC 6724 section 5, rule 2: "Prefer appropriate scope."; rule 8: "Use longest matching prefix.",
                // which section 2.2 limits to the prefix of the source address.
                int common = Math.min(commonBits(hi, lo, address), prefix.canonicalLength());
                boolean sameScope = IpAddress.isLinkLocal(address.hi(), address.lo()) == localScope;
                int score = common + (sameScope ? 256 : 0);
                if (score > bestScore) {
                    bestScore = score;
                    source(address.hi(), address.lo());
                }
            }
        }
        return bestScore >= 0;
    }

    private static int commonBits(long hi, long lo, IpAddress address) {
        return hi != address.hi()
                ? Long.numberOfLeadingZeros(hi ^ address.hi())
                : 64 + Long.numberOfLeadingZeros(lo ^ address.lo());
    }

    private boolean source(long hi, long lo) {
        sourceHi = hi;
        sourceLo = lo;
        return true;
    }

    /// The upper half of the address that [#sourceFor] selected.
    public long sourceHi() {
        return sourceHi;
    }

    /// The lower half of the address that [#sourceFor] selected.
    public long sourceLo() {
        return sourceLo;
    }

    /// The routes in the order of preference, IPv4 first; a copy.
    public List<Route> routes() {
        List<Route> all = new ArrayList<>(List.of(ipv4));
        all.addAll(List.of(ipv6));
        return all;
    }

    /// The host's addresses.
    public Addresses addresses() {
        return addresses;
    }

    /// The interface through which the host talks to itself.
    public NetInterface loopback() {
        return loopback;
    }

    /// Changes whenever an answer of [#lookup] may have changed, but for interfaces that went up or down.
    public int version() {
        return changes + addresses.version();
    }
}
