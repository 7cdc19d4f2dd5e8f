package dev.berth.stack.tcp;

import org.jspecify.annotations.Nullable;

/// CUBIC (RFC 9438) with HyStart++ (RFC 9406). Windows are counted in segments and times in seconds, as the RFC's
/// formulas do.
final class Cubic extends CongestionControl {
    /// CUBIC before the first loss and before the window has grown: nothing is remembered, so all connections share
    /// it.
    static final Cubic WITHOUT_LOSS = new Cubic(null);

    private static final double C = 0.4; // RFC 9438 section 5.1
    private static final double BETA = 0.7; // section 4.6
    private static final double ALPHA = 3 * (1 - BETA) / (1 + BETA); // section 4.3

    /// Longer than this no formula looks ahead: an hour, in seconds. The cube of it is far from the limits of a
    /// double, and a window is clamped anyway.
    private static final double LONGEST = 3_600;

    private final @Nullable Pacer pacer;
    private @Nullable HyStart hyStart;
    private double wMax;
    private double cwndPrior;
    private double k;
    private double wEst;
    private double remainder;
    private long epochStart;
    private long lastGrowth;
    private boolean inEpoch;
    private boolean afterTimeout;

    // Section 4.9.2: "undo_W_max", "undo_K", "undo_t_epoch", "undo_W_est"
    private double undoWMax;
    private double undoCwndPrior;
    private double undoK;
    private double undoWEst;
    private long undoEpochStart;
    private boolean undoInEpoch;

    private Cubic(@Nullable Pacer pacer) {
        this.pacer = pacer;
    }

    /// CUBIC that spreads its window over the round-trip time.
    static Cubic paced() {
        return new Cubic(new Pacer());
    }

    private Cubic own() {
        return this == WITHOUT_LOSS ? new Cubic(null) : this;
    }

    /// RFC 9438 section 4.10: "In general, CUBIC SHOULD use the HyStart++ slow start algorithm". RFC 9406 section
    /// 4.3: "SHOULD use HyStart++ only for the initial slow start". It takes eight samples a round to conclude
    /// anything, so a connection that never has that much in flight needs no state.
    @Override
    CongestionControl slowStart(Tcb tcb, Acked acked, int octets) {
        if (tcb.ssthresh != Integer.MAX_VALUE) {
            return super.slowStart(tcb, acked, octets);
        }
        Cubic state = this;
        HyStart hystart = hyStart;
        if (hystart == null) {
            if (tcb.cwnd < HyStart.N_RTT_SAMPLE * tcb.effectiveMss) {
                return super.slowStart(tcb, acked, octets);
            }
            state = own();
            hystart = new HyStart(tcb.sndNxt);
            state.hyStart = hystart;
        }
        // "L = infinity if paced, L = 8 if non-paced"
        int growth = pacer == null ? octets : acked.cumulative;
        tcb.cwnd = clamp((long) tcb.cwnd + hystart.growth(growth));
        if (hystart.acknowledged(tcb.sndUna, tcb.sndNxt, acked.shortestRtt)) {
            tcb.ssthresh = tcb.cwnd;
            state.hyStart = null;
        }
        return state;
    }

