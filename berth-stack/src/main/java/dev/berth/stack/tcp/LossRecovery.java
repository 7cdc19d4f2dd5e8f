package dev.berth.stack.tcp;

import org.jspecify.annotations.Nullable;

/// What follows the detection of loss: fast recovery with SACK (RFC 6675, with the proportional rate reduction of RFC
/// 6937) and without (RFC 6582), recovery after a timeout (RFC 5681 section 3.1), and taking it back when nothing was
/// lost (RFC 3522, 5682, 2883). With SACK, [Rack] detects; without, duplicate ACKs do. State is in the [Tcb]; this
/// class holds the rules.
final class LossRecovery {
    private LossRecovery() {}

    /// An ACK arrived; the scoreboard and `SND.UNA` are up to date.
    ///
    /// @param flight octets that were in flight before
    /// @return nanoseconds after which losses have to be looked for again (the RACK reordering timer), 0 for no need
    static long acknowledged(Tcb tcb, Acked acked, int flight, long now) {
        if (isPlain(tcb, acked)) {
            adjustWindow(tcb, acked, flight, now);
            tcb.recover = SeqNum.max(tcb.recover, tcb.sndUna);
            tcb.dupAcks = 0;
            return 0;
        }
        Rack.adapt(tcb, acked);
        boolean left = LossProbe.acknowledged(tcb, acked, tcb.sndUna, now);
        detectSpurious(tcb, acked);
        if (tcb.has(Tcb.RTO_RECOVERY)) {
            afterTimeout(tcb, acked);
        } else if (tcb.has(Tcb.FAST_RECOVERY)) {
            left = SeqNum.geq(tcb.sndUna, tcb.recover);
            if (left) {
                leaveFastRecovery(tcb);
            } else if (acked.cumulative > 0 && !tcb.has(Tcb.SACK_PERMITTED)) {
                partial(tcb, acked.cumulative);
            }
        }
        long again = detect(tcb, acked, now);
        // The window that recovery ends with is not grown by the ACK that ends it, nor that after a reduction.
        if (!left || tcb.isRecovering() || tcb.congestion.ownsWindow()) {
            adjustWindow(tcb, acked, flight, now);
        }
        if (!tcb.isRecovering()) {
            // `recover` follows, so that it is never half the sequence space behind, which would look like being
            // ahead.
            tcb.recover = SeqNum.max(tcb.recover, tcb.sndUna);
        }
        if (acked.cumulative > 0) {
            tcb.dupAcks = 0;
        }
        return again;
    }

    /// The ordinary case: nothing was lost, reordered or sent again, and nobody waits for word of anything.
    private static boolean isPlain(Tcb tcb, Acked acked) {
        Flight board = tcb.flight;
        return acked.cumulative > 0
                && tcb.episode == null
                && !tcb.isRecovering()
                && !acked.duplicates
                && !acked.reordered
                && (board == null || !board.probing && board.sackedOctets() == 0 && !board.hasRetransmissions());
    }

    private static long detect(Tcb tcb, Acked acked, long now) {
        Flight board = tcb.flight;
        if (board == null) {
            return 0;
        }
        long lostBefore = board.everLost();
        long again = Rack.detectLosses(tcb, acked.at);
        if (acked.duplicateAck && !tcb.has(Tcb.SACK_PERMITTED)) {
            duplicate(tcb, now);
        }
        acked.lost = (int) (board.everLost() - lostBefore);
        countLost(tcb, acked.lost);
        if (board.lostOctets() > 0 && !tcb.isRecovering()) {
            enterFastRecovery(tcb, now);
        }
        return again;
    }

    private static void countLost(Tcb tcb, long octets) {
        if (octets > 0) {
            tcb.extras().octetsLost += octets;
        }
    }

