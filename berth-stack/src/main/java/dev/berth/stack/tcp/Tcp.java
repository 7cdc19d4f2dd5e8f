package dev.berth.stack.tcp;

import dev.berth.ports.Entropy;
import dev.berth.ports.Flow;
import dev.berth.ports.PortAge;
import dev.berth.ports.PortBinding;
import dev.berth.ports.PortRange;
import dev.berth.ports.PortSection;
import dev.berth.ports.PortTable;
import dev.berth.ports.PortUnavailableException;
import dev.berth.ports.TimeWaitFlow;
import dev.berth.stack.endpoint.ByteSink;
import dev.berth.stack.endpoint.ByteSource;
import dev.berth.stack.endpoint.ReadyQueue;
import dev.berth.stack.icmp.IcmpError;
import dev.berth.stack.ip.DropCounters;
import dev.berth.stack.ip.IpOutput;
import dev.berth.stack.time.Timer;
import dev.berth.stack.time.TimerWheel;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Chunk;
import dev.berth.wire.DropReason;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import org.jspecify.annotations.Nullable;

/// TCP of one host: takes segments, user calls and due timers, and finds the connection each belongs to in the port
/// table, which owns every connection from its SYN to the end of TIME-WAIT.
///
/// Not thread-safe; nothing here blocks. Malformed input is counted under a [DropReason].
public final class Tcp {
    /// Result of a receive: the other end has closed and everything was read.
    public static final int END_OF_STREAM = -1;

    /// Result of a send or receive: the connection is not open for it; [Tcb#error] says why.
    public static final int NOT_OPEN = -2;

    private final PortTable<TcpListener> ports;
    private final IpOutput output;
    private final Shard shard;
    private final BufferPool pool;
    private final ReadyQueue readyQueue;
    private final DropCounters drops;
    private final Queues queues;
    private final TimeWaits timeWaits;
    private final IsnGenerator isns;
    private final SegmentWriter writer;
    private final Timeouts timeouts;
    private final SegmentOutput segmentOutput;
    private final SegmentArrives arrives;
    private final ListenArrives listens;
    private final SynCookies cookies;
    private final FastOpen fastOpen;
    private final IcmpArrives icmp;
    private final UserCalls calls;
    private final Segment segment = new Segment();
    private @Nullable Tcb[] dirty = new Tcb[16];
    private int dirtyCount;

    /// TCP over `output`, with `ports` as its only table of ports and connections.
    ///
    /// @param timeWaitNanos how long TIME-WAIT lasts: 2 MSL, in nanoseconds
    /// @param memory octets that the queues of all connections may hold
    /// @param shard which part of the host's TCP this is
    public Tcp(
            PortTable<TcpListener> ports,
            IpOutput output,
            BufferPool pool,
            TimerWheel wheel,
            ReadyQueue readyQueue,
            DropCounters drops,
            Entropy entropy,
            long timeWaitNanos,
            long memory,
            Shard shard) {
        this.shard = shard;
        this.ports = ports;
        this.output = output;
        this.pool = pool;
        this.readyQueue = readyQueue;
        this.drops = drops;
        MemoryBudget budget = new MemoryBudget(memory);
        queues = new Queues(pool, budget);
        isns = new IsnGenerator(entropy);
        writer = new SegmentWriter(output, pool, budget);
        timeouts = new Timeouts(this, wheel);
        segmentOutput = new SegmentOutput(writer, timeouts);
        arrives = new SegmentArrives(this, timeouts, drops);
        timeWaits = new TimeWaits(ports, writer, drops, timeWaitNanos, memory);
        cookies = new SynCookies(entropy);
        fastOpen = new FastOpen(entropy, shard.secret());
        listens = new ListenArrives(this, ports, arrives, writer, isns, wheel, drops, cookies);
        icmp = new IcmpArrives(this, ports, output.pathMtu(), listens, drops);
        calls = new UserCalls(this, queues, timeouts);
    }

    // Network input

