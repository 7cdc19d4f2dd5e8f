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
