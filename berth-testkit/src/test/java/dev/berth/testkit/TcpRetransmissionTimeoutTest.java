package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.check.Seeds;
import dev.berth.stack.tcp.TcpError;
import dev.berth.stack.tcp.TcpState;
import org.junit.jupiter.api.Test;

/// RFC 6298, and the thresholds of RFC 9293 section 3.8.3.
class TcpRetransmissionTimeoutTest extends Script {
    @Test
    @Requirement("6298-01")
    void the_first_timeout_is_one_second() {
        open();
        sent(SYN.seq(ISS));
        advanceNanos(999_000_000L);
        sentNothing();
        advance(3);
        sent(SYN.seq(ISS));
    }

    @Test
    @Requirement("6298-02")
    @Requirement("6298-03")
    @Requirement("MUST-18")
    void the_timeout_follows_the_model_of_the_rfc() {
        Seeds.run(20, random -> {
            open();
            sent(SYN.seq(ISS));
            double r = random.nextInt(5, 900);
            advance((long) r);
            receive(SYN.seq(IRS).ack(1).mss(1_460));
            sent(ACK.seq(1));
            double srtt = r;
            double rttvar = r / 2;
            int next = 1;
            for (int i = 0; i < 20; i++) {
                double rto = Math.min(60_000, Math.max(200, srtt + Math.max(1, 4 * rttvar)));
                assertThat(tcpInfo().rtoNanos() / 1e6).isBetween(rto - 0.1, rto + 0.1);
                assertThat(tcpInfo().srttNanos() / 1e6).isBetween(srtt - 0.1, srtt + 0.1);
                send(10);
                sent(ACK.seq(next).data(10));
                next += 10;
                r = random.nextInt(1, (int) (rto * 0.9));
                advance((long) r);
                receive(ACK.seq(1).ack(next));
                rttvar = rttvar * 3 / 4 + Math.abs(srtt - r) / 4;
                srtt = srtt * 7 / 8 + r / 8;
            }
            abort();
            ignoreSent();
            peerPort++;
        });
    }

    @Test
    @Requirement("6298-05")
    void an_acknowledgment_of_what_was_sent_twice_is_no_measurement() {
        connected();
        long srtt = tcpInfo().srttNanos();
        send(100);
        sent(ACK.seq(1).data(100));
        sentAfter(200, ACK.seq(1).data(100));
        advance(150);
        receive(ACK.seq(1).ack(101));
        assertThat(tcpInfo().srttNanos()).isEqualTo(srtt);
    }

    @Test
    @Requirement("6298-06")
    @Requirement("SM-24")
    void the_earliest_segment_is_sent_again() {
        config = config.withNoDelay(true);
        connected();
        send(100);
        sent(ACK.seq(1).data(100));
        send(100);
        sent(ACK.seq(101).data(100));
        send(100);
        sent(ACK.seq(201).data(100));
        receive(ACK.seq(1).ack(101));
        Seg again = null;
        while (again == null) {
            advance(1);
            again = pollSent();
        }
        assertThat(again.seq).isEqualTo(101);
        receive(ACK.seq(1).ack(301));
        ignoreSent();
    }

    @Test
    @Requirement("6298-07")
    void the_timeout_doubles_up_to_a_minute() {
        connected();
        send(100);
        sent(ACK.seq(1).data(100));
        for (long wait = 200; wait < 60_000; wait *= 2) {
            sentAfter(wait, ACK.seq(1).data(100));
        }
        sentAfter(60_000, ACK.seq(1).data(100));
        sentAfter(60_000, ACK.seq(1).data(100));
    }

    // RFC 9293 section 3.8.3

    @Test
    @Requirement("MUST-20")
    @Requirement("SHLD-9")
    @Requirement("SHLD-10")
    @Requirement("SHLD-11")
    void after_r1_retransmissions_the_user_can_see_the_trouble_and_after_r2_it_is_over() {
        connected();
        send(100);
        sent(ACK.seq(1).data(100));
        sentAfter(200, ACK.seq(1).data(100));
        sentAfter(400, ACK.seq(1).data(100));
        assertThat(tcpInfo().softError()).isNull();
        sentAfter(800, ACK.seq(1).data(100));
        assertThat(tcpInfo().softError()).isEqualTo(TcpError.TIMED_OUT);
        long begin = now();
        while (tcpInfo().state() == TcpState.ESTABLISHED && now() - begin < 3_600_000_000_000L) {
            advance(1_000);
        }
        assertThat((now() - begin) / 1_000_000_000L).isBetween(100L, 1_000L);
        assertThat(unexpected()).as("retransmissions").isEqualTo(12);
        ignoreSent();
        readError(TcpError.TIMED_OUT);
    }

    @Test
    @Requirement("SHLD-9")
    void an_acknowledgment_ends_the_trouble() {
        connected();
        send(100);
        sent(ACK.seq(1).data(100));
        sentAfter(200, ACK.seq(1).data(100));
        sentAfter(400, ACK.seq(1).data(100));
        sentAfter(800, ACK.seq(1).data(100));
        assertThat(tcpInfo().softError()).isEqualTo(TcpError.TIMED_OUT);
        receive(ACK.seq(1).ack(101));
        assertThat(tcpInfo().softError()).isNull();
    }

    @Test
    @Requirement("MUST-21")
    void the_user_may_wait_longer_or_not_so_long() {
        config = config.withUserTimeout(3_600_000);
        connected();
        send(100);
        sent(ACK.seq(1).data(100));
        advance(3_500_000);
        assertState(TcpState.ESTABLISHED);
        configure(config.withUserTimeout(1_000));
        advance(61_000);
        readError(TcpError.TIMED_OUT);
        ignoreSent();
    }
}
