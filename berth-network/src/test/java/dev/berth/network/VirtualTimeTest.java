package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class VirtualTimeTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private Network network;
    private VirtualTime time;

    @BeforeEach
    void start() throws Exception {
        network = lab(1, LinkProfile.PERFECT.latency(Duration.ofMillis(10)));
        time = network.time();
    }

    @AfterEach
    void stop() {
        network.close();
    }

    private static Network lab(long seed, LinkProfile link) throws IOException {
        return Network.builder("lab")
                .virtualTime(seed)
                .mtu(1_500)
                .link(link)
                .host("server")
                .host("client")
                .build();
    }

    @Test
    void an_echo_takes_two_round_trips_of_virtual_time() throws Exception {
        network.script("server").listen(7, Conversation::echo);
        Conversation talk = network.script("client").connect("server", 7).send("hello");
        assertThat(time.runUntil(() -> talk.received() == 5, MINUTE)).isTrue();
        // SYN, SYN-ACK, data, echo: each crosses two links of 10 ms.
        assertThat(time.elapsed()).isBetween(Duration.ofMillis(80), Duration.ofMillis(81));
    }

    @Test
    void nothing_more_happens_when_connections_and_timers_are_gone() throws Exception {
        network.script("server").listen(7, Conversation::echo);
        Conversation talk = network.script("client").connect("server", 7).sendPattern(100_000);
        talk.onData(_ -> {
            if (talk.received() == 100_000) {
                talk.close();
            }
        });
        assertThat(time.isIdle()).isFalse();
        assertThat(time.runUntilIdle(Duration.ofHours(1))).isTrue();
        assertThat(talk.isEnded()).isTrue();
        assertThat(talk.received()).isEqualTo(100_000);
        // The last thing is the end of TIME-WAIT.
        assertThat(time.elapsed()).isBetween(Duration.ofSeconds(60), Duration.ofSeconds(70));
        for (Host host : network.hosts()) {
            assertThat(host.snapshot().toString()).doesNotContain("ESTABLISHED").doesNotContain("TIME");
        }
    }

    @Test
    void a_day_of_keep_alives_passes() throws Exception {
        network.script("server").listen(7, Conversation::echo);
        Conversation talk = network.script("client").connect("server", 7);
        talk.socket().keepAlive(true);
        assertThat(time.runUntil(talk::isConnected, MINUTE)).isTrue();
        long before = time.events();
        time.advance(Duration.ofDays(1));
        assertThat(talk.failure()).isNull();
        assertThat(time.elapsed()).isGreaterThanOrEqualTo(Duration.ofDays(1));
        assertThat(time.events() - before).isBetween(24L, 1_000L);
        network.partition("server");
        assertThat(time.runUntil(() -> talk.failure() != null, Duration.ofDays(1)))
                .isTrue();
        assertThat(talk.failure()).hasMessage("Connection timed out");
    }

    @Test
    void blocking_calls_let_time_pass() throws Exception {
        network.script("server").listen(7, Conversation::echo);
        try (TcpSocket socket = network.find("client").orElseThrow().openTcpSocket()) {
            socket.connect(new Endpoint(network.addresses("server").getFirst(), 7), 0);
            assertThat(time.elapsed()).isBetween(Duration.ofMillis(40), Duration.ofMillis(41));
            socket.write(new byte[] {1, 2, 3}, 0, 3);
            byte[] buffer = new byte[10];
            assertThat(socket.read(buffer, 0, 10, 0)).isEqualTo(3);
            assertThat(time.elapsed()).isBetween(Duration.ofMillis(80), Duration.ofMillis(81));
            long before = time.now();
            assertThatThrownBy(
                            () -> socket.read(buffer, 0, 10, Duration.ofHours(5).toNanos()))
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessage("Read timed out");
            assertThat(time.now() - before).isEqualTo(Duration.ofHours(5).toNanos());
        }
    }

    @Test
    void ipv6_is_as_good() throws Exception {
        network.script("server").listen(7, Conversation::echo);
        Conversation talk = network.script("client")
                .connect(new Endpoint(network.addresses("server").getLast(), 7))
                .sendPattern(10);
        assertThat(time.runUntil(() -> talk.received() == 10, MINUTE)).isTrue();
        assertThat(talk.socket().remote().address()).isEqualTo(IpAddress.parse("fd00::1"));
    }

    @Test
    void a_wait_that_would_never_end_is_refused() throws Exception {
        try (TcpAcceptor acceptor = network.find("server").orElseThrow().openTcpAcceptor()) {
            acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
            acceptor.listen(1);
            assertThatThrownBy(() -> acceptor.accept(0))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("Nothing more will happen on network lab");
        }
    }

    @Test
    void threads_take_turns() throws Exception {
        Endpoint server = new Endpoint(network.addresses("server").getFirst(), 80);
        List<String> order = new ArrayList<>();
        time.start("server", () -> {
            try (TcpAcceptor acceptor = network.find("server").orElseThrow().openTcpAcceptor()) {
                acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
                acceptor.listen(10);
                for (int i = 0; i < 3; i++) {
                    try (TcpSocket socket = acceptor.accept(0)) {
                        byte[] buffer = new byte[10];
                        int n = socket.read(buffer, 0, 10, 0);
                        order.add("served " + buffer[0]);
                        time.sleep(Duration.ofSeconds(1));
                        socket.write(buffer, 0, n);
                    }
                }
            }
        });
        Set<VirtualTime.Turn> clients = new HashSet<>();
        for (byte i = 0; i < 3; i++) {
            byte number = i;
            clients.add(time.start("client " + i, () -> {
                time.sleep(Duration.ofMillis(100 * number));
                try (TcpSocket socket = network.find("client").orElseThrow().openTcpSocket()) {
                    socket.connect(server, 0);
                    socket.write(new byte[] {number}, 0, 1);
                    assertThat(socket.read(new byte[1], 0, 1, 0)).isEqualTo(1);
                    order.add("client " + number);
                }
            }));
        }
        assertThat(time.runUntil(() -> clients.stream().allMatch(VirtualTime.Turn::isDone), MINUTE))
                .isTrue();
        assertThat(order).containsExactly("served 0", "served 1", "client 0", "served 2", "client 1", "client 2");
        assertThat(time.elapsed()).isBetween(Duration.ofSeconds(3), Duration.ofMillis(3_500));
    }

    @Test
    void the_failure_of_a_thread_fails_whoever_drives() {
        time.start("bad", () -> {
            time.sleep(Duration.ofSeconds(1));
            throw new IOException("no");
        });
        assertThatThrownBy(() -> time.advance(MINUTE))
                .isInstanceOf(AssertionError.class)
                .hasMessage("Thread bad has failed")
                .hasRootCauseMessage("no");
    }

    @Test
    void closing_the_network_ends_the_waits_of_its_threads() throws Exception {
        VirtualTime.Turn turn = time.start("waits", () -> {
            try (TcpAcceptor acceptor = network.find("server").orElseThrow().openTcpAcceptor()) {
                acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
                acceptor.listen(1);
                acceptor.accept(0);
            }
        });
        time.advance(MINUTE);
        assertThat(turn.isDone()).isFalse();
        network.close();
        assertThat(turn.isDone()).isTrue();
    }

    /// The thread that was refused has left its array behind: nothing may be put there.
    @Test
    void what_comes_after_a_refused_read_is_for_the_next_one() throws Exception {
        Host server = network.find("server").orElseThrow();
        Host client = network.find("client").orElseThrow();
        try (TcpAcceptor acceptor = server.openTcpAcceptor();
                TcpSocket near = client.openTcpSocket()) {
            acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
            acceptor.listen(1);
            near.connect(new Endpoint(network.addresses("server").getFirst(), 80), MINUTE.toNanos());
            try (TcpSocket far = acceptor.accept(MINUTE.toNanos())) {
                time.advance(MINUTE);
                byte[] bytes = new byte[10];
                assertThatThrownBy(() -> far.read(new byte[10], 0, 10, 0)).isInstanceOf(IllegalStateException.class);
                near.write(new byte[] {1, 2, 3}, 0, 3);
                time.advance(MINUTE);
                assertThat(far.read(bytes, 0, 10, MINUTE.toNanos())).isEqualTo(3);
            }
        }
    }

    @Test
    void events_cannot_wait_or_drive() throws Exception {
        Host client = network.find("client").orElseThrow();
        Endpoint nobody = new Endpoint(network.addresses("server").getFirst(), 9);
        time.after(
                Duration.ZERO,
                () -> assertThatThrownBy(() -> time.advance(MINUTE)).isInstanceOf(IllegalStateException.class));
        time.after(
                Duration.ZERO,
                () -> assertThatThrownBy(() -> client.openTcpSocket().connect(nobody, 0))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("must not wait"));
        long before = time.events();
        time.advance(Duration.ZERO);
        assertThat(time.events() - before).isGreaterThanOrEqualTo(2);
    }

    @Test
    void a_network_by_the_systems_time_has_no_virtual_time() {
        try (Network other = Network.create("other")) {
            assertThatThrownBy(other::time)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("virtualTime");
        }
    }

    private static String trace(long seed) throws Exception {
        LinkProfile link = LinkProfile.PERFECT
                .latency(Duration.ofMillis(10))
                .jitter(Duration.ofMillis(3))
                .bandwidth(20_000_000)
                .loss(LossModel.bursts(0.02, 3))
                .duplicate(0.01)
                .corrupt(0.01)
                .reorder(0.01, Duration.ofMillis(5));
        Trace trace = new Trace();
        try (Network network = Network.builder("lab")
                .virtualTime(seed)
                .mtu(1_500)
                .link(link)
                .host("server", trace::around)
                .host("one", trace::around)
                .host("two", trace::around)
                .build()) {
            VirtualTime time = network.time();
            trace.clock = time::now;
            network.script("server").listen(7, Conversation::echo);
            List<Conversation> talks = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                talks.add(network.script(i % 2 == 0 ? "one" : "two")
                        .connect("server", 7)
                        .sendPattern(20_000));
            }
            VirtualTime.Turn turn = time.start("thread", () -> {
                try (TcpSocket socket = network.find("two").orElseThrow().openTcpSocket()) {
                    socket.connect(new Endpoint(network.addresses("server").getLast(), 7), 0);
                    for (int i = 0; i < 10; i++) {
                        socket.write(new byte[] {1}, 0, 1);
                        socket.read(new byte[1], 0, 1, 0);
                    }
                }
            });
            assertThat(time.runUntil(
                            () -> turn.isDone() && talks.stream().allMatch(talk -> talk.received() == 20_000),
                            Duration.ofHours(1)))
                    .isTrue();
        }
        assertThat(trace.packets).isGreaterThan(200);
        return trace.text();
    }

    @Test
    void a_seed_repeats_every_octet_and_its_time() throws Exception {
        String first = trace(42);
        for (int i = 1; i < 100; i++) {
            assertThat(trace(42)).isEqualTo(first);
        }
        assertThat(trace(43)).isNotEqualTo(first);
    }
}
