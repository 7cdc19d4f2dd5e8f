package dev.berth.gateway;

import dev.berth.ports.Flow;
import dev.berth.ports.PortBinding;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortSharing;
import dev.berth.ports.PortTable;
import dev.berth.ports.PortUnavailableException;
import dev.berth.ports.Transport;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.BindException;
import java.net.StandardSocketOptions;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnsupportedAddressTypeException;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The ports of the outside addresses that a [Gateway] owns: what network address translation takes for guests comes
/// from the port table of these addresses ([PortTable]), so that no two guests collide, a port is found in constant
/// time, and who has them all can be told.
///
/// The kernel has the last word, as other programs of the machine may hold ports of the same addresses: each socket
/// is bound to the port that was chosen, and where that is refused the next one is tried. Thread-safe.
final class OutsidePorts {
    /// Ports that are tried before the kernel's refusal counts.
    private static final int TRIES = 64;

    /// Draws for a port of the parity that the guest's has.
    private static final int PARITY_DRAWS = 8;

    private final List<IpAddress> owned;
    private final ReentrantLock lock = new ReentrantLock();
    private final PortPolicy policy;
    private @Nullable PortTable<String> udpTable;
    private @Nullable PortTable<String> tcpTable;

    OutsidePorts(List<IpAddress> owned, PortPolicy policy) {
        this.owned = owned;
        this.policy = policy;
    }

    /// Under the lock; most gateways own no address.
    private PortTable<String> udp() {
        PortTable<String> present = udpTable;
        if (present == null) {
            present = new PortTable<>(Transport.UDP, policy, new SecureRandom()::nextLong);
            udpTable = present;
        }
        return present;
    }

    private PortTable<String> tcp() {
        PortTable<String> present = tcpTable;
        if (present == null) {
            present = new PortTable<>(Transport.TCP, policy, new SecureRandom()::nextLong);
            tcpTable = present;
        }
        return present;
    }

    /// The outside address of guests of a family; null if the gateway owns none.
    private @Nullable IpAddress address(boolean ipv4) {
        for (IpAddress each : owned) {
            if (each.isIpv4() == ipv4) {
                return each;
            }
        }
        return null;
    }

    /// Binds the kernel's socket for a guest's end of UDP.
    ///
    /// The guest's own port is taken where it is free and of the gateway's range ("port preservation"), as it is for
    /// an echo of RTP that counts on it; otherwise one of the same parity. RFC 4787 REQ-4: "It is RECOMMENDED that a
    /// NAT have a "Port parity preservation" behavior of "Yes"." REQ-3: "A NAT MUST NOT have a "Port assignment"
    /// behavior of "Port overloading"."
    ///
    /// @return what [#release(PortBinding)] gives back; null if the gateway owns no address of the family
    /// @throws BindException if no port is left; its cause tells who has them
    @Nullable
    PortBinding<String> bind(DatagramChannel channel, Endpoint guest) throws IOException {
        IpAddress own = address(guest.address().isIpv4());
        if (own == null) {
            channel.bind(null);
            return null;
        }
        BindException refusal = null;
        for (int i = 0; i < TRIES; i++) {
            PortBinding<String> binding = take(own, i == 0 ? guest.port() : 0, guest);
            if (binding == null) {
                continue;
            }
            boolean bound = false;
            try {
                channel.bind(OutsideAddresses.socketAddress(new Endpoint(own, binding.port())));
                bound = true;
                return binding;
            } catch (BindException e) {
                refusal = e; // another program has it
            } catch (UnsupportedAddressTypeException e) {
                throw new IOException("The machine has no IPv6", e);
            } finally {
                if (!bound) {
                    release(binding);
                }
            }
        }
        throw refusal == null ? new BindException("No port of " + own + " could be had") : refusal;
    }

