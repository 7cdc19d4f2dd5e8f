package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.FIN;
import static dev.berth.testkit.Seg.RST;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.tcp.TcpError;
import dev.berth.stack.tcp.TcpState;
import dev.berth.wire.DropReason;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// RFC 7323 sections 3 to 5: the Timestamps option, the round-trip time and PAWS.
class TcpTimestampsTest extends Script {
    private static final Seg FULL = SYN.mss(1_460).sackPermitted().ts(1_000, 0);

    // Section 3.2: when the option is sent

    @Test
    @Requirement("7323-12")
    void the_option_is_offered_and_used_only_if_the_peer_has_it() {
        open();
        sent(SYN.seq(ISS).ts(true));
        receive(SYN.seq(IRS).ack(1).mss(1_460));
        sent(ACK.seq(1).ts(false));
        send(10);
        sent(ACK.seq(1).data(10).ts(false));
        receive(ACK.seq(1).ack(11));
    }

    @Test
    @Requirement("7323-13")
    void once_negotiated_every_segment_carries_it() {
        open();
        sent(SYN.seq(ISS).ts(true));
        receive(FULL.seq(IRS).ack(1));
        sent(ACK.seq(1).ts(true));
        send(2_000);
        sent(ACK.seq(1).data(1_448).ts(true));
        receive(ACK.seq(1).ack(1_449).ts(1_001, 0));
        sent(ACK.seq(1_449).data(552).ts(true));
        sentAfter(200, ACK.seq(1_449).data(552).ts(true)); // again
        receive(ACK.seq(1).ack(2_001).data(10).ts(1_201, 200));
        sent(ACK.seq(2_001).ack(11).ts(true));
        receive(SYN.seq(500).ts(1_202, 200));
        sent(ACK.seq(2_001).ack(11).ts(true)); // a challenge
        receive(ACK.seq(11).ack(2_001).win(0).ts(1_203, 200));
        send(10);
        Seg probe = awaitSent();
        assertThat(probe.timestamps).isTrue();
        receive(ACK.seq(11).ack(2_001 + probe.data).ts(1_210, 200));
        ignoreSent();
        receive(ACK.seq(11).ack(2_011).ts(1_211, 200));
        shutdownOutput();
        sent(FIN.seq(2_011).ts(true));
        receive(FIN.seq(11).ack(2_012).ts(1_212, 200));
        sent(ACK.seq(2_012).ack(12).ts(true));
        receive(FIN.seq(11).ack(2_012).ts(1_213, 200)); // now TIME-WAIT answers
        sent(ACK.seq(2_012).ack(12).ts(true));
        read(10);
    }

    private Seg awaitSent() {
        for (int i = 0; unexpected() == 0 && i < 1_000; i++) {
            advance(10);
        }
        Seg seg = pollSent();
        assertThat(seg).isNotNull();
        return seg;
    }

    @Test
    @Requirement("7323-14")
    void a_reset_carries_it_too() {
        connected(FULL);
        abort();
        sent(RST.seq(1).ack(1).tsEcr(1_000));
    }

    @Test
    @Requirement("7323-15")
    void without_an_acknowledgment_the_echo_is_zero() {
        open();
        sent(SYN.seq(ISS).tsEcr(0));
        receive(SYN.seq(IRS).ts(77, 0)); // simultaneous open
        sent(SYN.seq(ISS).ack(1).tsEcr(77));
        receive(ACK.seq(1).ack(1).ts(78, 0));
        assertState(TcpState.ESTABLISHED);
    }

    @Test
    @Requirement("7323-16")
    void the_echo_of_a_segment_without_ack_means_nothing() {
        listen();
        receive(SYN.seq(IRS).mss(1_460).ts(1_000, 0x7654_3210));
        sent(SYN.seq(ISS).ack(1).tsEcr(1_000));
        advance(30);
        receive(ACK.seq(1).ack(1).ts(1_030, 0));
        accept();
        assertState(TcpState.ESTABLISHED).srtt(30);
    }