    /// A segment arrived; takes the packet over.
    public void receive(Packet packet, long now) {
        int length = packet.end - packet.transportAt + packet.tailLength();
        if (packet.end - packet.transportAt < TcpHeader.MIN_LENGTH) {
            drops.drop(DropReason.TRUNCATED, packet);
            return;
        }
        int headerLength = TcpHeader.headerLength(packet.bytes, packet.transportAt);
        if (headerLength < TcpHeader.MIN_LENGTH || headerLength > packet.end - packet.transportAt) {
            drops.drop(DropReason.BAD_TRANSPORT_HEADER, packet);
            return;
        }
        // RFC 9293 section 3.1, MUST-3: "The receiver MUST check it" (the checksum).
        if (packet.checksum == Packet.CHECKSUM_COMPLETE && !Segment.checksumIsRight(packet, length)) {
            drops.drop(DropReason.BAD_TRANSPORT_CHECKSUM, packet);
            return;
        }
        if (!segment.decode(packet, headerLength, now)) {
            drops.drop(DropReason.BAD_TRANSPORT_HEADER, packet);
            return;
        }
        if (segment.sourcePort == 0 || segment.destinationPort == 0) {
            drops.drop(DropReason.PORT_ZERO, packet);
            return;
        }
        if (segment.payload == null && segment.payloadLength > 0) {
            copyPayload(packet);
        }
        dispatch(packet, now);
        if (segment.payloadTaken) {
            packet.chunk = null;
        }
        packet.release();
        if (queues.budget().isScarce()) {
            relieve(now);
        }
    }

    /// A payload in the packet's own header array has no chunk to refer to yet.
    private void copyPayload(Packet packet) {
        Chunk copy = queues.takeChunk(segment.payloadLength);
        System.arraycopy(packet.bytes, segment.payloadFrom, copy.bytes, 0, segment.payloadLength);
        packet.giveTail(copy, 0, segment.payloadLength);
        packet.end -= segment.payloadLength;
        segment.payload = copy;
        segment.payloadFrom = 0;
    }

    private void dispatch(Packet packet, long now) {
        Flow flow = ports.lookup(
                packet.destinationHi,
                packet.destinationLo,
                segment.destinationPort,
                packet.sourceHi,
                packet.sourceLo,
                segment.sourcePort);
        boolean reset;
        if (flow == null && Segment.isToMany(packet, output.routes().addresses())) {
            drops.count(DropReason.NOT_OURS);
            return;
        }
        if (flow instanceof Tcb tcb) {
            Tally.received(tcb, segment);
            reset = tcb.state == TcpState.SYN_SENT ? arrives.synSent(tcb, segment) : arrives.otherwise(tcb, segment);
        } else if (flow instanceof SynEntry entry) {
            reset = listens.synReceived(entry, segment);
        } else if (flow instanceof TimeWait timeWait && !timeWaits.admitsNew(timeWait, segment)) {
            timeWaits.arrived(timeWait, segment);
            reset = false;
        } else {
            int oldSndNxt = flow instanceof TimeWait old ? old.sndNxt : 0;
            TcpListener listener = listens.listener(packet, segment, shard.number());
            if (listener != null && (flow == null || listener.hasRoom())) {
                if (flow instanceof TimeWait old) {
                    timeWaits.remove(old);
                }
                reset = listens.listen(listener, packet, segment, oldSndNxt);
            } else if (flow instanceof TimeWait old) {
                timeWaits.arrived(old, segment);
                reset = false;
            } else {
                // RFC 9293 section 3.10.7.1, CLOSED STATE: "An incoming segment containing a RST is discarded. An
                // incoming segment not containing a RST causes a RST to be sent in response."
                drops.count(DropReason.NO_PORT_OWNER);
                reset = true;
            }
        }
        if (reset) {
            writer.resetInAnswerTo(packet, segment, now);
        }
    }

    /// ICMP says something of a segment that this host sent. RFC 9293 section 3.9.2.2, checked as RFC 5927 says.
    public void icmpError(IcmpError error, long now) {
        icmp.arrived(error, now);
    }

    // User calls

    /// Passive OPEN on a binding: RFC 9293 section 3.10.1.
    ///
    /// @param backlog the most complete connections that may wait to be accepted, at least 1
    /// @throws PortUnavailableException if somebody else listens there
    public TcpListener listen(PortBinding<TcpListener> binding, int backlog, TcpConfig config, long now)
            throws PortUnavailableException {
        return listen(binding, backlog, 0, 0, config, now);
    }

    /// Passive OPEN; SYNs are requests from the beginning ([TcpRequests#require]). Otherwise as the other `listen`.
    ///
    /// @param requests how many may wait for a decision; 0 if SYNs are answered at once
    /// @param requestNanos how long one waits
    public TcpListener listen(
            PortBinding<TcpListener> binding, int backlog, int requests, long requestNanos, TcpConfig config, long now)
            throws PortUnavailableException {
        TcpListener listener = new TcpListener(binding, backlog, config);
        PortSection section = shard.section();
        if (section != null) {
            listener.divide(shard.count(), section);
        }
        for (int i = 0; requests > 0 && i < shard.count(); i++) {
            requests().require(listener.part(i), listener.share(requests), requestNanos);
        }
        ports.listen(binding, listener, now);
        return listener;
    }

