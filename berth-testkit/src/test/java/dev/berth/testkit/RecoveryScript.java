package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

/// Scripts of loss recovery: segments of 1,000 octets, an initial window of ten, a path of 40 ms.
abstract class RecoveryScript extends Script {
    /// Milliseconds.
    static final int RTT = 40;

    static final Seg SACK = SYN.mss(1_000).sackPermitted();

    /// An MSS that leaves 1,000 octets beside the timestamps.
    static final Seg SACK_AND_TIMESTAMPS = SYN.mss(1_012).sackPermitted().ts(1_000, 0);

    /// ESTABLISHED, the round-trip time measured.
    void connectedOverThePath(Seg syn) {
        config = config.withBuffers(1 << 20, 1 << 16);
        open();
        sent(SYN.seq(ISS));
        advance(RTT);
        receive(syn.seq(IRS).ack(ISS + 1));
        sent(ACK.seq(1).ack(1));
        sentNothing();
    }

    /// SEND of so many octets, of which the first segments leave at once; a round trip later.
    void sendAndWait(int octets, int segments) {
        int first = tcpInfo().sndNxt() - tcpInfo().iss();
        send(octets);
        for (int i = 0; i < segments; i++) {
            sentData(first + 1_000 * i);
        }
        sentNothing();
        advance(RTT);
    }

    void sentData(int... numbers) {
        for (int number : numbers) {
            sent(ACK.seq(number).data(1_000));
        }
    }

    void assertRecovering(boolean expected) {
        assertThat(tcpInfo().recovering()).as("recovering").isEqualTo(expected);
    }
}
