package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.FIN;
import static dev.berth.testkit.Seg.RST;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpError;
import dev.berth.stack.tcp.TcpState;
import org.junit.jupiter.api.Test;

/// Windows and small segments, RFC 9293 sections 3.7.4, 3.8.4 and 3.8.6: probes, silly windows, Nagle, delayed ACKs,
/// keep-alive.
class TcpWindowTest extends Script {
    // Zero windows, section 3.8.6.1

    @Test
    @Requirement("MUST-35")
    @Requirement("MUST-36")
    @Requirement("SHLD-29")
    @Requirement("SHLD-30")
    void a_closed_window_is_probed_with_backoff() {
        connected();
        receive(ACK.seq(1).ack(1).win(0));
        send(3_000);
        sentNothing();
        sentAfter(200, ACK.seq(1).data(1));
        receive(ACK.seq(1).ack(1).win(0));
        sentAfter(400, ACK.seq(1).data(1));
        receive(ACK.seq(1).ack(1).win(0));
        sentAfter(800, ACK.seq(1).data(1));
        receive(ACK.seq(1).ack(1).win(0));
        receive(ACK.seq(1).ack(1).win(10_000));
        sent(ACK.seq(1).data(1_460));
        sent(ACK.seq(1_461).data(1_460));
        sent(ACK.seq(2_921).data(80));
        sentAfter(200, ACK.seq(1).data(1_460)); // the timer began anew
        receive(ACK.seq(1).ack(3_001));
        sentNothing();
    }

    @Test
    @Requirement("MUST-36")
    void a_probe_that_is_taken_is_not_sent_again() {
        connected();
        receive(ACK.seq(1).ack(1).win(0));
        send(3_000);
        sentAfter(200, ACK.seq(1).data(1));
        receive(ACK.seq(1).ack(2).win(10_000));
        sent(ACK.seq(2).data(1_460));
        sent(ACK.seq(1_462).data(1_460));
        ignoringRest();
    }

    @Test
    @Requirement("MUST-37")
    void a_closed_window_is_probed_for_ever_while_probes_are_answered() {
        connected();
        receive(ACK.seq(1).ack(1).win(0));
        send(10);
        for (int i = 0; i < 100; i++) {
            advance(61_000);
            assertThat(unexpected()).isPositive();
            ignoreSent();
            receive(ACK.seq(1).ack(1).win(0));
        }
        assertState(TcpState.ESTABLISHED);
    }

    @Test
    void unanswered_probes_end_the_connection() {
        connected();
        receive(ACK.seq(1).ack(1).win(0));
        send(10);
        advance(1_000_000);
        readError(TcpError.TIMED_OUT);
        ignoreSent();
    }

    @Test
    void two_ends_with_closed_windows_hear_of_each_other() {
        config = config.withBuffers(10_000, 1_000);
        connected();
        receive(ACK.seq(1).ack(1).data(1_000).win(0));
        sent(ACK.seq(1).ack(1_001).win(0));
        send(500);
        sentAfter(200, ACK.seq(1).data(1));
        receive(ACK.seq(1_001).ack(1).win(0));
        // The octet of the probe was not taken: what follows has to begin before it.
        read(1_000);
        sent(ACK.seq(1).ack(1_001).win(1_000));
    }

    @Test
    @Requirement("MUST-34")
    @Requirement("SHLD-15")
    @Requirement("SHLD-16")
    @Requirement("SHLD-17")
    @Requirement("7323-11")
    @Requirement("MAY-7")
    void a_window_that_shrinks_is_survived() {
        connected();
        send(5_000);
        for (int i = 0; i < 3; i++) {
            sent(ACK.seq(1 + 1_460 * i).data(1_460));
        }
        sent(ACK.seq(4_381).data(620));
        receive(ACK.seq(1).ack(1_461).win(100));
        sentNothing();
        send(1_000);
        sentNothing();
        sentAfter(200, ACK.seq(1_461).data(1_460));
        receive(ACK.seq(1).ack(1_461).win(0));
        for (int i = 0; i < 20; i++) {
            advance(61_000);
            ignoreSent();
            receive(ACK.seq(1).ack(1_461).win(0));
        }
        receive(ACK.seq(1).ack(1_461).win(60_000));
        sent(ACK.seq(1_461).data(1_460));
        ignoringRest();
    }

