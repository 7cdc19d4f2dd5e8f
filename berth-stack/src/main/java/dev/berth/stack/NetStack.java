package dev.berth.stack;

import dev.berth.ports.Entropy;
import dev.berth.ports.FlowHash;
import dev.berth.ports.FlowShard;
import dev.berth.ports.PortBinding;
import dev.berth.ports.PortRange;
import dev.berth.ports.PortSection;
import dev.berth.ports.PortTable;
import dev.berth.ports.PortUnavailableException;
import dev.berth.ports.ShardTable;
import dev.berth.ports.Transport;
import dev.berth.stack.endpoint.ReadyQueue;
import dev.berth.stack.endpoint.StackSocket;
import dev.berth.stack.icmp.Icmp;
import dev.berth.stack.icmp.IcmpError;
import dev.berth.stack.icmp.Unreachable;
import dev.berth.stack.ip.Addresses;
import dev.berth.stack.ip.DropCounters;
import dev.berth.stack.ip.IpInput;
import dev.berth.stack.ip.IpOutput;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.ip.PathMtu;
import dev.berth.stack.ip.RouteTable;
import dev.berth.stack.tcp.Shard;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.Tcp;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.stack.tcp.TcpRequest;
import dev.berth.stack.time.Timer;
import dev.berth.stack.time.TimerWheel;
import dev.berth.stack.udp.Udp;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.DropReason;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A TCP/IP host as a pure state machine, without threads, clock, randomness or I/O of its own.
///
/// Four kinds of calls make it go, all from one thread at a time and all with `now`, nanoseconds of any origin that
/// never go back:
///
/// - *input*: [#receive] takes a packet from an interface;
/// - *user calls*: [#connect], and those of [#tcp] and [#udp];
/// - *time*: [#advance], to be called when [#nextDeadline] has come;
/// - *output*: [#settle] after any of these; then [NetInterface#pollEgress] on each interface, and [#pollReady].
///
/// The same calls with the same `Entropy` give the same packets.
public final class NetStack {
    /// Packets over the loopback interface that one [#settle] carries at most.
    private static final int LOOPBACK_BUDGET = 65_536;

    /// Destinations whose path MTU is remembered.
    private static final int PATH_MTUS = 1_024;

    private final StackConfig config;
    private final BufferPool pool = new BufferPool();
    private final DropCounters drops = new DropCounters();
    private final ReadyQueue readyQueue = new ReadyQueue();
    private final Addresses addresses = new Addresses();
    private final NetInterface loopback = NetInterface.loopback();
    private final RouteTable routes = new RouteTable(addresses, loopback);
    private final List<NetInterface> interfaces = new ArrayList<>();
    private final TimerWheel wheel;
    private final IpInput ipInput;
    private final IpOutput ipOutput;
    private final Icmp icmp;
    private final Udp udp;
    private final Tcp tcp;
    private final SocketPages sockets = new SocketPages(this);
    private boolean loopbackOutside;

    private final int shard;
    private final int shards;
    private @Nullable Packet firstForeign; // chained through Packet.next
    private @Nullable Packet lastForeign;

    // What source() has chosen last, for which remote end
    private @Nullable IpAddress lastSource;
    private @Nullable IpAddress lastRemote;
    private @Nullable NetInterface lastNic;
    private int lastVersion;

    /// A host with a loopback interface only.
    public NetStack(StackConfig config, Entropy entropy, long now) {
        this(config, entropy, now, Shard.ALONE, null);
    }

    /// The stacks of the shards of one host, each with a loopback interface only. A connection lives in the shard of
    /// its flow ([FlowShard]); all else, such as UDP, ICMP and fragments, in the first one. They have the ports of
    /// TCP in common ([ShardTable]); listeners are made by the [Tcp] of the first one and have a part in each.
    ///
    /// Each stack is guarded by a lock of its own. Whoever gives packets to them has to find the shard of each; those
    /// of which that is not seen before they are processed (fragments, extension headers) go to the first, which
    /// hands them out again with [#pollForeign].
    ///
    /// @param shards 2 or more
    /// @param entropy called by several threads at a time
    /// @param section guards what the port tables have in common
    public static List<NetStack> shards(
            int shards, StackConfig config, Entropy entropy, long now, PortSection section) {
        FlowHash secret = new FlowHash(entropy.nextLong(), entropy.nextLong());
        List<NetStack> stacks = new ArrayList<>();
        for (ShardTable<TcpListener> table :
                ShardTable.<TcpListener>of(shards, Transport.TCP, config.ports(), entropy, section)) {
            Shard shard = new Shard(table.shard(), shards, secret, section);
            stacks.add(new NetStack(config, entropy, now, shard, table));
        }
        return List.copyOf(stacks);
    }