    private static void adjustWindow(Tcb tcb, Acked acked, int flight, long now) {
        boolean slowly = tcb.has(Tcb.RTO_RECOVERY);
        if (tcb.congestion.ownsWindow()) {
            tcb.congestion = tcb.congestion.acknowledged(tcb, acked, flight, slowly, now);
        } else if (!tcb.has(Tcb.FAST_RECOVERY)) {
            // RFC 3465 section 2.3, of slow start after a timeout: "TCP MUST use L=1*SMSS", since an ACK may cover
            // what arrived before it.
            tcb.congestion = tcb.congestion.acknowledged(tcb, acked, flight, slowly, now);
        } else if (tcb.has(Tcb.SACK_PERMITTED)) {
            reduceProportionally(tcb, acked);
        }
    }

    // Fast recovery

    private static Episode begin(Tcb tcb) {
        Episode episode = tcb.episode;
        if (episode == null) {
            episode = new Episode();
            tcb.episode = episode;
        }
        episode.begin(tcb);
        return episode;
    }

    private static void enterFastRecovery(Tcb tcb, long now) {
        begin(tcb);
        int flight = tcb.flightSize();
        PathProbing.losing(tcb);
        tcb.congestion = tcb.congestion.lost(tcb, flight, now);
        Ecn.reduced(tcb);
        tcb.recover = tcb.sndNxt;
        tcb.flags |= Tcb.FAST_RECOVERY;
        Flight board = tcb.flight;
        if (board != null) {
            board.probing = false; // RFC 8985 section 7.1: reset "when initiating ... fast recovery"
        }
        tcb.pending |= Tcb.RETRANSMIT;
    }

    /// RFC 6937 section 3. On every ACK in recovery the window becomes the pipe and `sndcnt`.
    private static void reduceProportionally(Tcb tcb, Acked acked) {
        Episode episode = tcb.episode;
        if (episode == null || acked.delivered == 0 && episode.prrOut > 0) {
            return;
        }
        int mss = tcb.effectiveMss;
        int pipe = pipe(tcb);
        episode.prrDelivered += acked.delivered;
        long count;
        if (pipe > tcb.ssthresh) {
            // "Proportional Rate Reduction: sndcnt = CEIL(prr_delivered * ssthresh / RecoverFS) - prr_out". The
            // product is below 2^62.
            long share = (Math.min(episode.prrDelivered, 1L << 31) * tcb.ssthresh + episode.recoverFs - 1)
                    / episode.recoverFs;
            count = share - episode.prrOut;
        } else {
            // "PRR-SSRB: limit = MAX(prr_delivered - prr_out, DeliveredData) + MSS" while the repair makes progress
            // and no more is lost, otherwise "PRR-CRB: limit = prr_delivered - prr_out": the conservative bound where
            // losses are heavy.
            boolean safe = acked.cumulative > 0 && acked.lost == 0;
            long limit = episode.prrDelivered - episode.prrOut;
            if (safe) {
                limit = Math.max(limit, acked.delivered) + mss;
            }
            count = Math.min(tcb.ssthresh - pipe, limit);
        }
        if (episode.prrOut == 0) {
            count = Math.max(count, mss); // the fast retransmit itself
        }
        tcb.cwnd = Math.max(CongestionControl.clamp(pipe + Math.max(0, count)), mss);
    }

    /// Octets were sent in recovery: "prr_out += (data sent)".
    static void transmitted(Tcb tcb, int octets) {
        Episode episode = tcb.episode;
        if (episode != null && tcb.has(Tcb.FAST_RECOVERY)) {
            episode.prrOut += octets;
        }
    }

    /// Octets were sent again.
    static void resent(Tcb tcb, int octets, long now) {
        Episode episode = tcb.episode;
        if (episode != null && tcb.isRecovering()) {
            episode.resent(octets, tcb.shiftedTimestamp(now));
        }
    }

    private static void leaveFastRecovery(Tcb tcb) {
        tcb.flags &= ~Tcb.FAST_RECOVERY;
        Rack.recovered(tcb);
        Episode episode = tcb.episode;
        if (episode != null) {
            episode.end = tcb.sndNxt;
        }
        if (tcb.congestion.ownsWindow()) {
            tcb.congestion.recovered(tcb);
            return;
        }
        // RFC 6582 section 3.2, step 3, full acknowledgment: "min (ssthresh, max(FlightSize, SMSS) + SMSS)"
        int mss = tcb.effectiveMss;
        tcb.cwnd = tcb.has(Tcb.SACK_PERMITTED)
                ? tcb.ssthresh
                : Math.min(tcb.ssthresh, Math.max(tcb.flightSize(), mss) + mss);
    }

