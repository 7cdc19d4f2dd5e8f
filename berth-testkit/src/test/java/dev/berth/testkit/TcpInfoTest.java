package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpInfo;
import dev.berth.stack.tcp.TcpListener;
import org.junit.jupiter.api.Test;

/// What a snapshot of a connection tells, beside what the tests of its parts look at.
class TcpInfoTest extends Script {
    @Test
    void segments_are_counted_both_ways() {
        connected(SYN.mss(1_000));
        assertThat(tcpInfo().counters().segmentsSent()).as("SYN and ACK").isEqualTo(2);
        assertThat(tcpInfo().counters().segmentsReceived()).as("SYN,ACK").isEqualTo(1);
        send(2_500);
        ignoreSent();
        receive(ACK.seq(1).ack(2_001));
        ignoreSent();
        receive(ACK.seq(1).ack(2_501).data(100));
        ignoringRest();
        advance(100);
        ignoreSent();
        TcpInfo info = tcpInfo();
        assertThat(info.counters().dataSegmentsSent()).isEqualTo(3);
        assertThat(info.counters().segmentsSent()).as("SYN, two ACKs, data").isEqualTo(6);
        assertThat(info.counters().segmentsReceived()).isEqualTo(3);
        assertThat(info.counters().dataSegmentsReceived()).isEqualTo(1);
        assertThat(info.octetsAcked()).isEqualTo(2_500);
        assertThat(info.delivered()).isEqualTo(2_500);
        assertThat(info.unacknowledged()).isZero();
        assertThat(info.sndNxt() - info.iss()).isEqualTo(2_501);
        assertThat(info.rcvNxt() - info.irs()).isEqualTo(101);
        read(100);
    }

    @Test
    void a_passive_end_counts_the_handshake_too() {
        listen();
        receive(SYN.seq(IRS).mss(1_000));
        sent(SYN.seq(ISS).ack(1));
        receive(ACK.seq(1).ack(1));
        accept();
        assertThat(tcpInfo().counters().segmentsReceived()).isEqualTo(2);
        assertThat(tcpInfo().counters().segmentsSent()).isEqualTo(1);
    }

    @Test
    void the_sizes_of_the_path_are_told() {
        connected(SYN.mss(1_000));
        assertThat(tcpInfo().pathMtu()).isEqualTo(1_500);
        assertThat(tcpInfo().advertisedMss()).isEqualTo(1_460);
        assertThat(tcpInfo().peerMss()).isEqualTo(1_000);
    }

    @Test
    void losses_reordering_and_timeouts_are_counted() {
        connected(SYN.mss(1_000).sackPermitted());
        send(6_000);
        ignoreSent();
        receive(ACK.seq(1).ack(1).sack(1_001, 6_001));
        TcpInfo info = tcpInfo();
        assertThat(info.recovering()).isTrue();
        assertThat(info.sacked()).isEqualTo(5_000);
        assertThat(info.delivered()).isEqualTo(5_000);
        assertThat(info.lost() + info.repairing()).isEqualTo(1_000);
        ignoringRest();
        advance(3_000);
        ignoreSent();
        info = tcpInfo();
        assertThat(info.afterTimeout()).isTrue();
        assertThat(info.counters().timeouts()).isPositive();
        assertThat(info.counters().timeoutRepairs()).isEqualTo(1);
        receive(ACK.seq(1).ack(6_001).data(10));
        receive(ACK.seq(111).ack(6_001).data(10));
        assertThat(tcpInfo().counters().outOfOrderSegments()).isEqualTo(1);
        assertThat(tcpInfo().recovering()).isFalse();
        read(10);
    }

    @Test
    void time_is_told_apart_by_what_it_was_spent_on() {
        connected(SYN.mss(1_000));
        assertThat(tcpInfo().counters().busyNanos()).isZero();
        send(1_000);
        ignoreSent();
        advance(50);
        receive(ACK.seq(1).ack(1_001).win(0));
        assertThat(tcpInfo().counters().busyNanos()).isBetween(49_000_000L, 51_000_000L);
        send(1_000);
        ignoringRest();
        advance(100);
        ignoreSent();
        assertThat(tcpInfo().counters().windowLimitedNanos()).isBetween(99_000_000L, 101_000_000L);
        receive(ACK.seq(1).ack(1_001).win(5_000));
        ignoreSent();
        advance(10);
        assertThat(tcpInfo().counters().windowLimitedNanos()).isBetween(99_000_000L, 101_000_000L);
        receive(ACK.seq(1).ack(2_001).win(5_000));
        advance(1_000);
        assertThat(tcpInfo().counters().busyNanos()).isBetween(150_000_000L, 170_000_000L);
        assertThat(tcpInfo().counters().bufferLimitedNanos()).isZero();
    }

    @Test
    void a_buffer_smaller_than_the_path_is_told() {
        TcpConfig small = TcpConfig.DEFAULT
                .withBuffers(20_000, 1 << 20)
                .withFeatures(TcpConfig.DEFAULT.features().withTuning(false, true));
        Pair pair = Paths.pair(new Paths.Path(100, 40_000, 100, 0), small, 1);
        TcpListener listener = pair.listen(80);
        TcpConfig sender = small.withBuffers(20_000, 1 << 20);
        Tcb client = pair.connect(Pair.SERVER, 80);
        Tcb server = pair.accept(listener, 100);
        pair.client.tcp().configure(client, sender, pair.wire.now());
        Paths.Stream stream = new Paths.Stream(pair, client, server, 2_000_000);
        pair.wire.runUntil(stream::isDone, 3 * Pair.SECOND);
        TcpInfo info = pair.client.tcp().info(client, pair.wire.now());
        assertThat(info.counters().bufferLimitedNanos()).isGreaterThan(Pair.SECOND);
        assertThat(info.counters().windowLimitedNanos()).isLessThan(Pair.SECOND / 2);
        assertThat(info.counters().busyNanos()).isGreaterThan(info.counters().bufferLimitedNanos());
    }

    @Test
    void counts_go_on_beyond_sixteen_bits() {
        Pair pair = Paths.pair(new Paths.Path(1_000, 1_000, 400, 0), TcpConfig.DEFAULT, 1);
        TcpListener listener = pair.listen(80);
        Tcb client = pair.connect(Pair.SERVER, 80);
        Tcb server = pair.accept(listener, 100);
        Paths.Stream stream = new Paths.Stream(pair, client, server, 100_000_000);
        pair.wire.runUntil(stream::isDone, 10 * Pair.SECOND);
        TcpInfo sender = pair.client.tcp().info(client, pair.wire.now());
        TcpInfo receiver = pair.server.tcp().info(server, pair.wire.now());
        assertThat(stream.received()).isEqualTo(100_000_000);
        assertThat(sender.counters().dataSegmentsSent()).isBetween(69_000L, 80_000L);
        long data = sender.counters().dataSegmentsSent();
        assertThat(sender.counters().segmentsSent()).isBetween(data, data + 10);
        assertThat(receiver.counters().dataSegmentsReceived())
                .isBetween(69_000L, sender.counters().dataSegmentsSent());
        assertThat(receiver.counters().segmentsReceived()).isGreaterThan(65_536);
    }
}
