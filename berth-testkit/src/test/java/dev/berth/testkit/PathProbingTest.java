package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.StackConfig;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpFeatures;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.stack.tcp.TcpState;
import dev.berth.wire.IpAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The path MTU without ICMP, RFC 4821, and ICMP that is not to be believed, RFC 5927 section 7.2.
class PathProbingTest extends Script {
    @Test
    @Requirement("5927-01")
    void a_claim_is_not_believed_while_the_connection_makes_progress() {
        connected();
        send(1_460);
        sent(ACK.seq(1).data(1_460));
        receive(ACK.seq(1).ack(1_461));
        send(2_920);
        sent(ACK.seq(1_461).data(1_460));
        sent(ACK.seq(2_921).data(1_460));
        receiveIcmp(3, 4, 600, 1_461);
        sentNothing();
        receive(ACK.seq(1).ack(4_381));
        assertState(TcpState.ESTABLISHED).mss(1_460);
        // nor later, as what it was about has arrived
        send(1_460);
        sent(ACK.seq(4_381).data(1_460));
        ignoringRest();
        advance(300);
        assertState(TcpState.ESTABLISHED).mss(1_460);
    }

    @Test
    void a_claim_is_believed_when_its_segment_times_out() {
        connected();
        send(1_460);
        sent(ACK.seq(1).data(1_460));
        receive(ACK.seq(1).ack(1_461));
        send(1_460);
        sent(ACK.seq(1_461).data(1_460));
        receiveIcmp(3, 4, 1_000, 1_461);
        sentNothing();
        ignoringRest();
        advance(250);
        assertState(TcpState.ESTABLISHED).mss(960);
        receive(ACK.seq(1).ack(2_921));
    }

    @Test
    void segments_that_disappear_become_smaller() {
        connected();
        send(5_000);
        ignoringRest();
        advance(450);
        assertState(TcpState.ESTABLISHED).mss(1_460);
        advance(600);
        assertState(TcpState.ESTABLISHED).mss(1_220);
        advance(6_000);
        assertState(TcpState.ESTABLISHED).mss(536);
        ignoreSent();
        advance(60_000);
        assertThat(pollSent().data).isEqualTo(536);
    }

    @Test
    void small_segments_that_disappear_prove_nothing() {
        connected();
        send(500);
        ignoringRest();
        advance(60_000);
        assertState(TcpState.ESTABLISHED).mss(1_460);
    }

    @Test
    void it_can_be_switched_off() {
        config = config.withFeatures(config.features().withPathProbing(false));
        connected(SYN.mss(1_460));
        send(5_000);
        ignoringRest();
        advance(60_000);
        assertState(TcpState.ESTABLISHED).mss(1_460);
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.2, 9000, 1400",
        "10.0.0.2, 9000, 4000",
        "10.0.0.2, 1500, 1420",
        "10.0.0.2, 1500, 700",
        "fd00::2, 9000, 1400",
        "fd00::2, 1500, 1281"
    })
    void through_a_path_that_swallows_large_packets_the_size_is_found(String address, int mtu, int path) {
        StackConfig config = StackConfig.DEFAULT.withTcp(
                TcpConfig.DEFAULT.withFeatures(TcpFeatures.DEFAULT.withTuning(false, false)));
        Pair pair = new Pair(config, mtu, 1);
        pair.wire.fault((packet, direction, random) -> packet.length() > path ? -1 : 0);
        TcpListener listener = pair.listen(80);
        Tcb near = pair.connect(IpAddress.parse(address), 80);
        Tcb far = pair.accept(listener, 10);
        for (int round = 0; round < 20; round++) {
            pair.transfer(pair.client, near, pair.server, far, 500_000, 400);
            pair.wire.run(2 * Pair.SECOND);
        }
        int headers = address.indexOf(':') >= 0 ? 60 : 40;
        int found = pair.client.tcp().info(near, pair.wire.now()).sendMss() + 12;
        assertThat(found).isBetween(Math.max(path - headers - 16, 536), path - headers);
        pair.client.tcp().abort(near, pair.wire.now());
        pair.wire.run(Pair.SECOND);
        pair.server.tcp().close(far, pair.wire.now());
        pair.unlisten(listener);
        pair.wire.run(Pair.SECOND);
        pair.assertNothingLeft();
    }
}
