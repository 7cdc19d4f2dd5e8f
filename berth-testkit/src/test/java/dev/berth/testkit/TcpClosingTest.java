package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.FIN;
import static dev.berth.testkit.Seg.RST;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.tcp.Tcp;
import dev.berth.stack.tcp.TcpError;
import dev.berth.stack.tcp.TcpState;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Closing, RFC 9293 sections 3.6 and 3.10.4 to 3.10.5: FIN states, TIME-WAIT, half close, reset and abort.
class TcpClosingTest extends Script {
    @Test
    @Requirement("SM-16")
    @Requirement("SM-21")
    void an_active_close_goes_through_both_waits() {
        connected();
        send(100);
        sent(ACK.seq(1).data(100));
        close();
        sent(FIN.seq(101).ack(1));
        assertState(TcpState.FIN_WAIT_1);
        receive(ACK.seq(1).ack(101));
        assertState(TcpState.FIN_WAIT_1);
        receive(ACK.seq(1).ack(102));
        assertState(TcpState.FIN_WAIT_2);
        receive(FIN.seq(1).ack(102));
        sent(ACK.seq(102).ack(2));
        assertState(TcpState.TIME_WAIT);
    }

    @Test
    @Requirement("SM-16")
    @Requirement("SM-17")
    void a_simultaneous_close_goes_through_closing() {
        connected();
        close();
        sent(FIN.seq(1).ack(1));
        receive(FIN.seq(1).ack(1));
        sent(ACK.seq(2).ack(2));
        assertState(TcpState.CLOSING);
        receive(ACK.seq(2).ack(2));
        assertState(TcpState.TIME_WAIT);
        sentNothing();
    }

    @Test
    void the_ack_of_a_fin_is_not_forgotten_on_the_way_to_time_wait() {
        connected();
        close();
        sent(FIN.seq(1).ack(1));
        receive(List.of(FIN.seq(1).ack(1), ACK.seq(2).ack(2)));
        sent(ACK.seq(2).ack(2));
        assertState(TcpState.TIME_WAIT);
    }

    @Test
    @Requirement("SM-16")
    void a_fin_that_acknowledges_ours_leads_to_time_wait_at_once() {
        connected();
        close();
        sent(FIN.seq(1).ack(1));
        receive(FIN.seq(1).ack(2));
        sent(ACK.seq(2).ack(2));
        assertState(TcpState.TIME_WAIT);
    }

    @Test
    @Requirement("SM-17")
    void a_passive_close_ends_with_the_last_ack() {
        connected();
        receive(FIN.seq(1).ack(1));
        sent(ACK.seq(1).ack(2));
        readEnd();
        close();
        sent(FIN.seq(1).ack(2));
        assertState(TcpState.LAST_ACK);
        receive(ACK.seq(2).ack(2));
        assertState(TcpState.CLOSED);
        assertThat(stack().tcp().ports().isEmpty()).isTrue();
    }

    @Test
    @Requirement("SM-21")
    void the_fin_follows_all_data() {
        connected();
        send(20_000);
        for (int i = 0; i < 10; i++) {
            sent(ACK.seq(1 + 1_460 * i).data(1_460));
        }
        close();
        sentNothing();
        assertThat(trySend(1)).isEqualTo(Tcp.NOT_OPEN);
        receive(ACK.seq(1).ack(14_601));
        for (int i = 10; i < 13; i++) {
            sent(ACK.seq(1 + 1_460 * i).data(1_460));
        }
        sent(FIN.seq(18_981).data(1_020));
    }

    @Test
    void a_fin_is_retransmitted() {
        connected();
        close();
        sent(FIN.seq(1).ack(1));
        sentAfter(200, FIN.seq(1).ack(1));
        sentAfter(400, FIN.seq(1).ack(1));
        receive(ACK.seq(1).ack(2));
        assertState(TcpState.FIN_WAIT_2);
    }

    @Test
    @Requirement("SM-28")
    void data_may_come_after_a_half_close() {
        connected();
        shutdownOutput();
        sent(FIN.seq(1).ack(1));
        receive(ACK.seq(1).ack(2).data(100));
        sent(ACK.seq(2).ack(101));
        assertState(TcpState.FIN_WAIT_2);
        advance(3_600_000);
        assertState(TcpState.FIN_WAIT_2);
        read(100);
        receive(FIN.seq(101).ack(2));
        sent(ACK.seq(2).ack(102));
        readEnd();
        assertState(TcpState.TIME_WAIT);
    }

