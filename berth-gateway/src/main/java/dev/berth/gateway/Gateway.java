package dev.berth.gateway;

import dev.berth.host.Host;
import dev.berth.names.DnsResponder;
import dev.berth.names.DnsServer;
import dev.berth.network.NameRouter;
import dev.berth.network.Network;
import dev.berth.ports.PortPolicy;
import dev.berth.wire.Bytes;
import dev.berth.wire.IcmpHeader;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.nio.channels.spi.SelectorProvider;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// The way out of a network in memory: a host that stands in for every address that is not the network's, and carries
/// flows on over sockets of the kernel. It needs no privilege.
///
/// ```java
/// Network network = Network.create("lab");
/// try (Gateway gateway = Gateway.builder(network)
///         .inside(IpAddress.Prefix.parse("10.0.0.0/24"))
///         .start()) {
///     ...
/// }
/// ```
///
/// A TCP connection is accepted inside once it is open outside; what goes wrong outside goes wrong in the same way
/// inside. Each end of UDP inside has one socket of the kernel (RFC 4787), each identifier of echo requests has one
/// where the machine allows it (RFC 5508). Where flows may go is a matter of the [OutsidePolicy], how many there may
/// be of [GatewayLimits].
///
/// Three platform threads, four once somebody asks for echoes, and one that all gateways of the JVM share; none for a
/// TCP connection. See docs/GATEWAY.md. Thread-safe.
public final class Gateway implements AutoCloseable {
    private static final IpAddress.Prefix ALL_IPV4 = IpAddress.Prefix.parse("0.0.0.0/0");
    private static final IpAddress.Prefix ALL_IPV6 = IpAddress.Prefix.parse("::/0");
    private static final int FRAGMENT = 44;

    private final Host host;
    private final OutsideTcp tcp;
    private final OutsideUdp udp;
    private final OutsideEcho echo;
    private final OutsidePorts ports;
    private final @Nullable DnsServer names;
    private final Tally tally;

    private Gateway(
            Host host,
            OutsideTcp tcp,
            OutsideUdp udp,
            OutsideEcho echo,
            OutsidePorts ports,
            @Nullable DnsServer names,
            Tally tally) {
        this.host = host;
        this.tcp = tcp;
        this.udp = udp;
        this.echo = echo;
        this.ports = ports;
        this.names = names;
        this.tally = tally;
    }

    /// Begins to build the gateway of a network. Its hosts need a route to outside addresses, as [Network#host] gives
    /// them.
    public static Builder builder(Network network) {
        return new Builder(network);
    }

    /// The host that stands in for the outside.
    public Host host() {
        return host;
    }

    /// What has been counted, and what is held now.
    public GatewayCounters counters() {
        return new GatewayCounters(
                tcp.connections(),
                tcp.opening(),
                tally.opened.sum(),
                tally.refused.sum(),
                tally.unreachable.sum(),
                tally.timedOut.sum(),
                tally.denied.sum(),
                tally.spoofed.sum(),
                tally.overLimit.sum(),
                tally.overGuestLimit.sum(),
                tally.overDestinationLimit.sum(),
                tally.displaced.sum(),
                tally.idle.sum(),
                udp.associations(),
                tally.evicted.sum(),
                tally.datagramsOut.sum(),
                tally.datagramsIn.sum(),
                tally.filtered.sum(),
                tally.undeliverable.sum(),
                tally.errorsPassed.sum(),
                echo.sessions(),
                tally.echoesOut.sum(),
                tally.echoesIn.sum(),
                tally.echoesLost.sum(),
                ports.count());
    }

    /// Ends all connections, with a reset where something is still to be delivered after half a second, and gives
    /// every socket of the kernel back. Idempotent. To be called before the network's
    /// own `close`, or after it.
    @Override
    public void close() {
        if (names != null) {
            names.close();
        }
        tcp.close();
        udp.close();
        echo.close();
        host.close();
    }

    @Override
    public String toString() {
        return "Gateway[" + host.name() + "]";
    }

    /// Builds a [Gateway]. Not safe for several threads.
    public static final class Builder {
        private final Network network;
        private List<IpAddress.Prefix> inside = List.of();
        private List<IpAddress> machine = List.of();
        private OutsidePolicy policy = OutsidePolicy.standard();
        private GatewayLimits limits = GatewayLimits.DEFAULT;
        private UdpFiltering filtering = UdpFiltering.ADDRESS_DEPENDENT;
        private List<IpAddress> outside = List.of();
        private PortPolicy ports = PortPolicy.linux();
        private @Nullable DnsResponder responder;

        private Builder(Network network) {
            this.network = Objects.requireNonNull(network);
        }

        /// The prefixes of the network: flows come from there, and never go there.
        public Builder inside(IpAddress.Prefix... prefixes) {
            inside = List.of(prefixes);
            return this;
        }

        /// Addresses at which the network finds the machine: they stand for 127.0.0.1 and `::1`, which a guest cannot
        /// name, as they are its own. The policy is asked about those.
        ///
        /// @param addresses one of each family at most, which no host has
        public Builder machine(IpAddress... addresses) {
            machine = List.of(addresses);
            return this;
        }

        /// Where flows may go; [OutsidePolicy#standard] unless it is set.
        public Builder policy(OutsidePolicy rules) {
            policy = Objects.requireNonNull(rules);
            return this;
        }

        /// Bounds and times; [GatewayLimits#DEFAULT] unless they are set.
        public Builder limits(GatewayLimits bounds) {
            limits = Objects.requireNonNull(bounds);
            return this;
        }

        /// Which datagrams from outside reach a guest; [UdpFiltering#ADDRESS_DEPENDENT] unless it is set.
        public Builder filtering(UdpFiltering behaviour) {
            filtering = Objects.requireNonNull(behaviour);
            return this;
        }

