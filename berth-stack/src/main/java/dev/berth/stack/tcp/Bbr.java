package dev.berth.stack.tcp;

/// A model of the path, its bottleneck bandwidth and its round-trip time, instead of a reaction to loss: BBR version
/// 1 as in the Internet-Draft "BBR Congestion Control" (draft-cardwell-iccrg-bbr-congestion-control-00). Times in
/// nanoseconds, rates in octets per second.
///
/// The congestion window is only a bound on what the model may get wrong; the rate comes from the [Pacer]. Loss
/// neither shrinks the model nor the window beyond the round in which it is repaired.
///
/// Deviation: the draft conserves packets for a round whenever a repair begins. Where every fifth packet is lost one
/// repair begins as another ends, and the rate would fall by what is lost each time; so that is done once in the
/// rounds that the estimate of the bandwidth looks back.
final class Bbr extends CongestionControl {
    /// What it is doing: section 3.4.
    enum Mode {
        STARTUP,
        DRAIN,
        PROBE_BW,
        PROBE_RTT
    }

    private static final double HIGH_GAIN = 2.885; // 2 / ln 2
    private static final double[] CYCLE = {1.25, 0.75, 1, 1, 1, 1, 1, 1};
    private static final int BANDWIDTH_WINDOW = 10; // rounds
    private static final long MIN_RTT_WINDOW = 10_000_000_000L;
    private static final long PROBE_RTT_TIME = 200_000_000L;
    private static final int MIN_SEGMENTS = 4;
    private static final double FULL_GROWTH = 1.25;
    private static final int FULL_ROUNDS = 3;
    private static final long SLOW = 150_000; // octets per second: 1.2 Mbit/s

    private final DeliveryRate rate = new DeliveryRate();
    private final Pacer pacer = new Pacer();
    private final WindowedMax bandwidth = new WindowedMax(BANDWIDTH_WINDOW);
    private Mode mode = Mode.STARTUP;
    private double pacingGain = HIGH_GAIN;
    private double windowGain = HIGH_GAIN;
    private long minRtt;
    private long minRttAt;
    private long nextRoundDelivered;
    private long round;
    private boolean roundStart;
    private long fullBandwidth;
    private int fullRounds;
    private boolean filled;
    private int cycle;
    private long cycleAt;
    private long probeRttDone;
    private boolean probeRttRound;
    private int priorWindow;
    private boolean recovering;
    private boolean conserving;
    private long conservedFrom;
    private long conservedRound = -BANDWIDTH_WINDOW; // of the last conservation
    private boolean marked; // what is conserved is for a mark, not for a loss

    Mode mode() {
        return mode;
    }

    /// The estimate of the bottleneck's bandwidth.
    long bandwidth() {
        return bandwidth.get();
    }

    @Override
    CongestionControl acknowledged(Tcb tcb, Acked acked, int flight, boolean slowly, long now) {
        if (acked.delivered == 0) {
            return this;
        }
        int pipe = LossRecovery.pipe(tcb);
        updateRound();
        long sample = rate.sample(minRtt == 0 ? 0 : Math.min(minRtt, tcb.srtt));
        // What an application-limited sample shows is a lower bound: it counts where it exceeds the estimate.
        if (sample > 0 && (!rate.sampleLimited || sample >= bandwidth.get())) {
            bandwidth.update(sample, round);
        }
        boolean expired = updateMinRtt(acked, now);
        checkFull();
        advanceMode(tcb, pipe, acked, now);
        checkProbeRtt(tcb, pipe, expired, now);
        setWindow(tcb, acked, pipe);
        rate.beginAck();
        return this;
    }

    private void updateRound() {
        roundStart = rate.priorDelivered >= nextRoundDelivered;
        if (roundStart) {
            nextRoundDelivered = rate.delivered;
            round++;
        }
    }

    private boolean updateMinRtt(Acked acked, long now) {
        boolean expired = minRtt > 0 && now - minRttAt > MIN_RTT_WINDOW;
        long rtt = acked.shortestRtt;
        if (rtt > 0 && (minRtt == 0 || rtt <= minRtt || expired)) {
            minRtt = rtt;
            minRttAt = now;
        }
        return expired;
    }

