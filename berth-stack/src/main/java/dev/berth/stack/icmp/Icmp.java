package dev.berth.stack.icmp;

import dev.berth.stack.endpoint.ReadyQueue;
import dev.berth.stack.ip.Addresses;
import dev.berth.stack.ip.DropCounters;
import dev.berth.stack.ip.IpInput;
import dev.berth.stack.ip.IpOutput;
import dev.berth.stack.ip.RouteTable;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.DropReason;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IcmpHeader;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import org.jspecify.annotations.Nullable;

/// ICMP (RFC 792, RFC 1122 section 3.2.2) and ICMPv6 (RFC 4443) of one host: answers echo requests, reads errors, and
/// sends errors within the rules and a rate limit.
///
/// [#receive] does not tell a transport about an error, it *returns* the error. Used in the host's critical section
/// only; allocates nothing. Redirects (RFC 1122 section 3.2.2.2), neighbour discovery and router messages are ignored
/// by policy: links here carry IP packets and have no next hops to choose.
public final class Icmp {
    /// Octets of the largest ICMP error for IPv4.
    ///
    /// RFC 1122 section 3.2.2: "Every ICMP error message includes the Internet header and at least the first 8 data
    /// octets of the datagram that triggered the error; more than 8 octets MAY be sent"; RFC 1812 section 4.3.2.3
    /// makes that as much as fits in 576 octets.
    public static final int MAX_ERROR_IPV4 = 576;

    /// Octets of the largest ICMPv6 error, RFC 4443 section 2.4 (c).
    public static final int MAX_ERROR_IPV6 = Ipv6Header.MIN_MTU;

    private final IpOutput output;
    private final RouteTable routes;
    private final Addresses addresses;
    private final BufferPool pool;
    private final DropCounters drops;
    private final RateLimit rateLimit;
    private final EchoClient echo;
    private final EchoRequests requests;
    private final IcmpError error = new IcmpError();
    private long echoesAnswered;
    private long errorsReceived;
    private long errorsSent;

    /// ICMP of the host that sends through `output`.
    ///
    /// @param ready where users of echo requests are queued that got an answer
    /// @param key random bits for the rate limit and for what echo requests carry
    public Icmp(IpOutput output, BufferPool pool, DropCounters drops, ReadyQueue ready, long key) {
        this.output = output;
        this.routes = output.routes();
        this.addresses = routes.addresses();
        this.pool = pool;
        this.drops = drops;
        this.rateLimit = new RateLimit(key);
        this.echo = new EchoClient(output, pool, ready, key);
        this.requests = new EchoRequests(ready);
    }

    /// Takes over a packet that [IpInput] returned with the protocol ICMP or ICMPv6.
    ///
    /// @return an error about a packet of TCP or UDP of this host, valid until the next call; otherwise null
    public @Nullable IcmpError receive(Packet packet, long now) {
        byte[] bytes = packet.bytes;
        int at = packet.transportAt;
        int length = packet.end - at;
        if (length < IcmpHeader.LENGTH) {
            return drop(DropReason.TRUNCATED, packet);
        }
        if (packet.checksum != Packet.CHECKSUM_VERIFIED && checksum(packet) != 0) {
            return drop(DropReason.BAD_TRANSPORT_CHECKSUM, packet);
        }
        int type = Bytes.u8(bytes, at + IcmpHeader.TYPE);
        if (type == (packet.ipv6 ? IcmpHeader.V6_ECHO : IcmpHeader.ECHO)) {
            if (requests.isOpen() && addresses.isOwnByPrefix(packet.destinationHi, packet.destinationLo)) {
                return end(packet, requests.arrived(packet));
            }
            answerEcho(packet, now);
            return null;
        }
        if (type == (packet.ipv6 ? IcmpHeader.V6_ECHO_REPLY : IcmpHeader.ECHO_REPLY)) {
            return end(packet, echo.reply(packet, now));
        }
        error.type = type;
        error.code = Bytes.u8(bytes, at + IcmpHeader.CODE);
        error.ipv6 = packet.ipv6;
        boolean understood = packet.ipv6
                ? error.classifyIpv6() && readIpv6Quote(packet)
                : error.classifyIpv4() && readIpv4Quote(packet);
        if (!understood) {
            // RFC 1122 section 3.2.2: "If an ICMP message of unknown type is received, it MUST be silently
            // discarded." Source Quench too: RFC 6633 section 3, RFC 9293 MUST-55.
            return drop(DropReason.ICMP_IGNORED, packet);
        }
        error.mtu = 0;
        if (error.kind == IcmpError.Kind.PACKET_TOO_BIG) {
            long reported = packet.ipv6 ? Bytes.u32(bytes, at + IcmpHeader.REST) : Bytes.u16(bytes, at + 6);
            error.mtu = (int) Math.min(65_535, reported);
        }
        error.senderHi = packet.sourceHi;
        error.senderLo = packet.sourceLo;
        errorsReceived++;
        if (error.protocol == IpProtocol.ICMP || error.protocol == IpProtocol.ICMPV6) {
            return end(packet, echo.error(error, IpInput.ttl(packet), now));
        }
        packet.release();
        return error;
    }