    @Override
    int avoidance(Tcb tcb, int octets, long now) {
        double mss = tcb.effectiveMss;
        double cwnd = tcb.cwnd / mss;
        if (!inEpoch) {
            beginEpoch(cwnd, now);
        } else if (now - lastGrowth > Math.max(RttEstimator.timeout(tcb), tcb.srtt)) {
            // Section 4.2: "The elapsed time t in Figure 1 MUST NOT include periods during which cwnd has not been
            // updated due to application-limited behavior".
            epochStart += now - lastGrowth;
        }
        lastGrowth = now;
        double rtt = Math.min(tcb.srtt / 1e9, LONGEST);
        double t = Math.min((now - epochStart) / 1e9, LONGEST);
        // Section 4.2: the target is kept between cwnd and 1.5 * cwnd.
        double target = Math.min(Math.max(C * cube(t + rtt - k) + wMax, cwnd), 1.5 * cwnd);
        double acked = octets / mss;
        // Section 4.3, the Reno-friendly region: "Once W_est has grown to reach the cwnd at the time of most recently
        // setting ssthresh -- that is, W_est >= cwnd_prior -- the sender SHOULD set alpha_cubic to 1".
        wEst += (wEst >= cwndPrior ? 1 : ALPHA) * acked / cwnd;
        double cubic = C * cube(t - k) + wMax;
        double gain = cubic < wEst ? Math.max(0, wEst - cwnd) : (target - cwnd) / cwnd * acked;
        remainder += Math.min(gain, acked) * mss;
        int whole = (int) remainder;
        remainder -= whole;
        return whole;
    }

    private void beginEpoch(double cwnd, long now) {
        inEpoch = true;
        epochStart = now;
        wEst = cwnd;
        if (afterTimeout || wMax <= cwnd) {
            // Section 4.8: after a timeout "K is set to 0, and W_max is set to the congestion window size at the
            // beginning of the current congestion avoidance stage"; section 4.10 says the same of the stage that
            // follows HyStart++.
            afterTimeout = false;
            k = 0;
            wMax = cwnd;
            cwndPrior = Math.max(cwndPrior, cwnd);
        } else {
            // Section 4.2, figure 2: "K = cubic_root((W_max - cwnd_epoch) / C)"; the strict one, since a
            // seed repeats every packet on every machine
            k = StrictMath.cbrt((wMax - cwnd) / C);
        }
    }

    private static double cube(double x) {
        return x * x * x;
    }

    @Override
    CongestionControl lost(Tcb tcb, int flight, long now) {
        return reduced(tcb, flight, false);
    }

    @Override
    CongestionControl timedOut(Tcb tcb, int flight, long now) {
        return reduced(tcb, flight, true);
    }

    private Cubic reduced(Tcb tcb, int flight, boolean timeout) {
        Cubic state = own();
        state.undoWMax = state.wMax;
        state.undoCwndPrior = state.cwndPrior;
        state.undoK = state.k;
        state.undoWEst = state.wEst;
        state.undoEpochStart = state.epochStart;
        state.undoInEpoch = state.inEpoch;
        double cwnd = (double) tcb.cwnd / tcb.effectiveMss;
        // Section 4.7, fast convergence: "cwnd * (1 + beta) / 2 if cwnd < W_max, cwnd otherwise"
        state.wMax = cwnd < state.wMax ? cwnd * (1 + BETA) / 2 : cwnd;
        state.cwndPrior = cwnd;
        state.inEpoch = false;
        state.afterTimeout = timeout;
        state.remainder = 0;
        state.hyStart = null;
        // Section 4.6: "ssthresh = flight_size * beta_cubic", at least 2 segments
        tcb.ssthresh = (int) Math.max(flight * BETA, 2.0 * tcb.effectiveMss);
        return state;
    }

    @Override
    void undo() {
        if (this == WITHOUT_LOSS) {
            return;
        }
        wMax = undoWMax;
        cwndPrior = undoCwndPrior;
        k = undoK;
        wEst = undoWEst;
        epochStart = undoEpochStart;
        inEpoch = undoInEpoch;
        afterTimeout = false;
    }

    @Override
    @Nullable
    Pacer pacer() {
        return pacer;
    }

    /// Twice the window per round-trip time in slow start and 1.2 times it later, so that pacing is never the limit
    /// of the window's growth; the factors are those of Linux.
    @Override
    long pacingRate(Tcb tcb) {
        if (pacer == null || tcb.srtt == 0) {
            return 0;
        }
        long rate = DeliveryRate.rate(tcb.cwnd, tcb.srtt);
        return tcb.cwnd < tcb.ssthresh / 2 ? rate * 2 : rate + rate / 5;
    }
}