    /// BBRCheckFullPipe: the bandwidth no longer grows by a quarter in three rounds.
    private void checkFull() {
        if (filled || !roundStart || rate.sampleLimited) {
            return;
        }
        if (bandwidth.get() >= fullBandwidth * FULL_GROWTH) {
            fullBandwidth = bandwidth.get();
            fullRounds = 0;
            return;
        }
        filled = ++fullRounds >= FULL_ROUNDS;
    }

    private void advanceMode(Tcb tcb, int pipe, Acked acked, long now) {
        if (mode == Mode.STARTUP && filled) {
            mode = Mode.DRAIN;
            pacingGain = 1 / HIGH_GAIN;
            windowGain = HIGH_GAIN;
        }
        if (mode == Mode.DRAIN && pipe <= window(tcb, 1)) {
            enterProbeBandwidth(now);
        }
        if (mode == Mode.PROBE_BW && cycleIsOver(tcb, pipe, acked, now)) {
            cycle = (cycle + 1) % CYCLE.length;
            cycleAt = now;
            pacingGain = CYCLE[cycle];
        }
    }

    private void enterProbeBandwidth(long now) {
        mode = Mode.PROBE_BW;
        windowGain = 2;
        // The draft begins anywhere but in the phase that drains; without randomness it is where the round count
        // says, which differs from connection to connection.
        cycle = (int) ((round * 5 + now / 1_000_000) % CYCLE.length);
        cycle = cycle == 1 ? 2 : cycle;
        cycleAt = now;
        pacingGain = CYCLE[cycle];
    }

    private boolean cycleIsOver(Tcb tcb, int pipe, Acked acked, long now) {
        boolean lasted = now - cycleAt > minRtt;
        if (pacingGain > 1) {
            return lasted && (acked.lost > 0 || pipe >= window(tcb, pacingGain));
        }
        return pacingGain < 1 ? lasted || pipe <= window(tcb, 1) : lasted;
    }

    private void checkProbeRtt(Tcb tcb, int pipe, boolean expired, long now) {
        if (mode != Mode.PROBE_RTT && expired) {
            saveWindow(tcb);
            mode = Mode.PROBE_RTT;
            pacingGain = 1;
            windowGain = 1;
            probeRttDone = 0;
        }
        if (mode != Mode.PROBE_RTT) {
            return;
        }
        rate.limited(pipe);
        if (probeRttDone == 0) {
            if (pipe <= MIN_SEGMENTS * tcb.effectiveMss) {
                probeRttDone = now + PROBE_RTT_TIME;
                probeRttRound = false;
                nextRoundDelivered = rate.delivered;
            }
            return;
        }
        probeRttRound |= roundStart;
        if (probeRttRound && now >= probeRttDone) {
            minRttAt = now;
            tcb.cwnd = Math.max(tcb.cwnd, priorWindow);
            if (filled) {
                enterProbeBandwidth(now);
            } else {
                mode = Mode.STARTUP;
                pacingGain = HIGH_GAIN;
                windowGain = HIGH_GAIN;
            }
        }
    }

    /// BBRInflight: the bandwidth-delay product times `gain`, and room for what aggregation holds back.
    private int window(Tcb tcb, double gain) {
        long most = bandwidth.get();
        if (most == 0 || minRtt == 0) {
            return initialWindow(tcb.effectiveMss);
        }
        double product = most / 1e9 * minRtt * gain;
        // Room for three quanta; on a slow path a quantum is one segment.
        int segments = most < SLOW ? 1 : 2;
        double quantum = Math.max((double) segments * tcb.effectiveMss, most / 1e9 * Pacer.QUANTUM);
        return (int) Math.min(product + 3 * quantum, 1 << 30);
    }

