package dev.berth.stack.ip;

import static dev.berth.stack.script.ScriptHost.SECOND;
import static dev.berth.stack.script.ScriptHost.hi;
import static dev.berth.stack.script.ScriptHost.lo;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.wire.IpAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathMtuTest {
    private static final String PEER = "192.0.2.1";
    private static final String PEER6 = "2001:db8::1";
    private static final long MINUTE = 60 * SECOND;

    private final PathMtu pathMtu = new PathMtu(16);

    private boolean lower(String address, int mtu, int quoted, long now) {
        return pathMtu.lower(hi(address), lo(address), mtu, quoted, now);
    }

    private int mtu(String address) {
        return pathMtu.mtu(hi(address), lo(address));
    }

    @Requirement("1191-01")
    @ParameterizedTest
    @CsvSource({
        "1200, 1500, 1200, false",
        "600, 1500, 600, false",
        "552, 1500, 552, false",
        "551, 1500, 552, true",
        "50, 1500, 552, true",
        "1, 1500, 552, true",
        "0, 1500, 1492, false",
        "0, 1492, 1006, false",
        "0, 65535, 32000, false",
        "0, 9000, 8166, false",
        "0, 600, 552, true",
        "0, 40, 552, true",
        "0, 0, 552, true"
    })
    void ipv4_estimates_follow_the_report_down_to_the_floor(int reported, int quoted, int estimate, boolean fragment) {
        assertThat(lower(PEER, reported, quoted, 0)).isTrue();
        assertThat(mtu(PEER)).isEqualTo(estimate);
        assertThat(pathMtu.mayFragment(hi(PEER), lo(PEER))).isEqualTo(fragment);
        assertThat(mtu("192.0.2.2")).isEqualTo(PathMtu.UNKNOWN);
    }

    @Requirement("8201-01")
    @ParameterizedTest
    @CsvSource({"1400, 1400", "1280, 1280", "1279, 65535", "600, 65535", "0, 65535"})
    void ipv6_reports_below_the_minimum_link_mtu_are_discarded(int reported, int estimate) {
        lower(PEER6, reported, 1_500, 0);
        assertThat(mtu(PEER6)).isEqualTo(estimate);
    }

    // "A host MUST not increase its estimate"
    @Requirement("1191-01")
    @Test
    void a_report_never_raises_an_estimate_nor_prolongs_it() {
        assertThat(lower(PEER, 1_000, 1_500, 0)).isTrue();
        assertThat(lower(PEER, 1_400, 1_500, MINUTE)).isFalse();
        assertThat(lower(PEER, 1_000, 1_500, MINUTE)).isFalse();
        assertThat(mtu(PEER)).isEqualTo(1_000);
        assertThat(pathMtu.nextDeadline()).isEqualTo(10 * MINUTE);
    }

    @Requirement("1191-02")
    @Test
    void an_estimate_is_kept_for_ten_minutes_after_the_last_decrease() {
        lower(PEER, 1_400, 1_500, 0);
        lower(PEER, 1_300, 1_400, 5 * MINUTE);
        pathMtu.advance(15 * MINUTE - 1);
        assertThat(mtu(PEER)).isEqualTo(1_300);
        pathMtu.advance(15 * MINUTE);
        assertThat(mtu(PEER)).isEqualTo(PathMtu.UNKNOWN);
        assertThat(pathMtu.nextDeadline()).isEqualTo(PathMtu.NEVER);
        assertThat(pathMtu.size()).isZero();
    }

    @Test
    void the_cache_is_bounded_and_agrees_with_a_naive_model() {
        SplittableRandom random = new SplittableRandom(11);
        Map<Integer, Integer> model = new HashMap<>();
        Map<Integer, Long> touched = new HashMap<>();
        long now = Long.MAX_VALUE - 100 * SECOND; // the clock overflows on the way
        for (int i = 0; i < 20_000; i++) {
            now += random.nextLong(40 * SECOND);
            pathMtu.advance(now);
            long then = now;
            touched.values().removeIf(t -> then - t >= PathMtu.LIFETIME_NANOS);
            model.keySet().retainAll(touched.keySet());
            int host = random.nextInt(24);
            int mtu = 552 + random.nextInt(900);
            boolean smaller = mtu < model.getOrDefault(host, PathMtu.UNKNOWN);
            assertThat(pathMtu.lower(0, IpAddress.mapped(host + 1), mtu, 1_500, now))
                    .isEqualTo(smaller);
            if (smaller) {
                if (!model.containsKey(host) && model.size() == 16) {
                    int oldest = touched.entrySet().stream()
                            .min((a, b) -> Long.signum(a.getValue() - b.getValue()))
                            .orElseThrow()
                            .getKey();
                    model.remove(oldest);
                    touched.remove(oldest);
                }
                model.put(host, mtu);
                touched.put(host, now);
            }
            assertThat(pathMtu.size()).isEqualTo(model.size());
            for (int h = 0; h < 24; h++) {
                assertThat(pathMtu.mtu(0, IpAddress.mapped(h + 1))).isEqualTo(model.getOrDefault(h, PathMtu.UNKNOWN));
            }
        }
    }
}
