package dev.berth.stack.udp;

import dev.berth.ports.Flow;
import dev.berth.ports.PortBinding;
import dev.berth.ports.PortTable;
import dev.berth.stack.endpoint.ReadyQueue;
import dev.berth.stack.icmp.Icmp;
import dev.berth.stack.ip.Addresses;
import dev.berth.stack.ip.DropCounters;
import dev.berth.stack.ip.NetInterface;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.Chunk;
import dev.berth.wire.DropReason;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import dev.berth.wire.UdpHeader;
import org.jspecify.annotations.Nullable;

/// The way of a datagram from IP to the receive queue of the endpoint that owns its port.
final class UdpInput {
    private static final int PACKET_COST = 256;

    private final PortTable<UdpEndpoint> ports;
    private final Addresses addresses;
    private final Icmp icmp;
    private final BufferPool pool;
    private final DropCounters drops;
    private final ReadyQueue ready;
    private long delivered;

    // Whom the last datagram to a single owner went to: the next one is often for the same.
    private @Nullable UdpEndpoint lastOwner;
    private int lastChanges;
    private int lastVersion;
    private int lastPorts;
    private long lastSourceHi;
    private long lastSourceLo;
    private long lastDestinationHi;
    private long lastDestinationLo;

    // The same for the last stream of which datagrams came beside the critical section
    private long lastStream;
    private @Nullable UdpEndpoint streamOwner;
    private @Nullable NetInterface streamNic;
    private int streamChanges;
    private int streamVersion;

    UdpInput(
            PortTable<UdpEndpoint> ports,
            Addresses addresses,
            Icmp icmp,
            BufferPool pool,
            DropCounters drops,
            ReadyQueue ready) {
        this.ports = ports;
        this.addresses = addresses;
        this.icmp = icmp;
        this.pool = pool;
        this.drops = drops;
        this.ready = ready;
    }

    /// See [Udp#receive].
    void receive(Packet packet, long now) {
        byte[] bytes = packet.bytes;
        int at = packet.transportAt;
        int available = packet.length() - (at - packet.start);
        if (packet.end - at < UdpHeader.LENGTH) {
            drops.drop(DropReason.TRUNCATED, packet);
            return;
        }
        // RFC 768: "Length is the length in octets of this user datagram including this header and the data. (This
        // means the minimum value of the length is eight.)"
        int length = Bytes.u16(bytes, at + UdpHeader.DATAGRAM_LENGTH);
        if (length < UdpHeader.LENGTH) {
            drops.drop(DropReason.BAD_TRANSPORT_HEADER, packet);
            return;
        }
        if (length > available) {
            drops.drop(DropReason.TRUNCATED, packet);
            return;
        }
        if (length < available) {
            trim(packet, length);
        }
        if (!isChecksumRight(packet, length)) {
            // RFC 1122 section 4.1.3.4: "If a UDP datagram is received with a checksum that is non-zero and invalid,
            // UDP MUST silently discard the datagram."
            drops.drop(DropReason.BAD_TRANSPORT_CHECKSUM, packet);
            return;
        }
        int sourcePort = Bytes.u16(bytes, at + UdpHeader.SOURCE_PORT);
        int destinationPort = Bytes.u16(bytes, at + UdpHeader.DESTINATION_PORT);
        if (destinationPort == 0) {
            drops.drop(DropReason.PORT_ZERO, packet);
            return;
        }
        UdpEndpoint recent = recentOwner(packet, sourcePort << 16 | destinationPort);
        if (recent != null) {
            deliver(recent, packet);
            return;
        }
        boolean toMany = IpAddress.isMulticast(packet.destinationHi, packet.destinationLo)
                || !packet.ipv6 && addresses.isBroadcast(packet.destinationHi, packet.destinationLo);
        if (toMany) {
            deliverToAll(packet, sourcePort, destinationPort);
            return;
        }
        UdpEndpoint owner = owner(packet, sourcePort, destinationPort);
        if (owner == null) {
            // RFC 1122 section 4.1.3.1: "If a datagram arrives addressed to a UDP port for which there is no pending
            // LISTEN call, UDP SHOULD send an ICMP Port Unreachable message."
            icmp.sendPortUnreachable(packet, now);
            drops.drop(DropReason.NO_PORT_OWNER, packet);
            return;
        }
        remember(owner, packet, sourcePort << 16 | destinationPort);
        deliver(owner, packet);
    }

    /// Who owns the port that the datagram is for, if the last one was between the same ends and this one needs no
    /// look at its length and checksum: it was built by a host of this JVM, and nobody has changed it since.
    @Nullable
    UdpEndpoint ownerAgain(Packet packet) {
        if (packet.protocol != IpProtocol.UDP || packet.checksum == Packet.CHECKSUM_COMPLETE) {
            return null;
        }
        byte[] bytes = packet.bytes;
        int at = packet.transportAt;
        int sourcePort = Bytes.u16(bytes, at + UdpHeader.SOURCE_PORT);
        return recentOwner(packet, sourcePort << 16 | Bytes.u16(bytes, at + UdpHeader.DESTINATION_PORT));
    }

