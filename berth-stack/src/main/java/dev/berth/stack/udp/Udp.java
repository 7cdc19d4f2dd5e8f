package dev.berth.stack.udp;

import dev.berth.ports.Flow;
import dev.berth.ports.PortAge;
import dev.berth.ports.PortBinding;
import dev.berth.ports.PortSharing;
import dev.berth.ports.PortTable;
import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.endpoint.ByteSink;
import dev.berth.stack.endpoint.ByteSource;
import dev.berth.stack.endpoint.ReadyQueue;
import dev.berth.stack.icmp.Icmp;
import dev.berth.stack.icmp.IcmpError;
import dev.berth.stack.ip.Addresses;
import dev.berth.stack.ip.DropCounters;
import dev.berth.stack.ip.IpInput;
import dev.berth.stack.ip.IpOutput;
import dev.berth.stack.ip.NetInterface;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import dev.berth.wire.UdpHeader;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// UDP of one host (RFC 768, RFC 1122 section 4.1): takes datagrams from IP to the endpoint that owns their port, and
/// carries out the calls of the endpoints' users.
///
/// Calls return [#OK], a number of octets, or one of the negative constants here; a port that cannot be had is the
/// [PortUnavailableException] of the port table. Used in the host's critical section only; per datagram nothing is
/// allocated in steady state. A datagram to a multicast group or a broadcast address goes to everybody who is bound to
/// its port and hears it ([UdpGroups]). Not supported: IP options from and to users (RFC 1122 section 4.1.3.2).
public final class Udp {
    /// Done.
    public static final int OK = 0;
    /// Nothing to receive now.
    public static final int WOULD_BLOCK = -1;
    /// The endpoint is closed.
    public static final int CLOSED = -2;
    /// No remote end: neither given nor connected (`EDESTADDRREQ`).
    public static final int NOT_CONNECTED = -3;
    /// An address or port that cannot be used here (`EADDRNOTAVAIL`, `EINVAL`): not one of the host, of another
    /// family, or port 0.
    public static final int BAD_ADDRESS = -4;
    /// No route to the destination, or no source address for it (`ENETUNREACH`).
    public static final int NO_ROUTE = -5;
    /// The datagram is larger than UDP or the path allows (`EMSGSIZE`).
    public static final int MESSAGE_TOO_LONG = -6;
    /// A broadcast without permission (`EACCES`).
    public static final int PERMISSION_DENIED = -7;
    /// An earlier datagram of the connected endpoint was answered with Port Unreachable (`ECONNREFUSED`).
    public static final int PORT_UNREACHABLE = -8;
    /// The remote host does not speak UDP (`ENOPROTOOPT`).
    public static final int PROTOCOL_UNREACHABLE = -9;
    /// Somebody on the way prohibits it (`EHOSTUNREACH`).
    public static final int PROHIBITED = -10;

    /// Octets of data in the largest datagram over IPv4.
    public static final int MAX_DATA_IPV4 = 65_535 - Ipv4Header.MIN_LENGTH - UdpHeader.LENGTH;
    /// Octets of data in the largest datagram over IPv6.
    public static final int MAX_DATA_IPV6 = 65_535 - UdpHeader.LENGTH;

    private final PortTable<UdpEndpoint> ports;
    private final UdpInput input;
    private final IpOutput output;
    private final Addresses addresses;
    private final BufferPool pool;
    private final ReadyQueue ready;
    private final UdpGroups groups;
    private final DatagramWriter writer;

    private long datagramsOut; // through the critical section
    private final List<NetInterface> beside = new ArrayList<>(1); // interfaces with a lane
    private int sourcePort; // of the datagram that is being sent by an endpoint that has every port
    private final SourceChoice sources;

    /// UDP with the ports of `ports`, which it alone uses.
    ///
    /// @param pool where memory for datagrams is taken from
    /// @param ready where endpoints are put whose readiness changed
    public Udp(
            PortTable<UdpEndpoint> ports,
            IpOutput output,
            Icmp icmp,
            BufferPool pool,
            DropCounters drops,
            ReadyQueue ready) {
        this.ports = ports;
        this.output = output;
        this.addresses = output.routes().addresses();
        this.pool = pool;
        this.input = new UdpInput(ports, addresses, icmp, pool, drops, ready);
        this.groups = new UdpGroups(addresses);
        this.sources = new SourceChoice(output);
        this.writer = new DatagramWriter(pool);
        this.ready = ready;
    }

