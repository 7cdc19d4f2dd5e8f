package dev.berth.stack.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// The rounds of HyStart++ by hand: RFC 9406 section 4.2.
class HyStartTest {
    private static final long MS = 1_000_000L;

    private final HyStart hystart = new HyStart(1_000);
    private int una;

    /// A round of `samples` ACKs, all with the same round-trip time; the last ends it.
    ///
    /// @return true if slow start is over
    private boolean round(int samples, long rtt) {
        boolean over = false;
        int end = una == 0 ? 1_000 : una + 10_000;
        for (int i = 0; i < samples; i++) {
            una = i == samples - 1 ? end : una + 1;
            over = hystart.acknowledged(una, una + 10_000, rtt);
        }
        return over;
    }

    @Test
    void a_path_that_does_not_get_slower_leaves_slow_start_alone() {
        for (int i = 0; i < 20; i++) {
            assertThat(round(20, 50 * MS + i % 3 * MS)).isFalse();
            assertThat(hystart.isConservative()).isFalse();
            assertThat(hystart.growth(8_000)).isEqualTo(8_000);
        }
    }

    @Test
    void a_round_slower_by_an_eighth_makes_it_conservative_and_five_rounds_end_it() {
        assertThat(round(10, 80 * MS)).isFalse();
        assertThat(round(10, 89 * MS)).isFalse(); // below 80 + 10
        assertThat(hystart.isConservative()).isFalse();
        assertThat(round(10, 101 * MS)).isFalse(); // 89 + 11.125, the round counts as the first of five
        assertThat(hystart.isConservative()).isTrue();
        assertThat(hystart.growth(8_000)).isEqualTo(2_000);
        assertThat(round(10, 105 * MS)).isFalse();
        assertThat(round(10, 105 * MS)).isFalse();
        assertThat(round(10, 105 * MS)).isFalse();
        assertThat(round(10, 105 * MS)).isTrue();
    }

    @Test
    void a_round_faster_than_the_one_that_began_it_resumes_slow_start() {
        round(10, 40 * MS);
        round(10, 60 * MS);
        assertThat(hystart.isConservative()).isTrue();
        round(10, 59 * MS);
        assertThat(hystart.isConservative()).isFalse();
    }

    @Test
    void less_than_eight_samples_say_nothing() {
        round(10, 40 * MS);
        round(7, 80 * MS);
        assertThat(hystart.isConservative()).isFalse();
    }

    @Test
    void the_threshold_lies_between_4_and_16_milliseconds() {
        round(10, 1 * MS);
        round(10, 4 * MS);
        assertThat(hystart.isConservative()).isFalse();
        round(10, 8 * MS);
        assertThat(hystart.isConservative()).isTrue();
        HyStart far = new HyStart(0);
        for (int i = 0; i < 8; i++) {
            far.acknowledged(i == 7 ? 0 : -1, 1_000, 300 * MS);
        }
        for (int i = 0; i < 8; i++) {
            far.acknowledged(500, 2_000, 316 * MS);
        }
        assertThat(far.isConservative()).isTrue();
    }

    @Test
    void acks_without_a_measurement_do_not_count() {
        round(10, 40 * MS);
        round(10, -1);
        round(10, 80 * MS);
        assertThat(hystart.isConservative()).isFalse(); // the round before has no minimum
    }
}