    /// Who owns the port that a datagram of the last [#rememberStream] is for, while nothing has changed since.
    @Nullable
    UdpEndpoint ownerOfStream(Packet packet, NetInterface nic) {
        return packet.stream == lastStream
                        && nic == streamNic
                        && ports.changes() == streamChanges
                        && addresses.version() == streamVersion
                ? streamOwner
                : null;
    }

    /// Whatever comes in the stream of this datagram through `nic` is for `owner` too.
    void rememberStream(UdpEndpoint owner, Packet packet, NetInterface nic) {
        lastStream = packet.stream;
        streamOwner = packet.stream == 0 ? null : owner;
        streamNic = nic;
        streamChanges = ports.changes();
        streamVersion = addresses.version();
    }

    private @Nullable UdpEndpoint recentOwner(Packet packet, int bothPorts) {
        return bothPorts == lastPorts
                        && packet.sourceLo == lastSourceLo
                        && packet.destinationLo == lastDestinationLo
                        && packet.sourceHi == lastSourceHi
                        && packet.destinationHi == lastDestinationHi
                        && ports.changes() == lastChanges
                        && addresses.version() == lastVersion
                ? lastOwner
                : null;
    }

    private void remember(UdpEndpoint owner, Packet packet, int bothPorts) {
        lastOwner = owner;
        lastChanges = ports.changes();
        lastVersion = addresses.version();
        lastPorts = bothPorts;
        lastSourceHi = packet.sourceHi;
        lastSourceLo = packet.sourceLo;
        lastDestinationHi = packet.destinationHi;
        lastDestinationLo = packet.destinationLo;
    }

    /// Cuts off what the IP datagram holds behind the UDP datagram.
    private static void trim(Packet packet, int length) {
        int head = packet.end - packet.transportAt;
        if (length < head) {
            packet.end = packet.transportAt + length;
            packet.tailEnd = packet.tailStart;
        } else {
            packet.tailEnd = packet.tailStart + length - head;
        }
    }

    private static boolean isChecksumRight(Packet packet, int length) {
        if (packet.checksum != Packet.CHECKSUM_COMPLETE) {
            return true; // verified by the link, or never left memory
        }
        byte[] bytes = packet.bytes;
        int at = packet.transportAt;
        if (Bytes.u16(bytes, at + UdpHeader.CHECKSUM) == 0) {
            // RFC 768: "An all zero transmitted checksum value means that the transmitter generated no checksum".
            // RFC 8200 section 8.1: "IPv6 receivers must discard UDP packets containing a zero checksum".
            return !packet.ipv6;
        }
        long sum = InternetChecksum.pseudoHeaderSum(
                packet.ipv6,
                packet.sourceHi,
                packet.sourceLo,
                packet.destinationHi,
                packet.destinationLo,
                IpProtocol.UDP,
                length);
        sum += InternetChecksum.headerSum(bytes, at, UdpHeader.LENGTH);
        int head = packet.end - at - UdpHeader.LENGTH;
        sum += InternetChecksum.payloadSum(bytes, at + UdpHeader.LENGTH, head);
        Chunk chunk = packet.chunk;
        if (packet.tailLength() > 0 && chunk != null) {
            int tail = InternetChecksum.fold(
                    InternetChecksum.payloadSum(chunk.bytes, packet.tailStart, packet.tailLength()));
            // Behind an odd number of octets the tail's octets are the other halves of their words (RFC 1071).
            sum += (head & 1) == 0 ? tail : (tail & 0xff) << 8 | tail >>> 8;
        }
        return InternetChecksum.finish(sum) == 0;
    }

    private @Nullable UdpEndpoint owner(Packet packet, int sourcePort, int destinationPort) {
        Flow flow = ports.lookup(
                packet.destinationHi,
                packet.destinationLo,
                destinationPort,
                packet.sourceHi,
                packet.sourceLo,
                sourcePort);
        if (flow instanceof UdpEndpoint connected) {
            return connected;
        }
        return ports.lookupListener(
                packet.destinationHi,
                packet.destinationLo,
                destinationPort,
                packet.sourceHi,
                packet.sourceLo,
                sourcePort);
    }

    /// Gives the datagram to everybody bound to the port who hears it: copies that refer to the same octets, and to the
    /// last the packet itself.
    private void deliverToAll(Packet packet, int sourcePort, int destinationPort) {
        long hi = packet.destinationHi;
        long lo = packet.destinationLo;
        UdpEndpoint next = null;
        PortBinding<UdpEndpoint> binding = ports.firstCovering(hi, lo, destinationPort);
        for (; binding != null; binding = ports.nextCovering(binding, hi, lo)) {
            UdpEndpoint endpoint = hearing(binding, packet, sourcePort);
            if (endpoint != null) {
                if (next != null) {
                    deliver(next, copyOf(packet));
                }
                next = endpoint;
            }
        }
        if (next == null) {
            // RFC 1122 section 3.2.2: no ICMP error answers a broadcast or multicast.
            drops.drop(DropReason.NO_PORT_OWNER, packet);
        } else {
            deliver(next, packet);
        }
    }

