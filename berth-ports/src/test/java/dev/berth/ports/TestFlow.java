package dev.berth.ports;

import dev.berth.wire.IpAddress;

/// A flow for tests.
final class TestFlow extends Flow {
    TestFlow(IpAddress local, int localPort, IpAddress remote, int remotePort) {
        super(local.hi(), local.lo(), localPort, remote.hi(), remote.lo(), remotePort);
    }

    /// A flow with the tuple of another.
    static TestFlow like(Flow other) {
        return new TestFlow(
                other.local().address(), other.localPort(), other.remote().address(), other.remotePort());
    }
}