    @Test
    void a_segment_without_the_option_is_accepted_all_the_same() {
        connected(FULL);
        receive(ACK.seq(1).ack(1).data(10));
        sent(ACK.seq(1).ack(11).tsEcr(1_000));
        read(10);
    }

    @Test
    @Requirement("7323-18")
    void the_option_on_a_connection_without_it_means_nothing() {
        connected(SYN.mss(1_460));
        receive(ACK.seq(1).ack(1).data(10).ts(5_000, 0));
        sent(ACK.seq(1).ack(11).ts(false));
        receive(ACK.seq(11).ack(1).data(10).ts(4_000, 0));
        sent(ACK.seq(1).ack(21).ts(false));
        read(20);
    }

    // Section 4: the clock and the round-trip time

    @Test
    @Requirement("7323-19")
    @Requirement("7323-28")
    void the_clock_ticks_once_a_millisecond() {
        connected(FULL);
        int next = 1;
        int last = 0;
        for (int wait : new int[] {1, 10, 999, 60_000, 3_600_000}) {
            advance(wait);
            receive(ACK.seq(next).ack(1).data(1).ts(2_000 + next, 0));
            next++;
            Seg answer = pollSent();
            assertThat(answer).isNotNull();
            assertThat(answer.tsVal - last).isEqualTo(wait);
            last = answer.tsVal;
        }
        // 2^31 octets a tick would be 17 Tbit/s; half the numbers last for 24.8 days, many times the MSL.
        read(5);
    }

    @Test
    @Requirement("7323-20")
    void a_duplicate_acknowledgment_is_no_measurement() {
        config = config.withNoDelay(true);
        connected(FULL);
        send(4_000);
        sent(ACK.seq(1).data(1_448));
        sent(ACK.seq(1_449).data(1_448));
        sent(ACK.seq(2_897).data(1_104));
        long before = tcpInfo().srttNanos();
        advance(1); // before the loss probe
        receive(ACK.seq(1).ack(1).ts(1_001, 0));
        receive(ACK.seq(1).ack(1).ts(1_002, 0));
        assertThat(tcpInfo().srttNanos()).isEqualTo(before);
        receive(ACK.seq(1).ack(4_001).ts(1_003, 0));
        assertThat(tcpInfo().srttNanos()).isNotEqualTo(before);
        ignoreSent();
    }

    @Test
    @Requirement("7323-21")
    void the_samples_of_one_round_trip_weigh_as_one() {
        connected(FULL);
        advance(100);
        send(8 * 1_448);
        for (int i = 0; i < 8; i++) {
            sent(ACK.seq(1 + 1_448 * i).data(1_448));
        }
        advance(80);
        ignoreSent(); // the loss probe
        for (int i = 1; i <= 8; i++) {
            receive(ACK.seq(1).ack(1 + 1_448 * i).ts(1_180 + i, 100));
        }
        // From nearly 0: one sample of 80 ms makes it 10, eight samples of full weight would make it 52.
        assertThat(tcpInfo().srttNanos()).isBetween(9_000_000L, 12_000_000L);
    }

    // Section 4.3: which timestamp to echo

    @Test
    @Requirement("7323-22")
    void an_ack_of_two_segments_echoes_the_earlier_one() {
        connected(FULL);
        int next = 1;
        for (int i = 0; i < 16; i++) { // past the first segments, which are acknowledged at once
            receive(ACK.seq(next).ack(1).data(1_448).ts(1_001, 0));
            next += 1_448;
            sent(ACK.seq(1).ack(next));
        }
        receive(ACK.seq(next).ack(1).data(1_448).ts(1_500, 0));
        sentNothing();
        receive(ACK.seq(next + 1_448).ack(1).data(1_448).ts(1_600, 0));
        sent(ACK.seq(1).ack(next + 2_896).tsEcr(1_500));
    }

    // Section 5: PAWS

