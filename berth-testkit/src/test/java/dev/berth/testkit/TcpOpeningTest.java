package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.BARE;
import static dev.berth.testkit.Seg.FIN;
import static dev.berth.testkit.Seg.RST;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.tcp.TcpError;
import dev.berth.stack.tcp.TcpState;
import dev.berth.wire.DropReason;
import java.util.List;
import org.junit.jupiter.api.Test;

/// RFC 9293 sections 3.10.7.1 to 3.10.7.3: segments for CLOSED, LISTEN and SYN-SENT.
class TcpOpeningTest extends Script {
    // CLOSED

    @Test
    @Requirement("SM-1")
    void closed_answers_an_ack_with_a_reset_of_its_number() {
        receive(ACK.seq(1).ack(500).data(3));
        sent(RST.seq(500));
    }

    @Test
    @Requirement("SM-1")
    void closed_answers_a_segment_without_ack_with_a_reset_that_acknowledges_it() {
        receive(SYN.seq(IRS).data(5));
        sent(RST.rawSeq(0).ack(6));
        receive(BARE.seq(10).data(5));
        sent(RST.rawSeq(0).ack(15));
        assertDrops(DropReason.NO_PORT_OWNER, 2);
    }

    @Test
    @Requirement("SM-2")
    void closed_ignores_a_reset() {
        receive(RST.seq(1));
        receive(RST.seq(1).ack(1));
        sentNothing();
    }

    // RFC 6335 section 6: port 0 is reserved, and nobody's
    @Test
    @Requirement("6335-13")
    void a_segment_from_port_0_or_to_it_is_dropped_without_an_answer() {
        listen();
        peerPort = 0;
        receive(SYN.seq(IRS));
        sentNothing();
        assertDrops(DropReason.PORT_ZERO, 1);
        peerPort = 5_000;
        for (Seg each : List.of(SYN.seq(IRS), ACK.seq(1).ack(1), RST.seq(1))) {
            receiveAtPort(0, each);
        }
        sentNothing();
        assertDrops(DropReason.PORT_ZERO, 4);
        receive(SYN.seq(IRS));
        sent(SYN.seq(ISS).ack(1));
    }

    // LISTEN

    @Test
    @Requirement("SM-3")
    void listen_ignores_a_reset() {
        listen();
        receive(RST.seq(5));
        receive(RST.seq(5).ack(7));
        sentNothing();
        assertDrops(DropReason.WRONG_STATE, 2);
    }

    @Test
    @Requirement("SM-3")
    void listen_resets_an_acknowledgment() {
        listen();
        receive(ACK.seq(5).ack(700));
        sent(RST.seq(700));
        receive(SYN.seq(5).ack(700));
        sent(RST.seq(700));
    }

    @Test
    @Requirement("SM-3")
    @Requirement("MUST-14")
    @Requirement("SHLD-5")
    @Requirement("7323-03")
    @Requirement("7323-12")
    void listen_answers_a_syn() {
        listen();
        receive(SYN.seq(IRS).mss(1_460));
        sent(SYN.seq(ISS).ack(IRS + 1).mss(1_460).ws(-1).sackPermitted(false).ts(false));
        assertState(TcpState.SYN_RECEIVED);
        receive(ACK.seq(1).ack(1));
        sentNothing();
        accept();
        assertState(TcpState.ESTABLISHED).sndUna(1).sndNxt(1).rcvNxt(1);
    }

    @Test
    @Requirement("SM-4")
    void listen_drops_what_is_neither_syn_nor_ack() {
        listen();
        receive(BARE.seq(5).data(10));
        receive(BARE.seq(5));
        sentNothing();
        assertDrops(DropReason.WRONG_STATE, 2);
    }

    @Test
    @Requirement("7323-05")
    void the_options_of_the_syn_are_answered() {
        listen();
        receive(SYN.seq(IRS).mss(1_400).ws(3).sackPermitted().ts(100, 0));
        sent(SYN.seq(ISS).ack(1).mss(1_460).ws(7).sackPermitted().ts(0, 100).win(65_535));
    }

    @Test
    @Requirement("SM-26")
    void syn_received_resets_an_unacceptable_ack_and_goes_on() {
        listen();
        receive(SYN.seq(IRS));
        sent(SYN.seq(ISS).ack(1));
        receive(ACK.seq(1).ack(ISS));
        sent(RST.seq(ISS));
        receive(ACK.seq(1).ack(2));
        sent(RST.seq(2));
        assertState(TcpState.SYN_RECEIVED);
        receive(ACK.seq(1).ack(1));
        accept();
        assertState(TcpState.ESTABLISHED);
    }

