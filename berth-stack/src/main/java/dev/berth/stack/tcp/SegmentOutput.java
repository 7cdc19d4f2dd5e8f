package dev.berth.stack.tcp;

import dev.berth.wire.TcpHeader;
import org.jspecify.annotations.Nullable;

/// Decides what a connection sends next (RFC 9293 sections 3.7 and 3.8). Input, user calls and timers only mark what
/// is pending; everything that leaves a connection leaves it here.
final class SegmentOutput {
    /// The most octets of payload in one packet that a device cuts: 65,535 less the largest headers.
    private static final int MAX_SEGMENTED_HEADERS = 40 + TcpHeader.MAX_LENGTH;

    /// The most octets of payload that any device cuts.
    static final int MOST_SEGMENTED = 65_535 - MAX_SEGMENTED_HEADERS;

    /// The round-trip time up to which the rest of a block waits for the next one, in nanoseconds.
    private static final long NEAR = 1_000_000;

    /// What of `pending` is about octets that were sent before.
    private static final int AGAIN = Tcb.RETRANSMIT | Tcb.PROBE | Tcb.LOSS_PROBE;

    private final SegmentWriter writer;
    private final Timeouts timeouts;

    SegmentOutput(SegmentWriter writer, Timeouts timeouts) {
        this.writer = writer;
        this.timeouts = timeouts;
    }

    /// Sends everything that may be sent now.
    void poll(Tcb tcb, long now) {
        switch (tcb.state) {
            case SYN_SENT, SYN_RECEIVED -> {
                if ((tcb.pending & Tcb.SYN) != 0) {
                    sendSyn(tcb, now);
                } else if ((tcb.pending & Tcb.ACK_NOW) != 0 && tcb.state == TcpState.SYN_RECEIVED) {
                    writer.send(tcb, tcb.sndNxt, 0, 0, 0, now);
                }
                if (tcb.state == TcpState.SYN_RECEIVED && tcb.has(Tcb.FAST_OPEN)) {
                    // RFC 7413 section 4.2.2: the server answers before the handshake is over.
                    int fin = tcb.pending & Tcb.FIN_QUEUED;
                    tcb.pending &= ~fin; // "queue for processing after entering ESTABLISHED state"
                    sendSegments(tcb, now);
                    tcb.pending |= fin;
                }
            }
            case ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK -> sendSegments(tcb, now);
            case LISTEN, TIME_WAIT, CLOSED -> tcb.pending = 0;
        }
    }

    private void sendSyn(Tcb tcb, long now) {
        tcb.pending &= ~(Tcb.SYN | Tcb.ACK_NOW);
        boolean answer = tcb.state == TcpState.SYN_RECEIVED;
        if (tcb.sndNxt == tcb.iss) {
            tcb.sndNxt = tcb.iss + 1;
            tcb.lastProgress = now;
            tcb.rttSeq = tcb.iss + 1;
            tcb.flags |= Tcb.RTT_RUNNING;
        }
        int data = tcb.extras == null ? 0 : stageFastOpen(tcb, answer, now);
        int window = tcb.config.receiveBuffer();
        if (answer) {
            tcb.lastAckSent = tcb.rcvNxt;
            tcb.rcvAdv = tcb.rcvNxt + Math.min(window, 65_535);
        }
        writer.sendSyn(
                tcb,
                tcb.iss,
                tcb.rcvNxt,
                TcpHeader.SYN | (answer ? TcpHeader.ACK : 0) | Ecn.synFlags(tcb, answer),
                window,
                // RFC 7323 section 1.3: in a SYN,ACK "only if the corresponding option was received in the initial
                // <SYN>".
                answer && !tcb.has(Tcb.WINDOW_SCALING) ? -1 : windowShift(tcb.config),
                !answer || tcb.has(Tcb.SACK_PERMITTED),
                !answer || tcb.has(Tcb.TIMESTAMPS),
                tcb.shiftedTimestamp(now),
                tcb.tsRecent,
                tcb.config,
                now);
        if (data > 0) {
            // RFC 7413 section 4.2.2: "Advance to SYN-SENT state and update SND.NXT to include the data accordingly."
            tcb.sndNxt = tcb.iss + 1 + data;
        }
        timeouts.armRetransmission(tcb, now);
    }

