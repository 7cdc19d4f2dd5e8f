package dev.berth.stack.tcp;

/// Congestion avoidance of RFC 5681 section 3.1: one segment per round trip. Without state of its own.
final class NewReno extends CongestionControl {
    static final NewReno INSTANCE = new NewReno();

    private NewReno() {}

    @Override
    int avoidance(Tcb tcb, int octets, long now) {
        // "If the above formula yields 0, the result SHOULD be rounded up to 1 byte."
        long growth = (long) tcb.effectiveMss * Math.min(octets, tcb.effectiveMss * 2L) / tcb.cwnd;
        return (int) Math.max(1, growth);
    }

    @Override
    CongestionControl lost(Tcb tcb, int flight, long now) {
        // RFC 5681 section 3.1, equation (4): "ssthresh = max (FlightSize / 2, 2*SMSS)".
        tcb.ssthresh = Math.max(flight / 2, 2 * tcb.effectiveMss);
        return this;
    }
}
