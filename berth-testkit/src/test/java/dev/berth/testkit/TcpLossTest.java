package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.FIN;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.tcp.TcpError;
import dev.berth.stack.tcp.TcpState;
import org.junit.jupiter.api.Test;

/// Retransmission and congestion control: RFC 6298, 5681, 6582, 6675, 3042 and 6928.
class TcpLossTest extends Script {
    private static final Seg SACK = SYN.mss(1_000).sackPermitted();

    /// Established with segments of 1,000 octets, so that the initial window has ten.
    private void connectedWith(Seg syn) {
        // Without RFC 4821, which takes a few timeouts for a sign of a smaller path MTU
        config = config.withBuffers(1 << 20, 1 << 16)
                .withFeatures(config.features().withPathProbing(false));
        connected(syn);
    }

    /// The same over a path of 10 ms, after which the ACKs of the first flight are due.
    private void connectedOverTenMilliseconds(Seg syn, int octets) {
        config = config.withBuffers(1 << 20, 1 << 16);
        open();
        sent(SYN.seq(ISS));
        advance(10);
        receive(syn.seq(IRS).ack(ISS + 1));
        sent(ACK.seq(1).ack(1));
        send(octets);
        sentFirstTen();
        advance(10);
    }

    private void sentData(int... numbers) {
        for (int number : numbers) {
            sent(ACK.seq(number).data(1_000));
        }
    }

    private void sentFirstTen() {
        for (int i = 0; i < 10; i++) {
            sentData(1 + 1_000 * i);
        }
        sentNothing();
    }

    // RFC 6298

    @Test
    @Requirement("MUST-18")
    @Requirement("6298-01")
    @Requirement("6298-02")
    @Requirement("6298-03")
    void the_timeout_follows_the_round_trip_time() {
        open();
        sent(SYN.seq(ISS));
        assertState(TcpState.SYN_SENT).rto(1_000);
        advance(400);
        receive(SYN.seq(IRS).ack(1).mss(1_000));
        sent(ACK.seq(1));
        assertState(TcpState.ESTABLISHED).srtt(400).rto(1_200); // 400 + 4 * 200
        send(100);
        sent(ACK.seq(1).data(100));
        advance(320);
        receive(ACK.seq(1).ack(101));
        assertState(TcpState.ESTABLISHED).srtt(390).rto(1_070); // 390 + 4 * (3/4 * 200 + 1/4 * 80)
    }

    @Test
    @Requirement("MUST-18")
    @Requirement("MUST-19")
    @Requirement("SM-24")
    @Requirement("6298-07")
    void an_unacknowledged_segment_is_retransmitted_with_backoff() {
        connected();
        send(100);
        sent(ACK.seq(1).data(100));
        sentAfter(200, ACK.seq(1).data(100));
        sentAfter(400, ACK.seq(1).data(100));
        sentAfter(800, ACK.seq(1).data(100));
        receive(ACK.seq(1).ack(101));
        assertState(TcpState.ESTABLISHED).srtt(0); // below a millisecond, as measured with the SYN
        advance(100_000);
        sentNothing();
    }

    @Test
    @Requirement("MUST-18")
    @Requirement("6298-05")
    void the_backoff_stays_until_a_segment_sent_once_is_acknowledged() {
        connected();
        send(100);
        sent(ACK.seq(1).data(100));
        sentAfter(200, ACK.seq(1).data(100));
        sentAfter(400, ACK.seq(1).data(100));
        receive(ACK.seq(1).ack(101));
        assertState(TcpState.ESTABLISHED).rto(800);
        send(100);
        sent(ACK.seq(101).data(100));
        receive(ACK.seq(1).ack(201));
        assertState(TcpState.ESTABLISHED).rto(200);
    }

    @Test
    void with_timestamps_the_backoff_ends_with_the_next_ack() {
        connected(SYN.mss(1_460).ts(1_000, 0));
        send(100);
        sent(ACK.seq(1).data(100));
        sentAfter(200, ACK.seq(1).data(100));
        Seg again = ACK.seq(1).ack(101).ts(1_001, 200);
        receive(again);
        assertThat(tcpInfo().rtoNanos()).isLessThan(400_000_000L);
    }

    @Test
    @Requirement("MUST-20")
    @Requirement("SHLD-10")
    @Requirement("SHLD-11")
    void a_connection_dies_after_many_retransmissions() {
        connected();
        send(100);
        sent(ACK.seq(1).data(100));
        advance(100_000);
        assertState(TcpState.ESTABLISHED);
        advance(900_000);
        readError(TcpError.TIMED_OUT);
        ignoreSent();
        assertThat(stack().timers()).isZero();
    }

    @Test
    @Requirement("MUST-21")
    void the_user_sets_how_long_to_try() {
        config = config.withUserTimeout(5_000);
        connected();
        advance(60_000);
        send(100);
        sent(ACK.seq(1).data(100));
        advance(4_000);
        assertState(TcpState.ESTABLISHED);
        advance(4_000);
        readError(TcpError.TIMED_OUT);
        ignoreSent();
    }

