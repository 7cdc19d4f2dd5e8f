package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.RST;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.tcp.TcpState;
import dev.berth.wire.DropReason;
import org.junit.jupiter.api.Test;

/// SYN cookies, RFC 4987 section 3.6, and the bounds of incomplete connections.
class SynFloodTest extends Script {
    private static final int BOUND = 64; // incomplete connections of a listener with a small backlog
    private static final Seg FULL = SYN.mss(1_460).ws(7).sackPermitted().ts(1_000, 0);

    /// Fills the listener with incomplete connections.
    private void flood() {
        listen(1);
        for (int port = 10_000; port < 10_000 + BOUND; port++) {
            peerPort = port;
            receive(SYN.seq(IRS).mss(1_460));
            assertThat(pollSent()).isNotNull();
        }
        assertThat(stack().tcp().ports().flowCount()).isEqualTo(BOUND);
        peerPort = 5_000;
        ignoringRest();
    }

    @Test
    @Requirement("4987-01")
    void a_full_listener_answers_with_a_cookie_and_remembers_nothing() {
        flood();
        cookieFor(FULL.seq(IRS));
        assertThat(stack().tcp().ports().flowCount()).isEqualTo(BOUND);
        assertThat(stack().tcp().synCookiesSent()).isEqualTo(1);
    }

    @Test
    void with_timestamps_window_scale_and_sack_are_kept() {
        flood();
        Seg answer = cookieFor(FULL.seq(IRS));
        assertThat(answer.ws).isNotNull();
        assertThat(answer.sackPermitted).isTrue();
        receive(ACK.seq(1).ack(1).win(100).ts(1_001, 0));
        accept();
        assertState(TcpState.ESTABLISHED).mss(1_448).sndWnd(100 << 7);
        assertThat(stack().tcp().synCookiesAccepted()).isEqualTo(1);
        receive(ACK.seq(11).ack(1).data(10).ts(1_002, 0));
        assertThat(pollLast().sack).containsExactly(11, 21);
    }

    @Test
    void without_timestamps_they_are_not_offered() {
        flood();
        Seg answer = cookieFor(SYN.seq(IRS).mss(1_300).ws(7).sackPermitted());
        assertThat(answer.ws).isNull();
        assertThat(answer.sackPermitted).isNull();
        receive(ACK.seq(1).ack(1).win(100).data(5));
        accept();
        assertState(TcpState.ESTABLISHED).mss(1_300).sndWnd(100);
        read(5);
    }

    @Test
    void the_mss_is_rounded_down() {
        flood();
        cookieFor(SYN.seq(IRS).mss(1_459));
        receive(ACK.seq(1).ack(1));
        accept();
        assertState(TcpState.ESTABLISHED).mss(1_440);
    }

    @Test
    void a_cookie_holds_for_two_periods() {
        flood();
        cookieFor(SYN.seq(IRS).mss(1_460));
        advance(64_000);
        receive(ACK.seq(1).ack(1));
        accept();
        assertState(TcpState.ESTABLISHED);
    }

    @Test
    void an_old_cookie_is_refused() {
        flood();
        cookieFor(SYN.seq(IRS).mss(1_460));
        advance(128_001);
        ignoreSent();
        receive(ACK.seq(1).ack(1));
        sent(RST.seq(1));
    }

    @Test
    void a_cookie_of_somebody_else_or_a_guess_is_refused() {
        flood();
        cookieFor(SYN.seq(IRS).mss(1_460));
        peerPort = 5_001;
        receive(ACK.seq(1).ack(1));
        sent(RST.seq(1));
        peerPort = 5_000;
        receive(ACK.seq(2).ack(1));
        sent(RST.seq(1));
        for (int guess = 2; guess < 2_000; guess++) {
            receive(ACK.seq(1).ack(guess));
            sent(RST.seq(guess));
        }
        assertThat(stack().tcp().synCookiesAccepted()).isZero();
    }

    @Test
    void in_quiet_times_no_cookie_is_accepted() {
        listen();
        receive(ACK.seq(1).ack(1));
        sent(RST.seq(1));
        assertDrops(DropReason.WRONG_STATE, 1);
    }

    @Test
    @Requirement("SHLD-26")
    @Requirement("5927-01")
    void a_hard_icmp_error_about_the_syn_ack_ends_the_incomplete_connection() {
        listen();
        receive(SYN.seq(IRS).mss(1_460));
        sent(SYN.seq(ISS).ack(1));
        receiveIcmp(3, 3, 0, 1);
        receiveIcmp(3, 1, 0, 0);
        assertState(TcpState.SYN_RECEIVED);
        assertDrops(DropReason.ICMP_IGNORED, 2);
        receiveIcmp(3, 3, 0, 0);
        assertState(TcpState.CLOSED);
    }

    /// The SYN,ACK with a cookie; numbers are relative to it from now on.
    private Seg cookieFor(Seg syn) {
        forgetIss();
        receive(syn);
        Seg answer = pollSent();
        assertThat(answer).isNotNull();
        return answer;
    }

    private Seg pollLast() {
        Seg last = null;
        for (Seg seg = pollSent(); seg != null; seg = pollSent()) {
            last = seg;
        }
        assertThat(last).isNotNull();
        return last;
    }
}