    @Test
    @Requirement("SHLD-3")
    @Requirement("MAY-1")
    @Requirement("1122-079")
    void a_close_with_unread_data_resets() {
        connected();
        receive(ACK.seq(1).ack(1).data(100));
        sent(ACK.seq(1).ack(101));
        close();
        sent(RST.seq(1).ack(101));
        assertState(TcpState.CLOSED);
    }

    @Test
    @Requirement("SHLD-3")
    @Requirement("1122-079")
    @Requirement("MAY-1")
    void data_after_a_close_are_answered_with_a_reset() {
        connected();
        close();
        sent(FIN.seq(1).ack(1));
        receive(ACK.seq(1).ack(2));
        receive(ACK.seq(1).ack(2).data(10));
        sent(RST.seq(2));
        assertState(TcpState.CLOSED);
        assertThat(stack().timers()).isZero();
    }

    @Test
    void an_orphan_does_not_stay_in_fin_wait_2() {
        connected();
        close();
        sent(FIN.seq(1).ack(1));
        receive(ACK.seq(1).ack(2));
        advance(59_000);
        assertState(TcpState.FIN_WAIT_2);
        advance(1_100);
        assertState(TcpState.CLOSED);
        assertThat(stack().tcp().ports().isEmpty()).isTrue();
    }

    @Test
    @Requirement("SM-22")
    void abort_sends_a_reset_in_every_synchronized_state() {
        connected();
        send(10);
        sent(ACK.seq(1).data(10));
        abort();
        sent(RST.seq(11).ack(1));
        assertState(TcpState.CLOSED);
        readError(TcpError.ABORTED);
        assertThat(stack().timers()).isZero();
    }

    @Test
    @Requirement("SM-22")
    void abort_beyond_a_closed_window_sends_an_acceptable_reset() {
        connected();
        receive(ACK.seq(1).ack(1).win(0));
        send(10);
        sentAfter(200, ACK.seq(1).data(1));
        abort();
        sent(RST.seq(1).ack(1));
    }

    @Test
    @Requirement("SM-23")
    void send_after_close_and_before_open_fails() {
        open();
        sent(SYN.seq(ISS));
        assertThat(trySend(1)).isEqualTo(Tcp.NOT_OPEN);
        receive(SYN.seq(IRS).ack(1));
        sent(ACK.seq(1));
        close();
        assertThat(trySend(1)).isEqualTo(Tcp.NOT_OPEN);
        sent(FIN.seq(1));
    }

    // TIME-WAIT

    private void timeWait(Seg syn) {
        connected(syn);
        close();
        sent(FIN.seq(1).ack(1));
        receive(syn.timestamps == null ? FIN.seq(1).ack(2) : FIN.seq(1).ack(2).ts(1_000, 0));
        sent(ACK.seq(2).ack(2));
        assertState(TcpState.TIME_WAIT);
    }

    @Test
    @Requirement("MUST-13")
    void time_wait_lasts_2_msl() {
        timeWait(SYN);
        assertThat(stack().timers()).isZero();
        advance(59_999);
        assertThat(stack().tcp().ports().isEmpty()).isFalse();
        advance(2);
        assertThat(stack().tcp().ports().isEmpty()).isTrue();
        sentNothing();
    }

    @Test
    @Requirement("SM-18")
    void a_fin_again_is_acknowledged_and_restarts_2_msl() {
        timeWait(SYN);
        advance(50_000);
        receive(FIN.seq(1).ack(2));
        sent(ACK.seq(2).ack(2));
        advance(50_000);
        assertThat(stack().tcp().ports().isEmpty()).isFalse();
        advance(10_001);
        assertThat(stack().tcp().ports().isEmpty()).isTrue();
    }

    @Test
    void an_exact_reset_ends_time_wait_and_another_does_not() {
        timeWait(SYN);
        receive(RST.seq(3));
        assertThat(stack().tcp().ports().isEmpty()).isFalse();
        receive(RST.seq(2));
        assertThat(stack().tcp().ports().isEmpty()).isTrue();
        sentNothing();
    }

    @Test
    void late_acks_in_time_wait_are_not_answered() {
        timeWait(SYN);
        receive(ACK.seq(2).ack(2));
        sentNothing();
    }

