package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.SYN;

import dev.berth.check.Requirement;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpState;
import dev.berth.wire.DropReason;
import org.junit.jupiter.api.Test;

/// RFC 7323 section 2: the Window Scale option.
class TcpWindowScaleTest extends Script {
    /// Buffers that do not grow: with tuning the scale suits the largest that they may become.
    private TcpConfig fixed(int octets) {
        return config.withBuffers(octets, octets).withFeatures(config.features().withTuning(false, false));
    }

    @Test
    @Requirement("7323-01")
    void the_option_is_sent_even_with_a_shift_of_0() {
        config = fixed(1_000);
        open();
        sent(SYN.seq(ISS).ws(0).win(1_000));
        receive(SYN.seq(IRS).ack(1).ws(5));
        sent(ACK.seq(1));
        receive(ACK.seq(1).ack(1).win(10));
        assertState(TcpState.ESTABLISHED).sndWnd(320);
    }

    @Test
    @Requirement("7323-02")
    void without_the_option_of_the_peer_no_window_is_scaled() {
        config = config.withBuffers(1 << 20, 1 << 20);
        open();
        sent(SYN.seq(ISS).ws(8).win(65_535));
        receive(SYN.seq(IRS).ack(1).mss(1_460));
        sent(ACK.seq(1).ack(1).win(65_535));
        receive(ACK.seq(1).ack(1).data(100).win(100));
        sent(ACK.seq(1).ack(101).win(65_435));
        assertState(TcpState.ESTABLISHED).sndWnd(100);
    }

    @Test
    @Requirement("7323-02")
    void a_passive_open_without_the_option_scales_nothing_either() {
        config = config.withBuffers(1 << 20, 1 << 20);
        listen();
        receive(SYN.seq(IRS).mss(1_460));
        sent(SYN.seq(ISS).ack(1).ws(-1).win(65_535));
        receive(ACK.seq(1).ack(1).win(100));
        accept();
        receive(ACK.seq(1).ack(1).data(100).win(100));
        sent(ACK.seq(1).ack(101).win(65_435));
        assertState(TcpState.ESTABLISHED).sndWnd(100);
    }

    @Test
    @Requirement("7323-04")
    void the_option_means_nothing_later() {
        connected(SYN.mss(1_460).ws(2));
        receive(ACK.seq(1).ack(1).data(1).ws(9).win(100));
        sent(ACK.seq(1).ack(2).ws(-1));
        receive(ACK.seq(2).ack(1).win(101));
        assertState(TcpState.ESTABLISHED).sndWnd(404);
    }

    @Test
    @Requirement("7323-05")
    void the_window_of_a_syn_ack_is_not_scaled() {
        open();
        sent(SYN.seq(ISS).win(65_535));
        receive(SYN.seq(IRS).ack(1).mss(1_460).ws(7).win(500));
        sent(ACK.seq(1).ack(1));
        assertState(TcpState.ESTABLISHED).sndWnd(500);
    }

    @Test
    @Requirement("7323-06")
    void the_peers_window_is_shifted_to_the_left() {
        connected(SYN.mss(1_460).ws(7));
        receive(ACK.seq(1).ack(1).win(100));
        assertState(TcpState.ESTABLISHED).sndWnd(12_800);
        send(20_000);
        for (int i = 0; i < 8; i++) {
            sent(ACK.seq(1 + 1_460 * i).data(1_460));
        }
        sentNothing(); // 8 segments fit in 12,800 octets, 9 do not
        ignoringRest();
    }

    @Test
    @Requirement("7323-07")
    void our_window_is_shifted_to_the_right_and_never_overstated() {
        config = fixed(1 << 17);
        open();
        sent(SYN.seq(ISS).ws(5).win(65_535));
        receive(SYN.seq(IRS).ack(1).mss(1_460).ws(0));
        sent(ACK.seq(1).ack(1).win((1 << 17) >> 5));
        receive(ACK.seq(1).ack(1).data(1));
        sent(ACK.seq(1).ack(2).win((1 << 17) - 1 >> 5));
        receive(ACK.seq(2).ack(1).data(63));
        sent(ACK.seq(1).ack(65).win((1 << 17) - 64 >> 5));
    }

    @Test
    @Requirement("7323-08")
    void a_shift_of_15_and_of_255_count_as_14() {
        config = config.withBuffers(1 << 20, 1 << 20);
        connected(SYN.mss(1_460).ws(15));
        receive(ACK.seq(1).ack(1).win(3));
        assertState(TcpState.ESTABLISHED).sndWnd(3 << 14);
        abort();
        ignoreSent();
        peerPort = 81;
        connected(SYN.mss(1_460).ws(255));
        receive(ACK.seq(1).ack(1).win(3));
        assertState(TcpState.ESTABLISHED).sndWnd(3 << 14);
    }

    @Test
    @Requirement("7323-09")
    @Requirement("7323-10")
    void octets_up_to_the_rightmost_edge_ever_offered_are_taken() {
        config = fixed(1 << 17);
        open();
        sent(SYN.seq(ISS).ws(5));
        receive(SYN.seq(IRS).ack(1).mss(1_460).ws(0));
        sent(ACK.seq(1).ack(1).win(4_096)); // up to 131,073
        receive(ACK.seq(1).ack(1).data(1));
        sent(ACK.seq(1).ack(2).win(4_095)); // up to 131,042: the field is rounded down
        receive(ACK.seq(131_043).ack(1).data(30)); // within the window of the ACK before
        sent(ACK.seq(1).ack(2));
        assertDrops(DropReason.NOT_ACCEPTABLE, 0);
        receive(ACK.seq(131_073).ack(1).data(1));
        sent(ACK.seq(1).ack(2));
        assertDrops(DropReason.NOT_ACCEPTABLE, 1);
    }
}