    /// @param port the one that is wanted, 0 for any
    /// @return null if that very port is taken
    private @Nullable PortBinding<String> take(IpAddress own, int port, Endpoint guest) throws BindException {
        lock.lock();
        try {
            if (port != 0) {
                try {
                    return policy.ephemeral().contains(port) ? claim(own, port, guest) : null;
                } catch (PortUnavailableException e) {
                    return null;
                }
            }
            return ofSameParity(claim(own, 0, guest), own, guest);
        } catch (PortUnavailableException e) {
            throw exhausted(own, e);
        } finally {
            lock.unlock();
        }
    }

    /// Another port if `found` has not the parity of the guest's and one that has it turns up soon.
    private PortBinding<String> ofSameParity(PortBinding<String> found, IpAddress own, Endpoint guest) {
        PortBinding<String> best = found;
        for (int i = 0; i < PARITY_DRAWS && (best.port() ^ guest.port()) % 2 != 0; i++) {
            PortBinding<String> other;
            try {
                other = claim(own, 0, guest);
            } catch (PortUnavailableException _) {
                return best; // it is the last one
            }
            udp().close(best);
            best = other;
        }
        return best;
    }

    private PortBinding<String> claim(IpAddress own, int port, Endpoint guest) throws PortUnavailableException {
        return udp().bind(own.hi(), own.lo(), port, PortSharing.EXCLUSIVE, "guest " + guest);
    }

    private static BindException exhausted(IpAddress own, PortUnavailableException e) {
        BindException told = new BindException("No port of " + own + " is left: " + e.getMessage());
        told.initCause(e);
        return told;
    }

    void release(PortBinding<String> binding) {
        lock.lock();
        try {
            udp().close(binding);
        } finally {
            lock.unlock();
        }
    }

    /// A connection of a guest, outside.
    private static final class Outgoing extends Flow {
        private final Endpoint guest;

        Outgoing(IpAddress own, Endpoint to, Endpoint guest) {
            super(own.hi(), own.lo(), 0, to.address().hi(), to.address().lo(), to.port());
            this.guest = guest;
        }

        @Override
        public String toString() {
            return "guest " + guest;
        }
    }

    /// Binds the kernel's socket for a guest's connection, to a port that is free towards the destination: each port
    /// serves any number of destinations.
    ///
    /// @return what [#release(Flow)] gives back; null if the gateway owns no address of the family
    /// @throws BindException if no port is left; its cause tells who has them
    @Nullable
    Flow bind(SocketChannel channel, Endpoint guest, Endpoint to) throws IOException {
        IpAddress own = address(to.address().isIpv4());
        if (own == null) {
            return null;
        }
        // Several sockets of the kernel share a port, each towards a destination of its own.
        channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        BindException refusal = null;
        for (int i = 0; i < TRIES; i++) {
            Outgoing flow = new Outgoing(own, to, guest);
            lock.lock();
            try {
                tcp().connect(flow, null, System.nanoTime());
            } catch (PortUnavailableException e) {
                throw exhausted(own, e);
            } finally {
                lock.unlock();
            }
            boolean bound = false;
            try {
                channel.bind(OutsideAddresses.socketAddress(new Endpoint(own, flow.localPort())));
                bound = true;
                return flow;
            } catch (BindException e) {
                refusal = e;
            } catch (UnsupportedAddressTypeException e) {
                throw new IOException("The machine has no IPv6", e);
            } finally {
                if (!bound) {
                    release(flow);
                }
            }
        }
        throw refusal == null ? new BindException("No port of " + own + " could be had") : refusal;
    }

    void release(Flow flow) {
        lock.lock();
        try {
            tcp().release(flow);
        } finally {
            lock.unlock();
        }
    }

    /// Ends of UDP and connections that have a port now.
    int count() {
        if (owned.isEmpty()) {
            return 0;
        }
        lock.lock();
        try {
            return udp().bindingCount() + tcp().flowCount();
        } finally {
            lock.unlock();
        }
    }
}
