package dev.berth.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The form of the results, and that each benchmark finds its own result right; not the numbers.
@Timeout(120)
class SideBySideTest {
    private static final String NUMBER = "-?[0-9]+(\\.[0-9]+)?";

    private final List<String> progress = new ArrayList<>();
    private final SideBySide run = new SideBySide(new SideBySide.Options(2, 5, 5, 200), progress::add);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rtt-virtual",
                "rtt-platform",
                "stream-64k",
                "stream-mss1460",
                "connect-fin",
                "connect-rst",
                "udp-64",
                "idle-pair-bytes"
            })
    void both_sides_are_measured(String name) throws Exception {
        Row row = run.run(name);
        assertThat(row.toJson())
                .matches("\\{\"name\":\"" + name + "\",\"unit\":\"[^\"]+\",\"berth\":" + NUMBER + ",\"other\":" + NUMBER
                        + ",\"otherName\":\"JDK sockets, kernel loopback[^\"]*\",\"ratio\":" + NUMBER
                        + ",\"ratioMin\":" + NUMBER + ",\"ratioMax\":" + NUMBER
                        + ",\"goal\":\"[^\"]+\",\"reached\":(true|false)}");
        assertThat(row.ratio()).isBetween(row.ratioMin(), row.ratioMax());
        assertThat(row.toLine()).startsWith(name).containsPattern("reached$");
        assertThat(progress).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ports-pick-0", "ports-pick-99.9", "ports-pick-100"})
    void without_another_side_there_is_no_ratio(String name) throws Exception {
        assertThat(run.run(name).toJson())
                .contains("\"other\":null,\"otherName\":\"none: ")
                .contains("\"ratio\":null,\"ratioMin\":null,\"ratioMax\":null,\"goal\":\"<= ");
    }

    @Test
    void a_name_before_the_hyphen_stands_for_its_group() {
        assertThat(run.select(List.of("rtt", "rtt-virtual", "ports-pick-50")))
                .containsExactly("rtt-virtual", "rtt-platform", "ports-pick-50");
        assertThat(run.select(List.of())).hasSameSizeAs(run.list());
    }

    @Test
    void an_unknown_name_is_one_sentence() {
        assertThatThrownBy(() -> run.select(List.of("udp-65")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("There is no benchmark 'udp-65'; 'berth bench --list' shows all names.");
    }

    @Test
    void a_skipped_row_says_why() {
        Benchmark benchmark = Catalogue.all(1).getLast();
        Row row = Row.skipped(benchmark, "There is no /dev/net/tun.");
        assertThat(row.toJson()).contains("\"berth\":null").endsWith("\"skipped\":\"There is no /dev/net/tun.\"}");
        assertThat(row.toLine()).endsWith("skipped: There is no /dev/net/tun.");
    }
}
