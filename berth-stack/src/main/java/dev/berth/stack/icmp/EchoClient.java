package dev.berth.stack.icmp;

import dev.berth.ports.FlowHash;
import dev.berth.stack.endpoint.ReadyQueue;
import dev.berth.stack.ip.IpInput;
import dev.berth.stack.ip.IpOutput;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.ip.Reassembler;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.DropReason;
import dev.berth.wire.IcmpHeader;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The client side of ICMP echo, for IPv4 and IPv6: RFC 1122 section 3.2.2.6, "A host SHOULD also implement an
/// application-layer interface for sending an Echo Request and receiving an Echo Reply, for diagnostic purposes."
///
/// Every user has an [EchoEndpoint] whose identifier is its own, so that "Echo Reply messages MUST be passed to the
/// ICMP user interface" finds the one who asked. A reply counts if it has the identifier and the number of a request
/// that waits, comes from where that went to, and brings the same data; an error counts if it quotes such a request.
/// Identifiers and data cannot be foreseen, so that nobody off the path can make up a reply. Used in the host's
/// critical section only.
public final class EchoClient {
    /// What [#send] returns if no route leads to the destination, or it is not a single host.
    public static final int NO_ROUTE = -1;

    /// What [#send] returns if the packet could not be queued: the interface is down or its queue is full.
    public static final int NOT_SENT = -2;

    /// What [#send] returns for more data than a packet has room for.
    public static final int TOO_LONG = -3;

    private static final int HEADROOM = 64;
    private static final int IDENTIFIERS = 65_536;

    private final IpOutput output;
    private final BufferPool pool;
    private final ReadyQueue ready;
    private final FlowHash secret;
    private final Map<Integer, EchoEndpoint> endpoints = new HashMap<>();
    private long opened;

    EchoClient(IpOutput output, BufferPool pool, ReadyQueue ready, long key) {
        this.output = output;
        this.pool = pool;
        this.ready = ready;
        secret = new FlowHash(key, Long.rotateLeft(key, 32) ^ 0x6563_686f_6563_686fL);
    }

    /// A new user, or null if all 65,536 identifiers are taken. To be closed with [#close].
    public @Nullable EchoEndpoint open() {
        if (endpoints.size() == IDENTIFIERS) {
            return null;
        }
        int identifier = (int) secret.hash64(0, opened++, 0, 0, 0, 0) & 0xffff;
        while (endpoints.containsKey(identifier)) {
            identifier = identifier + 1 & 0xffff;
        }
        EchoEndpoint endpoint = new EchoEndpoint(identifier);
        endpoints.put(identifier, endpoint);
        return endpoint;
    }

    /// Ends the use of `endpoint`; its identifier is free again. Idempotent.
    public void close(EchoEndpoint endpoint) {
        if (!endpoint.closed) {
            endpoint.closed = true;
            endpoints.remove(endpoint.identifier);
            while (endpoint.poll() != null) {
                // nobody will ask for them
            }
        }
    }

    /// Users that are open.
    public int users() {
        return endpoints.size();
    }

    /// Sends an echo request.
    ///
    /// @param hi the upper half of the destination
    /// @param lo the lower half of the destination
    /// @param length octets of data, 0 to the largest message less 8
    /// @param timeToLive 1 to 255; 0 for the default
    /// @return the number of the request, 0 to 65,535, or [#NO_ROUTE], [#NOT_SENT] or [#TOO_LONG]
    public int send(EchoEndpoint endpoint, long hi, long lo, int length, int timeToLive, long now) {
        return sendFrom(endpoint, 0, 0, hi, lo, length, timeToLive, now);
    }

