package dev.berth.network;

import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Where the plan of a host attaches it: its subnets, each with the host's addresses there. Remembers what it chose, so
/// that the host has the same addresses when it starts again.
final class Placement {
    private Placement() {}

    /// @throws IllegalArgumentException if the plan cannot be followed, in words
    static Map<Subnet, List<IpAddress.Prefix>> of(HostPlan plan, Network network, AddressMap taken) {
        Topology topology = network.topology();
        String who = "Host " + plan.name();
        Map<Subnet, List<IpAddress.Prefix>> placed = new LinkedHashMap<>();
        plan.subnets().forEach(name -> placed.put(network.subnet(name, who), new ArrayList<>()));
        for (String text : plan.addresses()) {
            place(plan, topology, placed, text);
        }
        if (placed.isEmpty()) {
            if (topology.subnets().size() > 1) {
                throw new IllegalArgumentException(who + " is on no subnet: say which of "
                        + topology.subnets().stream().map(each -> each.name).toList());
            }
            placed.put(topology.subnets().getFirst(), new ArrayList<>());
        }
        placed.forEach((subnet, addresses) -> {
            if (addresses.isEmpty()) {
                for (int i = 0; i < subnet.prefixes.size(); i++) {
                    IpAddress.Prefix chosen = subnet.next(i, taken);
                    addresses.add(chosen);
                    plan.address(chosen);
                }
            }
        });
        return placed;
    }

    private static void place(
            HostPlan plan, Topology topology, Map<Subnet, List<IpAddress.Prefix>> placed, String text) {
        IpAddress.Prefix prefix = IpAddress.Prefix.parse(text);
        IpAddress address = prefix.address();
        Subnet first = topology.subnets().getFirst();
        if (first.open) {
            // Everything is reachable without a router; what lies in the network's own prefix gets its length.
            IpAddress.Prefix own = first.prefixOf(address);
            IpAddress.Prefix whole =
                    own != null && text.indexOf('/') < 0 ? new IpAddress.Prefix(address, own.length()) : prefix;
            placed.computeIfAbsent(first, _ -> new ArrayList<>()).add(whole);
            return;
        }
        Subnet subnet = topology.of(address.hi(), address.lo());
        if (subnet == null) {
            throw new IllegalArgumentException("Host " + plan.name() + " has address " + address
                    + ", which is in none of the subnets " + topology.subnets());
        }
        if (!plan.subnets().isEmpty() && !plan.subnets().contains(subnet.name)) {
            throw new IllegalArgumentException("Host " + plan.name() + " has address " + address
                    + ", which is in subnet " + subnet.name + ", and is to be on " + plan.subnets());
        }
        IpAddress.Prefix own = subnet.prefixOf(address);
        if (own == null) {
            throw new AssertionError("found by its prefix");
        }
        IpAddress.Prefix whole = new IpAddress.Prefix(address, own.length());
        // RFC 1122 section 3.2.1.3: the host number is neither all 0 nor all 1; RFC 3021 for links of two.
        if (address.isIpv4()
                && own.length() < 31
                && (address.equals(own.address()) || (int) address.lo() == whole.broadcast())) {
            throw new IllegalArgumentException("Host " + plan.name() + " has address " + address
                    + ", which is that of subnet " + subnet.name + " itself or of its broadcasts");
        }
        if (text.indexOf('/') >= 0 && prefix.length() != own.length()) {
            throw new IllegalArgumentException(
                    "Host " + plan.name() + " has address " + text + ", but the subnet " + subnet.name + " is " + own);
        }
        placed.computeIfAbsent(subnet, _ -> new ArrayList<>()).add(whole);
    }
}
