package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.tcp.TcpError;
import dev.berth.stack.tcp.TcpState;
import org.junit.jupiter.api.Test;

/// The user timeout and its option, RFC 5482.
class TcpUserTimeoutTest extends Script {
    private static final int MINUTES = 0x8000;

    private void enabled() {
        config = config.withFeatures(config.features().withUserTimeoutOption(true));
    }

    @Test
    void by_default_the_option_is_neither_sent_nor_heeded() {
        open();
        sent(SYN.seq(ISS).userTimeout(-1));
        receive(SYN.seq(IRS).ack(1).mss(1_000).userTimeout(MINUTES | 100));
        sent(ACK.seq(1).ack(1).userTimeout(-1));
        send(10);
        sent(ACK.seq(1).data(10));
        ignoringRest();
        advance(1_500_000);
        assertError(TcpError.TIMED_OUT);
    }

    @Test
    @Requirement("5482-01")
    void it_is_told_on_the_syn_the_first_ack_and_after_a_change() {
        enabled();
        open();
        sent(SYN.seq(ISS).userTimeout(300));
        receive(SYN.seq(IRS).ack(1).mss(1_000));
        sent(ACK.seq(1).ack(1).userTimeout(300));
        receive(ACK.seq(1).ack(1).data(10));
        sent(ACK.seq(1).ack(11).userTimeout(-1));
        configure(config.withUserTimeout(1_500));
        sent(ACK.seq(1).ack(11).userTimeout(2));
        configure(config.withUserTimeout(Integer.MAX_VALUE));
        sent(ACK.seq(1).ack(11).userTimeout(MINUTES | 0x7fff));
        read(10);
    }

    @Test
    @Requirement("5482-01")
    void the_longer_of_both_ends_counts() {
        enabled();
        connected(SYN.mss(1_000).userTimeout(MINUTES | 60));
        send(10);
        sent(ACK.seq(1).data(10));
        ignoringRest();
        advance(3_599_000);
        assertState(TcpState.ESTABLISHED);
        advance(2_000);
        assertError(TcpError.TIMED_OUT);
    }

    @Test
    void short_ones_are_raised_and_long_ones_bounded() {
        enabled();
        connected(SYN.mss(1_000).userTimeout(1));
        send(10);
        sent(ACK.seq(1).data(10));
        ignoringRest();
        advance(299_000);
        assertState(TcpState.ESTABLISHED);
        receive(ACK.seq(1).ack(11).userTimeout(MINUTES | 30_000));
        send(10);
        advance(7_199_000);
        assertState(TcpState.ESTABLISHED);
        advance(2_000);
        assertError(TcpError.TIMED_OUT);
    }

    @Test
    @Requirement("5482-01")
    void that_of_a_client_counts_too() {
        enabled();
        listen();
        receive(SYN.seq(IRS).mss(1_000).userTimeout(MINUTES | 60));
        sent(SYN.seq(ISS).ack(1).userTimeout(300));
        receive(ACK.seq(1).ack(1));
        accept();
        send(10);
        sent(ACK.seq(1).data(10));
        ignoringRest();
        advance(3_599_000);
        assertState(TcpState.ESTABLISHED);
        advance(2_000);
        assertError(TcpError.TIMED_OUT);
    }

    @Test
    void zero_is_ignored() {
        enabled();
        connected(SYN.mss(1_000).userTimeout(MINUTES | 60));
        receive(ACK.seq(1).ack(1).userTimeout(0));
        receive(ACK.seq(1).ack(1).userTimeout(MINUTES));
        send(10);
        ignoringRest();
        advance(3_590_000);
        assertState(TcpState.ESTABLISHED);
    }

    @Test
    void the_users_own_timeout_counts_alone_and_to_the_millisecond() {
        enabled();
        config = config.withUserTimeout(5_000);
        connected(SYN.mss(1_000).userTimeout(MINUTES | 60));
        advance(10_000);
        send(10);
        ignoringRest();
        advance(4_990);
        assertState(TcpState.ESTABLISHED);
        advance(15);
        assertError(TcpError.TIMED_OUT);
        assertThat(tcb.state()).isEqualTo(TcpState.CLOSED);
    }
}
