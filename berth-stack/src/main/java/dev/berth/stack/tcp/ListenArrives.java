package dev.berth.stack.tcp;

import dev.berth.ports.PortTable;
import dev.berth.stack.icmp.IcmpError;
import dev.berth.stack.ip.DropCounters;
import dev.berth.stack.time.TimerWheel;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Chunk;
import dev.berth.wire.DropReason;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import dev.berth.wire.TcpOptions;
import org.jspecify.annotations.Nullable;

/// RFC 9293 section 3.10.7.2, and 3.10.7.4 for SYN-RECEIVED after a passive OPEN: the handshake of a listener's
/// connections, from the SYN to the accept queue.
final class ListenArrives {
    /// SYN,ACKs are sent again 1, 2, 4, 8 and 16 s after each other; then the entry goes.
    private static final int MAX_RETRANSMISSIONS = 5;

    /// ACKs in answer to unacceptable segments, in the short life of an entry.
    private static final int MAX_CHALLENGES = 10;

    /// Between two answers to a SYN that comes again.
    private static final long ANSWER_INTERVAL = 500_000_000L;

    private final Tcp tcp;
    private final PortTable<TcpListener> ports;
    private final SegmentArrives arrives;
    private final SegmentWriter writer;
    private final IsnGenerator isns;
    private final TimerWheel wheel;
    private final DropCounters drops;
    private final SynCookies cookies;
    private final TcpRequests requests;

    ListenArrives(
            Tcp tcp,
            PortTable<TcpListener> ports,
            SegmentArrives arrives,
            SegmentWriter writer,
            IsnGenerator isns,
            TimerWheel wheel,
            DropCounters drops,
            SynCookies cookies) {
        this.tcp = tcp;
        this.ports = ports;
        this.arrives = arrives;
        this.writer = writer;
        this.isns = isns;
        this.wheel = wheel;
        this.drops = drops;
        this.cookies = cookies;
        requests = new TcpRequests(tcp, this, ports, writer, wheel, drops);
    }

    /// The SYNs that wait for a word of their users.
    TcpRequests requests() {
        return requests;
    }

    /// Who listens for a segment that belongs to no connection: the part in a shard; null if nobody does.
    @Nullable
    TcpListener listener(Packet packet, Segment segment, int shard) {
        TcpListener found = ports.lookupListener(
                packet.destinationHi,
                packet.destinationLo,
                segment.destinationPort,
                packet.sourceHi,
                packet.sourceLo,
                segment.sourcePort);
        return found == null ? null : found.part(shard);
    }

    /// Section 3.10.7.2, LISTEN STATE.
    ///
    /// @param oldSndNxt SND.NXT of the connection in TIME-WAIT that the SYN replaces, 0 if there was none
    /// @return true if the segment has to be answered with a RST
    boolean listen(TcpListener listener, Packet packet, Segment segment, int oldSndNxt) {
        // First, check for a RST: "An incoming RST segment could not be valid ... return."
        if (segment.has(TcpHeader.RST)) {
            drops.count(DropReason.WRONG_STATE);
            return false;
        }
        // Second, check for an ACK: "Any acknowledgment is bad if it arrives on a connection still in the LISTEN
        // state." Unless it acknowledges a SYN,ACK of which nothing is left but what the ACK says.
        if (segment.has(TcpHeader.ACK)) {
            return acknowledgesCookie(listener, packet, segment);
        }
        // Third, check for a SYN; fourth, other data or control: "drop the segment, and return".
        if (!segment.has(TcpHeader.SYN) || segment.has(TcpHeader.FIN)) {
            drops.count(DropReason.WRONG_STATE);
            return false;
        }
        // RFC 9293 section 3.9.2.3, MUST-63: ignore a SYN from an invalid source address.
        if (!IpAddress.isUnicast(packet.sourceHi, packet.sourceLo)) {
            drops.count(DropReason.BAD_SOURCE);
            return false;
        }
        if (listener.requestLimit > 0) {
            requests.arrived(listener, packet, segment, oldSndNxt);
            return false;
        }
        if (listener.isFull()) {
            drops.count(DropReason.BACKLOG_FULL);
            return false;
        }
        SynEntry entry = entry(listener, packet, segment, segment.seq);
        long secret = offered(entry, segment);
        if (tcp.fastOpen().admits(listener, entry, segment) && listener.reserve()) {
            entry.iss = iss(secret, segment, oldSndNxt);
            openFast(entry, segment);
            return false;
        }
        if (listener.isSynFull()) {
            answerWithCookie(entry, segment.now);
            return false;
        }
        entry.iss = iss(secret, segment, oldSndNxt);
        Chunk payload = segment.payload;
        if (payload != null && segment.payloadLength <= Math.min(BufferPool.SMALL, entry.rcvWnd)) {
            // "any other control or text should be queued for processing later": it is not acknowledged before.
            entry.text = tcp.queues().copy(payload, segment.payloadFrom, segment.payloadLength);
        }
        ports.accept(entry, listener.binding);
        listener.add(entry);
        answer(entry, segment.now);
        return false;
    }

