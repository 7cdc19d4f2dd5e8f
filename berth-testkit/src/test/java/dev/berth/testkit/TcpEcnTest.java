package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpFeatures;
import dev.berth.stack.tcp.TcpState;
import org.junit.jupiter.api.Test;

/// Explicit congestion notification, RFC 3168.
class TcpEcnTest extends Script {
    private static final int NOT_ECT = 0;
    private static final int ECT_0 = 2;
    private static final int CE = 3;

    private void use(TcpFeatures.Ecn ecn) {
        config = config.withFeatures(config.features().withEcn(ecn));
    }

    private void opened() {
        use(TcpFeatures.Ecn.ON);
        open();
        sent(SYN.ece().cwr().seq(ISS).ecn(NOT_ECT));
        receive(SYN.ece().seq(IRS).ack(1).mss(1_000));
        sent(ACK.seq(1).ack(1).ecn(NOT_ECT));
    }

    // Section 6.1.1

    @Test
    void without_it_no_bit_is_set_and_ce_means_nothing() {
        use(TcpFeatures.Ecn.OFF);
        listen();
        receive(SYN.ece().cwr().seq(IRS).mss(1_000));
        sent(SYN.seq(ISS).ack(1).ecn(NOT_ECT));
        receive(ACK.seq(1).ack(1));
        accept();
        receive(ACK.seq(1).ack(1).data(10).ecn(CE));
        sent(ACK.seq(1).ack(11).ecn(NOT_ECT));
        send(10);
        sent(ACK.seq(1).data(10).ecn(NOT_ECT));
        receive(ACK.seq(11).ack(1).data(10).ece());
        assertState(TcpState.ESTABLISHED).cwnd(10_000);
        ignoringRest();
    }

    @Test
    @Requirement("SHLD-8")
    void by_default_a_listener_agrees_and_an_active_open_does_not_ask() {
        connected();
        closeListener();
        abort();
        ignoreSent();
        forgetIss();
        listen();
        receive(SYN.ece().cwr().seq(IRS).mss(1_000));
        sent(SYN.ece().seq(ISS).ack(1).ecn(NOT_ECT));
        receive(ACK.seq(1).ack(1));
        accept();
        send(10);
        sent(ACK.seq(1).data(10).ecn(ECT_0));
    }

    @Test
    void data_carry_ect_and_acks_do_not() {
        opened();
        send(2_000);
        sent(ACK.seq(1).data(1_000).ecn(ECT_0));
        sent(ACK.seq(1_001).data(1_000).ecn(ECT_0));
        receive(ACK.seq(1).ack(2_001).data(10));
        sent(ACK.seq(2_001).ack(11).ecn(NOT_ECT));
    }

    @Test
    void a_reflection_of_both_bits_is_no_agreement() {
        use(TcpFeatures.Ecn.ON);
        open();
        sent(SYN.ece().cwr().seq(ISS));
        receive(SYN.ece().cwr().seq(IRS).ack(1).mss(1_000));
        sent(ACK.seq(1).ack(1));
        send(10);
        sent(ACK.seq(1).data(10).ecn(NOT_ECT));
    }

    @Test
    void a_syn_that_got_lost_is_sent_again_without_asking() {
        use(TcpFeatures.Ecn.ON);
        open();
        sent(SYN.ece().cwr().seq(ISS));
        sentAfter(1_000, SYN.seq(ISS));
        receive(SYN.ece().seq(IRS).ack(1).mss(1_000));
        sent(ACK.seq(1).ack(1));
        send(10);
        sent(ACK.seq(1).data(10).ecn(NOT_ECT));
    }

    @Test
    void a_second_syn_that_does_not_ask_ends_the_agreement() {
        listen();
        receive(SYN.ece().cwr().seq(IRS).mss(1_000));
        sent(SYN.ece().seq(ISS).ack(1));
        receive(SYN.seq(IRS).mss(1_000));
        sent(SYN.seq(ISS).ack(1));
        receive(ACK.seq(1).ack(1));
        accept();
        send(10);
        sent(ACK.seq(1).data(10).ecn(NOT_ECT));
    }

    @Test
    void simultaneous_opens_agree() {
        use(TcpFeatures.Ecn.ON);
        open();
        sent(SYN.ece().cwr().seq(ISS));
        receive(SYN.ece().cwr().seq(IRS).mss(1_000));
        sent(SYN.ece().seq(ISS).ack(1));
        receive(ACK.seq(1).ack(1));
        send(10);
        sent(ACK.seq(1).data(10).ecn(ECT_0));
    }

    // Section 6.1.2

    @Test
    @Requirement("SHLD-8")
    void an_echo_reduces_the_window_once_per_round_trip_and_is_answered_by_cwr() {
        opened();
        send(20_000);
        for (int i = 0; i < 10; i++) {
            sent(ACK.seq(1 + i * 1_000).data(1_000).ecn(ECT_0));
        }
        receive(ACK.seq(1).ack(1_001).ece());
        assertState(TcpState.ESTABLISHED).cwnd(4_500).ssthresh(4_500);
        sentNothing();
        for (int acked = 2; acked <= 5; acked++) {
            receive(ACK.seq(1).ack(1 + acked * 1_000).ece());
        }
        assertState(TcpState.ESTABLISHED).ssthresh(4_500).cwnd(4_500);
        sentNothing();
        receive(ACK.seq(1).ack(7_001).ece());
        sent(ACK.cwr().seq(10_001).data(1_000).ecn(ECT_0));
        receive(ACK.seq(1).ack(8_001));
        sent(ACK.seq(11_001).data(1_000).ecn(ECT_0));
        // a mark in the next window counts again
        receive(ACK.seq(1).ack(10_001));
        ignoreSent();
        receive(ACK.seq(1).ack(11_001).ece());
        assertThat(tcpInfo().ssthresh()).isLessThan(4_500);
        ignoringRest();
    }