    /// Tells the writer what of Fast Open the SYN is to bring.
    ///
    /// @return octets of data
    private int stageFastOpen(Tcb tcb, boolean answer, long now) {
        TcbExtras extras = tcb.extras();
        FastOpen.Cookie cookie = extras.fastOpenCookie;
        if (tcb.has(Tcb.SYN_RETRANSMITTED)) {
            return 0; // for the sake of whatever on the path does not like it
        }
        if (cookie == null) {
            if (!answer && tcb.config.features().fastOpen()) {
                writer.fastOpen(0, 0, 0, 0); // please
            }
            return 0;
        }
        int options = 20 + (cookie.length() + 5 & ~3);
        SendQueue queue = tcb.sendQueue;
        int data = answer || queue == null ? 0 : Math.min(queue.length(), FastOpen.room(tcb, options));
        writer.fastOpen(cookie.length(), cookie.hi(), cookie.lo(), data);
        tcb.lastSent = CoarseTime.millis(now);
        return data;
    }

    /// The shift that lets the whole receive buffer be advertised in 16 bits (RFC 7323 section 2.3: at most 14). The
    /// buffer may grow eightfold later.
    static int windowShift(TcpConfig config) {
        long largest = 8L * config.receiveBuffer();
        if (config.features().tuneReceive()) {
            largest = Math.max(largest, config.features().maxReceiveBuffer());
        }
        int shift = 0;
        while (shift < 14 && (largest >> shift) > 65_535) {
            shift++;
        }
        return shift;
    }

    private void sendSegments(Tcb tcb, long now) {
        boolean idle = tcb.flightSize() == 0;
        boolean sent = ((tcb.pending & AGAIN) != 0 || tcb.isRecovering()) && sendAgain(tcb, now);
        if ((tcb.pending & (Tcb.SEND | Tcb.FIN_QUEUED)) != 0) {
            tcb.pending &= ~Tcb.SEND;
            if (sendNew(tcb, now)) {
                sent = true;
                if (idle) {
                    timeouts.stopPersist(tcb);
                }
                timeouts.armProbe(tcb, now);
            }
        }
        if ((tcb.pending & Tcb.KEEP_ALIVE) != 0) {
            tcb.pending &= ~Tcb.KEEP_ALIVE;
            // RFC 9293 section 3.8.4: "SEG.SEQ = SND.NXT-1", without data (SHLD-12).
            writer.send(tcb, tcb.sndNxt - 1, 0, 0, 0, now);
        }
        if ((tcb.pending & Tcb.ACK_NOW) != 0) {
            writer.sendAck(tcb, now);
        } else if ((tcb.pending & Tcb.ACK_DELAYED) != 0) {
            timeouts.armDelayedAck(tcb, now);
        }
        if (sent) {
            timeouts.armRetransmission(tcb, now);
        } else {
            timeouts.armPersist(tcb, now);
        }
        Tally.limited(tcb, now);
    }

    /// What was sent before and is lost, or perhaps is; probes.
    private boolean sendAgain(Tcb tcb, long now) {
        boolean sent = false;
        if ((tcb.pending & Tcb.RETRANSMIT) != 0) {
            tcb.pending &= ~Tcb.RETRANSMIT;
            sent = retransmitFirst(tcb, now);
        }
        if (tcb.isRecovering() && !LossRecovery.isProbing(tcb)) {
            sent |= retransmitLost(tcb, now);
        }
        if ((tcb.pending & Tcb.PROBE) != 0) {
            tcb.pending &= ~Tcb.PROBE;
            sent |= probe(tcb, now);
        }
        if ((tcb.pending & Tcb.LOSS_PROBE) != 0) {
            tcb.pending &= ~Tcb.LOSS_PROBE;
            if (lossProbe(tcb, now)) {
                sent = true;
                timeouts.rearm(tcb, now);
            }
        }
        return sent;
    }

    /// RFC 6298 section 5.4: "Retransmit the earliest segment that has not been acknowledged by the TCP receiver."
    private boolean retransmitFirst(Tcb tcb, long now) {
        int flight = tcb.flightSize();
        Flight board = tcb.flight;
        int seq = board == null ? tcb.sndNxt : board.firstUnsacked();
        if (board == null || seq == tcb.sndNxt) {
            return false;
        }
        int length = LossRecovery.lostLength(tcb, seq);
        SendQueue queue = tcb.sendQueue;
        if (length == flight && queue != null && (tcb.pending & Tcb.FIN_SENT) == 0) {
            // All that is in flight is less than a segment, such as the octet of a probe: what waits may come along.
            int most = Math.min(tcb.effectiveMss, Math.max(flight, tcb.sndWnd));
            length = Math.min(most, queue.endSeq() - tcb.sndUna);
            tcb.sndNxt = tcb.sndUna + length;
        }
        retransmit(tcb, board, seq, length, now);
        return true;
    }