    private NetStack(
            StackConfig config, Entropy entropy, long now, Shard part, @Nullable PortTable<TcpListener> tcpPorts) {
        this.config = config;
        shards = part.count();
        shard = part.number();
        wheel = new TimerWheel(now);
        ipInput = new IpInput(addresses, pool, drops);
        ipOutput = new IpOutput(routes, new PathMtu(PATH_MTUS), pool, drops, entropy.nextLong());
        icmp = new Icmp(ipOutput, pool, drops, readyQueue, entropy.nextLong());
        udp = new Udp(new PortTable<>(Transport.UDP, config.ports(), entropy), ipOutput, icmp, pool, drops, readyQueue);
        tcp = new Tcp(
                tcpPorts == null ? new PortTable<>(Transport.TCP, config.ports(), entropy) : tcpPorts,
                ipOutput,
                pool,
                wheel,
                readyQueue,
                drops,
                entropy,
                config.timeWaitNanos(),
                config.tcpMemory() / shards,
                part);
        interfaces.add(loopback);
    }

    // Configuration

    /// Adds an interface. Its packets are to be fetched with [NetInterface#pollEgress].
    ///
    /// @param mtu octets of the largest packet
    /// @param checksumOffload packets may leave with a partial transport checksum
    /// @param maxSegmented octets of the largest packet that the link cuts into segments itself, 0 for none
    public NetInterface addInterface(String name, int mtu, boolean checksumOffload, int maxSegmented) {
        NetInterface nic = new NetInterface(interfaces.size(), name, mtu, checksumOffload, maxSegmented);
        interfaces.add(nic);
        return nic;
    }

    /// From now on the caller carries what the host sends to itself, as over any other interface: from the egress of
    /// the loopback interface, the first of [#interfaces], back into [#receive]. So it can be seen on its way.
    public void carryLoopbackOutside() {
        loopbackOutside = true;
    }

    /// Gives the host an address on an interface, with a route to its prefix.
    public void addAddress(NetInterface nic, IpAddress.Prefix prefix) {
        routes.addAddress(prefix, nic);
    }

    /// Adds a route through an interface.
    public void addRoute(IpAddress.Prefix destination, NetInterface nic) {
        routes.add(destination, nic);
    }

    // Input

    /// A packet arrived on an interface; takes it over.
    public void receive(NetInterface nic, Packet packet, long now) {
        if (!drops.isObserved()) {
            process(nic, packet, now);
            return;
        }
        drops.processing(packet);
        process(nic, packet, now);
        drops.processing(null);
    }

    private void process(NetInterface nic, Packet packet, long now) {
        Packet accepted = ipInput.accept(nic, packet, now);
        if (accepted == null) {
            icmp.answer(ipInput, now);
            return;
        }
        switch (accepted.protocol) {
            case IpProtocol.TCP -> {
                if (shards == 1 || isMine(accepted)) {
                    tcp.receive(accepted, now);
                } else {
                    addForeign(accepted);
                }
            }
            case IpProtocol.UDP -> udp.receive(accepted, now);
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> {
                IcmpError error = icmp.receive(accepted, now);
                if (error != null) {
                    deliver(error, now);
                }
            }
            // IP input has refused every other protocol.
            default -> drops.drop(DropReason.UNKNOWN_PROTOCOL, accepted);
        }
    }

    /// Takes over a datagram that a host of this JVM has built and nobody has changed since, if it is one of many: the
    /// last one through this interface was between the same ends. It needs no time.
    ///
    /// @return false if nothing was done: [#receive] has to look at it
    public boolean receiveAgain(NetInterface nic, Packet packet) {
        return !drops.isObserved() && udp.receiveAgain(ipInput, nic, packet);
    }

    private boolean isMine(Packet segment) {
        return segment.end - segment.transportAt < TcpHeader.MIN_LENGTH || shardOf(segment) == shard;
    }

