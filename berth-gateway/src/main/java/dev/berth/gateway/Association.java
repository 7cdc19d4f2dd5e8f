package dev.berth.gateway;

import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
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
/// While the guest has sent to one outside end only, the kernel's socket is connected to it: that is the one way to
/// hear from Java of ICMP errors. With the second one it is disconnected for good, and keeps its port.
final class Association {
    /// Outside addresses that are remembered; the oldest is forgotten.
    private static final int MOST_CONTACTED = 1_024;

    /// DNS, RFC 4787 REQ-5a.
    private static final int QUERY_PORT = 53;

    final Endpoint guest;
    private final DatagramChannel channel;
    private final ReentrantLock lock = new ReentrantLock();
    private final Set<IpAddress> contacted = new LinkedHashSet<>();
    private @Nullable Endpoint peer; // while it is connected
    private boolean many;
    private volatile boolean onlyQueries = true;
    private volatile long lastUse;

    Association(Endpoint guest, DatagramChannel channel, long now) {
        this.guest = guest;
        this.channel = channel;
        lastUse = now;
    }

    DatagramChannel channel() {
        return channel;
    }

    void used(long now) {
        lastUse = now;
    }

    boolean isIdle(long now, GatewayLimits limits) {
        return now - lastUse > (onlyQueries ? limits.queryNanos() : limits.associationNanos());
    }

    /// Where all that was sent went; null if it went to several ends.
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
    /// @throws java.net.PortUnreachableException about one that was sent before; this one was not sent
    boolean send(ByteBuffer datagram, Endpoint to) throws IOException {
        lock.lock();
        try {
            if (to.port() != QUERY_PORT) {
                onlyQueries = false;
            }
            InetSocketAddress address = OutsideAddresses.socketAddress(to);
            if (!to.equals(peer)) {
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
        contacted.remove(to.address());
        contacted.add(to.address());
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
    }

    /// "Address-dependent filtering" of RFC 4787 section 5: whether something was sent to that address.
    boolean admits(Endpoint from) {
        lock.lock();
        try {
            return contacted.contains(from.address());
        } finally {
            lock.unlock();
        }
    }
}
