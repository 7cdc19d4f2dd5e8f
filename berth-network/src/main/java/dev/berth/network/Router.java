package dev.berth.network;

import dev.berth.stack.NetStack;
import dev.berth.stack.StackConfig;
import dev.berth.stack.ip.NetInterface;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.IcmpHeader;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// A router between subnets: forwards packets as RFC 1812 says, answers echo requests to its own addresses, and sends
/// ICMP errors. It has no thread; it works on that of whoever sends, under its own monitor, and hands on without it.
final class Router {
    private record Departure(
            Port port, Packet packet, @Nullable Attachment to) {}

    private final Network network;
    private final Node node;
    private final NetStack stack;
    private final BufferPool pool = new BufferPool(64, 64, 4); // guarded by this
    private final List<Port> ports = new ArrayList<>();
    private List<Departure> departures = new ArrayList<>();

    Router(Network network, Node node) {
        this.network = network;
        this.node = node;
        SplittableRandom random = Node.random(network.seed(), node.name(), 1);
        stack = new NetStack(
                StackConfig.DEFAULT, random::nextLong, network.clock().now());
    }

    Node node() {
        return node;
    }

    List<Port> ports() {
        return ports;
    }

    /// Where a router is attached to a subnet.
    final class Port implements Attachment {
        private final Subnet subnet;
        private final NetInterface nic;
        private final List<IpAddress.Prefix> addresses;

        private Port(Subnet subnet, int mtu, List<IpAddress.Prefix> addresses) {
            this.subnet = subnet;
            this.addresses = addresses;
            nic = stack.addInterface(subnet.name, mtu, true, 0);
            addresses.forEach(address -> stack.addAddress(nic, address));
        }

        Router router() {
            return Router.this;
        }

        List<IpAddress.Prefix> addresses() {
            return addresses;
        }

        @Override
        public Node node() {
            return node;
        }

        @Override
        public Subnet subnet() {
            return subnet;
        }

        @Override
        public @Nullable Pipe up() {
            return node.up;
        }

        @Override
        public @Nullable Pipe down() {
            return node.down;
        }

        @Override
        public void arrived(Packet packet) {
            receive(this, packet);
        }
    }

    Port attach(Subnet subnet, int mtu, List<IpAddress.Prefix> addresses) {
        Port port = new Port(subnet, mtu, addresses);
        ports.add(port);
        return port;
    }

    /// The way to a subnet leads out of a port.
    void route(Subnet subnet, Port port) {
        subnet.prefixes.forEach(prefix -> stack.addRoute(prefix, port.nic));
    }

    private void receive(Port port, Packet packet) {
        long now = network.clock().now();
        List<Departure> leaving;
        synchronized (this) {
            if (isForUs(packet)) {
                stack.receive(port.nic, packet, now);
            } else if (!forward(port, packet, now)) {
                packet.release();
            }
            stack.settle(now);
            for (Port each : ports) {
                Packet own;
                while ((own = each.nic.pollEgress()) != null) {
                    Attachment to = network.attachmentOf(own.destinationHi, own.destinationLo);
                    departures.add(new Departure(each, own, to));
                }
            }
            leaving = departures;
            departures = new ArrayList<>();
        }
        for (Departure each : leaving) {
            network.carrier().enter(each.port, each.packet, each.to);
        }
    }

    private boolean isForUs(Packet packet) {
        return network.attachmentOf(packet.destinationHi, packet.destinationLo) instanceof Port port
                && port.router() == this;
    }

