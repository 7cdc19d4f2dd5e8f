package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Seeds;
import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class PortPagesTest {
    private static final IpAddress ME = IpAddress.parse("10.0.0.1");
    private static final IpAddress ME6 = IpAddress.parse("fd00::1");
    private static final IpAddress PEER = IpAddress.parse("10.0.0.2");
    private static final IpAddress PEER6 = IpAddress.parse("fd00::2");

    private final Random random = new Random(7);
    private final PortTable<String> table = new PortTable<>(Transport.TCP, PortPolicy.dynamic(), random::nextLong);

    private PortBinding<String> listen(IpAddress address, int port) throws PortUnavailableException {
        PortBinding<String> binding = table.bind(address.hi(), address.lo(), port, 0, "server", 5);
        table.listen(binding, "server");
        return binding;
    }

    private static IpAddress client(int number) {
        return IpAddress.ofIpv4(0x0b00_0000 + number);
    }

    private static List<Flow> flows(PortTable<String> of, int slots, PortFilter filter) {
        List<Flow> seen = new ArrayList<>();
        for (long cursor = 0; cursor != PortPages.END; ) {
            cursor = of.pages().flows(cursor, slots, filter, seen::add);
        }
        return seen;
    }

    private List<PortBinding<String>> bindings(int slots, PortFilter filter) {
        List<PortBinding<String>> seen = new ArrayList<>();
        for (long cursor = 0; cursor != PortPages.END; ) {
            cursor = table.pages().bindings(cursor, slots, filter, seen::add);
        }
        return seen;
    }

    @Test
    void an_empty_table_is_one_empty_page() {
        assertThat(flows(table, 1024, PortFilter.ALL)).isEmpty();
        assertThat(bindings(65_536, PortFilter.ALL)).isEmpty();
    }

    @Test
    void pages_of_any_size_show_each_flow_once() throws Exception {
        PortBinding<String> server = listen(ME, 80);
        for (int count : new int[] {1, 2, 5, 6, 40, 1_000}) {
            while (table.flowCount() < count) {
                table.accept(new TestFlow(ME, 80, client(table.flowCount()), 5_000), server);
            }
            for (int slots : new int[] {1, 2, 3, 7, 8, 64, 5_000}) {
                assertThat(flows(table, slots, PortFilter.ALL)).hasSize(count).doesNotHaveDuplicates();
            }
        }
    }

    @Test
    void a_flow_that_stays_is_seen_exactly_once_while_the_table_grows_and_shrinks() {
        Seeds.run(40, seeded -> {
            PortTable<String> busy = new PortTable<>(Transport.TCP, PortPolicy.dynamic(), seeded::nextLong);
            PortBinding<String> server = busy.bind(ME.hi(), ME.lo(), 80, 0, null);
            List<Flow> staying = new ArrayList<>();
            List<Flow> passing = new ArrayList<>();
            int next = 0;
            for (int i = seeded.nextInt(400); i >= 0; i--) {
                Flow flow = new TestFlow(ME, 80, client(next++), 5_000);
                busy.accept(flow, server);
                staying.add(flow);
            }
            IdentityHashMap<Flow, Integer> seen = new IdentityHashMap<>();
            boolean growing = seeded.nextBoolean();
            for (long cursor = 0; cursor != PortPages.END; ) {
                cursor = busy.pages()
                        .flows(
                                cursor,
                                1 + seeded.nextInt(40),
                                PortFilter.ALL,
                                flow -> seen.merge(flow, 1, Integer::sum));
                if (seeded.nextInt(12) == 0) {
                    growing = !growing;
                }
                for (int i = seeded.nextInt(600); i > 0; i--) {
                    if (growing) {
                        Flow flow = new TestFlow(ME, 80, client(next++), 5_000);
                        busy.accept(flow, server);
                        passing.add(flow);
                    } else if (!passing.isEmpty()) {
                        busy.release(passing.remove(seeded.nextInt(passing.size())));
                    }
                }
            }
            assertThat(staying).allSatisfy(flow -> assertThat(seen).containsEntry(flow, 1));
        });
    }

    @Test
    void a_flow_that_changes_its_representation_is_seen_once() throws Exception {
        PortBinding<String> server = listen(ME, 80);
        List<Flow> all = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            Flow flow = new TestFlow(ME, 80, client(i), 5_000);
            table.accept(flow, server);
            all.add(flow);
        }
        Map<Integer, Integer> seen = new HashMap<>();
        int replaced = 0;
        for (long cursor = 0; cursor != PortPages.END; ) {
            cursor = table.pages()
                    .flows(cursor, 16, PortFilter.ALL, f -> seen.merge((int) f.remoteLo(), 1, Integer::sum));
            for (int i = 0; i < 15 && replaced < all.size(); i++) {
                Flow old = all.get(replaced++);
                table.replace(old, new TestTimeWait(old, 0));
            }
        }
        assertThat(seen).hasSize(500).allSatisfy((_, times) -> assertThat(times).isOne());
    }

    @Test
    void a_million_flows_are_walked_in_pages_of_bounded_work() throws Exception {
        PortBinding<String> server = listen(ME, 80);
        int million = 1_000_000;
        for (int i = 0; i < million; i++) {
            table.accept(new TestFlow(ME, 80, client(i), 5_000), server);
        }
        int[] inPage = new int[1];
        int most = 0;
        int pages = 0;
        long total = 0;
        long sum = 0;
        for (long cursor = 0; cursor != PortPages.END; pages++) {
            inPage[0] = 0;
            long[] part = new long[1];
            cursor = table.pages().flows(cursor, PortPages.DEFAULT_SLOTS, PortFilter.ALL, flow -> {
                inPage[0]++;
                part[0] += flow.remoteLo() & 0xff_ffff;
            });
            most = Math.max(most, inPage[0]);
            total += inPage[0];
            sum += part[0];
        }
        assertThat(total).isEqualTo(million);
        assertThat(sum).isEqualTo((long) million * (million - 1) / 2);
        assertThat(pages).isEqualTo(2_097_152 / PortPages.DEFAULT_SLOTS);
        // 488 on average; what is shown beyond the slots of the page belongs to the run at its end
        assertThat(most).isLessThan(PortPages.DEFAULT_SLOTS);
    }

    @Test
    void filters_choose_by_ports_addresses_family_state_and_kind() throws Exception {
        PortBinding<String> web = listen(IpAddress.ANY_IPV4, 80);
        PortBinding<String> web6 = listen(ME6, 80);
        Flow accepted = new TestFlow(ME, 80, PEER, 5_000);
        table.accept(accepted, web);
        Flow accepted6 = new TestFlow(ME6, 80, PEER6, 5_001);
        table.accept(accepted6, web6);
        Flow client = new TestFlow(ME, 0, PEER, 443);
        table.connect(client, null, 0);
        Flow closed = new TestFlow(ME, 0, client(9), 443);
        table.connect(closed, null, 0);
        Flow waiting = new TestTimeWait(closed, 0);
        table.replace(closed, waiting);

        assertThat(flows(table, 64, PortFilter.ALL)).containsExactlyInAnyOrder(accepted, accepted6, client, waiting);
        assertThat(flows(table, 64, PortFilter.ALL.withLocalPorts(new PortRange(80, 80))))
                .containsExactlyInAnyOrder(accepted, accepted6);
        assertThat(flows(table, 64, PortFilter.ALL.withRemotePorts(new PortRange(443, 5_000))))
                .containsExactlyInAnyOrder(accepted, client, waiting);
        assertThat(flows(table, 64, PortFilter.ALL.withFamily(6))).containsExactly(accepted6);
        assertThat(flows(table, 64, PortFilter.ALL.withFamily(4))).containsExactlyInAnyOrder(accepted, client, waiting);
        assertThat(flows(table, 64, PortFilter.ALL.withRemote(IpAddress.Prefix.parse("10.0.0.0/24"))))
                .containsExactlyInAnyOrder(accepted, client);
        assertThat(flows(table, 64, PortFilter.ALL.withLocal(IpAddress.Prefix.parse("fd00::/16"))))
                .containsExactly(accepted6);
        assertThat(flows(table, 64, PortFilter.ALL.withStates(Set.of("TIME-WAIT"))))
                .containsExactly(waiting);
        assertThat(flows(table, 64, PortFilter.ALL.bindingsOnly())).isEmpty();

        assertThat(bindings(8, PortFilter.ALL)).containsExactly(web6, web);
        assertThat(bindings(8, PortFilter.ALL.withFamily(6))).containsExactly(web6);
        assertThat(bindings(8, PortFilter.ALL.flowsOnly())).isEmpty();
        assertThat(bindings(8, PortFilter.ALL.withRemotePorts(new PortRange(80, 80))))
                .isEmpty();
        assertThat(bindings(8, PortFilter.ALL.withLocalPorts(new PortRange(81, 90))))
                .isEmpty();
        assertThat(bindings(8, PortFilter.ALL.withLocal(IpAddress.Prefix.parse("0.0.0.0/0"))))
                .containsExactly(web);
        assertThatThrownBy(() -> PortFilter.ALL.withFamily(5)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void bindings_come_by_port_and_those_that_stay_come_once_whatever_happens_beside_them() {
        Seeds.run(40, seeded -> {
            PortTable<String> busy = new PortTable<>(Transport.UDP, PortPolicy.dynamic(), seeded::nextLong);
            Set<PortBinding<String>> staying = java.util.Collections.newSetFromMap(new IdentityHashMap<>());
            List<PortBinding<String>> passing = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                PortBinding<String> binding =
                        busy.bind(ME.hi(), ME.lo(), 1 + seeded.nextInt(20), PortSharing.REUSE_PORT, null);
                if (seeded.nextBoolean()) {
                    staying.add(binding);
                } else {
                    passing.add(binding);
                }
            }
            List<PortBinding<String>> seen = new ArrayList<>();
            for (long cursor = 0; cursor != PortPages.END; ) {
                int before = seen.size();
                int slots = 1 + seeded.nextInt(9);
                cursor = busy.pages().bindings(cursor, slots, PortFilter.ALL, seen::add);
                assertThat(seen.size() - before).isLessThanOrEqualTo(slots);
                for (int i = seeded.nextInt(8); i > 0 && !passing.isEmpty(); i--) {
                    busy.close(passing.remove(seeded.nextInt(passing.size())));
                }
                for (int i = seeded.nextInt(3); i > 0; i--) {
                    passing.add(busy.bind(ME.hi(), ME.lo(), 1 + seeded.nextInt(20), PortSharing.REUSE_PORT, null));
                }
            }
            assertThat(seen).doesNotHaveDuplicates().containsAll(staying);
            assertThat(seen).isSortedAccordingTo((a, b) -> Integer.compare(a.port(), b.port()));
        });
    }

    @Test
    void destinations_say_how_full_they_are() throws Exception {
        PortTable<String> small = new PortTable<>(
                Transport.TCP, PortPolicy.dynamic().withEphemeral(new PortRange(50_001, 50_004)), random::nextLong);
        small.bind(ME.hi(), ME.lo(), 50_004, 0, null);
        for (int i = 0; i < 3; i++) {
            Flow flow = new TestFlow(ME, 0, PEER, 443);
            small.connect(flow, null, 0);
            small.replace(flow, new TestTimeWait(flow, 1));
        }
        small.connect(new TestFlow(ME, 0, PEER, 80), null, 0);
        List<PortUsage.Towards> seen = new ArrayList<>();
        PortFilter https = PortFilter.ALL.withRemotePorts(new PortRange(443, 443));
        assertThat(small.pages().destinations(0, 1_000, https, seen::add)).isEqualTo(PortPages.END);
        assertThat(seen).singleElement().satisfies(towards -> {
            assertThat(towards.inUse()).isEqualTo(3);
            assertThat(towards.timeWait()).isEqualTo(3);
            assertThat(towards.free()).isZero();
            assertThat(towards.percent()).isEqualTo(100);
        });
        seen.clear();
        small.pages().destinations(0, 1_000, PortFilter.ALL.withRemotePorts(new PortRange(80, 80)), seen::add);
        assertThat(seen.getFirst().free()).isEqualTo(2);
        assertThat(seen.getFirst().percent()).isBetween(33.3, 33.4);
    }

    @Test
    void what_is_no_cursor_is_refused() {
        for (long wrong : new long[] {-2, 1L << 62, Long.MIN_VALUE}) {
            assertThatThrownBy(() -> table.pages().flows(wrong, 1, PortFilter.ALL, _ -> {}))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> table.pages().bindings(wrong, 1, PortFilter.ALL, _ -> {}))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> table.pages().flows(0, 0, PortFilter.ALL, _ -> {}))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