    /// Passive OPEN by somebody without a clock; otherwise as the other `listen`.
    public TcpListener listen(PortBinding<TcpListener> binding, int backlog, TcpConfig config)
            throws PortUnavailableException {
        return listen(binding, backlog, config, PortAge.UNKNOWN);
    }

    /// Stops listening; connections that nobody accepted are reset. The binding stays with the caller.
    ///
    /// On a host of several shards this is called for the listener by the first, then for each part of it by its own,
    /// and the binding is given up after that: a shard may have found the listener before.
    public void close(TcpListener listener, long now) {
        if (shard.number() == 0) {
            ports.unlisten(listener.binding);
        }
        listener.closed = true;
        listener.attach(null);
        SynEntry entry;
        while ((entry = listener.firstSyn) != null) {
            if (entry.request != null) {
                requests().refuse(entry.request, now);
            } else {
                listens.remove(entry);
            }
        }
        Tcb tcb;
        while ((tcb = listener.poll()) != null) {
            calls.abort(tcb, now);
        }
    }

    /// The SYNs of listeners that do not answer them without a word of their users.
    public TcpRequests requests() {
        return listens.requests();
    }

    /// A complete connection of `listener`, or null if none waits.
    public @Nullable Tcb accept(TcpListener listener) {
        return listener.poll();
    }

    /// Active OPEN: RFC 9293 section 3.10.1. The connection is in SYN-SENT when this returns.
    ///
    /// @param localPort 0 for an ephemeral port, chosen for this remote end
    /// @param binding the local port's claim if the user bound the socket, otherwise null
    /// @param within where an ephemeral port has to lie
    /// @throws PortUnavailableException if the tuple is taken or no port is free
    public Tcb connect(
            IpAddress local,
            int localPort,
            IpAddress remote,
            int remotePort,
            @Nullable PortBinding<TcpListener> binding,
            PortRange within,
            TcpConfig config,
            @Nullable Object attachment,
            long now)
            throws PortUnavailableException {
        Tcb tcb = new Tcb(
                local.hi(),
                local.lo(),
                localPort,
                remote.hi(),
                remote.lo(),
                remotePort,
                config,
                CongestionControl.of(config.congestion()));
        tcb.attach(attachment);
        TimeWaitFlow displaced = ports.connect(tcb, binding, within, now);
        tcb.flags |= Tcb.ATTACHED;
        isns.begin(tcb, now);
        if (displaced instanceof TimeWait old) {
            timeWaits.displaced(old);
            // RFC 6191 section 2, RFC 9293 MAY-2: beyond whatever the old connection used.
            if (SeqNum.leq(tcb.iss, old.sndNxt)) {
                tcb.iss = old.sndNxt + 65_536;
            }
        }
        tcb.sndUna = tcb.iss;
        tcb.sndNxt = tcb.iss;
        tcb.recover = tcb.iss;
        tcb.lastProgress = now;
        tcb.openedAt = CoarseTime.of(now);
        tcb.sendMss = (char) peerMss(tcb, -1);
        updateMss(tcb);
        tcb.state = TcpState.SYN_SENT;
        if (config.features().fastOpen()) {
            tcb.extras(); // what the SYN is to bring
        }
        if (fastOpen.opens(tcb)) {
            ready(tcb);
        } else {
            tcb.pending |= Tcb.SYN;
            markDirty(tcb);
        }
        return tcb;
    }

    /// SEND: takes at most `length` octets of `source`.
    ///
    /// @return octets taken, 0 if there is no room now, or [#NOT_OPEN]
    public int send(Tcb tcb, ByteSource source, int length) {
        return calls.send(tcb, source, length);
    }

    /// SEND with the URGENT flag (RFC 9293 section 3.10.2): the pointer is put behind these; otherwise as [#send].
    public int sendUrgent(Tcb tcb, ByteSource source, int length) {
        return calls.sendUrgent(tcb, source, length);
    }

    /// RECEIVE: gives at most `max` octets, more than 0, to `sink`.
    ///
    /// @return octets given, 0 if none are there yet, [#END_OF_STREAM] or [#NOT_OPEN]
    public int receive(Tcb tcb, ByteSink sink, int max) {
        return calls.receive(tcb, sink, max);
    }

    /// SEND and RECEIVE without a copy.
    public Loans loans() {
        return calls.loans;
    }

    /// CLOSE of the sending direction: a FIN follows what waits to be sent.
    public void shutdownOutput(Tcb tcb) {
        calls.shutdownOutput(tcb);
    }

    /// The user reads no more.
    public void shutdownInput(Tcb tcb) {
        calls.shutdownInput(tcb);
    }

