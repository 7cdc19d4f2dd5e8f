package dev.berth.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Benchmark;

class PartGatesTest {
    private final PartGates.Gate gate = PartGates.Gate.parse("Part.method,octets=1,Reference.method,,2.000");

    @Test
    void a_part_may_be_30_percent_slower_than_recorded() {
        assertThat(gate.verdict(2.59, 0.1)).isEmpty();
        assertThat(gate.verdict(2.61, 0.1)).isEqualTo("slower than recorded");
    }

    @Test
    void a_part_may_not_allocate() {
        assertThat(gate.verdict(1, 7.9)).isEmpty();
        assertThat(gate.verdict(1, 16)).isEqualTo("allocates");
    }

    @Test
    void a_recorded_gate_reads_as_it_was_written() {
        assertThat(gate.toLine(2)).isEqualTo("Part.method,octets=1,Reference.method,,2.000");
        assertThatThrownBy(() -> PartGates.Gate.parse("Part.method,1")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void every_gate_names_benchmarks_that_exist() throws Exception {
        assertThat(PartGates.gates()).isNotEmpty();
        for (PartGates.Gate each : PartGates.gates()) {
            for (String name : new String[] {each.part(), each.reference()}) {
                int dot = name.lastIndexOf('.');
                Class<?> type = Class.forName(
                        "dev.berth.bench.jmh." + name.substring(0, dot).replace('.', '$'));
                assertThat(Stream.of(type.getDeclaredMethods())
                                .filter(m -> m.isAnnotationPresent(Benchmark.class))
                                .map(m -> m.getName()))
                        .as(name)
                        .contains(name.substring(dot + 1));
            }
            assertThat(each.ratio()).isPositive();
            assertThat(Arrays.stream(each.parameters().split(" ")).filter(p -> !p.isEmpty()))
                    .allMatch(p -> p.contains("="));
        }
    }

    @Test
    void no_match_is_one_sentence() {
        assertThatThrownBy(() -> PartGates.run("no such part", true, null, System.out))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("No part with a gate matches 'no such part'.");
    }

    @Test
    void a_file_that_cannot_be_written_is_told_before_anything_is_measured() {
        for (Path file : List.of(Path.of("/no/such/directory/gates.csv"), Path.of("/"))) {
            assertThatThrownBy(() -> PartGates.run("", true, file, System.out))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("'" + file + "' cannot be written.");
        }
    }

    @Test
    void what_the_harness_allocates_does_not_count() {
        assertThat(PartGates.net(21, 10_000)).isZero();
        assertThat(PartGates.net(21 + 262.144, 1_000)).isCloseTo(21, within(1e-9));
        assertThat(PartGates.net(16, 1_000_000)).isGreaterThan(15);
    }
}