    /// Forwards a packet, or says why not.
    ///
    /// @return false if the packet goes nowhere and has to be released
    private boolean forward(Port from, Packet packet, long now) {
        boolean ipv6 = packet.ipv6;
        long hi = packet.destinationHi;
        long lo = packet.destinationLo;
        // RFC 1812 section 4.2.2.11 and 5.3.5: what is for many, or for the link, stays on it.
        if (!IpAddress.isUnicast(hi, lo) || IpAddress.isLinkLocal(hi, lo) || IpAddress.isLoopback(hi, lo)) {
            network.countUndeliverable(packet);
            return false;
        }
        int ttlAt = packet.start + (ipv6 ? Ipv6Header.HOP_LIMIT : Ipv4Header.TTL);
        int ttl = Bytes.u8(packet.bytes, ttlAt);
        if (ttl <= 1) {
            // RFC 1812 section 5.3.1: "If the TTL is reduced to zero (or less), the packet MUST be discarded, and if
            // the destination is not a multicast address the router MUST send an ICMP Time Exceeded message, Code 0".
            return refuse(packet, ipv6 ? IcmpHeader.V6_TIME_EXCEEDED : IcmpHeader.TIME_EXCEEDED, 0, 0, now);
        }
        Attachment to = network.attachmentOf(hi, lo);
        Subnet target = to != null ? to.subnet() : network.subnetOf(hi, lo);
        if (target == null || to == null) {
            // RFC 1812 section 5.2.7.1: codes 0 and 1, network and host unreachable; RFC 4443 section 3.1.
            int code = target == null
                    ? ipv6 ? IcmpHeader.V6_CODE_NO_ROUTE : IcmpHeader.CODE_NET
                    : ipv6 ? IcmpHeader.V6_CODE_ADDRESS : IcmpHeader.CODE_HOST;
            network.countUndeliverable(packet);
            return refuse(packet, ipv6 ? IcmpHeader.V6_UNREACHABLE : IcmpHeader.UNREACHABLE, code, 0, now);
        }
        Port exit = network.exit(this, target);
        if (exit == null) {
            network.countUndeliverable(packet);
            return refuse(
                    packet,
                    ipv6 ? IcmpHeader.V6_UNREACHABLE : IcmpHeader.UNREACHABLE,
                    ipv6 ? IcmpHeader.V6_CODE_NO_ROUTE : IcmpHeader.CODE_NET,
                    0,
                    now);
        }
        int mtu = exit.nic.mtu();
        if (packet.length() <= mtu) {
            depart(exit, aged(packet, ttl), to);
            return true;
        }
        return tooLarge(exit, packet, to, ttl, mtu, now);
    }

    private boolean tooLarge(Port exit, Packet packet, Attachment to, int ttl, int mtu, long now) {
        if (packet.ipv6) {
            // RFC 8200 section 4.5: "unlike with IPv4, fragmentation in IPv6 is performed only by source nodes".
            return refuse(packet, IcmpHeader.V6_PACKET_TOO_BIG, 0, mtu, now);
        }
        int flags = Bytes.u16(packet.bytes, packet.start + Ipv4Header.FLAGS_FRAGMENT);
        boolean options = Ipv4Header.headerLength(packet.bytes, packet.start) > Ipv4Header.MIN_LENGTH;
        // Deviation: a packet with options is not fragmented but refused; no host here sends one.
        if ((flags & Ipv4Header.DONT_FRAGMENT) != 0 || options) {
            // RFC 1191 section 4: "the router MUST include the MTU of that next-hop network".
            return refuse(packet, IcmpHeader.UNREACHABLE, IcmpHeader.CODE_FRAGMENTATION_NEEDED, mtu, now);
        }
        Packet whole = PacketCopies.whole(pool, packet);
        packet.release();
        int data = whole.end - whole.start - Ipv4Header.MIN_LENGTH;
        int step = mtu - Ipv4Header.MIN_LENGTH & ~7;
        int offset = (flags & Ipv4Header.FRAGMENT_OFFSET) << 3;
        for (int at = 0; at < data; at += step) {
            int size = Math.min(step, data - at);
            boolean more = at + size < data || (flags & Ipv4Header.MORE_FRAGMENTS) != 0;
            Packet piece = PacketCopies.part(pool, whole, Ipv4Header.MIN_LENGTH, at, size);
            Bytes.put16(piece.bytes, piece.start + Ipv4Header.TOTAL_LENGTH, Ipv4Header.MIN_LENGTH + size);
            Bytes.put16(
                    piece.bytes,
                    piece.start + Ipv4Header.FLAGS_FRAGMENT,
                    offset + at >>> 3 | (more ? Ipv4Header.MORE_FRAGMENTS : 0));
            depart(exit, aged(piece, ttl), to);
        }
        whole.release();
        return true;
    }

    private boolean refuse(Packet packet, int type, int code, int rest, long now) {
        stack.icmp().sendError(packet, type, code, rest, now);
        return false;
    }

    /// The packet with one hop less to live.
    private Packet aged(Packet packet, int ttl) {
        Packet writable = packet;
        if (packet.chunk != null && packet.bytes == packet.chunk.bytes && !packet.chunk.isExclusive()) {
            writable = PacketCopies.whole(pool, packet);
            packet.release();
        }
        if (writable.ipv6) {
            Bytes.put8(writable.bytes, writable.start + Ipv6Header.HOP_LIMIT, ttl - 1);
        } else {
            Bytes.put8(writable.bytes, writable.start + Ipv4Header.TTL, ttl - 1);
            Carrier.Ipv4.checksum(writable);
        }
        return writable;
    }

    private void depart(Port port, Packet packet, Attachment to) {
        departures.add(new Departure(port, packet, to));
    }

    @Override
    public String toString() {
        return node.name();
    }
}
