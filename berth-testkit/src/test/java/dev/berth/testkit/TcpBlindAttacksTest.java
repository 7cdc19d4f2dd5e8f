package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.FIN;
import static dev.berth.testkit.Seg.RST;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpError;
import dev.berth.stack.tcp.TcpState;
import dev.berth.wire.DropReason;
import org.junit.jupiter.api.Test;

/// RFC 5961: segments that somebody who does not see the connection has made up.
class TcpBlindAttacksTest extends Script {
    // Section 3: RST

    @Test
    @Requirement("5961-01")
    void a_reset_outside_the_window_is_silently_dropped() {
        config = config.withBuffers(10_000, 10_000);
        connected();
        receive(RST.seq(0));
        receive(RST.seq(10_001));
        receive(RST.seq(Integer.MIN_VALUE));
        sentNothing();
        assertDrops(DropReason.NOT_ACCEPTABLE, 3);
        assertState(TcpState.ESTABLISHED);
    }

    @Test
    @Requirement("5961-03")
    void a_reset_at_the_edges_of_the_window_is_challenged() {
        config = config.withBuffers(10_000, 10_000).withNoDelay(true);
        connected();
        send(10);
        sent(ACK.seq(1).data(10));
        receive(RST.seq(2));
        sent(ACK.seq(11).ack(1));
        receive(RST.seq(10_000));
        sent(ACK.seq(11).ack(1));
        assertState(TcpState.ESTABLISHED);
        receive(ACK.seq(1).ack(11));
    }

    @Test
    @Requirement("5961-02")
    void the_exact_reset_ends_the_connection() {
        connected();
        receive(ACK.seq(1).ack(1).data(10));
        sent(ACK.seq(1).ack(11));
        receive(RST.seq(11));
        sentNothing();
        assertState(TcpState.CLOSED);
        assertError(TcpError.RESET);
    }

    @Test
    @Requirement("5961-13")
    void the_text_of_a_challenged_reset_is_not_delivered() {
        connected();
        receive(RST.seq(2).data(100));
        sent(ACK.seq(1).ack(1));
        receive(ACK.seq(1).ack(1).data(1));
        sent(ACK.seq(1).ack(2));
        read(1);
        readNothing();
    }

    @Test
    @Requirement("5961-12")
    void a_reset_of_a_middlebox_with_a_stale_number_is_recovered_by_the_challenge() {
        connected();
        receive(ACK.seq(1).ack(1).data(500));
        sent(ACK.seq(1).ack(501));
        // The middlebox counted octets that never arrived here.
        receive(RST.seq(1_501));
        sent(ACK.seq(1).ack(501));
        // The host behind it has no connection any more: its RST takes the number of the challenge.
        receive(RST.seq(501));
        read(500);
        readError(TcpError.RESET);
    }

    // Section 4: SYN

    @Test
    @Requirement("5961-05")
    void a_syn_is_challenged_whatever_its_number() {
        connected();
        for (int seq : new int[] {1, 2, 0, -1_000, 60_000, 1_000_000_000}) {
            receive(SYN.seq(seq));
            sent(ACK.seq(1).ack(1));
        }
        receive(SYN.seq(1).ack(1).data(10));
        sent(ACK.seq(1).ack(1));
        assertState(TcpState.ESTABLISHED);
        readNothing();
    }

    @Test
    @Requirement("5961-05")
    void a_syn_is_challenged_after_our_close() {
        connected();
        shutdownOutput();
        sent(FIN.seq(1).ack(1));
        receive(SYN.seq(1));
        sent(ACK.seq(2).ack(1));
        assertState(TcpState.FIN_WAIT_1);
        receive(ACK.seq(1).ack(2));
        receive(SYN.seq(7_000_000));
        sent(ACK.seq(2).ack(1));
        assertState(TcpState.FIN_WAIT_2);
    }

    @Test
    @Requirement("5961-05")
    void a_syn_is_challenged_after_their_close() {
        connected();
        receive(FIN.seq(1).ack(1));
        sent(ACK.seq(1).ack(2));
        receive(SYN.seq(2));
        sent(ACK.seq(1).ack(2));
        assertState(TcpState.CLOSE_WAIT);
        close();
        sent(FIN.seq(1).ack(2));
        receive(SYN.seq(-70_000));
        sent(ACK.seq(2).ack(2));
        assertState(TcpState.LAST_ACK);
        receive(ACK.seq(2).ack(2));
    }

    @Test
    @Requirement("5961-05")
    void a_syn_is_challenged_in_closing() {
        connected();
        close();
        sent(FIN.seq(1).ack(1));
        receive(FIN.seq(1).ack(1));
        sent(ACK.seq(2).ack(2));
        receive(SYN.seq(2));
        sent(ACK.seq(2).ack(2));
        assertState(TcpState.CLOSING);
    }

    @Test
    @Requirement("5961-06")
    void a_peer_that_was_restarted_connects_again_after_the_reset() {
        accepted();
        receive(SYN.seq(70_000_000));
        sent(ACK.seq(1).ack(1));
        receive(RST.seq(1));
        readError(TcpError.RESET);
        peerIss += 70_000_000;
        receive(SYN.seq(IRS));
        Seg answer = pollSent();
        assertThat(answer).isNotNull();
        assertThat(answer.flags).isEqualTo(SYN.ack(0).flags);
        assertThat(answer.ack).isEqualTo(IRS + 1);
    }

    // Section 5: data

    @Test
    @Requirement("5961-07")
    @Requirement("5961-08")
    void an_ack_may_lie_behind_by_the_largest_window_seen_and_no_more() {
        config = config.withBuffers(1 << 20, 1 << 16);
        connected(SYN.mss(1_000).ws(3).win(50_000));
        receive(ACK.seq(1).ack(1).win(10_000)); // 80,000 octets: the largest window there was
        receive(ACK.seq(1).ack(1).win(100));
        receive(ACK.seq(1).ack(1 - 80_000).data(5));
        sent(ACK.seq(1).ack(6));
        read(5);
        receive(ACK.seq(6).ack(1 - 80_001).data(5));
        sent(ACK.seq(1).ack(6));
        readNothing();
        assertDrops(DropReason.NOT_ACCEPTABLE, 1);
    }

    @Test
    @Requirement("5961-07")
    void data_with_an_ack_of_what_was_not_sent_are_not_delivered() {
        connected();
        send(10);
        sent(ACK.seq(1).data(10));
        receive(ACK.seq(1).ack(12).data(5));
        sent(ACK.seq(11).ack(1));
        readNothing();
        receive(ACK.seq(1).ack(11).data(5));
        sent(ACK.seq(11).ack(6));
        read(5);
    }

    // Section 7: throttling

    @Test
    @Requirement("5961-09")
    void challenges_are_limited_on_each_connection_for_itself() {
        connected();
        Tcb flooded = tcb;
        for (int i = 0; i < 1_000; i++) {
            receive(RST.seq(2));
        }
        assertThat(unexpected()).isEqualTo(10);
        assertDrops(DropReason.RATE_LIMITED, 990);
        ignoreSent();
        // Another connection has its own allowance (CVE-2016-5696: a common one tells an attacker about others).
        peerPort = 81;
        connected();
        receive(RST.seq(2));
        sent(ACK.seq(1).ack(1));
        assertThat(flooded).isNotNull();
        assertThat(flooded.state()).isEqualTo(TcpState.ESTABLISHED);
        advance(5_001);
        receive(RST.seq(2));
        sent(ACK.seq(1).ack(1));
    }
}