    /// As [#send], from one of the host's own addresses.
    ///
    /// @param sourceHi the upper half of the address
    /// @param sourceLo the lower half; 0 in both for the one that the routes choose
    public int sendFrom(
            EchoEndpoint endpoint,
            long sourceHi,
            long sourceLo,
            long hi,
            long lo,
            int length,
            int timeToLive,
            long now) {
        boolean ipv6 = !IpAddress.isIpv4(hi, lo);
        if (length < 0 || length > Reassembler.largestMessage(ipv6) - IcmpHeader.LENGTH) {
            return TOO_LONG;
        }
        NetInterface nic = output.route(hi, lo);
        var routes = output.routes();
        if (nic == null
                || !IpAddress.isUnicast(hi, lo)
                || routes.addresses().isBroadcast(hi, lo)
                || !routes.sourceFor(hi, lo, nic)) {
            return NO_ROUTE;
        }
        int sequence = endpoint.nextSequence;
        Packet packet = pool.takePacket(HEADROOM + IcmpHeader.LENGTH + length);
        packet.start = HEADROOM;
        packet.transportAt = HEADROOM;
        packet.end = HEADROOM + IcmpHeader.LENGTH + length;
        packet.protocol = ipv6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP;
        packet.ipv6 = ipv6;
        boolean chosen = (sourceHi | sourceLo) == 0;
        packet.sourceHi = chosen ? routes.sourceHi() : sourceHi;
        packet.sourceLo = chosen ? routes.sourceLo() : sourceLo;
        packet.destinationHi = hi;
        packet.destinationLo = lo;
        byte[] bytes = packet.bytes;
        Bytes.put16(bytes, HEADROOM, (ipv6 ? IcmpHeader.V6_ECHO : IcmpHeader.ECHO) << 8);
        Bytes.put16(bytes, HEADROOM + IcmpHeader.CHECKSUM, 0);
        Bytes.put32(bytes, HEADROOM + IcmpHeader.REST, endpoint.identifier << 16 | sequence);
        long data = data(endpoint, sequence);
        for (int i = 0; i < length; i++) {
            bytes[HEADROOM + IcmpHeader.LENGTH + i] = octet(data, i);
        }
        Bytes.put16(bytes, HEADROOM + IcmpHeader.CHECKSUM, Icmp.checksum(packet));
        endpoint.nextSequence = sequence + 1 & 0xffff;
        int at = sequence % EchoEndpoint.OUTSTANDING;
        endpoint.waits[at] = true;
        endpoint.sequences[at] = sequence;
        endpoint.lengths[at] = length;
        endpoint.destinationsHi[at] = hi;
        endpoint.destinationsLo[at] = lo;
        endpoint.sentAt[at] = now;
        if (!output.send(packet, 0, timeToLive, false, now)) {
            endpoint.waits[at] = false;
            return NOT_SENT;
        }
        return sequence;
    }

    /// What the data of a request are made from: nobody can know it who has not seen the request.
    private long data(EchoEndpoint endpoint, int sequence) {
        return secret.hash64(1, endpoint.identifier, sequence, 0, 0, 0);
    }

    private static byte octet(long data, int i) {
        return (byte) ((data >>> (i & 7) * 8) + (i >>> 3));
    }

    /// An echo reply arrived, whose checksum is right; the packet stays the caller's.
    ///
    /// @return [DropReason#ICMP_IGNORED] if nobody waits for it, [DropReason#RECEIVE_BUFFER_FULL], or null
    @Nullable
    DropReason reply(Packet packet, long now) {
        byte[] bytes = packet.bytes;
        int at = packet.transportAt;
        EchoEndpoint endpoint = endpoints.get(Bytes.u16(bytes, at + IcmpHeader.REST));
        int sequence = Bytes.u16(bytes, at + IcmpHeader.REST + 2);
        int place = endpoint == null ? -1 : endpoint.waiting(sequence, packet.sourceHi, packet.sourceLo);
        int length = packet.end - at - IcmpHeader.LENGTH;
        if (endpoint == null || place < 0 || endpoint.lengths[place] != length) {
            return DropReason.ICMP_IGNORED;
        }
        // "Data received in an ICMP Echo Request MUST be entirely included in the resulting Echo Reply."
        long data = data(endpoint, sequence);
        for (int i = 0; i < length; i++) {
            if (bytes[at + IcmpHeader.LENGTH + i] != octet(data, i)) {
                return DropReason.ICMP_IGNORED;
            }
        }
        return answer(endpoint, place, packet.sourceHi, packet.sourceLo, IpInput.ttl(packet), null, now);
    }

    /// An error arrived that quotes an echo request of this host, whose identifier is its local port.
    ///
    /// @return as [#reply]
    @Nullable
    DropReason error(IcmpError error, int timeToLive, long now) {
        EchoEndpoint endpoint = endpoints.get(error.localPort);
        int place = endpoint == null ? -1 : endpoint.waiting(error.sequence, error.remoteHi, error.remoteLo);
        if (endpoint == null || place < 0) {
            return DropReason.ICMP_IGNORED;
        }
        return answer(endpoint, place, error.senderHi, error.senderLo, timeToLive, error.kind, now);
    }

    private @Nullable DropReason answer(
            EchoEndpoint endpoint,
            int place,
            long hi,
            long lo,
            int timeToLive,
            IcmpError.@Nullable Kind error,
            long now) {
        EchoReply answer = new EchoReply(
                endpoint.sequences[place],
                new IpAddress(hi, lo),
                timeToLive,
                endpoint.lengths[place],
                now - endpoint.sentAt[place],
                error);
        if (!endpoint.offer(answer)) {
            return DropReason.RECEIVE_BUFFER_FULL;
        }
        endpoint.waits[place] = false; // a second answer is one too many
        if (endpoint.attachment() != null) {
            ready.add(endpoint);
        }
        return null;
    }
}
