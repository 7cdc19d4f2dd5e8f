package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.tcp.TcpState;
import org.junit.jupiter.api.Test;

/// Duplicates reported (RFC 2883) and understood: recoveries that repaired nothing are taken back.
@Requirement("2883-01")
class DsackTest extends RecoveryScript {
    // Receiving, RFC 2883 section 4

    @Test
    void a_whole_segment_below_the_acknowledgment() {
        connectedOverThePath(SACK);
        receive(ACK.seq(1).ack(1).data(1_000));
        sent(ACK.ack(1_001).sack());
        receive(ACK.seq(1).ack(1).data(1_000));
        sent(ACK.ack(1_001).sack(1, 1_001));
        // "each duplicate ... is reported in at most one D-SACK block"
        receive(ACK.seq(1_001).ack(1).data(1_000));
        sent(ACK.ack(2_001).sack());
        read(2_000);
    }

    @Test
    void a_part_of_a_segment() {
        connectedOverThePath(SACK);
        receive(ACK.seq(1).ack(1).data(1_000));
        sent(ACK.ack(1_001));
        receive(ACK.seq(501).ack(1).data(1_000));
        sent(ACK.ack(1_501).sack(501, 1_001));
        read(1_500);
    }

    @Test
    void a_segment_beyond_a_hole_is_reported_before_the_block_that_contains_it() {
        connectedOverThePath(SACK);
        receive(ACK.seq(1_001).ack(1).data(1_000));
        sent(ACK.ack(1).sack(1_001, 2_001));
        receive(ACK.seq(2_001).ack(1).data(1_000));
        sent(ACK.ack(1).sack(1_001, 3_001));
        receive(ACK.seq(2_001).ack(1).data(1_000));
        sent(ACK.ack(1).sack(2_001, 3_001, 1_001, 3_001));
        receive(ACK.seq(1_501).ack(1).data(1_000));
        sent(ACK.ack(1).sack(1_501, 2_501, 1_001, 3_001));
        receive(ACK.seq(1).ack(1).data(1_000));
        sent(ACK.ack(3_001).sack());
        read(3_000);
    }

    @Test
    void what_fills_a_hole_and_more() {
        connectedOverThePath(SACK);
        receive(ACK.seq(501).ack(1).data(1_000));
        sent(ACK.ack(1).sack(501, 1_501));
        receive(ACK.seq(1).ack(1).data(1_000));
        sent(ACK.ack(1_501).sack(501, 1_001));
        read(1_500);
    }

    @Test
    void two_blocks_and_a_duplicate() {
        connectedOverThePath(SACK);
        receive(ACK.seq(1).ack(1).data(1_000));
        sent(ACK.ack(1_001));
        receive(ACK.seq(2_001).ack(1).data(500));
        sent(ACK.ack(1_001).sack(2_001, 2_501));
        receive(ACK.seq(4_001).ack(1).data(500));
        sent(ACK.ack(1_001).sack(4_001, 4_501, 2_001, 2_501));
        receive(ACK.seq(1).ack(1).data(1_000));
        sent(ACK.ack(1_001).sack(1, 1_001, 4_001, 4_501, 2_001, 2_501));
        read(1_000);
    }

    @Test
    void without_sack_permitted_nothing_is_said() {
        connectedOverThePath(SYN.mss(1_000));
        receive(ACK.seq(1).ack(1).data(1_000));
        sent(ACK.ack(1_001));
        receive(ACK.seq(1).ack(1).data(1_000));
        sent(ACK.ack(1_001).sack());
        read(1_000);
    }

    // Sending

    /// Ten segments in flight, of which the first seems lost and was sent again.
    private void recoverFirst() {
        sendAndWait(10_000, 10);
        receive(ACK.seq(1).ack(1).sack(1_001, 4_001));
        sentData(1);
        assertRecovering(true);
        assertThat(tcpInfo().cwnd()).isLessThan(10_000);
    }

    @Test
    void a_recovery_whose_retransmissions_all_arrived_twice_is_taken_back() {
        connectedOverThePath(SACK);
        recoverFirst();
        receive(ACK.seq(1).ack(10_001));
        assertState(TcpState.ESTABLISHED).cwnd(5_000).ssthresh(5_000);
        receive(ACK.seq(1).ack(10_001).sack(1, 1_001));
        assertState(TcpState.ESTABLISHED).cwnd(10_000).ssthresh(Integer.MAX_VALUE);
        sentNothing();
    }

    @Test
    void while_it_lasts_too() {
        connectedOverThePath(SACK);
        recoverFirst();
        receive(ACK.seq(1).ack(4_001).sack(1, 1_001));
        assertRecovering(false);
        assertState(TcpState.ESTABLISHED).ssthresh(Integer.MAX_VALUE);
        receive(ACK.seq(1).ack(10_001));
    }

    @Test
    void one_duplicate_of_two_retransmissions_takes_nothing_back() {
        connectedOverThePath(SACK);
        sendAndWait(10_000, 10);
        receive(ACK.seq(1).ack(1).sack(2_001, 5_001));
        sentData(1);
        receive(ACK.seq(1).ack(1_001).sack(2_001, 8_001));
        sentData(1_001);
        receive(ACK.seq(1).ack(10_001).sack(1, 1_001));
        assertState(TcpState.ESTABLISHED).cwnd(5_000).ssthresh(5_000);
        sentNothing();
    }

    @Test
    void with_timestamps_the_ack_of_the_original_is_enough() {
        connectedOverThePath(SACK_AND_TIMESTAMPS);
        sendAndWait(10_000, 10);
        receive(ACK.seq(1).ack(1).sack(1_001, 4_001).ts(1_001, RTT));
        sentData(1);
        assertRecovering(true);
        // RFC 3522 section 3.2: the ACK echoes the original's timestamp.
        receive(ACK.seq(1).ack(4_001).ts(1_002, RTT));
        assertRecovering(false);
        assertState(TcpState.ESTABLISHED).ssthresh(Integer.MAX_VALUE);
        receive(ACK.seq(1).ack(10_001).ts(1_003, RTT));
        sentNothing();
    }

    @Test
    void blocks_that_cannot_be_duplicates_are_ignored() {
        connectedOverThePath(SACK);
        recoverFirst();
        receive(ACK.seq(1).ack(1).sack(-2_000_000_000, -1_999_000_000));
        receive(ACK.seq(1).ack(1).sack(1, 1));
        receive(ACK.seq(1).ack(1).sack(1, -5));
        assertRecovering(true);
        receive(ACK.seq(1).ack(10_001));
        assertState(TcpState.ESTABLISHED).ssthresh(5_000);
    }
}