    /// RFC 6582 section 3.2, step 3, partial acknowledgment: "retransmit the first unacknowledged segment", "deflate
    /// the congestion window by the amount of new data acknowledged", "if the partial ACK acknowledges at least one
    /// SMSS of new data, then add back SMSS bytes".
    private static void partial(Tcb tcb, int octets) {
        int mss = tcb.effectiveMss;
        if (!tcb.congestion.ownsWindow()) {
            tcb.cwnd = Math.max(mss, tcb.cwnd - octets);
            if (octets >= mss) {
                tcb.cwnd += mss;
            }
        }
        Flight board = tcb.flight;
        if (board != null) {
            board.markLost(tcb.sndUna, SeqNum.min(tcb.sndUna + mss, tcb.sndNxt));
        }
        tcb.pending |= Tcb.RETRANSMIT;
    }

    /// A duplicate acknowledgment (RFC 5681 section 2) of a connection without SACK arrived.
    private static void duplicate(Tcb tcb, long now) {
        if (tcb.has(Tcb.RTO_RECOVERY)) {
            return;
        }
        int mss = tcb.effectiveMss;
        if (tcb.has(Tcb.FAST_RECOVERY)) {
            // RFC 5681 section 3.2, step 4: "For each additional duplicate ACK received ... cwnd MUST be incremented
            // by SMSS."
            tcb.cwnd = CongestionControl.clamp((long) tcb.cwnd + mss);
            return;
        }
        if (tcb.dupAcks < Rack.DUP_THRESH) {
            tcb.dupAcks++;
        }
        Flight board = tcb.flight;
        if (tcb.dupAcks < Rack.DUP_THRESH || SeqNum.lt(tcb.sndUna, tcb.recover) || board == null) {
            return;
        }
        board.markLost(tcb.sndUna, SeqNum.min(tcb.sndUna + mss, tcb.sndNxt));
        enterFastRecovery(tcb, now);
        if (!tcb.congestion.ownsWindow()) {
            tcb.cwnd = tcb.ssthresh + Rack.DUP_THRESH * mss;
        }
    }

    // Timeouts

    /// The retransmission timer expired.
    static void timedOut(Tcb tcb, long now) {
        Flight board = tcb.flight;
        TcbExtras extras = tcb.extras();
        extras.timeouts++;
        extras.timeoutRepairs += tcb.has(Tcb.RTO_RECOVERY) ? 0 : 1;
        if (!tcb.has(Tcb.TIMED_OUT)) {
            boolean fresh = !tcb.isRecovering();
            Episode episode = fresh || tcb.episode == null ? begin(tcb) : tcb.episode;
            episode.undoable = fresh;
            // RFC 5681 section 3.1: "when a TCP sender detects segment loss using the retransmission timer and the
            // given segment has not yet been resent ... ssthresh"; on later timeouts of the same segment it stays.
            tcb.congestion = tcb.congestion.timedOut(tcb, tcb.flightSize(), now);
        }
        Ecn.reduced(tcb);
        Episode episode = tcb.episode;
        if (episode != null && episode.undoable) {
            episode.frto = Episode.FRTO_WAITING; // RFC 5682 section 2.1, step 1
        }
        // "Furthermore, upon a timeout ... cwnd MUST be set to no more than the loss window, LW, which equals 1
        // full-sized segment".
        tcb.cwnd = tcb.effectiveMss;
        tcb.dupAcks = 0;
        tcb.recover = tcb.sndNxt;
        if (board != null) {
            long lostBefore = board.everLost();
            if (board.isReneged()) {
                board.forgetSacks();
            }
            // RFC 2018 section 5.1 would forget all that was SACKed here, since "the timeout might indicate that the
            // data receiver has reneged"; RFC 6675 section 5.1 allows to keep it where reneging is looked for.
            if (tcb.has(Tcb.SACK_PERMITTED)) {
                Rack.timedOut(tcb, board, now);
            } else {
                board.markLost(tcb.sndUna, tcb.sndNxt);
            }
            countLost(tcb, board.everLost() - lostBefore);
            board.probing = false;
        }
        tcb.flags = tcb.flags & ~Tcb.FAST_RECOVERY | Tcb.RTO_RECOVERY | Tcb.TIMED_OUT;
        tcb.pending |= Tcb.RETRANSMIT;
    }