    /// Takes over a packet that [IpInput] returned with the protocol UDP, and queues it at the endpoint that owns its
    /// port or drops it; an unowned port is answered with Port Unreachable.
    public void receive(Packet packet, long now) {
        input.receive(packet, now);
    }

    /// Takes over a datagram that a host of this JVM has built and nobody has changed since, if the last one that came
    /// through `nic` was between the same ends. It needs no time and answers nothing.
    ///
    /// @return false if nothing was done: it has to go the whole way
    public boolean receiveAgain(IpInput ip, NetInterface nic, Packet packet) {
        UdpEndpoint owner = input.ownerOfStream(packet, nic);
        if (owner == null) {
            owner = input.ownerAgain(packet);
            if (owner == null || !ip.acceptsAgain(nic, packet)) {
                return false;
            }
            input.rememberStream(owner, packet, nic);
        }
        ip.countAgain(nic, packet);
        input.deliver(owner, packet);
        return true;
    }

    /// A new endpoint, unbound.
    ///
    /// @param ipv4Only its wildcard is 0.0.0.0; otherwise it is `::`, which covers IPv4 too
    public UdpEndpoint open(boolean ipv4Only) {
        return new UdpEndpoint(ipv4Only);
    }

    /// Binds an endpoint to a local address, or wildcard, and a port; port 0 lets the port table choose.
    ///
    /// @param sharing flags of [PortSharing]
    /// @param now the time, for the age of the socket; [PortAge#UNKNOWN] for no age
    /// @return [#OK], [#CLOSED], or [#BAD_ADDRESS] if the address is not one of the host
    /// @throws PortUnavailableException if the port is held, forbidden, or none is left
    /// @throws IllegalStateException if the endpoint is bound already
    public int bind(UdpEndpoint endpoint, long hi, long lo, int port, int sharing, long now)
            throws PortUnavailableException {
        int result = checkBind(endpoint, hi, lo);
        if (result != OK) {
            return result;
        }
        PortBinding<UdpEndpoint> binding = ports.bind(hi, lo, port, sharing, endpoint.portRange, owner(endpoint), now);
        try {
            ports.listen(binding, endpoint, now);
        } catch (PortUnavailableException e) {
            ports.close(binding);
            throw e;
        }
        endpoint.binding = binding;
        endpoint.setTuple(hi, lo, binding.port(), 0, 0, 0);
        endpoint.openedAt = now;
        return OK;
    }

    /// Binds an endpoint, by somebody without a clock: it has no age. Otherwise as the other `bind`.
    ///
    /// @throws PortUnavailableException if the port is held, forbidden, or none is left
    public int bind(UdpEndpoint endpoint, long hi, long lo, int port, int sharing) throws PortUnavailableException {
        return bind(endpoint, hi, lo, port, sharing, PortAge.UNKNOWN);
    }

    /// Binds an endpoint to every port of every address that nobody else is bound to ([PortTable#bindEveryPort]): it
    /// receives what would be answered with Port Unreachable, and sends by the [#send] that is told where from.
    ///
    /// @throws IllegalStateException if the endpoint is bound, or another has every port already
    public void bindEveryPort(UdpEndpoint endpoint, long now) throws PortUnavailableException {
        if (endpoint.closed || endpoint.isBound()) {
            throw new IllegalStateException("Closed or bound: " + endpoint);
        }
        PortBinding<UdpEndpoint> binding = ports.bindEveryPort(owner(endpoint), now);
        ports.listen(binding, endpoint, now);
        endpoint.binding = binding;
        endpoint.everyPort = true;
        endpoint.openedAt = now;
    }

    /// Whom messages name as the holder of the port.
    private static Object owner(UdpEndpoint endpoint) {
        Object attachment = endpoint.attachment();
        return attachment == null ? endpoint : attachment;
    }

    /// Binds an endpoint to an address but not yet to a port (RFC 6056 section 3.5, "lazy binding"): a connect chooses
    /// one that is free towards the remote end, a send without a connect one that nobody uses.
    ///
    /// @return as [#bind]
    public int bindLate(UdpEndpoint endpoint, long hi, long lo, int sharing) {
        int result = checkBind(endpoint, hi, lo);
        if (result == OK) {
            endpoint.late = true;
            endpoint.lateHi = hi;
            endpoint.lateLo = lo;
            endpoint.lateSharing = sharing;
            resetTuple(endpoint);
        }
        return result;
    }

