package dev.berth.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SpinningTest {
    private static final long SECOND = 1_000_000_000;

    private final Spinning spinning = new Spinning();
    private long now = 1_000 * SECOND;
    private long looking; // of the time so far

    /// Waits of which each would take `nanos`, for so long; `lookTakes` if it is looked through.
    private void waits(long nanos, boolean found, long lookTakes, long duration) {
        looking = 0;
        for (long end = now + duration; now < end; ) {
            if (spinning.mayLook(now)) {
                now += lookTakes;
                looking += lookTakes;
                spinning.looked(found, lookTakes, now);
                now += found ? 0 : nanos;
            } else {
                now += nanos;
            }
        }
    }

    @Test
    void it_looks_at_first() {
        assertThat(spinning.mayLook(now)).isTrue();
    }

    @Test
    void it_looks_as_long_as_that_finds_what_it_looks_for() {
        waits(50_000, true, 1_000, SECOND);
        assertThat(looking).isGreaterThanOrEqualTo(SECOND);
    }

    @Test
    void it_hardly_looks_through_waits_that_are_long() {
        waits(1_000_000, false, Spinning.WINDOW, 10 * SECOND);
        assertThat(looking).isPositive().isLessThan(10 * SECOND / 1_000);
    }

    @Test
    void it_looks_again_soon_after_it_has_found_something_once() {
        waits(1_000_000, false, Spinning.WINDOW, 10 * SECOND);
        spinning.looked(true, 1_000, now);
        waits(50_000, true, 1_000, SECOND);
        assertThat(looking).isGreaterThan(SECOND / 2);
    }

    @Test
    void a_look_in_vain_is_paid_for_by_those_that_are_not() {
        for (int i = 0; i < 1_000; i++) {
            assertThat(spinning.mayLook(now)).isTrue();
            now += 1_000;
            spinning.looked(i % 50 != 0, i % 50 == 0 ? Spinning.WINDOW : 1_000, now);
        }
    }

    @Test
    void looking_costs_a_sixtieth_of_the_time_at_most_where_others_want_the_processor() {
        waits(5_000, true, 3_000_000, 100 * SECOND);
        assertThat(looking).isPositive().isLessThan(100 * SECOND / 60);
    }

    @Test
    void it_changes_its_mind_with_the_machine() {
        waits(50_000, true, 1_000, SECOND);
        waits(5_000, true, 3_000_000, SECOND);
        assertThat(looking).isLessThan(SECOND / 20);
        waits(5_000, true, 1_000, 2 * SECOND);
        assertThat(looking).isGreaterThan(SECOND);
    }

    @Test
    void a_stall_is_forgotten_after_a_moment() {
        spinning.looked(true, 60 * SECOND, now);
        assertThat(spinning.mayLook(now)).isFalse();
        assertThat(spinning.mayLook(now + SECOND * 2)).isTrue();
    }

    @Test
    @Timeout(60)
    void a_look_for_what_never_comes_ends() {
        assertThat(spinning.look(() -> false)).isFalse();
    }

    @Test
    void a_look_for_what_is_there_finds_it_unless_there_is_one_processor() {
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1);
        assertThat(spinning.look(() -> true)).isTrue();
    }
}