    /// An ACK while a timeout is being repaired: F-RTO (RFC 5682 section 2.1, and 3.1 with SACK).
    private static void afterTimeout(Tcb tcb, Acked acked) {
        if (SeqNum.geq(tcb.sndUna, tcb.recover)) {
            tcb.flags &= ~Tcb.RTO_RECOVERY;
            Rack.recovered(tcb);
            Episode episode = tcb.episode;
            if (episode != null) {
                episode.end = tcb.sndNxt;
                episode.frto = Episode.FRTO_OFF;
            }
            tcb.congestion.recovered(tcb);
            return;
        }
        Episode episode = tcb.episode;
        if (episode == null || episode.frto == Episode.FRTO_OFF) {
            return;
        }
        if (acked.originalsOnly()) {
            // Section 3.1, step 3b: the timeout was spurious, since what was sent once arrives in its turn.
            undo(tcb);
        } else if (episode.frto == Episode.FRTO_WAITING && acked.cumulative > 0 && canSendNew(tcb)) {
            // Step 2b: the window moves on; two new segments find out more.
            episode.frto = Episode.FRTO_PROBING;
        } else if (acked.cumulative > 0 || acked.duplicateAck || acked.sackNews) {
            // Steps 2a and 3a: a duplicate, or nothing new to send: the conventional recovery goes on.
            episode.frto = Episode.FRTO_OFF;
        }
    }

    private static boolean canSendNew(Tcb tcb) {
        SendQueue queue = tcb.sendQueue;
        return queue != null
                && SeqNum.gt(queue.endSeq(), tcb.sndNxt)
                && (tcb.pending & Tcb.FIN_SENT) == 0
                && SeqNum.gt(tcb.sndUna + tcb.sndWnd, tcb.sndNxt);
    }

    /// True while new data, not retransmissions, find out whether a timeout was spurious.
    static boolean isProbing(Tcb tcb) {
        Episode episode = tcb.episode;
        return episode != null && episode.frto == Episode.FRTO_PROBING && tcb.has(Tcb.RTO_RECOVERY);
    }

    /// The RACK reordering timer expired.
    ///
    /// @return nanoseconds after which it is to expire again, 0 for never
    static long reorderingTimerExpired(Tcb tcb, long now) {
        Flight board = tcb.flight;
        long lostBefore = board == null ? 0 : board.everLost();
        long again = Rack.detectLosses(tcb, now);
        if (board != null && board.lostOctets() > 0) {
            countLost(tcb, board.everLost() - lostBefore);
            if (!tcb.isRecovering()) {
                enterFastRecovery(tcb, now);
                Episode episode = tcb.episode;
                if (!tcb.congestion.ownsWindow() && episode != null) {
                    tcb.cwnd = pipe(tcb) + tcb.effectiveMss;
                }
            }
            tcb.pending |= Tcb.SEND;
        }
        return again;
    }

    /// The path takes only smaller segments than before: all that is in flight is lost, through no fault of
    /// congestion (RFC 1191 section 6.4), and is sent again.
    ///
    /// Deviation: section 6.4 has one segment sent until ACKs arrive; as in Linux, it is as many as the window
    /// allows.
    static void tooBig(Tcb tcb) {
        Flight board = tcb.flight;
        if (board != null) {
            if (!tcb.has(Tcb.FAST_RECOVERY)) {
                tcb.recover = tcb.sndNxt;
                tcb.flags |= Tcb.RTO_RECOVERY;
            }
            if (tcb.episode != null) {
                tcb.episode.undoable = false;
                tcb.episode.frto = Episode.FRTO_OFF;
            }
            board.markLost(tcb.sndUna, tcb.sndNxt);
        }
        tcb.pending |= Tcb.RETRANSMIT;
    }