    /// CLOSE of both directions; the connection lives on until both FINs are through.
    public void close(Tcb tcb, long now) {
        calls.close(tcb, now);
    }

    /// ABORT: RST, and nothing is left.
    public void abort(Tcb tcb, long now) {
        calls.abort(tcb, now);
    }

    /// Changes the settings of a connection.
    public void configure(Tcb tcb, TcpConfig config, long now) {
        boolean keepAlive = config.keepAlive() != tcb.config.keepAlive()
                || config.keepIdleSeconds() != tcb.config.keepIdleSeconds();
        boolean userTimeout = config.userTimeoutMillis() != tcb.config.userTimeoutMillis();
        boolean congestion = config.congestion() != tcb.config.congestion();
        tcb.config = config;
        if (!tcb.has(Tcb.ATTACHED)) {
            return; // no timer for what is no connection any more
        }
        if (congestion) {
            LossRecovery.changeCongestionControl(tcb, now);
        }
        tcb.pending |= Tcb.SEND;
        if (userTimeout && config.features().userTimeoutOption() && tcb.state.isSynchronized()) {
            UserTimeout.advertise(tcb);
            tcb.pending |= Tcb.ACK_NOW;
        }
        markDirty(tcb);
        if (keepAlive) {
            timeouts.armIdle(tcb, now);
        }
    }

    /// TCP_QUICKACK: acknowledges at once for a while, or waits as long as it may.
    public void quickAck(Tcb tcb, boolean on) {
        calls.quickAck(tcb, on);
    }

    /// STATUS, RFC 9293 section 3.10.6: everything that is known of a connection.
    public TcpInfo info(Tcb tcb, long now) {
        return TcpInfo.of(tcb, writer, now);
    }

    /// Looks for a connection that breaks what must hold once the stack has settled, such as one whose data wait
    /// while no timer runs. For tests; takes time in proportion to the number of flows.
    ///
    /// @return what is wrong with which connection, or null if all is well
    public @Nullable String inconsistency() {
        @Nullable String[] found = new String[1];
        ports.visitFlows(flow -> {
            String problem = flow instanceof Tcb tcb ? Invariants.violated(tcb) : null;
            if (problem != null) {
                found[0] = flow + ": " + problem;
            }
            return problem == null;
        });
        return found[0];
    }

    // Time and output

    /// A node of the wheel that belongs to TCP is due.
    ///
    /// @return false if `timer` is not TCP's
    public boolean expired(Timer timer, long now) {
        if (timer instanceof Tcb.Deadlines deadlines) {
            timeouts.expired(deadlines, now);
        } else if (timer instanceof SynEntry.Deadline deadline) {
            listens.expired(deadline.entry, now);
        } else {
            return false;
        }
        return true;
    }

    /// Ends the TIME-WAITs that have lasted long enough.
    public void advance(long now) {
        timeWaits.advance(now);
    }

    /// When the next TIME-WAIT ends, [TimerWheel#NEVER] if there is none.
    public long nextDeadline() {
        return timeWaits.nextDeadline();
    }

    /// Sends what connections have pending: acknowledgments, data, retransmissions.
    public void output(long now) {
        for (int i = 0; i < dirtyCount; i++) {
            Tcb tcb = dirty[i];
            dirty[i] = null;
            assert tcb != null;
            tcb.flags &= ~Tcb.DIRTY;
            if ((tcb.pending & (Tcb.SEND | Tcb.RETRANSMIT)) != 0 && tcb.state.isSynchronized()) {
                refreshMss(tcb);
            }
            segmentOutput.poll(tcb, now);
        }
        dirtyCount = 0;
    }

    /// True if [#output] has something to do.
    public boolean hasOutput() {
        return dirtyCount > 0;
    }

    void markDirty(Tcb tcb) {
        if (tcb.has(Tcb.DIRTY)) {
            return;
        }
        tcb.flags |= Tcb.DIRTY;
        if (dirtyCount == dirty.length) {
            dirty = java.util.Arrays.copyOf(dirty, dirtyCount * 2);
        }
        dirty[dirtyCount++] = tcb;
    }

    // The end of connections

    void ready(Tcb tcb) {
        if (tcb.attachment() != null) {
            readyQueue.add(tcb);
        }
    }

    void ready(TcpListener listener) {
        if (listener.attachment() != null) {
            readyQueue.add(listener);
        }
    }

    /// The connection ends with an error that its user will see.
    void fail(Tcb tcb, TcpError error) {
        if (tcb.error == null) {
            tcb.error = error;
        }
        destroy(tcb);
    }