    /// The end of a packet that was for [EchoClient] or [EchoRequests].
    private @Nullable IcmpError end(Packet packet, @Nullable DropReason reason) {
        if (reason == null) {
            packet.release();
        } else {
            drops.drop(reason, packet);
        }
        return null;
    }

    static int checksum(Packet packet) {
        int length = packet.end - packet.transportAt;
        long sum = InternetChecksum.payloadSum(packet.bytes, packet.transportAt, length);
        if (packet.ipv6) {
            sum += InternetChecksum.pseudoHeaderSum(
                    true,
                    packet.sourceHi,
                    packet.sourceLo,
                    packet.destinationHi,
                    packet.destinationLo,
                    IpProtocol.ICMPV6,
                    length);
        }
        return InternetChecksum.finish(sum);
    }

    /// Turns a request into its reply, in place where nobody else refers to its bytes.
    private void answerEcho(Packet request, long now) {
        // RFC 1122 section 3.2.2.6: "An ICMP Echo Request destined to an IP broadcast or IP multicast address MAY be
        // silently discarded."
        if (!addresses.isOwn(request.destinationHi, request.destinationLo)) {
            drop(DropReason.ICMP_IGNORED, request);
            return;
        }
        int tos = IpInput.tos(request) & ~3; // without the ECN bits, which belong to the request's way
        Packet reply = isOurs(request) ? request : copy(request);
        byte[] bytes = reply.bytes;
        int at = reply.transportAt;
        // RFC 1122 section 3.2.2.6: "The IP source address in an ICMP Echo Reply MUST be the same as the
        // specific-destination address [...] of the corresponding ICMP Echo Request message."
        long hi = reply.sourceHi;
        long lo = reply.sourceLo;
        reply.sourceHi = reply.destinationHi;
        reply.sourceLo = reply.destinationLo;
        reply.destinationHi = hi;
        reply.destinationLo = lo;
        reply.start = at;
        reply.checksum = Packet.CHECKSUM_COMPLETE;
        reply.segmentSize = 0;
        reply.receivedAt = 0;
        // RFC 1122: "Data received in an ICMP Echo Request MUST be entirely included in the resulting Echo Reply."
        // Only the type changes; the checksum with it as RFC 1624 section 3 says: HC' = ~(~HC + ~m + m').
        int before = Bytes.u16(bytes, at);
        Bytes.put8(bytes, at, reply.ipv6 ? IcmpHeader.V6_ECHO_REPLY : IcmpHeader.ECHO_REPLY);
        long sum = (~Bytes.u16(bytes, at + IcmpHeader.CHECKSUM) & 0xffffL) + (~before & 0xffff) + Bytes.u16(bytes, at);
        // Both zeros of one's complement are right unless everything else is 0 too; then only 0xffff is.
        int checksum = InternetChecksum.finish(sum);
        Bytes.put16(bytes, at + IcmpHeader.CHECKSUM, checksum == 0 ? 0xffff : checksum);
        if (output.send(reply, tos, 0, false, now)) {
            echoesAnswered++;
        }
    }

    /// True if the packet's bytes may be changed.
    private static boolean isOurs(Packet packet) {
        return packet.chunk == null || packet.bytes == packet.chunk.bytes && packet.chunk.isExclusive();
    }