    private int checkBind(UdpEndpoint endpoint, long hi, long lo) {
        if (endpoint.closed) {
            return CLOSED;
        }
        if (endpoint.isBound()) {
            throw new IllegalStateException("The endpoint is bound already: " + endpoint);
        }
        // RFC 1122 section 4.1.3.6: "When a host sends a UDP datagram, the source address MUST be (one of) the IP
        // address(es) of the host." A broadcast or multicast address may be bound to, for receiving only.
        boolean known = IpAddress.isUnspecified(hi, lo)
                || IpAddress.isMulticast(hi, lo)
                || addresses.kind(hi, lo) != Addresses.FOREIGN;
        return known && (!endpoint.ipv4Only || IpAddress.isIpv4(hi, lo)) ? OK : BAD_ADDRESS;
    }

    private int bindAnywhere(UdpEndpoint endpoint, int port, long now) throws PortUnavailableException {
        if (endpoint.late) {
            return bind(endpoint, endpoint.lateHi, endpoint.lateLo, port, endpoint.lateSharing, now);
        }
        IpAddress any = endpoint.ipv4Only ? IpAddress.ANY_IPV4 : IpAddress.ANY_IPV6;
        return bind(endpoint, any.hi(), any.lo(), port, PortSharing.EXCLUSIVE, now);
    }

    /// Connects an endpoint: it sends to this remote end, receives from it alone, and learns of ICMP errors. One
    /// that was connected before keeps its local port if that is free towards the new remote end. What is in its
    /// receive queue stays there.
    ///
    /// @return [#OK], [#CLOSED], [#BAD_ADDRESS], [#NO_ROUTE] or [#PERMISSION_DENIED] (a broadcast address)
    /// @throws PortUnavailableException if another flow has the same ends or no port is left; nothing changed then
    public int connect(UdpEndpoint endpoint, long hi, long lo, int port, long now) throws PortUnavailableException {
        if (endpoint.closed) {
            return CLOSED;
        }
        if (port == 0) {
            return BAD_ADDRESS;
        }
        // As on kernels, a wildcard as the remote end means this host.
        boolean toSelf = IpAddress.isUnspecified(hi, lo);
        IpAddress self = IpAddress.isIpv4(hi, lo) ? IpAddress.LOOPBACK_IPV4 : IpAddress.LOOPBACK_IPV6;
        long remoteHi = toSelf ? self.hi() : hi;
        long remoteLo = toSelf ? self.lo() : lo;
        int chosen = sources.choose(endpoint, remoteHi, remoteLo);
        if (chosen != OK) {
            return chosen;
        }
        PortBinding<UdpEndpoint> binding = endpoint.binding;
        if (endpoint.isConnected()) {
            reconnect(endpoint, remoteHi, remoteLo, port, now);
        } else {
            endpoint.setTuple(sources.sourceHi, sources.sourceLo, 0, remoteHi, remoteLo, port);
            try {
                ports.connect(endpoint, binding, endpoint.portRange, now);
            } catch (PortUnavailableException e) {
                resetTuple(endpoint);
                throw e;
            }
        }
        // Bound to a group, it goes on to hear the group, from its remote end alone.
        if (binding != null && !IpAddress.isMulticast(binding.addressHi(), binding.addressLo())) {
            ports.unlisten(binding);
        }
        if (endpoint.openedAt == PortAge.UNKNOWN) {
            endpoint.openedAt = now;
        }
        return OK;
    }

    private void reconnect(UdpEndpoint endpoint, long remoteHi, long remoteLo, int port, long now)
            throws PortUnavailableException {
        long oldLocalHi = endpoint.localHi();
        long oldLocalLo = endpoint.localLo();
        int localPort = endpoint.localPort();
        long oldHi = endpoint.remoteHi();
        long oldLo = endpoint.remoteLo();
        int oldPort = endpoint.remotePort();
        PortBinding<UdpEndpoint> binding = endpoint.binding;
        ports.release(endpoint);
        endpoint.setTuple(sources.sourceHi, sources.sourceLo, localPort, remoteHi, remoteLo, port);
        try {
            try {
                ports.connect(endpoint, binding, now);
            } catch (PortUnavailableException taken) {
                if (binding != null) {
                    throw taken;
                }
                endpoint.setTuple(sources.sourceHi, sources.sourceLo, 0, remoteHi, remoteLo, port);
                ports.connect(endpoint, null, endpoint.portRange, now);
            }
        } catch (PortUnavailableException e) {
            endpoint.setTuple(oldLocalHi, oldLocalLo, localPort, oldHi, oldLo, oldPort);
            ports.connect(endpoint, binding, now); // it was free a moment ago
            throw e;
        }
    }

