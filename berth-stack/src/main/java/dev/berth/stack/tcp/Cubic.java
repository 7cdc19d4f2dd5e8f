package dev.berth.stack.tcp;

/// CUBIC (RFC 9438). Windows are counted in segments and times in seconds, as the RFC's formulas do.
final class Cubic extends CongestionControl {
    /// CUBIC before the first loss: slow start needs no state, so all connections share it.
    static final Cubic WITHOUT_LOSS = new Cubic();

    private static final double C = 0.4; // RFC 9438 section 5.1
    private static final double BETA = 0.7; // section 4.6
    private static final double ALPHA = 3 * (1 - BETA) / (1 + BETA); // section 4.3

    private double wMax;
    private double k;
    private double wEst;
    private double remainder;
    private long epochStart;
    private boolean inEpoch;

    private Cubic() {}

    @Override
    int avoidance(Tcb tcb, int octets, long now) {
        double mss = tcb.effectiveMss;
        double cwnd = tcb.cwnd / mss;
        if (!inEpoch) {
            inEpoch = true;
            epochStart = now;
            // Section 4.2: "K = cubic_root((W_max - cwnd_epoch) / C)"
            k = wMax > cwnd ? Math.cbrt((wMax - cwnd) / C) : 0;
            wMax = Math.max(wMax, cwnd);
            wEst = cwnd;
        }
        double rtt = tcb.srtt / 1e9;
        double t = (now - epochStart) / 1e9;
        double target = C * cube(t + rtt - k) + wMax;
        // Section 4.2: the target is kept between cwnd and 1.5 * cwnd.
        target = Math.min(Math.max(target, cwnd), 1.5 * cwnd);
        double acked = octets / mss;
        // Section 4.3, the Reno-friendly region.
        wEst += (wEst >= wMax ? 1 : ALPHA) * acked / cwnd;
        double now3 = C * cube(t - k) + wMax;
        double gain = now3 < wEst ? Math.max(0, wEst - cwnd) : (target - cwnd) / cwnd * acked;
        remainder += Math.min(gain, acked) * mss;
        int whole = (int) remainder;
        remainder -= whole;
        return whole;
    }

    private static double cube(double x) {
        return x * x * x;
    }

    @Override
    CongestionControl lost(Tcb tcb, int flight, long now) {
        Cubic state = this == WITHOUT_LOSS ? new Cubic() : this;
        double cwnd = (double) tcb.cwnd / tcb.effectiveMss;
        // Section 4.7, fast convergence: "if (cwnd < W_max) W_max = cwnd * (1 + beta) / 2"
        state.wMax = cwnd < state.wMax ? cwnd * (1 + BETA) / 2 : cwnd;
        state.inEpoch = false;
        state.remainder = 0;
        // Section 4.6: "ssthresh = flight_size * beta_cubic", at least 2 segments
        tcb.ssthresh = (int) Math.max(flight * BETA, 2.0 * tcb.effectiveMss);
        return state;
    }
}
