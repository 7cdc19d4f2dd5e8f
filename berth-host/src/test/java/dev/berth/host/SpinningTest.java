package dev.berth.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
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

    /// The hosts that are attended from the begin on have to be told, or packets would be left to nobody.
    @Test
    void a_look_that_fails_at_its_begin_ends() {
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1);
        AtomicInteger ends = new AtomicInteger();
        Look look = new Look() {
            @Override
            public boolean getAsBoolean() {
                return false;
            }

            @Override
            public void begin() {
                throw new IllegalStateException("an observer has failed");
            }

            @Override
            public void end(boolean found) {
                ends.incrementAndGet();
            }
        };
        assertThatIllegalStateException().isThrownBy(() -> spinning.look(look));
        assertThat(ends).hasValue(1);
    }

    @Test
    void a_look_for_what_is_there_finds_it_unless_there_is_one_processor() {
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1);
        assertThat(spinning.look(() -> true)).isTrue();
    }

    /// Waits of virtual threads, of which each is found in the first turn, beside others that want the carrier.
    ///
    /// @return the part of the time in which it may look
    private double turnsBesideOthers(long away, long duration) {
        looking = 0;
        long began = now;
        for (int i = 0; now - began < duration; i++) {
            boolean looks = spinning.mayLook(now);
            now += Spinning.TURN;
            if (looks) {
                looking += Spinning.TURN;
                if (i % 16 == 0) {
                    now += away;
                    spinning.wasWanted(16 * Spinning.TURN, away, now);
                } else {
                    spinning.saved(Spinning.SAVED_BY_TURN);
                }
            }
        }
        return (double) looking / (now - began);
    }

    @Test
    void a_carrier_that_nobody_wants_is_kept() {
        assertThat(turnsBesideOthers(Spinning.TURN / 2, SECOND)).isGreaterThan(0.8);
    }

    @Test
    void a_carrier_that_others_want_is_left_to_them_though_looks_find_what_they_look_for() {
        turnsBesideOthers(50_000, SECOND);
        assertThat(turnsBesideOthers(50_000, 10 * SECOND)).isPositive().isLessThan(0.3);
    }

    @Test
    void a_carrier_that_is_wanted_no_more_is_kept_again() {
        turnsBesideOthers(50_000, SECOND);
        turnsBesideOthers(1_000, SECOND);
        assertThat(turnsBesideOthers(1_000, SECOND)).isGreaterThan(0.8);
    }

    @Test
    void what_is_found_after_more_than_a_turn_is_no_reason_to_look() {
        for (int i = 0; i < 10_000; i++) {
            if (spinning.mayLook(now)) {
                now += 3 * Spinning.TURN;
                looking += 3 * Spinning.TURN;
                spinning.lookedForTurns(true, 3 * Spinning.TURN, now);
            } else {
                now += Spinning.TURN;
            }
        }
        assertThat(spinning.mayLook(now + SECOND)).isTrue();
        assertThat(looking).isPositive().isLessThan(10_000 * Spinning.TURN / 5);
    }

    @Test
    @Timeout(60)
    void a_virtual_thread_ends_its_look_for_what_never_comes() throws InterruptedException {
        boolean[] found = {true};
        int[] looks = new int[1];
        Thread.ofVirtual()
                .start(() -> found[0] = spinning.look(() -> {
                    looks[0]++;
                    return false;
                }))
                .join();
        assertThat(found[0]).isFalse();
        assertThat(looks[0] > 0).isEqualTo(Runtime.getRuntime().availableProcessors() > 1);
    }

    /// What a virtual thread looks for is done by another one, for which there is no carrier but its own.
    @Test
    @Timeout(60)
    void a_look_of_a_virtual_thread_lets_others_run() throws InterruptedException {
        int carriers = Runtime.getRuntime().availableProcessors();
        assumeTrue(carriers > 1);
        AtomicBoolean over = new AtomicBoolean();
        CountDownLatch kept = new CountDownLatch(carriers - 1);
        for (int i = 1; i < carriers; i++) {
            Thread.ofVirtual().start(() -> {
                kept.countDown();
                while (!over.get()) {
                    Thread.onSpinWait();
                }
            });
        }
        kept.await();
        CountDownLatch found = new CountDownLatch(1);
        try {
            Thread.ofVirtual().start(() -> {
                // A look may be refused or be in vain; one of many is not, unless it keeps the carrier.
                for (int i = 0; ; i++) {
                    AtomicBoolean done = new AtomicBoolean();
                    Thread.ofVirtual().start(() -> done.set(true));
                    if (new Spinning().look(done::get)) {
                        found.countDown();
                        return;
                    }
                    if (i == 10_000) {
                        return;
                    }
                }
            });
            assertThat(found.await(30, TimeUnit.SECONDS)).isTrue();
        } finally {
            over.set(true);
        }
    }
}