    /// The one place where a connection leaves the table other than for TIME-WAIT: "delete the TCB, enter the CLOSED
    /// state". What the user has not read stays readable.
    void destroy(Tcb tcb) {
        FastOpen.left(tcb, false, 0);
        tcb.state = TcpState.CLOSED;
        if (tcb.has(Tcb.ATTACHED)) {
            tcb.flags &= ~Tcb.ATTACHED;
            ports.release(tcb);
        }
        freeBuffers(tcb);
        ready(tcb);
    }

    /// RFC 9293 section 3.6.1, MUST-13: the connection lingers in TIME-WAIT for 2 MSL; only a small object does.
    void enterTimeWait(Tcb tcb, long now) {
        if ((tcb.pending & (Tcb.ACK_NOW | Tcb.ACK_DELAYED)) != 0) {
            writer.sendAck(tcb, now); // nobody else will
        }
        TimeWait timeWait = timeWaits.of(tcb, now);
        ports.replace(tcb, timeWait);
        tcb.flags &= ~Tcb.ATTACHED;
        tcb.state = TcpState.TIME_WAIT;
        freeBuffers(tcb);
        timeWaits.add(timeWait, now);
        ready(tcb);
    }

    private void freeBuffers(Tcb tcb) {
        timeouts.cancel(tcb);
        tcb.pending &= Tcb.FIN_SENT; // for the count of octets
        queues.dropSend(tcb);
        OutOfOrderQueue holes = tcb.outOfOrder;
        if (holes != null) {
            holes.close();
            tcb.outOfOrder = null;
        }
        queues.dropFlight(tcb);
        tcb.episode = null;
        if (tcb.has(Tcb.ABANDONED)) {
            queues.dropReceive(tcb);
        }
    }

    // For the classes that hold the rules

    SegmentWriter writer() {
        return writer;
    }

    Timeouts timeouts() {
        return timeouts;
    }

    /// Makes room in the queues of connections.
    void relieve(long now) {
        queues.budget().relieve(this, ports, now);
    }

    FastOpen fastOpen() {
        return fastOpen;
    }

    Queues queues() {
        return queues;
    }

    /// The peer's MSS, RFC 9293 section 3.7.1, MUST-15: "If an MSS Option is not received at connection setup, TCP
    /// implementations MUST assume a default send MSS of 536 (576 - 40) for IPv4 or 1220 (1280 - 60) for IPv6".
    static int peerMss(Flow flow, int option) {
        if (option < 0) {
            return IpAddress.isIpv4(flow.remoteHi(), flow.remoteLo()) ? 536 : 1_220;
        }
        // A tiny MSS would make segments of nearly nothing but header: Linux's floor for it.
        return Math.max(option, 88);
    }

    /// RFC 9293 section 3.7.1, MUST-16: "Eff.snd.MSS = min(SendMSS+20, MMS_S) - TCPhdrsize - IPoptionsize".
    void updateMss(Tcb tcb) {
        int options = tcb.has(Tcb.TIMESTAMPS) ? SegmentWriter.TIMESTAMPS_LENGTH : 0;
        int carried = Math.min(writer.pathMss(tcb), PathProbing.limit(tcb));
        tcb.effectiveMss = Math.max(48, Math.min(tcb.sendMss, carried) - options);
        if (tcb.state.isSynchronized()) {
            tcb.cwnd = Math.max(tcb.cwnd, tcb.effectiveMss);
        }
    }

    /// The path's MTU may have changed since the last segment, also by what another connection was told.
    private void refreshMss(Tcb tcb) {
        int before = tcb.effectiveMss;
        updateMss(tcb);
        if (tcb.effectiveMss < before && tcb.flightSize() > 0) {
            LossRecovery.tooBig(tcb);
        }
    }

    // Statistics

    /// Segments sent since the start, retransmissions included.
    public long segmentsSent() {
        return writer.segmentsSent();
    }

    /// Segments sent again since the start.
    public long retransmissions() {
        return timeouts.retransmissions();
    }

    /// Notes from now on which connections send something again; to be looked at and cleared after each batch.
    public RetransmissionNotes noteRetransmissions() {
        return timeouts.noteRetransmissions();
    }

    /// SYNs that were answered with a cookie since the start, because a listener's incomplete connections were at
    /// their bound.
    public long synCookiesSent() {
        return cookies.sent();
    }

    /// Connections that were made from cookies since the start.
    public long synCookiesAccepted() {
        return cookies.accepted();
    }

    /// Octets of memory that the queues of all connections hold.
    public long memory() {
        return queues.budget().used();
    }

    /// The table of ports and connections, for look-ups and snapshots.
    public PortTable<TcpListener> ports() {
        return ports;
    }
}
