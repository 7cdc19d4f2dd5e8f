package dev.berth.stack.tcp;

import dev.berth.ports.PortTable;
import dev.berth.stack.ip.DropCounters;
import dev.berth.stack.time.TimerWheel;
import dev.berth.wire.DropReason;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import dev.berth.wire.TcpOptions;

/// RFC 9293 section 3.10.7.2, and 3.10.7.4 for SYN-RECEIVED after a passive OPEN: the handshake of a listener's
/// connections, from the SYN to the accept queue.
final class ListenArrives {
    /// SYN,ACKs are sent again 1, 2, 4, 8 and 16 s after each other; then the entry goes.
    private static final int MAX_RETRANSMISSIONS = 5;

    /// ACKs in answer to unacceptable segments, in the short life of an entry.
    private static final int MAX_CHALLENGES = 10;

    private final Tcp tcp;
    private final PortTable<TcpListener> ports;
    private final SegmentArrives arrives;
    private final SegmentWriter writer;
    private final IsnGenerator isns;
    private final TimerWheel wheel;
    private final DropCounters drops;

    ListenArrives(
            Tcp tcp,
            PortTable<TcpListener> ports,
            SegmentArrives arrives,
            SegmentWriter writer,
            IsnGenerator isns,
            TimerWheel wheel,
            DropCounters drops) {
        this.tcp = tcp;
        this.ports = ports;
        this.arrives = arrives;
        this.writer = writer;
        this.isns = isns;
        this.wheel = wheel;
        this.drops = drops;
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
        // state."
        if (segment.has(TcpHeader.ACK)) {
            drops.count(DropReason.WRONG_STATE);
            return true;
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
        if (!listener.hasRoom()) {
            drops.count(DropReason.BACKLOG_FULL);
            return false;
        }
        SynEntry entry = new SynEntry(
                listener,
                segment.seq,
                packet.destinationHi,
                packet.destinationLo,
                segment.destinationPort,
                packet.sourceHi,
                packet.sourceLo,
                segment.sourcePort);
        entry.iss = isns.isn(entry, segment.now);
        if (oldSndNxt != 0 && SeqNum.leq(entry.iss, oldSndNxt)) {
            entry.iss = oldSndNxt + 65_536;
        }
        TcpOptions options = segment.options;
        entry.mss = Tcp.peerMss(entry, options.mss);
        entry.peerWindow = segment.window;
        entry.windowScaling = options.windowScale >= 0;
        entry.sndWindShift = (byte) Math.min(Math.max(options.windowScale, 0), 14);
        entry.rcvWindShift = entry.windowScaling ? (byte) SegmentOutput.windowShift(listener.config) : 0;
        entry.timestamps = options.timestamps;
        entry.sackPermitted = options.sackPermitted;
        entry.tsRecent = options.tsVal;
        entry.tsOffset = isns.timestampOffset(entry);
        entry.rcvWnd = Math.min(listener.config.receiveBuffer(), 65_535);
        entry.openedAt = CoarseTime.of(segment.now);
        ports.accept(entry, listener.binding);
        listener.add(entry);
        answer(entry, segment.now);
        // Text on the SYN is not kept: it is not acknowledged, so the other end sends it again (SM-5).
        return false;
    }

    private void answer(SynEntry entry, long now) {
        entry.sentAt = now;
        send(entry, now);
        wheel.schedule(entry.deadline, now + (RttEstimator.INITIAL_RTO << entry.retransmissions));
    }

    private void send(SynEntry entry, long now) {
        writer.sendSyn(
                entry,
                entry.iss,
                entry.irs + 1,
                true,
                entry.rcvWnd,
                entry.windowScaling ? entry.rcvWindShift : -1,
                entry.sackPermitted,
                entry.timestamps,
                (int) (now / 1_000_000) + entry.tsOffset,
                entry.tsRecent,
                entry.listener.config,
                now);
    }

    /// The SYN,ACK was not acknowledged in time.
    void expired(SynEntry entry, long now) {
        if (entry.retransmissions == MAX_RETRANSMISSIONS) {
            remove(entry);
            return;
        }
        entry.retransmissions++;
        tcp.timeouts().countRetransmission();
        answer(entry, now);
    }

    /// The one place where an incomplete connection ends.
    void remove(SynEntry entry) {
        wheel.cancel(entry.deadline);
        entry.listener.remove(entry);
        ports.release(entry);
    }

    /// Section 3.10.7.4 for SYN-RECEIVED.
    ///
    /// @return true if the segment has to be answered with a RST
    boolean synReceived(SynEntry entry, Segment segment) {
        int rcvNxt = entry.irs + 1;
        // The other end's SYN again: our SYN,ACK was lost.
        if (segment.has(TcpHeader.SYN)
                && !segment.has(TcpHeader.ACK | TcpHeader.RST)
                && segment.seq == entry.irs) {
            drops.count(DropReason.NOT_ACCEPTABLE);
            entry.answeredTwice = true;
            send(entry, segment.now); // the timer goes on, or SYNs could keep the entry for ever
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
        if (entry.listener.isFull()) {
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
                (int) (now / 1_000_000) + entry.tsOffset,
                entry.tsRecent,
                now);
    }

    private boolean complete(SynEntry entry, Segment segment) {
        TcpListener listener = entry.listener;
        Tcb tcb = new Tcb(
                entry.localHi(),
                entry.localLo(),
                entry.localPort(),
                entry.remoteHi(),
                entry.remoteLo(),
                entry.remotePort(),
                listener.config,
                CongestionControl.of(listener.config.congestion()));
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
        tcb.sendMss = (char) entry.mss;
        tcb.tsOffset = entry.tsOffset;
        tcb.tsRecent = entry.tsRecent;
        tcb.tsRecentAge = (int) (segment.now / 1_000_000_000L);
        tcb.flags |= Tcb.ATTACHED
                | (entry.timestamps ? Tcb.TIMESTAMPS : 0)
                | (entry.sackPermitted ? Tcb.SACK_PERMITTED : 0)
                | (entry.retransmissions > 0 ? Tcb.SYN_RETRANSMITTED : 0);
        tcb.rto = RttEstimator.INITIAL_RTO;
        tcp.updateMss(tcb);
        if (entry.retransmissions == 0 && !entry.answeredTwice) {
            // Karn, RFC 6298 section 3: only if it is clear which SYN,ACK was acknowledged.
            RttEstimator.sample(tcb, segment.now - entry.sentAt);
        }
        wheel.cancel(entry.deadline);
        listener.remove(entry);
        ports.replace(entry, tcb);
        arrives.establish(tcb, segment.now);
        listener.offer(tcb);
        tcp.ready(listener);
        return arrives.otherwise(tcb, segment);
    }
}
