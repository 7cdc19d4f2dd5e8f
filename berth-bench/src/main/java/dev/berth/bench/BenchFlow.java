package dev.berth.bench;

import dev.berth.ports.Flow;
import dev.berth.wire.IpAddress;

/// A bare flow over IPv4.
final class BenchFlow extends Flow {
    static final IpAddress LOCAL = IpAddress.parse("10.0.0.1");
    static final IpAddress REMOTE = IpAddress.parse("10.0.0.2");

    BenchFlow(int localPort, long remoteLo, int remotePort) {
        super(LOCAL.hi(), LOCAL.lo(), localPort, LOCAL.hi(), remoteLo, remotePort);
    }

    /// A client of port 80 of [#REMOTE], which has no port yet.
    static BenchFlow client() {
        return new BenchFlow(0, REMOTE.lo(), 80);
    }

    /// Makes it such a client again.
    void begin() {
        setTuple(LOCAL.hi(), LOCAL.lo(), 0, REMOTE.hi(), REMOTE.lo(), 80);
    }
}
