package dev.berth.ethernet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.wire.IpAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Who gets an address when there are few, by a clock of the test's own.
class LeaseTableTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long HOUR = 3_600 * SECOND;

    /// Six addresses, the first of them the router's.
    private final Set<IpAddress> taken = new HashSet<>(
            List.of(IpAddress.parse("10.0.0.0"), IpAddress.parse("10.0.0.1"), IpAddress.parse("10.0.0.7")));

    private final LeaseTable leases = new LeaseTable(IpAddress.Prefix.parse("10.0.0.1/29"), 100, 3, 0, taken::contains);
    private final Object[] ports = {new Object(), new Object(), new Object(), new Object(), new Object(), new Object()};

    private int lease(int guest, long now) {
        int address = leases.offer(guest, 0, ports[guest], now);
        if (address != 0) {
            assertThat(leases.bind(guest, address, ports[guest], false, now, HOUR))
                    .isTrue();
        }
        return address;
    }

    @Test
    void an_address_of_a_guest_that_is_there_is_nobody_elses() {
        Set<Integer> given = new HashSet<>();
        for (int guest = 0; guest < 5; guest++) {
            given.add(lease(guest, 0));
        }
        assertThat(given).hasSize(5).doesNotContain(0);
        assertThat(lease(5, 1)).isZero();
        assertThat(lease(5, HOUR - 1)).isZero();
    }

    @Test
    void a_guest_that_has_gone_longest_gives_way_before_its_time_is_over() {
        int[] given = new int[5];
        for (int guest = 0; guest < 5; guest++) {
            given[guest] = lease(guest, 0);
        }
        leases.release(ports[3], 20);
        leases.release(ports[1], 10);
        assertThat(lease(5, 30)).isEqualTo(given[1]);
        assertThat(leases.isLeased(1, given[1], ports[1], 31)).isFalse();
        assertThat(leases.isLeased(3, given[3], ports[3], 31)).as("still kept").isTrue();
        // The first one comes back, and takes from the next.
        assertThat(lease(1, 40)).isEqualTo(given[3]);
        assertThat(lease(3, 50)).isZero();
    }

    @Test
    void what_is_over_gives_way_before_what_was_only_left() {
        int[] given = new int[5];
        for (int guest = 0; guest < 4; guest++) {
            given[guest] = lease(guest, guest);
        }
        given[4] = lease(4, HOUR / 2);
        leases.release(ports[4], HOUR / 2);
        leases.end(2, given[2], ports[2], HOUR / 2 + 1);
        leases.end(0, given[0], ports[0], HOUR / 2 + 2);
        assertThat(lease(5, HOUR / 2 + 3)).as("given back first").isEqualTo(given[2]);
        // By now the lease of guest 3 has expired, later than guest 0 gave its own back.
        leases.end(5, given[2], ports[5], 2 * HOUR);
        assertThat(leases.offer(100, 0, new Object(), 2 * HOUR)).isEqualTo(given[0]);
        assertThat(leases.offer(101, 0, new Object(), 2 * HOUR)).isEqualTo(given[1]);
        assertThat(leases.offer(102, 0, new Object(), 2 * HOUR)).isEqualTo(given[3]);
    }

    @Test
    void addresses_that_were_declined_come_last_and_only_when_nobody_is_there_who_has_seen_the_conflict() {
        int[] given = new int[5];
        for (int guest = 0; guest < 5; guest++) {
            given[guest] = lease(guest, 0);
        }
        assertThat(leases.decline(0, given[0], ports[0], 1)).isTrue();
        assertThat(lease(5, 2)).isZero();
        leases.release(ports[0], 3);
        leases.release(ports[2], 4);
        assertThat(lease(5, 5)).isEqualTo(given[2]);
        assertThat(leases.offer(100, 0, new Object(), 6)).isEqualTo(given[0]);
        assertThat(leases.offer(101, 0, new Object(), 7)).isZero();
    }

    @Test
    void an_address_that_a_host_has_by_now_is_not_reused() {
        int[] given = new int[5];
        for (int guest = 0; guest < 5; guest++) {
            given[guest] = lease(guest, 0);
            leases.release(ports[guest], guest);
        }
        taken.add(IpAddress.ofIpv4(given[0]));
        assertThat(lease(5, 10)).isEqualTo(given[1]);
    }

    /// One that connects, takes all that it may have, and connects again.
    @Test
    void who_comes_again_and_again_keeps_nobody_out() {
        for (int i = 0; i < 1_000; i++) {
            Object port = new Object();
            for (int j = 0; j < 3; j++) {
                int address = leases.offer(1_000 + 3 * i + j, 0, port, i);
                assertThat(address).isNotZero();
                if (i % 2 == 0) {
                    assertThat(leases.bind(1_000 + 3 * i + j, address, port, false, i, HOUR))
                            .isTrue();
                    if (i % 4 == 0) {
                        assertThat(leases.decline(1_000 + 3 * i + j, address, port, i))
                                .isTrue();
                    }
                }
            }
            leases.release(port, i);
        }
        assertThat(lease(0, 1_000)).isNotZero();
        assertThat(leases.size()).isLessThanOrEqualTo(6);
    }

    @Test
    void room_for_records_is_made_at_the_cost_of_those_who_have_gone() {
        LeaseTable few = new LeaseTable(IpAddress.Prefix.parse("10.0.0.1/24"), 2, 8, 0, taken::contains);
        int first = few.offer(1, 0, ports[1], 0);
        assertThat(few.bind(1, first, ports[1], false, 0, HOUR)).isTrue();
        assertThat(few.offer(2, 0, ports[2], 0)).isNotZero();
        assertThat(few.offer(3, 0, ports[3], 1)).isZero();
        few.release(ports[1], 2);
        assertThat(few.offer(3, 0, ports[3], 3)).isNotZero();
        assertThat(few.knows(1, ports[1], 3)).isFalse();
        assertThat(few.size()).isEqualTo(2);
    }
}
