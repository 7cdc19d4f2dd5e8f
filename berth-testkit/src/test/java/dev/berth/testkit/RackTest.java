package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.SYN;

import dev.berth.check.Requirement;
import dev.berth.stack.tcp.TcpState;
import org.junit.jupiter.api.Test;

/// Detection of loss by time: RFC 8985 section 6.
@Requirement("8985-01")
class RackTest extends RecoveryScript {
    @Test
    void one_segment_that_overtook_is_loss_when_the_reordering_window_has_passed() {
        connectedOverThePath(SACK);
        sendAndWait(3_000, 3);
        receive(ACK.seq(1).ack(1).sack(2_001, 3_001));
        assertRecovering(false);
        // Step 4: min_RTT / 4
        sentAfter(RTT / 4, ACK.seq(1).data(1_000));
        sentNothing();
        assertRecovering(true);
        receive(ACK.seq(1).ack(1_001).sack(2_001, 3_001));
        sentData(1_001);
        receive(ACK.seq(1).ack(3_001));
        assertRecovering(false);
        sentNothing();
    }

    @Test
    void what_arrives_within_the_reordering_window_is_not_sent_again() {
        connectedOverThePath(SACK);
        sendAndWait(3_000, 3);
        receive(ACK.seq(1).ack(1).sack(1_001, 3_001));
        advance(RTT / 4 - 3);
        receive(ACK.seq(1).ack(3_001));
        advance(1_000);
        sentNothing();
        assertState(TcpState.ESTABLISHED).ssthresh(Integer.MAX_VALUE);
    }

    @Test
    void dupthresh_segments_are_loss_at_once_while_nothing_was_reordered() {
        connectedOverThePath(SACK);
        sendAndWait(10_000, 10);
        receive(ACK.seq(1).ack(1).sack(1_001, 3_001));
        sentNothing();
        receive(ACK.seq(1).ack(1).sack(1_001, 4_001));
        sentData(1);
        assertRecovering(true);
        receive(ACK.seq(1).ack(10_001));
    }

    @Test
    void once_reordering_was_seen_the_number_of_segments_does_not_matter() {
        connectedOverThePath(SACK);
        sendAndWait(4_000, 4);
        receive(ACK.seq(1).ack(1).sack(1_001, 2_001));
        receive(ACK.seq(1).ack(4_001)); // step 3: below RACK.fack, and never sent again
        sendAndWait(10_000, 10);
        receive(ACK.seq(1).ack(4_001).sack(5_001, 10_001));
        sentNothing();
        assertRecovering(false);
        sentAfter(RTT / 4, ACK.seq(4_001).data(1_000));
        receive(ACK.seq(1).ack(14_001));
        assertRecovering(false);
    }

    @Test
    void a_retransmission_that_is_lost_is_sent_once_more() {
        connectedOverThePath(SACK);
        sendAndWait(40_000, 10);
        receive(ACK.seq(1).ack(1).sack(1_001, 4_001));
        sentData(1);
        receive(ACK.seq(1).ack(1).sack(1_001, 8_001));
        sentData(10_001, 11_001);
        advance(RTT);
        // What was sent after the retransmission has arrived, the retransmission has not.
        receive(ACK.seq(1).ack(1).sack(10_001, 12_001, 1_001, 8_001));
        advance(2);
        sentData(1);
        receive(ACK.seq(1).ack(12_001));
        assertRecovering(false);
        ignoringRest();
    }

    @Test
    void the_ack_of_a_retransmission_that_answers_the_original_tells_no_time() {
        connectedOverThePath(SACK);
        sendAndWait(10_000, 10);
        receive(ACK.seq(1).ack(1).sack(1_001, 4_001));
        sentData(1);
        advance(1);
        // Step 2: sooner than min_RTT after the retransmission, so it says nothing about when the others were sent.
        receive(ACK.seq(1).ack(5_001));
        sentNothing();
        receive(ACK.seq(1).ack(10_001));
    }

    @Test
    void every_round_with_duplicates_reported_widens_the_window() {
        connectedOverThePath(SACK);
        for (int round = 0; round < 3; round++) {
            int first = 1 + 4_000 * round;
            sendAndWait(4_000, 4);
            receive(ACK.seq(1).ack(first + 4_000).sack(first, first + 1_000)); // a duplicate: RFC 2883
        }
        sendAndWait(3_000, 3);
        receive(ACK.seq(1).ack(12_001).sack(14_001, 15_001));
        // "after N round trips in which a DSACK is received, the RACK.reo_wnd becomes (N+1) * min_RTT / 4"
        sentAfter(RTT, ACK.seq(12_001).data(1_000));
        receive(ACK.seq(1).ack(15_001));
    }

    @Test
    void a_timeout_marks_only_what_is_overdue() {
        config = config.withNoDelay(true);
        connectedOverThePath(SACK);
        send(2_000);
        sentData(1, 1_001);
        sentAfter(2 * RTT, ACK.seq(1_001).data(1_000)); // the probe
        advance(200 - 15);
        send(500);
        sent(ACK.seq(2_001).data(500));
        sentAfter(13, ACK.seq(1).data(1_000));
        assertState(TcpState.ESTABLISHED).cwnd(1_000);
        // Section 6.3: what was sent 15 ms ago is not lost; the second segment is.
        receive(ACK.seq(1).ack(1_001));
        sentData(1_001);
        receive(ACK.seq(1).ack(2_001));
        sentNothing();
        receive(ACK.seq(1).ack(2_501));
        assertRecovering(false);
    }

    @Test
    @Requirement("2018-02")
    void a_receiver_that_reneges_gets_everything_again() {
        connectedOverThePath(SACK);
        sendAndWait(3_000, 3);
        receive(ACK.seq(1).ack(1).sack(1_001, 3_001));
        sentAfter(RTT / 4, ACK.seq(1).data(1_000));
        receive(ACK.seq(1).ack(1_001)); // and not 3,001, as it had said
        sentAfter(200, ACK.seq(1_001).data(1_000));
        receive(ACK.seq(1).ack(2_001));
        sentData(2_001);
        receive(ACK.seq(1).ack(3_001));
        sentNothing();
    }

    @Test
    void what_waits_in_the_host_is_not_late() {
        connectedOverThePath(SACK);
        sendAndWait(3_000, 3);
        advance(30); // the host had something else to do
        receiveAfterWaiting(ACK.seq(1).ack(1_001), 30);
        assertState(TcpState.ESTABLISHED).srtt(RTT);
        receiveAfterWaiting(ACK.seq(1).ack(1_001).sack(2_001, 3_001), 29);
        sentNothing(); // the reordering window began when it arrived
        sentAfter(RTT / 4, ACK.seq(1_001).data(1_000));
        receive(ACK.seq(1).ack(3_001));
    }

    @Test
    void without_sack_time_decides_nothing() {
        connectedOverThePath(SYN.mss(1_000));
        sendAndWait(4_000, 4);
        receive(ACK.seq(1).ack(1));
        receive(ACK.seq(1).ack(1));
        advance(RTT);
        sentNothing();
        receive(ACK.seq(1).ack(1));
        sentData(1);
        receive(ACK.seq(1).ack(4_001));
    }
}