    /// Takes the remote end away. The local port stays: an endpoint that was connected without a bind is bound to it
    /// now, or to another one if flows of others use it too.
    ///
    /// @return [#OK], also if it was not connected; [#CLOSED]
    /// @throws PortUnavailableException if no port is left; it is unbound then
    public int disconnect(UdpEndpoint endpoint) throws PortUnavailableException {
        if (endpoint.closed) {
            return CLOSED;
        }
        if (!endpoint.isConnected()) {
            return OK;
        }
        int port = endpoint.localPort();
        ports.release(endpoint);
        resetTuple(endpoint);
        endpoint.softError = null;
        PortBinding<UdpEndpoint> binding = endpoint.binding;
        if (binding != null) {
            if (binding.listener() == null) {
                ports.listen(binding, endpoint);
            }
            return OK;
        }
        try {
            return bindAnywhere(endpoint, port, endpoint.openedAt);
        } catch (PortUnavailableException shared) {
            return bindAnywhere(endpoint, 0, endpoint.openedAt);
        }
    }

    private static void resetTuple(UdpEndpoint endpoint) {
        PortBinding<UdpEndpoint> binding = endpoint.binding;
        if (binding == null) {
            endpoint.setTuple(endpoint.lateHi, endpoint.lateLo, 0, 0, 0, 0);
        } else {
            endpoint.setTuple(binding.addressHi(), binding.addressLo(), binding.port(), 0, 0, 0);
        }
    }

    /// Closes an endpoint: gives its port and everything in its receive queue back. Idempotent. Not while somebody is
    /// in [#receive].
    public void close(UdpEndpoint endpoint) {
        shut(endpoint);
        clear(endpoint);
    }

    /// Gives what waits in a closed endpoint back. By one thread at a time, as [#receive], and as that not
    /// necessarily in the critical section.
    public void clear(UdpEndpoint endpoint) {
        for (Packet packet = endpoint.take(); packet != null; packet = endpoint.take()) {
            endpoint.giveBack(packet);
        }
        endpoint.giveBackAll();
    }

    /// Closes an endpoint in which somebody may be in [#receive], but for what waits in its receive queue: [#clear]
    /// has to follow. Idempotent.
    public void shut(UdpEndpoint endpoint) {
        if (endpoint.closed) {
            return;
        }
        if (endpoint.isConnected()) {
            ports.release(endpoint);
        }
        PortBinding<UdpEndpoint> binding = endpoint.binding;
        if (binding != null) {
            ports.close(binding);
            endpoint.binding = null;
        }
        endpoint.closed = true;
        sources.forget(endpoint);
        groups.leaveAll(endpoint);
    }

    /// Sends a datagram to the remote end of a connected endpoint.
    ///
    /// @return octets sent, or as [#send(UdpEndpoint, ByteSource, int, long, long, int, long)]
    public int send(UdpEndpoint endpoint, ByteSource source, int length, long now) throws PortUnavailableException {
        return endpoint.isConnected()
                ? send(endpoint, source, length, endpoint.remoteHi(), endpoint.remoteLo(), endpoint.remotePort(), now)
                : endpoint.closed ? CLOSED : NOT_CONNECTED;
    }

    /// Sends a datagram from an end of the caller's choice, for an endpoint that has every port.
    ///
    /// @return as the other `send`; [#BAD_ADDRESS] also if the endpoint has not every port
    public int send(UdpEndpoint endpoint, ByteSource source, int length, Endpoint from, Endpoint to, long now)
            throws PortUnavailableException {
        if (!endpoint.everyPort || from.port() == 0) {
            return endpoint.closed ? CLOSED : BAD_ADDRESS;
        }
        sourcePort = from.port();
        try {
            IpAddress local = from.address();
            IpAddress remote = to.address();
            return send(endpoint, source, length, local.hi(), local.lo(), remote.hi(), remote.lo(), to.port(), now);
        } finally {
            sourcePort = 0;
        }
    }

