package dev.berth.stack.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Congestion control and the estimates of time at the extremes: round trips from a nanosecond to an hour, segments
/// from 48 octets to 64 KiB, clocks of any origin.
class CongestionControlTest {
    private static final long HOUR = 3_600_000_000_000L;

    private interface Property {
        void check(SplittableRandom random);
    }

    private static void withSeeds(int runs, Property property) {
        for (long seed = 0; seed < runs; seed++) {
            try {
                property.check(new SplittableRandom(seed));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("Fails with seed " + seed, e);
            }
        }
    }

    private static Tcb tcb(TcpConfig.Congestion algorithm, int mss) {
        Tcb tcb = new Tcb(0, 1, 1, 0, 2, 2, TcpConfig.DEFAULT, CongestionControl.of(algorithm));
        tcb.effectiveMss = mss;
        tcb.cwnd = CongestionControl.initialWindow(mss);
        return tcb;
    }

    private static long anyRtt(SplittableRandom random) {
        return switch (random.nextInt(4)) {
            case 0 -> 1 + random.nextLong(1_000);
            case 1 -> HOUR - random.nextLong(1_000_000);
            default -> 1 + random.nextLong(1L << random.nextInt(1, 42));
        };
    }

    @ParameterizedTest
    @EnumSource(TcpConfig.Congestion.class)
    void the_window_stays_in_its_bounds_at_any_round_trip_time(TcpConfig.Congestion algorithm) {
        withSeeds(60, random -> {
            Tcb tcb = tcb(algorithm, random.nextInt(2) == 0 ? 65_483 : 48 + random.nextInt(1_000));
            tcb.srtt = anyRtt(random);
            Acked acked = new Acked();
            long now = random.nextLong(1L << 50);
            for (int i = 0; i < 2_000; i++) {
                now += random.nextLong(1L << random.nextInt(1, 42));
                if (random.nextInt(100) == 0) {
                    boolean timeout = random.nextBoolean();
                    tcb.congestion = timeout
                            ? tcb.congestion.timedOut(tcb, tcb.cwnd, now)
                            : tcb.congestion.lost(tcb, tcb.cwnd, now);
                    if (!tcb.congestion.ownsWindow()) {
                        tcb.cwnd = tcb.ssthresh;
                        assertThat(tcb.cwnd).isGreaterThanOrEqualTo(2 * tcb.effectiveMss);
                    }
                    if (random.nextInt(3) == 0) {
                        tcb.congestion.undo();
                    }
                } else {
                    acked.cumulative = 1 + random.nextInt(Math.min(tcb.cwnd, 100 * tcb.effectiveMss));
                    acked.delivered = acked.cumulative;
                    acked.shortestRtt = anyRtt(random);
                    acked.lost = random.nextInt(20) == 0 ? random.nextInt(100_000) : 0;
                    tcb.sndUna += acked.cumulative;
                    tcb.sndNxt = tcb.sndUna;
                    int before = tcb.cwnd;
                    tcb.congestion = tcb.congestion.acknowledged(tcb, acked, tcb.cwnd, false, now);
                    if (!tcb.congestion.ownsWindow()) {
                        assertThat(tcb.cwnd).isGreaterThanOrEqualTo(before);
                        assertThat((long) tcb.cwnd - before)
                                .isLessThanOrEqualTo(Math.max(acked.cumulative, tcb.effectiveMss));
                    }
                }
                assertThat(tcb.cwnd).isBetween(tcb.effectiveMss, 1 << 30);
                assertThat(tcb.congestion.pacingRate(tcb)).isBetween(0L, 4 * DeliveryRate.MAX_RATE);
            }
        });
    }