    @Test
    void a_loss_is_told_by_cwr_on_the_first_new_data_and_not_on_the_retransmission() {
        opened();
        send(20_000);
        for (int i = 0; i < 10; i++) {
            sent(ACK.seq(1 + i * 1_000).data(1_000).ecn(ECT_0));
        }
        receive(ACK.seq(1).ack(1));
        sent(ACK.seq(10_001).data(1_000).ecn(ECT_0));
        receive(ACK.seq(1).ack(1));
        sent(ACK.seq(11_001).data(1_000).ecn(ECT_0));
        receive(ACK.seq(1).ack(1));
        sent(ACK.seq(1).data(1_000).ecn(NOT_ECT));
        receive(ACK.seq(1).ack(12_001));
        sent(ACK.cwr().seq(12_001).data(1_000).ecn(ECT_0));
        sent(ACK.seq(13_001).data(1_000).ecn(ECT_0));
        ignoringRest();
    }

    @Test
    void cubic_takes_an_echo_for_a_loss() {
        config = config.withCongestion(TcpConfig.Congestion.CUBIC);
        opened();
        send(20_000);
        ignoreSent();
        receive(ACK.seq(1).ack(1_001).ece());
        // RFC 9438 section 4.6: the factor is 0.7, of the nine segments in flight
        assertState(TcpState.ESTABLISHED).cwnd(6_300).ssthresh(6_300);
        ignoringRest();
    }

    @Test
    void bbr_conserves_what_is_in_flight_for_a_round_after_an_echo() {
        config = config.withCongestion(TcpConfig.Congestion.BBR);
        opened();
        send(40_000);
        advance(10);
        ignoreSent();
        int flight = tcpInfo().sndNxt() - tcpInfo().iss() - 1_001;
        receive(ACK.seq(1).ack(1_001).ece());
        assertThat(tcpInfo().cwnd()).isLessThanOrEqualTo(flight);
        receive(ACK.seq(1).ack(2_001).ece());
        assertThat(tcpInfo().cwnd()).as("still in the round").isLessThanOrEqualTo(flight);
        for (int i = 0; i < 3; i++) {
            advance(20);
            ignoreSent();
            receive(ACK.seq(1).ack(tcpInfo().sndNxt() - tcpInfo().iss()));
        }
        assertThat(tcpInfo().cwnd()).as("rounds later").isGreaterThan(flight);
        ignoringRest();
    }

    // Section 6.1.3

    @Test
    @Requirement("SHLD-8")
    void ce_is_echoed_until_cwr_comes() {
        opened();
        receive(ACK.seq(1).ack(1).data(10).ecn(CE));
        sent(ACK.ece().seq(1).ack(11).ecn(NOT_ECT));
        receive(ACK.seq(11).ack(1).data(10).ecn(ECT_0));
        sent(ACK.ece().seq(1).ack(21));
        send(10);
        sent(ACK.ece().seq(1).data(10));
        receive(ACK.cwr().seq(21).ack(11).data(10).ecn(ECT_0));
        sent(ACK.seq(11).ack(31));
        receive(ACK.cwr().seq(31).ack(11).data(10).ecn(CE));
        sent(ACK.ece().seq(11).ack(41));
    }

    @Test
    void ce_outside_the_window_and_on_pure_acks_is_ignored() {
        opened();
        receive(ACK.seq(-100).ack(1).data(10).ecn(CE));
        sent(ACK.seq(1).ack(1));
        receive(ACK.seq(1).ack(1).ecn(CE));
        sentNothing();
    }

    // Section 6.1.6

    @Test
    void probes_do_not_carry_ect() {
        opened();
        receive(ACK.seq(1).ack(1).win(0));
        send(10);
        sentAfter(200, ACK.seq(1).data(1).ecn(NOT_ECT));
    }

    @Test
    void it_works_over_ipv6_and_with_cookies() {
        ipv6 = true;
        listen(1);
        for (int port = 10_000; port < 10_064; port++) {
            peerPort = port;
            receive(SYN.seq(IRS).mss(1_460));
            pollSent();
        }
        peerPort = 5_000;
        forgetIss();
        receive(SYN.ece().cwr().seq(IRS).mss(1_460).ts(1, 0));
        sent(SYN.ece().seq(ISS).ack(1).ecn(NOT_ECT));
        receive(ACK.seq(1).ack(1).ts(2, 0));
        accept();
        send(10);
        sent(ACK.seq(1).data(10).ecn(ECT_0));
        receive(ACK.seq(1).ack(11).data(10).ecn(CE).ts(3, 0));
        sent(ACK.ece().seq(11).ack(11));
        ignoringRest();
    }
}
