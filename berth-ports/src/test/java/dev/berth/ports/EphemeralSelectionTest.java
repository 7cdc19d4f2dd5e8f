package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.berth.check.Requirement;
import dev.berth.check.Seeds;
import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The algorithms of RFC 6056 section 3.3.
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class EphemeralSelectionTest {
    private static final IpAddress ME = IpAddress.parse("10.0.0.1");
    private static final IpAddress SERVER = IpAddress.parse("10.0.0.2");
    private static final PortRange SMALL = new PortRange(50_000, 50_299);
    private static final List<EphemeralSelection> ALL = EphemeralSelection.ALL;

    private final SplittableRandom random = new SplittableRandom(42);
    private int draws;

    private PortTable<String> tableOf(EphemeralSelection selection, PortRange range) {
        return tableOf(PortPolicy.dynamic().withEphemeral(range).withSelection(selection));
    }

    private PortTable<String> tableOf(PortPolicy policy) {
        return new PortTable<>(Transport.TCP, policy, () -> {
            draws++;
            return random.nextLong();
        });
    }

    private static TestFlow connect(PortTable<String> table, int remotePort) throws PortUnavailableException {
        TestFlow flow = new TestFlow(ME, 0, SERVER, remotePort);
        table.connect(flow, null, 0);
        return flow;
    }

    private static int connectAndRelease(PortTable<String> table, int remotePort) throws PortUnavailableException {
        TestFlow flow = connect(table, remotePort);
        table.release(flow);
        return flow.localPort();
    }

    private static boolean isRefused(PortTable<String> table, int remotePort) {
        return catchThrowableOfType(PortUnavailableException.class, () -> connect(table, remotePort)) != null;
    }

    private static List<TestFlow> fill(PortTable<String> table, int flows) throws PortUnavailableException {
        List<TestFlow> all = new ArrayList<>();
        for (int i = 0; i < flows; i++) {
            all.add(connect(table, 80));
        }
        return all;
    }

    @Requirement("6056-01")
    @Requirement("6056-06")
    @ParameterizedTest
    @FieldSource("ALL")
    void each_algorithm_hands_out_every_port_once_and_then_refuses(EphemeralSelection selection)
            throws PortUnavailableException {
        PortTable<String> table = tableOf(selection, SMALL);
        BitSet seen = new BitSet();
        for (TestFlow flow : fill(table, SMALL.size())) {
            seen.set(flow.localPort());
        }
        assertThat(seen.cardinality()).isEqualTo(SMALL.size());
        assertThat(seen.get(SMALL.first())).isTrue();
        assertThat(seen.get(SMALL.last())).isTrue();
        assertThat(seen.length()).isEqualTo(SMALL.last() + 1);
        assertThat(isRefused(table, 80)).isTrue();
        assertThat(isRefused(table, 443)).isFalse();
    }

    @Requirement("6056-02")
    @Requirement("6056-07")
    @ParameterizedTest
    @FieldSource("ALL")
    void each_algorithm_passes_over_bound_and_reserved_ports(EphemeralSelection selection)
            throws PortUnavailableException {
        PortTable<String> table = tableOf(PortPolicy.dynamic()
                .withEphemeral(SMALL)
                .withSelection(selection)
                .withReserved(new PortRange(50_100, 50_199)));
        table.listen(table.bind(0, IpAddress.ANY_IPV4.lo(), 50_000, 0, null), "server");
        table.bind(ME.hi(), ME.lo(), 50_150, 0, null); // reserved ports can be bound by number
        table.bind(ME.hi(), ME.lo(), 50_299, 0, null);
        TreeSet<Integer> seen = new TreeSet<>();
        for (TestFlow flow : fill(table, 198)) {
            seen.add(flow.localPort());
        }
        assertThat(seen).hasSize(198).allMatch(port -> port > 50_000 && port < 50_299);
        assertThat(seen.subSet(50_100, 50_200)).isEmpty();
        assertThat(isRefused(table, 80)).isTrue();
        assertThatThrownBy(() -> table.bind(ME.hi(), ME.lo(), 0, 0, null)).isInstanceOf(PortUnavailableException.class);
    }

    @Requirement("6056-05")
    @ParameterizedTest
    @FieldSource("ALL")
    void a_choice_in_a_nearly_full_range_draws_few_numbers_and_none_in_a_full_one(EphemeralSelection selection)
            throws PortUnavailableException {
        PortTable<String> table = tableOf(selection, PortRange.DYNAMIC);
        List<TestFlow> flows = fill(table, PortRange.DYNAMIC.size());
        int tries = selection.algorithm() == EphemeralSelection.Algorithm.RANDOM_TRIES ? selection.parameter() : 1;
        draws = 0;
        assertThat(isRefused(table, 80)).isTrue();
        assertThat(draws).isLessThanOrEqualTo(tries / 2 + 1); // two numbers of each draw
        for (int i = 0; i < 100; i++) {
            table.release(flows.get(i));
            draws = 0;
            assertThat(connect(table, 80).localPort()).isEqualTo(flows.get(i).localPort());
            assertThat(draws).isLessThanOrEqualTo(tries / 2 + 1);
        }
    }

    @Requirement("6056-08")
    @Test
    void the_default_is_not_a_sequence() throws PortUnavailableException {
        assertThat(PortPolicy.dynamic().selection()).isEqualTo(EphemeralSelection.UNIFORM);
        PortTable<String> table = tableOf(PortPolicy.dynamic());
        int neighbours = 0;
        int last = 0;
        for (int i = 0; i < 10_000; i++) {
            int port = connectAndRelease(table, 80);
            neighbours += Math.abs(port - last) <= 1 ? 1 : 0;
            last = port;
        }
        assertThat(neighbours).isLessThan(20); // 10,000 * 3 / 16,384 are expected
    }

    @Requirement("6056-09")
    @ParameterizedTest
    @ValueSource(ints = {50_000, 50_149, 50_299})
    void algorithm_1_finds_the_one_free_port_wherever_it_is(int free) throws PortUnavailableException {
        PortTable<String> table = tableOf(EphemeralSelection.SIMPLE_RANDOMIZATION, SMALL);
        List<TestFlow> flows = fill(table, SMALL.size());
        flows.stream().filter(flow -> flow.localPort() == free).forEach(table::release);
        for (int i = 0; i < 50; i++) {
            assertThat(connectAndRelease(table, 80)).isEqualTo(free);
        }
        connect(table, 80);
        assertThat(isRefused(table, 80)).isTrue();
    }

    @Requirement("6056-09")
    @Test // "biased towards the first available port after a sequence of unavailable port numbers"
    void algorithm_1_favours_the_port_behind_a_run() throws PortUnavailableException {
        PortTable<String> table = tableOf(EphemeralSelection.SIMPLE_RANDOMIZATION, SMALL);
        for (int port = 50_000; port < 50_150; port++) {
            table.connect(new TestFlow(ME, port, SERVER, 80), null, 0);
        }
        int behind = 0;
        for (int i = 0; i < 3000; i++) {
            behind += connectAndRelease(table, 80) == 50_150 ? 1 : 0;
        }
        assertThat(behind).isBetween(1300, 1700); // 151 of 300
    }

    @Requirement("6056-10")
    @ParameterizedTest
    @ValueSource(ints = {1, 16, 100})
    void algorithm_2_tries_as_often_as_it_is_told_and_then_looks_the_port_up(int tries)
            throws PortUnavailableException {
        PortTable<String> table = tableOf(EphemeralSelection.RANDOM_TRIES.with(tries), PortRange.DYNAMIC);
        List<TestFlow> flows = fill(table, PortRange.DYNAMIC.size());
        table.release(flows.get(7));
        draws = 0;
        assertThat(connect(table, 80).localPort()).isEqualTo(flows.get(7).localPort());
        assertThat(draws).isBetween(tries / 2, tries / 2 + 2);
    }

    @Requirement("6056-11")
    @Test
    void algorithm_3_counts_up_towards_a_destination_from_an_offset_of_its_own() {
        Seeds.run(20, seeds -> {
            PortPolicy policy = PortPolicy.dynamic().withEphemeral(SMALL).withSelection(EphemeralSelection.SIMPLE_HASH);
            checkAgainstTheRfc(new PortTable<>(Transport.TCP, policy, seeds::nextLong), seeds);
        });
    }

    @Requirement("6056-12")
    @Test // with one counter algorithm 4 is algorithm 3
    void algorithm_4_with_one_counter_does_the_same() {
        Seeds.run(20, seeds -> {
            PortPolicy policy =
                    PortPolicy.dynamic().withEphemeral(SMALL).withSelection(EphemeralSelection.DOUBLE_HASH.with(1));
            checkAgainstTheRfc(new PortTable<>(Transport.TCP, policy, seeds::nextLong), seeds);
        });
    }

    /// Connects and releases at random and compares each port with the pseudo-code of RFC 6056 section 3.3.3, in which
    /// the secret offset of a destination is taken from its first port.
    private static void checkAgainstTheRfc(PortTable<String> table, SplittableRandom random) throws Exception {
        Map<Integer, Integer> offsets = new HashMap<>();
        List<TestFlow> flows = new ArrayList<>();
        int nextEphemeral = 0;
        for (int i = 0; i < 2000; i++) {
            if (random.nextInt(5) < 2 && !flows.isEmpty()) {
                table.release(flows.remove(random.nextInt(flows.size())));
                continue;
            }
            int destination = 1 + random.nextInt(4);
            int count = (int)
                    flows.stream().filter(f -> f.remotePort() == destination).count();
            if (count == SMALL.size()) {
                continue;
            }
            boolean[] used = new boolean[SMALL.size()];
            flows.stream()
                    .filter(f -> f.remotePort() == destination)
                    .forEach(f -> used[f.localPort() - SMALL.first()] = true);
            TestFlow flow = connect(table, destination);
            flows.add(flow);
            int port = flow.localPort() - SMALL.first();
            int start = nextEphemeral;
            int offset = offsets.computeIfAbsent(destination, d -> Math.floorMod(port - start, SMALL.size()));
            int expected;
            do {
                expected = (nextEphemeral + offset) % SMALL.size();
                nextEphemeral++;
            } while (used[expected]);
            assertThat(port).isEqualTo(expected);
        }
        assertThat(offsets.values().stream().distinct().count()).isGreaterThan(1);
    }

    @Requirement("6056-12")
    @Test
    void algorithm_4_keeps_most_destinations_apart() throws PortUnavailableException {
        PortTable<String> table = tableOf(EphemeralSelection.DOUBLE_HASH, PortRange.DYNAMIC);
        int undisturbed = 0;
        for (int destination = 2; destination <= 1001; destination++) {
            int first = connectAndRelease(table, 1);
            connectAndRelease(table, destination);
            undisturbed += Math.floorMod(connectAndRelease(table, 1) - first, PortRange.DYNAMIC.size()) == 1 ? 1 : 0;
        }
        // The counter of destination 1 is shared with about one in 1024; algorithm 3 would show every connection.
        assertThat(undisturbed).isBetween(980, 1000);
    }

    @Requirement("6056-03")
    @Test
    void the_hashes_reuse_a_port_later_than_chance_does() throws PortUnavailableException {
        int size = PortRange.DYNAMIC.size();
        assertThat(shortestReuse(EphemeralSelection.SIMPLE_HASH)).isEqualTo(size);
        assertThat(shortestReuse(EphemeralSelection.DOUBLE_HASH)).isEqualTo(size);
        int increments = shortestReuse(EphemeralSelection.RANDOM_INCREMENTS.with(10));
        assertThat(increments).isGreaterThan(size / 10).isLessThan(size);
        assertThat(shortestReuse(EphemeralSelection.SIMPLE_RANDOMIZATION)).isLessThan(size / 20);
    }

    /// The least number of connections to one destination, one at a time, from one use of a port to the next.
    private int shortestReuse(EphemeralSelection selection) throws PortUnavailableException {
        PortTable<String> table = tableOf(selection, PortRange.DYNAMIC);
        int[] last = new int[PortRange.PORTS];
        int shortest = Integer.MAX_VALUE;
        for (int i = 1; i <= 20_000; i++) {
            int port = connectAndRelease(table, 80);
            shortest = last[port] == 0 ? shortest : Math.min(shortest, i - last[port]);
            last[port] = i;
        }
        return shortest;
    }

    @Requirement("6056-13")
    @ParameterizedTest
    @ValueSource(ints = {1, 10, 500})
    void algorithm_5_goes_on_by_increments_that_are_uniform_from_1_to_n(int n) throws PortUnavailableException {
        PortTable<String> table = tableOf(EphemeralSelection.RANDOM_INCREMENTS.with(n), PortRange.DYNAMIC);
        int[] seen = new int[n + 1];
        int last = connectAndRelease(table, 80);
        int each = 100;
        for (int i = 0; i < n * each; i++) {
            int port = connectAndRelease(table, 1 + i % 1000); // one sequence for all destinations
            seen[Math.floorMod(port - last, PortRange.DYNAMIC.size())]++;
            last = port;
        }
        assertThat(seen[0]).isZero();
        double chiSquare = 0;
        for (int i = 1; i <= n; i++) {
            chiSquare += Math.pow(seen[i] - each, 2) / each;
        }
        assertThat(chiSquare).isLessThanOrEqualTo(n - 1 + 5 * Math.sqrt(2.0 * (n - 1)));
    }

    @Requirement("6056-14")
    @ParameterizedTest
    @FieldSource("ALL")
    void two_hosts_begin_at_different_ports(EphemeralSelection selection) throws PortUnavailableException {
        TreeSet<Integer> first = new TreeSet<>();
        for (int i = 0; i < 100; i++) {
            first.add(connect(tableOf(selection, PortRange.DYNAMIC), 80).localPort());
        }
        assertThat(first).hasSizeGreaterThan(95); // 0.3 of 100 birthdays are expected to coincide
    }

    @Requirement("6056-15")
    @ParameterizedTest
    @FieldSource("ALL")
    void secret_keys_have_128_bits(EphemeralSelection selection) {
        tableOf(EphemeralSelection.UNIFORM, SMALL);
        int others = draws;
        draws = 0;
        tableOf(selection, SMALL);
        boolean keyed =
                selection.equals(EphemeralSelection.SIMPLE_HASH) || selection.equals(EphemeralSelection.DOUBLE_HASH);
        assertThat(draws - others).isGreaterThanOrEqualTo(keyed ? 4 : 0); // two keys of two longs each
    }

    @Requirement("6056-15")
    @ParameterizedTest
    @FieldSource("ALL")
    void a_new_key_changes_the_sequence_but_takes_no_port_in_use(EphemeralSelection selection)
            throws PortUnavailableException {
        PortTable<String> table = tableOf(selection, PortRange.DYNAMIC);
        BitSet live = new BitSet();
        fill(table, 8000).forEach(flow -> live.set(flow.localPort()));
        int leaps = 0;
        int last = 0;
        for (int i = 0; i < 100; i++) {
            table.rekeySelection();
            int port = connect(table, 80).localPort();
            assertThat(live.get(port)).isFalse();
            live.set(port);
            leaps += Math.abs(port - last) > 1 ? 1 : 0;
            last = port;
        }
        assertThat(leaps).isGreaterThan(30); // about half of the offsets fall into the run that the hashes have made
    }

    @Requirement("6056-16")
    @ParameterizedTest
    @FieldSource("ALL")
    void a_bind_with_port_0_gets_a_port_that_is_no_sequence(EphemeralSelection selection)
            throws PortUnavailableException {
        PortTable<String> table = tableOf(selection, PortRange.DYNAMIC);
        int last = 0;
        int neighbours = 0;
        for (int i = 0; i < 200; i++) {
            int port = table.bind(ME.hi(), ME.lo(), 0, 0, null).port();
            assertThat(PortRange.DYNAMIC.contains(port)).isTrue();
            neighbours += Math.abs(port - last) <= 1 ? 1 : 0;
            last = port;
        }
        assertThat(neighbours).isLessThan(10);
    }

    @Requirement("6056-17")
    @Test
    void tcp_and_udp_use_the_same_number_at_once() throws PortUnavailableException {
        PortRange one = new PortRange(50_000, 50_000);
        PortPolicy policy = PortPolicy.dynamic().withEphemeral(one);
        for (Transport transport : List.of(Transport.TCP, Transport.UDP)) {
            PortTable<String> table = new PortTable<>(transport, policy, random::nextLong);
            assertThat(connect(table, 80).localPort()).isEqualTo(50_000);
        }
    }

    @Test
    void a_parameter_that_makes_no_sense_is_refused_with_what_is_allowed() {
        assertThatThrownBy(() -> EphemeralSelection.RANDOM_INCREMENTS.with(0))
                .hasMessage("The parameter of RANDOM_INCREMENTS is the largest increment, 1 to 65536, not 0");
        assertThatThrownBy(() -> EphemeralSelection.UNIFORM.with(1)).hasMessage("UNIFORM has no parameter (0), not 1");
        assertThat(EphemeralSelection.RANDOM_INCREMENTS).hasToString("random-increments 500");
        assertThat(EphemeralSelection.UNIFORM).hasToString("uniform");
    }

    @ParameterizedTest
    @FieldSource("ALL")
    void what_a_selection_is_called_can_be_read_again(EphemeralSelection selection) {
        assertThat(EphemeralSelection.parse(selection.toString())).isEqualTo(selection);
        String name = selection.toString().split(" ")[0];
        assertThat(EphemeralSelection.parse(" " + name.toUpperCase(Locale.ROOT)))
                .isEqualTo(selection);
    }

    @Test
    void a_selection_may_have_a_number_and_what_is_none_is_refused_with_what_there_is() {
        assertThat(EphemeralSelection.parse("random-increments:7"))
                .isEqualTo(EphemeralSelection.RANDOM_INCREMENTS.with(7));
        assertThatThrownBy(() -> EphemeralSelection.parse("dice"))
                .hasMessage("'dice' is not a way to choose ports; there are uniform, simple-randomization,"
                        + " random-tries, simple-hash, double-hash, random-increments");
        assertThatThrownBy(() -> EphemeralSelection.parse("random-tries:many"))
                .hasMessage("'many' is not a number for random-tries");
        assertThatThrownBy(() -> EphemeralSelection.parse("random-tries:0"))
                .hasMessage("The parameter of RANDOM_TRIES is the tries, 1 to 1024, not 0");
    }
}
