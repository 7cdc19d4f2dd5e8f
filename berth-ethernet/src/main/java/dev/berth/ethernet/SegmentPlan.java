package dev.berth.ethernet;

import dev.berth.wire.EthernetHeader;
import dev.berth.wire.IpAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What all ports of a segment say of it; constant.
///
/// @param mac the link-layer address of everything that is not the guest
/// @param router4 the router's IPv4 address with the length of the subnet's prefix; null without IPv4
/// @param router6 the same of IPv6
/// @param dns4 name servers over IPv4
/// @param dns6 name servers over IPv6
/// @param proxied addresses that the gateway answers for although no host has them
/// @param mtu octets of the largest IP packet
/// @param leaseSeconds how long an address is leased
/// @param firstCome a guest may use an IPv4 address that DHCP did not give it, if nobody has it
record SegmentPlan(
        long mac,
        IpAddress.@Nullable Prefix router4,
        IpAddress.@Nullable Prefix router6,
        List<IpAddress> dns4,
        List<IpAddress> dns6,
        List<IpAddress> proxied,
        int mtu,
        int leaseSeconds,
        boolean firstCome) {
    static final long LINK_LOCAL = 0xfe80_0000_0000_0000L;

    /// The lower half of the router's link-local address.
    long linkLocalLo() {
        return EthernetHeader.interfaceIdentifier(mac);
    }

    /// The subnet's prefix of an address's family, if the address lies in it; null otherwise.
    IpAddress.@Nullable Prefix prefixOf(long hi, long lo) {
        IpAddress.Prefix prefix = IpAddress.isIpv4(hi, lo) ? router4 : router6;
        return prefix != null && prefix.contains(hi, lo) ? prefix : null;
    }

    /// Whether an address is the router's, or one that the gateway answers for.
    boolean isOurs(long hi, long lo) {
        if (is(router4, hi, lo) || is(router6, hi, lo) || hi == LINK_LOCAL && lo == linkLocalLo()) {
            return true;
        }
        for (IpAddress each : proxied) {
            if (each.lo() == lo && each.hi() == hi) {
                return true;
            }
        }
        return false;
    }

    private static boolean is(IpAddress.@Nullable Prefix prefix, long hi, long lo) {
        return prefix != null && prefix.address().lo() == lo && prefix.address().hi() == hi;
    }

    /// Whether an address can be a guest's: in the subnet, no broadcast address, not the subnet's own.
    boolean isForGuests(long hi, long lo) {
        IpAddress.Prefix prefix = prefixOf(hi, lo);
        if (prefix == null || isOurs(hi, lo)) {
            return false;
        }
        if (!IpAddress.isIpv4(hi, lo)) {
            // RFC 4291 section 2.6.1: the Subnet-Router anycast address has zeros behind the prefix.
            return prefix.length() > 64 || lo != 0;
        }
        int mask = prefix.length() == 0 ? 0 : -1 << 32 - prefix.length();
        int host = (int) lo & ~mask;
        return prefix.length() >= 31 || host != 0 && host != ~mask;
    }
}