    @Test
    @Requirement("MUST-11")
    void a_reset_returns_a_passive_open_to_listen() {
        listen();
        receive(SYN.seq(IRS));
        sent(SYN.seq(ISS).ack(1));
        receive(RST.seq(1));
        sentNothing();
        assertState(TcpState.CLOSED);
        assertThat(stack().timers()).isZero();
        assertThat(listener.waiting()).isZero();
    }

    @Test
    void a_reset_elsewhere_in_the_window_of_syn_received_is_challenged() {
        listen();
        receive(SYN.seq(IRS));
        sent(SYN.seq(ISS).ack(1));
        receive(RST.seq(100));
        sent(ACK.seq(1).ack(1));
        assertState(TcpState.SYN_RECEIVED);
    }

    @Test
    void challenges_of_syn_received_are_limited() {
        listen();
        receive(SYN.seq(IRS));
        sent(SYN.seq(ISS).ack(1));
        for (int i = 0; i < 50; i++) {
            receive(ACK.seq(-70_000).ack(1));
        }
        assertThat(unexpected()).isEqualTo(10);
        ignoreSent();
    }

    @Test
    @Requirement("6298-05")
    void the_syn_again_is_answered_again_and_not_measured() {
        listen();
        receive(SYN.seq(IRS).mss(1_460));
        sent(SYN.seq(ISS).ack(1));
        advance(500);
        receive(SYN.seq(IRS).mss(1_460));
        sent(SYN.seq(ISS).ack(1));
        advance(1);
        receive(ACK.seq(1).ack(1));
        accept();
        assertState(TcpState.ESTABLISHED).srtt(0);
    }

    @Test
    void a_syn_ack_is_retransmitted_and_given_up() {
        listen();
        receive(SYN.seq(IRS));
        sent(SYN.seq(ISS).ack(1));
        for (int wait = 1_000; wait <= 16_000; wait *= 2) {
            sentAfter(wait, SYN.seq(ISS).ack(1));
        }
        advance(40_000);
        sentNothing();
        assertState(TcpState.CLOSED);
    }

    @Test
    void text_and_fin_with_the_last_ack_of_the_handshake_are_taken() {
        listen();
        receive(SYN.seq(IRS));
        sent(SYN.seq(ISS).ack(1));
        receive(FIN.seq(1).ack(1).data(10));
        sent(ACK.seq(1).ack(12));
        accept();
        assertState(TcpState.CLOSE_WAIT);
        read(10);
        readEnd();
    }

    @Test
    void text_that_overtakes_the_last_ack_of_the_handshake_is_kept() {
        listen();
        receive(SYN.seq(IRS));
        sent(SYN.seq(ISS).ack(1));
        receive(ACK.seq(11).ack(1).data(10));
        sent(ACK.seq(1).ack(1));
        receive(ACK.seq(1).ack(1).data(10));
        sent(ACK.seq(1).ack(21));
        accept();
        read(20);
    }

    @Test
    @Requirement("SM-5")
    void text_on_the_syn_does_not_disturb_the_stream() {
        listen();
        receive(SYN.seq(IRS).mss(1_460).data(10));
        sent(SYN.seq(ISS).ack(1)); // the text is not acknowledged
        receive(ACK.seq(1).ack(1).data(25)); // so it comes again
        sent(ACK.seq(1).ack(26));
        accept();
        read(25);
        readNothing();
    }

    @Test
    void a_full_backlog_drops_syns_and_completes_waiting_handshakes_later() {
        listen(1);
        receive(SYN.seq(IRS));
        sent(SYN.seq(ISS).ack(1));
        peerPort = 5_001;
        receive(SYN.seq(IRS));
        assertThat(pollSent()).isNotNull();
        peerPort = 5_000;
        receive(ACK.seq(1).ack(1));
        sentNothing();
        peerPort = 5_002;
        receive(SYN.seq(IRS));
        sentNothing();
        assertDrops(DropReason.BACKLOG_FULL, 1);
        accept();
        peerPort = 5_003;
        receive(SYN.seq(IRS));
        assertThat(pollSent()).isNotNull();
        peerPort = 5_000;
    }

