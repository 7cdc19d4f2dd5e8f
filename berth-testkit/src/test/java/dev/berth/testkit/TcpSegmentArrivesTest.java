package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.BARE;
import static dev.berth.testkit.Seg.FIN;
import static dev.berth.testkit.Seg.RST;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.tcp.Tcp;
import dev.berth.stack.tcp.TcpError;
import dev.berth.stack.tcp.TcpState;
import dev.berth.wire.DropReason;
import java.util.List;
import org.junit.jupiter.api.Test;

/// RFC 9293 section 3.10.7.4: segments for the synchronized states, check by check.
class TcpSegmentArrivesTest extends Script {
    // First: the sequence number

    @Test
    @Requirement("SM-9")
    @Requirement("SM-10")
    @Requirement("1122-080")
    void segments_outside_the_window_are_answered_and_dropped() {
        config = config.withBuffers(10_000, 10_000);
        connected();
        receive(ACK.seq(10_001).ack(1).data(10));
        sent(ACK.seq(1).ack(1));
        receive(ACK.seq(10_001).ack(1));
        sent(ACK.seq(1).ack(1));
        receive(ACK.seq(-20).ack(1).data(10));
        sent(ACK.seq(1).ack(1));
        receive(ACK.seq(0).ack(1));
        sent(ACK.seq(1).ack(1));
        assertDrops(DropReason.NOT_ACCEPTABLE, 4);
        readNothing();
    }

    @Test
    @Requirement("SM-9")
    void the_last_octet_of_the_window_is_acceptable() {
        config = config.withBuffers(10_000, 10_000);
        connected();
        receive(ACK.seq(10_000).ack(1).data(1));
        sent(ACK.seq(1).ack(1));
        assertDrops(DropReason.NOT_ACCEPTABLE, 0);
    }

    @Test
    @Requirement("SM-11")
    @Requirement("SM-9")
    void segments_are_trimmed_to_the_window() {
        config = config.withBuffers(1_000, 1_000);
        connected();
        receive(ACK.seq(1).ack(1).data(100));
        sent(ACK.seq(1).ack(101));
        receive(ACK.seq(51).ack(1).data(100));
        sent(ACK.seq(1).ack(151));
        receive(FIN.seq(151).ack(1).data(900));
        sent(ACK.seq(1).ack(1_001).win(0));
        assertState(TcpState.ESTABLISHED).unread(1_000);
        read(1_000);
        sent(ACK.seq(1).ack(1_001).win(1_000));
    }

    @Test
    @Requirement("SM-9")
    void a_retransmission_that_covers_the_whole_window_is_acceptable() {
        config = config.withBuffers(100, 100);
        connected();
        receive(ACK.seq(1).ack(1).data(50));
        sent(ACK.seq(1).ack(51));
        receive(ACK.seq(1).ack(1).data(400));
        sent(ACK.seq(1).ack(101));
        read(100);
        ignoreSent();
    }

    @Test
    @Requirement("MUST-66")
    @Requirement("SM-9")
    void a_closed_window_takes_acks_and_resets() {
        config = config.withBuffers(1_000, 1_000);
        connected();
        receive(ACK.seq(1).ack(1).data(1_000));
        sent(ACK.seq(1).ack(1_001).win(0));
        send(10);
        sent(ACK.seq(1).data(10));
        receive(ACK.seq(1_001).ack(11).data(1));
        sent(ACK.seq(11).ack(1_001).win(0));
        assertState(TcpState.ESTABLISHED).sndUna(11);
        receive(RST.seq(1_001).ack(11));
        assertError(TcpError.RESET);
    }

    // Second: RST. RFC 5961 section 3

    @Test
    @Requirement("SHLD-2")
    @Requirement("MUST-12")
    @Requirement("5961-02")
    void an_exact_reset_with_data_ends_the_connection() {
        connected();
        receive(RST.seq(1).data(20));
        assertState(TcpState.CLOSED);
        readError(TcpError.RESET);
        assertThat(trySend(1)).isEqualTo(Tcp.NOT_OPEN);
        sentNothing();
    }

    @Test
    void text_does_not_move_a_reset_to_the_exact_number() {
        connected();
        receive(RST.seq(-400).data(1_000));
        sent(ACK.seq(1).ack(1));
        assertState(TcpState.ESTABLISHED);
    }

    @Test
    void received_data_stay_readable_after_a_reset() {
        connected();
        receive(ACK.seq(1).ack(1).data(7));
        sent(ACK.seq(1).ack(8));
        receive(RST.seq(8));
        read(7);
        readError(TcpError.RESET);
    }

    // RST and SYN that are not exact: TcpBlindAttacksTest

    // Fifth: ACK

    @Test
    @Requirement("SM-12")
    void a_segment_without_ack_is_dropped() {
        connected();
        receive(BARE.seq(1).data(10));
        sentNothing();
        readNothing();
    }

    @Test
    @Requirement("SM-13")
    @Requirement("5961-07")
    void an_ack_of_what_was_not_sent_is_answered_and_dropped() {
        connected();
        receive(ACK.seq(1).ack(2).data(10));
        sent(ACK.seq(1).ack(1));
        readNothing();
    }

    @Test
    @Requirement("MAY-12")
    @Requirement("5961-07")
    void an_ack_far_below_is_answered_and_dropped() {
        connected();
        receive(ACK.seq(1).ack(1 - 70_000).data(10));
        sent(ACK.seq(1).ack(1));
        readNothing();
    }

