package dev.berth.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The form of the results, and that each benchmark finds its own result right; not the numbers.
@Timeout(120)
class SideBySideTest {
    private static final String NUMBER = "-?[0-9]+(\\.[0-9]+)?";

    private final List<String> progress = new ArrayList<>();
    private final SideBySide run =
            new SideBySide(new SideBySide.Options(2, 5, 5, 200, 200, 5, 1, false), progress::add);

    @AfterEach
    void takeDown() throws Exception {
        run.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rtt-virtual",
                "rtt-platform",
                "stream-64k",
                "stream-mss1460",
                "connect-fin",
                "connect-fin-burst",
                "connect-rst",
                "connect-rst-burst",
                "udp-64",
                "idle-pair-bytes",
                "selector-1",
                "selector-1000",
                "blocked-readers",
                "http"
            })
    void both_sides_are_measured(String name) throws Exception {
        Row row = run.run(name);
        assertThat(row.toJson())
                .matches("\\{\"name\":\"" + name + "\",\"unit\":\"[^\"]+\",\"berth\":" + NUMBER + ",\"other\":" + NUMBER
                        + ",\"otherName\":\"kernel-loopback[^\"]*\"" + ratios(NUMBER)
                        + ",\"goal\":\"[^\"]+\",\"reached\":(true|false|null)}");
        assertThat(row.ratio().median())
                .isBetween(row.ratio().min(), row.ratio().max());
        assertThat(row.toLine()).startsWith(name).containsPattern("(reached| -)$");
        assertThat(progress).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"select-1", "select-1k"})
    void a_selector_is_measured_on_both_sides(String name) throws Exception {
        Row row = run.run(name);
        // a difference of two times, which may be below 0 in so short a measurement
        assertThat(row.ratio().median()).isNotNaN();
        assertThat(row.berth().median()).isNotNaN();
    }

    private static String ratios(String number) {
        return ",\"ratio\":" + number + ",\"ratioMin\":" + number + ",\"ratioMax\":" + number;
    }

    @ParameterizedTest
    @ValueSource(strings = {"growth-rtt", "growth-connect", "growth-timer"})
    void growth_is_measured_beside_one_pair(String name) throws Exception {
        assertThat(run.run(name).berth().median()).isPositive();
    }

    @Test
    void the_end_of_a_long_run_of_connections_is_held_against_its_beginning() throws Exception {
        assertThat(run.run("connect-decline").toJson())
                .contains("\"otherName\":\"Berth at the beginning\"")
                .contains("\"goal\":\"0.90x\"");
    }

    @Test
    void the_start_of_a_command_is_only_measured_when_it_is_known() throws Exception {
        assertThat(run.run("start").toJson())
                .contains("\"berth\":null,\"other\":null,")
                .contains("\"otherName\":\"not measured: The command to start is not known");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pick-0", "pick-99.9", "pick-full", "pick-flat", "lookup-1m"})
    void without_another_side_there_is_no_ratio(String name) throws Exception {
        Row row = run.run(name);
        assertThat(row.toJson())
                .containsPattern("\"berth\":" + NUMBER + ",\"other\":null,\"otherName\":\"none")
                .contains(ratios("null") + ",\"goal\":\"<= ")
                .containsPattern("\"reached\":(true|false)}$");
        assertThat(row.toLine()).contains(Row.digits(row.berth().min()) + " .. ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"flow-bytes", "flow-bytes-client", "flow-bytes-lone"})
    void a_row_without_a_goal_only_states_its_figure(String name) throws Exception {
        Row row = run.run(name);
        assertThat(row.berth().median()).isBetween(56.0, 1_000.0);
        assertThat(row.toJson()).endsWith(",\"goal\":\"-\",\"reached\":null}");
        assertThat(row.toLine()).endsWith(" -");
    }

    @Test
    void what_stands_before_a_hyphen_stands_for_all_names_that_begin_so() {
        assertThat(run.select(List.of("rtt", "rtt-virtual", "pick-50")))
                .containsExactly("rtt-virtual", "rtt-platform", "pick-50");
        assertThat(run.select(List.of("pick")))
                .containsExactly(
                        "pick-0",
                        "pick-50",
                        "pick-55",
                        "pick-90",
                        "pick-99",
                        "pick-99.9",
                        "pick-99.99",
                        "pick-full",
                        "pick-flat");
        assertThat(run.select(List.of("connect-pick")))
                .startsWith("connect-pick-0")
                .contains("connect-pick-full")
                .endsWith("connect-pick-holes-50")
                .hasSize(14);
        assertThat(run.select(List.of("connect-pick-holes"))).hasSize(6);
        assertThat(run.select(List.of())).hasSameSizeAs(run.list());
    }

    @Test
    void ports_stands_for_all_rows_of_the_port_system() {
        assertThat(run.select(List.of("ports")))
                .containsAll(run.select(
                        List.of("pick", "connect-pick", "fill-28232", "fill-host", "lookup-1m", "lookup-10m", "flow")))
                .hasSize(30);
    }

    @Test
    void an_unknown_name_is_one_sentence() {
        for (String name : new String[] {"udp-65", "udp-6", "", "-"}) {
            assertThatThrownBy(() -> run.select(List.of(name)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("There is no benchmark '" + name + "'; 'berth bench --list' shows all names.");
        }
    }

    @Test
    void a_skipped_row_says_why() {
        Benchmark benchmark =
                Catalogue.all(SideBySide.Options.QUICK, progress::add).getLast();
        Row row = Row.skipped(benchmark, "There is no /dev/net/tun.");
        assertThat(row.toJson())
                .contains("\"berth\":null")
                .contains("\"otherName\":\"not measured: There is no /dev/net/tun.\"")
                .endsWith("\"reached\":null}");
        assertThat(row.toLine()).endsWith("skipped: There is no /dev/net/tun.");
    }

    @Test
    void a_row_whose_other_side_is_not_there_says_why_and_leaves_a_goal_of_the_ratio_open() throws Exception {
        Benchmark fill = Benchmark.of("fill", "all", "ms", true, Goal.times(500), () -> nanos -> 2)
                .against("kernel", () -> {
                    throw new Measurement.UnavailableException("Network namespaces need root.");
                });
        try (SideBySide alone = new SideBySide(SideBySide.Options.QUICK, List.of(fill), progress::add)) {
            Row row = alone.run("fill");
            assertThat(row.toJson())
                    .contains("\"berth\":2.00,")
                    .contains("\"otherName\":\"none: Network namespaces need root.\"")
                    .endsWith(",\"goal\":\"500x\",\"reached\":null}");
        }
    }

    @Test
    void a_quick_run_measures_what_takes_long_only_when_it_is_named() throws Exception {
        Benchmark row = Benchmark.of("a", "", "ns", true, Goal.times(2), () -> nanos -> 1)
                .against("kernel", () -> nanos -> 3);
        List<Benchmark> rows = List.of(
                row.lengthy(Benchmark.Lengthy.ALL),
                Benchmark.of("b", "", "ns", true, Goal.atMost(2), row.berth())
                        .against("kernel", () -> nanos -> 3)
                        .lengthy(Benchmark.Lengthy.OTHER_SIDE));
        try (SideBySide quick = new SideBySide(SideBySide.Options.QUICK, rows, progress::add)) {
            assertThat(quick.select(List.of())).containsExactly("a", "b");
            String reason = "a quick run measures it only when it is named";
            assertThat(quick.run("a").toJson())
                    .contains("\"berth\":null", "\"otherName\":\"not measured: " + reason)
                    .endsWith("\"reached\":null}");
            assertThat(quick.run("b").toJson())
                    .contains("\"berth\":1.00,\"other\":null,\"otherName\":\"none: " + reason)
                    .endsWith("\"reached\":true}");
            quick.select(List.of("a", "b"));
            assertThat(quick.run("a").toJson()).contains("\"berth\":1.00,\"other\":3.00");
            assertThat(quick.run("b").toJson()).contains("\"berth\":1.00,\"other\":3.00");
        }
    }

    @Test
    void what_rows_share_is_closed_when_a_row_without_it_follows_and_at_the_end() throws Exception {
        List<String> closed = new ArrayList<>();
        Benchmark row = Benchmark.of("a-1", "", "ns", true, Goal.none(), () -> nanos -> 1)
                .at(Benchmark.Pace.ONCE);
        List<Benchmark> rows = List.of(
                row.in("", () -> closed.add("first")),
                new Benchmark(
                        "a-2",
                        "",
                        "ns",
                        true,
                        Goal.none(),
                        row.berth(),
                        null,
                        "",
                        row.pace(),
                        "",
                        null,
                        row.lengthy()));
        try (SideBySide two = new SideBySide(SideBySide.Options.QUICK, rows, progress::add)) {
            two.run("a-1");
            two.run("a-1");
            assertThat(closed).isEmpty();
            two.run("a-2");
            assertThat(closed).containsExactly("first");
            two.run("a-1");
        }
        assertThat(closed).containsExactly("first", "first");
    }
}
