package dev.berth.stack.udp;

import dev.berth.ports.Flow;
import dev.berth.ports.PortAge;
import dev.berth.ports.PortBinding;
import dev.berth.ports.PortOwner;
import dev.berth.ports.Transport;
import dev.berth.stack.endpoint.SocketDetails;
import dev.berth.stack.endpoint.SocketEntry;
import org.jspecify.annotations.Nullable;

/// UDP's sockets as entries of a list. Only reads; under the stack's lock.
public final class UdpEntries {
    private UdpEntries() {}

    /// A socket that is bound and not connected.
    public static SocketEntry of(PortBinding<UdpEndpoint> binding, boolean details, long now) {
        UdpEndpoint endpoint = binding.listener();
        return new SocketEntry(
                Transport.UDP,
                endpoint == null ? binding.stateName() : SocketEntry.UNCONNECTED,
                binding.endpoint(),
                null,
                endpoint == null ? 0 : endpoint.queuedOctets(),
                0,
                binding.flowCount(),
                label(endpoint, binding),
                PortAge.between(binding.since(), now),
                details ? details(endpoint) : null);
    }

    /// A connected socket.
    public static SocketEntry of(Flow flow, boolean details, long now) {
        UdpEndpoint endpoint = flow instanceof UdpEndpoint known ? known : null;
        return new SocketEntry(
                Transport.UDP,
                flow.stateName(),
                flow.local(),
                flow.remote(),
                endpoint == null ? 0 : endpoint.queuedOctets(),
                0,
                0,
                label(endpoint, flow.binding()),
                flow.age(now),
                details ? details(endpoint) : null);
    }

    private static String label(@Nullable UdpEndpoint endpoint, @Nullable PortBinding<?> binding) {
        Object attachment = endpoint == null ? null : endpoint.attachment();
        return attachment != null || binding == null
                ? PortOwner.labelOf(attachment)
                : PortOwner.labelOf(binding.owner());
    }

    private static SocketDetails details(@Nullable UdpEndpoint endpoint) {
        long received = endpoint == null ? 0 : endpoint.received();
        long refused = endpoint == null ? 0 : endpoint.refused();
        return new SocketDetails(received, -1, refused, 0, "", 0, 0, null);
    }
}