    @Test
    void a_fin_into_a_closed_window_is_sent_again_when_it_opens() {
        connected();
        receive(ACK.seq(1).ack(1).win(0));
        close();
        sent(FIN.seq(1));
        receive(ACK.seq(1).ack(1).win(0));
        sentNothing();
        receive(ACK.seq(1).ack(1).win(100));
        sent(FIN.seq(1));
        receive(ACK.seq(1).ack(2));
        assertState(TcpState.FIN_WAIT_2);
    }

    @Test
    @Requirement("MAY-8")
    void a_receiver_may_keep_its_window_closed_for_ever() {
        config = config.withBuffers(1_000, 1_000);
        connected();
        receive(ACK.seq(1).ack(1).data(1_000));
        sent(ACK.seq(1).ack(1_001).win(0));
        for (int minute = 0; minute < 120; minute++) {
            advance(60_000);
            receive(ACK.seq(1_001).ack(1).data(1)); // a probe
            sent(ACK.seq(1).ack(1_001).win(0));
        }
        read(1_000);
        sent(ACK.seq(1).ack(1_001).win(1_000));
    }

    // Silly windows, section 3.8.6.2

    @Test
    @Requirement("MUST-38")
    void a_sender_does_not_use_small_windows() {
        connected();
        receive(ACK.seq(1).ack(1).win(700));
        send(3_000);
        sentNothing();
        sentAfter(200, ACK.seq(1).data(700)); // the override timeout
        receive(ACK.seq(1).ack(701).win(3_000));
        sent(ACK.seq(701).data(1_460));
        ignoringRest();
    }

    @Test
    @Requirement("MUST-38")
    void half_of_the_largest_window_is_worth_sending() {
        open();
        sent(SYN.seq(ISS));
        receive(SYN.seq(IRS).ack(1).mss(1_460).win(1_000));
        sent(ACK.seq(1));
        receive(ACK.seq(1).ack(1).win(600));
        send(3_000);
        sent(ACK.seq(1).data(600));
        sentNothing();
    }

    @Test
    @Requirement("MUST-39")
    @Requirement("SHLD-14")
    void a_receiver_does_not_offer_small_windows() {
        config = config.withBuffers(4_000, 4_000);
        connected();
        receive(ACK.seq(1).ack(1).data(4_000));
        sent(ACK.seq(1).ack(4_001).win(0));
        read(100);
        read(1_000);
        sentNothing();
        read(400);
        sent(ACK.seq(1).ack(4_001).win(1_500));
        read(2_500);
        sent(ACK.seq(1).ack(4_001).win(4_000));
        sentNothing();
    }

    @Test
    @Requirement("SHLD-14")
    void a_smaller_buffer_does_not_take_back_what_was_offered() {
        config = config.withBuffers(10_000, 10_000);
        connected();
        configure(config.withBuffers(10_000, 2_000));
        receive(ACK.seq(1).ack(1).data(100));
        sent(ACK.seq(1).ack(101).win(9_900));
        read(100);
        receive(ACK.seq(101).ack(1).data(9_900));
        sent(ACK.seq(1).ack(10_001).win(0));
        read(9_900);
        sent(ACK.seq(1).ack(10_001).win(2_000));
    }

    @Test
    void reading_without_need_sends_no_window_updates() {
        connected();
        for (int i = 0; i < 20; i++) {
            receive(ACK.seq(1 + 10 * i).ack(1).data(10));
            if (i < 16) {
                sent(ACK.seq(1).ack(11 + 10 * i));
            }
            read(10);
            sentNothing();
        }
    }

    // Nagle, section 3.7.4

    @Test
    @Requirement("SHLD-7")
    @Requirement("MUST-60")
    @Requirement("MAY-16")
    void small_segments_wait_for_the_ack_of_the_one_before() {
        connected();
        send(10);
        sent(ACK.seq(1).data(10));
        send(10);
        send(20);
        sentNothing();
        receive(ACK.seq(1).ack(11));
        sent(ACK.seq(11).data(30));
    }