    private Packet copy(Packet packet) {
        int length = packet.end - packet.transportAt;
        Packet copy = pool.takePacket(HEADROOM + length);
        System.arraycopy(packet.bytes, packet.transportAt, copy.bytes, HEADROOM, length);
        copy.start = HEADROOM;
        copy.transportAt = HEADROOM;
        copy.end = HEADROOM + length;
        copy.protocol = packet.protocol;
        copy.ipv6 = packet.ipv6;
        copy.sourceHi = packet.sourceHi;
        copy.sourceLo = packet.sourceLo;
        copy.destinationHi = packet.destinationHi;
        copy.destinationLo = packet.destinationLo;
        packet.release();
        return copy;
    }

    private boolean readIpv4Quote(Packet packet) {
        byte[] bytes = packet.bytes;
        int quote = packet.transportAt + IcmpHeader.LENGTH;
        if (quote + Ipv4Header.MIN_LENGTH > packet.end || bytes[quote] >>> 4 != 4) {
            return false;
        }
        int headerLength = Ipv4Header.headerLength(bytes, quote);
        int fragmentOffset = Bytes.u16(bytes, quote + Ipv4Header.FLAGS_FRAGMENT) & Ipv4Header.FRAGMENT_OFFSET;
        if (headerLength < Ipv4Header.MIN_LENGTH || fragmentOffset != 0) {
            return false;
        }
        error.localHi = 0;
        error.localLo = IpAddress.mapped(Bytes.i32(bytes, quote + Ipv4Header.SOURCE));
        error.remoteHi = 0;
        error.remoteLo = IpAddress.mapped(Bytes.i32(bytes, quote + Ipv4Header.DESTINATION));
        error.quotedLength = Bytes.u16(bytes, quote + Ipv4Header.TOTAL_LENGTH);
        int protocol = Bytes.u8(bytes, quote + Ipv4Header.PROTOCOL);
        return readTransport(packet, quote + headerLength, protocol);
    }

    private boolean readIpv6Quote(Packet packet) {
        byte[] bytes = packet.bytes;
        int quote = packet.transportAt + IcmpHeader.LENGTH;
        if (quote + Ipv6Header.LENGTH > packet.end || (bytes[quote] >>> 4 & 0xf) != 6) {
            return false;
        }
        error.localHi = Bytes.i64(bytes, quote + Ipv6Header.SOURCE);
        error.localLo = Bytes.i64(bytes, quote + Ipv6Header.SOURCE + 8);
        error.remoteHi = Bytes.i64(bytes, quote + Ipv6Header.DESTINATION);
        error.remoteLo = Bytes.i64(bytes, quote + Ipv6Header.DESTINATION + 8);
        error.quotedLength = Ipv6Header.LENGTH + Bytes.u16(bytes, quote + Ipv6Header.PAYLOAD_LENGTH);
        long transport = Ipv6Quote.transport(bytes, quote, packet.end);
        return transport >= 0
                && !IpAddress.isIpv4(error.remoteHi, error.remoteLo)
                && readTransport(packet, Ipv6Quote.at(transport), Ipv6Quote.protocol(transport));
    }

    private boolean readTransport(Packet packet, int at, int protocol) {
        // RFC 1122 section 3.2.2: "the IP protocol number MUST be extracted from the original header and used to
        // select the appropriate transport protocol entity to handle the error."
        if (at + 8 > packet.end) {
            return false;
        }
        boolean ping = protocol == (packet.ipv6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP)
                && Bytes.u8(packet.bytes, at) == (packet.ipv6 ? IcmpHeader.V6_ECHO : IcmpHeader.ECHO);
        if (protocol != IpProtocol.TCP && protocol != IpProtocol.UDP && !ping) {
            return false;
        }
        // An error goes to the source of the packet that it quotes; any other one was made up.
        if (error.localHi != packet.destinationHi || error.localLo != packet.destinationLo) {
            return false;
        }
        error.protocol = protocol;
        if (ping) {
            error.localPort = Bytes.u16(packet.bytes, at + IcmpHeader.REST);
            error.remotePort = 0;
            error.sequence = Bytes.u16(packet.bytes, at + IcmpHeader.REST + 2);
            return true;
        }
        error.localPort = Bytes.u16(packet.bytes, at);
        error.remotePort = Bytes.u16(packet.bytes, at + 2);
        error.sequence = protocol == IpProtocol.TCP ? Bytes.i32(packet.bytes, at + 4) : 0;
        return true;
    }