    /// The endpoint of a binding if it wants the datagram. As on Linux, a connected one has its local address as its
    /// only address and is not here, unless it was bound to the group itself: then it hears its remote end.
    private static @Nullable UdpEndpoint hearing(PortBinding<UdpEndpoint> binding, Packet packet, int sourcePort) {
        UdpEndpoint endpoint = binding.listener();
        if (endpoint == null || endpoint.isConnected() && !isFromRemote(endpoint, packet, sourcePort)) {
            return null;
        }
        boolean heard = !IpAddress.isMulticast(packet.destinationHi, packet.destinationLo)
                || endpoint.memberships.hears(
                        packet.destinationHi,
                        packet.destinationLo,
                        packet.sourceHi,
                        packet.sourceLo,
                        packet.via,
                        endpoint.multicastAll());
        return heard ? endpoint : null;
    }

    private static boolean isFromRemote(UdpEndpoint endpoint, Packet packet, int sourcePort) {
        return endpoint.remoteLo() == packet.sourceLo
                && endpoint.remoteHi() == packet.sourceHi
                && endpoint.remotePort() == sourcePort;
    }

    /// A packet with headers of its own that refers to the octets of the data; with a copy of all if they are few.
    private Packet copyOf(Packet packet) {
        int length = packet.length();
        int headers = packet.transportAt - packet.start + UdpHeader.LENGTH;
        Chunk chunk = packet.chunk;
        Packet copy;
        if (chunk == null || length <= Packet.HEADER_ROOM) {
            copy = length <= Packet.HEADER_ROOM ? pool.takePacket() : pool.takePacket(length);
            packet.copyTo(copy.bytes, 0);
            copy.end = length;
        } else if (headers > Packet.HEADER_ROOM
                || length <= BufferPool.SMALL && chunk.bytes.length > BufferPool.SMALL
                || packet.bytes != chunk.bytes && packet.end - packet.start > headers) {
            copy = pool.takePacket(length);
            packet.copyTo(copy.bytes, 0);
            copy.end = length;
        } else {
            copy = pool.takePacket();
            System.arraycopy(packet.bytes, packet.start, copy.bytes, 0, headers);
            copy.end = headers;
            int from = packet.bytes == chunk.bytes ? packet.start + headers : packet.tailStart;
            copy.setTail(chunk, from, length - headers);
        }
        copy.start = 0;
        describe(copy, packet);
        return copy;
    }

    private static void describe(Packet copy, Packet packet) {
        copy.transportAt = packet.transportAt - packet.start;
        copy.protocol = packet.protocol;
        copy.ipv6 = packet.ipv6;
        copy.sourceHi = packet.sourceHi;
        copy.sourceLo = packet.sourceLo;
        copy.destinationHi = packet.destinationHi;
        copy.destinationLo = packet.destinationLo;
        copy.via = packet.via;
    }

    void deliver(UdpEndpoint owner, Packet packet) {
        Packet kept = compact(packet);
        boolean wasReadable = owner.isReadable();
        if (!owner.offer(kept, cost(kept))) {
            drops.drop(DropReason.RECEIVE_BUFFER_FULL, kept);
            return;
        }
        delivered++;
        if (!wasReadable) {
            ready.add(owner);
        }
    }

    /// Moves a datagram that is small relative to the chunk it arrived in, so that it does not hold that memory.
    private Packet compact(Packet packet) {
        int length = packet.length();
        Chunk chunk = packet.chunk;
        if (chunk == null || packet.bytes != chunk.bytes) {
            return packet;
        }
        Packet copy;
        if (length <= Packet.HEADER_ROOM) {
            copy = pool.takePacket();
        } else if (length <= BufferPool.SMALL && chunk.bytes.length > BufferPool.SMALL) {
            copy = pool.takePacket(length);
        } else {
            return packet;
        }
        packet.copyTo(copy.bytes, 0);
        copy.start = 0;
        copy.end = length;
        describe(copy, packet);
        packet.release();
        return copy;
    }

    /// Octets of memory that a datagram in a receive queue counts for: what it refers to, or its whole chunk if that
    /// is a small one, or a fair part of a large one.
    static int cost(Packet packet) {
        Chunk chunk = packet.chunk;
        if (chunk == null || packet.bytes != chunk.bytes) {
            return PACKET_COST + packet.length();
        }
        return PACKET_COST
                + (chunk.bytes.length <= BufferPool.SMALL
                        ? BufferPool.SMALL
                        : Math.max(packet.length(), chunk.bytes.length / 4));
    }

    /// Datagrams put in receive queues.
    long delivered() {
        return delivered;
    }
}
