package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Seeds;
import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What the tables of several shards have in common, and what each has for itself.
class ShardTableTest {
    private static final IpAddress ME = IpAddress.parse("10.0.0.1");
    private static final IpAddress PEER = IpAddress.parse("10.0.0.2");
    private static final IpAddress ME6 = IpAddress.parse("fd00::1");
    private static final IpAddress PEER6 = IpAddress.parse("fd00::2");

    /// Notes whether somebody is inside, and how deep.
    private static final class Section implements PortSection {
        int depth;
        int entered;

        @Override
        public void enter() {
            depth++;
            entered++;
        }

        @Override
        public void leave() {
            depth--;
        }
    }

    private final Section section = new Section();

    private List<ShardTable<String>> tables(int shards, PortPolicy policy, SplittableRandom random) {
        return ShardTable.of(shards, Transport.TCP, policy, random::nextLong, section);
    }

    private static int shardOf(Flow flow, int shards) {
        return FlowShard.of(
                flow.localHi(),
                flow.localLo(),
                flow.localPort(),
                flow.remoteHi(),
                flow.remoteLo(),
                flow.remotePort(),
                shards);
    }

    @Test
    void both_ends_of_a_flow_agree_and_flows_are_spread() {
        Seeds.run(20, random -> {
            int shards = random.nextInt(1, 9);
            int[] counts = new int[shards];
            int flows = 4_000;
            boolean v4 = random.nextBoolean();
            long hi = v4 ? 0 : random.nextLong();
            for (int i = 0; i < flows; i++) {
                long local = v4 ? ME.lo() : random.nextLong();
                int port = random.nextInt(49_152, 65_536);
                int shard = FlowShard.of(hi, local, port, hi, PEER.lo(), 443, shards);
                assertThat(FlowShard.of(hi, PEER.lo(), 443, hi, local, port, shards))
                        .isEqualTo(shard);
                counts[shard]++;
            }
            for (int count : counts) {
                assertThat(count).isBetween(flows / shards * 8 / 10, flows / shards * 12 / 10);
            }
        });
    }

    @Test
    void chosen_ports_put_flows_into_the_shard_that_asks_and_none_is_given_twice() {
        for (EphemeralSelection selection : EphemeralSelection.ALL) {
            Seeds.run(20, random -> {
                int shards = random.nextInt(2, 5);
                PortPolicy policy = PortPolicy.dynamic()
                        .withEphemeral(new PortRange(50_000, 50_099))
                        .withSelection(selection);
                List<ShardTable<String>> tables = tables(shards, policy, random);
                Set<Integer> ports = new HashSet<>();
                Set<Integer> full = new HashSet<>();
                while (full.size() < shards) {
                    int shard = random.nextInt(shards);
                    TestFlow flow = new TestFlow(ME, 0, PEER, 80);
                    try {
                        tables.get(shard).connect(flow, null, 0);
                    } catch (PortUnavailableException e) {
                        full.add(shard);
                        continue;
                    }
                    assertThat(full).doesNotContain(shard);
                    assertThat(ports.add(flow.localPort())).isTrue();
                    assertThat(shardOf(flow, shards)).isEqualTo(shard);
                    for (ShardTable<String> table : tables) {
                        Flow found = table.lookup(ME.hi(), ME.lo(), flow.localPort(), PEER.hi(), PEER.lo(), 80);
                        assertThat(found).isEqualTo(table.shard() == shard ? flow : null);
                    }
                }
                assertThat(ports).as("all of the range").hasSize(100);
                assertThat(section.depth).isZero();
            });
        }
    }

    @Test
    void bindings_and_listeners_are_those_of_all_shards() throws Exception {
        List<ShardTable<String>> tables = tables(3, PortPolicy.dynamic(), new SplittableRandom(1));
        PortBinding<String> binding = tables.get(1).bind(0, 0, 80, 0, "first");
        tables.get(1).listen(binding, "web");
        for (ShardTable<String> table : tables) {
            assertThat(table.lookupListener(ME.hi(), ME.lo(), 80, PEER.hi(), PEER.lo(), 1_000))
                    .isEqualTo("web");
            assertThatThrownBy(() -> table.bind(ME.hi(), ME.lo(), 80, 0, "second"))
                    .isInstanceOf(PortUnavailableException.class);
            assertThat(table.bindingCount()).isEqualTo(1);
        }
        TestFlow flow = new TestFlow(ME, 80, PEER, 1_000);
        ShardTable<String> own = tables.get(shardOf(flow, 3));
        own.accept(flow, binding);
        tables.get(2).close(binding);
        assertThat(own.flowCount()).isEqualTo(1);
        assertThat(tables.get(0).bindingCount()).as("held by its flow").isEqualTo(1);
        own.release(flow);
        assertThat(tables).allMatch(PortTable::isPristine);
    }

    @Test
    void a_lookup_of_a_flow_does_not_enter_the_section() {
        List<ShardTable<String>> tables = tables(2, PortPolicy.dynamic(), new SplittableRandom(1));
        int before = section.entered;
        tables.get(0).lookup(ME.hi(), ME.lo(), 80, PEER.hi(), PEER.lo(), 1_000);
        assertThat(section.entered).isEqualTo(before);
    }

