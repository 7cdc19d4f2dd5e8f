package dev.berth.agent.run;

import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.List;

/// Addresses of hosts as options have them.
final class HostAddress {
    /// What a host gets when nobody says otherwise.
    static final List<IpAddress.Prefix> DEFAULT =
            List.of(IpAddress.Prefix.parse("10.0.0.1/24"), IpAddress.Prefix.parse("fd00::1/64"));

    private static final int IPV4_LENGTH = 24;
    private static final int IPV6_LENGTH = 64;

    /// Gateway addresses for hosts whose own network has no room, or belongs to somebody else.
    private static final IpAddress OUTSIDE_IPV4 = IpAddress.parse("169.254.254.254");

    private static final IpAddress OUTSIDE_IPV6 = IpAddress.parse("fd62:6572:7468::fe");

    private HostAddress() {}

    /// Parses `ADDRESS[/LENGTH]`; the length is 24 or, for IPv6, 64 if it is not given.
    ///
    /// @throws IllegalArgumentException if `text` is not the address of a host, with a sentence that says so
    static IpAddress.Prefix parse(String text) {
        IpAddress.Prefix prefix = IpAddress.Prefix.parse(text);
        IpAddress address = prefix.address();
        if (text.indexOf('/') < 0) {
            prefix = new IpAddress.Prefix(address, address.isIpv4() ? IPV4_LENGTH : IPV6_LENGTH);
        }
        if (!IpAddress.isUnicast(address.hi(), address.lo()) || address.isLoopback()) {
            throw new IllegalArgumentException("'" + text + "' cannot be the address of a host");
        }
        if (address.isIpv4() && prefix.length() <= 30) {
            int host = address.ipv4() & (int) (0xffff_ffffL >>> prefix.length());
            if (host == 0 || address.ipv4() == prefix.broadcast()) {
                throw new IllegalArgumentException("'" + text + "' is the address of a network, not of a host");
            }
        }
        return prefix;
    }

    /// Whether one of the addresses is an IPv4 address, or an IPv6 address.
    static boolean hasFamily(List<IpAddress.Prefix> addresses, boolean ipv4) {
        for (IpAddress.Prefix each : addresses) {
            if (each.address().isIpv4() == ipv4) {
                return true;
            }
        }
        return false;
    }

    /// The addresses alone, in a list of their own.
    static List<IpAddress> withoutLengths(List<IpAddress.Prefix> prefixes) {
        List<IpAddress> addresses = new ArrayList<>();
        for (IpAddress.Prefix each : prefixes) {
            addresses.add(each.address());
        }
        return addresses;
    }

    /// Addresses for the machine itself, one for each family of `own`: those behind the gateway's.
    ///
    /// @param taken addresses that are not free
    static List<IpAddress> machine(List<IpAddress.Prefix> own, List<IpAddress> taken) {
        List<IpAddress> found = new ArrayList<>();
        for (IpAddress.Prefix prefix : own) {
            boolean known = false;
            for (IpAddress each : found) {
                known |= each.isIpv4() == prefix.address().isIpv4();
            }
            if (!known) {
                List<IpAddress> others = new ArrayList<>(taken);
                others.add(gateway(prefix, taken, false));
                IpAddress address = gateway(prefix, others, false);
                if (!others.contains(address)) {
                    found.add(address);
                }
            }
        }
        return found;
    }

    /// An address for the gateway that connections to `host` come from: near the end of the host's network.
    ///
    /// @param taken addresses that are not free
    /// @param outside whether it must not lie in the host's network, because others have addresses there
    static IpAddress gateway(IpAddress.Prefix host, List<IpAddress> taken, boolean outside) {
        IpAddress address = host.address();
        int candidates = outside ? 0 : 4;
        for (int i = 1; i <= candidates; i++) {
            IpAddress candidate = null;
            if (address.isIpv4() && host.length() <= 28) {
                candidate = IpAddress.ofIpv4(host.broadcast() - i);
            } else if (!address.isIpv4() && host.length() <= 64) {
                long hi = host.length() == 0 ? 0 : address.hi() & -1L << 64 - host.length();
                candidate = new IpAddress(hi, 0xff - i);
            }
            if (candidate != null && !taken.contains(candidate)) {
                return candidate;
            }
        }
        return address.isIpv4() ? OUTSIDE_IPV4 : OUTSIDE_IPV6;
    }
}