    // Spurious recovery

    /// Nothing was lost if every octet that was sent again arrived twice (RFC 2883 section 5.2, RFC 3708), or if the
    /// ACK of the first retransmission answers the original (the Eifel algorithm, RFC 3522 section 3.2).
    private static void detectSpurious(Tcb tcb, Acked acked) {
        Episode episode = tcb.episode;
        if (episode == null) {
            return;
        }
        boolean over = !tcb.isRecovering() && acked.cumulative > 0 && SeqNum.gt(tcb.sndUna, episode.end);
        if (!episode.undoable) {
            tcb.episode = over ? null : episode;
            return;
        }
        if (acked.duplicates && SeqNum.geq(acked.duplicateLeft, episode.begin)) {
            episode.unconfirmed -= acked.duplicateRight - acked.duplicateLeft;
        }
        boolean twice = acked.duplicates && episode.retransmitted && episode.unconfirmed <= 0;
        boolean original = episode.retransmitted
                && acked.cumulative > 0
                && tcb.isRecovering()
                && acked.echoesBefore(episode.firstStamp);
        if (twice || original) {
            undo(tcb);
        } else if (over) {
            tcb.episode = null; // too late for another word on it
        }
    }

    /// RFC 9438 section 4.9.2 and RFC 4015: what was reduced is restored.
    private static void undo(Tcb tcb) {
        Episode episode = tcb.episode;
        if (episode == null) {
            return;
        }
        tcb.extras().undone++;
        boolean recovering = tcb.isRecovering();
        if (tcb.cwnd < episode.priorCwnd) {
            tcb.cwnd = episode.priorCwnd;
            tcb.ssthresh = Math.max(tcb.ssthresh, episode.priorSsthresh);
            tcb.congestion.undo();
        }
        Flight board = tcb.flight;
        if (board != null) {
            board.forgetLosses();
            // The ACK of an original may have passed for that of its retransmission, which nothing overtook.
            board.rackSent = Flight.NEVER;
        }
        tcb.flags &= ~(Tcb.FAST_RECOVERY | Tcb.RTO_RECOVERY | Tcb.TIMED_OUT);
        tcb.pending &= ~Tcb.RETRANSMIT;
        tcb.episode = null;
        if (recovering) {
            Rack.recovered(tcb);
        }
    }

    /// The user wants another congestion control, which begins with the window as it is.
    static void changeCongestionControl(Tcb tcb, long now) {
        tcb.congestion = CongestionControl.of(tcb.config.congestion());
        tcb.episode = null; // its numbers were another's
        if (tcb.has(Tcb.FAST_RECOVERY) && !tcb.congestion.ownsWindow()) {
            begin(tcb).undoable = false;
            tcb.ssthresh = Math.min(tcb.ssthresh, Math.max(tcb.cwnd, 2 * tcb.effectiveMss));
        }
        Flight board = tcb.flight;
        if (board != null) {
            board.sampleWith(tcb.congestion.deliveryRate(), now - tcb.srtt);
        }
    }

    // What may be sent

    /// Octets of the first segment that was not selectively acknowledged, 0 if there is none.
    static int firstHole(Tcb tcb) {
        Flight board = tcb.flight;
        return board == null ? 0 : lostLength(tcb, board.firstUnsacked());
    }

    /// Octets from `seq`, which is lost, that one retransmission may take along.
    static int lostLength(Tcb tcb, int seq) {
        @Nullable Flight board = tcb.flight;
        return board == null ? 0 : Math.min(board.endOfRecord(seq) - seq, tcb.effectiveMss);
    }

    /// The lowest number that is lost and was not sent again, or `SND.NXT` if there is none.
    static int nextLost(Tcb tcb) {
        Flight board = tcb.flight;
        return board == null ? tcb.sndNxt : board.nextLost();
    }

    /// An estimate of the octets in flight: RFC 6675 section 4, SetPipe.
    static int pipe(Tcb tcb) {
        Flight board = tcb.flight;
        return board == null ? tcb.flightSize() : board.pipe();
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