    @Test
    @Requirement("SM-14")
    void an_old_segment_does_not_change_the_window() {
        connected();
        receive(ACK.seq(1).ack(1).data(10).win(5_000));
        sent(ACK.seq(1).ack(11));
        receive(ACK.seq(11).ack(1).win(6_000));
        assertState(TcpState.ESTABLISHED).sndWnd(6_000);
        receive(ACK.seq(5).ack(1).data(6).win(100));
        sent(ACK.seq(1).ack(11));
        assertState(TcpState.ESTABLISHED).sndWnd(6_000);
    }

    @Test
    @Requirement("SM-14")
    void a_segment_that_was_overtaken_does_not_change_the_window() {
        connected();
        receive(ACK.seq(101).ack(1).data(100).win(6_000));
        sent(ACK.seq(1).ack(1));
        assertState(TcpState.ESTABLISHED).sndWnd(6_000);
        receive(ACK.seq(1).ack(1).data(100).win(100)); // was sent before
        sent(ACK.seq(1).ack(201));
        assertState(TcpState.ESTABLISHED).sndWnd(6_000);
        read(200);
    }

    @Test
    @Requirement("MUST-1")
    @Requirement("REC-1")
    @Requirement("7323-05")
    @Requirement("7323-06")
    void the_window_is_unsigned_and_scaled() {
        config = config.withBuffers(1 << 30, 1 << 20);
        connected(SYN.mss(1_460).ws(14).win(0x8000));
        assertState(TcpState.ESTABLISHED).sndWnd(0x8000);
        receive(ACK.seq(1).ack(1).win(65_535));
        assertState(TcpState.ESTABLISHED).sndWnd(65_535 << 14);
    }

    // Seventh: text

    @Test
    @Requirement("SHLD-31")
    @Requirement("MAY-13")
    void segments_beyond_a_hole_are_kept() {
        connected();
        receive(ACK.seq(101).ack(1).data(100));
        sent(ACK.seq(1).ack(1));
        receive(ACK.seq(301).ack(1).data(100));
        sent(ACK.seq(1).ack(1));
        receive(ACK.seq(1).ack(1).data(100));
        sent(ACK.seq(1).ack(201));
        receive(ACK.seq(201).ack(1).data(100));
        sent(ACK.seq(1).ack(401));
        read(400);
    }

    @Test
    @Requirement("MUST-58")
    @Requirement("MUST-59")
    void segments_that_come_together_are_acknowledged_together() {
        connected();
        receive(List.of(
                ACK.seq(1).ack(1).data(1_460),
                ACK.seq(1_461).ack(1).data(1_460),
                ACK.seq(2_921).ack(1).data(1_460)));
        sent(ACK.seq(1).ack(4_381));
        sentNothing();
        read(4_380);
    }

    @Test
    @Requirement("MUST-3")
    void a_wrong_checksum_is_dropped() {
        connected();
        receive(ACK.seq(1).ack(1).data(10).badChecksum());
        sentNothing();
        assertDrops(DropReason.BAD_TRANSPORT_CHECKSUM, 1);
        receive(ACK.seq(1).ack(1).data(10));
        sent(ACK.seq(1).ack(11));
        read(10);
    }

    @Test
    void after_a_shutdown_of_input_data_are_acknowledged_and_thrown_away() {
        connected();
        receive(ACK.seq(1).ack(1).data(10));
        sent(ACK.seq(1).ack(11));
        shutdownInput();
        receive(ACK.seq(21).ack(1).data(10));
        sent(ACK.seq(1).ack(11));
        receive(ACK.seq(11).ack(1).data(10));
        sent(ACK.seq(1).ack(31));
        assertState(TcpState.ESTABLISHED).unread(0);
        readEnd();
        close();
        sent(FIN.seq(1).ack(31));
    }

    // Eighth: FIN

    @Test
    @Requirement("SM-15")
    @Requirement("MUST-12")
    void a_fin_ends_the_stream() {
        connected();
        receive(FIN.seq(1).ack(1).data(5));
        sent(ACK.seq(1).ack(7));
        assertState(TcpState.CLOSE_WAIT).rcvNxt(7);
        read(5);
        readEnd();
        assertError(null);
    }

    @Test
    @Requirement("SM-15")
    void a_fin_beyond_a_hole_waits_for_its_turn() {
        connected();
        receive(FIN.seq(11).ack(1).data(10));
        sent(ACK.seq(1).ack(1));
        assertState(TcpState.ESTABLISHED);
        receive(ACK.seq(1).ack(1).data(10));
        sent(ACK.seq(1).ack(22));
        assertState(TcpState.CLOSE_WAIT);
        read(20);
        readEnd();
    }

    @Test
    @Requirement("SM-19")
    void a_fin_again_is_acknowledged_and_changes_nothing() {
        connected();
        receive(FIN.seq(1).ack(1));
        sent(ACK.seq(1).ack(2));
        receive(FIN.seq(1).ack(1));
        sent(ACK.seq(1).ack(2));
        assertState(TcpState.CLOSE_WAIT);
        close();
        sent(FIN.seq(1).ack(2));
        receive(FIN.seq(1).ack(1));
        sent(ACK.seq(2).ack(2));
        assertState(TcpState.LAST_ACK);
        receive(ACK.seq(2).ack(2));
        assertState(TcpState.CLOSED);
    }

    @Test
    void text_after_the_fin_is_ignored() {
        connected();
        receive(FIN.seq(1).ack(1));
        sent(ACK.seq(1).ack(2));
        receive(ACK.seq(2).ack(1).data(10));
        readEnd();
        ignoreSent();
    }
}
