package dev.berth.stack.tcp;

import dev.berth.stack.ip.DropCounters;
import dev.berth.wire.DropReason;
import dev.berth.wire.TcpHeader;
import dev.berth.wire.TcpOptions;

/// RFC 9293 section 3.10.7.3 and 3.10.7.4: a segment arrives for a connection in SYN-SENT or a state after it. One
/// method per step, in the order of the RFC. Input only changes the [Tcb] and marks what is pending.
final class SegmentArrives {
    private static final long PAWS_INVALID_AFTER = 24L * 24 * 3_600; // seconds: RFC 7323 section 5.5
    private static final int MAX_REPEATED = 1 << 30; // no window is larger

    private final Tcp tcp;
    private final Timeouts timeouts;
    private final DropCounters drops;
    private final SegmentText text;
    private final SegmentAck acks;
    private final Challenges challenges;

    SegmentArrives(Tcp tcp, Timeouts timeouts, DropCounters drops) {
        this.tcp = tcp;
        this.timeouts = timeouts;
        this.drops = drops;
        text = new SegmentText(tcp, drops);
        acks = new SegmentAck(tcp, timeouts);
        challenges = new Challenges(tcp, drops);
    }

    /// Section 3.10.7.3, SYN-SENT STATE.
    ///
    /// @return true if the segment has to be answered with a RST
    boolean synSent(Tcb tcb, Segment segment) {
        // First, check the ACK bit: "If SEG.ACK =< ISS or SEG.ACK > SND.NXT, send a reset (unless the RST bit is
        // set)".
        boolean acked = segment.has(TcpHeader.ACK);
        if (acked && (SeqNum.leq(segment.ack, tcb.iss) || SeqNum.gt(segment.ack, tcb.sndNxt))) {
            drops.count(DropReason.NOT_ACCEPTABLE);
            return true;
        }
        // Second, check the RST bit: "If the ACK was acceptable, then signal to the user 'error: connection reset',
        // drop the segment, enter CLOSED state ... Otherwise (no ACK), drop the segment and return."
        if (segment.has(TcpHeader.RST)) {
            if (acked) {
                tcp.fail(tcb, TcpError.REFUSED);
            } else {
                drops.count(DropReason.NOT_ACCEPTABLE);
            }
            return false;
        }
        // Fourth, check the SYN bit.
        if (!segment.has(TcpHeader.SYN)) {
            drops.count(DropReason.WRONG_STATE);
            return false;
        }
        tcb.irs = segment.seq;
        tcb.rcvNxt = segment.seq + 1;
        tcb.lastAckSent = tcb.rcvNxt; // until the ACK is
        tcb.lastHeard = CoarseTime.millis(segment.now);
        negotiate(tcb, segment);
        Ecn.answered(tcb, segment);
        tcb.rcvAdv = tcb.rcvNxt + Math.min(tcb.config.receiveBuffer(), 65_535);
        tcb.sndWnd = segment.window; // RFC 7323 section 2.2: never scaled in a SYN
        tcb.maxSndWnd = Math.max(tcb.maxSndWnd, segment.window);
        tcb.sndWl1 = segment.seq;
        tcb.sndWl2 = segment.ack;
        if (!acked) {
            // "Otherwise, enter SYN-RECEIVED, form a SYN,ACK segment": simultaneous open, MUST-10.
            tcb.state = TcpState.SYN_RECEIVED;
            tcb.pending |= Tcb.SYN;
            tcp.markDirty(tcb);
            return false;
        }
        tcp.fastOpen().answered(tcb, segment);
        acknowledgeSyn(tcb, segment);
        SendQueue queue = tcb.sendQueue;
        if (queue != null) {
            // RFC 7413 section 4.2.2: "The client SHOULD retransmit any unacknowledged data in the first ACK packet".
            tcb.sndUna = segment.ack;
            queue.acknowledge(segment.ack);
            if (queue.length() == 0) {
                tcp.queues().dropSend(tcb);
            }
        }
        tcb.sndNxt = tcb.sndUna;
        tcb.rttSeq = tcb.sndUna;
        segment.seq++;
        segment.flags &= ~TcpHeader.SYN;
        trim(tcb, segment, tcb.rcvWnd());
        // A full ACK, not a delayed one, ends the handshake; data that wait ride on it.
        tcb.pending |= Tcb.ACK_NOW | Tcb.SEND;
        tcp.markDirty(tcb);
        if (segment.payloadLength > 0 || segment.has(TcpHeader.FIN)) {
            text.process(tcb, segment);
        }
        return false;
    }

