package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.stack.tcp.TcpState;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Congestion control as RFC 5681 and RFC 6928 describe it from outside: how much may be in flight.
class TcpCongestionTest extends Script {
    private void connectedWith(Seg syn) {
        // Without RFC 4821, which takes a few timeouts for a sign of a smaller path MTU
        config = config.withBuffers(1 << 20, 1 << 16)
                .withFeatures(config.features().withPathProbing(false));
        connected(syn);
    }

    private void sentData(int from, int count) {
        for (int i = 0; i < count; i++) {
            sent(ACK.seq(from + 1_000 * i).data(1_000));
        }
        sentNothing();
    }

    // RFC 6928

    @ParameterizedTest
    @CsvSource({"1460, 14600", "536, 5360", "1000, 10000", "5000, 14600", "8960, 17920"})
    @Requirement("6928-01")
    void the_initial_window_is_ten_segments_within_limits(int mss, int window) {
        mtu = 9_000;
        connectedWith(SYN.mss(mss));
        assertState(TcpState.ESTABLISHED).cwnd(window);
        send(100_000);
        int octets = 0;
        for (Seg seg = pollSent(); seg != null; seg = pollSent()) {
            octets += seg.data;
        }
        assertThat(octets).isBetween(window - mss + 1, window);
        ignoringRest();
    }

    @Test
    @Requirement("6928-02")
    void after_a_lost_syn_ack_the_window_is_one_segment() {
        config = config.withBuffers(1 << 20, 1 << 16);
        listen();
        receive(SYN.seq(IRS).mss(1_000));
        sent(SYN.seq(ISS).ack(1));
        sentAfter(1_000, SYN.seq(ISS).ack(1));
        receive(ACK.seq(1).ack(1));
        accept();
        assertState(TcpState.ESTABLISHED).cwnd(1_000);
    }

    // RFC 5681 section 3.1

    @Test
    @Requirement("5681-01")
    void the_smaller_one_of_both_windows_limits_what_is_in_flight() {
        connectedWith(SYN.mss(1_000).win(4_000));
        send(50_000);
        sentData(1, 4); // the peer's window
        receive(ACK.seq(1).ack(4_001).win(60_000));
        assertThat(tcpInfo().cwnd()).isLessThan(60_000);
        int allowed = tcpInfo().cwnd() / 1_000;
        sentData(4_001, allowed); // the congestion window
        ignoringRest();
    }

    @Test
    @Requirement("5681-02")
    void acknowledging_a_segment_in_pieces_opens_the_window_by_one_segment() {
        connectedWith(SYN.mss(1_000));
        send(60_000);
        sentData(1, 10);
        for (int i = 1; i <= 10; i++) {
            receive(ACK.seq(1).ack(1 + 100 * i));
        }
        assertState(TcpState.ESTABLISHED).cwnd(11_000);
        ignoreSent();
        ignoringRest();
    }

    @Test
    @Requirement("5681-03")
    void a_timeout_halves_what_was_in_flight_and_leaves_one_segment() {
        connectedWith(SYN.mss(1_000));
        send(8_000);
        sentData(1, 8);
        sentAfter(200, ACK.seq(1).data(1_000));
        assertState(TcpState.ESTABLISHED).ssthresh(4_000).cwnd(1_000);
        receive(ACK.seq(1).ack(8_001));
        send(2_000);
        ignoreSent();
        receive(ACK.seq(1).ack(10_001));
        ignoreSent();
    }

    @Test
    @Requirement("5681-03")
    void the_threshold_is_never_below_two_segments() {
        connectedWith(SYN.mss(1_000));
        send(1_000);
        sentData(1, 1);
        sentAfter(200, ACK.seq(1).data(1_000));
        assertState(TcpState.ESTABLISHED).ssthresh(2_000).cwnd(1_000);
    }

    // RFC 5681 section 2

    @Test
    @Requirement("5681-05")
    void window_updates_and_data_are_no_duplicates() {
        connectedWith(SYN.mss(1_000));
        send(10_000);
        sentData(1, 10);
        for (int i = 1; i <= 5; i++) {
            receive(ACK.seq(1).ack(1).win(40_000 + i)); // another window
            sentNothing();
        }
        for (int i = 0; i < 5; i++) {
            receive(ACK.seq(1 + 10 * i).ack(1).data(10).win(40_005)); // data
            sent(ACK.seq(10_001).ack(11 + 10 * i));
        }
        sentNothing();
        assertThat(tcpInfo().recovering()).isFalse();
        for (int i = 0; i < 3; i++) {
            receive(ACK.seq(51).ack(1).win(40_005)); // duplicates at last
        }
        sent(ACK.seq(1).data(1_000));
        receive(ACK.seq(51).ack(10_001));
        read(50);
    }

