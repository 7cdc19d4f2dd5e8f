package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Seeds;
import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/// Random sequences of operations on a [PortTable] and on a [ModelTable] side by side; the invariants I1 to I7
/// of `docs/PORT_TABLE.md` hold after every one of them.
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class PortTablePropertyTest {
    private static final PortPolicy TINY = PortPolicy.dynamic()
            .withEphemeral(new PortRange(50_000, 50_015))
            .withReserved(new PortRange(50_003, 50_003), new PortRange(60_000, 60_010));
    private static final PortPolicy WIDE = PortPolicy.dynamic()
            .withEphemeral(new PortRange(49_990, 50_220))
            .withReserved(new PortRange(50_100, 50_129));

    @Test
    void tcp_table_equals_the_model_on_a_tiny_range() {
        Seeds.run(3000, random -> new Run(Transport.TCP, TINY, random).steps(150));
    }

    @Test
    void udp_table_equals_the_model_on_a_tiny_range() {
        Seeds.run(2000, random -> new Run(Transport.UDP, TINY, random).steps(150));
    }

    @Test
    void tables_with_the_rules_of_freebsd_and_windows_equal_the_model() {
        Seeds.run(1500, random -> {
            BindRules rules = random.nextBoolean() ? BindRules.FREEBSD : BindRules.WINDOWS;
            Transport transport = random.nextBoolean() ? Transport.TCP : Transport.UDP;
            new Run(transport, TINY.withBindRules(rules), random).steps(150);
        });
    }

    @Test
    void tables_with_hundreds_of_flows_towards_one_destination_equal_the_model() {
        Seeds.run(20, random -> {
            Run run = new Run(Transport.TCP, WIDE, random);
            run.busy = true;
            run.steps(1500);
        });
    }

    private static final class Run {
        static final List<IpAddress> LOCALS = Stream.of("10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2")
                .map(IpAddress::parse)
                .toList();
        static final List<IpAddress> REMOTES = Stream.of("10.0.0.1", "10.0.0.9", "fd00::1", "fd00::9")
                .map(IpAddress::parse)
                .toList();

        final SplittableRandom random;
        final PortTable<String> table;
        final ModelTable model;
        boolean busy;
        long now;
        int names;

        Run(Transport transport, PortPolicy base, SplittableRandom random) {
            this.random = random;
            PortPolicy policy = base.withSelection(any(EphemeralSelection.ALL));
            this.table = new PortTable<>(transport, policy, random::nextLong);
            this.model = new ModelTable(transport, policy, LOCALS);
        }

        void steps(int steps) throws Exception {
            for (int i = 0; i < steps; i++) {
                step();
                check();
            }
            tearDown();
        }

        void step() throws Exception {
            now += random.nextInt(3);
            int dice = random.nextInt(busy ? 160 : 100);
            if (random.nextInt(20) == 0) {
                lease();
            } else if (dice < 12) {
                bind();
            } else if (dice < 22) {
                listenOrNot();
            } else if (dice < 28) {
                close();
            } else if (dice < 38) {
                accept();
            } else if (dice < 48) {
                connectBound();
            } else if (dice < 53) {
                connectExplicitly();
            } else if (dice < 68) {
                replace();
            } else if (dice < 80) {
                release();
            } else {
                connectAnywhere();
            }
        }

        <T> T any(List<T> list) {
            return list.get(random.nextInt(list.size()));
        }

        int anyPort() {
            PortRange range = model.policy.ephemeral();
            return random.nextInt(4) == 0 ? 80 : range.first() + random.nextInt(range.size());
        }

        IpAddress remoteFor(IpAddress local) {
            return REMOTES.get(random.nextInt(2) + (local.isIpv4() ? 0 : 2));
        }

        int remotePort() {
            return random.nextInt(3) == 0 ? model.policy.ephemeral().first() + 5 : 80;
        }

        /// The range of a socket: mostly none of its own.
        PortRange within() {
            PortRange range = model.policy.ephemeral();
            if (random.nextInt(3) > 0) {
                return PortRange.ALL;
            }
            int first = range.first() - 5 + random.nextInt(range.size() + 5);
            return new PortRange(first, first + random.nextInt(range.size()));
        }

        void lease() {
            PortRange range = model.policy.ephemeral();
            List<PortRange> blocks = new ArrayList<>();
            for (int i = random.nextInt(1, 4); i > 0; i--) {
                int first = range.first() + random.nextInt(range.size());
                blocks.add(new PortRange(first, first + random.nextInt(range.size() / 2)));
            }
            PortLease lease = random.nextInt(3) == 0 ? PortLease.EVERYTHING : new PortLease(blocks);
            PortLease before = model.lease;
            model.lease = lease;
            boolean leavesSome = IntStream.rangeClosed(range.first(), range.last())
                    .anyMatch(port -> model.isLeased(port) && !model.isReserved(port));
            try {
                table.lease(lease);
                assertThat(leavesSome).isTrue();
            } catch (IllegalArgumentException e) {
                assertThat(leavesSome).as(e.getMessage()).isFalse();
                model.lease = before;
            }
            assertThat(table.lease()).isEqualTo(model.lease);
        }

        void bind() {
            IpAddress address = switch (random.nextInt(6)) {
                case 0 -> IpAddress.ANY_IPV4;
                case 1 -> IpAddress.ANY_IPV6;
                default -> any(LOCALS);
            };
            int port = random.nextInt(4) == 0 ? 0 : anyPort();
            int sharing = random.nextInt(32) & model.policy.bindRules().knownFlags();
            PortRange within = within();
            Set<Integer> free = model.freeForBind(within);
            boolean expected = port == 0 ? !free.isEmpty() : model.canBind(new ModelTable.Bind(address, port, sharing));
            try {
                PortBinding<String> real = table.bind(address.hi(), address.lo(), port, sharing, within, "owner", now);
                assertThat(expected).as("bind %s:%d %d", address, port, sharing).isTrue();
                if (port == 0) {
                    assertThat(free).contains(real.port());
                } else {
                    assertThat(real.port()).isEqualTo(port);
                }
                ModelTable.Bind bind = new ModelTable.Bind(address, real.port(), sharing);
                bind.real = real;
                model.binds.add(bind);
            } catch (PortUnavailableException e) {
                assertThat(expected).as(e.getMessage()).isFalse();
                assertThat(e.reason()).isEqualTo(port == 0 ? PortError.EXHAUSTED : PortError.ADDRESS_IN_USE);
            }
        }

        ModelTable.@Nullable Bind openBind() {
            List<ModelTable.Bind> open =
                    model.binds.stream().filter(b -> !b.closed).toList();
            return open.isEmpty() ? null : any(open);
        }

        void listenOrNot() {
            ModelTable.Bind bind = openBind();
            if (bind == null) {
                return;
            }
            if (bind.listener != null) {
                table.unlisten(bind.real);
                bind.listener = null;
                model.listening.remove(bind);
                return;
            }
            boolean expected = model.canListen(bind);
            String name = "listener " + names++;
            try {
                table.listen(bind.real, name);
                assertThat(expected).isTrue();
                bind.listener = name;
                model.listening.add(bind);
            } catch (PortUnavailableException e) {
                assertThat(expected).as(e.getMessage()).isFalse();
                assertThat(e.binding()).isNotNull();
            }
        }

        void close() {
            ModelTable.Bind bind = openBind();
            if (bind != null) {
                close(bind);
            }
        }

        void close(ModelTable.Bind bind) {
            table.close(bind.real);
            bind.closed = true;
            bind.listener = null;
            model.listening.remove(bind);
            model.forgetClosed();
        }

        IpAddress localOf(ModelTable.Bind bind) {
            IpAddress local = any(LOCALS);
            while ((model.reach(local, 0) & model.reach(bind.address, bind.sharing)) == 0) {
                local = any(LOCALS);
            }
            return local;
        }

        void accept() {
            if (model.listening.isEmpty()) {
                return;
            }
            ModelTable.Bind bind = any(model.listening);
            IpAddress local = localOf(bind);
            IpAddress remote = remoteFor(local);
            int remotePort = anyPort();
            if (model.find(local, bind.port, remote, remotePort) == null) {
                TestFlow flow = new TestFlow(local, bind.port, remote, remotePort);
                table.accept(flow, bind.real);
                model.add(flow, bind);
            }
        }

        void connectBound() {
            ModelTable.Bind bind = openBind();
            if (bind != null) {
                IpAddress local = localOf(bind);
                TestFlow flow =
                        new TestFlow(local, random.nextBoolean() ? 0 : bind.port, remoteFor(local), remotePort());
                connectFrom(flow, bind, bind.port, true);
            }
        }

        void connectExplicitly() {
            IpAddress local = any(LOCALS);
            TestFlow flow = new TestFlow(local, anyPort(), remoteFor(local), remotePort());
            boolean unbound = model.binds.stream()
                    .noneMatch(b -> b.port == flow.localPort()
                            && (model.reach(b.address, b.sharing) & model.reach(local, 0)) != 0);
            connectFrom(flow, null, flow.localPort(), unbound);
        }

        void connectFrom(TestFlow flow, ModelTable.@Nullable Bind bind, int port, boolean permitted) {
            ModelTable.Entry holder =
                    model.find(flow.local().address(), port, flow.remote().address(), flow.remotePort());
            boolean shares = permitted
                    && model.mayShare(
                            bind, flow.local().address(), port, flow.remote().address(), flow.remotePort());
            boolean expected = permitted
                    && (holder == null
                            || shares
                            || holder.flow instanceof TimeWaitFlow waiting && waiting.mayBeReused(now));
            try {
                TimeWaitFlow displaced = table.connect(flow, bind == null ? null : bind.real, now);
                assertThat(expected).isTrue();
                assertThat(displaced).isSameAs(holder == null || shares ? null : holder.flow);
                if (holder != null && !shares) {
                    model.flows.remove(holder);
                }
                assertThat(flow.localPort()).isEqualTo(port);
                model.add(flow, bind);
                model.forgetClosed();
            } catch (PortUnavailableException e) {
                assertThat(expected).as(e.getMessage()).isFalse();
                assertThat(e.reason())
                        .isEqualTo(
                                permitted && model.policy.bindRules() == BindRules.LINUX
                                        ? PortError.ADDRESS_NOT_AVAILABLE
                                        : PortError.ADDRESS_IN_USE);
            }
        }

        void connectAnywhere() {
            IpAddress local = busy ? LOCALS.getFirst() : any(LOCALS);
            IpAddress remote = busy ? REMOTES.getFirst() : remoteFor(local);
            TestFlow flow = new TestFlow(local, 0, remote, busy ? 50_005 : remotePort());
            assertThat(table.freePorts(local.hi(), local.lo(), remote.hi(), remote.lo(), flow.remotePort()))
                    .isEqualTo(model.freeTowards(flow, PortRange.ALL).size());
            PortRange within = within();
            Set<Integer> free = model.freeTowards(flow, within);
            ModelTable.Entry displaceable = free.isEmpty() ? model.displaceable(flow, within, now) : null;
            try {
                TimeWaitFlow displaced = table.connect(flow, null, within, now);
                if (displaced == null) {
                    assertThat(free).contains(flow.localPort());
                } else {
                    assertThat(displaceable).isNotNull();
                    assertThat(displaced).isSameAs(displaceable.flow);
                    assertThat(displaced.isClaimed()).isFalse();
                    assertThat(flow.localPort()).isEqualTo(displaced.localPort());
                    model.flows.remove(displaceable);
                }
                model.add(flow, null);
            } catch (PortUnavailableException e) {
                assertThat(free).isEmpty();
                assertThat(displaceable).isNull();
                assertThat(e.reason()).isEqualTo(PortError.ADDRESS_NOT_AVAILABLE);
                assertThat(flow.localPort()).isZero();
                assertThat(flow.isClaimed()).isFalse();
            }
        }

        void replace() {
            if (model.flows.isEmpty()) {
                return;
            }
            ModelTable.Entry entry = any(model.flows);
            Flow old = entry.flow;
            boolean lives = random.nextInt(3) == 0 || model.transport == Transport.UDP; // which has no TIME-WAIT
            Flow with = lives ? TestFlow.like(old) : new TestTimeWait(old, now + random.nextInt(40));
            table.replace(old, with);
            assertThat(old.isClaimed()).isFalse();
            entry.flow = with;
            model.flows.remove(entry);
            model.flows.add(entry);
        }

        void release() {
            if (!model.flows.isEmpty()) {
                release(any(model.flows));
            }
        }

        void release(ModelTable.Entry entry) {
            table.release(entry.flow);
            assertThat(entry.flow.isClaimed()).isFalse();
            assertThat(entry.flow.binding()).isNull();
            model.flows.remove(entry);
            model.forgetClosed();
        }

        void check() {
            assertThat(table.flowCount()).isEqualTo(model.flows.size());
            assertThat(table.bindingCount()).isEqualTo(model.binds.size());
            assertThat(table.timeWaitCount()).isEqualTo((int) model.flows.stream()
                    .filter(e -> e.flow instanceof TimeWaitFlow)
                    .count());
            for (ModelTable.Bind bind : model.binds) {
                assertThat(bind.real.flowCount()).isEqualTo((int) model.flowsOf(bind));
            }
            for (ModelTable.Entry entry : busy ? List.<ModelTable.Entry>of() : model.flows) {
                checkLookup(
                        entry.flow.local().address(),
                        entry.flow.localPort(),
                        entry.flow.remote().address(),
                        entry.flow.remotePort());
                assertThat(entry.flow.binding()).isSameAs(entry.bind == null ? null : entry.bind.real);
            }
            for (int i = 0; i < 4; i++) {
                IpAddress local = any(LOCALS);
                checkLookup(local, anyPort(), remoteFor(local), remotePort());
            }
        }

        void checkLookup(IpAddress local, int localPort, IpAddress remote, int remotePort) {
            ModelTable.Entry owner = model.find(local, localPort, remote, remotePort);
            assertThat(table.lookup(local.hi(), local.lo(), localPort, remote.hi(), remote.lo(), remotePort))
                    .isSameAs(owner == null ? null : owner.flow);
            String listener =
                    table.lookupListener(local.hi(), local.lo(), localPort, remote.hi(), remote.lo(), remotePort);
            List<String> expected = model.listeners(local, localPort);
            if (expected.isEmpty()) {
                assertThat(listener).isNull();
            } else {
                assertThat(expected).contains(listener);
            }
        }

        void tearDown() {
            while (!model.flows.isEmpty() || !model.binds.isEmpty()) {
                ModelTable.Bind bind = openBind();
                if (bind != null && (model.flows.isEmpty() || random.nextBoolean())) {
                    close(bind);
                } else {
                    release();
                }
            }
            assertThat(table.isEmpty()).isTrue();
            assertThat(table.isPristine()).isTrue();
        }
    }
}
