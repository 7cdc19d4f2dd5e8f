package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.berth.check.Requirement;
import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The choice of ephemeral ports: RFC 6056.
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class EphemeralPortTest {
    private static final IpAddress ME = IpAddress.parse("10.0.0.1");
    private static final IpAddress SERVER = IpAddress.parse("10.0.0.2");
    private static final int PORTS = 16_384;

    private final Random random = new Random(42);
    private final PortTable<String> table = tableOf(PortPolicy.dynamic());

    private PortTable<String> tableOf(PortPolicy policy) {
        return new PortTable<>(Transport.TCP, policy, random::nextLong);
    }

    private static TestFlow connect(PortTable<String> table, int remotePort) throws PortUnavailableException {
        TestFlow flow = new TestFlow(ME, 0, SERVER, remotePort);
        assertThat(table.connect(flow, null, 0)).isNull();
        return flow;
    }

    private static PortUnavailableException refusal(PortTable<String> table, int remotePort) {
        return catchThrowableOfType(PortUnavailableException.class, () -> connect(table, remotePort));
    }

    @Requirement("6056-01")
    @Test // RFC 6056 section 2.2: the chosen port makes a unique five-tuple
    void every_port_of_the_range_is_handed_out_once_towards_one_destination() throws PortUnavailableException {
        BitSet seen = new BitSet();
        for (int i = 0; i < PORTS; i++) {
            seen.set(connect(table, 80).localPort());
        }
        assertThat(seen.cardinality()).isEqualTo(PORTS);
        assertThat(seen.nextSetBit(0)).isEqualTo(PortRange.DYNAMIC.first());
        assertThat(refusal(table, 80).reason()).isEqualTo(PortError.ADDRESS_NOT_AVAILABLE);
        assertThat(table.flowCount()).isEqualTo(PORTS);
    }

    @Test
    void a_range_full_towards_one_destination_is_free_towards_another() throws PortUnavailableException {
        for (int i = 0; i < PORTS; i++) {
            connect(table, 80);
        }
        assertThat(table.freePorts(ME.hi(), ME.lo(), SERVER.hi(), SERVER.lo(), 80))
                .isZero();
        assertThat(table.freePorts(ME.hi(), ME.lo(), SERVER.hi(), SERVER.lo(), 443))
                .isEqualTo(PORTS);
        assertThat(connect(table, 443).localPort()).isGreaterThanOrEqualTo(49_152);
    }

    @Test // RFC 6056 section 3.2: the whole range is used, down to one port
    void a_range_of_one_port_gives_that_port() throws PortUnavailableException {
        PortTable<String> one = tableOf(PortPolicy.dynamic().withEphemeral(new PortRange(65_535, 65_535)));
        assertThat(connect(one, 80).localPort()).isEqualTo(65_535);
        assertThat(refusal(one, 80)).isNotNull();
    }

    @Requirement("6056-06")
    @ParameterizedTest
    @CsvSource({
        "dynamic, 49152-65535, LINUX",
        "Linux, 32768-60999, LINUX",
        "freebsd, 10000-65535, FREEBSD",
        "windows, 49152-65535, WINDOWS"
    })
    void a_policy_has_a_name_and_none_gives_a_client_a_system_port(String name, String range, BindRules rules) {
        PortPolicy policy = PortPolicy.of(name);
        assertThat(policy.ephemeral()).isEqualTo(PortRange.parse(range));
        assertThat(policy.ephemeral().first()).isGreaterThan(PortRange.SYSTEM.last());
        assertThat(policy.bindRules()).isEqualTo(rules);
    }

    @Test
    void a_policy_that_does_not_exist_is_refused_with_those_that_do() {
        assertThatThrownBy(() -> PortPolicy.of("plan9"))
                .hasMessage("'plan9' is not a policy of ports; there are dynamic, linux, freebsd and windows");
    }

    @Requirement("6056-06")
    @Test
    void the_whole_range_of_ports_can_be_ephemeral() throws PortUnavailableException {
        PortTable<String> all = tableOf(PortPolicy.dynamic().withEphemeral(PortRange.ALL));
        BitSet seen = new BitSet();
        for (int i = 0; i < 65_535; i++) {
            seen.set(connect(all, 80).localPort());
        }
        assertThat(seen.cardinality()).isEqualTo(65_535);
        assertThat(seen.get(0)).isFalse();
        assertThat(refusal(all, 80)).isNotNull();
    }

    @Test
    void the_one_free_port_is_found_wherever_it_is() throws PortUnavailableException {
        List<TestFlow> flows = new ArrayList<>();
        for (int i = 0; i < PORTS; i++) {
            flows.add(connect(table, 80));
        }
        Collections.shuffle(flows, random);
        for (TestFlow flow : flows.subList(0, 2000)) {
            int port = flow.localPort();
            table.release(flow);
            assertThat(connect(table, 80).localPort()).isEqualTo(port);
        }
    }

    @Requirement("6056-02")
    @Requirement("6056-07")
    @Test // RFC 6056 section 2.2
    void ports_bound_or_reserved_are_never_chosen() throws PortUnavailableException {
        PortPolicy policy = PortPolicy.dynamic().withReserved(new PortRange(50_000, 60_000));
        PortTable<String> small = tableOf(policy);
        small.listen(small.bind(0, IpAddress.ANY_IPV4.lo(), 49_152, 0, null), "server");
        small.bind(ME.hi(), ME.lo(), 65_535, 0, null);
        int free = PORTS - 10_001 - 2;
        assertThat(small.freePorts(ME.hi(), ME.lo(), SERVER.hi(), SERVER.lo(), 80))
                .isEqualTo(free);
        for (int i = 0; i < free; i++) {
            int port = connect(small, 80).localPort();
            assertThat(port).isNotIn(49_152, 65_535);
            assertThat(port < 50_000 || port > 60_000).isTrue();
        }
        assertThat(refusal(small, 80)).isNotNull();
    }

    @Test
    void a_connect_to_oneself_never_gets_its_own_end() throws PortUnavailableException {
        PortTable<String> small = tableOf(PortPolicy.dynamic().withEphemeral(new PortRange(50_000, 50_003)));
        for (int i = 0; i < 3; i++) {
            TestFlow flow = new TestFlow(ME, 0, ME, 50_002);
            small.connect(flow, null, 0);
            assertThat(flow.localPort()).isNotEqualTo(50_002);
        }
        assertThat(catchThrowableOfType(
                        PortUnavailableException.class, () -> small.connect(new TestFlow(ME, 0, ME, 50_002), null, 0)))
                .isNotNull();
    }

    @ParameterizedTest // chi-square over the free ports, natural fill
    @ValueSource(ints = {0, 100, 1000, 8192, 14_746, 16_220, 16_368})
    void the_choice_is_uniform_over_the_free_ports(int occupied) throws PortUnavailableException {
        for (int i = 0; i < occupied; i++) {
            connect(table, 80);
        }
        assertUniform(table, PORTS - occupied);
    }

    @ParameterizedTest // the same where blocked ports are many and the sets have to be joined
    @ValueSource(ints = {0, 4000, 8000})
    void the_choice_is_uniform_beside_many_reserved_ports(int occupied) throws PortUnavailableException {
        PortTable<String> narrow = tableOf(PortPolicy.dynamic().withReserved(new PortRange(49_152, 57_343)));
        for (int i = 0; i < occupied; i++) {
            connect(narrow, 80);
        }
        assertUniform(narrow, 8192 - occupied);
    }

    /// Draws 64 ports a bin and compares with the uniform distribution; a bin is one free port, or several
    /// neighbours.
    private static void assertUniform(PortTable<String> table, int free) throws PortUnavailableException {
        int bins = Math.min(free, 256);
        int draws = bins * 64;
        List<Integer> freePorts = freePorts(table);
        assertThat(freePorts).hasSize(free);
        int[] seen = new int[bins];
        double[] expected = new double[bins];
        for (int i = 0; i < free; i++) {
            expected[(int) ((long) i * bins / free)] += (double) draws / free;
        }
        for (int i = 0; i < draws; i++) {
            TestFlow flow = connect(table, 80);
            int index = Collections.binarySearch(freePorts, flow.localPort());
            seen[(int) ((long) index * bins / free)]++;
            table.release(flow);
        }
        double chiSquare = 0;
        for (int i = 0; i < bins; i++) {
            double difference = seen[i] - expected[i];
            chiSquare += difference * difference / expected[i];
        }
        // Mean and variance of chi-square with n degrees of freedom are n and 2n: five deviations are allowed.
        int degrees = bins - 1;
        assertThat(chiSquare).isBetween(degrees - 5 * Math.sqrt(2.0 * degrees), degrees + 5 * Math.sqrt(2.0 * degrees));
    }

    private static List<Integer> freePorts(PortTable<String> table) {
        BitSet taken = new BitSet();
        table.visitFlows(flow -> {
            taken.set(flow.localPort());
            return true;
        });
        for (PortRange range : table.policy().reserved()) {
            taken.set(range.first(), range.last() + 1);
        }
        List<Integer> free = new ArrayList<>();
        for (int port = 49_152; port <= 65_535; port++) {
            if (!taken.get(port)) {
                free.add(port);
            }
        }
        return free;
    }

    @Requirement("6056-04")
    @Requirement("6056-08")
    @Test // RFC 6056 section 3.1: no correlation between one choice and the next
    void successive_choices_are_not_correlated() throws PortUnavailableException {
        int n = 20_000;
        double sum = 0;
        double last = (connect(table, 1).localPort() - 57_343.5) / PORTS;
        for (int i = 0; i < n; i++) {
            TestFlow flow = connect(table, 2);
            double next = (flow.localPort() - 57_343.5) / PORTS;
            table.release(flow);
            sum += last * next;
            last = next;
        }
        // The product of two independent uniform variables has the deviation 1/12.
        assertThat(Math.abs(sum / n)).isLessThan(5.0 / 12 / Math.sqrt(n));
    }

    @Requirement("6056-04")
    @Test // chi-square over the differences of choices made in turn towards two destinations
    void the_choices_towards_two_destinations_are_not_correlated() throws PortUnavailableException {
        int bins = 128;
        int each = 100;
        int[] seen = new int[bins];
        for (int i = 0; i < bins * each; i++) {
            TestFlow one = connect(table, 1);
            TestFlow other = connect(table, 2);
            seen[Math.floorMod(one.localPort() - other.localPort(), PORTS) / (PORTS / bins)]++;
            table.release(one);
            table.release(other);
        }
        double chiSquare = 0;
        for (int n : seen) {
            chiSquare += Math.pow(n - each, 2) / each;
        }
        assertThat(chiSquare).isLessThan(bins - 1 + 5 * Math.sqrt(2.0 * (bins - 1)));
    }

    @Requirement("6056-04")
    @ParameterizedTest // free ports: all, or a tenth of them
    @ValueSource(ints = {0, 14_746})
    void the_next_choice_cannot_be_told_from_the_last_thousand(int occupied) throws PortUnavailableException {
        for (int i = 0; i < occupied; i++) {
            connect(table, 80);
        }
        int[] last = new int[1000];
        for (int i = 0; i < last.length; i++) {
            last[i] = choose(table);
        }
        int predictors = 5;
        int[] hits = new int[predictors];
        int n = 20_000;
        for (int i = 0; i < n; i++) {
            int next = choose(table);
            int at = i % last.length;
            int newest = last[(at + last.length - 1) % last.length];
            int second = last[(at + last.length - 2) % last.length];
            hits[0] += next == newest ? 1 : 0; // the same again
            hits[1] += Math.abs(next - newest) == 1 ? 1 : 0; // a neighbour
            hits[2] += next == 2 * newest - second ? 1 : 0; // the same step again
            hits[3] += next == last[at] ? 1 : 0; // a period of a thousand
            hits[4] += next == (newest ^ second) ? 1 : 0; // a linear register
            last[at] = next;
        }
        // Chance hits about n / free times, twice that for the neighbours.
        double expected = 2.0 * n / (PORTS - occupied);
        for (int hit : hits) {
            assertThat((double) hit).isLessThan(expected + 6 * Math.sqrt(expected));
        }
    }

    private static int choose(PortTable<String> table) throws PortUnavailableException {
        TestFlow flow = connect(table, 80);
        table.release(flow);
        return flow.localPort();
    }

    @Test
    void the_same_entropy_gives_the_same_ports_and_another_gives_others() throws PortUnavailableException {
        List<List<Integer>> runs = new ArrayList<>();
        for (long seed : new long[] {1, 1, 2}) {
            PortTable<String> fresh = new PortTable<>(Transport.TCP, PortPolicy.linux(), new Random(seed)::nextLong);
            List<Integer> ports = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                ports.add(connect(fresh, 80).localPort());
            }
            runs.add(ports);
        }
        assertThat(runs.get(0)).isEqualTo(runs.get(1)).isNotEqualTo(runs.get(2));
    }

    @Test
    void exhaustion_says_how_full_the_range_is_and_how_much_of_it_waits() throws PortUnavailableException {
        for (int i = 0; i < PORTS; i++) {
            TestFlow flow = connect(table, 80);
            if (i % 4 == 0) {
                table.replace(flow, new TestTimeWait(flow, 1000));
            }
        }
        PortUnavailableException e = refusal(table, 80);
        assertThat(e)
                .hasMessage("Cannot assign requested address: no TCP port of 10.0.0.1 is left towards 10.0.0.2:80: "
                        + "of the 16384 ports 49152-65535, 16384 are in use towards it, 4096 of them in TIME-WAIT; "
                        + "connections that are kept open and used again, timestamps (RFC 6191), a wider range or "
                        + "another local address would help");
        assertThat(e.getStackTrace()).isEmpty();
        assertThat(e.timeWait()).isEqualTo(4096);
        assertThat(e.inUse()).isEqualTo(PORTS);
    }

    @Requirement("6056-03")
    @Test // RFC 6056 section 2.3, RFC 6191
    void time_wait_keeps_its_port_from_its_destination_until_it_may_be_reused() throws PortUnavailableException {
        List<TestTimeWait> waiting = new ArrayList<>();
        for (int i = 0; i < PORTS; i++) {
            TestFlow flow = connect(table, 80);
            waiting.add(new TestTimeWait(flow, 1000 + i));
            table.replace(flow, waiting.getLast());
        }
        assertThat(refusal(table, 80).reason()).isEqualTo(PortError.ADDRESS_NOT_AVAILABLE);

        for (int i = 0; i < 100; i++) {
            TestFlow flow = new TestFlow(ME, 0, SERVER, 80);
            assertThat(table.connect(flow, null, 1000 + i)).isSameAs(waiting.get(i));
            assertThat(flow.localPort()).isEqualTo(waiting.get(i).localPort());
            assertThat(catchThrowableOfType(
                            PortUnavailableException.class,
                            () -> table.connect(new TestFlow(ME, 0, SERVER, 80), null, 1000)))
                    .isNotNull();
        }
        assertThat(table.timeWaitCount()).isEqualTo(PORTS - 100);
    }

    @Test
    void a_connect_to_oneself_does_not_take_over_a_flow_that_was_connected_to_itself() throws PortUnavailableException {
        PortTable<String> small = tableOf(PortPolicy.dynamic().withEphemeral(new PortRange(50_000, 50_001)));
        TestFlow self = new TestFlow(ME, 50_000, ME, 50_000);
        small.connect(self, null, 0);
        small.replace(self, new TestTimeWait(self, 0));
        small.connect(new TestFlow(ME, 0, ME, 50_000), null, 0);
        assertThat(catchThrowableOfType(
                        PortUnavailableException.class,
                        () -> small.connect(new TestFlow(ME, 0, ME, 50_000), null, 1000)))
                .isNotNull();
    }

    @Test
    void a_million_destinations_one_after_another_leave_nothing() throws PortUnavailableException {
        TestFlow flow = new TestFlow(ME, 0, SERVER, 80);
        for (int i = 0; i < 1_000_000; i++) {
            flow.setTuple(ME.hi(), ME.lo(), 0, SERVER.hi(), SERVER.lo() + i, 80);
            table.connect(flow, null, 0);
            table.release(flow);
        }
        assertThat(table.isPristine()).isTrue();
    }

    @Test
    void many_destinations_vanish_with_their_last_flow() throws PortUnavailableException {
        List<Flow> flows = new ArrayList<>();
        for (int port = 1; port <= 20_000; port++) {
            flows.add(connect(table, port));
        }
        Collections.shuffle(flows, random);
        flows.forEach(table::release);
        assertThat(table.isPristine()).isTrue();
        assertThat(table.snapshot().destinations()).isEmpty();
    }
}
