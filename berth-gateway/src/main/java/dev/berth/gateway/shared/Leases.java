package dev.berth.gateway.shared;

import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which addresses of a shared network members get. A member that comes back gets those that its name had before, if
/// they are free: they are given to others only when there are no new ones. Not safe for several threads.
final class Leases {
    /// Names that are remembered.
    private static final int MOST = 1_024;

    /// Addresses that are looked at in one prefix, at most.
    private static final int MOST_TRIES = 1 << 16;

    private final List<IpAddress.Prefix> subnets;
    private final Set<IpAddress> reserved;
    private final Map<String, List<IpAddress>> known = new LinkedHashMap<>(16, 0.75f, true);

    /// @param subnets the prefixes of the network
    /// @param reserved addresses that no member gets
    Leases(List<IpAddress.Prefix> subnets, Set<IpAddress> reserved) {
        this.subnets = List.copyOf(subnets);
        this.reserved = Set.copyOf(reserved);
    }

    /// Who has an address now.
    interface Owners {
        /// A sentence's subject, such as `host web`; null if nobody has it.
        @Nullable
        String of(IpAddress address);
    }

    /// Chooses addresses for a member, and remembers them.
    ///
    /// @param name canonical
    /// @param wishes those it must have; none for any
    /// @throws IllegalArgumentException if it cannot have them, with a sentence that says why
    List<IpAddress.Prefix> choose(String name, List<IpAddress> wishes, Owners owners) {
        List<IpAddress.Prefix> chosen = new ArrayList<>();
        for (IpAddress wish : wishes) {
            chosen.add(granted(wish, owners));
        }
        List<IpAddress> before = known.getOrDefault(name, List.of());
        if (wishes.isEmpty() && !before.isEmpty() && before.stream().allMatch(each -> owners.of(each) == null)) {
            before.forEach(
                    each -> chosen.add(new IpAddress.Prefix(each, subnetOf(each).length())));
        }
        if (chosen.isEmpty()) {
            subnets.forEach(subnet -> chosen.add(next(subnet, owners)));
        }
        known.put(name, chosen.stream().map(IpAddress.Prefix::address).toList());
        Iterator<String> oldest = known.keySet().iterator();
        while (known.size() > MOST) {
            oldest.next();
            oldest.remove();
        }
        return chosen;
    }

    private IpAddress.Prefix granted(IpAddress wish, Owners owners) {
        IpAddress.Prefix subnet = subnetOf(wish);
        if (subnet.length() == 0) {
            throw new IllegalArgumentException(wish + " does not belong to the network, which has " + subnets);
        }
        String owner = owners.of(wish);
        if (owner != null) {
            throw new IllegalArgumentException(wish + " is that of " + owner);
        }
        if (reserved.contains(wish) || wish.equals(subnet.address()) || isBroadcast(wish, subnet)) {
            throw new IllegalArgumentException(wish + " is kept for the network itself");
        }
        return new IpAddress.Prefix(wish, subnet.length());
    }

    /// The subnet of an address; one without a length if there is none.
    private IpAddress.Prefix subnetOf(IpAddress address) {
        for (IpAddress.Prefix subnet : subnets) {
            if (subnet.contains(address.hi(), address.lo())) {
                return subnet;
            }
        }
        return new IpAddress.Prefix(address, 0);
    }

    private static boolean isBroadcast(IpAddress address, IpAddress.Prefix subnet) {
        return address.isIpv4() && address.ipv4() == subnet.broadcast();
    }

    /// The lowest address that nobody has or had; else the one that was left longest ago.
    private IpAddress.Prefix next(IpAddress.Prefix subnet, Owners owners) {
        IpAddress base = subnet.address();
        long size = 1L << Math.min(16, 128 - subnet.canonicalLength());
        for (long i = 1; i < Math.min(size, MOST_TRIES); i++) {
            IpAddress candidate = new IpAddress(base.hi(), base.lo() + i);
            if (!reserved.contains(candidate)
                    && !isBroadcast(candidate, subnet)
                    && owners.of(candidate) == null
                    && known.values().stream().noneMatch(each -> each.contains(candidate))) {
                return new IpAddress.Prefix(candidate, subnet.length());
            }
        }
        for (List<IpAddress> each : known.values()) {
            for (IpAddress candidate : each) {
                if (subnet.contains(candidate.hi(), candidate.lo()) && owners.of(candidate) == null) {
                    return new IpAddress.Prefix(candidate, subnet.length());
                }
            }
        }
        throw new IllegalArgumentException("No address is left in " + subnet);
    }
}
