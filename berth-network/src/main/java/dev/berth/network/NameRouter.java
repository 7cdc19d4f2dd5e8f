package dev.berth.network;

import dev.berth.host.Host;
import dev.berth.names.DnsResponder;
import dev.berth.names.DnsServer;
import dev.berth.wire.Bytes;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import java.io.IOException;

/// A name server at every address that no host of a network has.
///
/// Libraries that speak DNS themselves, such as Netty's resolver, ask the name server that the machine's own
/// configuration names, whatever their sockets lead to. Here their queries, UDP or TCP to port 53 of any address, reach
/// a host that stands in for all addresses; its answers come from the address that was asked. Other packets for
/// addresses that nobody has stay undeliverable. The hosts of the network need a route to those addresses, as
/// [Network#host] gives them.
///
/// A network that has a gateway of another kind ([Network#gatewayLink]) has no place for this; there a [DnsServer] on
/// the gateway does the same.
public final class NameRouter implements AutoCloseable {
    private static final IpAddress.Prefix ALL_IPV4 = IpAddress.Prefix.parse("0.0.0.0/0");
    private static final IpAddress.Prefix ALL_IPV6 = IpAddress.Prefix.parse("::/0");

    private final Host host;
    private final DnsServer server;

    private NameRouter(Host host, DnsServer server) {
        this.host = host;
        this.server = server;
    }

    /// Starts one for the names of the network's hosts; others do not exist.
    ///
    /// @throws IllegalStateException if the network has a gateway
    public static NameRouter start(Network network) throws IOException {
        return start(network, DnsResponder.of(network));
    }

    /// Starts one.
    ///
    /// @throws IllegalStateException if the network has a gateway
    public static NameRouter start(Network network, DnsResponder responder) throws IOException {
        Host host = Host.builder("name-router")
                .link(network.gatewayLink(NameRouter::isQuery))
                .route(ALL_IPV4)
                .route(ALL_IPV6)
                .localPrefix(ALL_IPV4)
                .localPrefix(ALL_IPV6)
                .start();
        try {
            return new NameRouter(host, DnsServer.start(host, responder));
        } catch (IOException | RuntimeException e) {
            host.close();
            throw e;
        }
    }

    /// Whether a packet is for port 53 of UDP or TCP. One of several fragments is not: queries are small.
    public static boolean isQuery(Packet packet) {
        byte[] bytes = packet.bytes;
        int at = packet.start;
        int head = packet.end - at;
        int transport;
        int protocol;
        if (head > Ipv4Header.MIN_LENGTH && bytes[at] >>> 4 == 4) {
            int fragment = Bytes.u16(bytes, at + Ipv4Header.FLAGS_FRAGMENT);
            if ((fragment & (Ipv4Header.MORE_FRAGMENTS | Ipv4Header.FRAGMENT_OFFSET)) != 0) {
                return false;
            }
            transport = Ipv4Header.headerLength(bytes, at);
            protocol = Bytes.u8(bytes, at + Ipv4Header.PROTOCOL);
        } else if (head > Ipv6Header.LENGTH && bytes[at] >>> 4 == 6) {
            transport = Ipv6Header.LENGTH;
            protocol = Bytes.u8(bytes, at + Ipv6Header.NEXT_HEADER);
        } else {
            return false;
        }
        // The destination port is at the same place in both headers.
        return (protocol == IpProtocol.UDP || protocol == IpProtocol.TCP)
                && head >= transport + 4
                && Bytes.u16(bytes, at + transport + 2) == DnsServer.PORT;
    }

    /// The name server, with its counters.
    public DnsServer server() {
        return server;
    }

    /// Stops it; the network stays. Idempotent. To be called before the network's own `close`, or after it.
    @Override
    public void close() {
        server.close();
        host.close();
    }

    @Override
    public String toString() {
        return "NameRouter[" + server + "]";
    }
}
