package dev.berth.cli;

import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.List;

/// Who is who on the network that `berth gateway` shares with its guest: of each prefix, the first address that the
/// guest does not have is where published connections come from, the second stands for the machine, and the third is a
/// name server.
///
/// @param guest the guest's addresses
/// @param networks their prefixes, each once
/// @param door where published connections come from
/// @param machine what stands for the machine, one of each family at most
/// @param nameServers where queries are answered, as everywhere else; one of each family at most
record GatewayAddresses(
        List<IpAddress.Prefix> guest,
        List<IpAddress.Prefix> networks,
        List<IpAddress.Prefix> door,
        List<IpAddress> machine,
        List<IpAddress> nameServers) {

    /// As slirp4netns has them, which programs around it know.
    static final List<IpAddress.Prefix> DEFAULT =
            List.of(IpAddress.Prefix.parse("10.0.2.100/24"), IpAddress.Prefix.parse("fd00::100/64"));

    private static final int SERVANTS = 3;

    /// Finds the others for a guest with these addresses.
    ///
    /// @throws IllegalArgumentException if a prefix has no room for them, in words
    static GatewayAddresses of(List<IpAddress.Prefix> guest) {
        List<IpAddress.Prefix> networks = new ArrayList<>();
        List<IpAddress.Prefix> door = new ArrayList<>();
        List<IpAddress> machine = new ArrayList<>();
        List<IpAddress> nameServers = new ArrayList<>();
        for (IpAddress.Prefix own : guest) {
            IpAddress.Prefix network = network(own);
            if (networks.contains(network)) {
                continue;
            }
            networks.add(network);
            List<IpAddress> free = free(network, guest);
            boolean ipv4 = own.address().isIpv4();
            door.add(new IpAddress.Prefix(free.get(0), own.length()));
            if (machine.stream().noneMatch(each -> each.isIpv4() == ipv4)) {
                machine.add(free.get(1));
                nameServers.add(free.get(2));
            }
        }
        return new GatewayAddresses(List.copyOf(guest), networks, door, machine, nameServers);
    }

    private static IpAddress.Prefix network(IpAddress.Prefix prefix) {
        long hi = prefix.address().hi();
        long lo = prefix.address().lo();
        int bits = prefix.canonicalLength();
        long networkHi = bits >= 64 ? hi : bits == 0 ? 0 : hi & -1L << 64 - bits;
        long networkLo = bits >= 128 ? lo : bits <= 64 ? 0 : lo & -1L << 128 - bits;
        return new IpAddress.Prefix(new IpAddress(networkHi, networkLo), prefix.length());
    }

    private static List<IpAddress> free(IpAddress.Prefix network, List<IpAddress.Prefix> guest) {
        List<IpAddress> found = new ArrayList<>();
        for (int host = 1; found.size() < SERVANTS; host++) {
            IpAddress candidate =
                    new IpAddress(network.address().hi(), network.address().lo() + host);
            if (!network.contains(candidate.hi(), candidate.lo())
                    || candidate.isIpv4() && candidate.ipv4() == network.broadcast()) {
                throw new IllegalArgumentException("The prefix " + network + " has no room for the gateway's own "
                        + SERVANTS + " addresses beside the guest's");
            }
            if (guest.stream().noneMatch(each -> each.address().equals(candidate))) {
                found.add(candidate);
            }
        }
        return found;
    }
}
