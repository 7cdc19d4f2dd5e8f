package dev.berth.stack.tcp;

import dev.berth.ports.Entropy;
import dev.berth.ports.Flow;
import dev.berth.ports.FlowHash;

/// Initial sequence numbers of RFC 6528 section 3: "ISN = M + F(localip, localport, remoteip, remoteport,
/// secretkey)", and the timestamp offsets of RFC 7323 section 7.1, which are the other half of the same hash: each
/// says nothing about the other without the key.
final class IsnGenerator {
    private static final int CLOCK_SHIFT = 12; // about 4 microseconds a tick

    private final FlowHash function;

    IsnGenerator(Entropy entropy) {
        function = new FlowHash(entropy.nextLong(), entropy.nextLong());
    }

    /// F() of a flow, for the other two methods.
    ///
    /// An attacker sees the result, which must not tell it the results of other flows (RFC 9293 MUST-9: "F() MUST NOT
    /// be computable from the outside"): the stronger one of the two functions.
    long secret(Flow flow) {
        return function.hash64(
                flow.localHi(), flow.localLo(), flow.localPort(), flow.remoteHi(), flow.remoteLo(), flow.remotePort());
    }

    /// Gives an active OPEN its initial sequence number and timestamp offset.
    void begin(Tcb tcb, long now) {
        long secret = secret(tcb);
        tcb.iss = isn(secret, now);
        tcb.tsOffset = timestampOffset(secret);
    }

    static int isn(long secret, long now) {
        return (int) (now >>> CLOCK_SHIFT) + (int) secret;
    }

    static int timestampOffset(long secret) {
        return (int) (secret >>> 32);
    }
}
