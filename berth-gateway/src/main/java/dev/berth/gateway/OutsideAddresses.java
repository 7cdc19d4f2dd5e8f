package dev.berth.gateway;

import dev.berth.names.NameTable;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which flows of a network may leave it, and what their far ends are called on either side: the addresses at which
/// the network has the machine itself stand for its loopback addresses outside. Immutable.
///
/// @param policy with the prefixes of the network inside
/// @param inside the prefixes of the network
/// @param machine the addresses of the machine, none or one for each family
/// @param members who has which address inside
record OutsideAddresses(
        OutsidePolicy policy, List<IpAddress.Prefix> inside, List<IpAddress> machine, NameTable members) {
    /// Whether a source is an address of the network.
    boolean isGuest(IpAddress source) {
        return inside.stream().anyMatch(prefix -> prefix.contains(source.hi(), source.lo()));
    }

    /// Who has an address inside, to count what it has: the name of the host or guest, so that one with many addresses
    /// is one, or the address itself where the network knows nobody.
    Object guest(IpAddress source) {
        String name = members.name(source);
        return name == null ? source : name;
    }

    /// What is called `to` inside.
    Endpoint outside(Endpoint to) {
        return machine.contains(to.address())
                ? new Endpoint(to.address().isIpv4() ? IpAddress.LOOPBACK_IPV4 : IpAddress.LOOPBACK_IPV6, to.port())
                : to;
    }

    /// As the other `outside`, of an address alone.
    IpAddress outside(IpAddress to) {
        return outside(new Endpoint(to, 0)).address();
    }

    /// The address of the machine inside, of one family; null if it has none.
    @Nullable
    IpAddress machine(boolean ipv4) {
        for (IpAddress each : machine) {
            if (each.isIpv4() == ipv4) {
                return each;
            }
        }
        return null;
    }

    /// What is called `from` outside.
    Endpoint inside(Endpoint from) {
        if (from.address().isLoopback()) {
            IpAddress inside = machine(from.address().isIpv4());
            return inside == null ? from : new Endpoint(inside, from.port());
        }
        return from;
    }

    /// Whom the network sees as the sender of an ICMP error from outside: null for the gateway itself, which stands
    /// in for addresses that the network has a use of its own for.
    @Nullable
    IpAddress reporter(@Nullable IpAddress outside) {
        return outside == null
                        || outside.isLoopback()
                        || machine.contains(outside)
                        || !IpAddress.isUnicast(outside.hi(), outside.lo())
                        || policy.isInside(outside.hi(), outside.lo())
                ? null
                : outside;
    }

    static InetSocketAddress socketAddress(Endpoint end) {
        try {
            return new InetSocketAddress(InetAddress.getByAddress(end.address().octets()), end.port());
        } catch (UnknownHostException e) {
            throw new AssertionError("an address has 4 or 16 octets", e);
        }
    }

    static Endpoint endpoint(InetSocketAddress address) {
        return new Endpoint(IpAddress.of(address.getAddress().getAddress()), address.getPort());
    }
}