    /// @param secret what [#offered] returned
    static int iss(long secret, Segment segment, int oldSndNxt) {
        int iss = IsnGenerator.isn(secret, segment.now);
        return oldSndNxt != 0 && SeqNum.leq(iss, oldSndNxt) ? oldSndNxt + 65_536 : iss;
    }

    /// RFC 7413 section 4.2.2, step 4: "Buffer the data and notify the application."
    private void openFast(SynEntry entry, Segment segment) {
        TcpListener listener = entry.listener;
        Tcb tcb = synReceived(entry, segment.now);
        Tally.received(tcb, segment);
        FastOpen.entered(tcb, listener);
        if (entry.tellCookie) {
            long cookie = tcp.fastOpen().cookieFor(tcb, segment.now);
            tcb.extras().fastOpenCookie = new FastOpen.Cookie(FastOpen.COOKIE_LENGTH, cookie, 0, 0);
        }
        Chunk payload = segment.payload;
        int length = Math.min(segment.payloadLength, entry.rcvWnd);
        if (payload != null && length > 0) {
            tcp.queues().receive(tcb).append(payload, segment.payloadFrom, length);
            tcb.rcvNxt += length;
        }
        ports.accept(tcb, listener.binding);
        tcb.pending |= Tcb.SYN;
        tcp.markDirty(tcb);
        listener.offer(tcb);
        tcp.ready(listener);
    }

    /// The connection whose SYN,ACK is to be sent next.
    Tcb synReceived(SynEntry entry, long now) {
        Tcb tcb = connection(entry, now);
        tcb.sndUna = entry.iss;
        tcb.sndNxt = entry.iss;
        tcb.recover = entry.iss;
        tcb.state = TcpState.SYN_RECEIVED;
        tcb.flags |= entry.windowScaling ? Tcb.WINDOW_SCALING : 0;
        // RFC 7413 section 4.2.2: "the server MUST follow [RFC5681] (based on [RFC3390]) to set the initial congestion
        // window for sending more data packets"
        tcb.cwnd = CongestionControl.initialWindow(tcb.effectiveMss);
        tcb.lastProgress = now;
        tcb.lastHeard = CoarseTime.millis(now);
        return tcb;
    }

    static SynEntry entry(TcpListener listener, Packet packet, Segment segment, int irs) {
        SynEntry entry = new SynEntry(
                listener,
                irs,
                packet.destinationHi,
                packet.destinationLo,
                segment.destinationPort,
                packet.sourceHi,
                packet.sourceLo,
                segment.sourcePort);
        entry.openedAt = CoarseTime.of(segment.now);
        return entry;
    }

