package dev.berth.stack.tcp;

import dev.berth.stack.ip.DropCounters;
import dev.berth.wire.Chunk;
import dev.berth.wire.DropReason;
import dev.berth.wire.TcpHeader;

/// The last steps of RFC 9293 section 3.10.7.4, for a segment that passed all checks: sixth the urgent pointer,
/// seventh the text, eighth the FIN.
final class SegmentText {
    private final Tcp tcp;
    private final DropCounters drops;

    SegmentText(Tcp tcp, DropCounters drops) {
        this.tcp = tcp;
        this.drops = drops;
    }

    /// Sixth to eighth: urgent data, the text, the FIN.
    ///
    /// @return true if the segment has to be answered with a RST
    boolean process(Tcb tcb, Segment segment) {
        if (segment.has(TcpHeader.URG) && tcb.state.canReceive() && Urgent.arrived(tcb, segment)) {
            tcp.ready(tcb);
        }
        if (segment.payloadLength > 0) {
            if (!tcb.state.canReceive()) {
                // "This should not occur since a FIN has been received from the remote side. Ignore the segment
                // text."
                drops.count(DropReason.WRONG_STATE);
            } else if (tcb.has(Tcb.ABANDONED)) {
                // Section 3.6.1, SHLD-3: data after CLOSE cannot be delivered, so "SHOULD send a RST to show that
                // data was lost".
                tcp.fail(tcb, TcpError.ABORTED);
                return true;
            } else {
                text(tcb, segment);
            }
        }
        if (segment.has(TcpHeader.FIN)) {
            if (segment.seq + segment.payloadLength == tcb.rcvNxt) {
                fin(tcb, segment.now);
            } else if (SeqNum.gt(segment.seq, tcb.rcvNxt)) {
                tcb.flags |= Tcb.FIN_OUT_OF_ORDER;
                tcb.extras().rcvFinSeq = segment.seq + segment.payloadLength;
                tcb.pending |= Tcb.ACK_NOW;
                tcp.markDirty(tcb);
            }
        }
        if (tcb.has(Tcb.FIN_OUT_OF_ORDER) && tcb.extras().rcvFinSeq == tcb.rcvNxt) {
            tcb.flags &= ~Tcb.FIN_OUT_OF_ORDER;
            fin(tcb, segment.now);
        }
        return false;
    }

    /// Seventh, process the segment text.
    private void text(Tcb tcb, Segment segment) {
        Chunk chunk = segment.payload;
        assert chunk != null;
        int length = segment.payloadLength;
        tcb.rcvUnit = (char) Math.max(tcb.rcvUnit, Math.min(Math.min(segment.unit, length), 65_535));
        MemoryBudget budget = tcp.queues().budget();
        if (budget.isScarce() && isRefused(tcb, segment, budget)) {
            return;
        }
        int distance = tcb.rcvNxt - tcb.irs;
        OutOfOrderQueue holes = tcb.outOfOrder;
        if (segment.seq != tcb.rcvNxt) {
            if (holes == null) {
                holes = new OutOfOrderQueue(tcp.queues().budget());
                tcb.outOfOrder = holes;
            }
            // Where memory is scarce, half a share: what is in order comes first.
            boolean refused =
                    budget.refuses(2 * holes.memory()) || holes.memory() > 4L * tcb.receiveBuffer() + (1 << 20);
            if (refused || !holes.insert(segment.seq, chunk, segment.payloadFrom, length)) {
                drops.count(DropReason.RECEIVE_BUFFER_FULL);
            }
            tcb.extras().outOfOrderSegments++;
            if (!refused) {
                tcb.duplicates(holes.duplicateLeft(), holes.duplicateRight());
            }
            if (holes.isEmpty()) {
                holes.close();
                tcb.outOfOrder = null;
            }
            // RFC 5681 section 4.2: "A TCP receiver SHOULD send an immediate duplicate ACK when an out-of-order
            // segment arrives."
            tcb.pending |= Tcb.ACK_NOW;
            tcp.markDirty(tcb);
            return;
        }
        if (!tcb.has(Tcb.INPUT_SHUT)) {
            ReceiveQueue queue = tcp.queues().receive(tcb);
            if (segment.payloadKept) {
                queue.append(chunk, segment.payloadFrom, length);
            } else if (queue.takeOver(chunk, segment.payloadFrom, length)) {
                segment.payloadTaken = true;
            }
        }
        tcb.rcvNxt += length;
        tcb.flags |= Tcb.ANSWERABLE;
        if (segment.has(TcpHeader.PSH) && isSmall(tcb, length)) {
            tcb.flags |= Tcb.PUSHED;
        }
        ReceiveTuning.arrived(tcb, budget, segment);
        boolean atOnce = false;
        if (holes != null) {
            tcb.duplicates(holes.first(), SeqNum.min(holes.endOfFirst(), tcb.rcvNxt));
            tcb.rcvNxt = holes.deliver(tcp.queues().receive(tcb), tcb.rcvNxt);
            if (tcb.has(Tcb.INPUT_SHUT)) {
                tcp.queues().dropReceive(tcb);
            }
            if (holes.isEmpty()) {
                holes.close();
                tcb.outOfOrder = null;
            }
            atOnce = true; // RFC 5681 section 4.2, when a gap is filled in whole or in part
        }
        if (Integer.compareUnsigned(tcb.rcvNxt - tcb.irs, distance) < 0) {
            tcb.extras().receivedWraps++;
        }
        if (tcb.extras != null) {
            Urgent.settle(tcb, tcp.queues());
        }
        if (tcb.quickAcks > 0) {
            tcb.quickAcks--;
            atOnce = true;
        }
        // RFC 9293 section 3.8.6.3, SHLD-19: an ACK for at least every second full-sized segment.
        atOnce |= tcb.rcvNxt - tcb.lastAckSent >= 2 * Math.max(tcb.rcvUnit, 536);
        tcb.pending |= atOnce ? Tcb.ACK_NOW : Tcb.ACK_DELAYED;
        tcp.markDirty(tcb);
        tcp.ready(tcb);
    }