    @Test
    void a_full_destination_displaces_a_flow_in_time_wait_of_the_shard_that_asks() throws Exception {
        PortPolicy policy = PortPolicy.dynamic().withEphemeral(new PortRange(50_000, 50_031));
        List<ShardTable<String>> tables = tables(2, policy, new SplittableRandom(5));
        Map<Integer, TestTimeWait> waiting = new HashMap<>();
        for (ShardTable<String> table : tables) {
            for (int count = 0; ; count++) {
                TestFlow flow = new TestFlow(ME, 0, PEER, 80);
                try {
                    table.connect(flow, null, 0);
                } catch (PortUnavailableException e) {
                    assertThat(count).isPositive();
                    break;
                }
                TestTimeWait left = new TestTimeWait(flow, 10);
                table.replace(flow, left);
                waiting.put(flow.localPort(), left);
            }
        }
        assertThat(waiting).hasSize(32);
        for (ShardTable<String> table : tables) {
            TestFlow flow = new TestFlow(ME, 0, PEER, 80);
            assertThatThrownBy(() -> table.connect(flow, null, 9)).isInstanceOf(PortUnavailableException.class);
            TimeWaitFlow displaced = table.connect(flow, null, 10);
            assertThat(displaced).isSameAs(waiting.get(flow.localPort()));
            assertThat(shardOf(flow, 2)).isEqualTo(table.shard());
        }
    }

    @Test
    void any_sequence_of_operations_keeps_tuples_unique_and_leaves_nothing() {
        Seeds.run(300, random -> new Run(random).steps(200));
    }

    private final class Run {
        final SplittableRandom random;
        final int shards;
        final List<ShardTable<String>> tables;
        final Map<List<Object>, Flow> owners = new HashMap<>();
        final List<PortBinding<String>> bindings = new ArrayList<>();

        Run(SplittableRandom random) {
            this.random = random;
            shards = random.nextInt(2, 5);
            tables = tables(shards, PortPolicy.dynamic().withEphemeral(new PortRange(50_000, 50_015)), random);
        }

        private ShardTable<String> any() {
            return tables.get(random.nextInt(shards));
        }

        private ShardTable<String> of(Flow flow) {
            return tables.get(shardOf(flow, shards));
        }

        private List<Object> key(Flow flow) {
            return List.of(flow.local(), flow.remote());
        }

        private @Nullable Flow anyOwner() {
            return owners.isEmpty() ? null : new ArrayList<>(owners.values()).get(random.nextInt(owners.size()));
        }

        void steps(int steps) throws Exception {
            for (int i = 0; i < steps; i++) {
                step();
                assertThat(section.depth).isZero();
                assertThat(any().flowCount()).isEqualTo(owners.size());
                for (Flow flow : owners.values()) {
                    assertThat(of(flow).lookup(
                                            flow.localHi(),
                                            flow.localLo(),
                                            flow.localPort(),
                                            flow.remoteHi(),
                                            flow.remoteLo(),
                                            flow.remotePort()))
                            .isSameAs(flow);
                }
            }
            owners.values().forEach(flow -> of(flow).release(flow));
            bindings.forEach(binding -> any().close(binding));
            assertThat(tables).allMatch(PortTable::isPristine);
        }

        private void step() {
            switch (random.nextInt(6)) {
                case 0, 1 -> connect();
                case 2 -> bindAndConnect();
                case 3 -> {
                    Flow flow = anyOwner();
                    if (flow != null && !(flow instanceof TimeWaitFlow)) {
                        TestTimeWait left = new TestTimeWait(flow, random.nextInt(2));
                        of(flow).replace(flow, left);
                        owners.put(key(left), left);
                    }
                }
                case 4 -> {
                    Flow flow = anyOwner();
                    if (flow != null) {
                        of(flow).release(flow);
                        owners.remove(key(flow));
                    }
                }
                default -> {
                    if (!bindings.isEmpty()) {
                        any().close(bindings.remove(random.nextInt(bindings.size())));
                    }
                }
            }
        }

        private void connect() {
            boolean v4 = random.nextBoolean();
            TestFlow flow = new TestFlow(v4 ? ME : ME6, 0, v4 ? PEER : PEER6, 80);
            ShardTable<String> table = any();
            long right = owners.keySet().stream()
                    .filter(key -> key.get(1).equals(flow.remote()))
                    .count();
            try {
                TimeWaitFlow displaced = table.connect(flow, null, 0);
                if (displaced != null) {
                    assertThat(owners.remove(key(displaced))).isSameAs(displaced);
                }
                assertThat(of(flow)).isSameAs(table);
                assertThat(owners.put(key(flow), flow)).isNull();
            } catch (PortUnavailableException e) {
                assertThat(right + bindings.size() + owners.size()).isPositive();
            }
        }

        private void bindAndConnect() {
            try {
                PortBinding<String> binding = any().bind(ME.hi(), ME.lo(), 0, 0, "bound");
                bindings.add(binding);
                TestFlow flow = new TestFlow(ME, binding.port(), PEER, 443);
                of(flow).connect(flow, binding, 0);
                assertThat(owners.put(key(flow), flow)).isNull();
            } catch (PortUnavailableException e) {
                assertThat(owners.size() + bindings.size()).isPositive();
            }
        }
    }
}
