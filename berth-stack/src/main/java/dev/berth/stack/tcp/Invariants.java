package dev.berth.stack.tcp;

import org.jspecify.annotations.Nullable;

/// What holds of every connection whenever its stack has settled. Above all: where something waits to be sent or
/// acknowledged, a timer runs, so that no connection can stall.
final class Invariants {
    private Invariants() {}

    /// What does not hold, or null if all is well.
    static @Nullable String violated(Tcb tcb) {
        if (tcb.has(Tcb.DIRTY)) {
            return null; // output has not had its turn
        }
        return switch (tcb.state) {
            case LISTEN, TIME_WAIT, CLOSED -> "in the table of flows in state " + tcb.state;
            case SYN_SENT, SYN_RECEIVED -> timers(tcb);
            case ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK -> {
                String problem = sequences(tcb);
                problem = problem == null ? queues(tcb) : problem;
                problem = problem == null ? recovery(tcb) : problem;
                yield problem == null ? timers(tcb) : problem;
            }
        };
    }

    private static @Nullable String sequences(Tcb tcb) {
        if (SeqNum.gt(tcb.sndUna, tcb.sndNxt)) {
            return "SND.UNA > SND.NXT";
        }
        if (SeqNum.gt(tcb.rcvNxt, tcb.rcvAdv)) {
            return "RCV.NXT beyond what was advertised";
        }
        if ((tcb.pending & Tcb.FIN_QUEUED) != 0 && (tcb.pending & Tcb.FIN_SENT) != 0) {
            return "FIN queued and sent";
        }
        boolean finished = (tcb.pending & (Tcb.FIN_QUEUED | Tcb.FIN_SENT)) != 0;
        if (finished == tcb.state.canSend()) {
            return "FIN " + (finished ? "" : "not ") + "given in " + tcb.state;
        }
        return null;
    }

    private static @Nullable String queues(Tcb tcb) {
        int fin = (tcb.pending & Tcb.FIN_SENT) != 0 && tcb.flightSize() > 0 ? 1 : 0;
        SendQueue queue = tcb.sendQueue;
        if (queue == null ? tcb.flightSize() != fin : queue.firstSeq() != tcb.sndUna) {
            return "send queue does not begin at SND.UNA";
        }
        if (queue != null && SeqNum.lt(queue.endSeq(), tcb.sndNxt - fin)) {
            return "send queue ends before SND.NXT";
        }
        OutOfOrderQueue holes = tcb.outOfOrder;
        if (holes != null && (holes.isEmpty() || SeqNum.leq(holes.first(), tcb.rcvNxt))) {
            return "out-of-order queue is empty or holds what is in order";
        }
        return null;
    }

    private static @Nullable String recovery(Tcb tcb) {
        if (tcb.has(Tcb.FAST_RECOVERY) && tcb.has(Tcb.RTO_RECOVERY)) {
            return "two kinds of recovery at once";
        }
        if (tcb.cwnd < tcb.effectiveMss) {
            return "congestion window " + tcb.cwnd + " below a segment of " + tcb.effectiveMss;
        }
        if (LossRecovery.pipe(tcb) < 0) {
            return "negative pipe";
        }
        Flight flight = tcb.flight;
        if (flight == null) {
            return tcb.flightSize() == 0 ? null : "in flight without a scoreboard";
        }
        boolean left = flight.isEmpty() && !flight.awaitsWordOnProbe();
        if (left || flight.first() != tcb.sndUna || flight.end() != tcb.sndNxt) {
            return "scoreboard does not hold SND.UNA to SND.NXT";
        }
        int sacked = 0;
        int lost = 0;
        for (int i = 0; i < flight.count(); i++) {
            int octets = flight.right(i) - flight.left(i);
            if (octets <= 0) {
                return "scoreboard not sorted";
            }
            sacked += (flight.marks(i) & Flight.SACKED) == 0 ? 0 : octets;
            lost += (flight.marks(i) & Flight.LOST) == 0 ? 0 : octets;
        }
        if (sacked != flight.sackedOctets() || lost != flight.lostOctets()) {
            return "scoreboard counts wrongly: " + sacked + " and " + lost + " octets, it says " + flight.sackedOctets()
                    + " and " + flight.lostOctets();
        }
        if (lost > 0 && !tcb.isRecovering()) {
            return "losses that nobody repairs";
        }
        return null;
    }

    private static @Nullable String timers(Tcb tcb) {
        Tcb.Deadlines deadlines = tcb.deadlines;
        SendQueue queue = tcb.sendQueue;
        boolean waiting = tcb.flightSize() > 0 || queue != null || (tcb.pending & Tcb.FIN_QUEUED) != 0;
        if (waiting && (deadlines == null || deadlines.retransmit == Tcb.Deadlines.NONE)) {
            return "stalled: " + tcb.flightSize() + " octets in flight, data or FIN wait, and no timer runs";
        }
        if ((tcb.pending & Tcb.ACK_DELAYED) != 0 && (deadlines == null || deadlines.delayedAck == Tcb.Deadlines.NONE)) {
            return "an ACK is delayed for ever";
        }
        int due = Tcb.ACK_NOW | Tcb.SYN | Tcb.RETRANSMIT | Tcb.PROBE | Tcb.KEEP_ALIVE;
        if ((tcb.pending & due) != 0) {
            return "output is due and nobody knows: " + Integer.toHexString(tcb.pending);
        }
        if (tcb.state == TcpState.FIN_WAIT_2
                && tcb.has(Tcb.ABANDONED)
                && (deadlines == null || deadlines.idle == Tcb.Deadlines.NONE)) {
            return "an orphan in FIN-WAIT-2 without end";
        }
        if (deadlines != null
                && deadlines.earliest() != Tcb.Deadlines.NONE
                && (!deadlines.isScheduled() || deadlines.scheduled > deadlines.earliest())) {
            return "a deadline that is not scheduled";
        }
        return null;
    }
}
