package dev.berth.ethernet;

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
    private final Map<FrameDrop, LongAdder> drops = new EnumMap<>(FrameDrop.class);
    private final Set<FrameDrop> told = EnumSet.of(FrameDrop.LINK_ONLY, FrameDrop.DHCP_NOT_OURS);
    private final String guest;

    PortTally(String guest) {
        this.guest = guest;
        for (FrameDrop each : FrameDrop.values()) {
            drops.put(each, new LongAdder());
        }
    }

    void drop(FrameDrop reason) {
        LongAdder count = drops.get(reason);
        count.increment();
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
        drops.forEach((reason, count) -> {
            if (count.sum() > 0) {
                present.put(reason, count.sum());
            }
        });
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