    /// It would wait for the delayed ACK of the last full segment. Linux sends it too.
    @Test
    void the_end_of_a_larger_write_does_not_wait_but_the_next_short_one_does() {
        connected();
        send(1_500);
        sent(ACK.seq(1).data(1_460));
        sent(ACK.seq(1_461).data(40).psh());
        send(10);
        sentNothing();
        receive(ACK.seq(1).ack(1_461));
        sentNothing();
        receive(ACK.seq(1).ack(1_501));
        sent(ACK.seq(1_501).data(10));
    }

    @Test
    void a_write_that_did_not_fit_has_no_end_yet() {
        config =
                config.withBuffers(3_000, 60_000).withFeatures(config.features().withTuning(false, false));
        connected();
        send(3_000);
        sent(ACK.seq(1).data(1_460));
        sent(ACK.seq(1_461).data(1_460));
        sentNothing();
        receive(ACK.seq(1).ack(1_461));
        sent(ACK.seq(2_921).data(80));
    }

    @Test
    @Requirement("MUST-17")
    @Requirement("MUST-61")
    void without_nagle_they_do_not_wait() {
        config = config.withNoDelay(true);
        connected();
        send(10);
        sent(ACK.seq(1).data(10).psh());
        send(10);
        sent(ACK.seq(11).data(10).psh());
        send(2_000);
        sent(ACK.seq(21).data(1_460).noPsh());
        sent(ACK.seq(1_481).data(540).psh());
    }

    @Test
    @Requirement("MUST-17")
    void nagle_can_be_turned_off_while_data_wait() {
        connected();
        send(10);
        sent(ACK.seq(1).data(10));
        send(10);
        sentNothing();
        configure(config.withNoDelay(true));
        sent(ACK.seq(11).data(10));
    }

    @Test
    @Requirement("SHLD-27")
    void small_writes_that_wait_become_full_segments_with_one_push() {
        connected();
        receive(ACK.seq(1).ack(1).win(0));
        for (int i = 0; i < 10; i++) {
            send(300);
        }
        sentNothing();
        receive(ACK.seq(1).ack(1).win(60_000));
        sent(ACK.seq(1).data(1_460).noPsh());
        sent(ACK.seq(1_461).data(1_460).noPsh());
        sent(ACK.seq(2_921).data(80).psh());
    }

    // Delayed ACK, section 3.8.6.3

    /// Past the first segments, which are acknowledged at once.
    private int quickStart() {
        connected();
        for (int i = 0; i < 16; i++) {
            receive(ACK.seq(1 + 1_460 * i).ack(1).data(1_460));
            sent(ACK.seq(1).ack(1_461 + 1_460 * i));
        }
        return 1 + 16 * 1_460;
    }

    @Test
    @Requirement("SHLD-18")
    @Requirement("MUST-40")
    void an_ack_is_delayed_by_less_than_half_a_second() {
        int next = quickStart();
        receive(ACK.seq(next).ack(1).data(100));
        sentAfter(40, ACK.seq(1).ack(next + 100));
        advance(10_000);
        sentNothing();
    }

    @Test
    @Requirement("SHLD-19")
    void every_second_full_segment_is_acknowledged() {
        int next = quickStart();
        receive(ACK.seq(next).ack(1).data(1_460));
        sentNothing();
        receive(ACK.seq(next + 1_460).ack(1).data(1_460));
        sent(ACK.seq(1).ack(next + 2_920));
        receive(ACK.seq(next + 2_920).ack(1).data(1_460));
        sentNothing();
        receive(ACK.seq(next + 4_380).ack(1).data(1_460));
        sent(ACK.seq(1).ack(next + 5_840));
    }