    private void retransmit(Tcb tcb, Flight board, int seq, int length, long now) {
        SendQueue queue = tcb.sendQueue;
        int data = queue == null ? 0 : Math.min(length, Math.max(0, queue.endSeq() - seq));
        data = Math.min(data, tcb.effectiveMss);
        boolean fin = (tcb.pending & Tcb.FIN_SENT) != 0 && seq + data == tcb.sndNxt - 1;
        int flags = data > 0 ? TcpHeader.PSH : 0;
        TcbExtras extras = tcb.extras();
        extras.retransmissions++;
        extras.octetsRetransmitted += data;
        PathProbing.retransmitted(tcb, seq);
        writer.send(tcb, seq, fin ? flags | TcpHeader.FIN : flags, data, 0, now);
        int sent = fin ? data + 1 : data;
        LossRecovery.resent(tcb, sent, now);
        LossRecovery.transmitted(tcb, sent);
        board.resent(seq, seq + sent, now);
        timeouts.countRetransmission(tcb, data);
        Pacer pacer = tcb.congestion.pacer();
        if (pacer != null) {
            pacer.sent(sent, tcb.congestion.pacingRate(tcb), now);
        }
    }

    /// Fills holes while the pipe has room: RFC 6675 section 5, step (C).
    private boolean retransmitLost(Tcb tcb, long now) {
        boolean sent = false;
        for (; ; ) {
            int seq = LossRecovery.nextLost(tcb);
            Flight board = tcb.flight;
            if (board == null || seq == tcb.sndNxt) {
                return sent;
            }
            int length = LossRecovery.lostLength(tcb, seq);
            if (tcb.cwnd - LossRecovery.pipe(tcb) < length
                    || windowRoom(tcb, seq) < length
                    || pacingRoom(tcb, now) <= 0) {
                return sent;
            }
            retransmit(tcb, board, seq, length, now);
            sent = true;
        }
    }

    /// Octets that pacing allows now; if none, it sees to it that output is tried again.
    private int pacingRoom(Tcb tcb, long now) {
        Pacer pacer = tcb.congestion.pacer();
        if (pacer == null) {
            return Integer.MAX_VALUE;
        }
        long room = pacer.allowance(tcb.congestion.pacingRate(tcb), tcb.effectiveMss, now);
        if (room <= 0) {
            timeouts.armPace(tcb, pacer.departure(now));
        }
        return (int) Math.min(room, Integer.MAX_VALUE);
    }

    private static int windowRoom(Tcb tcb, int seq) {
        // One octet is always allowed, so that a zero window is probed by the retransmission (RFC 9293 section
        // 3.8.6.1).
        return Math.max(tcb.sndUna + tcb.sndWnd - seq, seq == tcb.sndUna ? Integer.MAX_VALUE : 0);
    }

    /// RFC 9293 section 3.8.6.1: "The sending TCP peer must regularly transmit at least one octet of new data (if
    /// available), or retransmit to the receiving TCP peer even if the send window is zero".
    private boolean probe(Tcb tcb, long now) {
        SendQueue queue = tcb.sendQueue;
        if (queue == null || queue.endSeq() == tcb.sndNxt) {
            return false;
        }
        int usable = Math.max(1, tcb.sndUna + tcb.sndWnd - tcb.sndNxt);
        int length = Math.min(Math.min(usable, queue.endSeq() - tcb.sndNxt), tcb.effectiveMss);
        writer.send(tcb, tcb.sndNxt, TcpHeader.PSH, length, 0, now);
        sentNew(tcb, length, now);
        return true;
    }

