package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.FIN;
import static dev.berth.testkit.Seg.SYN;

import dev.berth.check.Requirement;
import dev.berth.stack.tcp.TcpState;
import org.junit.jupiter.api.Test;

/// Tail loss probes: RFC 8985 section 7.
@Requirement("8985-01")
class TlpTest extends RecoveryScript {
    @Test
    void after_two_round_trips_without_an_ack_the_last_segment_is_sent_again() {
        connectedOverThePath(SACK);
        send(3_000);
        sentData(1, 1_001, 2_001);
        sentAfter(2 * RTT, ACK.seq(2_001).data(1_000));
        assertRecovering(false);
        assertState(TcpState.ESTABLISHED).cwnd(10_000);
        advance(RTT);
        // Section 7.4.1: the ACK of the probe shows what else is missing.
        receive(ACK.seq(1).ack(1).sack(2_001, 3_001));
        sentData(1);
        receive(ACK.seq(1).ack(1_001).sack(2_001, 3_001));
        sentData(1_001);
        receive(ACK.seq(1).ack(3_001));
        assertRecovering(false);
        sentNothing();
    }

    @Test
    void new_data_are_the_better_probe_even_beyond_the_congestion_window() {
        connectedOverThePath(SACK);
        send(12_000);
        for (int i = 0; i < 10; i++) {
            sentData(1 + 1_000 * i);
        }
        sentAfter(2 * RTT, ACK.seq(10_001).data(1_000));
        assertState(TcpState.ESTABLISHED).cwnd(10_000);
        receive(ACK.seq(1).ack(11_001));
        sentData(11_001);
        receive(ACK.seq(1).ack(12_001));
    }

    @Test
    void a_fin_is_probed_too() {
        connectedOverThePath(SACK);
        send(600);
        sent(ACK.seq(1).data(600));
        send(700); // waits (Nagle)
        close();
        sent(FIN.seq(601).data(700));
        sentAfter(2 * RTT, FIN.seq(1_001).data(300)); // what is behind whole segments
        receive(ACK.seq(1).ack(1_302));
        assertState(TcpState.FIN_WAIT_2);
    }

    @Test
    void a_single_segment_waits_for_a_delayed_ack_at_most_until_the_timeout() {
        connectedOverThePath(SACK);
        send(1_000);
        sentData(1);
        sentAfter(200, ACK.seq(1).data(1_000)); // the RTO, which is sooner than 2 * SRTT + max_ack_delay
        assertState(TcpState.ESTABLISHED).cwnd(10_000); // but a probe
        sentAfter(200, ACK.seq(1).data(1_000)); // section 7.3: "MUST re-arm the RTO timer"
        assertState(TcpState.ESTABLISHED).cwnd(1_000);
        receive(ACK.seq(1).ack(1_001));
    }

    @Test
    void there_is_one_probe_at_a_time() {
        connectedOverThePath(SACK);
        send(3_000);
        sentData(1, 1_001, 2_001);
        sentAfter(2 * RTT, ACK.seq(2_001).data(1_000));
        sentAfter(200, ACK.seq(1).data(1_000)); // RTO recovery is the last resort
        assertRecovering(true);
        receive(ACK.seq(1).ack(3_001));
    }

    @Test
    void a_loss_that_the_probe_repaired_counts_as_one() {
        connectedOverThePath(SACK);
        send(3_000);
        sentData(1, 1_001, 2_001);
        sentAfter(2 * RTT, ACK.seq(2_001).data(1_000));
        receive(ACK.seq(1).ack(3_001));
        assertState(TcpState.ESTABLISHED).ssthresh(Integer.MAX_VALUE);
        send(2_000);
        sentData(3_001, 4_001);
        receive(ACK.seq(1).ack(4_001)); // section 7.4.2: beyond TLP.end_seq, and no sign of a duplicate
        assertState(TcpState.ESTABLISHED).ssthresh(2_000).cwnd(2_000);
        receive(ACK.seq(1).ack(5_001));
    }

    @Test
    void a_probe_that_arrived_twice_repaired_nothing() {
        connectedOverThePath(SACK);
        send(3_000);
        sentData(1, 1_001, 2_001);
        sentAfter(2 * RTT, ACK.seq(2_001).data(1_000));
        receive(ACK.seq(1).ack(3_001));
        receive(ACK.seq(1).ack(3_001).sack(2_001, 3_001)); // case 1: D-SACK
        send(1_000);
        sentData(3_001);
        receive(ACK.seq(1).ack(4_001));
        assertState(TcpState.ESTABLISHED).ssthresh(Integer.MAX_VALUE);
    }

    @Test
    void every_ack_and_every_segment_puts_the_probe_off() {
        connectedOverThePath(SACK);
        send(3_000);
        sentData(1, 1_001, 2_001);
        advance(RTT);
        receive(ACK.seq(1).ack(1_001));
        advance(RTT + RTT / 2);
        send(1_000);
        sentData(3_001);
        advance(RTT);
        sentNothing();
        receive(ACK.seq(1).ack(4_001));
    }

    @Test
    void without_sack_there_are_no_probes() {
        connectedOverThePath(SYN.mss(1_000));
        send(3_000);
        sentData(1, 1_001, 2_001);
        sentAfter(200, ACK.seq(1).data(1_000));
        assertRecovering(true);
        receive(ACK.seq(1).ack(3_001));
    }

    @Test
    void a_closed_window_is_probed_by_the_persist_timer_alone() {
        connectedOverThePath(SACK);
        send(3_000);
        sentData(1, 1_001, 2_001);
        receive(ACK.seq(1).ack(1_001).win(0));
        advance(150);
        sentNothing();
        receive(ACK.seq(1).ack(3_001).win(60_000));
    }
}