    /// Sends a datagram of `length` octets from `source`. An unbound endpoint is bound to a port of the table's
    /// choice first. What then gets lost in queues is lost, as on the way.
    ///
    /// @return `length`; an error that is pending, or [#CLOSED], [#BAD_ADDRESS], [#NO_ROUTE], [#MESSAGE_TOO_LONG],
    ///     [#PERMISSION_DENIED]
    /// @throws PortUnavailableException if the endpoint is unbound and no port is left
    public int send(UdpEndpoint endpoint, ByteSource source, int length, long hi, long lo, int port, long now)
            throws PortUnavailableException {
        return send(endpoint, source, length, 0, 0, hi, lo, port, now);
    }

    /// As the other `send`, from a local address of the caller's choice: an answer has to come from the address that
    /// was asked.
    ///
    /// RFC 1122 section 4.1.3.5: "An application program MUST be able to set the IP source address to be used for
    /// sending a UDP datagram".
    ///
    /// @param localHi the upper half of one of the host's own addresses, of a local prefix too
    /// @param localLo its lower half; 0 in both lets the host choose
    public int send(
            UdpEndpoint endpoint,
            ByteSource source,
            int length,
            long localHi,
            long localLo,
            long hi,
            long lo,
            int port,
            long now)
            throws PortUnavailableException {
        if (endpoint.closed) {
            return CLOSED;
        }
        int error = endpoint.takeError();
        if (error != OK) {
            return error;
        }
        if (port == 0 || endpoint.everyPort && sourcePort == 0) {
            return BAD_ADDRESS;
        }
        boolean ipv6 = !IpAddress.isIpv4(hi, lo);
        if (length > (ipv6 ? MAX_DATA_IPV6 : MAX_DATA_IPV4)) {
            return MESSAGE_TOO_LONG;
        }
        int chosen = (localHi | localLo) != 0
                ? sources.take(endpoint, localHi, localLo, hi, lo)
                : endpoint.isConnected() ? sources.keep(endpoint, hi, lo) : sources.choose(endpoint, hi, lo);
        if (chosen != OK) {
            return chosen;
        }
        int headers = UdpHeader.LENGTH + (ipv6 ? Ipv6Header.LENGTH : Ipv4Header.MIN_LENGTH);
        if (endpoint.dontFragment() && headers + length > output.mtuTowards(hi, lo)) {
            return MESSAGE_TOO_LONG;
        }
        if (!endpoint.isBound()) {
            int bound = bindAnywhere(endpoint, 0, now);
            if (bound != OK) {
                return bound;
            }
        }
        Packet packet = pool.takePacket();
        packet.ipv6 = ipv6;
        packet.protocol = IpProtocol.UDP;
        packet.sourceHi = sources.sourceHi;
        packet.sourceLo = sources.sourceLo;
        packet.destinationHi = hi;
        packet.destinationLo = lo;
        int from = endpoint.everyPort ? sourcePort : endpoint.localPort();
        DatagramWriter.putHeader(packet, from, port, UdpHeader.LENGTH + length);
        writer.putData(packet, source, length);
        datagramsOut++;
        if (IpAddress.isMulticast(hi, lo)) {
            int ttl = endpoint.multicastTtl() == 0 ? IpOutput.STAY : endpoint.multicastTtl();
            NetInterface nic = endpoint.multicastInterface();
            output.send(packet, nic, endpoint.multicastLoop(), endpoint.tos(), ttl, endpoint.dontFragment(), now);
        } else {
            output.send(packet, endpoint.tos(), endpoint.ttl(), endpoint.dontFragment(), now);
        }
        return length;
    }