    /// Takes over what the SYN's options offer (RFC 7323 sections 2.2 and 3.2, RFC 2018 section 2, RFC 9293 3.7.1).
    void negotiate(Tcb tcb, Segment segment) {
        TcpOptions options = segment.options;
        if (options.windowScale >= 0) {
            tcb.flags |= Tcb.WINDOW_SCALING;
            // RFC 7323 section 2.3: "If a Window Scale option is received with a shift.cnt value larger than 14, the
            // TCP SHOULD log the error but MUST use 14 instead of the specified value."
            tcb.sndWindShift = (byte) Math.min(options.windowScale, 14);
            tcb.rcvWindShift = (byte) SegmentOutput.windowShift(tcb.config);
        } else {
            tcb.sndWindShift = 0;
            tcb.rcvWindShift = 0;
        }
        if (options.timestamps) {
            tcb.flags |= Tcb.TIMESTAMPS;
            tcb.tsRecent = options.tsVal;
            tcb.tsRecentAge = seconds(segment.now);
        }
        UserTimeout.received(tcb, Math.max(0, options.userTimeout));
        if (options.sackPermitted) {
            tcb.flags |= Tcb.SACK_PERMITTED;
        }
        tcb.sendMss = (char) Tcp.peerMss(tcb, options.mss);
        tcp.updateMss(tcb);
    }

    private void acknowledgeSyn(Tcb tcb, Segment segment) {
        tcb.sndUna = tcb.iss + 1;
        if (tcb.has(Tcb.RTT_RUNNING)) {
            tcb.flags &= ~Tcb.RTT_RUNNING;
            long rtt = segment.arrivedAt - tcb.lastProgress;
            RttEstimator.sample(tcb, rtt);
            RttEstimator.measured(tcb, rtt, segment.now);
        }
        establish(tcb, segment.now);
    }

    /// The connection enters ESTABLISHED with its SYN acknowledged.
    void establish(Tcb tcb, long now) {
        // A CLOSE in SYN-RECEIVED was, by RFC 9293 section 3.10.4, queued "for processing after entering ESTABLISHED
        // state".
        tcb.state = (tcb.pending & Tcb.FIN_QUEUED) == 0 ? TcpState.ESTABLISHED : TcpState.FIN_WAIT_1;
        tcb.pending &= ~Tcb.SYN;
        FastOpen.left(tcb, false, now);
        tcb.backoff = 0;
        tcb.recover = tcb.iss;
        tcb.rttSeq = tcb.sndUna;
        tcb.cwnd = CongestionControl.initialWindow(tcb.effectiveMss);
        tcb.quickAcks = Tcb.QUICK_ACKS;
        UserTimeout.advertise(tcb);
        if (tcb.has(Tcb.SYN_RETRANSMITTED)) {
            // RFC 5681 section 3.1: "if the SYN or SYN/ACK is lost, the initial window used by a sender after a
            // correctly transmitted SYN MUST be one segment".
            tcb.cwnd = tcb.effectiveMss;
        }
        timeouts.acknowledged(tcb, now);
        timeouts.armIdle(tcb, now);
        tcb.pending |= Tcb.SEND;
        tcp.ready(tcb);
    }

    /// What came on the SYN of a connection that is ESTABLISHED now.
    void text(Tcb tcb, Segment segment) {
        trim(tcb, segment, tcb.rcvWnd());
        if (segment.payloadLength > 0) {
            text.process(tcb, segment);
        }
    }

