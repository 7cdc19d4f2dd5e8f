package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.SYN;

import dev.berth.stack.tcp.TcpState;
import org.junit.jupiter.api.Test;

/// Timeouts where nothing was lost: F-RTO (RFC 5682) and, with timestamps, Eifel (RFC 3522).
class FrtoTest extends RecoveryScript {
    /// Ten segments are in flight when the timer expires, and more wait.
    private void timeOut(Seg syn) {
        connectedOverThePath(syn);
        sendAndWait(20_000, 10);
        advance(300);
        ignoreSent(); // the probe, if any, and the first segment again
        assertRecovering(true);
        assertState(TcpState.ESTABLISHED).cwnd(1_000);
    }

    @Test
    void new_data_after_the_first_ack_and_an_ack_of_the_next_original_mean_that_nothing_was_lost() {
        timeOut(SYN.mss(1_000));
        receive(ACK.seq(1).ack(1_001));
        sentData(10_001, 11_001); // step 2b: "transmit up to two new (previously unsent) segments"
        sentNothing();
        assertRecovering(true);
        receive(ACK.seq(1).ack(2_001)); // step 3b
        assertRecovering(false);
        assertState(TcpState.ESTABLISHED).cwnd(11_000).ssthresh(Integer.MAX_VALUE);
        sentData(12_001); // the window is what it was
        sentNothing();
    }

    @Test
    void a_duplicate_instead_means_that_it_was() {
        timeOut(SYN.mss(1_000));
        receive(ACK.seq(1).ack(1_001));
        sentData(10_001, 11_001);
        receive(ACK.seq(1).ack(1_001)); // step 3a
        assertRecovering(true);
        receive(ACK.seq(1).ack(2_001));
        sentData(2_001);
        ignoringRest();
    }

    @Test
    void a_duplicate_as_the_first_ack_ends_the_search() {
        timeOut(SYN.mss(1_000));
        receive(ACK.seq(1).ack(1)); // step 2a
        sentNothing();
        receive(ACK.seq(1).ack(1_001));
        sentData(1_001, 2_001);
        sentNothing();
        ignoringRest();
    }

    @Test
    void with_sack_an_original_that_arrives_is_enough() {
        timeOut(SACK);
        receive(ACK.seq(1).ack(1).sack(1_001, 2_001));
        assertRecovering(false);
        ignoringRest();
    }

    @Test
    void with_sack_the_second_ack_decides_after_one_of_the_retransmission() {
        timeOut(SACK);
        receive(ACK.seq(1).ack(1_001));
        assertRecovering(true);
        sentData(11_001, 12_001); // 10,001 went with the loss probe
        receive(ACK.seq(1).ack(2_001));
        assertRecovering(false);
        ignoringRest();
    }

    @Test
    void with_timestamps_the_first_ack_decides() {
        timeOut(SACK_AND_TIMESTAMPS);
        receive(ACK.seq(1).ack(1_001).ts(1_001, RTT));
        assertRecovering(false);
        assertState(TcpState.ESTABLISHED).ssthresh(Integer.MAX_VALUE);
        ignoringRest();
    }

    @Test
    void with_timestamps_that_answer_the_retransmission_it_was_lost() {
        timeOut(SACK_AND_TIMESTAMPS);
        receive(ACK.seq(1).ack(1_001).ts(1_001, RTT + 1_000));
        assertRecovering(true);
        ignoringRest();
    }

    @Test
    void without_new_data_recovery_is_the_conventional_one() {
        connectedOverThePath(SYN.mss(1_000));
        sendAndWait(10_000, 10);
        advance(300);
        ignoreSent();
        receive(ACK.seq(1).ack(1_001));
        sentData(1_001, 2_001);
        receive(ACK.seq(1).ack(10_001));
        assertRecovering(false);
    }
}
