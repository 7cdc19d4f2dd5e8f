package dev.berth.ethernet;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;

/// What a port counts while it runs. Tells the log of the first drop for each reason, so that a flood of frames is no
/// flood of lines.
final class PortTally {
    private static final System.Logger LOGGER = System.getLogger(EthernetPort.class.getName());

    final LongAdder framesIn = new LongAdder();
    final LongAdder octetsIn = new LongAdder();
    final LongAdder framesOut = new LongAdder();
    final LongAdder octetsOut = new LongAdder();
    final LongAdder arpReplies = new LongAdder();
    final LongAdder advertisements = new LongAdder();
    final LongAdder routerAdvertisements = new LongAdder();
    final LongAdder leases = new LongAdder();
    final LongAdder refusedLeases = new LongAdder();
    private final LongAdder[] drops = new LongAdder[FrameDrop.values().length];
    private final Set<FrameDrop> told = EnumSet.of(FrameDrop.LINK_ONLY, FrameDrop.DHCP_NOT_OURS);
    private final String guest;

    PortTally(String guest) {
        this.guest = guest;
        Arrays.setAll(drops, reason -> new LongAdder());
    }

    void drop(FrameDrop reason) {
        drops[reason.ordinal()].increment();
        boolean first;
        synchronized (told) {
            first = told.add(reason);
        }
        if (first) {
            LOGGER.log(
                    System.Logger.Level.INFO,
                    "Guest {0}: a frame was dropped, as {1}. More of them are only counted.",
                    guest,
                    reason.text());
        }
    }

    EthernetCounters snapshot() {
        Map<FrameDrop, Long> present = new EnumMap<>(FrameDrop.class);
        for (FrameDrop reason : FrameDrop.values()) {
            long count = drops[reason.ordinal()].sum();
            if (count > 0) {
                present.put(reason, count);
            }
        }
        return new EthernetCounters(
                framesIn.sum(),
                octetsIn.sum(),
                framesOut.sum(),
                octetsOut.sum(),
                arpReplies.sum(),
                advertisements.sum(),
                routerAdvertisements.sum(),
                leases.sum(),
                refusedLeases.sum(),
                present);
    }
}
