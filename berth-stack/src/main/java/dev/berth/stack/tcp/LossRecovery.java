package dev.berth.stack.tcp;

/// Loss detection and recovery from acknowledgments: fast retransmit and recovery with SACK (RFC 6675) and without
/// (RFC 6582), and what follows a retransmission timeout (RFC 5681 section 3.1). State is in the [Tcb]; this class
/// holds the rules.
final class LossRecovery {
    private static final int DUP_THRESH = 3; // RFC 6675 section 2

    private LossRecovery() {}

    /// An ACK advanced `SND.UNA` by `octets`, of `flight` that were outstanding.
    static void acknowledged(Tcb tcb, int octets, int flight, long now) {
        if (SeqNum.lt(tcb.highRxt, tcb.sndUna)) {
            tcb.highRxt = tcb.sndUna;
        }
        if (tcb.has(Tcb.FAST_RECOVERY)) {
            if (SeqNum.geq(tcb.sndUna, tcb.recover)) {
                leaveFastRecovery(tcb);
            } else if (!tcb.has(Tcb.SACK_PERMITTED)) {
                // RFC 6582 section 3.2, step 3, partial acknowledgment: "retransmit the first unacknowledged
                // segment", "deflate the congestion window by the amount of new data acknowledged", "if the partial
                // ACK acknowledges at least one SMSS of new data, then add back SMSS bytes".
                tcb.cwnd = Math.max(tcb.effectiveMss, tcb.cwnd - octets);
                if (octets >= tcb.effectiveMss) {
                    tcb.cwnd += tcb.effectiveMss;
                }
                tcb.highRxt = tcb.sndUna;
                tcb.pending |= Tcb.RETRANSMIT;
            } else if (tcb.highRxt == tcb.sndUna) {
                // The hole at SND.UNA is a new one: it is lost as the first one was.
                tcb.pending |= Tcb.RETRANSMIT;
            }
            tcb.dupAcks = 0;
            return;
        }
        // RFC 3465 section 2.3, of slow start after a timeout: "TCP MUST use L=1*SMSS", since an ACK may cover what
        // arrived before it.
        boolean slowly = tcb.has(Tcb.RTO_RECOVERY);
        if (slowly && SeqNum.geq(tcb.sndUna, tcb.recover)) {
            tcb.flags &= ~Tcb.RTO_RECOVERY;
        }
        // `recover` follows, so that it is never half the sequence space behind, which would look like being ahead.
        tcb.recover = SeqNum.max(tcb.recover, tcb.sndUna);
        tcb.dupAcks = 0;
        tcb.congestion.acknowledged(tcb, octets, flight, slowly, now);
    }

    private static void leaveFastRecovery(Tcb tcb) {
        tcb.flags &= ~Tcb.FAST_RECOVERY;
        // RFC 6582 section 3.2, step 3, full acknowledgment: "min (ssthresh, max(FlightSize, SMSS) + SMSS)"
        int mss = tcb.effectiveMss;
        tcb.cwnd = tcb.has(Tcb.SACK_PERMITTED)
                ? tcb.ssthresh
                : Math.min(tcb.ssthresh, Math.max(tcb.flightSize(), mss) + mss);
    }

    /// A duplicate acknowledgment (RFC 5681 section 2), or one with new SACK information, arrived.
    static void duplicate(Tcb tcb, long now) {
        if (tcb.has(Tcb.RTO_RECOVERY)) {
            return;
        }
        int mss = tcb.effectiveMss;
        if (tcb.has(Tcb.FAST_RECOVERY)) {
            if (!tcb.has(Tcb.SACK_PERMITTED)) {
                // RFC 5681 section 3.2, step 4: "For each additional duplicate ACK received ... cwnd MUST be
                // incremented by SMSS."
                tcb.cwnd = CongestionControl.clamp((long) tcb.cwnd + mss);
            }
            return;
        }
        if (tcb.dupAcks < DUP_THRESH) {
            tcb.dupAcks++;
        }
        boolean lost = tcb.dupAcks >= DUP_THRESH || firstIsLost(tcb);
        if (!lost || SeqNum.lt(tcb.sndUna, tcb.recover)) {
            return;
        }
        int flight = tcb.flightSize();
        PathProbing.losing(tcb);
        tcb.congestion = tcb.congestion.lost(tcb, flight, now);
        tcb.cwnd = tcb.has(Tcb.SACK_PERMITTED) ? tcb.ssthresh : tcb.ssthresh + DUP_THRESH * mss;
        tcb.recover = tcb.sndNxt;
        tcb.highRxt = tcb.sndUna;
        tcb.flags |= Tcb.FAST_RECOVERY;
        Ecn.reduced(tcb);
        tcb.pending |= Tcb.RETRANSMIT;
    }

    /// The retransmission timer expired: everything outstanding counts as lost.
    static void timedOut(Tcb tcb, long now) {
        int mss = tcb.effectiveMss;
        if (!tcb.has(Tcb.TIMED_OUT)) {
            // RFC 5681 section 3.1: "when a TCP sender detects segment loss using the retransmission timer and the
            // given segment has not yet been resent ... ssthresh"; on later timeouts of the same segment it stays.
            tcb.congestion = tcb.congestion.lost(tcb, tcb.flightSize(), now);
        }
        // "Furthermore, upon a timeout ... cwnd MUST be set to no more than the loss window, LW, which equals 1
        // full-sized segment".
        tcb.cwnd = mss;
        tcb.dupAcks = 0;
        tcb.recover = tcb.sndNxt;
        tcb.highRxt = tcb.sndUna;
        tcb.flags = tcb.flags & ~Tcb.FAST_RECOVERY | Tcb.RTO_RECOVERY | Tcb.TIMED_OUT;
        Ecn.reduced(tcb);
        SackScoreboard sacked = tcb.sacked;
        if (sacked != null) {
            // RFC 2018 section 5.1: "After a retransmit timeout the data sender SHOULD turn off all of the SACKed
            // bits".
            sacked.clear();
        }
        tcb.pending |= Tcb.RETRANSMIT;
    }

