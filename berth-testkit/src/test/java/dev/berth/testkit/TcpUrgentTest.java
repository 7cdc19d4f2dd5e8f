package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.FIN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.endpoint.Readiness;
import org.junit.jupiter.api.Test;

/// The urgent mechanism: RFC 9293 section 3.8.5, RFC 6093.
class TcpUrgentTest extends Script {
    private void inline() {
        config = config.withFeatures(config.features().withUrgentInline(true));
    }

    // Sending

    @Test
    @Requirement("MUST-30")
    @Requirement("MUST-62")
    void the_pointer_is_behind_the_urgent_octet() {
        connected();
        send(10);
        sent(ACK.seq(1).data(10));
        sendUrgent(1);
        sent(ACK.urgent(1).seq(11).data(1));
        send(5);
        receive(ACK.seq(1).ack(12));
        sent(ACK.seq(12).data(5));
    }

    @Test
    @Requirement("MUST-31")
    void urgent_data_may_be_longer_than_a_segment() {
        connected();
        sendUrgent(3_000);
        sent(ACK.urgent(3_000).seq(1).data(1_460));
        sent(ACK.urgent(1_540).seq(1_461).data(1_460));
        sent(ACK.urgent(80).seq(2_921).data(80));
        send(10);
        receive(ACK.seq(1).ack(3_001));
        sent(ACK.seq(3_001).data(10));
    }

    @Test
    void a_pointer_that_is_too_far_for_the_field_is_as_far_as_it_can_be() {
        connected();
        sendUrgent(70_000);
        sent(ACK.urgent(65_535).seq(1).data(1_460));
        for (int i = 1; i < 10; i++) {
            sent(ACK.urgent(Math.min(65_535, 70_000 - i * 1_460))
                    .seq(1 + i * 1_460)
                    .data(1_460));
        }
        ignoringRest();
    }

    @Test
    void a_closed_window_does_not_keep_the_pointer_back() {
        connected();
        receive(ACK.seq(1).ack(1).win(0));
        sendUrgent(1);
        sent(ACK.urgent(1).seq(1).ack(1));
        receive(ACK.seq(1).ack(1).win(1_000));
        sent(ACK.urgent(1).seq(1).data(1));
    }

    @Test
    void a_retransmission_carries_the_pointer_again() {
        connected();
        sendUrgent(1);
        sent(ACK.urgent(1).seq(1).data(1));
        sentAfter(200, ACK.urgent(1).seq(1).data(1));
        ignoringRest();
    }

    // Receiving

    @Test
    @Requirement("MUST-32")
    @Requirement("MUST-33")
    void the_user_is_told_of_urgent_data_and_how_much_remains() {
        inline();
        connected();
        receive(ACK.urgent(30).seq(1).ack(1).data(10));
        sent(ACK.seq(1).ack(11));
        assertThat(tcb.urgent()).isEqualTo(30);
        assertThat(tcb.readiness() & Readiness.URGENT).isEqualTo(Readiness.URGENT);
        // an older pointer does not move it back, a newer one moves it on
        receive(ACK.urgent(5).seq(11).ack(1).data(10));
        assertThat(tcb.urgent()).isEqualTo(30);
        receive(ACK.urgent(20).seq(21).ack(1).data(20));
        assertThat(tcb.urgent()).isEqualTo(40);
        assertThat(tryRead(100)).isEqualTo(39); // up to the urgent octet
        assertThat(tcb.urgent()).isEqualTo(1);
        assertThat(tryRead(100)).isEqualTo(1);
        assertThat(tcb.urgent()).isZero();
        assertThat(tcb.readiness() & Readiness.URGENT).isZero();
        ignoringRest();
    }

    @Test
    void otherwise_the_urgent_octet_is_thrown_away() {
        connected();
        receive(ACK.urgent(5).seq(1).ack(1).data(10));
        sent(ACK.seq(1).ack(11));
        assertThat(tcb.readable()).isEqualTo(4);
        assertThat(tryRead(100)).isEqualTo(4);
        skipUrgent();
        assertThat(tryRead(100)).isEqualTo(5);
        assertThat(tcb.urgent()).isZero();
    }

    @Test
    void an_urgent_octet_alone_makes_nothing_readable() {
        connected();
        receive(ACK.urgent(1).seq(1).ack(1).data(1));
        sent(ACK.seq(1).ack(2));
        assertThat(tcb.readiness() & Readiness.READABLE).isZero();
        readNothing();
        skipUrgent();
        receive(FIN.seq(2).ack(1).data(3));
        sent(ACK.seq(1).ack(6));
        read(3);
        readEnd();
    }

    @Test
    void an_urgent_octet_is_taken_out_beyond_a_hole_and_at_the_end() {
        connected();
        receive(FIN.urgent(10).seq(11).ack(1).data(10));
        sent(ACK.seq(1).ack(1));
        assertThat(tcb.urgent()).isEqualTo(20);
        receive(ACK.seq(1).ack(1).data(10));
        sent(ACK.seq(1).ack(22));
        assertThat(tryRead(100)).isEqualTo(19);
        skipUrgent();
        readEnd();
    }

    @Test
    void a_retransmitted_urgent_octet_is_not_urgent_again() {
        connected();
        receive(ACK.urgent(1).seq(1).ack(1).data(1));
        sent(ACK.seq(1).ack(2));
        receive(ACK.urgent(1).seq(1).ack(1).data(1));
        sent(ACK.seq(1).ack(2));
        skipUrgent();
        receive(ACK.seq(2).ack(1).data(4));
        sent(ACK.seq(1).ack(6));
        read(4);
        assertThat(tcb.urgent()).isZero();
    }

    @Test
    @Requirement("MUST-66")
    void a_closed_window_still_takes_the_pointer() {
        config = config.withBuffers(1_000, 1_000);
        inline();
        connected();
        receive(ACK.seq(1).ack(1).data(1_000));
        sent(ACK.seq(1).ack(1_001).win(0));
        receive(ACK.urgent(1).seq(1_001).ack(1).data(1));
        sent(ACK.seq(1).ack(1_001).win(0));
        assertThat(tcb.urgent()).isEqualTo(1_001);
    }

    @Test
    void a_pointer_of_nothing_and_one_without_urg_mean_nothing() {
        connected();
        receive(ACK.urgent(0).seq(1).ack(1).data(5));
        sent(ACK.seq(1).ack(6));
        assertThat(tcb.urgent()).isZero();
        read(5);
    }
}
