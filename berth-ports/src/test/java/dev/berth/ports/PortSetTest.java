package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Seeds;
import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class PortSetTest {
    @Test
    void equals_a_bit_set_over_random_operations_at_every_size() {
        Seeds.run(300, random -> {
            PortSet set = new PortSet();
            BitSet model = new BitSet();
            int origin = random.nextInt(65_536);
            int width = 1 + random.nextInt(65_536 - origin);
            for (int phase = 0; phase < 8; phase++) {
                int bias = random.nextInt(101); // grows in some phases and shrinks in others
                for (int i = random.nextInt(400); i > 0; i--) {
                    int port = origin + random.nextInt(width);
                    if (random.nextInt(100) < bias) {
                        assertThat(set.add(port)).isEqualTo(!model.get(port));
                        model.set(port);
                    } else {
                        int near = Math.max(0, model.previousSetBit(port));
                        assertThat(set.remove(near)).isEqualTo(model.get(near));
                        model.clear(near);
                    }
                }
                compare(set, model, random);
            }
        });
    }

    private static void compare(PortSet set, BitSet model, SplittableRandom random) {
        int size = model.cardinality();
        assertThat(set.size()).isEqualTo(size);
        assertThat(set.isEmpty()).isEqualTo(size == 0);
        int member = -1;
        for (int i = 0; i < size; i++) {
            member = model.nextSetBit(member + 1);
            assertThat(set.select(i)).isEqualTo(member);
        }
        for (int i = 0; i < 30; i++) {
            int port = random.nextInt(65_536);
            assertThat(set.contains(port)).isEqualTo(model.get(port));
            int rank = model.get(0, port).cardinality();
            assertThat(set.rank(port)).isEqualTo(rank);
            if (!model.get(port)) {
                assertThat(set.selectAbsent(port - rank)).isEqualTo(port);
            }
        }
        assertThat(set.rank(65_536)).isEqualTo(size);
        assertThat(set.countIn(PortRange.USER))
                .isEqualTo(model.get(1024, 49_152).cardinality());
        long[] words = new long[1024];
        set.orInto(words, 0, words.length);
        assertThat(BitSet.valueOf(words)).isEqualTo(model);
    }

    @Test
    void draws_only_absent_ports_of_the_range_whatever_changes_between() {
        boolean[] arranged = new boolean[2];
        Seeds.run(30, random -> {
            PortSet set = new PortSet();
            BitSet model = new BitSet();
            PortRange wide = range(random, 0, 65_535, 200 + random.nextInt(6_000));
            PortRange narrow = range(random, wide.first(), wide.last(), 1 + random.nextInt(wide.size()));
            for (int phase = 0; phase < 12; phase++) {
                PortRange drawnFrom = random.nextInt(4) == 0 ? narrow : wide;
                int bias = random.nextInt(101);
                for (int i = random.nextInt(2 * wide.size()); i > 0; i--) {
                    if (random.nextInt(100) < bias) {
                        int port = draw(set, model, drawnFrom, random);
                        if (port >= 0) {
                            assertThat(set.add(port)).isTrue();
                            model.set(port);
                        }
                    } else {
                        int port = wide.first() + random.nextInt(wide.size());
                        assertThat(set.remove(port)).isEqualTo(model.get(port));
                        model.clear(port);
                    }
                    arranged[set.isArranged() ? 1 : 0] = true;
                }
                draw(set, model, wide, random);
                draw(set, model, narrow, random);
                long[] words = new long[1024];
                set.orInto(words, 0, words.length);
                assertThat(BitSet.valueOf(words)).isEqualTo(model);
                if (random.nextBoolean()) {
                    compare(set, model, random); // has the numbers of a large set made anew
                }
            }
        });
        assertThat(arranged).containsExactly(true, true);
    }

    private static PortRange range(SplittableRandom random, int first, int last, int width) {
        int from = first + random.nextInt(last - first + 2 - width);
        return new PortRange(from, from + width - 1);
    }

    private static int draw(PortSet set, BitSet model, PortRange range, SplittableRandom random) {
        int absent = range.size() - model.get(range.first(), range.last() + 1).cardinality();
        assertThat(set.absentIn(range)).isEqualTo(absent);
        int port = set.drawAbsent(range, random::nextInt);
        if (absent == 0) {
            assertThat(port).isEqualTo(-1);
        } else {
            assertThat(range.contains(port)).isTrue();
            assertThat(model.get(port)).isFalse();
        }
        return port;
    }

    @Test
    void draws_are_uniform_in_every_representation() {
        PortRange range = new PortRange(10_000, 13_999);
        for (int members : new int[] {0, 100, 240, 2_000, 3_600, 3_960, 3_996}) {
            Seeds.run(1, random -> {
                PortSet set = new PortSet();
                while (set.size() < members) {
                    set.add(set.drawAbsent(range, random::nextInt));
                }
                int free = range.size() - members;
                int draws = 100 * free;
                int[] seen = new int[range.size()];
                for (int i = 0; i < draws; i++) {
                    int port = set.drawAbsent(range, random::nextInt);
                    seen[port - range.first()]++;
                    // Comes and goes, so that the order of an arranged set changes while it is drawn from.
                    set.add(port);
                    set.remove(port);
                }
                assertThat(set.isArranged()).as("%d members", members).isEqualTo(members > 250);
                double chiSquare = 0;
                for (int i = 0; i < range.size(); i++) {
                    if (set.contains(range.first() + i)) {
                        assertThat(seen[i]).isZero();
                    } else {
                        chiSquare += (seen[i] - 100.0) * (seen[i] - 100.0) / 100;
                    }
                }
                // Approximately normal for many degrees of freedom; six standard deviations, of more for few.
                int degrees = free - 1;
                assertThat(chiSquare)
                        .as("%d members", members)
                        .isBetween(degrees - 6 * Math.sqrt(2.0 * degrees), degrees + 12 + 6 * Math.sqrt(2.0 * degrees));
            });
        }
    }

    @Test
    void a_set_that_empties_gives_the_array_of_its_absent_ports_back() {
        PortRange range = new PortRange(32_768, 60_999);
        SplittableRandom random = new SplittableRandom(1);
        PortSet set = new PortSet();
        while (set.size() < 4_000) {
            set.add(set.drawAbsent(range, random::nextInt));
        }
        assertThat(set.isArranged()).isTrue();
        assertThat(set.countIn(range)).isEqualTo(4_000);
        assertThat(set.countIn(PortRange.DYNAMIC) + set.countIn(new PortRange(32_768, 49_151)))
                .isEqualTo(4_000);
        assertThat(set.isArranged()).as("counting leaves it alone").isTrue();
        int port = range.first();
        for (; set.size() > range.size() / 32; port++) {
            set.remove(port);
        }
        assertThat(set.isArranged()).as("above half of what it takes").isTrue();
        while (!set.remove(port)) {
            port++;
        }
        assertThat(set.isArranged()).isFalse();
    }

    @Test
    void holds_all_ports_and_none() {
        PortSet set = new PortSet();
        for (int port = 0; port < 65_536; port++) {
            assertThat(set.selectAbsent(0)).isEqualTo(port);
            set.add(port);
        }
        assertThat(set.size()).isEqualTo(65_536);
        assertThat(set.select(65_535)).isEqualTo(65_535);
        assertThatThrownBy(() -> set.selectAbsent(0)).isInstanceOf(IndexOutOfBoundsException.class);
        for (int port = 0; port < 65_536; port++) {
            set.remove(port);
            assertThat(set.selectAbsent(port)).isEqualTo(port);
        }
        assertThat(set.isEmpty()).isTrue();
        assertThatThrownBy(() -> set.select(0)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void is_empty_and_usable_after_clear() {
        PortSet set = new PortSet();
        for (int port = 0; port < 1000; port++) {
            set.add(port);
        }
        set.clear();
        assertThat(set.size()).isZero();
        assertThat(set.contains(5)).isFalse();
        assertThat(set.add(5)).isTrue();
        assertThat(set).hasToString("{5}");
    }

    @Test
    void is_written_as_ranges() {
        PortSet set = new PortSet();
        for (int port : new int[] {443, 80, 8001, 8000, 8002}) {
            set.add(port);
        }
        assertThat(set).hasToString("{80, 443, 8000-8002}");
        assertThat(new PortSet()).hasToString("{}");
    }

    @Test
    void a_number_that_is_no_port_is_refused() {
        PortSet set = new PortSet();
        assertThatThrownBy(() -> set.add(65_536)).hasMessage("A port is 0 to 65535, not 65536");
        assertThatThrownBy(() -> set.add(-1)).hasMessage("A port is 0 to 65535, not -1");
    }
}
