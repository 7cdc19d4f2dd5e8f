package dev.berth.stack.tcp;

import dev.berth.ports.Entropy;
import dev.berth.ports.Flow;
import dev.berth.ports.FlowHash;

/// Initial sequence numbers of RFC 6528 section 3: "ISN = M + F(localip, localport, remoteip, remoteport,
/// secretkey)", and the timestamp offsets of RFC 7323 section 7.1 by the same means with another key.
final class IsnGenerator {
    private static final int CLOCK_SHIFT = 12; // about 4 microseconds a tick

    private final FlowHash sequence;
    private final FlowHash timestamp;

    IsnGenerator(Entropy entropy) {
        sequence = new FlowHash(entropy.nextLong(), entropy.nextLong());
        timestamp = new FlowHash(entropy.nextLong(), entropy.nextLong());
    }

    int isn(Flow flow, long now) {
        return (int) (now >>> CLOCK_SHIFT) + hash(sequence, flow);
    }

    int timestampOffset(Flow flow) {
        return hash(timestamp, flow);
    }

    private static int hash(FlowHash function, Flow flow) {
        // An attacker sees the result, which must not tell it the results of other flows (RFC 9293 MUST-9: "F() MUST
        // NOT be computable from the outside"): the stronger one of the two functions.
        return (int) function.hash64(
                flow.localHi(), flow.localLo(), flow.localPort(), flow.remoteHi(), flow.remoteLo(), flow.remotePort());
    }
}