    @Test
    @Requirement("5681-07")
    @Requirement("MAY-13")
    void a_hole_and_its_filling_are_acknowledged_at_once() {
        int next = quickStart();
        receive(ACK.seq(next + 100).ack(1).data(100));
        sent(ACK.seq(1).ack(next));
        receive(ACK.seq(next + 300).ack(1).data(100));
        sent(ACK.seq(1).ack(next));
        receive(ACK.seq(next).ack(1).data(50)); // part of the hole
        sent(ACK.seq(1).ack(next + 50));
        receive(ACK.seq(next + 50).ack(1).data(50));
        sent(ACK.seq(1).ack(next + 200));
        receive(ACK.seq(next + 200).ack(1).data(100));
        sent(ACK.seq(1).ack(next + 400));
        receive(ACK.seq(next + 400).ack(1).data(100));
        sentNothing(); // in order again: delayed
        sentAfter(40, ACK.seq(1).ack(next + 500));
    }

    @Test
    void a_delayed_ack_rides_on_data() {
        int next = quickStart();
        receive(ACK.seq(next).ack(1).data(100));
        send(10);
        sent(ACK.seq(1).ack(next + 100).data(10));
        advance(100);
        sentNothing();
    }

    // Keep-alive, section 3.8.4

    @Test
    @Requirement("MUST-25")
    @Requirement("MUST-28")
    void keep_alive_is_off_unless_asked_for() {
        connected();
        advance(10 * 3_600_000);
        sentNothing();
        assertState(TcpState.ESTABLISHED);
        assertThat(stack().timers()).isZero();
        assertThat(TcpConfig.DEFAULT.keepIdleSeconds()).isGreaterThanOrEqualTo(7_200);
    }

    @Test
    @Requirement("MUST-24")
    @Requirement("MUST-27")
    @Requirement("MUST-29")
    @Requirement("SHLD-12")
    @Requirement("MAY-5")
    void a_dead_connection_is_found_out() {
        config = config.withKeepAlive(true).withKeepAliveTimes(100, 10, 3);
        connected();
        sentAfter(100_000, ACK.seq(0).ack(1));
        receive(ACK.seq(1).ack(1));
        sentAfter(100_000, ACK.seq(0).ack(1));
        sentAfter(10_000, ACK.seq(0).ack(1));
        sentAfter(10_000, ACK.seq(0).ack(1));
        advance(10_010);
        readError(TcpError.TIMED_OUT);
        assertThat(stack().timers()).isZero();
    }

    @Test
    @Requirement("MUST-26")
    void keep_alive_is_silent_while_data_are_outstanding() {
        config = config.withKeepAlive(true).withKeepAliveTimes(1, 1, 3);
        connected();
        send(10);
        sent(ACK.seq(1).data(10));
        for (long wait = 200; wait < 10_000; wait *= 2) {
            sentAfter(wait, ACK.seq(1).data(10));
        }
        receive(ACK.seq(1).ack(11));
        assertState(TcpState.ESTABLISHED);
    }

    @Test
    @Requirement("MAY-6")
    void a_probe_with_an_octet_of_garbage_is_answered_and_its_octet_ignored() {
        connected();
        receive(ACK.seq(1).ack(1).data(10));
        sent(ACK.seq(1).ack(11));
        receive(ACK.seq(10).ack(1).data(1));
        sent(ACK.seq(1).ack(11));
        read(10);
        readNothing();
    }

    @Test
    void a_probe_without_data_is_answered() {
        connected();
        receive(ACK.seq(0).ack(1));
        sent(ACK.seq(1).ack(1));
    }

    @Test
    void unacceptable_segments_do_not_keep_alive() {
        config = config.withKeepAlive(true).withKeepAliveTimes(10, 10, 1);
        connected();
        advance(9_000);
        receive(RST.seq(9_000_000));
        sentAfter(1_000, ACK.seq(0).ack(1));
    }

    @Test
    void settings_of_an_ended_connection_start_no_timer() {
        connected();
        close();
        sent(FIN.seq(1));
        receive(FIN.seq(1).ack(2));
        sent(ACK.seq(2).ack(2));
        configure(config.withKeepAlive(true).withKeepAliveTimes(1, 1, 1));
        assertThat(stack().timers()).isZero();
    }
}
