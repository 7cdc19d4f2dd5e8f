package dev.berth.gateway;

import dev.berth.ports.PortBinding;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// An inside end of UDP and the socket of the kernel that stands for it towards every outside end:
/// "endpoint-independent mapping" of RFC 4787, section 4.1 (REQ-1).
///
/// A socket that has an error queue is never connected: it hears of all ICMP errors. Another one is connected while
/// the guest has sent to one outside end only, which is the one way to hear from Java of ICMP errors; with the second
/// one it is disconnected for good, and keeps its port.
final class Association {
    /// Outside ends or addresses that are remembered; the oldest is forgotten.
    private static final int MOST_CONTACTED = 1_024;

    /// DNS, RFC 4787 REQ-5a.
    private static final int QUERY_PORT = 53;

    final Endpoint guest;

    /// Who has that end, as [OutsideAddresses#guest] tells.
    final Object owner;

    private final DatagramChannel channel;
    private final UdpFiltering filtering;
    private final int errors;
    private final @Nullable PortBinding<String> port;
    private final ReentrantLock lock = new ReentrantLock();
    private final Set<Object> contacted = new LinkedHashSet<>(); // addresses, or ends
    private @Nullable Endpoint last;
    private @Nullable InetSocketAddress lastAddress;
    private @Nullable Endpoint peer; // while it is connected
    private boolean many;
    private volatile boolean onlyQueries = true;
    private volatile long lastUse;

    /// @param errors the descriptor of the socket if it has an error queue, otherwise -1
    /// @param port the claim on the socket's port, where the gateway owns the address
    Association(
            Endpoint guest,
            Object owner,
            DatagramChannel channel,
            UdpFiltering filtering,
            int errors,
            @Nullable PortBinding<String> port,
            long now) {
        this.guest = guest;
        this.owner = owner;
        this.channel = channel;
        this.filtering = filtering;
        this.errors = errors;
        this.port = port;
        many = errors >= 0 || filtering == UdpFiltering.ENDPOINT_INDEPENDENT;
        lastUse = now;
    }

    DatagramChannel channel() {
        return channel;
    }

    /// The descriptor whose error queue is to be read; -1 if it has none.
    int errors() {
        return errors;
    }

    /// The claim on the socket's port; null if the kernel has chosen it.
    @Nullable
    PortBinding<String> port() {
        return port;
    }

    void used(long now) {
        lastUse = now;
    }

    boolean isIdle(long now, GatewayLimits limits) {
        return now - lastUse > (onlyQueries ? limits.queryNanos() : limits.associationNanos());
    }

    /// Where the socket is connected to; null if it is not.
    @Nullable
    Endpoint peer() {
        lock.lock();
        try {
            return peer;
        } finally {
            lock.unlock();
        }
    }

    /// Sends a datagram.
    ///
    /// @return false if the kernel has no room
    /// @throws IOException perhaps about one that was sent before; this one was not sent
    boolean send(ByteBuffer datagram, Endpoint to) throws IOException {
        lock.lock();
        try {
            if (to.port() != QUERY_PORT) {
                onlyQueries = false;
            }
            InetSocketAddress address = lastAddress;
            if (address == null || !to.equals(last)) {
                address = OutsideAddresses.socketAddress(to);
                leadTo(to, address);
            }
            // A datagram without octets is one too, and both return 0 for it.
            boolean empty = !datagram.hasRemaining();
            return (many ? channel.send(datagram, address) : channel.write(datagram)) > 0 || empty;
        } finally {
            lock.unlock();
        }
    }

    private void leadTo(Endpoint to, InetSocketAddress address) throws IOException {
        Object key = key(to);
        contacted.remove(key);
        contacted.add(key);
        if (contacted.size() > MOST_CONTACTED) {
            contacted.remove(contacted.iterator().next());
        }
        if (peer != null) {
            peer = null;
            many = true;
            channel.disconnect();
        } else if (!many) {
            channel.connect(address);
            peer = to;
        }
        last = to;
        lastAddress = address;
    }

    private Object key(Endpoint end) {
        return filtering == UdpFiltering.ADDRESS_AND_PORT_DEPENDENT ? end : end.address();
    }

    /// Whether a datagram from there reaches the guest.
    boolean admits(Endpoint from) {
        return filtering == UdpFiltering.ENDPOINT_INDEPENDENT || hasSentTo(from);
    }

    /// Whether the guest has sent something there, or, unless ports count, to another port of the same address.
    boolean hasSentTo(Endpoint to) {
        lock.lock();
        try {
            return contacted.contains(key(to));
        } finally {
            lock.unlock();
        }
    }
}