    /// Remembers what the SYN offers.
    ///
    /// @return the [IsnGenerator#secret] of the flow
    long offered(SynEntry entry, Segment segment) {
        TcpConfig config = entry.listener.config;
        TcpOptions options = segment.options;
        entry.mss = Tcp.peerMss(entry, options.mss);
        entry.peerWindow = segment.window;
        entry.windowScaling = options.windowScale >= 0;
        entry.sndWindShift = (byte) Math.min(Math.max(options.windowScale, 0), 14);
        entry.rcvWindShift = entry.windowScaling ? (byte) SegmentOutput.windowShift(config) : 0;
        entry.timestamps = options.timestamps;
        entry.sackPermitted = options.sackPermitted;
        entry.userTimeout = (char) Math.max(options.userTimeout, 0);
        entry.ecn = Ecn.isAsked(segment, config);
        entry.tsRecent = options.tsVal;
        long secret = isns.secret(entry);
        entry.tsOffset = IsnGenerator.timestampOffset(secret);
        entry.rcvWnd = Math.min(tcp.queues().budget().bound(config.receiveBuffer()), 65_535);
        entry.tellCookie = tcp.fastOpen().isToBeTold(entry, options, config, segment.now);
        return secret;
    }

    /// The listener has as many incomplete connections as it may: this one is not remembered. RFC 4987 section 3.6:
    /// "SYN cookies go a step further and allocate no state at all for connections in SYN-RECEIVED."
    private void answerWithCookie(SynEntry entry, long now) {
        entry.listener.lastCookie = now;
        cookies.encode(entry, now);
        if (!entry.timestamps) {
            // There is no place to remember these in.
            entry.windowScaling = false;
            entry.sackPermitted = false;
            entry.ecn = false;
        }
        send(entry, SynCookies.encodeOptions(entry, timestamp(entry, now)), now);
    }

    /// An ACK came for which there is no connection.
    ///
    /// @return true if the segment has to be answered with a RST
    private boolean acknowledgesCookie(TcpListener listener, Packet packet, Segment segment) {
        // Only after cookies were sent, so that none can be guessed in quiet times.
        boolean sent =
                listener.lastCookie != Long.MIN_VALUE && segment.now - listener.lastCookie <= 2 * SynCookies.PERIOD;
        if (!sent || segment.has(TcpHeader.SYN)) {
            drops.count(DropReason.WRONG_STATE);
            return true;
        }
        SynEntry entry = entry(listener, packet, segment, segment.seq - 1);
        int mss = cookies.decode(entry, segment.ack - 1, segment.now);
        if (mss < 0) {
            drops.count(DropReason.WRONG_STATE);
            return true;
        }
        if (!listener.reserve()) {
            drops.count(DropReason.BACKLOG_FULL);
            return false;
        }
        entry.iss = segment.ack - 1;
        entry.mss = mss;
        entry.timestamps = segment.options.timestamps;
        if (entry.timestamps) {
            SynCookies.decodeOptions(entry, segment.options.tsEcr);
        }
        entry.rcvWindShift = entry.windowScaling ? (byte) SegmentOutput.windowShift(listener.config) : 0;
        entry.tsRecent = segment.options.tsVal;
        entry.tsOffset = IsnGenerator.timestampOffset(isns.secret(entry));
        entry.rcvWnd = Math.min(listener.config.receiveBuffer(), 65_535);
        entry.answeredTwice = true; // the round-trip time cannot be told
        ports.accept(entry, listener.binding);
        listener.add(entry);
        return complete(entry, segment);
    }

    /// ICMP says something of the SYN,ACK. RFC 5927 section 5.2 has hard errors end a connection that is not
    /// synchronized; RFC 1122 section 4.2.3.9 forbids it of the others.
    ///
    /// @return false if it is not heeded
    boolean icmpError(SynEntry entry, IcmpError error) {
        // RFC 5927 section 4.1: the quoted sequence number must be one of what is in flight.
        if (entry.request != null || error.sequence() != entry.iss || !error.isHard()) {
            return false;
        }
        remove(entry);
        return true;
    }

    private static int timestamp(SynEntry entry, long now) {
        return (int) (now / 1_000_000) + entry.tsOffset;
    }

    private void answer(SynEntry entry, long now) {
        entry.sentAt = now;
        send(entry, timestamp(entry, now), now);
        wheel.schedule(entry.deadline, now + (RttEstimator.INITIAL_RTO << entry.retransmissions));
    }