    private int shardOf(Packet segment) {
        return FlowShard.of(
                segment.sourceHi,
                segment.sourceLo,
                Bytes.u16(segment.bytes, segment.transportAt),
                segment.destinationHi,
                segment.destinationLo,
                Bytes.u16(segment.bytes, segment.transportAt + TcpHeader.DESTINATION_PORT),
                shards);
    }

    private void addForeign(Packet segment) {
        segment.next = null;
        Packet end = lastForeign;
        if (end == null) {
            firstForeign = segment;
        } else {
            end.next = segment;
        }
        lastForeign = segment;
    }

    /// A segment for another shard, for [#receiveForeign] there; null if there is none. The caller owns it.
    public @Nullable Packet pollForeign() {
        Packet packet = firstForeign;
        if (packet != null) {
            firstForeign = packet.next;
            if (firstForeign == null) {
                lastForeign = null;
            }
            packet.next = null;
        }
        return packet;
    }

    /// The shard of a packet that [#pollForeign] gave.
    public int shardOfForeign(Packet packet) {
        return shardOf(packet);
    }

    /// A segment that the first shard has found to be one of this; takes it over.
    public void receiveForeign(Packet segment, long now) {
        tcp.receive(segment, now);
    }

    /// The number of this shard of the host, 0 to [#shards] - 1.
    public int shard() {
        return shard;
    }

    /// How many shards the host has.
    public int shards() {
        return shards;
    }

    /// The shard in which a connection from `local` to `remote` lives.
    public int shardOf(Endpoint local, Endpoint remote) {
        return FlowShard.of(
                local.address().hi(),
                local.address().lo(),
                local.port(),
                remote.address().hi(),
                remote.address().lo(),
                remote.port(),
                shards);
    }

    private void deliver(IcmpError error, long now) {
        switch (error.protocol()) {
            case IpProtocol.TCP -> tcp.icmpError(error, now);
            case IpProtocol.UDP -> udp.icmpError(error, now);
            default -> drops.count(DropReason.ICMP_IGNORED);
        }
    }

    // User calls that need more than one protocol

    /// Active OPEN towards `remote` from `binding`, or from the address and an ephemeral port that suit the
    /// destination.
    ///
    /// @param binding what the user bound the socket to, or null
    /// @param attachment who is to be told of readiness
    /// @return the connection in SYN-SENT, or null if no route leads to `remote` or nobody can be connected to there
    ///     (RFC 9293 section 3.9.1.1, MUST-46)
    /// @throws PortUnavailableException if the tuple is taken or no port is free
    public @Nullable Tcb connect(
            Endpoint remote,
            @Nullable PortBinding<TcpListener> binding,
            TcpConfig settings,
            @Nullable Object attachment,
            long now)
            throws PortUnavailableException {
        IpAddress bound = binding == null ? null : binding.endpoint().address();
        return connect(remote, binding, bound, PortRange.ALL, settings, attachment, now);
    }

    /// As the other `connect`, with what a user may say of the local end without a claim on a port.
    ///
    /// @param bound the local address, or a wildcard; null or that of `binding` otherwise
    /// @param within where an ephemeral port has to lie
    public @Nullable Tcb connect(
            Endpoint remote,
            @Nullable PortBinding<TcpListener> binding,
            @Nullable IpAddress bound,
            PortRange within,
            TcpConfig settings,
            @Nullable Object attachment,
            long now)
            throws PortUnavailableException {
        IpAddress local = source(remote.address(), bound);
        long hi = remote.address().hi();
        long lo = remote.address().lo();
        // RFC 9293 section 3.9.1.1, MUST-46: "A TCP implementation MUST reject as an error a local OPEN call for an
        // invalid remote IP address (e.g., a broadcast or multicast address)."
        if (local == null || !IpAddress.isUnicast(hi, lo) || addresses.isBroadcast(hi, lo)) {
            return null;
        }
        int port = binding == null ? 0 : binding.port();
        return tcp.connect(local, port, remote.address(), remote.port(), binding, within, settings, attachment, now);
    }