    @Test
    @Requirement("5681-05")
    void without_anything_outstanding_there_are_no_duplicates() {
        connectedWith(SYN.mss(1_000));
        for (int i = 0; i < 10; i++) {
            receive(ACK.seq(1).ack(1));
        }
        send(2_000);
        sentData(1, 2);
        receive(ACK.seq(1).ack(1));
        sentNothing();
        assertThat(tcpInfo().recovering()).isFalse();
        receive(ACK.seq(1).ack(2_001));
    }

    // RFC 2018

    @Test
    @Requirement("2018-02")
    void what_was_only_selectively_acknowledged_is_kept_and_sent_again() {
        connectedWith(SYN.mss(1_000).sackPermitted());
        send(4_000);
        sentData(1, 4);
        receive(ACK.seq(1).ack(1).sack(1_001, 4_001));
        ignoreSent();
        // The peer reneges: it has thrown all of it away, and acknowledges what comes again only.
        advance(2_000);
        ignoreSent();
        receive(ACK.seq(1).ack(1_001));
        Set<Integer> again = new TreeSet<>();
        for (int i = 0; i < 1_000 && again.size() < 3; i++) {
            for (Seg seg = pollSent(); seg != null; seg = pollSent()) {
                assertThat(seg.seq).isGreaterThan(1_000);
                again.add(seg.seq);
                receive(ACK.seq(1).ack(Math.min(4_001, again.size() * 1_000 + 1_001)));
            }
            advance(10);
        }
        assertThat(again).containsExactly(1_001, 2_001, 3_001);
        assertThat(tcpInfo().unacknowledged()).isZero();
    }

    // RFC 9293 section 3.8.2

    @Test
    @Requirement("MAY-18")
    void cubic_takes_less_away_than_new_reno() {
        config = config.withCongestion(TcpConfig.Congestion.CUBIC);
        connectedWith(SYN.mss(1_000));
        send(10_000);
        sentData(1, 10);
        for (int i = 0; i < 3; i++) {
            receive(ACK.seq(1).ack(1));
        }
        sent(ACK.seq(1).data(1_000));
        assertState(TcpState.ESTABLISHED).ssthresh(7_000); // RFC 9438 section 4.6: beta 0.7
        receive(ACK.seq(1).ack(10_001));
    }

    // Congestion window validation, RFC 2861 section 3.2

    @Test
    void a_window_that_the_user_does_not_fill_decays_towards_what_it_fills() {
        Pair pair = Paths.pair(new Paths.Path(50, 40_000, 200, 0), TcpConfig.DEFAULT, 1);
        TcpListener listener = pair.listen(80);
        Tcb client = pair.connect(Pair.SERVER, 80);
        Tcb server = pair.accept(listener, 100);
        Paths.Stream stream = new Paths.Stream(pair, client, server, 1L << 40);
        pair.wire.runUntil(stream::isDone, 3 * Pair.SECOND);
        int filled = pair.client.tcp().info(client, pair.wire.now()).cwnd();
        stream.pause();
        pair.wire.runUntil(
                () -> stream.isDone()
                        || pair.client.tcp().info(client, pair.wire.now()).unacknowledged() < 100_000,
                10 * Pair.SECOND);
        int least = 14_480;
        assertThat(filled).isGreaterThan(10 * least);
        // Never idle for a timeout, so that it is not RFC 5681 section 4.1 that takes the window away.
        int last = 0;
        for (int i = 0; i < 40; i++) {
            stream.send(1_000);
            pair.wire.runUntil(stream::isDone, Pair.SECOND / 20);
            last = pair.client.tcp().info(client, pair.wire.now()).cwnd();
            assertThat(last).isGreaterThanOrEqualTo(least);
        }
        assertThat(last).isLessThan(filled / 4);
    }

    @Test
    void a_window_that_is_filled_does_not_decay() {
        Pair pair = Paths.pair(new Paths.Path(50, 40_000, 200, 0), TcpConfig.DEFAULT, 1);
        TcpListener listener = pair.listen(80);
        Tcb client = pair.connect(Pair.SERVER, 80);
        Tcb server = pair.accept(listener, 100);
        Paths.Stream stream = new Paths.Stream(pair, client, server, 1L << 40);
        pair.wire.runUntil(stream::isDone, 3 * Pair.SECOND);
        long before = stream.received();
        pair.wire.runUntil(stream::isDone, 3 * Pair.SECOND);
        assertThat(stream.received() - before).isGreaterThan(3L * 50 * 125_000 * 9 / 10);
    }
}
