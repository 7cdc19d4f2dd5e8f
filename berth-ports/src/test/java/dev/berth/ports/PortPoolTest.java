package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PortPoolTest {
    private final PortPolicy policy = PortPolicy.dynamic()
            .withEphemeral(new PortRange(40_000, 40_999))
            .withReserved(new PortRange(40_100, 40_199));
    private final PortPool pool = new PortPool(policy, new SplittableRandom(1)::nextLong);

    @Test
    void every_port_that_is_not_reserved_is_given_out_once_and_then_none() {
        Set<Integer> claimed = new HashSet<>();
        for (int free = 900; free > 0; free--) {
            assertThat(pool.free()).isEqualTo(free);
            int port = pool.claim();
            assertThat(port).isBetween(40_000, 40_999).matches(p -> p < 40_100 || p > 40_199);
            assertThat(claimed.add(port)).isTrue();
        }
        assertThat(pool.claim()).isZero();
        pool.release(40_500);
        assertThat(pool.claim()).isEqualTo(40_500);
    }

    @Test
    void a_port_that_is_not_taken_cannot_be_given_back() {
        int port = pool.claim();
        pool.release(port);
        assertThatThrownBy(() -> pool.release(port))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Port " + port + " is not taken");
        assertThatThrownBy(() -> pool.release(40_150)).isInstanceOf(IllegalStateException.class);
    }
}