    /// RFC 8985 section 7.3: "SHOULD transmit a previously unsent data segment, if one exists and the receive window
    /// allows", otherwise "retransmit the highest-sequence segment sent so far".
    private boolean lossProbe(Tcb tcb, long now) {
        Flight board = tcb.flight;
        if (board == null || !LossProbe.isWanted(tcb)) {
            return false;
        }
        SendQueue queue = tcb.sendQueue;
        int mss = tcb.effectiveMss;
        int unsent = queue == null || (tcb.pending & Tcb.FIN_SENT) != 0 ? 0 : queue.endSeq() - tcb.sndNxt;
        int length = Math.min(Math.min(unsent, tcb.sndUna + tcb.sndWnd - tcb.sndNxt), mss);
        if (length > 0) {
            writer.send(tcb, tcb.sndNxt, TcpHeader.PSH, length, 0, now);
            sentNew(tcb, length, now);
            board.probeIsRetransmission = false;
        } else {
            // Where a burst is one record, its last segment begins at a multiple of the segment size.
            int begin = board.startOfLast();
            int last = begin + (tcb.sndNxt - begin - 1) / mss * mss;
            retransmit(tcb, board, last, tcb.sndNxt - last, now);
            board.probeIsRetransmission = true;
        }
        board.probing = true;
        board.probed = true;
        board.probeEnd = tcb.sndNxt;
        return true;
    }

    private void sentNew(Tcb tcb, int length, long now) {
        Flight board = timeouts.flight(tcb);
        tcb.sndNxt += length;
        board.sent(tcb.sndNxt, now);
        if (tcb.has(Tcb.FAST_RECOVERY)) {
            LossRecovery.transmitted(tcb, length);
        }
    }

    private boolean sendNew(Tcb tcb, long now) {
        SendQueue queue = tcb.sendQueue;
        int end = queue == null ? tcb.sndNxt : queue.endSeq();
        if ((tcb.pending & Tcb.FIN_SENT) != 0) {
            return false;
        }
        restartIfIdle(tcb, now);
        boolean sent = false;
        int room = Math.min(tcb.sndUna + tcb.sndWnd - tcb.sndNxt, LossRecovery.congestionRoom(tcb));
        int mss = tcb.effectiveMss;
        // A device that cuts segments would repeat CWR and the urgent pointer in all of them.
        int available = end - tcb.sndNxt;
        int largest =
                available <= mss || tcb.has(Tcb.ECN_CWR) || Urgent.isSending(tcb) ? mss : largestSegment(tcb, mss);
        int probe = tcb.extras == null ? 0 : PathProbing.probe(tcb, available, room, now);
        if (probe > 0) {
            writer.send(tcb, tcb.sndNxt, 0, probe, 0, now);
            timeouts.flight(tcb).startRecord();
            sentNew(tcb, probe, now);
            available -= probe;
            room -= probe;
            sent = true;
        }
        Pacer pacer = tcb.congestion.pacer();
        int unpaced = room;
        if (pacer != null && available > 0 && room > 0) {
            room = Math.min(room, pacingRoom(tcb, now));
        }
        while (available > 0) {
            assert queue != null;
            int usable = Math.min(available, room);
            int length = nextLength(tcb, queue, usable, available, mss, largest);
            if (length <= 0 || usable < largest && isWorthWaiting(tcb, largest, pacer)) {
                break;
            }
            // RFC 9293 section 3.9.1.2, MUST-61: PSH in the last buffered segment.
            int flags = length == available ? TcpHeader.PSH : 0;
            if (length == available && (tcb.pending & Tcb.FIN_QUEUED) != 0) {
                sendFin(tcb, flags, length, now);
                return true;
            }
            writer.send(tcb, tcb.sndNxt, flags, length, length > mss ? mss : 0, now);
            sentNew(tcb, length, now);
            if (pacer != null) {
                pacer.sent(length, tcb.congestion.pacingRate(tcb), now);
            }
            available -= length;
            room -= length;
            unpaced -= length;
            sent = true;
        }
        if (pacer != null) {
            if (available > 0 && unpaced > room && room < mss) {
                timeouts.armPace(tcb, Math.max(now + 1, pacer.departure(now)));
            }
            noteLimit(tcb, available, room);
        }
        if (sent) {
            // A user whose buffer is full gives what it can.
            WindowValidation.sent(tcb, available == 0 && room > 0 && tcb.sendRoom() > 0, now);
        }
        // A FIN needs no room in the window: the other end always has a place for it.
        if (available == 0 && (tcb.pending & Tcb.FIN_QUEUED) != 0) {
            sendFin(tcb, 0, 0, now);
            return true;
        }
        return sent;
    }

