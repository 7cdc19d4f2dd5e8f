package dev.berth.stack.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// The scoreboard against a model that keeps every octet by itself.
class FlightTest {
    private static final int SIZE = 60_000;

    /// Every octet for itself; numbers are relative to where the flight began.
    private static final class Model {
        final boolean[] sacked = new boolean[SIZE];
        final boolean[] lost = new boolean[SIZE];
        final boolean[] again = new boolean[SIZE];
        final long[] sentAt = new long[SIZE];
        int una;
        int nxt;

        int count(boolean[] what) {
            int count = 0;
            for (int i = una; i < nxt; i++) {
                count += what[i] ? 1 : 0;
            }
            return count;
        }

        int first(boolean[] what, boolean wanted) {
            int i = una;
            while (i < nxt && what[i] != wanted) {
                i++;
            }
            return i;
        }
    }

    private static void compare(Flight flight, Model model, int base) {
        assertThat(flight.first()).isEqualTo(base + model.una);
        assertThat(flight.end()).isEqualTo(base + model.nxt);
        assertThat(flight.sackedOctets()).isEqualTo(model.count(model.sacked));
        assertThat(flight.lostOctets()).isEqualTo(model.count(model.lost));
        assertThat(flight.pipe())
                .isEqualTo(model.nxt - model.una - model.count(model.sacked) - model.count(model.lost));
        assertThat(flight.nextLost()).isEqualTo(base + model.first(model.lost, true));
        assertThat(flight.firstUnsacked()).isEqualTo(base + model.first(model.sacked, false));
        int at = model.una;
        for (int i = 0; i < flight.count(); i++) {
            assertThat(flight.left(i)).isEqualTo(base + at);
            for (; at < flight.right(i) - base; at++) {
                boolean sacked = (flight.marks(i) & Flight.SACKED) != 0;
                if (sacked != model.sacked[at]
                        || !sacked && (flight.marks(i) & Flight.LOST) != 0 != model.lost[at]
                        || !sacked && (flight.marks(i) & Flight.RETRANSMITTED) != 0 != model.again[at]
                        || !sacked && flight.sentAt(i) != model.sentAt[at]) {
                    throw new AssertionError("octet " + at);
                }
            }
        }
        assertThat(at).isEqualTo(model.nxt);
    }

    private static void run(SplittableRandom random) {
        Flight flight = new Flight();
        int base = random.nextInt();
        flight.begin(base, null);
        Model model = new Model();
        Acked acked = new Acked();
        long now = 1_000;
        for (int step = 0; step < 300 && model.nxt < SIZE - 2_000; step++) {
            now += random.nextInt(3);
            acked.at = now;
            acked.delivered = 0;
            int span = Math.max(1, model.nxt - model.una);
            int left = model.una + random.nextInt(span);
            int right = Math.min(model.nxt, left + 1 + random.nextInt(800));
            int delivered = 0;
            switch (random.nextInt(8)) {
                case 0, 1, 2 -> {
                    int end = model.nxt + 1 + random.nextInt(900);
                    flight.sent(base + end, now);
                    Arrays.fill(model.sentAt, model.nxt, end, now);
                    model.nxt = end;
                }
                case 3 -> {
                    int to = model.una + random.nextInt(Math.min(span, 500) + 1);
                    to = Math.min(to, model.nxt);
                    for (int i = model.una; i < to; i++) {
                        delivered += model.sacked[i] ? 0 : 1;
                    }
                    flight.acknowledge(base + to, acked);
                    model.una = to;
                }
                case 4, 5 -> {
                    if (left < right) {
                        for (int i = left; i < right; i++) {
                            delivered += model.sacked[i] ? 0 : 1;
                            model.sacked[i] = true;
                            model.lost[i] = false;
                        }
                        assertThat(flight.sack(base + left, base + right, acked))
                                .isEqualTo(delivered > 0);
                    }
                }
                case 6 -> {
                    if (left < right) {
                        flight.resent(base + left, base + right, now);
                        for (int i = left; i < right; i++) {
                            if (!model.sacked[i]) {
                                model.again[i] = true;
                                model.lost[i] = false;
                                model.sentAt[i] = now;
                            }
                        }
                    }
                }
                default -> {
                    if (left < right) {
                        flight.markLost(base + left, base + right);
                        for (int i = left; i < right; i++) {
                            model.lost[i] |= !model.sacked[i];
                        }
                    }
                }
            }
            assertThat(acked.delivered).isEqualTo(delivered);
            compare(flight, model, base);
        }
    }

    @Test
    void a_flight_knows_of_every_octet_what_became_of_it() {
        for (long seed = 0; seed < 300; seed++) {
            try {
                run(new SplittableRandom(seed));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("Fails with seed " + seed, e);
            }
        }
    }

    @Test
    void a_burst_is_one_record_and_records_are_bounded() {
        Flight flight = new Flight();
        flight.begin(0, null);
        for (int i = 1; i <= 1_000; i++) {
            flight.sent(i * 1_000, 5);
        }
        assertThat(flight.count()).isEqualTo(1);
        Acked acked = new Acked();
        for (int i = 0; i < 200_000; i++) {
            flight.sent(1_000_000 + (i + 1) * 10, 6 + i);
            flight.sack(1_000_000 + i * 10 + 2, 1_000_000 + i * 10 + 4, acked);
        }
        assertThat(flight.count()).isLessThan(2 * Flight.MAX_RECORDS);
    }

    @Test
    void what_was_sent_before_something_delivered_is_lost_once_the_window_has_passed() {
        Flight flight = new Flight();
        flight.begin(0, null);
        for (int i = 1; i <= 5; i++) {
            flight.sent(i * 1_000, i * 100L);
        }
        Acked acked = new Acked();
        acked.at = 10_300;
        flight.sack(2_000, 3_000, acked);
        assertThat(flight.rackRtt).isEqualTo(10_000);
        // The first was sent 200 before the one that arrived, the second 100.
        assertThat(flight.detectLosses(250, 10_300)).isEqualTo(150);
        assertThat(flight.lostOctets()).isZero();
        assertThat(flight.detectLosses(250, 10_350)).isEqualTo(100);
        assertThat(flight.lostOctets()).isEqualTo(1_000);
        assertThat(flight.detectLosses(250, 10_450)).isZero();
        assertThat(flight.lostOctets()).isEqualTo(2_000);
        assertThat(flight.nextLost()).isZero();
    }
}