    @Test
    void a_connection_that_is_reset_before_it_is_accepted_says_so() {
        listen();
        receive(SYN.seq(IRS));
        sent(SYN.seq(ISS).ack(1));
        receive(ACK.seq(1).ack(1));
        receive(RST.seq(1));
        assertThat(stack().timers()).isZero();
        accept();
        readError(TcpError.RESET);
    }

    @Test
    void closing_a_listener_ends_its_handshakes_and_resets_what_nobody_accepted() {
        listen();
        receive(SYN.seq(IRS));
        sent(SYN.seq(ISS).ack(1));
        receive(ACK.seq(1).ack(1).data(100));
        sent(ACK.seq(1).ack(101));
        peerPort = 5_001;
        receive(SYN.seq(IRS));
        assertThat(pollSent()).isNotNull();
        closeListener();
        sent(RST.seq(1).ack(101));
        sentNothing();
        assertThat(stack().tcp().ports().isEmpty()).isTrue();
        assertThat(stack().timers()).isZero();
    }

    // SYN-SENT

    @Test
    @Requirement("SM-6")
    @Requirement("5961-04")
    void syn_sent_resets_an_unacceptable_ack() {
        open();
        sent(SYN.seq(ISS));
        receive(ACK.seq(1).ack(ISS));
        sent(RST.seq(ISS));
        receive(SYN.seq(IRS).ack(2));
        sent(RST.seq(2));
        receive(RST.seq(0).ack(2));
        sentNothing();
        assertState(TcpState.SYN_SENT);
    }

    @Test
    @Requirement("SM-7")
    @Requirement("5961-04")
    void syn_sent_is_refused_by_a_reset_with_an_acceptable_ack() {
        open();
        sent(SYN.seq(ISS));
        receive(RST.seq(0));
        assertState(TcpState.SYN_SENT);
        receive(RST.seq(0).ack(1));
        assertState(TcpState.CLOSED);
        readError(TcpError.REFUSED);
        sentNothing();
    }

    @Test
    void syn_sent_drops_an_ack_without_syn() {
        open();
        sent(SYN.seq(ISS));
        receive(ACK.seq(1).ack(1));
        sentNothing();
        assertState(TcpState.SYN_SENT);
    }

    @Test
    @Requirement("SM-8")
    @Requirement("7323-33")
    void syn_ack_leads_to_established() {
        open();
        sent(SYN.seq(ISS).mss(1_460).ws(7).sackPermitted().ts(true).win(65_535));
        receive(SYN.seq(IRS).ack(1).mss(1_460));
        sent(ACK.seq(1).ack(1));
        assertState(TcpState.ESTABLISHED).sndUna(1).rcvNxt(1);
    }

    @Test
    void text_and_fin_on_the_syn_ack_are_taken() {
        open();
        sent(SYN.seq(ISS));
        receive(SYN.seq(IRS).ack(1).data(20));
        sent(ACK.seq(1).ack(21));
        receive(FIN.seq(21).ack(1));
        sent(ACK.seq(1).ack(22));
        read(20);
        readEnd();
    }

    @Test
    @Requirement("MUST-10")
    void crossing_syn_leads_to_established() {
        open();
        sent(SYN.seq(ISS).mss(1_460));
        receive(SYN.seq(IRS));
        sent(SYN.seq(ISS).ack(IRS + 1).ws(-1).ts(false).sackPermitted(false));
        assertState(TcpState.SYN_RECEIVED);
        receive(ACK.seq(IRS + 1).ack(ISS + 1));
        assertState(TcpState.ESTABLISHED).sndUna(ISS + 1).rcvNxt(IRS + 1);
        sentNothing();
    }

    @Test
    @Requirement("MUST-10")
    void crossing_syns_and_syn_acks_lead_to_established() {
        open();
        sent(SYN.seq(ISS));
        receive(SYN.seq(IRS).ws(2).sackPermitted().ts(5, 0));
        sent(SYN.seq(ISS).ack(1).ws(7).sackPermitted().tsEcr(5));
        receive(SYN.seq(IRS)); // ours was lost
        sent(SYN.seq(ISS).ack(1));
        receive(SYN.seq(IRS).ack(1).ts(6, 0));
        sent(ACK.seq(1).ack(1));
        receive(ACK.seq(1).ack(1).ts(7, 0));
        assertState(TcpState.ESTABLISHED);
        sentNothing();
    }

    @Test
    @Requirement("MUST-11")
    void a_reset_in_syn_received_after_an_active_open_refuses() {
        open();
        sent(SYN.seq(ISS));
        receive(SYN.seq(IRS));
        sent(SYN.seq(ISS).ack(1));
        receive(RST.seq(1));
        assertState(TcpState.CLOSED);
        assertError(TcpError.REFUSED);
    }

