package dev.berth.gateway;

import dev.berth.ports.Transport;
import dev.berth.wire.Endpoint;
import java.net.InetSocketAddress;

/// A port of this machine that leads to a port of a host in memory, of TCP or UDP.
public sealed interface Published extends AutoCloseable permits PublishedEnd {
    /// TCP or UDP.
    Transport transport();

    /// Where the kernel listens.
    InetSocketAddress address();

    /// Where connections or datagrams are carried to.
    Endpoint target();

    /// Connections that are carried now; of UDP, clients that were heard of lately.
    int connections();

    /// Connections, or clients of UDP, so far.
    long accepted();

    /// Those that were turned away because there were too many; of UDP, clients that were forgotten for others.
    long overLimit();

    /// Connections and datagrams that the policy does not let in.
    long denied();

    /// Ends it. Idempotent.
    @Override
    void close();
}
