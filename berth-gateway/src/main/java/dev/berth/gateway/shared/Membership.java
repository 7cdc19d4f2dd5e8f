package dev.berth.gateway.shared;

import dev.berth.wire.IpAddress;
import java.util.List;

/// What a member has got on a shared network. Immutable.
///
/// @param network the network's name
/// @param name the member's name there
/// @param addresses its addresses, with the lengths of the network's prefixes
/// @param mtu octets of the largest packet
/// @param outside whether the network leads to the outside
public record Membership(String network, String name, List<IpAddress.Prefix> addresses, int mtu, boolean outside) {
    /// Copies the list.
    public Membership {
        addresses = List.copyOf(addresses);
    }
}