    /// Section 3.10.7.4, SYN-RECEIVED STATE and the synchronized states.
    ///
    /// @return true if the segment has to be answered with a RST
    boolean otherwise(Tcb tcb, Segment segment) {
        int seq = segment.seq; // before it is trimmed
        if (tcb.state == TcpState.SYN_RECEIVED && isSynAgain(tcb, segment)) {
            // Its SYN crossed ours again, our answer was lost; or somebody wants it to have many.
            if (challenges.isAllowed(tcb, segment.now)) {
                tcb.pending |= Tcb.SYN;
                tcp.markDirty(tcb);
            }
            return false;
        }
        if (!checkTimestamp(tcb, segment) || !checkSequence(tcb, segment)) {
            return false;
        }
        tcb.lastHeard = CoarseTime.millis(segment.now);
        if (segment.has(TcpHeader.RST)) {
            checkReset(tcb, segment);
            return false;
        }
        if (segment.has(TcpHeader.SYN)) {
            checkSyn(tcb, segment);
            return false;
        }
        // Fifth, check the ACK field: "if the ACK bit is off, drop the segment and return".
        if (!segment.has(TcpHeader.ACK)) {
            drops.count(DropReason.WRONG_STATE);
            return false;
        }
        if (tcb.state == TcpState.SYN_RECEIVED) {
            // "If SND.UNA < SEG.ACK =< SND.NXT, then enter ESTABLISHED"; otherwise a RST answers.
            if (SeqNum.leq(segment.ack, tcb.sndUna) || SeqNum.gt(segment.ack, tcb.sndNxt)) {
                return true;
            }
            setWindow(tcb, segment);
            acknowledgeSyn(tcb, segment);
            tcp.markDirty(tcb);
        }
        if (!checkAck(tcb, segment)) {
            return false;
        }
        updateTimestamp(tcb, segment, seq);
        if (segment.options.userTimeout >= 0) {
            UserTimeout.received(tcb, segment.options.userTimeout);
        }
        if (tcb.has(Tcb.ECN)) {
            Ecn.received(tcb, segment);
        }
        return text.process(tcb, segment);
    }

    private static boolean isSynAgain(Tcb tcb, Segment segment) {
        int control = TcpHeader.SYN | TcpHeader.ACK | TcpHeader.RST;
        return (segment.flags & control) == TcpHeader.SYN && segment.seq == tcb.irs;
    }

    /// RFC 7323 section 5.3, R1: "If there is a Timestamps option in the arriving segment, SEG.TSval < TS.Recent,
    /// TS.Recent is valid ... and if the RST bit is not set, then treat the arriving segment as not acceptable".
    private boolean checkTimestamp(Tcb tcb, Segment segment) {
        if (!tcb.has(Tcb.TIMESTAMPS) || segment.has(TcpHeader.RST)) {
            return true;
        }
        // Deviation: a segment without timestamps is accepted (RFC 7323 section 3.2 says it SHOULD be dropped),
        // because middleboxes strip the option and Linux and FreeBSD accept it.
        if (segment.options.timestamps
                && SeqNum.lt(segment.options.tsVal, tcb.tsRecent)
                && !isOutdated(tcb, segment.now)) {
            drops.count(DropReason.NOT_ACCEPTABLE);
            challenges.answerUnacceptable(tcb, segment);
            return false;
        }
        return true;
    }

    /// First, check the sequence number: the four cases of section 3.4, then trim to the window.
    private boolean checkSequence(Tcb tcb, Segment segment) {
        int length = segment.length();
        int window = tcb.rcvWnd();
        int offset = segment.seq - tcb.rcvNxt;
        boolean acceptable;
        if (length == 0) {
            acceptable = window == 0 ? offset == 0 : SeqNum.inWindow(segment.seq, tcb.rcvNxt, window);
        } else {
            acceptable = window > 0
                    && (SeqNum.inWindow(segment.seq, tcb.rcvNxt, window)
                            || SeqNum.inWindow(segment.seq + length - 1, tcb.rcvNxt, window)
                            || offset < 0 && offset + length > window);
        }
        if (!acceptable) {
            // "special allowance should be made to accept valid ACKs, URGs, and RSTs" with a zero window (MUST-66).
            if (window == 0 && offset == 0 && length > 0) {
                segment.payloadLength = 0;
                segment.flags &= ~TcpHeader.FIN;
                tcb.pending |= Tcb.ACK_NOW;
                tcp.markDirty(tcb);
                return true;
            }
            drops.count(DropReason.NOT_ACCEPTABLE);
            if (!segment.has(TcpHeader.RST)) {
                duplicates(tcb, segment);
                challenges.answerUnacceptable(tcb, segment);
            }
            return false;
        }
        trim(tcb, segment, window);
        return true;
    }

