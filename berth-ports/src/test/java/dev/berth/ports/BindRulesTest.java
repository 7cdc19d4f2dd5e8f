package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.berth.wire.IpAddress;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The rows of `docs/BIND_RULES.md`. Linux is also compared with the running kernel, by `BindRulesKernelTest`.
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class BindRulesTest {
    private static final IpAddress ME = IpAddress.parse("10.0.0.1");
    private static final IpAddress PEER = IpAddress.parse("10.0.0.9");

    private final Random random = new Random(4);

    private PortTable<String> table(Transport transport, BindRules rules) {
        return new PortTable<>(transport, PortPolicy.dynamic().withBindRules(rules), random::nextLong);
    }

    private static PortBinding<String> bind(PortTable<String> table, String address, String flags)
            throws PortUnavailableException {
        IpAddress ip = IpAddress.parse(address);
        return table.bind(ip.hi(), ip.lo(), 80, flags(flags), null);
    }

    private static @Nullable PortUnavailableException refused(PortTable<String> table, String address, String flags) {
        return catchThrowableOfType(PortUnavailableException.class, () -> bind(table, address, flags));
    }

    private static int flags(String text) {
        return (text.contains("a") ? PortSharing.REUSE_ADDRESS : 0)
                | (text.contains("p") ? PortSharing.REUSE_PORT : 0)
                | (text.contains("b") ? PortSharing.REUSE_PORT_BALANCED : 0)
                | (text.contains("x") ? PortSharing.EXCLUSIVE_USE : 0)
                | (text.contains("6") ? PortSharing.IPV6_ONLY : 0);
    }

    /// Flags: `-` none, `a` SO_REUSEADDR, `p` SO_REUSEPORT, `b` SO_REUSEPORT_LB, `x` SO_EXCLUSIVEADDRUSE, `6`
    /// IPV6_V6ONLY, `L` the first listens.
    @ParameterizedTest(name = "{0}: {1} {2} {3}, then {4} {5}: {6}")
    @CsvSource({
        "L1, LINUX,   TCP, 0.0.0.0 -,    10.0.0.1 -,   in use",
        "L1, LINUX,   UDP, 10.0.0.1 -,   0.0.0.0 a,    in use",
        "L2, LINUX,   TCP, 0.0.0.0 a,    10.0.0.1 a,   ok",
        "L2, LINUX,   TCP, 0.0.0.0 aL,   10.0.0.1 a,   in use",
        "L3, LINUX,   UDP, 10.0.0.1 aL,  10.0.0.1 a,   ok",
        "L4, LINUX,   TCP, 10.0.0.1 pL,  10.0.0.1 p,   ok",
        "L4, LINUX,   UDP, 10.0.0.1 pL,  10.0.0.1 p,   ok",
        "L5, LINUX,   TCP, 0.0.0.0 -,    :: -,         in use",
        "L5, LINUX,   TCP, 0.0.0.0 -,    :: 6,         ok",
        "F1, FREEBSD, TCP, 0.0.0.0 -,    10.0.0.1 -,   in use",
        "F1, FREEBSD, UDP, 10.0.0.1 -,   0.0.0.0 -,    in use",
        "F2, FREEBSD, TCP, 0.0.0.0 -L,   10.0.0.1 a,   ok",
        "F2, FREEBSD, TCP, 10.0.0.1 -L,  0.0.0.0 a,    ok",
        "F2, FREEBSD, UDP, fd00::1 -,    :: p,         ok",
        "F2, FREEBSD, TCP, 0.0.0.0 aL,   10.0.0.1 -,   in use",
        "F3, FREEBSD, TCP, 10.0.0.1 a,   10.0.0.1 a,   in use",
        "F3, FREEBSD, UDP, 0.0.0.0 a,    0.0.0.0 a,    in use",
        "F4, FREEBSD, TCP, 10.0.0.1 pL,  10.0.0.1 p,   ok",
        "F4, FREEBSD, UDP, 0.0.0.0 p,    0.0.0.0 p,    ok",
        "F4, FREEBSD, TCP, 10.0.0.1 bL,  10.0.0.1 b,   ok",
        "F4, FREEBSD, TCP, 10.0.0.1 b,   10.0.0.1 p,   in use",
        "F5, FREEBSD, UDP, 224.0.1.1 a,  224.0.1.1 a,  ok",
        "F5, FREEBSD, UDP, ff05::5 a,    ff05::5 p,    ok",
        "F5, FREEBSD, UDP, 224.0.1.1 -,  224.0.1.1 a,  in use",
        "F6, FREEBSD, TCP, 0.0.0.0 -L,   :: -,         ok",
        "F6, FREEBSD, TCP, :: -L,        0.0.0.0 -,    ok",
        "F6, FREEBSD, TCP, :: -L,        10.0.0.1 -,   in use",
        "F6, FREEBSD, TCP, 10.0.0.1 -L,  :: -,         in use",
        "W1, WINDOWS, TCP, 0.0.0.0 -L,   10.0.0.1 -,   ok",
        "W1, WINDOWS, TCP, 10.0.0.1 -L,  0.0.0.0 -,    ok",
        "W1, WINDOWS, UDP, 0.0.0.0 a,    10.0.0.1 -,   ok",
        "W2, WINDOWS, TCP, 10.0.0.1 -,   10.0.0.1 -,   in use",
        "W2, WINDOWS, TCP, 10.0.0.1 -,   10.0.0.1 a,   in use",
        "W2, WINDOWS, TCP, 0.0.0.0 a,    0.0.0.0 -,    in use",
        "W3, WINDOWS, TCP, 10.0.0.1 aL,  10.0.0.1 a,   ok",
        "W3, WINDOWS, UDP, 0.0.0.0 a,    0.0.0.0 a,    ok",
        "W4, WINDOWS, TCP, 0.0.0.0 x,    10.0.0.1 -,   in use",
        "W4, WINDOWS, TCP, 0.0.0.0 x,    10.0.0.1 a,   in use",
        "W4, WINDOWS, TCP, 10.0.0.1 x,   10.0.0.1 a,   in use",
        "W5, WINDOWS, TCP, 10.0.0.1 x,   0.0.0.0 a,    ok",
        "W5, WINDOWS, TCP, 10.0.0.1 a,   0.0.0.0 x,    in use",
        "W5, WINDOWS, TCP, 0.0.0.0 a,    10.0.0.1 x,   ok",
        "W5, WINDOWS, TCP, 10.0.0.1 a,   10.0.0.1 x,   in use",
        "W6, WINDOWS, TCP, 0.0.0.0 -,    :: -,         in use",
        "W6, WINDOWS, TCP, 0.0.0.0 -,    :: 6,         ok",
    })
    void second_bind(String row, BindRules rules, Transport transport, String first, String second, String outcome)
            throws PortUnavailableException {
        PortTable<String> table = table(transport, rules);
        String[] earlier = first.split(" ");
        String[] newcomer = second.split(" ");
        PortBinding<String> binding = bind(table, earlier[0], earlier[1]);
        if (earlier[1].contains("L")) {
            table.listen(binding, "first");
        }
        PortUnavailableException e = refused(table, newcomer[0], newcomer[1]);
        assertThat(e == null ? "ok" : "in use").as(row).isEqualTo(outcome);
        if (e != null) {
            assertThat(e.binding()).isSameAs(binding);
        }
    }

    @ParameterizedTest(name = "{0} {1}: beside a connection without a bind, flags {2}: {3}")
    @CsvSource({
        "L6, LINUX,   a, in use", //
        "F7, FREEBSD, a, ok",
        "F7, FREEBSD, -, in use",
        "W7, WINDOWS, a, in use",
    })
    void bind_beside_a_client(String row, BindRules rules, String flags, String outcome)
            throws PortUnavailableException {
        PortTable<String> table = table(Transport.TCP, rules);
        table.connect(new TestFlow(ME, 80, PEER, 5000), null, 0);
        PortUnavailableException e = refused(table, "10.0.0.1", flags);
        assertThat(e == null ? "ok" : "in use").as(row).isEqualTo(outcome);
    }

    @ParameterizedTest(name = "{0} {1}: after a server with flags {2}, flags {3}: {4}")
    @CsvSource({
        "L7, LINUX,   -, a, in use",
        "L7, LINUX,   a, -, in use",
        "L7, LINUX,   a, a, ok",
        "F8, FREEBSD, -, a, ok",
        "F8, FREEBSD, a, -, in use",
        "W8, WINDOWS, -, -, ok",
        "W8, WINDOWS, -, x, in use",
        "W8, WINDOWS, x, -, in use",
    })
    void bind_beside_the_connections_of_a_closed_server(
            String row, BindRules rules, String old, String flags, String outcome) throws PortUnavailableException {
        PortTable<String> table = table(Transport.TCP, rules);
        PortBinding<String> server = bind(table, "0.0.0.0", old);
        table.listen(server, "old");
        TestFlow flow = new TestFlow(ME, 80, PEER, 5000);
        table.accept(flow, server);
        table.close(server);
        PortUnavailableException e = refused(table, "0.0.0.0", flags);
        assertThat(e == null ? "ok" : "in use").as(row).isEqualTo(outcome);
        table.release(flow);
        assertThat(table.bindingCount()).isEqualTo(e == null ? 1 : 0);
    }

    /// `last`: the one that came last gets all; `part`: each gets its part of the flows.
    @ParameterizedTest(name = "{0} {1} {2}: two with flags {3}: {4}")
    @CsvSource({
        "L8, LINUX,   TCP, p,  part", //
        "L8, LINUX,   UDP, p,  part",
        "L8, LINUX,   UDP, ap, part",
        "L8, LINUX,   UDP, a,  last",
        "F9, FREEBSD, TCP, p,  last",
        "F9, FREEBSD, UDP, p,  last",
        "F9, FREEBSD, TCP, b,  part",
        "W9, WINDOWS, TCP, a,  last",
        "W9, WINDOWS, UDP, a,  last",
    })
    void receiver(String row, BindRules rules, Transport transport, String flags, String outcome)
            throws PortUnavailableException {
        PortTable<String> table = table(transport, rules);
        table.listen(bind(table, "10.0.0.1", flags), "first");
        table.listen(bind(table, "10.0.0.1", flags), "last");
        int last = 0;
        for (int port = 1; port <= 1000; port++) {
            String owner = table.lookupListener(ME.hi(), ME.lo(), 80, PEER.hi(), PEER.lo(), port);
            last += "last".equals(owner) ? 1 : 0;
        }
        if (outcome.equals("last")) {
            assertThat(last).as(row).isEqualTo(1000);
        } else {
            assertThat(last).as(row).isBetween(400, 600);
        }
    }

    @Test
    void on_freebsd_and_windows_the_more_specific_listener_takes_packets_from_the_wildcard()
            throws PortUnavailableException {
        for (BindRules rules : new BindRules[] {BindRules.FREEBSD, BindRules.WINDOWS}) {
            PortTable<String> table = table(Transport.TCP, rules);
            table.listen(bind(table, "0.0.0.0", "-"), "wildcard");
            PortBinding<String> intruder = bind(table, "10.0.0.1", "a");
            table.listen(intruder, "intruder");
            assertThat(table.lookupListener(ME.hi(), ME.lo(), 80, PEER.hi(), PEER.lo(), 1))
                    .isEqualTo("intruder");
            table.close(intruder);
            assertThat(table.lookupListener(ME.hi(), ME.lo(), 80, PEER.hi(), PEER.lo(), 1))
                    .isEqualTo("wildcard");
        }
    }

    @ParameterizedTest
    @CsvSource({"LINUX, x", "LINUX, b", "FREEBSD, x", "WINDOWS, p", "WINDOWS, b"})
    void flags_that_the_platform_does_not_have_are_refused(BindRules rules, String flags) {
        assertThatThrownBy(() -> bind(table(Transport.TCP, rules), "10.0.0.1", flags))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(rules + " has no such flags: ");
    }
}
