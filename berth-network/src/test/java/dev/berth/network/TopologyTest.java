package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.EchoSocket;
import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.stack.icmp.IcmpError;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Subnets, routers, names, addresses, and what is refused.
@Timeout(60)
class TopologyTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final long SECOND = 1_000_000_000L;

    private static NetworkBuilder threeSubnets() {
        return Network.builder("lab")
                .virtualTime(3)
                .subnet("front", 1_500, "10.1.0.0/24", "fd00:1::/64")
                .subnet("middle", 1_300, "10.2.0.0/24", "fd00:2::/64")
                .subnet("back", 1_500, "10.3.0.0/24", "fd00:3::/64")
                .router("r1", "front", "middle")
                .router("r2", "middle", "back")
                .host("web", plan -> plan.in("front"))
                .host(
                        "db",
                        plan -> plan.in("back")
                                .address("10.3.0.77", "fd00:3::77")
                                .alias("db.example"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.3.0.77", "fd00:3::77"})
    void routers_carry_streams_and_tell_of_the_narrow_link(String address) throws Exception {
        try (Network network = threeSubnets().build()) {
            network.script("db").listen(80, Conversation::echo);
            Conversation talk = network.script("web")
                    .connect(new Endpoint(IpAddress.parse(address), 80))
                    .sendPattern(100_000);
            assertThat(network.time().runUntil(() -> talk.received() == 100_000, MINUTE))
                    .as(talk::toString)
                    .isTrue();
            // MTU 1300 in the middle: neither end has it, so both were told.
            assertThat(talk.socket().info().sendMss()).isLessThanOrEqualTo(1_260);
            assertThat(network.undeliverable()).isZero();
        }
    }

    @Test
    void fragments_are_made_where_they_may_be() throws Exception {
        try (Network network = threeSubnets().build();
                UdpSocket server = network.find("db").orElseThrow().openUdpSocket();
                UdpSocket client = network.find("web").orElseThrow().openUdpSocket()) {
            server.bind(new Endpoint(IpAddress.ANY_IPV6, 53));
            byte[] data = new byte[4_000];
            for (int i = 0; i < data.length; i++) {
                data[i] = (byte) (i * 7);
            }
            client.send(data, 0, data.length, new Endpoint(IpAddress.parse("10.3.0.77"), 53));
            byte[] into = new byte[5_000];
            assertThat(server.receive(into, 0, into.length, 10 * SECOND)).isEqualTo(4_000);
            assertThat(into).startsWith(data);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.3.0.77", "fd00:3::77"})
    void a_hop_limit_that_is_used_up_names_the_router(String address) throws Exception {
        try (Network network = threeSubnets().build();
                EchoSocket echo = network.find("web").orElseThrow().openEchoSocket()) {
            IpAddress to = IpAddress.parse(address);
            boolean v4 = to.isIpv4();
            for (int hops = 1; hops <= 2; hops++) {
                echo.send(to, 10, hops);
                var answer = echo.receive(10 * SECOND);
                assertThat(answer.error()).isEqualTo(IcmpError.Kind.TIME_EXCEEDED);
                IpAddress router = network.addresses("r" + hops).stream()
                        .filter(each -> each.isIpv4() == v4)
                        .findFirst()
                        .orElseThrow();
                assertThat(answer.source()).isEqualTo(router);
            }
            echo.send(to, 10, 3);
            assertThat(echo.receive(10 * SECOND).error()).isNull();
        }
    }

    @Test
    void routers_answer_and_say_what_cannot_be_reached() throws Exception {
        try (Network network = threeSubnets().build()) {
            Host web = network.find("web").orElseThrow();
            assertThat(web.isReachable(network.addresses("r2").getLast(), SECOND))
                    .isTrue();
            for (String nobody : new String[] {"10.3.0.200", "192.0.2.1", "fd00:3::200", "2001:db8::1"}) {
                TcpSocket socket = web.openTcpSocket();
                assertThatThrownBy(() -> socket.connect(new Endpoint(IpAddress.parse(nobody), 80), 0))
                        .as(nobody)
                        .isInstanceOf(SocketException.class)
                        .hasMessageMatching("No route to host|Network is unreachable|Connection refused");
            }
            assertThat(network.undeliverable()).isPositive();
        }
    }

    @Test
    void a_host_without_a_router_has_no_way_out() throws Exception {
        try (Network network = Network.builder("lab")
                .subnet("a", "10.1.0.0/24")
                .subnet("b", "10.2.0.0/24")
                .host("one", plan -> plan.in("a"))
                .host("two", plan -> plan.in("b"))
                .build()) {
            TcpSocket socket = network.find("one").orElseThrow().openTcpSocket();
            assertThatThrownBy(() ->
                            socket.connect(new Endpoint(network.addresses("two").getFirst(), 80), SECOND))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("unreachable");
            assertThatThrownBy(() -> network.between("one", "two")).hasMessage("No router leads from one to two");
        }
    }

    @Test
    void names_are_resolved_both_ways() throws Exception {
        try (Network network = threeSubnets().build()) {
            assertThat(network.addresses("DB.example."))
                    .containsExactly(IpAddress.parse("10.3.0.77"), IpAddress.parse("fd00:3::77"));
            assertThat(network.name(IpAddress.parse("fd00:3::77"))).isEqualTo("db");
            assertThat(network.name(IpAddress.parse("10.3.0.78"))).isNull();
            assertThat(network.addresses("nobody")).isEmpty();
            assertThat(network.find("db.example")).isPresent();
        }
    }

    @Test
    void three_lines_are_enough() throws Exception {
        try (Network network = Network.create("lab")) {
            Host web = network.host("web");
            Host client = network.host("client");
            assertThat(web.addresses()).containsExactly(IpAddress.parse("10.0.0.1"), IpAddress.parse("fd00::1"));
            assertThat(client.addresses()).containsExactly(IpAddress.parse("10.0.0.2"), IpAddress.parse("fd00::2"));
            assertThat(client.isReachable(web.addresses().getFirst(), SECOND)).isTrue();
            web.close();
            assertThat(network.find("web")).isEmpty();
            assertThat(network.addresses("web")).isEmpty();
            network.host("web");
        }
    }

    private static void refused(NetworkBuilder builder, String message) {
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void what_cannot_be_is_refused_in_words() {
        refused(
                Network.builder("x").subnet("a", "10.0.0.0/8").subnet("b", "10.1.0.0/16"),
                "10.1.0.0/16 of subnet b and 10.0.0.0/8 of subnet a overlap");
        refused(Network.builder("x").subnet("a", "10.0.0.1/8"), "has bits behind its length: 10.0.0.0/8 has none");
        refused(Network.builder("x").subnet("a"), "Subnet a has no prefix");
        refused(Network.builder("x").subnet("a", 1_000, "fd00::/64"), "The MTU of subnet a is 1280 to 65535");
        refused(Network.builder("x").host("a").host("a"), "There are two hosts or routers a");
        refused(Network.builder("x").host("a", plan -> plan.alias("A")), "There is a host A");
        refused(
                Network.builder("x")
                        .host("a", plan -> plan.address("10.0.0.1"))
                        .host("b", plan -> plan.address("10.0.0.1")),
                "10.0.0.1 is taken on network x");
        refused(
                Network.builder("x").subnet("a", "10.0.0.0/24").host("h", plan -> plan.address("10.0.1.1")),
                "Host h has address 10.0.1.1, which is in none of the subnets");
        refused(
                Network.builder("x")
                        .subnet("a", "10.0.0.0/24")
                        .subnet("b", "10.1.0.0/24")
                        .host("h"),
                "Host h is on no subnet: say which of [a, b]");
        refused(
                Network.builder("x").subnet("a", "10.0.0.0/24").router("r", "a", "c"),
                "Router r names subnet c, and there are only [a]");
        refused(Network.builder("x").subnet("a", "10.0.0.0/24").router("r", "a"), "Router r leads nowhere");
        refused(
                Network.builder("x")
                        .subnet("a", "10.0.0.0/30")
                        .host("1")
                        .host("2")
                        .host("3"),
                "No address is left in 10.0.0.0/30 of subnet a");
        assertThatThrownBy(() -> Network.builder("x").mtu(1_000)).hasMessageContaining("1280 to 65535");
        assertThatThrownBy(() -> LinkProfile.PERFECT.loss(1.5)).hasMessageContaining("0 to 1 (0.02 is 2 %), not 1.5");
        assertThatThrownBy(() -> LinkProfile.PERFECT.jitter(Duration.ofMillis(1)))
                .hasMessageContaining("packets would arrive before they are sent");
        assertThatThrownBy(() -> LinkProfile.PERFECT.latency(Duration.ofSeconds(-1)))
                .hasMessageContaining("0 to a day");
        assertThatThrownBy(() -> LinkProfile.PERFECT.bandwidth(10)).hasMessageContaining("1000 bits per second");
        assertThatThrownBy(() -> LossModel.bursts(0.9, 2)).hasMessageContaining("at least one packet lies between");
        assertThatThrownBy(() -> new LossModel(0.1, 0, 0, 1)).hasMessageContaining("a link that is cut");
    }

    @Test
    void rules_are_for_hosts_that_exist() throws Exception {
        try (Network network = Network.builder("lab").host("a").host("b").build()) {
            assertThatThrownBy(() -> network.between("a", "c"))
                    .hasMessageContaining("There is no host c on network lab");
            assertThatThrownBy(() -> network.partition("a", "c")).hasMessageContaining("There is no host c");
            assertThatThrownBy(() -> network.between("a", "a")).hasMessageContaining("to itself");
            assertThatThrownBy(() -> network.traffic().port(70_000)).hasMessageContaining("1 to 65535");
            assertThatThrownBy(() -> network.traffic().flap(Duration.ZERO, MINUTE))
                    .hasMessageContaining("up for a while");
            assertThatThrownBy(() -> network.traffic().latency(MINUTE, MINUTE.plusSeconds(1)))
                    .hasMessageContaining("jitter");
            assertThat(network.faults()).isEmpty();
        }
    }
}