    /// RFC 2883 section 4.1: what a segment repeats below the cumulative acknowledgment is reported. Only what may be
    /// a repetition: a segment from elsewhere in the sequence space, such as a forged one, is not.
    private static void duplicates(Tcb tcb, Segment segment) {
        int before = tcb.rcvNxt - segment.seq;
        if (segment.payloadLength > 0 && before > 0 && before <= MAX_REPEATED) {
            tcb.duplicates(segment.seq, SeqNum.min(segment.seq + segment.payloadLength, tcb.rcvNxt));
        }
    }

    /// "One could tailor actual segments to fit this assumption by trimming off any portions that lie outside the
    /// window (including SYN and FIN)".
    private void trim(Tcb tcb, Segment segment, int window) {
        int before = tcb.rcvNxt - segment.seq;
        if (before > 0) {
            if (segment.has(TcpHeader.SYN)) {
                return; // handled whatever its number: RFC 5961 section 4
            }
            if (segment.has(TcpHeader.RST)) {
                // RFC 5961 section 3.2 compares the number that the RST came with: "If the RST bit is set and the
                // sequence number exactly matches the next expected sequence number (RCV.NXT)". Text must not move it
                // there.
                return;
            }
            duplicates(tcb, segment);
            segment.trimFront(Math.min(before, segment.payloadLength));
            tcb.pending |= Tcb.ACK_NOW; // something of it was received before: the other end missed an ACK
            tcp.markDirty(tcb);
        }
        int beyond = segment.seq + segment.payloadLength - (tcb.rcvNxt + window);
        if (beyond > 0) {
            segment.payloadLength -= Math.min(beyond, segment.payloadLength);
            segment.flags &= ~TcpHeader.FIN;
        }
    }

    /// Second, check the RST bit: RFC 5961 section 3.2, "If the RST bit is set and the sequence number exactly
    /// matches the next expected sequence number (RCV.NXT), then TCP endpoints MUST reset the connection"; elsewhere
    /// in the window "TCP MUST send an acknowledgment (challenge ACK)".
    private void checkReset(Tcb tcb, Segment segment) {
        if (segment.seq != tcb.rcvNxt) {
            challenges.send(tcb, segment.now);
            return;
        }
        switch (tcb.state) {
            case SYN_RECEIVED -> {
                TcpError error = tcb.has(Tcb.FAST_OPEN) ? TcpError.RESET : TcpError.REFUSED;
                FastOpen.left(tcb, true, segment.now);
                tcp.fail(tcb, error);
            }
            // "enter the CLOSED state, delete the TCB, and return", without a word to the user.
            case CLOSING, LAST_ACK -> tcp.destroy(tcb);
            default -> tcp.fail(tcb, TcpError.RESET);
        }
    }

    /// Fourth, check the SYN bit: RFC 5961 section 4.2, "If the SYN bit is set, irrespective of the sequence number,
    /// TCP endpoints MUST send a challenge ACK to the remote peer".
    private void checkSyn(Tcb tcb, Segment segment) {
        drops.count(DropReason.NOT_ACCEPTABLE);
        challenges.send(tcb, segment.now);
    }

    /// RFC 7323 section 4.3: "(2) If SEG.TSval >= TS.Recent and SEG.SEQ <= Last.ACK.sent, then SEG.TSval is copied to
    /// TS.Recent; otherwise, it is ignored."
    private static void updateTimestamp(Tcb tcb, Segment segment, int seq) {
        if (tcb.has(Tcb.TIMESTAMPS)
                && segment.options.timestamps
                // Section 5.5: after 24 days TS.Recent is invalid, and whatever comes replaces it.
                && (SeqNum.geq(segment.options.tsVal, tcb.tsRecent) || isOutdated(tcb, segment.now))
                && SeqNum.leq(seq, tcb.lastAckSent)) {
            tcb.tsRecent = segment.options.tsVal;
            tcb.tsRecentAge = seconds(segment.now);
        }
    }

