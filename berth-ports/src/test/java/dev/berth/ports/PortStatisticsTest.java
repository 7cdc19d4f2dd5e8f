package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class PortStatisticsTest {
    private static final IpAddress ME = IpAddress.parse("10.0.0.1");
    private static final IpAddress PEER = IpAddress.parse("10.0.0.2");
    private static final long SECOND = 1_000_000_000L;

    private final Random random = new Random(5);

    private PortTable<String> tableOf(int ports) {
        PortRange range = new PortRange(50_000, 50_000 + ports - 1);
        return new PortTable<>(Transport.TCP, PortPolicy.dynamic().withEphemeral(range), random::nextLong);
    }

    private static List<Flow> connect(PortTable<String> table, int remotePort, int count)
            throws PortUnavailableException {
        List<Flow> flows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Flow flow = new TestFlow(ME, 0, PEER, remotePort);
            table.connect(flow, null, 0);
            flows.add(flow);
        }
        return flows;
    }

    private static List<PortWarning> warnings(PortTable<String> table) {
        List<PortWarning> taken = new ArrayList<>();
        PortWarning warning;
        while ((warning = table.statistics().pollWarning()) != null) {
            taken.add(warning);
        }
        return taken;
    }

    @Test
    void a_destination_is_warned_of_once_at_80_and_once_at_95_per_cent() throws Exception {
        PortTable<String> table = tableOf(100);
        connect(table, 443, 79);
        assertThat(warnings(table)).isEmpty();
        connect(table, 443, 15);
        assertThat(warnings(table)).singleElement().satisfies(warning -> {
            assertThat(warning.level()).isEqualTo(80);
            assertThat(warning.inUse()).isEqualTo(80);
            assertThat(warning.usable()).isEqualTo(100);
            assertThat(warning.remote()).isEqualTo(new Endpoint(PEER, 443));
            assertThat(warning)
                    .hasToString("More than 80 % of the TCP ports of 10.0.0.1 towards 10.0.0.2:443 are in use:"
                            + " 80 of 100 ports of 50000-50099 are in use, 0 flows are in TIME-WAIT."
                            + " Connections that are shared or closed when they are done with would help, and so"
                            + " would another local or remote address or a wider ephemeral range.");
        });
        connect(table, 443, 6);
        assertThat(warnings(table)).extracting(PortWarning::level).containsExactly(95);
    }

    @Test
    void a_warning_is_given_again_only_after_the_fill_was_below_70_per_cent() throws Exception {
        PortTable<String> table = tableOf(100);
        List<Flow> flows = connect(table, 443, 80);
        assertThat(warnings(table)).hasSize(1);
        for (Flow flow : flows.subList(0, 10)) {
            table.release(flow);
        }
        connect(table, 443, 10);
        assertThat(warnings(table)).as("70 is not below 70").isEmpty();
        for (Flow flow : flows.subList(10, 21)) {
            table.release(flow);
        }
        connect(table, 443, 11);
        assertThat(warnings(table)).extracting(PortWarning::level).containsExactly(80);
    }

    @Test
    void bound_ports_do_not_count_as_usable() throws Exception {
        PortTable<String> table = tableOf(100);
        for (int port = 50_000; port < 50_050; port++) {
            table.bind(ME.hi(), ME.lo(), port, 0, null);
        }
        connect(table, 443, 40);
        assertThat(warnings(table)).singleElement().satisfies(warning -> {
            assertThat(warning.usable()).isEqualTo(50);
            assertThat(warning.inUse()).isEqualTo(40);
        });
    }

    @Test
    void memory_for_warnings_is_bounded_and_what_is_lost_is_counted() throws Exception {
        PortTable<String> table = tableOf(10);
        for (int port = 1; port <= 200; port++) {
            connect(table, port, 8);
        }
        assertThat(warnings(table)).hasSize(16);
        assertThat(table.pages().counters().warningsLost()).isEqualTo(64 - 16 + 200 - 64);
    }

    @Test
    void a_full_range_for_binds_is_warned_of() throws Exception {
        PortTable<String> table = tableOf(100);
        List<PortBinding<String>> bound = new ArrayList<>();
        for (int i = 0; i < 80; i++) {
            bound.add(table.bind(ME.hi(), ME.lo(), 0, 0, null));
        }
        assertThat(warnings(table)).singleElement().satisfies(warning -> {
            assertThat(warning.remote()).isNull();
            assertThat(warning.toString())
                    .startsWith("More than 80 % of the TCP ports for binds with port 0 are taken: 80 of 100 ports");
        });
        bound.subList(0, 30).forEach(table::close);
        for (int i = 0; i < 45; i++) {
            table.bind(ME.hi(), ME.lo(), 0, 0, null);
        }
        assertThat(warnings(table)).extracting(PortWarning::level).containsExactly(80, 95);
    }

    @Test
    void ports_outside_of_the_lease_do_not_count_as_taken() throws Exception {
        PortTable<String> table = tableOf(100);
        int first = table.policy().ephemeral().first();
        table.lease(PortLease.of(new PortRange(first, first + 9)));
        for (int i = 0; i < 7; i++) {
            table.bind(ME.hi(), ME.lo(), 0, 0, null);
        }
        assertThat(warnings(table)).isEmpty();
        table.bind(ME.hi(), ME.lo(), 0, 0, null);
        assertThat(warnings(table)).singleElement().satisfies(warning -> {
            assertThat(warning.inUse()).isEqualTo(8);
            assertThat(warning.usable()).isEqualTo(10);
        });
    }

    @Test
    void high_water_marks_stay_when_the_flows_are_gone() throws Exception {
        PortTable<String> table = tableOf(100);
        List<Flow> flows = connect(table, 443, 30);
        flows.addAll(connect(table, 80, 7));
        for (Flow flow : flows.subList(0, 5)) {
            TimeWaitFlow waiting = new TestTimeWait(flow, 0);
            table.replace(flow, waiting);
            table.release(waiting);
        }
        flows.subList(5, flows.size()).forEach(table::release);
        PortCounters counters = table.pages().counters();
        assertThat(counters.flows()).isZero();
        assertThat(counters.mostFlows()).isEqualTo(37);
        assertThat(counters.mostTimeWait()).isEqualTo(1);
        assertThat(counters.mostTowards()).isEqualTo(30);
        assertThat(counters.mostTowardsLocal()).isEqualTo(ME);
        assertThat(counters.mostTowardsRemote()).isEqualTo(new Endpoint(PEER, 443));
    }

    @Test
    void refusals_are_counted_by_reason() throws Exception {
        PortTable<String> table = new PortTable<>(
                Transport.TCP,
                PortPolicy.dynamic()
                        .withEphemeral(new PortRange(50_000, 50_000))
                        .withFirstUnprivileged(1024),
                random::nextLong);
        table.bind(ME.hi(), ME.lo(), 5_000, 0, null);
        connect(table, 443, 1);
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> table.bind(ME.hi(), ME.lo(), 5_000, 0, null))
                    .hasMessageContaining("5000");
        }
        assertThatThrownBy(() -> table.bind(ME.hi(), ME.lo(), 80, 0, null)).hasMessageContaining("below 1024");
        assertThatThrownBy(() -> table.bind(ME.hi(), ME.lo(), 0, 0, null)).hasMessageContaining("left to bind");
        assertThatThrownBy(() -> connect(table, 443, 1)).hasMessageContaining("towards");
        PortCounters counters = table.pages().counters();
        assertThat(counters.refusals())
                .containsEntry(PortError.ADDRESS_IN_USE, 2L)
                .containsEntry(PortError.PERMISSION_DENIED, 1L)
                .containsEntry(PortError.EXHAUSTED, 1L)
                .containsEntry(PortError.ADDRESS_NOT_AVAILABLE, 1L);
        assertThat(table.statistics().refusals(PortError.ADDRESS_IN_USE)).isEqualTo(2);
    }

    @Test
    void a_refusal_says_who_holds_the_port_and_for_how_long() throws Exception {
        PortTable<String> table = tableOf(100);
        PortOwner owner = () -> "web server";
        PortBinding<String> server =
                table.bind(IpAddress.ANY_IPV4.hi(), IpAddress.ANY_IPV4.lo(), 80, 0, owner, 10 * SECOND);
        table.listen(server, "listener", 10 * SECOND);
        for (int i = 0; i < 2; i++) {
            table.accept(new TestFlow(ME, 80, PEER, 5_000 + i), server);
        }
        PortUnavailableException e = catchThrowableOfType(
                PortUnavailableException.class, () -> table.bind(ME.hi(), ME.lo(), 80, 0, null, 202 * SECOND));
        assertThat(e)
                .hasMessage("Address already in use: TCP 10.0.0.1:80 is held by web server, 0.0.0.0:80 LISTEN,"
                        + " for 3 min 12 s, with 2 flows");
    }

    @Test
    void ages_are_told_in_two_units_at_most() {
        assertThat(PortAge.text(PortAge.UNKNOWN)).isEmpty();
        assertThat(PortAge.text(0)).isEqualTo("0 ms");
        assertThat(PortAge.text(SECOND - 1)).isEqualTo("999 ms");
        assertThat(PortAge.text(59 * SECOND)).isEqualTo("59 s");
        assertThat(PortAge.text(60 * SECOND)).isEqualTo("1 min");
        assertThat(PortAge.text(192 * SECOND)).isEqualTo("3 min 12 s");
        assertThat(PortAge.text(3_600 * SECOND + 125 * SECOND)).isEqualTo("1 h 2 min");
        assertThat(PortAge.text(86_400 * SECOND * 3 + 4 * 3_600 * SECOND)).isEqualTo("3 d 4 h");
        assertThat(PortAge.between(5, 3)).isZero();
        assertThat(PortAge.between(PortAge.UNKNOWN, 3)).isEqualTo(PortAge.UNKNOWN);
    }
}
