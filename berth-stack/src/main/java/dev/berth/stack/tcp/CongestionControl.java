package dev.berth.stack.tcp;

import org.jspecify.annotations.Nullable;

/// How a connection finds out how much may be in flight (RFC 5681 section 3.1: "slow start", "congestion avoidance").
///
/// `cwnd` and `ssthresh` live in the [Tcb]; an instance holds what an algorithm needs beyond them. Detecting and
/// repairing loss is not its business ([LossRecovery]). Algorithms that react to loss (NewReno, CUBIC) implement
/// [#avoidance] and [#lost] and leave the rest as it is; one that has a model of the path (BBR) sets `cwnd` itself
/// ([#ownsWindow]).
abstract sealed class CongestionControl permits NewReno, Cubic, Bbr {
    /// RFC 9406 section 4.2: the most segments by which one ACK grows the window in slow start without pacing.
    static final int SLOW_START_LIMIT = 8;

    static CongestionControl of(TcpConfig.Congestion algorithm) {
        return switch (algorithm) {
            case NEW_RENO -> NewReno.INSTANCE;
            case CUBIC -> Cubic.WITHOUT_LOSS;
            case CUBIC_PACED -> Cubic.paced();
            case BBR -> new Bbr();
        };
    }

    /// The initial window of RFC 6928 section 2: "min (10*MSS, max (2*MSS, 14600))".
    static int initialWindow(int mss) {
        return Math.min(10 * mss, Math.max(2 * mss, 14_600));
    }

    /// An ACK took octets from the network, of `flight` that were in flight.
    ///
    /// @param slowly while a timeout is being repaired
    /// @return the instance for what follows
    CongestionControl acknowledged(Tcb tcb, Acked acked, int flight, boolean slowly, long now) {
        int mss = tcb.effectiveMss;
        int octets = acked.cumulative;
        if (octets == 0) {
            return this;
        }
        if (tcb.cwnd < tcb.ssthresh) {
            // A window that is not used says nothing about the network (RFC 9293 section 3.8.2, RFC 7661 section
            // 4.1).
            if (flight > tcb.cwnd / 2) {
                return slowStart(tcb, acked, Math.min(octets, (slowly ? 1 : SLOW_START_LIMIT) * mss));
            }
        } else if (flight + mss >= tcb.cwnd) {
            tcb.cwnd = clamp((long) tcb.cwnd + avoidance(tcb, octets, now));
        }
        return this;
    }

    /// Grows the window by `octets`.
    ///
    /// @return the instance for what follows
    CongestionControl slowStart(Tcb tcb, Acked acked, int octets) {
        tcb.cwnd = clamp((long) tcb.cwnd + octets);
        return this;
    }

    static int clamp(long window) {
        return (int) Math.min(window, 1 << 30);
    }

    /// Octets by which congestion avoidance grows `cwnd` for `octets` of acknowledged data.
    abstract int avoidance(Tcb tcb, int octets, long now);

    /// The network signals congestion with `flight` octets outstanding: sets `ssthresh` and returns the instance for
    /// what follows.
    abstract CongestionControl lost(Tcb tcb, int flight, long now);

    /// The same when it took a timeout to find out.
    CongestionControl timedOut(Tcb tcb, int flight, long now) {
        return lost(tcb, flight, now);
    }

    /// The other end echoed that a router marked a packet: RFC 3168 section 6.1.2, "the indication of congestion
    /// should be treated just as a congestion loss".
    CongestionControl marked(Tcb tcb, int flight, long now) {
        return lost(tcb, flight, now);
    }

    /// The last [#lost] or [#timedOut] was a mistake; `cwnd` and `ssthresh` have been put back.
    void undo() {}

    /// Recovery is over.
    void recovered(Tcb tcb) {}

    /// The connection sends again after an idle time.
    void restart(Tcb tcb, long now) {
        tcb.cwnd = Math.min(tcb.cwnd, initialWindow(tcb.effectiveMss));
    }

    /// True if the algorithm sets `cwnd` by itself, also during recovery.
    boolean ownsWindow() {
        return false;
    }

    /// What measures the delivery rate, null if nobody wants to know.
    @Nullable
    DeliveryRate deliveryRate() {
        return null;
    }

    /// What spreads segments over time, null if they are sent as the window allows.
    @Nullable
    Pacer pacer() {
        return null;
    }

    /// Octets per second for the [#pacer], 0 for no limit.
    long pacingRate(Tcb tcb) {
        return 0;
    }
}