    @Test
    @Requirement("7323-23")
    void the_saved_timestamp_never_goes_back() {
        connected(FULL);
        receive(ACK.seq(1).ack(1).data(10).ts(1_010, 0));
        sent(ACK.seq(1).ack(11).tsEcr(1_010));
        receive(ACK.seq(11).ack(1).data(10).ts(1_009, 0));
        sent(ACK.seq(1).ack(11).tsEcr(1_010));
        receive(ACK.seq(11).ack(1).data(10).ts(1_010, 0));
        sent(ACK.seq(1).ack(21).tsEcr(1_010));
        assertDrops(DropReason.NOT_ACCEPTABLE, 1);
        read(20);
    }

    @Test
    @Requirement("7323-25")
    void a_segment_that_is_too_old_and_outside_the_window_is_answered_once() {
        connected(FULL);
        receive(ACK.seq(-500).ack(1).data(10).ts(10, 0));
        sent(ACK.seq(1).ack(1).tsEcr(1_000));
        sentNothing();
        assertDrops(DropReason.NOT_ACCEPTABLE, 1);
    }

    @Test
    @Requirement("7323-26")
    void the_timestamp_of_a_reset_is_neither_checked_nor_saved() {
        connected(FULL);
        receive(RST.seq(2).ts(900_000, 0));
        sent(ACK.seq(1).ack(1).tsEcr(1_000)); // the challenge
        receive(ACK.seq(1).ack(1).data(10).ts(1_001, 0));
        sent(ACK.seq(1).ack(11).tsEcr(1_001));
        receive(RST.seq(11).ts(5, 0));
        read(10);
        readError(TcpError.RESET);
    }

    @Test
    @Requirement("7323-27")
    void a_reset_in_answer_echoes_the_segments_timestamp() {
        receive(SYN.seq(IRS).ts(4_711, 0));
        sent(RST.rawSeq(0).ack(1).ts(0, 4_711));
        receive(ACK.seq(1).ack(500).ts(4_712, 0));
        sent(RST.seq(500).ts(0, 4_712));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, Integer.MIN_VALUE})
    @Requirement("7323-31")
    void timestamps_wrap_around(int middle) {
        connected(SYN.mss(1_460).ts(middle - 16, 0));
        receive(ACK.seq(1).ack(1).data(10).ts(middle + 5, 0));
        sent(ACK.seq(1).ack(11).tsEcr(middle + 5));
        receive(ACK.seq(11).ack(1).data(10).ts(middle - 8, 0));
        sent(ACK.seq(1).ack(11).tsEcr(middle + 5));
        read(10);
        readNothing();
    }

    // Section 7.1

    @Test
    @Requirement("7323-32")
    void every_connection_has_a_clock_of_its_own() {
        Set<Integer> values = new HashSet<>();
        for (int i = 0; i < 50; i++) {
            peerPort = 1_000 + i;
            open();
            sent(SYN.seq(ISS).ts(true));
            ByteBuffer syn = ByteBuffer.wrap(lastPacket());
            int at = 20 + 20 + 4; // behind the MSS option
            assertThat(syn.getShort(at + 2)).isEqualTo((short) 0x080a);
            values.add(syn.getInt(at + 4) >>> 16);
        }
        assertThat(values).as("upper halves of the timestamps").hasSizeGreaterThan(45);
    }

    // RFC 9293 section 3.7.1, before it RFC 6691

    @Test
    @Requirement("7323-33")
    void the_announced_mss_does_not_count_options() {
        listen();
        receive(FULL.seq(IRS));
        sent(SYN.seq(ISS).ack(1).mss(1_460).ts(true));
        receive(ACK.seq(1).ack(1).ts(1_001, 0));
        accept();
        assertState(TcpState.ESTABLISHED).mss(1_448);
        send(3_000);
        sent(ACK.seq(1).data(1_448));
        sent(ACK.seq(1_449).data(1_448));
        ignoringRest();
    }
}
