package dev.berth.ethernet;

import dev.berth.wire.EthernetHeader;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.NdpWriter;

/// The frames of Neighbor Discovery that a port sends, and when it sends router advertisements of itself. Guarded by
/// the port.
final class NeighborDiscovery {
    /// The upper half of ff02::1, all nodes; its lower half is 1.
    static final long ALL_HI = 0xff02_0000_0000_0000L;

    private static final long SECOND = 1_000_000_000L;
    private static final int HOPS = 64;
    // RFC 4861 section 10 and section 6.2.1: MAX_INITIAL_RTR_ADVERTISEMENTS, MAX_INITIAL_RTR_ADVERT_INTERVAL,
    // MIN_DELAY_BETWEEN_RAS, MaxRtrAdvInterval with its least third, AdvDefaultLifetime.
    private static final int INITIAL = 3;
    private static final long INITIAL_INTERVAL = 16 * SECOND;
    private static final long BETWEEN = 3 * SECOND;
    private static final long INTERVAL = 600 * SECOND;
    private static final int ROUTER_LIFETIME = 1_800;
    private static final int VALID = 86_400;
    private static final int PREFERRED = 14_400;
    private static final int MESSAGE = EthernetHeader.LENGTH + Ipv6Header.LENGTH;

    private final SegmentPlan plan;
    private final boolean active;
    private int sent;
    private long lastAt;
    private long nextAt;

    NeighborDiscovery(SegmentPlan plan) {
        this.plan = plan;
        active = plan.router6() != null;
    }

    /// Whether it is time for an advertisement to all.
    boolean isAdvertisementDue(long now) {
        return active && (sent == 0 || nextAt - now <= 0);
    }

    /// One was sent.
    ///
    /// @param jitter 0 to 1: where in its interval the next one is
    void advertised(long now, double jitter) {
        lastAt = now;
        sent = Math.min(sent + 1, INITIAL);
        nextAt = now + (sent < INITIAL ? INITIAL_INTERVAL : INTERVAL / 3 + (long) (jitter * (INTERVAL / 3 * 2)));
    }

    /// Somebody without an address has asked: soon, but not sooner than the RFC lets.
    void wantAdvertisement(long now) {
        if (sent > 0) {
            long soon = Math.max(now - lastAt, BETWEEN) - (now - lastAt);
            nextAt = Math.min(nextAt - now, soon) + now;
        }
    }

    /// A router advertisement as a whole frame.
    ///
    /// @return octets; 0 without IPv6
    int routerAdvertisement(byte[] frame, long linkLayer, long toHi, long toLo) {
        IpAddress.Prefix prefix = plan.router6();
        if (prefix == null) {
            return 0;
        }
        int at = MESSAGE;
        at += NdpWriter.routerAdvertisement(frame, at, HOPS, ROUTER_LIFETIME, plan.mac(), plan.mtu());
        int bits = prefix.length();
        long hi = bits == 0
                ? 0
                : bits >= 64 ? prefix.address().hi() : prefix.address().hi() & -1L << 64 - bits;
        long lo = bits <= 64 ? 0 : prefix.address().lo() & -1L << 128 - bits;
        at += NdpWriter.prefix(frame, at, hi, lo, bits, VALID, PREFERRED);
        for (IpAddress dns : plan.dns6()) {
            // RFC 8106 section 5.1: at least as long as the longest time between advertisements.
            at += NdpWriter.dnsServer(frame, at, dns.hi(), dns.lo(), ROUTER_LIFETIME);
        }
        return finish(frame, at, linkLayer, SegmentPlan.LINK_LOCAL, plan.linkLocalLo(), toHi, toLo);
    }

    /// The answer to a neighbor solicitation, as a whole frame: for the router itself, or for somebody on the
    /// network.
    ///
    /// @param fromNobody the guest looks whether an address is in use: the answer is for all (RFC 4861 section 7.2.4)
    /// @return octets
    int neighborAdvertisement(
            byte[] frame, long targetHi, long targetLo, long linkLayer, boolean fromNobody, long toHi, long toLo) {
        boolean own = targetHi == SegmentPlan.LINK_LOCAL && targetLo == plan.linkLocalLo();
        int at = MESSAGE
                + NdpWriter.neighborAdvertisement(
                        frame, MESSAGE, true, !fromNobody, own, targetHi, targetLo, plan.mac());
        long hi = fromNobody ? ALL_HI : toHi;
        long lo = fromNobody ? 1 : toLo;
        long to = fromNobody ? EthernetHeader.groupOf(hi, lo) : linkLayer;
        return finish(frame, at, to, targetHi, targetLo, hi, lo);
    }

    private int finish(byte[] frame, int end, long linkLayer, long fromHi, long fromLo, long toHi, long toLo) {
        EthernetHeader.write(frame, 0, linkLayer, plan.mac(), EthernetHeader.IPV6);
        NdpWriter.finish(frame, EthernetHeader.LENGTH, end - MESSAGE, fromHi, fromLo, toHi, toLo);
        return end;
    }
}
