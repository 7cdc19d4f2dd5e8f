package dev.berth.stack.tcp;

import org.jspecify.annotations.Nullable;

/// Detection of loss by time: RACK (RFC 8985 section 6) with the threshold of RFC 6675 as its shortcut, and the
/// reordering window that adapts to what the path does. Only with SACK (RFC 8985 section 4: "the connection MUST use
/// selective acknowledgment").
final class Rack {
    static final int DUP_THRESH = 3; // RFC 6675 section 2

    /// Reordering that is shorter than the threads of a host take to hand packets on is none; in nanoseconds.
    private static final long FLOOR = 10_000L;

    private static final int PERSIST = 16; // RFC 8985 section 6.2, step 4
    private static final int MAX_MULT = 100;

    private Rack() {}

    /// RFC 8985 section 6.2, step 3, and step 4, first half: "DSACK-based reordering window adaptation".
    static void adapt(Tcb tcb, Acked acked) {
        Flight flight = tcb.flight;
        if (acked.reordered) {
            tcb.flags |= Tcb.REORDERING_SEEN;
            tcb.extras().reorderings++;
        }
        if (flight != null
                && flight.dsackRound
                && (SeqNum.geq(tcb.sndUna, flight.dsackRoundEnd) || SeqNum.gt(flight.dsackRoundEnd, tcb.sndNxt))) {
            flight.dsackRound = false;
        }
        if (acked.duplicates && (flight == null || !flight.dsackRound)) {
            if (flight != null) {
                flight.dsackRound = true;
                flight.dsackRoundEnd = tcb.sndNxt;
            }
            TcbExtras extras = tcb.extras();
            extras.reoWndMult = (byte) Math.min(extras.reoWndMult + 1, MAX_MULT);
            extras.reoWndPersist = PERSIST;
        }
    }

    /// "Else if exiting Fast or RTO recovery: RACK.reo_wnd_persist -= 1; If RACK.reo_wnd_persist <= 0:
    /// RACK.reo_wnd_mult = 1".
    static void recovered(Tcb tcb) {
        TcbExtras extras = tcb.extras;
        if (extras != null && extras.reoWndPersist > 0 && --extras.reoWndPersist == 0) {
            extras.reoWndMult = 1;
        }
    }

    /// RFC 8985 section 6.2, step 4, RACK_update_reo_wnd.
    static long reorderingWindow(Tcb tcb, Flight flight) {
        if (!tcb.has(Tcb.REORDERING_SEEN) && (tcb.isRecovering() || reachesThreshold(flight, tcb.effectiveMss))) {
            return 0;
        }
        TcbExtras extras = tcb.extras;
        long window = (extras == null ? 1 : extras.reoWndMult) * (tcb.minRtt / 4);
        return Math.max(FLOOR, Math.min(window, tcb.srtt));
    }

    /// RFC 6675 section 4, IsLost (SND.UNA): "either DupThresh discontiguous SACKed sequences have arrived above
    /// 'SeqNum' or more than (DupThresh - 1) * SMSS bytes with sequence numbers greater than 'SeqNum' have been
    /// SACKed".
    private static boolean reachesThreshold(Flight flight, int mss) {
        return flight.sackedOctets() > (DUP_THRESH - 1) * mss
                || flight.sackedOctets() > 0 && flight.sackedBlocks() >= DUP_THRESH;
    }

    /// RFC 8985 section 6.2, step 5.
    ///
    /// @return nanoseconds after which to look again, 0 for no need
    static long detectLosses(Tcb tcb, long now) {
        @Nullable Flight flight = tcb.flight;
        if (flight == null || !tcb.has(Tcb.SACK_PERMITTED)) {
            return 0;
        }
        // Without a selective acknowledgment or a retransmission nothing can have overtaken anything.
        if (flight.sackedOctets() == 0 && !flight.hasRetransmissions()) {
            return 0;
        }
        return flight.detectLosses(reorderingWindow(tcb, flight), now);
    }

    /// RFC 8985 section 6.3.
    static void timedOut(Tcb tcb, Flight flight, long now) {
        long rtt = flight.rackSent != Flight.NEVER ? flight.rackRtt : tcb.srtt;
        flight.markLossesOnTimeout(rtt + reorderingWindow(tcb, flight), tcb.effectiveMss, now);
    }
}