    private void send(SynEntry entry, int timestamp, long now) {
        if (entry.tellCookie && entry.retransmissions == 0 && !entry.answeredTwice) {
            // RFC 7413 section 4.2.2: when it is sent again, "with neither data nor Fast Open options".
            writer.fastOpen(FastOpen.COOKIE_LENGTH, tcp.fastOpen().cookieFor(entry, now), 0, 0);
        }
        writer.sendSyn(
                entry,
                entry.iss,
                entry.irs + 1,
                TcpHeader.SYN | TcpHeader.ACK | (entry.ecn ? TcpHeader.ECE : 0),
                entry.rcvWnd,
                entry.windowScaling ? entry.rcvWindShift : -1,
                entry.sackPermitted,
                entry.timestamps,
                timestamp,
                entry.tsRecent,
                entry.listener.config,
                now);
    }

    /// The SYN,ACK was not acknowledged in time.
    void expired(SynEntry entry, long now) {
        if (entry.request != null || entry.retransmissions == MAX_RETRANSMISSIONS) {
            remove(entry);
            return;
        }
        entry.retransmissions++;
        tcp.timeouts().countRetransmission(entry, 0);
        answer(entry, now);
    }

    /// The one place where an incomplete connection ends.
    void remove(SynEntry entry) {
        leave(entry);
        ports.release(entry);
        Chunk text = entry.text;
        if (text != null) {
            entry.text = null;
            text.release();
        }
    }

    /// The entry is incomplete no longer; its slot in the port table stays.
    void leave(SynEntry entry) {
        wheel.cancel(entry.deadline);
        entry.listener.remove(entry);
        TcpRequest request = entry.request;
        if (request != null) {
            entry.request = null;
            request.end();
        }
    }

    /// Section 3.10.7.4 for SYN-RECEIVED.
    ///
    /// @return true if the segment has to be answered with a RST
    boolean synReceived(SynEntry entry, Segment segment) {
        if (entry.request != null) {
            requests.arrivedAgain(entry, segment);
            return false;
        }
        int rcvNxt = entry.irs + 1;
        // The other end's SYN again: our SYN,ACK was lost.
        if (segment.has(TcpHeader.SYN) && !segment.has(TcpHeader.ACK | TcpHeader.RST) && segment.seq == entry.irs) {
            drops.count(DropReason.NOT_ACCEPTABLE);
            if (entry.answeredAt != Long.MIN_VALUE && segment.now - entry.answeredAt < ANSWER_INTERVAL) {
                drops.count(DropReason.RATE_LIMITED); // the source may be forged, and another host gets the answers
                return false;
            }
            entry.answeredAt = segment.now;
            entry.answeredTwice = true;
            // RFC 3168 section 6.1.1: "Otherwise, it MUST NOT send an ECN-setup SYN-ACK packet."
            entry.ecn &= Ecn.isAsked(segment, entry.listener.config);
            // The timer goes on, or SYNs could keep the entry for ever.
            send(entry, timestamp(entry, segment.now), segment.now);
            return false;
        }
        boolean paws = entry.timestamps
                && segment.options.timestamps
                && SeqNum.lt(segment.options.tsVal, entry.tsRecent)
                && !segment.has(TcpHeader.RST);
        if (paws || !SeqNum.inWindow(segment.seq, rcvNxt, entry.rcvWnd)) {
            drops.count(DropReason.NOT_ACCEPTABLE);
            if (!segment.has(TcpHeader.RST)) {
                acknowledge(entry, segment.now);
            }
            return false;
        }
        if (segment.has(TcpHeader.RST)) {
            // "If this connection was initiated with a passive OPEN ..., then return this connection to LISTEN
            // state".
            if (segment.seq == rcvNxt) {
                remove(entry);
            } else {
                acknowledge(entry, segment.now);
            }
            return false;
        }
        if (segment.has(TcpHeader.SYN)) {
            drops.count(DropReason.NOT_ACCEPTABLE);
            acknowledge(entry, segment.now);
            return false;
        }
        if (!segment.has(TcpHeader.ACK)) {
            drops.count(DropReason.WRONG_STATE);
            return false;
        }
        // "If SND.UNA < SEG.ACK =< SND.NXT, then enter ESTABLISHED state ... If the segment acknowledgment is not
        // acceptable, form a reset segment <SEQ=SEG.ACK><CTL=RST> and send it."
        if (segment.ack != entry.iss + 1) {
            drops.count(DropReason.NOT_ACCEPTABLE);
            return true;
        }
        if (!entry.listener.reserve()) {
            drops.count(DropReason.BACKLOG_FULL);
            return false;
        }
        return complete(entry, segment);
    }