    /// True if the sender may keep back what follows (Nagle) until this segment is acknowledged: it is not of full
    /// size. The largest segment seen says what that is, unless none was full; then what we send ourselves, as paths
    /// mostly have one MTU in both directions.
    private static boolean isSmall(Tcb tcb, int length) {
        return length < Math.max(tcb.rcvUnit, 536) || length < tcb.effectiveMss - TcpHeader.MAX_LENGTH;
    }

    /// Memory is scarce: true if the text is not taken. It is not acknowledged, so the other end sends it again.
    private boolean isRefused(Tcb tcb, Segment segment, MemoryBudget budget) {
        if (budget.isExhausted()) {
            tcp.relieve(segment.now);
        }
        if (tcb.outOfOrder == null && segment.seq != tcb.rcvNxt && budget.isExhausted()
                || segment.seq == tcb.rcvNxt && budget.refusesInOrder(tcb.available())) {
            drops.count(DropReason.RECEIVE_BUFFER_FULL);
            segment.flags &= ~TcpHeader.FIN;
            tcb.pending |= Tcb.ACK_NOW;
            tcp.markDirty(tcb);
            return true;
        }
        return false;
    }

    /// Eighth, check the FIN bit: "advance RCV.NXT over the FIN, and send an acknowledgment for the FIN".
    private void fin(Tcb tcb, long now) {
        if (tcb.has(Tcb.FIN_RECEIVED)) {
            return; // "Remain in the CLOSE-WAIT state", CLOSING, LAST-ACK likewise
        }
        tcb.flags |= Tcb.FIN_RECEIVED;
        tcb.rcvNxt++;
        tcb.rcvAdv = SeqNum.max(tcb.rcvAdv, tcb.rcvNxt);
        tcb.pending |= Tcb.ACK_NOW;
        tcp.markDirty(tcb);
        OutOfOrderQueue beyond = tcb.outOfOrder;
        if (beyond != null) {
            // What came before and lies beyond the FIN was never part of the stream: a FIN is its end.
            drops.count(DropReason.WRONG_STATE);
            beyond.close();
            tcb.outOfOrder = null;
        }
        switch (tcb.state) {
            case ESTABLISHED -> tcb.state = TcpState.CLOSE_WAIT;
            case FIN_WAIT_1 ->
                // "If our FIN has been ACKed (perhaps in this segment), then enter TIME-WAIT ...; otherwise, enter
                // the CLOSING state." The first case is FIN-WAIT-2 already.
                tcb.state = TcpState.CLOSING;
            case FIN_WAIT_2 -> tcp.enterTimeWait(tcb, now);
            default -> {
                // A FIN cannot get here in the other states.
            }
        }
        tcp.ready(tcb);
    }
}