    /// Answers the packet that `input` has refused with an error, if there is one, and releases it. To be called
    /// after every null from [IpInput#accept].
    public void answer(IpInput input, long now) {
        Packet packet = input.takeErroneous();
        if (packet != null) {
            sendError(packet, input.errorType(), input.errorCode(), input.errorRest(), now);
            packet.release();
        }
    }

    /// Ends the reassemblies of `input` whose time is over, and sends Time Exceeded about them.
    public void advance(IpInput input, long now) {
        while (input.advance(now)) {
            answer(input, now);
        }
    }

    /// Sends Port Unreachable about a packet, within the rules of [#sendError].
    public boolean sendPortUnreachable(Packet offending, long now) {
        return offending.ipv6
                ? sendError(offending, IcmpHeader.V6_UNREACHABLE, IcmpHeader.V6_CODE_PORT, 0, now)
                : sendError(offending, IcmpHeader.UNREACHABLE, IcmpHeader.CODE_PORT, 0, now);
    }

    /// Says that what `source` has sent to `destination` cannot be delivered, within the rules of [#sendError]. The
    /// packet is gone; the error quotes headers as it had them.
    ///
    /// @param protocol [IpProtocol#TCP] or [IpProtocol#UDP]
    /// @param sequence of a SYN; without meaning for UDP
    /// @return true if an error was sent
    public boolean sendUnreachable(
            Unreachable what, int protocol, Endpoint source, Endpoint destination, int sequence, long now) {
        return sendReport(IcmpReport.of(what.kind), protocol, source, destination, sequence, now);
    }

    /// Says what became of something that `source` has sent to `destination`, as [#sendUnreachable].
    ///
    /// @param protocol [IpProtocol#TCP], [IpProtocol#UDP], or [IpProtocol#ICMP] for an echo request of either family,
    ///     whose identifier is the port of `source`
    /// @param sequence of a SYN or an echo request
    public boolean sendReport(
            IcmpReport report, int protocol, Endpoint source, Endpoint destination, int sequence, long now) {
        Packet lost = LostPacket.of(pool, protocol, source, destination, sequence);
        int typeAndCode = report.typeAndCode(lost.ipv6);
        IpAddress from = report.reporter();
        if (from == null || from.isIpv4() == lost.ipv6 || !addresses.isOwn(from.hi(), from.lo())) {
            from = destination.address();
        }
        boolean sent = sendError(lost, typeAndCode >>> 8, typeAndCode & 0xff, report.mtu(), from.hi(), from.lo(), now);
        lost.release();
        return sent;
    }

    /// Answers an echo request in place of the one that was asked: RFC 1122 section 3.2.2.6, "Data received in an ICMP
    /// Echo Request MUST be entirely included in the resulting Echo Reply."
    ///
    /// @return false if the reply could not be queued
    public boolean sendEchoReply(EchoRequest request, long now) {
        byte[] data = request.data();
        Packet reply = pool.takePacket(HEADROOM + IcmpHeader.LENGTH + data.length);
        byte[] bytes = reply.bytes;
        reply.start = HEADROOM;
        reply.transportAt = HEADROOM;
        reply.end = HEADROOM + IcmpHeader.LENGTH + data.length;
        reply.ipv6 = !request.source().isIpv4();
        reply.protocol = reply.ipv6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP;
        reply.sourceHi = request.destination().hi();
        reply.sourceLo = request.destination().lo();
        reply.destinationHi = request.source().hi();
        reply.destinationLo = request.source().lo();
        Bytes.put16(bytes, HEADROOM, (reply.ipv6 ? IcmpHeader.V6_ECHO_REPLY : IcmpHeader.ECHO_REPLY) << 8);
        Bytes.put16(bytes, HEADROOM + IcmpHeader.CHECKSUM, 0);
        Bytes.put32(bytes, HEADROOM + IcmpHeader.REST, request.identifier() << 16 | request.sequence());
        System.arraycopy(data, 0, bytes, HEADROOM + IcmpHeader.LENGTH, data.length);
        Bytes.put16(bytes, HEADROOM + IcmpHeader.CHECKSUM, checksum(reply));
        return output.send(reply, 0, 0, false, now);
    }