    private void acknowledge(SynEntry entry, long now) {
        if (entry.challenges == MAX_CHALLENGES) {
            drops.count(DropReason.RATE_LIMITED); // RFC 5961 section 7
            return;
        }
        entry.challenges++;
        writer.sendAck(
                entry,
                entry.iss + 1,
                entry.irs + 1,
                entry.rcvWnd >> entry.rcvWindShift,
                entry.timestamps,
                timestamp(entry, now),
                entry.tsRecent,
                now);
    }

    private Tcb connection(SynEntry entry, long now) {
        TcpConfig config = entry.listener.config;
        Tcb tcb = new Tcb(
                entry.localHi(),
                entry.localLo(),
                entry.localPort(),
                entry.remoteHi(),
                entry.remoteLo(),
                entry.remotePort(),
                config,
                CongestionControl.of(config.congestion()));
        tcb.iss = entry.iss;
        tcb.sndUna = entry.iss + 1;
        tcb.sndNxt = entry.iss + 1;
        tcb.irs = entry.irs;
        tcb.rcvNxt = entry.irs + 1;
        tcb.lastAckSent = tcb.rcvNxt;
        tcb.rcvAdv = tcb.rcvNxt + entry.rcvWnd;
        tcb.sndWindShift = entry.sndWindShift;
        tcb.rcvWindShift = entry.rcvWindShift;
        tcb.sndWnd = entry.peerWindow;
        tcb.maxSndWnd = entry.peerWindow;
        tcb.sndWl1 = entry.irs;
        tcb.sndWl2 = entry.iss;
        tcb.openedAt = entry.openedAt;
        tcb.lastProgress = now;
        tcb.sendMss = (char) entry.mss;
        tcb.tsOffset = entry.tsOffset;
        tcb.tsRecent = entry.tsRecent;
        tcb.tsRecentAge = (int) (now / 1_000_000_000L);
        tcb.flags |= Tcb.ATTACHED
                | (entry.timestamps ? Tcb.TIMESTAMPS : 0)
                | (entry.sackPermitted ? Tcb.SACK_PERMITTED : 0)
                | (entry.ecn ? Tcb.ECN : 0)
                | (entry.retransmissions > 0 ? Tcb.SYN_RETRANSMITTED : 0);
        UserTimeout.received(tcb, entry.userTimeout);
        tcp.updateMss(tcb);
        return tcb;
    }

    private boolean complete(SynEntry entry, Segment segment) {
        TcpListener listener = entry.listener;
        Tcb tcb = connection(entry, segment.now);
        if (entry.retransmissions == 0 && !entry.answeredTwice) {
            // Karn, RFC 6298 section 3: only if it is clear which SYN,ACK was acknowledged.
            RttEstimator.sample(tcb, segment.now - entry.sentAt);
        }
        wheel.cancel(entry.deadline);
        listener.remove(entry);
        ports.replace(entry, tcb);
        tcb.segmentsIn = 1; // the SYN
        tcb.segmentsOut = (char) (1 + entry.retransmissions);
        Tally.received(tcb, segment);
        arrives.establish(tcb, segment.now);
        listener.offer(tcb);
        tcp.ready(listener);
        boolean reset = arrives.otherwise(tcb, segment);
        Chunk text = entry.text;
        if (text != null) {
            entry.text = null;
            if (!reset && tcb.state.canReceive()) {
                segment.seq = entry.irs + 1;
                segment.flags = TcpHeader.ACK;
                segment.payload = text;
                segment.payloadKept = true;
                segment.payloadFrom = 0;
                segment.payloadLength = text.used;
                segment.unit = text.used;
                arrives.text(tcb, segment);
            }
            text.release();
        }
        return reset;
    }
}