    private void passiveTimeWait(Seg options) {
        listen();
        receive(options.seq(IRS));
        sent(SYN.seq(ISS).ack(1));
        receive(options.tsVal == null ? ACK.seq(1).ack(1) : ACK.seq(1).ack(1).ts(1_000, 0));
        accept();
        close();
        sent(FIN.seq(1).ack(1));
        receive(options.tsVal == null ? FIN.seq(1).ack(2) : FIN.seq(1).ack(2).ts(1_000, 0));
        sent(ACK.seq(2).ack(2));
        assertState(TcpState.TIME_WAIT);
    }

    @Test
    @Requirement("MAY-2")
    void a_later_syn_opens_a_new_connection_in_time_wait() {
        passiveTimeWait(SYN);
        receive(SYN.seq(2));
        sent(ACK.seq(2).ack(2));
        receive(SYN.seq(3));
        Seg answer = pollSent();
        assertThat(answer).isNotNull();
        assertThat(answer.flags).isEqualTo(SYN.ack(0).flags);
        assertThat(answer.seq).isGreaterThan(2);
        sentNothing();
    }

    @Test
    @Requirement("SHLD-4")
    void a_syn_with_a_later_timestamp_opens_a_new_connection_in_time_wait() {
        passiveTimeWait(SYN.ts(1_000, 0));
        receive(SYN.seq(-50_000).ts(1_000, 0));
        sent(ACK.seq(2).ack(2));
        receive(SYN.seq(-50_000).ts(1_001, 0));
        Seg answer = pollSent();
        assertThat(answer).isNotNull();
        assertThat(answer.flags).isEqualTo(SYN.ack(0).flags);
    }

    /// RFC 6191 section 2; the old connection's last timestamp is 1,000 and its last number 1. Where the RFC drops the
    /// SYN, RFC 9293 section 3.10.7.4 has it acknowledged.
    @ParameterizedTest
    @CsvSource({
        "true, 1001, 50000, true",
        "true, 1001, -50000, true",
        "true, 1000, 3, true",
        "true, 1000, 2, false",
        "true, 1000, -50000, false",
        "true, 999, 50000, false",
        "true, 999, -50000, false",
        "true, , 3, true",
        "true, , 2, false",
        "true, , -50000, false",
        "false, 5, 3, true",
        "false, 5, -50000, true",
        "false, , 3, true",
        "false, , 2, false",
        "false, , -50000, false"
    })
    @Requirement("6191-01")
    @Requirement("SHLD-4")
    @Requirement("MAY-2")
    void a_newer_syn_in_time_wait_begins_anew(boolean before, @Nullable Integer tsVal, int seq, boolean admitted) {
        passiveTimeWait(before ? SYN.ts(1_000, 0) : SYN);
        receive(tsVal == null ? SYN.seq(seq) : SYN.seq(seq).ts(tsVal, 0));
        Seg answer = pollSent();
        assertThat(answer).isNotNull();
        assertThat(answer.flags).isEqualTo(admitted ? SYN.ack(0).flags : ACK.flags);
        assertThat(answer.ack).isEqualTo(admitted ? seq + 1 : 2);
        if (admitted) {
            assertThat(answer.seq).as("beyond the old connection").isGreaterThan(2);
        }
        sentNothing();
    }

    @Test
    void a_full_backlog_does_not_end_time_wait() {
        config = config.withBuffers(10_000, 10_000);
        listen(1);
        receive(SYN.seq(IRS));
        sent(SYN.seq(ISS).ack(1));
        receive(ACK.seq(1).ack(1));
        accept();
        close();
        sent(FIN.seq(1).ack(1));
        receive(FIN.seq(1).ack(2));
        sent(ACK.seq(2).ack(2));
        peerPort = 5_001;
        receive(SYN.seq(IRS));
        Seg answer = pollSent();
        assertThat(answer).isNotNull();
        receive(ACK.seq(1).ack(answer.seq + 1));
        assertThat(listener.waiting()).isEqualTo(1);
        peerPort = 5_000;
        receive(SYN.seq(100_000));
        sent(ACK.seq(2).ack(2));
        receive(FIN.seq(1).ack(2));
        sent(ACK.seq(2).ack(2));
    }

    @Test
    void connect_takes_a_tuple_over_from_time_wait_when_timestamps_tell_them_apart() {
        bind(6_000);
        timeWait(SYN.ts(1_000, 0));
        advance(10);
        int before = tcpInfo().sndNxt();
        open();
        sent(SYN.seq(ISS));
        assertThat(tcpInfo().iss() - before).isPositive();
    }
}
