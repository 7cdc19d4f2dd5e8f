package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.FIN;
import static dev.berth.testkit.Seg.RST;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.tcp.TcpInfo;
import dev.berth.stack.tcp.TcpState;
import dev.berth.wire.DropReason;
import org.junit.jupiter.api.Test;

/// What somebody tries who does not see the connection, or who is its other end and does not play by the rules.
class TcpAttackTest extends Script {
    private int answers() {
        int count = 0;
        while (pollSent() != null) {
            count++;
        }
        return count;
    }

    @Test
    @Requirement("5961-01")
    @Requirement("5961-09")
    void blind_resets_are_challenged_at_most_ten_times_in_five_seconds() {
        connected();
        for (int seq = 2; seq < 60_000; seq += 100) {
            receive(RST.seq(seq));
        }
        assertThat(answers()).isEqualTo(10);
        assertState(TcpState.ESTABLISHED);
        receive(RST.seq(70_000));
        assertThat(answers()).isZero();
        receive(ACK.seq(1).ack(1).data(10));
        sent(ACK.seq(1).ack(11));
        read(10);
    }

    @Test
    @Requirement("5961-05")
    void blind_syns_are_challenged_at_most_ten_times_in_five_seconds() {
        connected();
        for (int seq = -50_000; seq < 50_000; seq += 100) {
            receive(SYN.seq(seq).mss(1_000));
        }
        assertThat(answers()).isEqualTo(10);
        assertState(TcpState.ESTABLISHED);
        advance(5_000);
        receive(SYN.seq(1).mss(1_000));
        assertThat(answers()).isEqualTo(1);
    }

    @Test
    @Requirement("5961-07")
    void blindly_injected_data_are_not_delivered() {
        connected();
        send(10);
        sent(ACK.seq(1).data(10));
        for (int ack = 12; ack < 0x7000_0000; ack += 0x10_0001) {
            receive(ACK.seq(1).ack(ack).data(5));
        }
        for (int ack = -65_536; ack > -0x7000_0000; ack -= 0x10_0001) {
            receive(ACK.seq(1).ack(ack).data(5));
        }
        assertThat(answers()).isEqualTo(10);
        readNothing();
        receive(ACK.seq(1).ack(11));
    }

    @Test
    void an_acknowledgment_of_what_was_not_sent_grows_nothing() {
        connected();
        send(20_000);
        assertThat(answers()).isEqualTo(10);
        for (int i = 0; i < 1_000; i++) {
            receive(ACK.seq(1).ack(14_602 + i));
        }
        assertThat(answers()).isEqualTo(10);
        assertState(TcpState.ESTABLISHED).sndUna(1).cwnd(14_600);
        receive(ACK.seq(1).ack(14_601).sack(30_000, 40_000));
        assertThat(answers()).isEqualTo(4); // the rest of 20,000
        ignoringRest();
    }

    @Test
    void two_ends_that_disagree_do_not_keep_each_other_busy() {
        connected();
        for (int i = 0; i < 1_000; i++) {
            receive(ACK.seq(-500).ack(1)); // an ACK that is out of the window, in answer to ours
        }
        assertThat(answers()).isEqualTo(10);
        assertThat(stack().drops().total(DropReason.RATE_LIMITED)).isEqualTo(990);
    }

    @Test
    void acks_in_time_wait_are_answered_twice_a_second() {
        connected();
        close();
        sent(FIN.seq(1).ack(1));
        receive(FIN.seq(1).ack(2));
        sent(ACK.seq(2).ack(2));
        for (int i = 0; i < 100; i++) {
            receive(ACK.seq(-500).ack(1));
            advance(10);
        }
        assertThat(answers()).isEqualTo(2);
        assertState(TcpState.TIME_WAIT);
    }

    @Test
    void an_old_duplicate_does_not_end_time_wait_by_the_reset_that_it_provokes() {
        connected();
        close();
        sent(FIN.seq(1).ack(1));
        receive(ACK.seq(1).ack(2).data(10));
        ignoreSent();
        abort();
        // the same with a connection that is in TIME-WAIT
        ignoreSent();
        open();
        sent(SYN.seq(ISS));
        receive(SYN.seq(IRS).ack(1));
        sent(ACK.seq(1).ack(1));
        close();
        sent(FIN.seq(1).ack(1));
        receive(FIN.seq(1).ack(2));
        sent(ACK.seq(2).ack(2));
        receive(ACK.seq(-100).ack(1).data(10));
        sent(ACK.seq(2).ack(2));
        receive(RST.seq(2)); // the other end has forgotten all, and answers that
        assertThat(stack().tcp().ports().timeWaitCount()).isEqualTo(1);
    }

