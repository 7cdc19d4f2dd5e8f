package dev.berth.gateway;

import dev.berth.ports.Transport;
import dev.berth.wire.Endpoint;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;

/// What a published port is and has counted, whatever its transport.
abstract sealed class PublishedEnd implements Published permits PublishedPort, PublishedUdpPort {
    private final Transport transport;
    final InetSocketAddress address;
    final Endpoint target;
    final int limit;
    final OutsidePolicy policy;
    final LongAdder accepted = new LongAdder();
    final LongAdder overLimit = new LongAdder();
    final LongAdder denied = new LongAdder();
    final AtomicBoolean limitReported = new AtomicBoolean();

    PublishedEnd(Transport transport, InetSocketAddress address, Endpoint target, int limit, OutsidePolicy policy) {
        this.transport = transport;
        this.address = address;
        this.target = target;
        this.limit = limit;
        this.policy = policy;
    }

    @Override
    public final Transport transport() {
        return transport;
    }

    @Override
    public final InetSocketAddress address() {
        return address;
    }

    @Override
    public final Endpoint target() {
        return target;
    }

    @Override
    public final long accepted() {
        return accepted.sum();
    }

    @Override
    public final long overLimit() {
        return overLimit.sum();
    }

    @Override
    public final long denied() {
        return denied.sum();
    }

    /// `127.0.0.1:8080 -> 10.0.0.1:80`, with `(UDP)` behind it if it is one.
    @Override
    public final String toString() {
        String ip = address.getAddress().getHostAddress();
        return (ip.indexOf(':') < 0 ? ip : "[" + ip + "]") + ":" + address.getPort() + " -> " + target
                + (transport == Transport.UDP ? " (UDP)" : "");
    }
}