        /// The outside addresses that the gateway owns: flows leave from them, and their ports come from a port table
        /// of the gateway's own, which finds them in constant time and tells who has them when none is left. A
        /// guest's end of UDP keeps its port where that is free, otherwise its parity (RFC 4787 REQ-4). Without them
        /// the kernel chooses address and port.
        ///
        /// @param policy the range of the ports
        /// @param addresses one of each family at most, of this machine
        public Builder outside(PortPolicy policy, IpAddress... addresses) {
            ports = Objects.requireNonNull(policy);
            outside = List.of(addresses);
            return this;
        }

        /// Who answers queries to port 53 of any address that no host of the network has, such as a responder with
        /// [MachineNames] behind it. Without one they go where they are sent to, as other flows do.
        public Builder names(DnsResponder answers) {
            responder = Objects.requireNonNull(answers);
            return this;
        }

        /// Starts the gateway.
        ///
        /// @throws IllegalArgumentException if no prefix was given
        /// @throws IllegalStateException if the network has a gateway already
        /// @throws IOException if the kernel's sockets are out of reach ([KernelSockets])
        public Gateway start() throws IOException {
            if (inside.isEmpty()) {
                throw new IllegalArgumentException("A gateway has to know the prefixes of its network");
            }
            SelectorProvider kernel = KernelSockets.provider("Gateways");
            OutsidePolicy own = policy.inside(inside);
            OutsideAddresses addresses = new OutsideAddresses(own, inside, machine, network);
            boolean answers = responder != null;
            AtomicBoolean ready = new AtomicBoolean(); // before, a SYN would be answered with a RST
            Host host = Host.builder("gateway")
                    .link(network.gatewayLink(packet -> ready.get() && isForGateway(packet, addresses, answers)))
                    .route(ALL_IPV4)
                    .route(ALL_IPV6)
                    .localPrefix(ALL_IPV4)
                    .localPrefix(ALL_IPV6)
                    .start();
            boolean started = false;
            OutsideTcp tcp = null;
            OutsideUdp udp = null;
            try {
                Tally tally = new Tally();
                OutsidePorts table = new OutsidePorts(outside, ports);
                OutsideTcp connections =
                        new OutsideTcp(host.openTcpAcceptor(), addresses, limits, tally, kernel, table);
                tcp = connections;
                tcp.start();
                OutsideEcho echo = new OutsideEcho(host.openEchoResponder(), addresses, limits, tally);
                LongConsumer sweeps = now -> {
                    connections.sweep(now);
                    echo.sweep(now);
                };
                udp = new OutsideUdp(host.openUdpSocket(), addresses, limits, tally, kernel, filtering, table, sweeps);
                udp.start();
                echo.start();
                DnsServer names = responder == null ? null : DnsServer.start(host, responder);
                started = true;
                ready.set(true);
                return new Gateway(host, tcp, udp, echo, table, names, tally);
            } finally {
                if (!started) {
                    if (tcp != null) {
                        tcp.close();
                    }
                    if (udp != null) {
                        udp.close();
                    }
                    host.close();
                }
            }
        }
    }

    /// Whether the gateway takes a packet to an address that no host has: TCP, UDP, and echo requests.
    private static boolean isForGateway(Packet packet, OutsideAddresses addresses, boolean answers) {
        int protocol = protocol(packet);
        if (protocol != IpProtocol.TCP && protocol != IpProtocol.UDP && !isEcho(packet, protocol)) {
            return false;
        }
        long hi = packet.destinationHi;
        long lo = packet.destinationLo;
        if (!addresses.policy().isInside(hi, lo)) {
            return true;
        }
        for (IpAddress each : addresses.machine()) {
            if (each.lo() == lo && each.hi() == hi) {
                return true;
            }
        }
        return answers && NameRouter.isQuery(packet);
    }

    /// Whether a packet is an echo request, or a fragment of ICMP.
    private static boolean isEcho(Packet packet, int protocol) {
        byte[] bytes = packet.bytes;
        int at = packet.start;
        if (protocol == IpProtocol.ICMP) {
            int type = at + Ipv4Header.headerLength(bytes, at);
            int fragment = Bytes.u16(bytes, at + Ipv4Header.FLAGS_FRAGMENT);
            return (fragment & Ipv4Header.FRAGMENT_OFFSET) != 0
                    || type < packet.end && Bytes.u8(bytes, type) == IcmpHeader.ECHO;
        }
        if (protocol != IpProtocol.ICMPV6) {
            return false;
        }
        return Bytes.u8(bytes, at + Ipv6Header.NEXT_HEADER) == FRAGMENT
                || at + Ipv6Header.LENGTH < packet.end && Bytes.u8(bytes, at + Ipv6Header.LENGTH) == IcmpHeader.V6_ECHO;
    }

    /// The transport protocol of a packet, of a fragment too; -1 if it cannot be told.
    private static int protocol(Packet packet) {
        byte[] bytes = packet.bytes;
        int at = packet.start;
        int head = packet.end - at;
        if (head >= Ipv4Header.MIN_LENGTH && bytes[at] >>> 4 == 4) {
            return Bytes.u8(bytes, at + Ipv4Header.PROTOCOL);
        }
        if (head < Ipv6Header.LENGTH || bytes[at] >>> 4 != 6) {
            return -1;
        }
        int next = Bytes.u8(bytes, at + Ipv6Header.NEXT_HEADER);
        return next != FRAGMENT ? next : head > Ipv6Header.LENGTH ? Bytes.u8(bytes, at + Ipv6Header.LENGTH) : -1;
    }
}
