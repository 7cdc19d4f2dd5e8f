package dev.berth.stack.tcp;

import dev.berth.wire.TcpOptions;

/// RFC 9293 section 3.10.7.4, "Fifth, check the ACK field", for an acceptable ACK: takes what it acknowledges off the
/// retransmission queue, measures, and lets [LossRecovery] conclude.
final class SegmentAck {
    private final Tcp tcp;
    private final Timeouts timeouts;
    private final Acked acked = new Acked();
    private final int[] lefts = new int[TcpOptions.MAX_SACK_BLOCKS];
    private final int[] rights = new int[TcpOptions.MAX_SACK_BLOCKS];
    private int blocks;

    SegmentAck(Tcp tcp, Timeouts timeouts) {
        this.tcp = tcp;
        this.timeouts = timeouts;
    }

    /// An ACK between `SND.UNA - MAX.SND.WND` and `SND.NXT`.
    void process(Tcb tcb, Segment segment) {
        if (segment.ack == tcb.sndNxt && segment.options.sackBlocks == 0 && isOrdinary(tcb)) {
            takeAll(tcb, segment);
            return;
        }
        acked.begin(tcb, segment);
        int flight = tcb.flightSize();
        boolean advances = SeqNum.gt(segment.ack, tcb.sndUna);
        boolean selective = segment.options.sackBlocks > 0 && tcb.has(Tcb.SACK_PERMITTED);
        acked.duplicateAck = !advances && isDuplicate(tcb, segment, flight);
        if (advances) {
            acked.cumulative = segment.ack - tcb.sndUna;
            advance(tcb, segment, acked.cumulative);
            Flight board = tcb.flight;
            if (board != null) {
                board.acknowledge(segment.ack, acked);
            }
        } else {
            acked.duplicateAck |= answersProbe(tcb, segment);
        }
        if (selective) {
            takeSack(tcb, segment);
        }
        if (!advances && !acked.duplicateAck && !acked.sackNews && !acked.duplicates) {
            return;
        }
        RttEstimator.acknowledged(tcb, acked);
        Flight board = tcb.flight;
        if (board != null && acked.longestRtt > 0) {
            board.probed = false;
        }
        long again = LossRecovery.acknowledged(tcb, acked, flight, segment.now);
        if (board != null && tcb.flightSize() == 0 && !board.awaitsWordOnProbe()) {
            tcp.queues().dropFlight(tcb);
        }
        if (advances) {
            advanced(tcb, acked.cumulative, segment.now);
        }
        timeouts.armReordering(tcb, again, segment.now);
        tcb.pending |= Tcb.SEND;
        tcp.markDirty(tcb);
    }

    /// True if an ACK of all that is in flight tells nothing but a round-trip time: it was sent at once and once
    /// only, nobody waits for word of anything, and the window was not used, so that it does not grow.
    private static boolean isOrdinary(Tcb tcb) {
        Flight board = tcb.flight;
        if (board == null || tcb.episode != null || tcb.isRecovering() || !board.isSingle()) {
            return false;
        }
        int flight = tcb.flightSize();
        return tcb.cwnd < tcb.ssthresh ? flight <= tcb.cwnd / 2 : flight + tcb.effectiveMss < tcb.cwnd;
    }

    /// The short way for the ordinary ACK: leaves the connection as the long way would.
    private void takeAll(Tcb tcb, Segment segment) {
        int octets = tcb.flightSize();
        Flight board = tcb.flight;
        assert board != null;
        long rtt = Math.max(1, segment.arrivedAt - board.sentAt(0));
        tcp.queues().dropFlight(tcb);
        advance(tcb, segment, octets);
        RttEstimator.measured(tcb, rtt, segment.arrivedAt);
        RttEstimator.sample(tcb, rtt);
        tcb.rttSeq = tcb.sndNxt;
        tcb.recover = SeqNum.max(tcb.recover, tcb.sndUna);
        tcb.dupAcks = 0;
        advanced(tcb, octets, segment.now);
        if (tcb.sendQueue != null || (tcb.pending & Tcb.FIN_QUEUED) != 0) {
            tcb.pending |= Tcb.SEND;
            tcp.markDirty(tcb);
        }
    }

    private void advanced(Tcb tcb, int octets, long now) {
        timeouts.acknowledged(tcb, now);
        if (octets >= tcb.effectiveMss) {
            tcb.flags |= Tcb.FULL_ACKED;
        }
        if (tcb.extras != null && PathProbing.acknowledged(tcb, now)) {
            tcp.updateMss(tcb);
        }
    }