    @Test
    void the_timer_restarts_with_every_ack_of_new_data() {
        connectedWith(SYN.mss(1_000));
        send(2_000);
        sentData(1, 1_001);
        advance(150);
        receive(ACK.seq(1).ack(1_001));
        advance(150);
        sentNothing();
        // one sample of 150 ms: the timeout is 6/8 of what it was or more
        receive(ACK.seq(1).ack(2_001));
    }

    // RFC 5681

    @Test
    @Requirement("MUST-19")
    @Requirement("5681-01")
    void slow_start_opens_the_window_by_what_is_acknowledged() {
        connectedWith(SYN.mss(1_000));
        assertState(TcpState.ESTABLISHED).cwnd(10_000);
        send(60_000);
        sentFirstTen();
        receive(ACK.seq(1).ack(2_001));
        sentData(10_001, 11_001, 12_001, 13_001);
        sentNothing();
        assertState(TcpState.ESTABLISHED).cwnd(12_000);
        ignoringRest();
    }

    @Test
    @Requirement("5681-04")
    void three_duplicates_retransmit_and_recover_without_sack() {
        connectedWith(SYN.mss(1_000));
        send(40_000);
        sentFirstTen();
        receive(ACK.seq(1).ack(1));
        sentData(10_001); // limited transmit, RFC 3042
        receive(ACK.seq(1).ack(1));
        sentData(11_001);
        receive(ACK.seq(1).ack(1));
        sentData(1);
        sentNothing();
        assertState(TcpState.ESTABLISHED).ssthresh(6_000).cwnd(9_000);
        for (int i = 0; i < 3; i++) {
            receive(ACK.seq(1).ack(1));
        }
        sentNothing(); // the window was inflated to what is in flight
        receive(ACK.seq(1).ack(1));
        sentData(12_001);
        receive(ACK.seq(1).ack(12_001));
        assertState(TcpState.ESTABLISHED).ssthresh(6_000).cwnd(2_000);
        assertThat(tcpInfo().recovering()).isFalse();
        ignoringRest();
    }

    @Test
    @Requirement("6582-01")
    void a_partial_ack_retransmits_the_next_hole_without_sack() {
        connectedWith(SYN.mss(1_000));
        send(10_000);
        sentFirstTen();
        for (int i = 0; i < 3; i++) {
            receive(ACK.seq(1).ack(1));
        }
        sentData(1);
        receive(ACK.seq(1).ack(3_001));
        sentData(3_001);
        sentNothing();
        receive(ACK.seq(1).ack(5_001));
        sentData(5_001);
        receive(ACK.seq(1).ack(10_001));
        assertThat(tcpInfo().recovering()).isFalse();
        sentNothing();
    }

    @Test
    void duplicates_for_what_was_sent_before_recovery_do_not_begin_another() {
        connectedWith(SYN.mss(1_000));
        send(10_000);
        sentFirstTen();
        sentAfter(200, ACK.seq(1).data(1_000));
        assertState(TcpState.ESTABLISHED).cwnd(1_000).ssthresh(5_000);
        for (int i = 0; i < 5; i++) {
            receive(ACK.seq(1).ack(1));
        }
        sentNothing();
        assertState(TcpState.ESTABLISHED).cwnd(1_000).ssthresh(5_000);
        receive(ACK.seq(1).ack(10_001));
        assertThat(tcpInfo().recovering()).isFalse();
    }

    @Test
    void a_duplicate_has_no_data_and_no_other_window() {
        connectedWith(SYN.mss(1_000));
        send(10_000);
        sentFirstTen();
        for (int i = 0; i < 4; i++) {
            receive(ACK.seq(1 + i).ack(1).win(40_000 + i));
            receive(ACK.seq(1 + i).ack(1).win(40_000 + i).data(1));
            sent(ACK.seq(10_001));
        }
        sentNothing();
        assertThat(tcpInfo().recovering()).isFalse();
    }

    @Test
    void after_a_timeout_everything_is_sent_again_in_slow_start() {
        connectedWith(SYN.mss(1_000));
        send(10_000);
        sentFirstTen();
        sentAfter(200, ACK.seq(1).data(1_000));
        receive(ACK.seq(1).ack(1_001));
        sentData(1_001, 2_001);
        sentNothing();
        receive(ACK.seq(1).ack(3_001));
        sentData(3_001, 4_001, 5_001);
        receive(ACK.seq(1).ack(10_001));
        sentNothing();
        assertThat(tcpInfo().recovering()).isFalse();
    }

    @Test
    void a_timeout_in_fast_recovery_ends_it() {
        connectedWith(SACK);
        send(10_000);
        sentFirstTen();
        receive(ACK.seq(1).ack(1).sack(1_001, 5_001));
        sentData(1);
        sentAfter(200, ACK.seq(1).data(1_000));
        receive(ACK.seq(1).ack(5_001));
        sentData(5_001, 6_001);
        receive(ACK.seq(1).ack(10_001));
        sentNothing();
        assertThat(tcpInfo().recovering()).isFalse();
    }

