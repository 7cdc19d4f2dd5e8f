package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.berth.wire.IpAddress;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/// Ranges, the ranges of sockets and leases.
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class PortMaskTest {
    private static final IpAddress ME = IpAddress.parse("10.0.0.1");
    private static final IpAddress SERVER = IpAddress.parse("10.0.0.2");

    private final SplittableRandom random = new SplittableRandom(7);
    private final PortTable<String> table = tableOf(PortPolicy.dynamic());

    private PortTable<String> tableOf(PortPolicy policy) {
        return new PortTable<>(Transport.TCP, policy, random::nextLong);
    }

    private static TestFlow connect(PortTable<String> table, PortRange within) throws PortUnavailableException {
        TestFlow flow = new TestFlow(ME, 0, SERVER, 80);
        table.connect(flow, null, within, 0);
        return flow;
    }

    private static PortUnavailableException refusal(PortTable<String> table, PortRange within) {
        return catchThrowableOfType(PortUnavailableException.class, () -> connect(table, within));
    }

    @Test
    void the_presets_have_the_ranges_of_their_platforms() {
        assertThat(PortPolicy.dynamic().ephemeral()).hasToString("49152-65535");
        assertThat(PortPolicy.linux().ephemeral()).hasToString("32768-60999");
        assertThat(PortPolicy.freebsd().ephemeral()).hasToString("10000-65535");
        assertThat(PortPolicy.windows().ephemeral()).hasToString("49152-65535");
    }

    @Test
    void a_socket_with_a_range_gets_ports_of_it_and_no_others() throws PortUnavailableException {
        PortRange within = new PortRange(50_000, 50_009);
        TreeSet<Integer> seen = new TreeSet<>();
        for (int i = 0; i < 10; i++) {
            seen.add(connect(table, within).localPort());
        }
        assertThat(seen).hasSize(10).allMatch(within::contains);
        assertThat(refusal(table, within))
                .hasMessage("Cannot assign requested address: no TCP port of 10.0.0.1 is left towards 10.0.0.2:80: of "
                        + "the 10 ports 50000-50009 (the socket's range within 49152-65535), 10 are in use towards it; "
                        + "a wider range, another local address or fewer flows at once would help");
        assertThat(connect(table, PortRange.ALL).localPort()).isNotIn(seen);
    }

    @Test
    void a_bind_with_a_range_gets_a_port_of_it() throws PortUnavailableException {
        PortRange within = new PortRange(50_000, 50_001);
        for (int i = 0; i < 2; i++) {
            int port = table.bind(ME.hi(), ME.lo(), 0, 0, within, null, 0).port();
            assertThat(within.contains(port)).isTrue();
        }
        assertThatThrownBy(() -> table.bind(ME.hi(), ME.lo(), 0, 0, within, null, 0))
                .isInstanceOf(PortUnavailableException.class)
                .hasMessageContaining("of the 2 ports 50000-50001 (the socket's range within 49152-65535), 0 carry "
                        + "flows without a bind, and 2 are bound, reserved or not leased");
        assertThat(table.bind(ME.hi(), ME.lo(), 80, 0, within, null, 0).port()).isEqualTo(80);
    }

    // ip(7): "If either bound is outside of the global local port range, or is zero, then that bound has no effect."
    @Test
    void a_range_that_reaches_beyond_the_hosts_is_cut() throws PortUnavailableException {
        for (int i = 0; i < 50; i++) {
            assertThat(connect(table, new PortRange(1000, 49_201)).localPort()).isBetween(49_152, 49_201);
        }
        assertThat(refusal(table, new PortRange(1000, 49_201))).isNotNull();
    }

    @Test
    void a_range_that_has_no_port_of_the_hosts_is_refused() {
        assertThat(refusal(table, new PortRange(1000, 2000)))
                .hasMessageContaining(
                        "the socket's range 1000-2000 and the host's range 49152-65535 have no port in common");
    }

    @Test
    void a_lease_restricts_the_choice_to_its_blocks() throws PortUnavailableException {
        table.lease(PortLease.of(new PortRange(50_000, 50_063), new PortRange(60_000, 60_063)));
        TreeSet<Integer> seen = new TreeSet<>();
        for (int i = 0; i < 128; i++) {
            seen.add(connect(table, PortRange.ALL).localPort());
        }
        assertThat(seen.subSet(50_000, 50_064)).hasSize(64);
        assertThat(seen.subSet(60_000, 60_064)).hasSize(64);
        assertThat(refusal(table, PortRange.ALL))
                .hasMessageContaining("128 are in use towards it, and 16256 are bound, reserved or not leased");
    }

    @Test
    void a_change_of_the_lease_leaves_live_flows_and_bindings_alone() throws PortUnavailableException {
        table.lease(PortLease.of(new PortRange(50_000, 50_003)));
        TestFlow flow = connect(table, PortRange.ALL);
        PortBinding<String> server = table.bind(ME.hi(), ME.lo(), 0, 0, null);
        table.listen(server, "server");

        table.lease(PortLease.of(new PortRange(50_100, 50_103)));
        for (int i = 0; i < 4; i++) {
            assertThat(connect(table, PortRange.ALL).localPort()).isBetween(50_100, 50_103);
        }
        assertThat(refusal(table, PortRange.ALL)).isNotNull();
        assertThat(table.lookup(ME.hi(), ME.lo(), flow.localPort(), SERVER.hi(), SERVER.lo(), 80))
                .isSameAs(flow);
        assertThat(table.lookupListener(ME.hi(), ME.lo(), server.port(), SERVER.hi(), SERVER.lo(), 1))
                .isEqualTo("server");

        table.release(flow);
        table.close(server);
        table.lease(PortLease.of(new PortRange(50_000, 50_003)));
        for (int i = 0; i < 4; i++) {
            assertThat(connect(table, PortRange.ALL).localPort()).isBetween(50_000, 50_003);
        }
    }

    @Test
    void a_port_that_was_bound_while_not_leased_can_be_chosen_when_both_end() throws PortUnavailableException {
        PortRange one = new PortRange(50_000, 50_000);
        table.lease(PortLease.of(new PortRange(50_001, 50_001)));
        PortBinding<String> binding = table.bind(ME.hi(), ME.lo(), 50_000, 0, null);
        table.lease(PortLease.of(one));
        assertThat(refusal(table, PortRange.ALL)).isNotNull();
        table.close(binding);
        assertThat(connect(table, PortRange.ALL).localPort()).isEqualTo(50_000);
    }

    @Test
    void a_lease_that_leaves_no_port_is_refused_and_changes_nothing() throws PortUnavailableException {
        PortTable<String> small = tableOf(PortPolicy.dynamic().withReserved(new PortRange(50_000, 50_010)));
        PortLease lease = PortLease.of(new PortRange(40_000, 41_000), new PortRange(50_000, 50_010));
        assertThatThrownBy(() -> small.lease(lease))
                .hasMessage("The lease of 40000-41000, 50000-50010 leaves no port of 49152-65535 that is not reserved; "
                        + "at least one must be leased");
        assertThat(small.lease()).isEqualTo(PortLease.EVERYTHING);
        assertThat(connect(small, PortRange.ALL).localPort()).isGreaterThanOrEqualTo(49_152);
        assertThatThrownBy(() -> new PortLease(List.of())).hasMessage("A lease has at least one block of ports");
    }

    @Test // RFC 7597 section 5.1 and its example: a = 6, k = 8, PSID 0x34 has the ports 1232-1235 first
    void a_port_set_of_map_is_a_lease() {
        PortLease lease = PortLease.portSet(6, 8, 0x34);
        assertThat(lease.blocks()).hasSize(63);
        assertThat(lease.blocks().getFirst()).hasToString("1232-1235");
        assertThat(lease.blocks().get(1)).hasToString("2256-2259");
        assertThat(lease.blocks().getLast()).hasToString("64720-64723");
        assertThat(PortLease.portSet(0, 2, 3).blocks()).hasToString("[49152-65535]");
        assertThatThrownBy(() -> PortLease.portSet(6, 8, 256))
                .hasMessage("An identifier of 8 bits is 0 to 255, not 256");
        assertThatThrownBy(() -> PortLease.portSet(6, 11, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void the_port_sets_of_map_divide_the_ports_among_the_hosts() {
        int[] owners = new int[PortRange.PORTS];
        for (int id = 0; id < 256; id++) {
            for (PortRange block : PortLease.portSet(6, 8, id).blocks()) {
                for (int port = block.first(); port <= block.last(); port++) {
                    owners[port]++;
                }
            }
        }
        for (int port = 0; port < PortRange.PORTS; port++) {
            assertThat(owners[port]).isEqualTo(port < 1024 ? 0 : 1);
        }
    }

    @Test
    void flows_are_chosen_uniformly_from_scattered_leases() throws PortUnavailableException {
        table.lease(PortLease.portSet(6, 8, 0x34)); // 16 blocks of 4 ports are dynamic ones
        int[] seen = new int[PortRange.PORTS];
        for (int i = 0; i < 6400; i++) {
            TestFlow flow = connect(table, PortRange.ALL);
            seen[flow.localPort()]++;
            table.release(flow);
        }
        double chiSquare = 0;
        int ports = 0;
        for (int port = 0; port < PortRange.PORTS; port++) {
            if (PortRange.DYNAMIC.contains(port) && (port >> 2 & 0xff) == 0x34) {
                chiSquare += Math.pow(seen[port] - 100, 2) / 100;
                ports++;
            } else {
                assertThat(seen[port]).isZero();
            }
        }
        assertThat(ports).isEqualTo(64);
        assertThat(chiSquare).isLessThan(63 + 5 * Math.sqrt(2 * 63));
    }
}