    @Test
    void the_timeout_stays_in_its_bounds_at_any_round_trip_time() {
        withSeeds(300, random -> {
            Tcb tcb = tcb(TcpConfig.Congestion.CUBIC, 1_460);
            for (int i = 0; i < 200; i++) {
                long rtt = switch (random.nextInt(6)) {
                    case 0 -> Long.MAX_VALUE - random.nextInt(10);
                    case 1 -> -random.nextLong(1_000_000);
                    default -> anyRtt(random);
                };
                RttEstimator.sample(tcb, rtt);
                RttEstimator.measured(tcb, rtt, random.nextLong(1L << 60));
                assertThat(tcb.srtt).isBetween(1L, HOUR);
                assertThat(tcb.rttvar).isBetween(0L, HOUR);
                assertThat(RttEstimator.timeout(tcb)).isBetween(RttEstimator.MIN_RTO, RttEstimator.MAX_RTO);
                assertThat(tcb.minRtt).isPositive();
                tcb.backoff = (byte) random.nextInt(21);
                assertThat(RttEstimator.backedOff(tcb)).isBetween(RttEstimator.timeout(tcb), RttEstimator.MAX_RTO);
                tcb.extras().reoWndMult = (byte) (1 + random.nextInt(100));
                Flight flight = new Flight();
                flight.begin(0, null);
                flight.sent(1_000, 0);
                assertThat(Rack.reorderingWindow(tcb, flight)).isBetween(0L, Math.max(10_000L, tcb.srtt));
                assertThat(LossProbe.timeout(tcb)).isPositive();
            }
        });
    }

    @Test
    void a_microsecond_and_an_hour_are_measured_as_they_are() {
        Tcb tcb = tcb(TcpConfig.Congestion.CUBIC, 1_460);
        RttEstimator.sample(tcb, 1_000);
        assertThat(tcb.srtt).isEqualTo(1_000);
        assertThat(RttEstimator.timeout(tcb)).isEqualTo(RttEstimator.MIN_RTO);
        for (int i = 0; i < 200; i++) {
            RttEstimator.sample(tcb, HOUR);
        }
        assertThat(tcb.srtt).isBetween(HOUR / 100 * 99, HOUR);
        assertThat(RttEstimator.timeout(tcb)).isEqualTo(RttEstimator.MAX_RTO);
        for (int i = 0; i < 400; i++) {
            RttEstimator.sample(tcb, 1_000);
        }
        assertThat(tcb.srtt).isBetween(1L, 2_000L);
    }

    @Test
    void delivery_rates_do_not_overflow() {
        assertThat(DeliveryRate.rate(Long.MAX_VALUE, 1)).isEqualTo(DeliveryRate.MAX_RATE);
        assertThat(DeliveryRate.rate(1L << 30, 1)).isEqualTo(DeliveryRate.MAX_RATE);
        assertThat(DeliveryRate.rate(1_500, 1_000)).isEqualTo(1_500_000_000L);
        assertThat(DeliveryRate.rate(1_500, HOUR)).isZero();
        assertThat(DeliveryRate.rate(0, 0)).isZero();
    }

    @Test
    void a_pacer_keeps_the_rate_with_late_timers_at_any_rate() {
        withSeeds(200, random -> {
            long rate = 1 + random.nextLong(1L << random.nextInt(12, 36));
            Pacer pacer = new Pacer();
            int mss = 1_460;
            long now = random.nextLong(1L << 50);
            long begin = now;
            long sent = 0;
            while (now - begin < 60_000_000_000L && sent < 1L << 40) {
                long room = pacer.allowance(rate, mss, now);
                if (room > 0) {
                    int octets = (int) Math.min(room, 1 << 28);
                    pacer.sent(octets, rate, now);
                    sent += octets;
                } else {
                    // A timer is a tick late.
                    now = Math.max(now + 1, Math.min(pacer.departure(now), now + Pacer.QUANTUM))
                            + random.nextLong(Pacer.QUANTUM);
                }
            }
            double seconds = (now - begin) / 1e9;
            double most = rate * (seconds + 0.01) + 2.0 * mss * (seconds + 2); // two segments a second always leave
            assertThat((double) sent).isLessThan(most);
            if (seconds > 1 && rate > 100_000) {
                assertThat(sent).isGreaterThan((long) (rate * seconds * 0.9));
            }
        });
    }

    @Test
    void a_windowed_maximum_is_that_of_the_window() {
        withSeeds(200, random -> {
            WindowedMax max = new WindowedMax(10);
            long[] values = new long[400];
            for (int at = 0; at < values.length; at++) {
                values[at] = random.nextLong(1_000);
                max.update(values[at], at);
                long best = 0;
                for (int i = Math.max(0, at - 10); i <= at; i++) {
                    best = Math.max(best, values[i]);
                }
                assertThat(max.get()).isBetween(values[at], best);
            }
        });
    }
}
