package dev.berth.stack.udp;

import dev.berth.ports.PortBinding;
import dev.berth.stack.ip.Addresses;
import dev.berth.stack.ip.IpOutput;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.ip.RouteTable;
import dev.berth.wire.IpAddress;
import org.jspecify.annotations.Nullable;

/// Which of the host's addresses a datagram leaves from (RFC 1122 section 4.1.3.5). The methods return [Udp#OK] and
/// leave the address in [#sourceHi] and [#sourceLo], or say why there is none.
final class SourceChoice {
    private final IpOutput output;
    private final RouteTable routes;
    private final Addresses addresses;

    /// What was chosen.
    long sourceHi;

    long sourceLo;

    // What it chose last, for a destination that is a single host: the same endpoint often sends there again.
    private @Nullable UdpEndpoint lastSender;
    private @Nullable PortBinding<UdpEndpoint> lastBinding;
    private @Nullable NetInterface lastNic;
    private int lastVersion;
    private long lastHi;
    private long lastLo;
    private long lastSourceHi;
    private long lastSourceLo;

    SourceChoice(IpOutput output) {
        this.output = output;
        routes = output.routes();
        addresses = routes.addresses();
    }

    /// An endpoint was closed.
    void forget(UdpEndpoint endpoint) {
        if (lastSender == endpoint) {
            lastSender = null;
            lastBinding = null;
        }
    }

    /// For an endpoint that is not connected.
    int choose(UdpEndpoint endpoint, long hi, long lo) {
        NetInterface recent = lastNic;
        if (endpoint == lastSender
                && lo == lastLo
                && hi == lastHi
                && recent != null
                && endpoint.binding == lastBinding
                && routes.version() == lastVersion
                && recent.isUp()) {
            sourceHi = lastSourceHi;
            sourceLo = lastSourceLo;
            return Udp.OK;
        }
        int result = find(endpoint, hi, lo);
        boolean single = IpAddress.isUnicast(hi, lo) && !addresses.isBroadcast(hi, lo);
        lastNic = result == Udp.OK && single && endpoint.binding != null ? output.route(hi, lo) : null;
        lastSender = lastNic == null ? null : endpoint;
        lastBinding = endpoint.binding;
        lastVersion = routes.version();
        lastHi = hi;
        lastLo = lo;
        lastSourceHi = sourceHi;
        lastSourceLo = sourceLo;
        return result;
    }

    private int find(UdpEndpoint endpoint, long hi, long lo) {
        boolean ipv4 = IpAddress.isIpv4(hi, lo);
        if (endpoint.ipv4Only && !ipv4) {
            return Udp.BAD_ADDRESS;
        }
        if (addresses.isBroadcast(hi, lo) && !endpoint.broadcast()) {
            return Udp.PERMISSION_DENIED;
        }
        PortBinding<UdpEndpoint> binding = endpoint.binding;
        long localHi = binding != null ? binding.addressHi() : endpoint.lateHi;
        long localLo = binding != null ? binding.addressLo() : endpoint.lateLo;
        if (IpAddress.isIpv4(localHi, localLo) && !ipv4) {
            return Udp.BAD_ADDRESS;
        }
        if (addresses.isOwn(localHi, localLo)) {
            return useSource(localHi, localLo, hi, lo, outgoing(endpoint, hi, lo));
        }
        NetInterface nic = outgoing(endpoint, hi, lo);
        if (nic == null || !routes.sourceFor(hi, lo, nic)) {
            return Udp.NO_ROUTE;
        }
        sourceHi = routes.sourceHi();
        sourceLo = routes.sourceLo();
        return Udp.OK;
    }

    private @Nullable NetInterface outgoing(UdpEndpoint endpoint, long hi, long lo) {
        NetInterface chosen = endpoint.multicastInterface();
        return chosen != null && IpAddress.isMulticast(hi, lo) ? chosen : output.route(hi, lo);
    }

    /// As [#choose] for an endpoint that is connected: the local address of its flow.
    int keep(UdpEndpoint endpoint, long hi, long lo) {
        if (addresses.isBroadcast(hi, lo) && !endpoint.broadcast()) {
            return Udp.PERMISSION_DENIED;
        }
        return useSource(endpoint.localHi(), endpoint.localLo(), hi, lo, outgoing(endpoint, hi, lo));
    }

    /// As [#choose] with an address that the user named.
    int take(UdpEndpoint endpoint, long localHi, long localLo, long hi, long lo) {
        if (!addresses.isOwn(localHi, localLo) || endpoint.ipv4Only && !IpAddress.isIpv4(hi, lo)) {
            return Udp.BAD_ADDRESS;
        }
        if (addresses.isBroadcast(hi, lo) && !endpoint.broadcast()) {
            return Udp.PERMISSION_DENIED;
        }
        return useSource(localHi, localLo, hi, lo, outgoing(endpoint, hi, lo));
    }

    private int useSource(long localHi, long localLo, long hi, long lo, @Nullable NetInterface nic) {
        if (IpAddress.isIpv4(localHi, localLo) != IpAddress.isIpv4(hi, lo)) {
            return Udp.BAD_ADDRESS;
        }
        if (nic == null) {
            return Udp.NO_ROUTE;
        }
        sourceHi = localHi;
        sourceLo = localLo;
        return IpAddress.isLoopback(localHi, localLo) && !nic.isLoopback() ? Udp.BAD_ADDRESS : Udp.OK;
    }
}