    private void setWindow(Tcb tcb, Acked acked, int pipe) {
        int mss = tcb.effectiveMss;
        if (acked.lost > 0) {
            // BBRModulateCwndForRecovery: the window loses what was lost, and keeps a segment.
            tcb.cwnd = Math.max(tcb.cwnd - acked.lost, mss);
        }
        if (recovering && !marked && !tcb.isRecovering()) {
            recovered(tcb);
        }
        if (conserving && rate.delivered > conservedFrom && roundStart) {
            conserving = false;
            marked = false;
        }
        if (conserving) {
            tcb.cwnd = clamp(Math.max(tcb.cwnd, (long) pipe + acked.delivered));
        } else {
            int target = window(tcb, windowGain);
            if (filled) {
                tcb.cwnd = (int) Math.min((long) tcb.cwnd + acked.delivered, target);
            } else if (tcb.cwnd < target || rate.delivered < initialWindow(mss)) {
                tcb.cwnd = clamp((long) tcb.cwnd + acked.delivered);
            }
        }
        tcb.cwnd = Math.max(tcb.cwnd, MIN_SEGMENTS * mss);
        if (mode == Mode.PROBE_RTT) {
            tcb.cwnd = Math.min(tcb.cwnd, MIN_SEGMENTS * mss);
        }
    }

    private void saveWindow(Tcb tcb) {
        priorWindow = recovering || mode == Mode.PROBE_RTT ? Math.max(priorWindow, tcb.cwnd) : tcb.cwnd;
    }

    @Override
    int avoidance(Tcb tcb, int octets, long now) {
        return 0;
    }

    /// BBROnEnterFastRecovery: as many packets leave as arrive, for a round.
    @Override
    CongestionControl lost(Tcb tcb, int flight, long now) {
        saveWindow(tcb);
        recovering = true;
        if (!marked && round - conservedRound < BANDWIDTH_WINDOW) {
            return this;
        }
        conservedRound = round;
        conserving = true;
        conservedFrom = rate.delivered;
        nextRoundDelivered = rate.delivered;
        tcb.cwnd = Math.max(LossRecovery.pipe(tcb), tcb.effectiveMss);
        return this;
    }

    /// The model knows no marks; what is in flight is conserved for a round, as after a loss, and drains by what the
    /// window had been beyond it.
    @Override
    CongestionControl marked(Tcb tcb, int flight, long now) {
        marked = !recovering;
        return lost(tcb, flight, now);
    }

    /// BBROnEnterRTO: the window of one segment is for the caller to set.
    @Override
    CongestionControl timedOut(Tcb tcb, int flight, long now) {
        saveWindow(tcb);
        recovering = true;
        conserving = false;
        marked = false;
        return this;
    }

    @Override
    void undo() {
        recovering = false;
        marked = false;
        conserving = false;
        // What looked like the bottleneck may have been the mistake.
        fullBandwidth = 0;
        fullRounds = 0;
    }

    /// BBRRestoreCwnd.
    @Override
    void recovered(Tcb tcb) {
        if (recovering) {
            recovering = false;
            conserving = false;
            tcb.cwnd = Math.max(tcb.cwnd, priorWindow);
        }
    }

    /// Section 4.3.4: a model does not go stale with time, pacing keeps what follows from being a burst.
    @Override
    void restart(Tcb tcb, long now) {}

    @Override
    boolean ownsWindow() {
        return true;
    }

    @Override
    DeliveryRate deliveryRate() {
        return rate;
    }

    @Override
    Pacer pacer() {
        return pacer;
    }

    @Override
    long pacingRate(Tcb tcb) {
        long most = bandwidth.get();
        if (most == 0) {
            // InitPacingRate: the initial window per round-trip time, or per millisecond where none was measured
            long rtt = tcb.srtt == 0 ? 1_000_000L : tcb.srtt;
            return (long) (HIGH_GAIN * DeliveryRate.rate(initialWindow(tcb.effectiveMss), rtt));
        }
        long paced = (long) (pacingGain * most);
        if (!filled) {
            // While it is still finding out, it never gets slower.
            long rtt = tcb.srtt == 0 ? 1_000_000L : tcb.srtt;
            paced = Math.max(paced, (long) (HIGH_GAIN * DeliveryRate.rate(initialWindow(tcb.effectiveMss), rtt)));
        }
        return Math.max(1, paced);
    }
}
