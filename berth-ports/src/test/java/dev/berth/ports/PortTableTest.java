package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.berth.check.Requirement;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class PortTableTest {
    private static final IpAddress ME = IpAddress.parse("10.0.0.1");
    private static final IpAddress ME6 = IpAddress.parse("fd00::1");
    private static final IpAddress PEER = IpAddress.parse("10.0.0.2");
    private static final IpAddress PEER6 = IpAddress.parse("fd00::2");

    private final Random random = new Random(3);
    private final PortTable<String> tcp = new PortTable<>(Transport.TCP, PortPolicy.dynamic(), random::nextLong);
    private final PortTable<String> udp = new PortTable<>(Transport.UDP, PortPolicy.dynamic(), random::nextLong);

    private static PortBinding<String> bind(PortTable<String> table, IpAddress address, int port, int sharing)
            throws PortUnavailableException {
        return table.bind(address.hi(), address.lo(), port, sharing, null);
    }

    private PortBinding<String> listen(IpAddress address, int port, int sharing, String name)
            throws PortUnavailableException {
        PortBinding<String> binding = tcp.bind(address.hi(), address.lo(), port, sharing, name);
        tcp.listen(binding, name);
        return binding;
    }

    private @Nullable String listenerOf(IpAddress local, int port, IpAddress remote, int remotePort) {
        return tcp.lookupListener(local.hi(), local.lo(), port, remote.hi(), remote.lo(), remotePort);
    }

    private static @Nullable Flow flowOf(
            PortTable<String> table, IpAddress local, int port, IpAddress remote, int remotePort) {
        return table.lookup(local.hi(), local.lo(), port, remote.hi(), remote.lo(), remotePort);
    }

    /// Flags: `-` exclusive, `a` REUSE_ADDRESS, `p` REUSE_PORT, `6` IPV6_ONLY, `L` the first listens.
    @ParameterizedTest(name = "{0}: {1} {2}, then {3} {4}: {5}")
    @CsvSource({
        "TCP, 10.0.0.1, -,  10.0.0.1, -,  in use",
        "TCP, 10.0.0.1, a,  10.0.0.1, -,  in use",
        "TCP, 10.0.0.1, -,  10.0.0.1, a,  in use",
        "TCP, 10.0.0.1, a,  10.0.0.1, a,  ok",
        "TCP, 10.0.0.1, aL, 10.0.0.1, a,  in use",
        "TCP, 10.0.0.1, p,  10.0.0.1, p,  ok",
        "TCP, 10.0.0.1, pL, 10.0.0.1, p,  ok",
        "TCP, 10.0.0.1, p,  10.0.0.1, a,  in use",
        "TCP, 10.0.0.1, -,  10.0.0.2, -,  ok",
        "TCP, 0.0.0.0,  -,  10.0.0.1, -,  in use",
        "TCP, 10.0.0.1, -,  0.0.0.0,  -,  in use",
        "TCP, 10.0.0.1, aL, 0.0.0.0,  a,  in use",
        "TCP, 0.0.0.0,  a,  10.0.0.1, a,  ok",
        "TCP, ::,       -,  10.0.0.1, -,  in use",
        "TCP, 10.0.0.1, -,  ::,       -,  in use",
        "TCP, ::,       -,  0.0.0.0,  -,  in use",
        "TCP, ::,       6,  0.0.0.0,  -,  ok",
        "TCP, ::,       6,  10.0.0.1, -,  ok",
        "TCP, 10.0.0.1, -,  ::,       6,  ok",
        "TCP, ::,       6,  fd00::1,  -,  in use",
        "TCP, fd00::1,  -,  0.0.0.0,  -,  ok",
        "TCP, ::,       6,  ::,       -,  in use",
        "UDP, 10.0.0.1, -,  10.0.0.1, a,  in use",
        "UDP, 10.0.0.1, aL, 10.0.0.1, a,  ok",
        "UDP, 0.0.0.0,  aL, 10.0.0.1, a,  ok",
        "UDP, 10.0.0.1, pL, 10.0.0.1, p,  ok",
        "UDP, 10.0.0.1, pL, 10.0.0.1, a,  in use"
    })
    void binds_exclude_each_other_as_on_linux(
            Transport transport, String first, String firstFlags, String second, String secondFlags, String outcome)
            throws PortUnavailableException {
        PortTable<String> table = transport == Transport.TCP ? tcp : udp;
        PortBinding<String> earlier = bind(table, IpAddress.parse(first), 80, flags(firstFlags));
        if (firstFlags.contains("L")) {
            table.listen(earlier, "first");
        }
        PortUnavailableException e = catchThrowableOfType(
                PortUnavailableException.class, () -> bind(table, IpAddress.parse(second), 80, flags(secondFlags)));
        assertThat(e == null ? "ok" : "in use").isEqualTo(outcome);
        if (e != null) {
            assertThat(e.reason()).isEqualTo(PortError.ADDRESS_IN_USE);
            assertThat(e.binding()).isSameAs(earlier);
        }
        table.close(earlier);
        if (e != null) {
            assertThat(bind(table, IpAddress.parse(second), 80, flags(secondFlags))
                            .port())
                    .isEqualTo(80);
        }
    }

    private static int flags(String text) {
        return (text.contains("a") ? PortSharing.REUSE_ADDRESS : 0)
                | (text.contains("p") ? PortSharing.REUSE_PORT : 0)
                | (text.contains("6") ? PortSharing.IPV6_ONLY : 0);
    }

    @Test // RFC 6056 section 2.2
    void transports_do_not_share_ports() throws PortUnavailableException {
        bind(tcp, ME, 53, 0);
        assertThat(bind(udp, ME, 53, 0).port()).isEqualTo(53);
    }

    @Test
    void only_one_of_two_bindings_with_reuse_address_can_listen() throws PortUnavailableException {
        PortBinding<String> one = bind(tcp, ME, 80, PortSharing.REUSE_ADDRESS);
        PortBinding<String> two = bind(tcp, IpAddress.ANY_IPV4, 80, PortSharing.REUSE_ADDRESS);
        tcp.listen(one, "one");
        PortUnavailableException e = catchThrowableOfType(PortUnavailableException.class, () -> tcp.listen(two, "two"));
        assertThat(e.binding()).isSameAs(one);
        tcp.unlisten(one);
        tcp.listen(two, "two");
        assertThat(listenerOf(ME, 80, PEER, 5)).isEqualTo("two");
    }

    @Test
    void the_message_of_a_refused_bind_names_the_holder() throws PortUnavailableException {
        PortBinding<String> server = listen(IpAddress.ANY_IPV4, 80, 0, "web server");
        tcp.accept(new TestFlow(ME, 80, PEER, 5000), server);
        PortUnavailableException e = catchThrowableOfType(PortUnavailableException.class, () -> bind(tcp, ME, 80, 0));
        assertThat(e)
                .hasMessage("Address already in use: TCP 10.0.0.1:80 is held by web server, 0.0.0.0:80 LISTEN, "
                        + "with 1 flow");
        tcp.close(server);
        e = catchThrowableOfType(PortUnavailableException.class, () -> bind(tcp, ME, 80, 0));
        assertThat(e).hasMessageContaining("0.0.0.0:80 CLOSED, with 1 flow");
    }

    @Requirement("1122-078")
    @Test
    void ports_below_the_first_unprivileged_one_are_refused() throws PortUnavailableException {
        PortTable<String> strict =
                new PortTable<>(Transport.TCP, PortPolicy.linux().withFirstUnprivileged(1024), random::nextLong);
        PortUnavailableException e =
                catchThrowableOfType(PortUnavailableException.class, () -> bind(strict, ME, 80, 0));
        assertThat(e.reason()).isEqualTo(PortError.PERMISSION_DENIED);
        assertThat(e).hasMessage("Permission denied: TCP port 80 is below 1024, the lowest port that may be bound");
        assertThat(bind(strict, ME, 1024, 0).port()).isEqualTo(1024);
    }

    @Test
    void port_zero_never_yields_a_port_that_is_used_whatever_the_flags() throws PortUnavailableException {
        PortTable<String> small = new PortTable<>(
                Transport.TCP, PortPolicy.dynamic().withEphemeral(new PortRange(50_000, 50_004)), random::nextLong);
        int all = PortSharing.REUSE_ADDRESS | PortSharing.REUSE_PORT;
        TestFlow live = new TestFlow(ME, 0, PEER, 80);
        small.connect(live, null, 0);
        TestFlow dead = new TestFlow(ME, 0, PEER, 81);
        do {
            if (dead.isClaimed()) {
                small.release(dead);
                dead = new TestFlow(ME, 0, PEER, 81);
            }
            small.connect(dead, null, 0);
        } while (dead.localPort() == live.localPort());
        small.replace(dead, new TestTimeWait(dead, 0));

        Set<Integer> ports = new HashSet<>();
        for (int i = 0; i < 3; i++) {
            ports.add(bind(small, PEER, 0, all).port());
        }
        assertThat(ports).hasSize(3).doesNotContain(live.localPort(), dead.localPort());
        PortUnavailableException e =
                catchThrowableOfType(PortUnavailableException.class, () -> bind(small, PEER, 0, all));
        assertThat(e.reason()).isEqualTo(PortError.EXHAUSTED);
        assertThat(e)
                .hasMessage("Address already in use: no TCP port is left to bind: of the 5 ports 50000-50004, 2 "
                        + "carry flows without a bind (1 TIME-WAIT flows in all), and 3 are bound, reserved or not "
                        + "leased; port 0 means a port without any flow. A port named by number, a connect without a "
                        + "bind or with a late one, or a wider range would help");
    }

    @Nested
    class Demultiplexing {
        @Test
        void a_reply_reaches_the_client_and_a_request_the_server_on_the_same_host() throws PortUnavailableException {
            PortBinding<String> server = listen(IpAddress.ANY_IPV4, 80, 0, "server");
            TestFlow client = new TestFlow(ME, 0, ME, 80);
            tcp.connect(client, null, 0);
            TestFlow served = new TestFlow(ME, 80, ME, client.localPort());
            tcp.accept(served, server);

            assertThat(flowOf(tcp, ME, client.localPort(), ME, 80)).isSameAs(client);
            assertThat(flowOf(tcp, ME, 80, ME, client.localPort())).isSameAs(served);
            assertThat(listenerOf(ME, client.localPort(), ME, 80)).isNull();
            assertThat(served.binding()).isSameAs(server);
            assertThat(client.binding()).isNull();
        }

        @Test
        void the_most_specific_listener_wins() throws PortUnavailableException {
            int reuse = PortSharing.REUSE_PORT;
            PortBinding<String> dual = listen(IpAddress.ANY_IPV6, 80, reuse, "dual");
            assertThat(listenerOf(ME, 80, PEER, 5)).isEqualTo("dual");
            assertThat(listenerOf(ME6, 80, PEER6, 5)).isEqualTo("dual");
            listen(IpAddress.ANY_IPV4, 80, reuse, "any IPv4");
            listen(IpAddress.ANY_IPV6, 80, reuse | PortSharing.IPV6_ONLY, "any IPv6");
            PortBinding<String> mine = listen(ME, 80, reuse, "mine");
            assertThat(listenerOf(ME, 80, PEER, 5)).isEqualTo("mine");
            assertThat(listenerOf(PEER, 80, PEER, 5)).isEqualTo("any IPv4");
            assertThat(listenerOf(ME6, 80, PEER6, 5)).isEqualTo("any IPv6");
            tcp.unlisten(mine);
            assertThat(listenerOf(ME, 80, PEER, 5)).isEqualTo("any IPv4");
            assertThat(listenerOf(ME, 81, PEER, 5)).isNull();
            tcp.close(dual);
            assertThat(listenerOf(ME6, 80, PEER6, 5)).isEqualTo("any IPv6");
        }

        @ParameterizedTest
        @CsvSource({"TCP, 2", "TCP, 4", "TCP, 7", "UDP, 2", "UDP, 5"})
        void listeners_that_share_a_port_get_equal_parts_of_the_flows_each_flow_always_the_same(
                Transport transport, int listeners) throws PortUnavailableException {
            PortTable<String> table = transport == Transport.TCP ? tcp : udp;
            for (int i = 0; i < listeners; i++) {
                table.listen(bind(table, ME, 80, PortSharing.REUSE_PORT), "worker " + i);
            }
            int[] seen = new int[listeners];
            int flows = 0;
            for (int host = 1; host <= 50; host++) {
                IpAddress remote = IpAddress.parse("10.1.0." + host);
                for (int port = 1_024; port < 2_024; port++) {
                    String listener = table.lookupListener(ME.hi(), ME.lo(), 80, remote.hi(), remote.lo(), port);
                    assertThat(table.lookupListener(ME.hi(), ME.lo(), 80, remote.hi(), remote.lo(), port))
                            .isSameAs(listener);
                    seen[listener.charAt(7) - '0']++;
                    flows++;
                }
            }
            double expected = (double) flows / listeners;
            double chiSquare = 0;
            for (int n : seen) {
                chiSquare += (n - expected) * (n - expected) / expected;
            }
            // The value that is exceeded once in 1,000 trials with 6 degrees of freedom; the seed is fixed.
            assertThat(chiSquare).isLessThan(22.46);
        }

        @Test
        void the_last_udp_endpoint_with_reuse_address_gets_the_datagrams() throws PortUnavailableException {
            PortBinding<String> first = bind(udp, ME, 5353, PortSharing.REUSE_ADDRESS);
            udp.listen(first, "first");
            PortBinding<String> second = bind(udp, ME, 5353, PortSharing.REUSE_ADDRESS);
            udp.listen(second, "second");
            assertThat(udp.lookupListener(ME.hi(), ME.lo(), 5353, PEER.hi(), PEER.lo(), 1))
                    .isEqualTo("second");
            udp.close(second);
            assertThat(udp.lookupListener(ME.hi(), ME.lo(), 5353, PEER.hi(), PEER.lo(), 1))
                    .isEqualTo("first");
        }
    }

    @Nested
    class Lifecycle {
        @Test
        void a_server_restarts_beside_the_time_wait_flows_of_its_predecessor() throws PortUnavailableException {
            PortBinding<String> old = listen(IpAddress.ANY_IPV4, 80, PortSharing.REUSE_ADDRESS, "old");
            TestFlow flow = new TestFlow(ME, 80, PEER, 5000);
            tcp.accept(flow, old);
            TestTimeWait waiting = new TestTimeWait(flow, 0);
            tcp.replace(flow, waiting);
            tcp.close(old);

            assertThat(catchThrowableOfType(PortUnavailableException.class, () -> bind(tcp, IpAddress.ANY_IPV4, 80, 0)))
                    .isNotNull();
            PortBinding<String> next = listen(IpAddress.ANY_IPV4, 80, PortSharing.REUSE_ADDRESS, "next");
            assertThat(listenerOf(ME, 80, PEER, 5001)).isEqualTo("next");
            assertThat(flowOf(tcp, ME, 80, PEER, 5000)).isSameAs(waiting);
            assertThat(waiting.binding()).isSameAs(old);
            tcp.release(waiting);
            assertThat(tcp.bindingCount()).isEqualTo(1);
            tcp.close(next);
            assertThat(tcp.isPristine()).isTrue();
        }

        @Test // as Linux: the client's socket has no SO_REUSEADDR, so nobody else binds beside it
        void a_port_of_a_client_cannot_be_bound_on_its_address() throws PortUnavailableException {
            TestFlow flow = new TestFlow(ME, 0, PEER, 80);
            tcp.connect(flow, null, 0);
            int port = flow.localPort();
            for (IpAddress address : new IpAddress[] {ME, IpAddress.ANY_IPV4, IpAddress.ANY_IPV6}) {
                PortUnavailableException e = catchThrowableOfType(
                        PortUnavailableException.class, () -> bind(tcp, address, port, PortSharing.REUSE_ADDRESS));
                assertThat(e).hasMessageEndingWith("is held by 1 flow connected without a bind");
            }
            assertThat(bind(tcp, PEER, port, 0)).isNotNull();
            assertThat(bind(tcp, IpAddress.ANY_IPV6, port, PortSharing.IPV6_ONLY))
                    .isNotNull();
        }

        @Test
        void a_bound_client_keeps_its_port_towards_many_destinations() throws PortUnavailableException {
            PortBinding<String> binding = bind(tcp, ME, 6000, 0);
            TestFlow one = new TestFlow(ME, 0, PEER, 80);
            TestFlow two = new TestFlow(ME, 6000, PEER, 81);
            tcp.connect(one, binding, 0);
            tcp.connect(two, binding, 0);
            assertThat(one.localPort()).isEqualTo(6000);
            assertThat(binding.flowCount()).isEqualTo(2);

            PortUnavailableException e = catchThrowableOfType(
                    PortUnavailableException.class, () -> tcp.connect(new TestFlow(ME, 6000, PEER, 80), binding, 0));
            assertThat(e.flow()).isSameAs(one);
            assertThat(e)
                    .hasMessage("Cannot assign requested address: TCP 10.0.0.1:6000 is held by 10.0.0.1:6000 > "
                            + "10.0.0.2:80 CONNECTED");
        }

        @Test
        void a_bound_connect_displaces_a_time_wait_flow_that_may_be_reused() throws PortUnavailableException {
            PortBinding<String> binding = bind(tcp, ME, 6000, 0);
            TestFlow flow = new TestFlow(ME, 6000, PEER, 80);
            tcp.connect(flow, binding, 0);
            TestTimeWait waiting = new TestTimeWait(flow, 100);
            tcp.replace(flow, waiting);
            assertThat(catchThrowableOfType(
                            PortUnavailableException.class,
                            () -> tcp.connect(new TestFlow(ME, 6000, PEER, 80), binding, 99)))
                    .hasMessageEndingWith("TIME-WAIT");
            assertThat(tcp.connect(new TestFlow(ME, 6000, PEER, 80), binding, 100))
                    .isSameAs(waiting);
            assertThat(tcp.timeWaitCount()).isZero();
            assertThat(binding.flowCount()).isEqualTo(1);
        }

        @Test
        void a_udp_endpoint_connects_disconnects_and_connects_again() throws PortUnavailableException {
            PortBinding<String> binding = bind(udp, IpAddress.ANY_IPV4, 0, 0);
            TestFlow endpoint = new TestFlow(ME, 0, PEER, 53);
            udp.connect(endpoint, binding, 0);
            assertThatThrownBy(() -> endpoint.setTuple(0, 0, 0, 0, 0, 0)).isInstanceOf(IllegalStateException.class);
            udp.release(endpoint);
            endpoint.setTuple(ME.hi(), ME.lo(), 0, PEER.hi(), PEER.lo(), 54);
            udp.connect(endpoint, binding, 0);
            assertThat(flowOf(udp, ME, binding.port(), PEER, 54)).isSameAs(endpoint);
            assertThat(flowOf(udp, ME, binding.port(), PEER, 53)).isNull();
            udp.release(endpoint);
            udp.close(binding);
            assertThat(udp.isPristine()).isTrue();
        }

        @Test // as Linux; BindRulesKernelTest compares it with the kernel
        void of_several_connected_udp_endpoints_on_one_tuple_the_last_gets_the_datagrams()
                throws PortUnavailableException {
            TestFlow[] endpoints = new TestFlow[3];
            PortBinding<?>[] bindings = new PortBinding<?>[3];
            for (int i = 0; i < 3; i++) {
                PortBinding<String> binding = bind(udp, ME, 5353, PortSharing.REUSE_PORT);
                bindings[i] = binding;
                endpoints[i] = new TestFlow(ME, 0, PEER, 53);
                udp.connect(endpoints[i], binding, 0);
                assertThat(flowOf(udp, ME, 5353, PEER, 53)).isSameAs(endpoints[i]);
            }
            assertThat(udp.flowCount()).isEqualTo(3);
            Set<Flow> seen = new HashSet<>();
            udp.visitFlows(seen::add);
            assertThat(seen).containsExactlyInAnyOrder(endpoints);
            udp.release(endpoints[1]);
            assertThat(flowOf(udp, ME, 5353, PEER, 53)).isSameAs(endpoints[2]);
            udp.release(endpoints[2]);
            assertThat(flowOf(udp, ME, 5353, PEER, 53)).isSameAs(endpoints[0]);
            assertThat(bindings[0].flowCount()).isEqualTo(1);
            assertThat(bindings[1].flowCount()).isZero();
            assertThat(udp.flowCount()).isEqualTo(1);
        }

        @Test
        void freebsd_refuses_a_second_udp_endpoint_on_a_tuple() throws PortUnavailableException {
            PortTable<String> freebsd = new PortTable<>(
                    Transport.UDP, PortPolicy.dynamic().withBindRules(BindRules.FREEBSD), random::nextLong);
            freebsd.connect(new TestFlow(ME, 0, PEER, 53), bind(freebsd, ME, 5353, PortSharing.REUSE_PORT), 0);
            PortBinding<String> second = bind(freebsd, ME, 5353, PortSharing.REUSE_PORT);
            PortUnavailableException e = catchThrowableOfType(
                    PortUnavailableException.class, () -> freebsd.connect(new TestFlow(ME, 0, PEER, 53), second, 0));
            assertThat(e.reason()).isEqualTo(PortError.ADDRESS_IN_USE);
        }

        @Test
        void replacing_keeps_the_slot_owned_and_moves_the_claim() throws PortUnavailableException {
            TestFlow entry = new TestFlow(ME, 0, PEER, 80);
            tcp.connect(entry, null, 0);
            TestFlow established = TestFlow.like(entry);
            tcp.replace(entry, established);
            assertThat(entry.isClaimed()).isFalse();
            assertThat(flowOf(tcp, ME, entry.localPort(), PEER, 80)).isSameAs(established);
            tcp.release(established);
            assertThat(tcp.isPristine()).isTrue();
        }

        @Test
        void the_snapshot_shows_bindings_and_destinations() throws PortUnavailableException {
            PortBinding<String> server = listen(IpAddress.ANY_IPV4, 80, 0, "web server");
            tcp.accept(new TestFlow(ME, 80, PEER, 5000), server);
            for (int i = 0; i < 3; i++) {
                TestFlow flow = new TestFlow(ME, 0, PEER, 443);
                tcp.connect(flow, null, 0);
                if (i == 0) {
                    tcp.replace(flow, new TestTimeWait(flow, 0));
                }
            }
            tcp.connect(new TestFlow(ME, 0, PEER, 444), null, 0);

            PortUsage usage = tcp.snapshot();
            assertThat(usage.flowCount()).isEqualTo(5);
            assertThat(usage.timeWaitCount()).isEqualTo(1);
            assertThat(usage.bindings())
                    .containsExactly(new PortUsage.Binding(
                            new Endpoint(IpAddress.ANY_IPV4, 80), 0, "LISTEN", 1, "web server", PortAge.UNKNOWN));
            assertThat(usage.destinations())
                    .containsExactly(
                            new PortUsage.Towards(ME, new Endpoint(PEER, 443), 3, 1, 16_384 - 3),
                            new PortUsage.Towards(ME, new Endpoint(PEER, 444), 1, 0, 16_384 - 1));
        }
    }

    @Nested
    class Mistakes_of_the_caller {
        @Test
        void are_told_without_a_change_of_the_table() throws PortUnavailableException {
            PortBinding<String> binding = listen(ME, 80, 0, "server");
            TestFlow flow = new TestFlow(ME, 80, PEER, 5000);
            assertThatThrownBy(() -> tcp.release(flow)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> tcp.accept(new TestFlow(ME, 81, PEER, 5000), binding))
                    .isInstanceOf(IllegalArgumentException.class);
            tcp.accept(flow, binding);
            assertThatThrownBy(() -> tcp.accept(TestFlow.like(flow), binding))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> tcp.connect(flow, null, 0)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> tcp.replace(flow, new TestFlow(ME, 80, PEER, 5001)))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> udp.release(flow)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> tcp.listen(binding, "again")).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> tcp.connect(new TestFlow(IpAddress.ANY_IPV4, 0, PEER, 1), null, 0))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> tcp.bind(ME.hi(), ME.lo(), 70_000, 0, null))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> tcp.bind(ME.hi(), ME.lo(), 7, 8, null))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> new PortTable<>(Transport.SCTP, PortPolicy.linux(), random::nextLong))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(tcp.flowCount()).isEqualTo(1);
            assertThat(binding.flowCount()).isEqualTo(1);

            tcp.release(flow);
            tcp.close(binding);
            tcp.close(binding);
            assertThatThrownBy(() -> tcp.accept(flow, binding)).isInstanceOf(IllegalStateException.class);
            assertThat(tcp.isPristine()).isTrue();
        }
    }
}