    /// Whether less than the largest packet waits, as a segment does with Nagle's algorithm: such a packet is on its
    /// way to an end that is near, and its acknowledgment will let the rest go at the latest. To a device a packet
    /// costs nearly the same whatever its size, and a stream that is written in blocks would else send the rest of
    /// each by itself.
    private static boolean isWorthWaiting(Tcb tcb, int largest, @Nullable Pacer pacer) {
        return largest > tcb.effectiveMss
                && pacer == null
                && tcb.flightSize() >= largest / 2
                && tcb.minRtt > 0
                && tcb.minRtt <= NEAR
                && !tcb.config.noDelay()
                && !tcb.isRecovering()
                && (tcb.pending & Tcb.FIN_QUEUED) == 0;
    }

    /// What is sent says nothing about the network where the user gave less than the window would have taken.
    private static void noteLimit(Tcb tcb, int available, int room) {
        DeliveryRate rate = tcb.congestion.deliveryRate();
        if (rate != null && available == 0 && room > 0 && LossRecovery.pipe(tcb) < tcb.cwnd) {
            rate.limited(LossRecovery.pipe(tcb));
        }
    }

    private void sendFin(Tcb tcb, int flags, int length, long now) {
        int mss = tcb.effectiveMss;
        writer.send(tcb, tcb.sndNxt, flags | TcpHeader.FIN, length, length > mss ? mss : 0, now);
        sentNew(tcb, length + 1, now);
        tcb.pending = tcb.pending & ~Tcb.FIN_QUEUED | Tcb.FIN_SENT;
    }

    private int largestSegment(Tcb tcb, int mss) {
        int segmented = writer.maxSegmented(tcb);
        return segmented <= mss + MAX_SEGMENTED_HEADERS ? mss : (segmented - MAX_SEGMENTED_HEADERS) / mss * mss;
    }

    /// The payload octets of the next segment, 0 for "not now": RFC 9293 section 3.8.6.2.1, sender's silly window
    /// avoidance, and section 3.7.4, Nagle.
    private static int nextLength(Tcb tcb, SendQueue queue, int usable, int available, int mss, int largest) {
        if (usable >= mss) {
            if (largest > mss && usable >= 2 * mss) {
                int whole = Math.min(usable, largest) / mss * mss;
                int contiguous = queue.contiguous(tcb.sndNxt, whole) / mss * mss;
                return contiguous > 0 ? contiguous : mss;
            }
            // Where a segment is as large as a chunk, a slightly short one is better than gathering a copy.
            int contiguous = queue.contiguous(tcb.sndNxt, mss);
            return mss > 4_096 && contiguous > mss / 2 ? contiguous : mss;
        }
        if (usable <= 0) {
            return 0;
        }
        // No data are in flight; perhaps a SYN,ACK is.
        boolean idle = tcb.sndNxt == tcb.sndUna || !tcb.state.isSynchronized() && tcb.sndNxt == tcb.iss + 1;
        if (idle) {
            tcb.flags &= ~Tcb.SHORT_IN_FLIGHT;
        }
        boolean last = (tcb.pending & Tcb.FIN_QUEUED) != 0 || Urgent.isSending(tcb);
        // Nagle's algorithm as Linux has it: what waits for an ACK is a short segment behind a short one, not the end
        // of a larger write, which would wait for the delayed ACK of the full segments before it. Where the buffer is
        // full, the write has not ended.
        boolean nagle =
                !idle && (tcb.has(Tcb.SHORT_IN_FLIGHT) || tcb.sendRoom() <= 0) && !tcb.config.noDelay() && !last;
        // "(2) or if the data is pushed and all queued data can be sent now": [SND.NXT = SND.UNA and] PUSHed and D <=
        // U
        boolean all = usable == available && !nagle;
        // "(3) or if at least a fraction Fs of the maximum window can be sent": Fs = 1/2
        boolean half = usable >= tcb.maxSndWnd / 2 && (idle || tcb.config.noDelay());
        if (!all && !half) {
            return 0;
        }
        tcb.flags |= Tcb.SHORT_IN_FLIGHT;
        return usable;
    }

    /// RFC 5681 section 4.1: "a TCP SHOULD set cwnd to no more than RW before beginning transmission if the TCP has
    /// not sent data in an interval exceeding the retransmission timeout."
    private static void restartIfIdle(Tcb tcb, long now) {
        if (tcb.flightSize() == 0
                && tcb.lastSent != 0
                && CoarseTime.sinceMillis(tcb.lastSent, now) > RttEstimator.timeout(tcb)) {
            tcb.congestion.restart(tcb, now);
            tcb.episode = null;
        }
    }
}
