package dev.berth.stack.tcp;

/// The retransmission timeout of RFC 6298, in nanoseconds.
final class RttEstimator {
    static final long INITIAL_RTO = 1_000_000_000L; // section 2.1
    static final long AFTER_SYN_TIMEOUT = 3_000_000_000L; // section 5.7
    // Deviation: section 2.4 wants 1 s; Linux and FreeBSD use 200 ms and 230 ms, because delayed ACKs are shorter
    // today.
    static final long MIN_RTO = 200_000_000L;
    static final long MAX_RTO = 60_000_000_000L; // section 2.5
    private static final long GRANULARITY = 1_000_000L;
    private static final int MIN_RTT_WINDOW = 300; // seconds; what Linux takes

    /// Longer than this no round trip is believed to be, so that no product of times overflows: an hour.
    private static final long MAX_RTT = 3_600_000_000_000L;

    private RttEstimator() {}

    /// Takes a round-trip time in (section 2.2 and 2.3).
    static void sample(Tcb tcb, long rtt) {
        long r = Math.min(Math.max(1, rtt), MAX_RTT);
        tcb.backoff = 0;
        if (tcb.srtt == 0) {
            tcb.srtt = r;
            tcb.rttvar = r / 2;
        } else {
            tcb.rttvar += (Math.abs(tcb.srtt - r) - tcb.rttvar) / 4;
            tcb.srtt += (r - tcb.srtt) / 8;
        }
    }

    /// RTO without the backoff. Before the first sample, section 5.7: "If the timer expires awaiting the ACK of a SYN
    /// segment ... the RTO MUST be re-initialized to 3 seconds when data transmission begins (i.e., after the
    /// three-way handshake completes)."
    static long timeout(Tcb tcb) {
        if (tcb.srtt == 0) {
            return tcb.has(Tcb.SYN_RETRANSMITTED) && tcb.state.isSynchronized() ? AFTER_SYN_TIMEOUT : INITIAL_RTO;
        }
        return Math.min(MAX_RTO, Math.max(MIN_RTO, tcb.srtt + Math.max(GRANULARITY, 4 * tcb.rttvar)));
    }

    /// An ACK arrived. RFC 6298 section 3: "A TCP implementation MUST take at least one RTT measurement per RTT";
    /// here it is one per round trip, so that many ACKs do not make the variance look smaller than it is.
    static void acknowledged(Tcb tcb, Acked acked) {
        if (acked.longestRtt > 0 && !acked.retransmissions) {
            measured(tcb, acked.shortestRtt, acked.at);
            if (acked.cumulative > 0 && (SeqNum.geq(tcb.sndUna, tcb.rttSeq) || tcb.backoff > 0)) {
                sample(tcb, acked.longestRtt);
                tcb.rttSeq = tcb.sndNxt;
            }
        } else if (acked.cumulative > 0 && tcb.backoff > 0 && acked.echoes) {
            // Section 3: a retransmitted segment may be timed if "the TCP timestamp option" tells which transmission
            // it was.
            long millis = tcb.shiftedTimestamp(acked.at) - acked.echo();
            if (millis >= 0 && millis < 120_000) {
                sample(tcb, Math.max(1, millis) * 1_000_000L);
            }
        }
        if (SeqNum.lt(tcb.rttSeq, tcb.sndUna)) {
            tcb.rttSeq = tcb.sndUna; // never half the sequence space behind
        }
    }

    /// RFC 8985 section 6.2, step 1: "The sender SHOULD track a windowed min-filtered estimate of recent RTT
    /// measurements".
    static void measured(Tcb tcb, long rtt, long now) {
        char seconds = (char) (now / 1_000_000_000L);
        if (tcb.minRtt == 0 || rtt <= tcb.minRtt || (char) (seconds - tcb.minRttAt) > MIN_RTT_WINDOW) {
            tcb.minRtt = Math.max(1, rtt);
            tcb.minRttAt = seconds;
        }
    }

    /// The timeout with the backoff of section 5.5.
    static long backedOff(Tcb tcb) {
        long rto = timeout(tcb) << Math.min(tcb.backoff, 20);
        // 60 s times 2^20 is below 2^57.
        return Math.min(rto, MAX_RTO);
    }
}