    /// The way of datagrams from an endpoint to a remote end, for [DatagramLane#write]; null if they have to go through
    /// the critical section each time: those to groups, to everybody and to the host itself, and those of an endpoint
    /// without a port or with all of them.
    public @Nullable DatagramWay way(UdpEndpoint endpoint, long hi, long lo, int port) {
        if (endpoint.closed
                || !endpoint.isBound()
                || endpoint.everyPort
                || !IpAddress.isUnicast(hi, lo)
                || addresses.kind(hi, lo) != Addresses.FOREIGN
                || output.pathMtu().size() > 0) {
            return null;
        }
        NetInterface nic = output.route(hi, lo);
        int chosen = endpoint.isConnected() ? sources.keep(endpoint, hi, lo) : sources.choose(endpoint, hi, lo);
        return chosen == OK
                        && nic != null
                        && !nic.isLoopback()
                        && addresses.isOwn(sources.sourceHi, sources.sourceLo)
                        && !IpAddress.isLoopback(sources.sourceHi, sources.sourceLo)
                ? new DatagramWay(endpoint, output, nic, sources, hi, lo, port)
                : null;
    }

    /// A lane for the datagrams that leave through `nic` beside the critical section. One for each interface.
    public DatagramLane lane(NetInterface nic) {
        beside.add(nic);
        return new DatagramLane(nic, output);
    }

    /// Gives back the memory that is kept for datagrams to come. After the last call of the host's life.
    public void shutDown() {
        writer.shutDown();
    }

    /// Takes the oldest datagram out of the receive queue and hands at most `max` octets of its data to `sink`; the
    /// rest is lost, its length is [UdpEndpoint#lastLength]. Who sent it is in the endpoint then.
    ///
    /// By one thread at a time for each endpoint, which need not be in the critical section. Only there
    /// [#WOULD_BLOCK] means that the endpoint will tell when it becomes readable.
    ///
    /// @return octets handed over; an error that is pending; [#WOULD_BLOCK] if nothing waits, or [#CLOSED]
    public int receive(UdpEndpoint endpoint, ByteSink sink, int max) {
        return DatagramReader.receive(endpoint, sink, null, 0, max);
    }

    /// As the other `receive`, into `target` from `to` on.
    public int receive(UdpEndpoint endpoint, byte[] target, int to, int max) {
        return DatagramReader.receive(endpoint, null, target, to, max);
    }

    /// Takes in an ICMP error about a datagram of this host.
    ///
    /// RFC 1122 section 4.1.3.3: "UDP MUST pass to the application layer all ICMP error messages that it receives
    /// from the IP layer." A connected endpoint gets hard errors as the result of its next operation, as on kernels,
    /// and soft ones in [UdpEndpoint#softError]. An endpoint that is not connected could not tell which datagram is
    /// meant, and is not disturbed.
    public void icmpError(IcmpError error, long now) {
        Flow flow = ports.lookup(
                error.localHi(),
                error.localLo(),
                error.localPort(),
                error.remoteHi(),
                error.remoteLo(),
                error.remotePort());
        UdpEndpoint connected = flow instanceof UdpEndpoint endpoint ? endpoint : null;
        if (error.kind() == IcmpError.Kind.PACKET_TOO_BIG) {
            // RFC 8201 section 4 wants Packet Too Big checked against what was sent: there must at least be a sender.
            if (connected != null || hasSender(error)) {
                output.pathMtu().lower(error.remoteHi(), error.remoteLo(), error.mtu(), error.quotedLength(), now);
            }
            return;
        }
        if (connected == null) {
            return;
        }
        if (!error.isHard()) {
            connected.softError = error.kind();
            return;
        }
        boolean wasReadable = connected.isReadable();
        connected.fail(
                switch (error.kind()) {
                    case PORT_UNREACHABLE -> PORT_UNREACHABLE;
                    case PROTOCOL_UNREACHABLE -> PROTOCOL_UNREACHABLE;
                    default -> PROHIBITED;
                });
        if (!wasReadable) {
            ready.add(connected);
        }
    }

    private boolean hasSender(IcmpError error) {
        return ports.lookupListener(
                        error.localHi(),
                        error.localLo(),
                        error.localPort(),
                        error.remoteHi(),
                        error.remoteLo(),
                        error.remotePort())
                != null;
    }

    /// The multicast groups of the endpoints.
    public UdpGroups groups() {
        return groups;
    }

    /// Who holds which port of UDP.
    public PortTable<UdpEndpoint> ports() {
        return ports;
    }

    /// Datagrams delivered to endpoints.
    public long datagramsIn() {
        return input.delivered();
    }

    /// Datagrams that endpoints sent.
    public long datagramsOut() {
        long sum = datagramsOut;
        for (NetInterface nic : beside) {
            sum += nic.packetsBeside();
        }
        return sum;
    }
}
