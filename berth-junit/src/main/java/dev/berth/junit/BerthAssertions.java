package dev.berth.junit;

import dev.berth.host.Host;

/// Where assertions about networks begin. Each checks at once, throws an [AssertionError] that says in words what was
/// expected and what there is, and returns what the next one can be asked of.
///
/// ```java
/// assertThat(traffic).from("web").to("db").onPort(5432).hasConnections(1).hasNoRetransmissions();
/// assertThat(db).listensOn(5432).hasOpenConnections(0);
/// ```
public final class BerthAssertions {
    private BerthAssertions() {}

    /// About what was said on a network.
    public static TrafficAssert assertThat(TrafficLog traffic) {
        return new TrafficAssert(traffic);
    }

    /// About the sockets and ports of a host.
    public static HostAssert assertThat(Host host) {
        return new HostAssert(host);
    }
}
