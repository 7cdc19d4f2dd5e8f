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

    private RttEstimator() {}

    /// Takes a round-trip time in (section 2.2 and 2.3).
    static void sample(Tcb tcb, long rtt) {
        long r = Math.max(1, rtt);
        tcb.backoff = 0;
        if (tcb.srtt == 0) {
            tcb.srtt = r;
            tcb.rttvar = r / 2;
        } else {
            tcb.rttvar += (Math.abs(tcb.srtt - r) - tcb.rttvar) / 4;
            tcb.srtt += (r - tcb.srtt) / 8;
        }
        tcb.rto = Math.min(MAX_RTO, Math.max(MIN_RTO, tcb.srtt + Math.max(GRANULARITY, 4 * tcb.rttvar)));
    }

    /// The timeout with the backoff of section 5.5.
    static long backedOff(Tcb tcb) {
        long rto = tcb.rto << Math.min(tcb.backoff, 20);
        return rto <= 0 ? MAX_RTO : Math.min(rto, MAX_RTO);
    }
}
