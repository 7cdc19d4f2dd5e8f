package dev.berth.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SpinningTest {
    private static final int PATIENTLY = 200_000;

    private final Spinning spinning = new Spinning();

    private boolean looks() {
        return spinning.look(() -> true);
    }

    /// Tells of waits that take so long each way until they are looked through, or not; false if that never happens.
    private boolean becomes(boolean looking, long whenParking, long whenLooking) {
        for (int i = 0; i < PATIENTLY; i++) {
            spinning.waited(looks() ? whenLooking : whenParking);
        }
        int looked = 0;
        for (int i = 0; i < PATIENTLY; i++) {
            boolean looks = looks();
            looked += looks ? 1 : 0;
            spinning.waited(looks ? whenLooking : whenParking);
        }
        return looking ? looked > PATIENTLY * 9L / 10 : looked < PATIENTLY / 10;
    }

    @Test
    void it_parks_at_first() {
        assertThat(looks()).isFalse();
    }

    @Test
    void it_looks_while_that_makes_waits_clearly_shorter() {
        assertThat(becomes(true, 40_000, 1_000)).isTrue();
    }

    @Test
    void it_parks_while_looking_makes_waits_longer_or_hardly_shorter() {
        assertThat(becomes(false, 5_000, 20_000)).isTrue();
        assertThat(becomes(false, 5_000, 4_900)).isTrue();
    }

    @Test
    void it_changes_its_mind_with_the_machine() {
        assertThat(becomes(true, 40_000, 1_000)).isTrue();
        assertThat(becomes(false, 5_000, 90_000)).isTrue();
        assertThat(becomes(true, 40_000, 1_000)).isTrue();
    }

    @Test
    void it_never_looks_through_waits_that_are_long() {
        for (int i = 0; i < PATIENTLY; i++) {
            assertThat(looks()).isFalse();
            spinning.waited(10_000_000);
        }
    }

    @Test
    @Timeout(60)
    void a_look_for_what_never_comes_ends() {
        assertThat(becomes(true, 40_000, 1_000)).isTrue();
        assertThat(spinning.look(() -> false)).isFalse();
    }
}