    static int identifier(Packet echo) {
        return Bytes.u16(echo.bytes, echo.transportAt + IcmpHeader.REST);
    }

    static int sequence(Packet echo) {
        return Bytes.u16(echo.bytes, echo.transportAt + IcmpHeader.REST + 2);
    }

    /// Sends an error about a packet that this host received, unless a rule forbids it or the rate limit does
    /// ([DropReason#RATE_LIMITED]). The packet has its IP header at `start`, and stays the caller's.
    ///
    /// @param type the ICMP or ICMPv6 type, by the packet's family
    /// @param rest the 32 bits behind the checksum
    /// @return true if an error was sent
    public boolean sendError(Packet offending, int type, int code, int rest, long now) {
        return sendError(offending, type, code, rest, offending.destinationHi, offending.destinationLo, now);
    }

    /// @param fromHi the upper half of the source of the error, if it is an address of this host
    /// @param fromLo the lower half
    private boolean sendError(Packet offending, int type, int code, int rest, long fromHi, long fromLo, long now) {
        if (!mayAnswer(offending, type, code)) {
            return false;
        }
        boolean toSelf = addresses.isOwn(offending.sourceHi, offending.sourceLo)
                && !addresses.isOwnByPrefix(offending.sourceHi, offending.sourceLo);
        if (!toSelf && !rateLimit.allows(offending.sourceHi, offending.sourceLo, now)) {
            drops.count(DropReason.RATE_LIMITED);
            return false;
        }
        boolean ipv6 = offending.ipv6;
        long sourceHi = fromHi;
        long sourceLo = fromLo;
        if (!addresses.isOwn(sourceHi, sourceLo)) {
            var nic = output.route(offending.sourceHi, offending.sourceLo);
            if (nic == null || !routes.sourceFor(offending.sourceHi, offending.sourceLo, nic)) {
                return false;
            }
            sourceHi = routes.sourceHi();
            sourceLo = routes.sourceLo();
        }
        Packet packet = pool.takePacket(HEADROOM + MAX_ERROR_IPV6);
        packet.start = HEADROOM;
        packet.transportAt = HEADROOM;
        packet.protocol = ipv6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP;
        packet.ipv6 = ipv6;
        packet.sourceHi = sourceHi;
        packet.sourceLo = sourceLo;
        packet.destinationHi = offending.sourceHi;
        packet.destinationLo = offending.sourceLo;
        byte[] bytes = packet.bytes;
        Bytes.put16(bytes, HEADROOM, type << 8 | code);
        Bytes.put16(bytes, HEADROOM + IcmpHeader.CHECKSUM, 0);
        Bytes.put32(bytes, HEADROOM + IcmpHeader.REST, rest);
        packet.end = HEADROOM + IcmpHeader.LENGTH;
        // RFC 4443 section 2.4 (c): "Every ICMPv6 error message (type < 128) MUST include as much of the IPv6
        // offending (invoking) packet [...] as possible without making the error message packet exceed the minimum
        // IPv6 MTU". RFC 1122 section 3.2.2: "this header and data MUST be unchanged from the received datagram."
        int room = ipv6
                ? MAX_ERROR_IPV6 - Ipv6Header.LENGTH - IcmpHeader.LENGTH
                : MAX_ERROR_IPV4 - Ipv4Header.MIN_LENGTH - IcmpHeader.LENGTH;
        quote(offending, packet, room);
        Bytes.put16(bytes, HEADROOM + IcmpHeader.CHECKSUM, checksum(packet));
        // RFC 1122 section 3.2.2: "An ICMP error message SHOULD be sent with normal (i.e., zero) TOS bits."
        if (output.send(packet, 0, 0, false, now)) {
            errorsSent++;
            return true;
        }
        return false;
    }

