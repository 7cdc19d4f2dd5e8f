package dev.berth.stack.tcp;

/// How a connection finds out how much may be in flight (RFC 5681 section 3.1: "slow start", "congestion avoidance").
///
/// `cwnd` and `ssthresh` live in the [Tcb]; an instance holds what an algorithm needs beyond them. Growth happens in
/// one place ([#acknowledged]); detecting loss is not its business ([LossRecovery]).
abstract sealed class CongestionControl permits NewReno, Cubic {
    /// RFC 9406 section 4.2: the most segments by which one ACK grows the window in slow start without pacing.
    private static final int SLOW_START_LIMIT = 8;

    static CongestionControl of(TcpConfig.Congestion algorithm) {
        return switch (algorithm) {
            case NEW_RENO -> NewReno.INSTANCE;
            case CUBIC -> Cubic.WITHOUT_LOSS;
        };
    }

    /// The initial window of RFC 6928 section 2: "min (10*MSS, max (2*MSS, 14600))".
    static int initialWindow(int mss) {
        return Math.min(10 * mss, Math.max(2 * mss, 14_600));
    }

    /// An ACK took `octets` of new data from the network, of `flight` octets that were in flight.
    ///
    /// @param slowly while a timeout is being repaired
    final void acknowledged(Tcb tcb, int octets, int flight, boolean slowly, long now) {
        int mss = tcb.effectiveMss;
        if (tcb.cwnd < tcb.ssthresh) {
            // A window that is not used says nothing about the network (RFC 9293 section 3.8.2, RFC 7661 section
            // 4.1).
            if (flight > tcb.cwnd / 2) {
                tcb.cwnd = clamp(tcb.cwnd + (long) Math.min(octets, (slowly ? 1 : SLOW_START_LIMIT) * mss));
            }
        } else if (flight + mss >= tcb.cwnd) {
            tcb.cwnd = clamp(tcb.cwnd + (long) Math.max(1, avoidance(tcb, octets, now)));
        }
    }

    static int clamp(long window) {
        return (int) Math.min(window, 1 << 30);
    }

    /// Octets by which congestion avoidance grows `cwnd` for `octets` of acknowledged data.
    abstract int avoidance(Tcb tcb, int octets, long now);

    /// Loss was detected with `flight` octets outstanding: sets `ssthresh` and returns the instance for what follows.
    abstract CongestionControl lost(Tcb tcb, int flight, long now);
}
