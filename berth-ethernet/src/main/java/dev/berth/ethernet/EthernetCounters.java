package dev.berth.ethernet;

import java.util.EnumMap;
import java.util.Map;

/// What an [EthernetPort] has counted since it was attached.
///
/// @param framesIn frames of the guest, with those that were dropped
/// @param octetsIn their octets
/// @param framesOut frames that the carrier took
/// @param octetsOut their octets
/// @param arpReplies answers to ARP requests
/// @param advertisements neighbor advertisements that were sent
/// @param routerAdvertisements router advertisements that were sent
/// @param leases DHCP acknowledgments of an address
/// @param refusedLeases DHCP negative acknowledgments
/// @param drops frames that went nowhere, by reason; reasons without any are left out
public record EthernetCounters(
        long framesIn,
        long octetsIn,
        long framesOut,
        long octetsOut,
        long arpReplies,
        long advertisements,
        long routerAdvertisements,
        long leases,
        long refusedLeases,
        Map<FrameDrop, Long> drops) {
    /// @throws NullPointerException if a reason or its number is null
    public EthernetCounters {
        drops = Map.copyOf(drops);
    }

    /// Both together.
    public EthernetCounters plus(EthernetCounters other) {
        Map<FrameDrop, Long> all = new EnumMap<>(FrameDrop.class);
        all.putAll(drops);
        other.drops.forEach((reason, count) -> all.merge(reason, count, Long::sum));
        return new EthernetCounters(
                framesIn + other.framesIn,
                octetsIn + other.octetsIn,
                framesOut + other.framesOut,
                octetsOut + other.octetsOut,
                arpReplies + other.arpReplies,
                advertisements + other.advertisements,
                routerAdvertisements + other.routerAdvertisements,
                leases + other.leases,
                refusedLeases + other.refusedLeases,
                all);
    }

    /// Frames that went nowhere for one reason.
    public long dropped(FrameDrop reason) {
        return drops.getOrDefault(reason, 0L);
    }
}