    private static void quote(Packet offending, Packet packet, int room) {
        int head = Math.min(room, offending.end - offending.start);
        System.arraycopy(offending.bytes, offending.start, packet.bytes, packet.end, head);
        packet.end += head;
        int tail = Math.min(room - head, offending.tailLength());
        if (tail > 0 && offending.chunk != null) {
            System.arraycopy(offending.chunk.bytes, offending.tailStart, packet.bytes, packet.end, tail);
            packet.end += tail;
        }
    }

    /// RFC 1122 section 3.2.2: "An ICMP error message MUST NOT be sent as the result of receiving:" and RFC 4443
    /// section
    /// 2.4 (e): "An ICMPv6 error message MUST NOT be originated as a result of receiving the following:".
    private boolean mayAnswer(Packet offending, int type, int code) {
        // "a datagram whose source address does not define a single host -- e.g., a zero address, a loopback address,
        // a broadcast address, a multicast address, or a Class E address." A loopback source is this host itself:
        // IpInput accepts none from outside.
        if (!IpAddress.isUnicast(offending.sourceHi, offending.sourceLo)
                || addresses.isBroadcast(offending.sourceHi, offending.sourceLo)) {
            return false;
        }
        boolean toMany = addresses.isBroadcastOrMulticast(offending.destinationHi, offending.destinationLo);
        return offending.ipv6 ? mayAnswerIpv6(offending, toMany, type, code) : mayAnswerIpv4(offending, toMany);
    }

    private static boolean mayAnswerIpv4(Packet offending, boolean toMany) {
        byte[] bytes = offending.bytes;
        int at = offending.start;
        // "a datagram destined to an IP broadcast or IP multicast address, or [...] a non-initial fragment, or"
        if (toMany || (Bytes.u16(bytes, at + Ipv4Header.FLAGS_FRAGMENT) & Ipv4Header.FRAGMENT_OFFSET) != 0) {
            return false;
        }
        // "an ICMP error message, or"
        if (Bytes.u8(bytes, at + Ipv4Header.PROTOCOL) != IpProtocol.ICMP) {
            return true;
        }
        int typeAt = at + Ipv4Header.headerLength(bytes, at);
        int type = typeAt < offending.end ? Bytes.u8(bytes, typeAt) : IcmpHeader.UNREACHABLE;
        return switch (type) {
            case IcmpHeader.UNREACHABLE,
                    IcmpHeader.SOURCE_QUENCH,
                    IcmpHeader.REDIRECT,
                    IcmpHeader.TIME_EXCEEDED,
                    IcmpHeader.PARAMETER_PROBLEM -> false;
            default -> true;
        };
    }

    private static boolean mayAnswerIpv6(Packet offending, boolean toMany, int type, int code) {
        // "(e.3) A packet destined to an IPv6 multicast address. (There are two exceptions to this rule: (1) the
        // Packet Too Big Message [...], and (2) the Parameter Problem Message, Code 2".
        boolean exception =
                type == IcmpHeader.V6_PACKET_TOO_BIG || type == IcmpHeader.V6_PARAMETER_PROBLEM && code == 2;
        if (toMany && !exception) {
            return false;
        }
        // "(e.1) An ICMPv6 error message. (e.2) An ICMPv6 redirect message".
        long transport = Ipv6Quote.transport(offending.bytes, offending.start, offending.end);
        if (transport < 0 || Ipv6Quote.protocol(transport) != IpProtocol.ICMPV6) {
            return true;
        }
        int at = Ipv6Quote.at(transport);
        int quoted = at < offending.end ? Bytes.u8(offending.bytes, at) : 0;
        return quoted >= IcmpHeader.V6_ECHO && quoted != IcmpHeader.V6_REDIRECT;
    }

    private @Nullable IcmpError drop(DropReason reason, Packet packet) {
        drops.drop(reason, packet);
        return null;
    }

    /// The client side of echo.
    public EchoClient echo() {
        return echo;
    }

    /// Echo requests that somebody else answers.
    public EchoRequests requests() {
        return requests;
    }

    /// Echo requests answered.
    public long echoesAnswered() {
        return echoesAnswered;
    }

    /// Errors received about packets of this host.
    public long errorsReceived() {
        return errorsReceived;
    }

    /// Errors sent.
    public long errorsSent() {
        return errorsSent;
    }

    private static final int HEADROOM = 64;
}