    /// The local address for packets to `remote`: the one that was bound, or the route's choice (RFC 6724); null if
    /// no route leads there.
    public @Nullable IpAddress source(IpAddress remote, @Nullable IpAddress bound) {
        NetInterface nic = routes.lookup(remote.hi(), remote.lo());
        if (nic == null) {
            return null;
        }
        if (bound != null && !bound.isUnspecified()) {
            return bound.isIpv4() == remote.isIpv4() ? bound : null;
        }
        IpAddress known = lastSource;
        if (known != null && nic == lastNic && routes.version() == lastVersion && remote.equals(lastRemote)) {
            return known;
        }
        if (!routes.sourceFor(remote.hi(), remote.lo(), nic)) {
            return null;
        }
        IpAddress source = new IpAddress(routes.sourceHi(), routes.sourceLo());
        lastSource = source;
        lastRemote = remote;
        lastNic = nic;
        lastVersion = routes.version();
        return source;
    }

    /// True if a socket may be bound to `address`: one of the host's own, loopback, or a wildcard.
    public boolean isLocal(IpAddress address) {
        return address.isUnspecified() || addresses.isOwn(address.hi(), address.lo());
    }

    /// Answers a SYN that waits for a decision with an ICMP error, and forgets it.
    ///
    /// @return false if it is not pending any more
    public boolean unreachable(TcpRequest request, Unreachable what, long now) {
        long sequence = tcp.requests().ignore(request);
        if (sequence < 0) {
            return false;
        }
        icmp.sendUnreachable(what, IpProtocol.TCP, request.remote(), request.local(), (int) sequence, now);
        return true;
    }

    // Time and output

    /// Does what is due at `now`.
    public void advance(long now) {
        Timer timer;
        while ((timer = wheel.poll(now)) != null) {
            boolean known = tcp.expired(timer, now);
            assert known : "a timer of nobody";
        }
        tcp.advance(now);
        icmp.advance(ipInput, now);
    }

    /// When [#advance] has to be called at the latest; [TimerWheel#NEVER] if nothing is pending.
    public long nextDeadline() {
        return Math.min(wheel.nextDeadline(), Math.min(tcp.nextDeadline(), ipInput.nextDeadline()));
    }

    /// Lets connections send what they have pending, and carries packets over the loopback interface, until nothing
    /// is left to do. What is for other interfaces waits in their egress.
    ///
    /// @return false if the budget of one call was used up: call again
    public boolean settle(long now) {
        int budget = LOOPBACK_BUDGET;
        for (; ; ) {
            if (tcp.hasOutput()) {
                tcp.output(now);
            }
            Packet packet = loopbackOutside ? null : loopback.pollEgress();
            if (packet == null) {
                return true;
            }
            while (packet != null) {
                if (--budget < 0) {
                    receive(loopback, packet, now);
                    return false;
                }
                receive(loopback, packet, now);
                packet = loopback.pollEgress();
            }
        }
    }

    /// True if [#settle] has something to send or [#pollReady] something to tell; for callers who have not given the
    /// stack a packet or the time since they were last called.
    public boolean hasWork() {
        return tcp.hasOutput() || !readyQueue.isEmpty();
    }

    /// The next socket whose readiness changed, or null.
    public @Nullable StackSocket pollReady() {
        return readyQueue.poll();
    }

    // Access

    /// TCP.
    public Tcp tcp() {
        return tcp;
    }

    /// ICMP.
    public Icmp icmp() {
        return icmp;
    }

    /// UDP.
    public Udp udp() {
        return udp;
    }

    /// The interfaces, the loopback interface first.
    public List<NetInterface> interfaces() {
        return Collections.unmodifiableList(interfaces);
    }

    /// The host's own addresses.
    public Addresses addresses() {
        return addresses;
    }

    /// The routes.
    public RouteTable routes() {
        return routes;
    }

    /// Why packets went nowhere, counted.
    public DropCounters drops() {
        return drops;
    }

    /// The settings.
    public StackConfig config() {
        return config;
    }

    /// Timers that wait; 0 when no connection needs one.
    public int timers() {
        return wheel.size();
    }

    /// Packets and chunks that were taken from the host's pool and not given back, for tests: 0 when nothing is
    /// queued anywhere and nobody holds a packet.
    public int buffersInUse() {
        return pool.outstanding();
    }

    /// The sockets page by page, for hosts with many of them.
    public SocketPages sockets() {
        return sockets;
    }

    /// Everything that people want to see, copied; for hosts with few flows. See [#sockets].
    public StackSnapshot snapshot(long now) {
        return StackSnapshot.of(this, now);
    }
}
