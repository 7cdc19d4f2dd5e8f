package dev.berth.stack.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/// CUBIC beside the formulas of RFC 9438, written down once more.
class CubicTest {
    private static final int MSS = 1_000;
    private static final long SECOND = 1_000_000_000L;
    private static final long RTT = SECOND / 10;

    private final Tcb tcb =
            new Tcb(0, 1, 1, 0, 2, 2, TcpConfig.DEFAULT, CongestionControl.of(TcpConfig.Congestion.CUBIC));
    private final Acked acked = new Acked();
    private long now = 100 * SECOND;

    CubicTest() {
        tcb.effectiveMss = MSS;
        tcb.srtt = RTT;
    }

    private void loss(int cwnd) {
        tcb.cwnd = cwnd;
        tcb.congestion = tcb.congestion.lost(tcb, cwnd, now);
        tcb.cwnd = tcb.ssthresh;
    }

    /// A round trip in which the whole window is acknowledged, segment by segment.
    private void roundTrip() {
        int segments = tcb.cwnd / MSS;
        for (int i = 0; i < segments; i++) {
            now += RTT / segments;
            acked.cumulative = MSS;
            acked.delivered = MSS;
            acked.shortestRtt = RTT;
            tcb.congestion = tcb.congestion.acknowledged(tcb, acked, tcb.cwnd, false, now);
        }
    }

    @Test
    void a_loss_takes_three_tenths() {
        loss(1_000 * MSS);
        assertThat(tcb.ssthresh).isEqualTo(700 * MSS);
        tcb.cwnd = 2 * MSS;
        tcb.congestion.lost(tcb, 2 * MSS, now);
        assertThat(tcb.ssthresh).isEqualTo(2 * MSS);
    }

    @Test
    void the_window_follows_the_cubic_function() {
        loss(1_000 * MSS);
        double k = Math.cbrt((1_000 - 700) / 0.4); // figure 2
        long begin = now;
        for (int round = 0; round < 150; round++) {
            roundTrip();
            double t = (now - begin) / 1e9;
            double expected = 0.4 * Math.pow(t - k, 3) + 1_000; // figure 1
            assertThat(tcb.cwnd / 1e3).as("after %s s", t).isCloseTo(expected, within(0.01 * expected + 10));
        }
        assertThat(tcb.cwnd).isGreaterThan(1_000 * MSS);
    }

    @Test
    void a_short_path_is_treated_as_reno_would() {
        tcb.srtt = SECOND / 1_000;
        loss(20 * MSS);
        int before = tcb.cwnd;
        for (int round = 0; round < 10; round++) {
            int segments = tcb.cwnd / MSS;
            for (int i = 0; i < segments; i++) {
                now += SECOND / 1_000 / segments;
                acked.cumulative = MSS;
                tcb.congestion = tcb.congestion.acknowledged(tcb, acked, tcb.cwnd, false, now);
            }
        }
        // Figure 4: alpha = 3 * (1 - 0.7) / (1 + 0.7) segments per round trip, about 0.53
        assertThat((tcb.cwnd - before) / 1e3).isCloseTo(5.3, within(0.8));
    }

    @Test
    void a_flow_that_shrinks_gives_way() {
        loss(1_000 * MSS);
        // Section 4.7: less than W_max, so W_max = 800 * (1 + 0.7) / 2 = 680 > 560, K = cbrt(120 / 0.4)
        loss(800 * MSS);
        long begin = now;
        double k = Math.cbrt((680 - 560) / 0.4);
        while ((now - begin) / 1e9 < k) {
            roundTrip();
        }
        assertThat(tcb.cwnd / 1e3).isCloseTo(680, within(15.0));
    }

    @Test
    void after_a_timeout_the_function_begins_at_the_window() {
        tcb.cwnd = 1_000 * MSS;
        tcb.congestion = tcb.congestion.timedOut(tcb, tcb.cwnd, now);
        assertThat(tcb.ssthresh).isEqualTo(700 * MSS);
        tcb.cwnd = 700 * MSS; // slow start has brought it there
        long begin = now;
        for (int round = 0; round < 50; round++) {
            roundTrip();
        }
        double t = (now - begin) / 1e9;
        double expected = 700 + 0.4 * t * t * t; // section 4.8: K = 0, W_max = cwnd
        assertThat(tcb.cwnd / 1e3).isCloseTo(expected, within(0.05 * expected));
    }

    @Test
    void what_was_not_lost_is_forgotten() {
        loss(1_000 * MSS);
        for (int round = 0; round < 20; round++) {
            roundTrip();
        }
        int window = tcb.cwnd;
        long then = now;
        int threshold = tcb.ssthresh;
        loss(tcb.cwnd);
        tcb.congestion.undo();
        tcb.cwnd = window;
        tcb.ssthresh = threshold;
        roundTrip();
        double k = Math.cbrt((1_000 - 700) / 0.4);
        double t = (now - 100 * SECOND) / 1e9;
        assertThat(now).isGreaterThan(then);
        assertThat(tcb.cwnd / 1e3).isCloseTo(0.4 * Math.pow(t - k, 3) + 1_000, within(15.0));
    }

    @Test
    void a_time_without_use_is_no_time() {
        loss(1_000 * MSS);
        for (int round = 0; round < 10; round++) {
            roundTrip();
        }
        int window = tcb.cwnd;
        now += 100 * SECOND; // section 4.2: t does not include it
        roundTrip();
        assertThat(tcb.cwnd).isLessThan(window + window / 20);
    }

    @Test
    void a_window_that_is_not_used_does_not_grow() {
        loss(1_000 * MSS);
        int window = tcb.cwnd;
        for (int i = 0; i < 1_000; i++) {
            now += RTT;
            acked.cumulative = MSS;
            tcb.congestion = tcb.congestion.acknowledged(tcb, acked, window / 2, false, now);
        }
        assertThat(tcb.cwnd).isEqualTo(window);
    }
}
