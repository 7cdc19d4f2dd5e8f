package dev.berth.stack.udp;

import dev.berth.stack.ip.IpOutput;
import dev.berth.stack.ip.NetInterface;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;

/// The way that a datagram of an endpoint took, for the next ones to the same end: its ends, and the interface. Made in
/// the critical section ([Udp#way]) and used outside of it, by several threads if need be, until [#isOpen] says that
/// something has changed. Immutable.
public final class DatagramWay {
    private final UdpEndpoint endpoint;
    private final IpOutput output;
    private final int version;

    final NetInterface nic;
    final long sourceHi;
    final long sourceLo;
    final int sourcePort;
    final long destinationHi;
    final long destinationLo;
    final int destinationPort;
    final boolean ipv6;

    /// Its [Packet#stream].
    final long stream = Packet.newStream();

    DatagramWay(
            UdpEndpoint endpoint, IpOutput output, NetInterface nic, SourceChoice from, long hi, long lo, int port) {
        this.endpoint = endpoint;
        this.output = output;
        this.nic = nic;
        version = output.routes().version();
        sourceHi = from.sourceHi;
        sourceLo = from.sourceLo;
        sourcePort = endpoint.localPort();
        destinationHi = hi;
        destinationLo = lo;
        destinationPort = port;
        ipv6 = !IpAddress.isIpv4(hi, lo);
    }

    /// The interface that the way leads through.
    public NetInterface nic() {
        return nic;
    }

    /// False if the next datagram has to go through the critical section: there are other routes or addresses, the
    /// interface is down, a path takes less than its interface, an error waits for the user, or the endpoint is closed.
    /// Whoever binds, connects or disconnects the endpoint has to forget its ways besides.
    public boolean isOpen() {
        return output.routes().version() == version
                && nic.isUp()
                && output.pathMtu().size() == 0
                && !endpoint.hasError()
                && !endpoint.isClosed();
    }

    UdpEndpoint endpoint() {
        return endpoint;
    }
}
