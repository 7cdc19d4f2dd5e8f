package dev.berth.network;

/// What a [Guest] has sent and received since it came. A packet that stands for several segments counts once.
///
/// @param packetsIn packets that the guest sent and the network took
/// @param octetsIn their octets
/// @param packetsOut packets that were transmitted to the guest
/// @param octetsOut their octets
/// @param malformed packets of the guest whose IP header made no sense
/// @param spoofed packets of the guest with the address of somebody else as the source
/// @param linkLocal packets of the guest from a link-local or from no address, which are for its link only
/// @param overflow packets for the guest that were dropped, because its link took no more or had failed
public record GuestCounters(
        long packetsIn,
        long octetsIn,
        long packetsOut,
        long octetsOut,
        long malformed,
        long spoofed,
        long linkLocal,
        long overflow) {}
