package dev.berth.stack.tcp;

/// Tail loss probes (RFC 8985 section 7): when ACKs stop coming, one segment asks for one more, long before the
/// retransmission timer.
final class LossProbe {
    /// TLP.max_ack_delay: what the other end may wait with the ACK of a single segment; as in Linux.
    static final long MAX_ACK_DELAY = 200_000_000L;

    /// The probe timer's shortest time: a few ticks of the timers, so that a busy connection on a short path is not
    /// woken for nothing.
    static final long MIN_PTO = 3_000_000L;

    private static final long NO_ESTIMATE = 1_000_000_000L; // section 7.2: "the PTO SHOULD be 1 second"

    private LossProbe() {}

    /// Section 7.2: "... unless it is already in fast recovery, RTO recovery, or segments have been SACKed".
    static boolean isWanted(Tcb tcb) {
        Flight flight = tcb.flight;
        return flight != null
                && tcb.has(Tcb.SACK_PERMITTED)
                && !tcb.isRecovering()
                && !flight.probing
                && !flight.probed
                && flight.sackedOctets() == 0
                && tcb.sndWnd > 0;
    }

    /// Section 7.2, TLP_calc_PTO, in nanoseconds; the caller knows when the retransmission timer would expire.
    static long timeout(Tcb tcb) {
        if (tcb.srtt == 0) {
            return NO_ESTIMATE;
        }
        long timeout = Math.max(2 * tcb.srtt, MIN_PTO);
        return tcb.flightSize() <= tcb.effectiveMss ? timeout + MAX_ACK_DELAY : timeout;
    }

    /// Section 7.4.2, TLP_process_ack.
    ///
    /// @return true if congestion control had to react
    static boolean acknowledged(Tcb tcb, Acked acked, int ack, long now) {
        Flight flight = tcb.flight;
        if (flight == null || !flight.probing || SeqNum.lt(ack, flight.probeEnd)) {
            return false;
        }
        boolean matches = acked.duplicates && acked.duplicateRight == flight.probeEnd;
        if (!flight.probeIsRetransmission || matches) {
            flight.probing = false; // "TLP of new data delivered", or case 1: both arrived
        } else if (SeqNum.gt(ack, flight.probeEnd)) {
            // "Repaired the single loss: invoke congestion control to react to the loss event the probe has
            // repaired".
            flight.probing = false;
            if (!tcb.isRecovering()) {
                tcb.congestion = tcb.congestion.lost(tcb, tcb.flightSize(), now);
                if (!tcb.congestion.ownsWindow()) {
                    tcb.cwnd = Math.min(tcb.cwnd, tcb.ssthresh);
                }
                Ecn.reduced(tcb);
                return true;
            }
        } else if (acked.duplicateAck && acked.cumulative == 0 && !acked.sackNews) {
            flight.probing = false; // case 2
        }
        return false;
    }
}
