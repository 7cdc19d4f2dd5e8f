package dev.berth.bench.jmh;

import dev.berth.ports.Flow;
import dev.berth.wire.IpAddress;

/// A flow from 10.0.0.1 to 10.0.0.2.
final class TestFlow extends Flow {
    static final IpAddress LOCAL = IpAddress.parse("10.0.0.1");
    static final IpAddress REMOTE = IpAddress.parse("10.0.0.2");

    TestFlow(int localPort, int remotePort) {
        super(LOCAL.hi(), LOCAL.lo(), localPort, REMOTE.hi(), REMOTE.lo(), remotePort);
    }

    void begin(int localPort, int remotePort) {
        setTuple(LOCAL.hi(), LOCAL.lo(), localPort, REMOTE.hi(), REMOTE.lo(), remotePort);
    }
}
