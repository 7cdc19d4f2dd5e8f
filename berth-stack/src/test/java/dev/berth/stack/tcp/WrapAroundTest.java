package dev.berth.stack.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/// What is remembered from half the sequence space ago, and what shares a word or a list with others.
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class WrapAroundTest {
    private static final Set<String> PENDING = Set.of(
            "ACK_NOW",
            "ACK_DELAYED",
            "SEND",
            "SYN",
            "RETRANSMIT",
            "PROBE",
            "FIN_QUEUED",
            "FIN_SENT",
            "KEEP_ALIVE",
            "LOSS_PROBE");

    private static Tcb established() {
        Tcb tcb = new Tcb(0, 1, 1, 0, 2, 2, TcpConfig.DEFAULT, CongestionControl.of(TcpConfig.Congestion.NEW_RENO));
        tcb.state = TcpState.ESTABLISHED;
        tcb.effectiveMss = 1_000;
        tcb.cwnd = 20_000;
        return tcb;
    }

    @Test
    void every_flag_is_a_bit_of_its_own() throws IllegalAccessException {
        Map<Integer, String> seen = new HashMap<>();
        for (Field field : Tcb.class.getDeclaredFields()) {
            if (field.getType() != int.class
                    || !java.lang.reflect.Modifier.isStatic(field.getModifiers())
                    || PENDING.contains(field.getName())) {
                continue;
            }
            int flag = field.getInt(null);
            assertThat(Integer.bitCount(flag)).as(field.getName()).isEqualTo(1);
            assertThat(seen.put(flag, field.getName())).as(field.getName()).isNull();
        }
        assertThat(seen.size()).isGreaterThan(20);
    }

    @Test
    void congestion_is_answered_again_when_the_sequence_space_has_come_half_round() {
        Tcb tcb = established();
        tcb.flags |= Tcb.ECN;
        tcb.sndUna = 1_000;
        tcb.sndNxt = 21_000;
        Ecn.echoed(tcb, tcb.cwnd, 1);
        assertThat(tcb.cwnd).isEqualTo(10_000);
        Ecn.echoed(tcb, tcb.cwnd, 2);
        assertThat(tcb.cwnd).isEqualTo(10_000); // once in a window
        tcb.sndUna = 21_000 + Integer.MIN_VALUE + 5_000; // 2 GiB later
        tcb.sndNxt = tcb.sndUna + 10_000;
        Ecn.echoed(tcb, tcb.cwnd, 3);
        assertThat(tcb.cwnd).isEqualTo(5_000);
    }

    @Test
    void a_round_of_slow_start_ends_when_the_sequence_space_has_come_half_round() {
        HyStart hystart = new HyStart(1_000);
        int una = 1_000 + Integer.MIN_VALUE + 5_000;
        // In conservative slow start five rounds end it: here every ACK is a round.
        for (int i = 0; i < 8; i++) {
            hystart.acknowledged(500, 2_000, 50_000_000L);
        }
        hystart.acknowledged(una, una + 10_000, 50_000_000L);
        for (int i = 0; i < 8; i++) {
            hystart.acknowledged(una, una + 10_000, 90_000_000L);
        }
        assertThat(hystart.isConservative()).isTrue();
    }

    @Test
    void urgent_data_are_told_again_when_the_sequence_space_has_come_half_round() {
        Tcb tcb = established();
        Segment segment = new Segment();
        segment.flags = dev.berth.wire.TcpHeader.URG;
        tcb.rcvNxt = 1_000;
        segment.seq = 1_000;
        segment.urgentPointer = 1;
        assertThat(Urgent.arrived(tcb, segment)).isTrue();
        tcb.rcvNxt = 1_001;
        Urgent.settle(tcb, new Queues(new dev.berth.wire.BufferPool(), new MemoryBudget(1 << 20)));
        assertThat(Urgent.arrived(tcb, segment)).isFalse();
        tcb.rcvNxt = 1_001 + Integer.MIN_VALUE + 10;
        segment.seq = tcb.rcvNxt;
        assertThat(Urgent.arrived(tcb, segment)).isTrue();
    }

    @Test
    void sack_blocks_of_single_octets_make_few_records() {
        Flight flight = new Flight();
        flight.begin(0, null);
        flight.sent(60_000, 1);
        Tcb tcb = established();
        Acked acked = new Acked();
        acked.begin(tcb, new Segment());
        for (int octet = 1; octet < 60_000; octet += 2) {
            flight.sack(octet, octet + 1, acked);
        }
        assertThat(flight.count()).isLessThanOrEqualTo(Flight.LEAST_RECORDS + 2 * 60 + 1);
        // Whole segments are still taken.
        flight.begin(0, null);
        flight.sent(60_000, 1);
        for (int segment = 1; segment < 60; segment += 2) {
            flight.sack(1_000 * segment, 1_000 * (segment + 1), acked);
        }
        assertThat(flight.sackedOctets()).isEqualTo(30_000);
    }

    @Test
    void a_repair_that_cannot_be_undone_is_forgotten_when_it_is_over() {
        Tcb tcb = established();
        tcb.flags |= Tcb.SACK_PERMITTED;
        Episode episode = new Episode();
        episode.begin(tcb);
        episode.undoable = false;
        episode.end = 1_000;
        tcb.episode = episode;
        Acked acked = new Acked();
        acked.begin(tcb, new Segment());
        acked.cumulative = 500;
        tcb.sndUna = 1_500;
        tcb.sndNxt = 1_500;
        LossRecovery.acknowledged(tcb, acked, 500, 1);
        assertThat(tcb.episode).isNull();
    }
}