    @Test
    @Requirement("6298-06")
    @Requirement("SM-24")
    @Requirement("5681-03")
    void repeated_timeouts_halve_the_threshold_once() {
        config = config.withFeatures(config.features().withPathProbing(false)); // the segments stay as large
        connectedWith(SYN.mss(1_000));
        send(10_000);
        sentFirstTen();
        sentAfter(200, ACK.seq(1).data(1_000));
        sentAfter(400, ACK.seq(1).data(1_000));
        assertState(TcpState.ESTABLISHED).ssthresh(5_000).cwnd(1_000);
        receive(ACK.seq(1).ack(10_001));
    }

    @Test
    @Requirement("5681-06")
    void an_idle_connection_restarts_with_the_initial_window() {
        connectedWith(SYN.mss(1_000));
        send(10_000);
        sentFirstTen();
        receive(ACK.seq(1).ack(10_001));
        assertThat(tcpInfo().cwnd()).isGreaterThan(10_000);
        advance(10_000);
        receive(ACK.seq(1).ack(10_001).data(1)); // acknowledging what others send is not sending
        sent(ACK.seq(10_001).ack(2));
        send(1_000);
        sentData(10_001);
        assertState(TcpState.ESTABLISHED).cwnd(10_000);
    }

    // RFC 6675

    @Test
    @Requirement("6675-01")
    void sack_retransmits_the_holes_only() {
        connectedOverTenMilliseconds(SACK, 10_000);
        receive(ACK.seq(1).ack(1).sack(1_001, 2_001));
        receive(ACK.seq(1).ack(1).sack(1_001, 2_001, 3_001, 4_001));
        sentNothing();
        receive(ACK.seq(1).ack(1).sack(1_001, 2_001, 3_001, 5_001));
        sentData(1);
        receive(ACK.seq(1).ack(1).sack(1_001, 2_001, 3_001, 8_001));
        sentData(2_001);
        sentNothing();
        receive(ACK.seq(1).ack(2_001).sack(3_001, 10_001));
        sentNothing();
        receive(ACK.seq(1).ack(10_001));
        assertState(TcpState.ESTABLISHED).cwnd(5_000).ssthresh(5_000);
        assertThat(tcpInfo().recovering()).isFalse();
        sentNothing();
    }

    @Test
    void much_sacked_data_is_loss_at_the_first_ack() {
        connectedWith(SACK);
        send(10_000);
        sentFirstTen();
        receive(ACK.seq(1).ack(1).sack(1_001, 4_001));
        sentData(1);
        receive(ACK.seq(1).ack(10_001));
    }

    @Test
    void new_data_follow_while_the_pipe_has_room() {
        connectedOverTenMilliseconds(SACK, 40_000);
        receive(ACK.seq(1).ack(1).sack(1_001, 2_001));
        sentData(10_001);
        receive(ACK.seq(1).ack(1).sack(1_001, 3_001));
        sentData(11_001);
        receive(ACK.seq(1).ack(1).sack(1_001, 4_001));
        sentData(1);
        sentNothing();
        receive(ACK.seq(1).ack(1).sack(1_001, 10_001));
        sentData(12_001, 13_001, 14_001);
        ignoringRest();
    }

    @Test
    void sack_blocks_that_make_no_sense_are_ignored() {
        connectedWith(SACK);
        send(10_000);
        sentFirstTen();
        receive(ACK.seq(1).ack(1).sack(20_001, 30_001));
        receive(ACK.seq(1).ack(1).sack(5_001, 4_001));
        receive(ACK.seq(1).ack(1).sack(-5_000, 3_001));
        receive(ACK.seq(1).ack(1).sack(-5_000, -3_001));
        sentNothing();
        assertThat(tcpInfo().recovering()).isFalse();
    }

    @Test
    void a_forged_flood_of_duplicates_does_not_overflow_the_window() {
        connectedWith(SYN.mss(1_000));
        send(10_000);
        sentFirstTen();
        for (int i = 0; i < 10_000; i++) {
            receive(ACK.seq(1).ack(1));
        }
        assertThat(tcpInfo().cwnd()).isPositive();
        ignoreSent();
        receive(ACK.seq(1).ack(10_001));
        assertThat(tcpInfo().cwnd()).isLessThan(10_000);
    }

    // The FIN

    @Test
    void a_lost_last_segment_is_sent_again_with_its_fin() {
        connectedWith(SACK);
        send(400);
        sent(ACK.seq(1).data(400));
        send(500);
        close();
        sent(FIN.seq(401).data(500));
        receive(ACK.seq(1).ack(401));
        sentAfter(200, FIN.seq(401).data(500));
        receive(ACK.seq(1).ack(902));
        assertState(TcpState.FIN_WAIT_2);
    }
}
