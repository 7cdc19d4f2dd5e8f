package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.UdpSocket;
import dev.berth.wire.DropReason;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.TcpHeader;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Each fault by what it does to the TCP of two hosts, under virtual time.
@Timeout(60)
class FaultsTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Duration HOUR = Duration.ofHours(1);

    private Network network;
    private VirtualTime time;

    @BeforeEach
    void start() throws Exception {
        network = Network.builder("lab")
                .virtualTime(7)
                .mtu(1_500)
                .host("server")
                .host("client")
                .host("other")
                .build();
        time = network.time();
        network.script("server").listen(7, Conversation::echo);
    }

    @AfterEach
    void stop() {
        network.close();
    }

    private Conversation connected() throws IOException {
        Conversation talk = network.script("client").connect("server", 7);
        assertThat(time.runUntil(talk::isConnected, MINUTE)).isTrue();
        return talk;
    }

    private Duration transfer(Conversation talk, long octets) {
        long wanted = talk.received() + octets;
        long begin = time.now();
        talk.sendPattern(octets);
        assertThat(time.runUntil(() -> talk.received() == wanted, HOUR))
                .as(talk::toString)
                .isTrue();
        return Duration.ofNanos(time.now() - begin);
    }

    private long retransmissions() {
        return network.hosts().stream()
                .mapToLong(host -> host.snapshot().retransmissions())
                .sum();
    }

    @Test
    void latency_is_added_each_way_until_the_handle_is_closed() throws Exception {
        Conversation talk = connected();
        assertThat(transfer(talk, 1)).isEqualTo(Duration.ZERO);
        try (Fault slow = network.between("client", "server").latency(Duration.ofMillis(100))) {
            assertThat(transfer(talk, 1)).isEqualTo(Duration.ofMillis(200));
            assertThat(slow.isActive()).isTrue();
            assertThat(slow.packets()).isGreaterThanOrEqualTo(2);
            assertThat(network.faults()).containsExactly(slow);
        }
        time.advance(MINUTE);
        assertThat(transfer(talk, 1)).isEqualTo(Duration.ZERO);
        assertThat(network.faults()).isEmpty();
    }

    @Test
    void jitter_varies_the_time_and_keeps_the_order() throws Exception {
        Conversation talk = connected();
        network.traffic().latency(Duration.ofMillis(50), Duration.ofMillis(20));
        List<Duration> times = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            times.add(transfer(talk, 1));
            time.advance(Duration.ofSeconds(1));
        }
        assertThat(times).allMatch(each -> each.toMillis() >= 60 && each.toMillis() <= 140);
        assertThat(times.stream().distinct().count()).isGreaterThan(10);
        transfer(talk, 200_000);
        Host server = network.find("server").orElseThrow();
        assertThat(server.snapshot().drops()).doesNotContainKey(DropReason.NOT_ACCEPTABLE);
    }

    @Test
    void bandwidth_is_what_gets_through() throws Exception {
        Conversation talk = connected();
        network.fromTo("client", "server").bandwidth(8_000_000); // a megabyte per second
        Duration taken = transfer(talk, 2_000_000);
        assertThat(taken).isBetween(Duration.ofSeconds(2), Duration.ofMillis(2_300));
    }

    @Test
    void losses_are_repaired() throws Exception {
        Conversation talk = connected();
        network.traffic().latency(Duration.ofMillis(5));
        Fault loss = network.traffic().loss(0.02);
        transfer(talk, 1_000_000);
        assertThat(retransmissions()).isBetween(10L, 400L);
        assertThat(loss.packets()).isEqualTo(network.dropped());
        loss.close();
        long before = retransmissions();
        time.advance(MINUTE);
        transfer(talk, 100_000);
        assertThat(retransmissions()).isEqualTo(before);
    }

    @Test
    void bursts_lose_as_much_in_fewer_places() throws Exception {
        int[] runs = new int[2];
        long[] lost = new long[2];
        for (int burst = 0; burst < 2; burst++) {
            LossModel model = burst == 1 ? LossModel.bursts(0.1, 8) : LossModel.random(0.1);
            Pipe pipe = new Pipe(LinkProfile.PERFECT.loss(model), Node.random(1, "x", 1));
            boolean before = false;
            for (int i = 0; i < 100_000; i++) {
                boolean gone = pipe.admit(100, i + 1) < 0;
                lost[burst] += gone ? 1 : 0;
                runs[burst] += gone && !before ? 1 : 0;
                before = gone;
            }
        }
        assertThat(lost[0]).isBetween(9_000L, 11_000L);
        assertThat(lost[1]).isBetween(9_000L, 11_000L);
        assertThat((double) lost[0] / runs[0]).isBetween(1.05, 1.2);
        assertThat((double) lost[1] / runs[1]).isBetween(7.0, 9.0);
    }

    @Test
    void corrupted_packets_are_noticed_and_repaired() throws Exception {
        Conversation talk = connected();
        network.traffic().latency(Duration.ofMillis(1));
        network.traffic().corrupt(0.02);
        transfer(talk, 500_000);
        long bad = network.hosts().stream()
                .mapToLong(host -> host.snapshot().drops().values().stream()
                        .mapToLong(Long::longValue)
                        .sum())
                .sum();
        assertThat(bad).isPositive();
        assertThat(retransmissions()).isPositive();
    }

    @Test
    void duplicates_do_no_harm() throws Exception {
        Conversation talk = connected();
        network.traffic().duplicate(0.5);
        transfer(talk, 500_000);
        assertThat(talk.received()).isEqualTo(500_000);
        assertThat(talk.socket().info().state().toString()).isEqualTo("ESTABLISHED");
    }

    @Test
    void reordering_is_not_mistaken_for_loss_all_the_time() throws Exception {
        network.traffic().latency(Duration.ofMillis(20));
        Conversation talk = connected();
        Fault reordered = network.traffic().reorder(0.05, Duration.ofMillis(2));
        transfer(talk, 500_000);
        assertThat(network.dropped()).isZero();
        // RACK learns to wait (RFC 8985 section 6.2, step 4).
        assertThat(reordered.packets()).isGreaterThan(20);
        assertThat(retransmissions()).isLessThan(reordered.packets());
    }

    @Test
    void a_link_that_flaps_loses_what_comes_while_it_is_down() throws Exception {
        Conversation talk = connected();
        Fault flap = network.of("server").flap(Duration.ofSeconds(2), Duration.ofSeconds(1));
        Duration longest = Duration.ZERO;
        for (int i = 0; i < 20; i++) {
            Duration taken = transfer(talk, 1);
            longest = taken.compareTo(longest) > 0 ? taken : longest;
            time.advance(Duration.ofMillis(700));
        }
        assertThat(flap.packets()).isPositive();
        assertThat(longest).isBetween(Duration.ofMillis(100), Duration.ofSeconds(3));
        assertThat(talk.failure()).isNull();
    }

    @Test
    void slow_close_keeps_the_end_back_but_not_the_data() throws Exception {
        Conversation talk = connected();
        network.between("client", "server").slowClose(Duration.ofSeconds(5));
        long begin = time.now();
        talk.send("bye").close();
        assertThat(time.runUntil(() -> talk.received() == 3, MINUTE)).isTrue();
        assertThat(time.now() - begin).isLessThan(Duration.ofSeconds(1).toNanos());
        assertThat(time.runUntil(talk::isEnded, MINUTE)).isTrue();
        // The client's FIN, then the server's.
        assertThat(time.now() - begin).isBetween(10_000_000_000L, 11_000_000_000L);
    }

    @Test
    void timeout_swallows_data_and_resets_in_the_end() throws Exception {
        Conversation talk = connected();
        network.between("client", "server").timeout(Duration.ofSeconds(10));
        talk.send("anybody?");
        time.advance(Duration.ofSeconds(9));
        assertThat(talk.received()).isZero();
        assertThat(talk.failure()).isNull();
        assertThat(time.runUntil(() -> talk.failure() != null, Duration.ofSeconds(2)))
                .isTrue();
        assertThat(talk.failure()).hasMessage("Connection reset");
        time.advance(Duration.ofSeconds(1));
        assertThat(network.find("server").orElseThrow().snapshot().flows()).isEmpty();
    }

    @Test
    void timeout_zero_holds_data_until_it_is_closed() throws Exception {
        Conversation talk = connected();
        Fault silence = network.between("client", "server").timeout(Duration.ZERO);
        talk.send("anybody?");
        time.advance(MINUTE);
        assertThat(talk.received()).isZero();
        silence.close();
        assertThat(time.runUntil(() -> talk.received() == 8, Duration.ofMinutes(2)))
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3_000})
    void reset_peer_resets_both_ends(int millis) throws Exception {
        network.between("client", "server").resetPeer(Duration.ofMillis(millis));
        Conversation talk = network.script("client").connect("server", 7);
        talk.send("hello");
        assertThat(time.runUntil(() -> talk.failure() != null, MINUTE)).isTrue();
        assertThat(talk.failure()).hasMessageContaining("reset");
        assertThat(time.elapsed()).isBetween(Duration.ofMillis(millis), Duration.ofMillis(millis + 100));
        time.advance(Duration.ofSeconds(1));
        assertThat(network.find("server").orElseThrow().snapshot().flows()).isEmpty();
        assertThat(talk.received()).isEqualTo(millis == 0 ? 0 : 5);
    }

    @Test
    void limit_data_lets_so_much_through_and_not_an_octet_more() throws Exception {
        List<Conversation> served = new ArrayList<>();
        network.script("server").listen(8, served::add);
        network.fromTo("client", "server").port(8).limitData(10_000);
        Conversation talk = network.script("client").connect("server", 8).sendPattern(50_000);
        assertThat(time.runUntil(() -> talk.failure() != null, MINUTE)).isTrue();
        assertThat(served.getFirst().received()).isEqualTo(10_000);
        assertThat(served.getFirst().isEnded()).isTrue();
        time.advance(Duration.ofSeconds(1));
        assertThat(network.find("server").orElseThrow().snapshot().flows()).isEmpty();
    }

    @Test
    void the_first_rule_that_decides_wins() throws Exception {
        network.traffic().rule(packet -> packet.to().equals("server") ? Verdict.DELIVER : Verdict.PASS);
        network.traffic().cut();
        network.fromTo("server", "client").port(7).rule(_ -> {
            throw new AssertionError("never asked");
        });
        List<Integer> got = new ArrayList<>();
        try (UdpSocket socket = network.find("server").orElseThrow().openUdpSocket();
                UdpSocket sender = network.find("client").orElseThrow().openUdpSocket()) {
            socket.bind(new Endpoint(IpAddress.ANY_IPV6, 53));
            socket.observe(_ -> got.add(1));
            sender.send(
                    new byte[1], 0, 1, new Endpoint(network.addresses("server").getFirst(), 53));
            time.advance(Duration.ofSeconds(1));
            assertThat(socket.receive(new byte[1], 0, 1, 1)).isEqualTo(1);
            socket.send(new byte[1], 0, 1, socket.lastSender());
            assertThatThrownBy(() -> sender.receive(new byte[1], 0, 1, 1_000)).hasMessage("Receive timed out");
        }
        assertThat(got).isNotEmpty();
        assertThat(network.dropped()).isEqualTo(1);
    }

    @Test
    void rules_see_what_a_packet_is() throws Exception {
        List<String> seen = new ArrayList<>();
        network.traffic().tcp().rule(packet -> {
            seen.add(packet.from() + ">" + packet.to() + ":" + packet.destinationPort() + " "
                    + (packet.tcpFlags() & TcpHeader.SYN) + " " + packet.payloadLength());
            return Verdict.PASS;
        });
        Conversation talk = connected().send("12345");
        assertThat(time.runUntil(() -> talk.received() == 5, MINUTE)).isTrue();
        assertThat(seen).contains("client>server:7 2 0", "client>server:7 0 5");
        assertThat(seen).anyMatch(each -> each.startsWith("server>client") && each.endsWith(" 2 0"));
    }

    @Test
    void a_cut_one_way_lets_the_other_way_through() throws Exception {
        Conversation talk = connected();
        network.fromTo("server", "client").cut();
        talk.send("hello");
        time.advance(Duration.ofSeconds(10));
        assertThat(talk.received()).isZero();
        // The data got there; only the answer did not come back.
        assertThat(network.find("server").orElseThrow().snapshot().retransmissions())
                .isPositive();
    }

    @Test
    void a_partition_heals_by_itself_if_told_so() throws Exception {
        Conversation talk = connected();
        Conversation other = network.script("other").connect("server", 7);
        assertThat(time.runUntil(other::isConnected, MINUTE)).isTrue();
        Fault cut = network.partition("client").lasting(Duration.ofSeconds(30));
        talk.send("hello");
        transfer(other, 10);
        time.advance(Duration.ofSeconds(29));
        assertThat(talk.received()).isZero();
        assertThat(cut.isActive()).isTrue();
        assertThat(time.runUntil(() -> talk.received() == 5, MINUTE)).isTrue();
        assertThat(cut.isActive()).isFalse();
    }

    @Test
    void two_groups_can_be_cut_off_from_each_other() throws Exception {
        network.partition(List.of("client", "other"), List.of("server"));
        Conversation talk = network.script("client").connect("server", 7);
        network.script("other").listen(7, Conversation::echo);
        Conversation among = network.script("client").connect("other", 7).send("x");
        assertThat(time.runUntil(() -> among.received() == 1, MINUTE)).isTrue();
        assertThat(talk.isConnected()).isFalse();
        assertThat(time.runUntil(() -> talk.failure() != null, HOUR)).isTrue();
        assertThat(talk.failure()).hasMessage("Connection timed out");
    }

    @Test
    void a_crashed_host_forgets_and_says_so_when_it_is_back() throws Exception {
        Conversation talk = connected();
        network.crash("server");
        long before = talk.sent();
        time.advance(MINUTE);
        assertThat(talk.failure()).isNull(); // nobody has told it
        assertThat(talk.isEnded()).isFalse();
        talk.send("hello");
        time.advance(Duration.ofSeconds(20));
        assertThat(talk.sent()).isEqualTo(before + 5);
        assertThat(talk.failure()).isNull();
        assertThat(network.find("server")).isEmpty();
        IpAddress address = network.addresses("server").getFirst();
        Host again = network.restart("server");
        assertThat(again.addresses()).contains(address);
        assertThat(network.find("server")).containsSame(again);
        assertThat(time.runUntil(() -> talk.failure() != null, MINUTE)).isTrue();
        assertThat(talk.failure()).hasMessage("Connection reset");
        network.script("server").listen(7, Conversation::echo);
        transfer(connected(), 10);
        assertThatThrownBy(() -> network.restart("server")).hasMessageContaining("it runs");
    }
}