    @Test
    @Requirement("SM-21")
    void a_close_in_syn_received_waits_for_the_handshake() {
        open();
        sent(SYN.seq(ISS));
        receive(SYN.seq(IRS));
        sent(SYN.seq(ISS).ack(1));
        close();
        sentNothing();
        advance(1_002);
        sent(SYN.seq(ISS).ack(1));
        receive(ACK.seq(1).ack(1));
        sent(FIN.seq(1).ack(1));
        assertState(TcpState.FIN_WAIT_1);
        receive(FIN.seq(1).ack(2));
        sent(ACK.seq(2).ack(2));
        assertState(TcpState.TIME_WAIT);
    }

    @Test
    @Requirement("SM-20")
    void a_close_in_syn_sent_deletes_the_connection() {
        open();
        sent(SYN.seq(ISS));
        close();
        sentNothing();
        assertState(TcpState.CLOSED);
        assertThat(stack().timers()).isZero();
    }

    @Test
    @Requirement("MUST-22")
    @Requirement("MUST-23")
    @Requirement("6298-01")
    @Requirement("6298-07")
    void a_syn_is_retransmitted_for_three_minutes() {
        open();
        sent(SYN.seq(ISS));
        long[] waits = {1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000};
        for (long wait : waits) {
            sentAfter(wait, SYN.seq(ISS));
        }
        advance(55_000);
        assertState(TcpState.SYN_SENT);
        advance(6_000);
        assertState(TcpState.CLOSED);
        assertError(TcpError.TIMED_OUT);
    }

    @Test
    @Requirement("6298-08")
    @Requirement("6928-02")
    void after_a_lost_syn_the_window_is_one_segment_and_the_timeout_three_seconds() {
        open();
        sent(SYN.seq(ISS));
        advance(1_001);
        sent(SYN.seq(ISS));
        receive(SYN.seq(IRS).ack(1).mss(1_460));
        sent(ACK.seq(1).ack(1));
        assertState(TcpState.ESTABLISHED).cwnd(1_460).rto(3_000).srtt(0);
    }

    @Test
    @Requirement("SM-27")
    @Requirement("5961-06")
    @Requirement("5961-11")
    void a_restarted_host_discovers_a_half_open_connection() {
        accepted(); // the other side of figure 9 of RFC 9293: ours is the old connection
        receive(SYN.seq(70_000_000));
        sent(ACK.seq(1).ack(1));
        receive(RST.seq(1));
        readError(TcpError.RESET);
    }

    @Test
    @Requirement("SM-27")
    @Requirement("5961-11")
    void a_syn_that_meets_an_old_connection_resets_it() {
        open();
        sent(SYN.seq(ISS));
        receive(ACK.seq(1).ack(3_000_000));
        sent(RST.seq(3_000_000));
        assertState(TcpState.SYN_SENT);
        advance(1_001);
        sent(SYN.seq(ISS));
        receive(SYN.seq(IRS).ack(1));
        sent(ACK.seq(1).ack(1));
    }

    @Test
    @Requirement("SM-25")
    void sequence_numbers_wrap_around() {
        peerIss = -5;
        config = config.withNoDelay(true);
        choosingIss(-3);
        connected();
        assertThat(tcpInfo().iss()).isEqualTo(-3);
        send(5_000);
        sent(ACK.seq(1).ack(1).data(1_460));
        sent(ACK.seq(1_461).data(1_460));
        sent(ACK.seq(2_921).data(1_460));
        sent(ACK.seq(4_381).data(620).psh());
        receive(ACK.seq(11).ack(1).data(10));
        sent(ACK.seq(5_001).ack(1));
        receive(ACK.seq(1).ack(5_001).data(10));
        sent(ACK.seq(5_001).ack(21));
        read(20);
        close();
        sent(FIN.seq(5_001).ack(21));
        receive(FIN.seq(21).ack(5_002));
        sent(ACK.seq(5_002).ack(22));
    }

    @Test
    void ipv6_speaks_alike() {
        ipv6 = true;
        open();
        sent(SYN.seq(ISS).mss(1_440));
        receive(SYN.seq(IRS).ack(1));
        sent(ACK.seq(1).ack(1));
        assertState(TcpState.ESTABLISHED).mss(1_220);
        send(1_221);
        sent(ACK.seq(1).data(1_220));
        ignoreSent();
    }
}
