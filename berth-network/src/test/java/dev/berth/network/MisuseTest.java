package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What somebody does wrong: it is refused in words, or ends with an exception that says who it was.
@Timeout(60)
class MisuseTest {
    private static final long SECOND = 1_000_000_000L;

    private static void refused(String message, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
    }

    @Test
    void addresses_that_no_host_can_have() {
        for (String address : List.of("10.1.0.0", "10.1.0.255")) {
            refused(
                    "Host web has address " + address + ", which is that of subnet front itself or of its broadcasts",
                    () -> Network.builder("lab")
                            .subnet("front", "10.1.0.0/24")
                            .host("web", plan -> plan.address(address))
                            .build());
        }
        refused(
                "Subnet front has no length of its prefix, such as 10.1.0.0/24",
                () -> Network.builder("lab").subnet("front", "10.1.0.0").build());
        refused("A host has a name", () -> Network.builder("lab").host(" ").build());
    }

    @Test
    void both_addresses_of_a_link_of_two_can_be_had() throws Exception {
        try (Network network = Network.builder("lab")
                .subnet("pair", "10.1.0.0/31")
                .host("one", plan -> plan.address("10.1.0.0"))
                .host("two", plan -> plan.address("10.1.0.1"))
                .build()) {
            assertThat(network.hosts()).hasSize(2);
        }
    }

    @Test
    void faults_that_are_none() throws Exception {
        refused("The part of packets that is lost is 0 to 1 (0.02 is 2 %), not 2.0", () -> LinkProfile.PERFECT.loss(2));
        try (Network network = Network.builder("lab").host("a").host("b").build()) {
            refused("cut() lets nothing through", () -> network.traffic().bandwidth(0));
            refused("A partition has a host on each side", network::partition);
            refused("A partition has a host on each side", () -> network.partition(List.of("a"), List.of()));
            refused(
                    "Host a is on both sides of the partition",
                    () -> network.partition(List.of("b", "a"), List.of("a")));
            assertThat(network.faults()).isEmpty();
        }
    }

    @Test
    void the_address_of_a_crashed_host_stays_its_own() throws Exception {
        try (Network network = Network.builder("lab").host("db").build()) {
            network.crash("db");
            refused(
                    "10.0.0.1 is that of host db, which is crashed",
                    () -> network.host("thief", IpAddress.Prefix.parse("10.0.0.1/8")));
            Host again = network.restart("db");
            assertThat(again.addresses()).contains(IpAddress.parse("10.0.0.1"));
        }
    }

    @Test
    void a_network_that_is_closed_starts_nothing() throws Exception {
        Network network = Network.builder("lab").host("db").build();
        network.close();
        network.close();
        assertThatThrownBy(() -> network.host("late"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Network lab is closed");
    }

    @Test
    void a_builder_builds_as_often_as_it_is_asked() throws Exception {
        NetworkBuilder builder = Network.builder("lab").host("db", plan -> plan.address("10.0.0.5"));
        try (Network first = builder.build();
                Network second = builder.build()) {
            assertThat(first.addresses("db")).isEqualTo(second.addresses("db"));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_rule_that_fails_is_ended_and_everything_else_goes_on(boolean virtual) throws Exception {
        NetworkBuilder builder = Network.builder("lab").host("server").host("client");
        if (virtual) {
            builder.virtualTime(1);
        }
        try (Network network = builder.build();
                TcpAcceptor acceptor = network.find("server").orElseThrow().openTcpAcceptor();
                TcpSocket client = network.find("client").orElseThrow().openTcpSocket()) {
            acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
            acceptor.listen(5);
            IllegalStateException mistake = new IllegalStateException("a mistake");
            Fault failing = network.traffic().rule(packet -> {
                throw mistake;
            });
            client.connect(new Endpoint(network.addresses("server").getFirst(), 80), 10 * SECOND);
            assertThat(failing.failure()).isSameAs(mistake);
            assertThat(failing.isActive()).isFalse();
            assertThat(network.faults()).isEmpty();
        }
    }

    @Test
    void reset_peer_without_a_delay_lets_the_handshake_end() throws Exception {
        try (Network network = Network.builder("lab")
                .virtualTime(1)
                .host("server")
                .host("client")
                .build()) {
            TcpAcceptor acceptor = network.find("server").orElseThrow().openTcpAcceptor();
            acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
            acceptor.listen(5);
            network.traffic().resetPeer(Duration.ZERO);
            TcpSocket client = network.find("client").orElseThrow().openTcpSocket();
            client.connect(new Endpoint(network.addresses("server").getFirst(), 80), 10 * SECOND);
            TcpSocket accepted = acceptor.accept(10 * SECOND);
            byte[] into = new byte[1];
            for (TcpSocket each : List.of(client, accepted)) {
                assertThatThrownBy(() -> each.read(into, 0, 1, SECOND))
                        .isInstanceOf(SocketException.class)
                        .hasMessageContaining("reset");
            }
        }
    }

    private static void withStuckThread(Consumer<Network> check) throws Exception {
        CompletableFuture<String> end = new CompletableFuture<>();
        Thread driver = Thread.currentThread();
        try (Network network = Network.builder("lab").virtualTime(1).host("a").build()) {
            network.time().start("stuck", () -> {
                driver.interrupt();
                try {
                    new CountDownLatch(1).await(); // virtual time cannot see that
                } catch (InterruptedException e) {
                    end.complete("interrupted");
                }
            });
            check.accept(network);
        }
        assertThat(end.get(30, TimeUnit.SECONDS)).isEqualTo("interrupted");
    }

    @Test
    void an_interrupt_of_whoever_drives_names_the_thread_that_has_its_turn() throws Exception {
        withStuckThread(network -> {
            assertThatThrownBy(() -> network.time().advance(Duration.ofSeconds(1)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("Thread stuck takes turns on network lab and had its turn when the driving thread was "
                            + "interrupted");
            assertThat(Thread.interrupted()).isTrue();
        });
    }

    @Test
    void a_time_out_beyond_all_time_is_none() throws Exception {
        try (Network network = Network.builder("lab").virtualTime(1).host("a").build();
                TcpAcceptor acceptor = network.find("a").orElseThrow().openTcpAcceptor()) {
            acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
            acceptor.listen(5);
            assertThatThrownBy(() -> acceptor.accept(Long.MAX_VALUE)).hasMessageContaining("would never end");
        }
    }

    @Test
    void a_wait_that_would_never_end_names_the_others() throws Exception {
        try (Network network = Network.builder("lab").virtualTime(1).host("a").build()) {
            Host host = network.find("a").orElseThrow();
            TcpAcceptor first = host.openTcpAcceptor();
            first.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
            first.listen(5);
            TcpAcceptor second = host.openTcpAcceptor();
            second.bind(new Endpoint(IpAddress.ANY_IPV6, 81));
            second.listen(5);
            network.time()
                    .start(
                            "other",
                            () -> assertThatThrownBy(() -> second.accept(0)).isInstanceOf(SocketException.class));
            assertThatThrownBy(() -> first.accept(0))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("Nothing more will happen on network lab: this wait would never end, nor those of "
                            + "[other]");
        }
    }
}
