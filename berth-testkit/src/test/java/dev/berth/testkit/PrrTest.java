package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;

import dev.berth.stack.tcp.TcpState;
import org.junit.jupiter.api.Test;

/// How much is sent in recovery: proportional rate reduction, RFC 6937 section 3.
class PrrTest extends RecoveryScript {
    @Test
    void one_segment_leaves_for_two_that_arrive_while_more_is_in_flight_than_will_be_allowed() {
        connectedOverThePath(SACK);
        sendAndWait(60_000, 10);
        receive(ACK.seq(1).ack(1).sack(1_001, 4_001));
        sentData(1); // ssthresh is 5,000, the pipe 7,000
        sentNothing();
        receive(ACK.seq(1).ack(1).sack(1_001, 5_001));
        sentData(10_001); // prr_delivered 4,000 * 5,000 / 10,000 - prr_out 1,000
        receive(ACK.seq(1).ack(1).sack(1_001, 6_001));
        sentNothing();
        receive(ACK.seq(1).ack(1).sack(1_001, 7_001));
        sentNothing(); // the pipe is at ssthresh
        receive(ACK.seq(1).ack(1).sack(1_001, 8_001));
        sentData(11_001);
        receive(ACK.seq(1).ack(10_001));
        assertState(TcpState.ESTABLISHED).cwnd(5_000).ssthresh(5_000);
        ignoringRest();
    }

    @Test
    void where_losses_are_heavy_no_more_leaves_than_arrives() {
        connectedOverThePath(SACK);
        sendAndWait(60_000, 10);
        // Seven of ten are lost: the pipe is below ssthresh at once. The conservative bound applies.
        receive(ACK.seq(1).ack(1).sack(7_001, 10_001));
        sentData(1, 1_001, 2_001);
        sentNothing();
        advance(RTT);
        // The repair makes progress: slow start, one segment more than arrives.
        receive(ACK.seq(1).ack(1_001).sack(7_001, 10_001));
        sentData(3_001, 4_001);
        sentNothing();
        receive(ACK.seq(1).ack(2_001).sack(7_001, 10_001));
        sentData(5_001, 6_001);
        receive(ACK.seq(1).ack(10_001));
        assertState(TcpState.ESTABLISHED).cwnd(5_000);
        ignoringRest();
    }

    @Test
    void the_first_retransmission_needs_no_room() {
        connectedOverThePath(SACK);
        sendAndWait(10_000, 10);
        receive(ACK.seq(1).ack(1).sack(9_001, 10_001));
        sentNothing();
        sentAfter(RTT / 4, ACK.seq(1).data(1_000));
        receive(ACK.seq(1).ack(10_001));
    }
}