    private static boolean isOutdated(Tcb tcb, long now) {
        return seconds(now) - tcb.tsRecentAge >= PAWS_INVALID_AFTER;
    }

    private static int seconds(long now) {
        return (int) (now / 1_000_000_000L);
    }

    /// Fifth, check the ACK field, in the synchronized states.
    private boolean checkAck(Tcb tcb, Segment segment) {
        // RFC 5961 section 5.2: "The ACK value is considered acceptable only if it is in the range of
        // ((SND.UNA - MAX.SND.WND) <= SEG.ACK <= SND.NXT). All incoming segments whose ACK value doesn't satisfy the
        // above condition MUST be discarded and an ACK sent back."
        if (SeqNum.gt(segment.ack, tcb.sndNxt) || SeqNum.lt(segment.ack, tcb.sndUna - tcb.maxSndWnd)) {
            drops.count(DropReason.NOT_ACCEPTABLE);
            challenges.send(tcb, segment.now);
            return false;
        }
        if (tcb.sndWnd == 0) {
            // MUST-37: "as long as the receiving TCP peer continues to send acknowledgments in response to the probe
            // segments, the sending TCP peer MUST allow the connection to stay open". With an open window only
            // progress counts, or MUST-20's "number of transmissions of the same segment" would never reach R2.
            tcb.unanswered = 0;
        }
        int cwnd = tcb.cwnd;
        acks.process(tcb, segment);
        if (SeqNum.geq(segment.ack, tcb.sndUna)) {
            updateWindow(tcb, segment);
        }
        if (segment.has(TcpHeader.ECE) && tcb.has(Tcb.ECN)) {
            Ecn.echoed(tcb, cwnd, segment.now);
        }
        return afterAck(tcb, segment.now);
    }

    /// "If SND.UNA =< SEG.ACK =< SND.NXT, the send window should be updated. If (SND.WL1 < SEG.SEQ or (SND.WL1 =
    /// SEG.SEQ and SND.WL2 =< SEG.ACK)), set SND.WND <- SEG.WND, set SND.WL1 <- SEG.SEQ, and set SND.WL2 <- SEG.ACK."
    private void updateWindow(Tcb tcb, Segment segment) {
        if (SeqNum.lt(tcb.sndWl1, segment.seq) || tcb.sndWl1 == segment.seq && SeqNum.leq(tcb.sndWl2, segment.ack)) {
            int before = tcb.sndWnd;
            setWindow(tcb, segment);
            if (tcb.extras != null || tcb.sndWnd < MemoryBudget.TIGHT) {
                MemoryBudget.windowChanged(tcb, segment.now);
            }
            if (tcb.sndWnd > before) {
                if (before == 0) {
                    tcb.backoff = 0;
                    if (tcb.flightSize() > 0) {
                        // What was sent into the closed window, a probe or a FIN, was not taken.
                        tcb.pending |= Tcb.RETRANSMIT;
                    }
                }
                timeouts.windowOpened(tcb, before);
                tcb.pending |= Tcb.SEND;
                tcp.markDirty(tcb);
            }
        }
    }

    private static void setWindow(Tcb tcb, Segment segment) {
        tcb.sndWnd = segment.window << tcb.sndWindShift;
        tcb.sndWl1 = segment.seq;
        tcb.sndWl2 = segment.ack;
        tcb.maxSndWnd = Math.max(tcb.maxSndWnd, tcb.sndWnd);
    }

    /// What the acknowledgment of our FIN means in the closing states.
    ///
    /// @return false if there is no connection any more
    private boolean afterAck(Tcb tcb, long now) {
        boolean finAcked = (tcb.pending & Tcb.FIN_SENT) != 0 && tcb.sndUna == tcb.sndNxt;
        if (!finAcked) {
            return true;
        }
        switch (tcb.state) {
            case FIN_WAIT_1 -> {
                tcb.state = TcpState.FIN_WAIT_2;
                timeouts.armIdle(tcb, now);
            }
            case CLOSING -> {
                tcp.enterTimeWait(tcb, now);
                return false;
            }
            case LAST_ACK -> {
                tcp.destroy(tcb);
                return false;
            }
            default -> {
                // Nothing changes in the other states.
            }
        }
        return true;
    }
}