    /// The path takes only smaller segments than before: all that is in flight is lost, through no fault of
    /// congestion (RFC 1191 section 6.4), and is sent again.
    ///
    /// Deviation: section 6.4 has one segment sent until ACKs arrive; as in Linux, it is as many as the window
    /// allows.
    static void tooBig(Tcb tcb) {
        if (tcb.flightSize() > 0 && !tcb.has(Tcb.FAST_RECOVERY)) {
            tcb.recover = tcb.sndNxt;
            tcb.highRxt = tcb.sndUna;
            tcb.flags |= Tcb.RTO_RECOVERY;
        }
        tcb.pending |= Tcb.RETRANSMIT;
    }

    /// Octets from `SND.UNA` on, at most one segment, that were not selectively acknowledged.
    static int firstHole(Tcb tcb) {
        return Math.min(holeLength(tcb, tcb.sndUna), tcb.effectiveMss);
    }

    /// Octets from `seq`, which is not acknowledged, to the next that is or to `SND.NXT`.
    static int holeLength(Tcb tcb, int seq) {
        SackScoreboard sacked = tcb.sacked;
        if (sacked != null) {
            for (int i = 0; i < sacked.count(); i++) {
                if (SeqNum.gt(sacked.left(i), seq)) {
                    return sacked.left(i) - seq;
                }
            }
        }
        return tcb.sndNxt - seq;
    }

    /// RFC 6675 section 4, IsLost (SND.UNA).
    private static boolean firstIsLost(Tcb tcb) {
        SackScoreboard sacked = tcb.sacked;
        return sacked != null
                && !sacked.isEmpty()
                && isLost(sacked.count(), sacked.octets(), tcb.effectiveMss);
    }

    /// RFC 6675 section 4: "either DupThresh discontiguous SACKed sequences have arrived above 'SeqNum' or more than
    /// (DupThresh - 1) * SMSS bytes with sequence numbers greater than 'SeqNum' have been SACKed".
    private static boolean isLost(int rangesAbove, int octetsAbove, int mss) {
        return rangesAbove >= DUP_THRESH || octetsAbove > (DUP_THRESH - 1) * mss;
    }

    /// The lowest number that is lost and not retransmitted in this recovery (RFC 6675 section 4, NextSeg rule 1), or
    /// `SND.NXT` if there is none.
    static int nextLost(Tcb tcb) {
        int seq = SeqNum.max(tcb.highRxt, tcb.sndUna);
        SackScoreboard sacked = tcb.sacked;
        int ranges = sacked == null ? 0 : sacked.count();
        int above = sacked == null ? 0 : sacked.octets();
        for (int i = 0; i < ranges; i++) {
            assert sacked != null;
            if (SeqNum.lt(seq, sacked.left(i))) {
                boolean lost = tcb.has(Tcb.RTO_RECOVERY) && SeqNum.lt(seq, tcb.recover)
                        || isLost(ranges - i, above, tcb.effectiveMss);
                return lost ? seq : tcb.sndNxt;
            }
            seq = SeqNum.max(seq, sacked.right(i));
            above -= sacked.right(i) - sacked.left(i);
        }
        return tcb.has(Tcb.RTO_RECOVERY) && SeqNum.lt(seq, tcb.recover) ? seq : tcb.sndNxt;
    }

    /// An estimate of the octets in flight: RFC 6675 section 4, SetPipe.
    static int pipe(Tcb tcb) {
        SackScoreboard sacked = tcb.sacked;
        int ranges = sacked == null ? 0 : sacked.count();
        if (ranges == 0 && !tcb.has(Tcb.RTO_RECOVERY)) {
            return tcb.flightSize();
        }
        int above = sacked == null ? 0 : sacked.octets();
        int seq = tcb.sndUna;
        int pipe = 0;
        for (int i = 0; i < ranges; i++) {
            assert sacked != null;
            int left = sacked.left(i);
            pipe += inFlight(tcb, seq, left, isLost(ranges - i, above, tcb.effectiveMss));
            seq = sacked.right(i);
            above -= seq - left;
        }
        return pipe + inFlight(tcb, seq, tcb.sndNxt, false);
    }

    private static int inFlight(Tcb tcb, int from, int to, boolean lost) {
        int lostEnd = lost ? to : from;
        if (tcb.has(Tcb.RTO_RECOVERY)) {
            lostEnd = SeqNum.max(lostEnd, SeqNum.min(to, tcb.recover));
        }
        int retransmitted = Math.max(0, SeqNum.min(tcb.highRxt, lostEnd) - from);
        return to - lostEnd + retransmitted;
    }

    /// Octets of new data that congestion control allows now.
    static int congestionRoom(Tcb tcb) {
        int room = tcb.cwnd - pipe(tcb);
        if (!tcb.isRecovering() && tcb.dupAcks > 0 && !tcb.has(Tcb.SACK_PERMITTED)) {
            // Limited transmit, RFC 3042 section 2: one new segment for each of the first two duplicate ACKs.
            room += Math.min(tcb.dupAcks, 2) * tcb.effectiveMss;
        }
        return room;
    }
}