    @Test
    void selective_acknowledgments_that_are_taken_back_cost_no_byte() {
        connected(SYN.mss(1_000).sackPermitted());
        send(5_000);
        assertThat(answers()).isEqualTo(5);
        receive(ACK.seq(1).ack(1).sack(1_001, 5_001));
        ignoreSent();
        // the other end has pruned its queue: it acknowledges what was first missing, and nothing of the rest
        receive(ACK.seq(1).ack(1_001));
        boolean[] again = new boolean[5];
        for (int step = 0; step < 100; step++) {
            advance(100);
            for (Seg seg = pollSent(); seg != null; seg = pollSent()) {
                for (int octet = seg.seq; octet < seg.seq + seg.data; octet++) {
                    again[(octet - 1) / 1_000] = true;
                }
            }
        }
        assertThat(again[1]).isTrue();
        receive(ACK.seq(1).ack(2_001));
        advance(60_000);
        for (Seg seg = pollSent(); seg != null; seg = pollSent()) {
            again[(seg.seq - 1) / 1_000] = true;
        }
        assertThat(again[2]).isTrue();
        receive(ACK.seq(1).ack(5_001));
        ignoringRest();
    }

    @Test
    void a_tiny_mss_is_raised_to_the_floor() {
        connected(SYN.mss(1));
        assertState(TcpState.ESTABLISHED).mss(88);
        send(880);
        assertThat(answers()).isLessThanOrEqualTo(10);
        ignoringRest();
    }

    @Test
    void syns_that_come_again_and_again_are_not_reflected() {
        listen();
        for (int i = 0; i < 1_000; i++) {
            receive(SYN.seq(IRS).mss(1_460));
        }
        assertThat(answers()).isEqualTo(2);
        receive(RST.seq(1));
    }

    @Test
    void forged_icmp_does_nothing_to_an_open_connection() {
        connected();
        send(1_460);
        sent(ACK.seq(1).data(1_460));
        receive(ACK.seq(1).ack(1_461));
        send(1_460);
        sent(ACK.seq(1_461).data(1_460));
        for (int code = 0; code < 16; code++) {
            receiveIcmp(3, code, 68, 1_461); // the right number even
            receiveIcmp(3, code, 68, 500_000);
        }
        receiveIcmp(4, 0, 0, 1_461);
        receiveIcmp(11, 0, 0, 1_461);
        receiveIcmp(12, 0, 0, 1_461);
        assertState(TcpState.ESTABLISHED).mss(1_460).cwnd(14_600);
        receive(ACK.seq(1).ack(2_921));
        assertState(TcpState.ESTABLISHED).mss(1_460);
    }

    // TcpInfo

    @Test
    void the_snapshot_tells_what_happened() {
        config = config.withBuffers(100_000, 50_000);
        connected(SYN.mss(1_000).sackPermitted().ts(1_000, 0).ws(3));
        receive(ACK.seq(1).ack(1).data(700).ts(1_001, 0));
        read(200);
        send(2_500);
        assertThat(answers()).isEqualTo(4);
        TcpInfo info = stack().tcp().info(tcb, now());
        assertThat(info.state()).isEqualTo(TcpState.ESTABLISHED);
        assertThat(info.timestamps() && info.sack() && info.windowScaling()).isTrue();
        assertThat(info.ecn()).isFalse();
        assertThat(info.sendScale()).isEqualTo(3);
        assertThat(info.sendMss()).isEqualTo(988);
        assertThat(info.peerMss()).isEqualTo(1_000);
        assertThat(info.receiveMss()).isEqualTo(700);
        assertThat(info.octetsReceived()).isEqualTo(700);
        assertThat(info.unread()).isEqualTo(500);
        assertThat(info.octetsAcked()).isZero();
        assertThat(info.inFlight() + info.unsent()).isEqualTo(2_500);
        assertThat(info.octetsSent()).isEqualTo(info.inFlight());
        assertThat(info.retransmissions()).isZero();
        int before = info.inFlight();
        advance(1_100);
        ignoreSent();
        info = stack().tcp().info(tcb, now());
        assertThat(info.retransmissions()).isPositive();
        assertThat(info.octetsRetransmitted()).isPositive();
        assertThat(info.octetsLost()).isPositive();
        assertThat(info.pacingRate()).isZero();
        assertThat(info.lastHeardNanos()).isEqualTo(1_100_000_000L);
        receive(ACK.seq(701).ack(1 + before).ts(1_002, 0));
        ignoreSent();
        receive(ACK.seq(701).ack(2_501).ts(1_003, 0));
        close();
        ignoreSent();
        ignoringRest();
        info = stack().tcp().info(tcb, now());
        assertThat(info.octetsAcked()).isEqualTo(2_500);
    }
}
