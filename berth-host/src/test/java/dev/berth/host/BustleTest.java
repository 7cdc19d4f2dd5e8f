package dev.berth.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BustleTest {
    private static final int MANY = 20;
    private static final long GAP = 5_000;

    private final Bustle bustle = new Bustle();
    private long now = 1_000_000_000;

    private void enters(int times, long gap) {
        for (int i = 0; i < times; i++) {
            now += gap;
            bustle.entered(now);
        }
    }

    /// What another thread takes it for at `at`.
    private boolean isOfAnother(long at) throws Exception {
        FutureTask<Boolean> task = new FutureTask<>(() -> bustle.isOfAnother(at));
        Thread.ofPlatform().start(task);
        return task.get(20, TimeUnit.SECONDS);
    }

    @Test
    void who_enters_again_and_again_is_busy_for_others_but_not_for_itself() throws Exception {
        assertThat(bustle.isOn()).isFalse();
        enters(MANY, GAP);
        assertThat(bustle.isOn()).isTrue();
        assertThat(bustle.isOfAnother(now)).isFalse();
        assertThat(isOfAnother(now + GAP)).isTrue();
    }

    @Test
    void who_has_not_come_for_a_while_is_not_busy() throws Exception {
        enters(MANY, GAP);
        assertThat(isOfAnother(now + 1_000_000)).isFalse();
        enters(1, 1_000_000);
        assertThat(bustle.isOn()).isFalse();
        enters(MANY, 1_000_000);
        assertThat(bustle.isOn()).isFalse();
    }

    @Test
    void threads_that_take_turns_are_not_busy() throws Exception {
        for (int i = 0; i < MANY; i++) {
            enters(1, GAP);
            Thread other = Thread.ofPlatform().start(() -> enters(1, GAP));
            other.join();
        }
        assertThat(bustle.isOn()).isFalse();
    }

    @Test
    void who_has_to_wait_is_told_once_that_others_may_have_relied_on_it() throws Exception {
        assertThat(bustle.rests()).isFalse();
        enters(2, GAP);
        assertThat(bustle.rests()).isFalse();
        enters(MANY, GAP);
        FutureTask<Boolean> other = new FutureTask<>(bustle::rests);
        Thread.ofPlatform().start(other);
        assertThat(other.get(20, TimeUnit.SECONDS)).isFalse();
        assertThat(isOfAnother(now)).isTrue();
        assertThat(bustle.rests()).isTrue();
        assertThat(isOfAnother(now)).isFalse();
        assertThat(bustle.rests()).isFalse();
    }
}