    private void advance(Tcb tcb, Segment segment, int octets) {
        if (Integer.compareUnsigned(segment.ack - tcb.iss, octets) < 0) {
            tcb.extras().ackedWraps++;
        }
        tcb.sndUna = segment.ack;
        SendQueue queue = tcb.sendQueue;
        if (queue != null) {
            queue.acknowledge(SeqNum.min(segment.ack, queue.endSeq()));
            tcb.flags &= ~Tcb.SEND_LIMITED;
            if (queue.length() == 0) {
                tcp.queues().dropSend(tcb);
            }
            tcp.ready(tcb);
        }
    }

    /// RFC 5681 section 2, DUPLICATE ACKNOWLEDGMENT: outstanding data, no data, no SYN or FIN, the greatest
    /// acknowledgment, the same advertised window.
    private static boolean isDuplicate(Tcb tcb, Segment segment, int flight) {
        return flight > 0
                && tcb.sndWnd > 0 // with a closed window it is the answer to a probe
                && segment.ack == tcb.sndUna
                && segment.payloadLength == 0
                && !segment.has(dev.berth.wire.TcpHeader.FIN)
                && segment.window << tcb.sndWindShift == tcb.sndWnd
                && (segment.options.sackBlocks == 0 || !tcb.has(Tcb.SACK_PERMITTED));
    }

    /// RFC 8985 section 7.4.2, case 2: "a DupAck without any SACK option" after a loss probe that was not needed.
    /// Nothing may be in flight any more.
    private static boolean answersProbe(Tcb tcb, Segment segment) {
        Flight board = tcb.flight;
        return board != null
                && board.awaitsWordOnProbe()
                && segment.ack == tcb.sndUna
                && segment.payloadLength == 0
                && segment.options.sackBlocks == 0;
    }

    private void takeSack(Tcb tcb, Segment segment) {
        TcpOptions options = segment.options;
        int first = takeDuplicates(tcb, segment) ? 1 : 0;
        blocks = 0;
        for (int i = first; i < options.sackBlocks; i++) {
            int left = options.sackLeft[i];
            int right = options.sackRight[i];
            int una = SeqNum.max(segment.ack, tcb.sndUna);
            // A block at the acknowledgment itself contradicts it. Distances are compared, because a number half the
            // sequence space away is before SND.NXT and beyond SND.UNA at once.
            int from = left - una;
            int to = right - una;
            if (from > 0 && from < to && to <= tcb.sndNxt - una) {
                insert(left, right);
            }
        }
        Flight board = tcb.flight;
        for (int i = 0; i < blocks && board != null; i++) {
            acked.sackNews |= board.sack(lefts[i], rights[i], acked);
        }
    }

    /// Keeps the blocks in ascending order, so that what arrived with one ACK does not look reordered.
    private void insert(int left, int right) {
        int i = blocks++;
        while (i > 0 && SeqNum.gt(lefts[i - 1], left)) {
            lefts[i] = lefts[i - 1];
            rights[i] = rights[i - 1];
            i--;
        }
        lefts[i] = left;
        rights[i] = right;
    }

    /// RFC 2883 section 4: "the sender should compare the sequence space in the first SACK block to the cumulative
    /// ACK ... if the SACK sequence space is less than this cumulative ACK, it is an indication that the segment ...
    /// has been received more than once"; otherwise with that of the second block, whether the first is
    /// part of the second.
    private boolean takeDuplicates(Tcb tcb, Segment segment) {
        TcpOptions options = segment.options;
        int left = options.sackLeft[0];
        int right = options.sackRight[0];
        boolean below = SeqNum.leq(right, segment.ack);
        boolean within = options.sackBlocks > 1
                && SeqNum.geq(left, options.sackLeft[1])
                && SeqNum.leq(right, options.sackRight[1]);
        int length = right - left;
        if (!below && !within || length <= 0 || length > Math.max(tcb.maxSndWnd, tcb.effectiveMss)) {
            return false;
        }
        // Only what may have been sent: at most a window before SND.UNA.
        if (SeqNum.lt(left, tcb.sndUna - tcb.maxSndWnd) || SeqNum.gt(right, tcb.sndNxt)) {
            return false;
        }
        acked.duplicates = true;
        tcb.extras().duplicateReports++;
        acked.duplicateLeft = left;
        acked.duplicateRight = right;
        return true;
    }
}
