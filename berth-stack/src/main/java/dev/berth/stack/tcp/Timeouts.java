package dev.berth.stack.tcp;

import dev.berth.ports.Flow;
import dev.berth.stack.time.TimerWheel;
import org.jspecify.annotations.Nullable;

/// RFC 9293 section 3.10.8: what happens when a connection's timer expires; and arming those timers.
final class Timeouts {
    /// RFC 9293 section 3.8.6.3, MUST-40: less than 0.5 s.
    static final long DELAYED_ACK = 40_000_000L;

    /// How long FIN-WAIT-2 lasts when nobody reads any more.
    static final long ORPHAN_FIN_WAIT_2 = 60_000_000_000L;

    /// RFC 9293 section 3.8.3, MUST-23: R2 for a SYN "MUST be set large enough to provide retransmission of the
    /// segment for at least 3 minutes".
    static final long SYN_R2 = 180_000_000_000L;

    /// RFC 9293 section 3.8.3, SHLD-10: "The value of R1 SHOULD correspond to at least 3 retransmissions".
    static final int R1 = 3;

    /// Retransmissions after which a connection is dead: R2. With the backoff capped at 60 s it is at least 7
    /// minutes, more than the 100 s that RFC 9293 section 3.8.3 (SHLD-11) asks for.
    static final int R2 = 15;

    /// Unused nodes that are kept, so that a connection that is busy now and then allocates none.
    private static final int SPARE = 64;

    private static final long SECOND = 1_000_000_000L;

    private final Tcp tcp;
    private final TimerWheel wheel;
    private final Tcb.@Nullable Deadlines[] spare = new Tcb.Deadlines[SPARE];
    private int spareCount;
    private Tcb.@Nullable Deadlines expiring;
    private long retransmissions;
    private @Nullable RetransmissionNotes notes;

    Timeouts(Tcp tcp, TimerWheel wheel) {
        this.tcp = tcp;
        this.wheel = wheel;
    }

    void countRetransmission(Flow flow, int octets) {
        retransmissions++;
        RetransmissionNotes kept = notes;
        if (kept != null) {
            kept.add(flow, octets);
        }
    }

    RetransmissionNotes noteRetransmissions() {
        RetransmissionNotes kept = notes == null ? new RetransmissionNotes() : notes;
        notes = kept;
        return kept;
    }

    long retransmissions() {
        return retransmissions;
    }

    private Tcb.Deadlines deadlines(Tcb tcb) {
        Tcb.Deadlines deadlines = tcb.deadlines;
        if (deadlines == null) {
            deadlines = spareCount > 0 ? spare[--spareCount] : null;
            if (deadlines == null) {
                deadlines = new Tcb.Deadlines(tcb);
            }
            deadlines.tcb = tcb;
            tcb.deadlines = deadlines;
        }
        return deadlines;
    }

    /// The node in the wheel moves only when a deadline became earlier than it; when it fires too early it is put
    /// back. So that the ordinary case, deadlines that move away with every ACK, costs nothing.
    private void schedule(Tcb.Deadlines deadlines, long at) {
        if (at < deadlines.scheduled) {
            deadlines.scheduled = at;
            wheel.schedule(deadlines, at);
        }
    }

    void cancel(Tcb tcb) {
        Tcb.Deadlines deadlines = tcb.deadlines;
        if (deadlines != null) {
            wheel.cancel(deadlines);
            tcb.deadlines = null;
            if (deadlines != expiring) {
                keep(deadlines);
            }
        }
    }

    private void keep(Tcb.Deadlines deadlines) {
        if (spareCount < SPARE) {
            deadlines.clear();
            spare[spareCount++] = deadlines;
        }
    }

    /// RFC 6298 section 5.1: "Every time a packet containing data is sent (including a retransmission), if the timer
    /// is not running, start it running so that it will expire after RTO seconds".
    void armRetransmission(Tcb tcb, long now) {
        if (tcb.flightSize() == 0) {
            return;
        }
        Tcb.Deadlines deadlines = deadlines(tcb);
        if (deadlines.retransmit == Tcb.Deadlines.NONE) {
            if (tcb.unanswered == 0) {
                Tally.begins(tcb, now);
                tcb.lastProgress = now;
            }
            long at = now + RttEstimator.backedOff(tcb);
            long userTimeout = UserTimeout.of(tcb);
            if (userTimeout > 0) {
                // The last wait is no longer than the user's patience.
                at = Math.min(at, Math.max(now, tcb.lastProgress + userTimeout));
            }
            startRetransmission(deadlines, at);
        }
    }

    private void startRetransmission(Tcb.Deadlines deadlines, long at) {
        deadlines.kind = Tcb.Deadlines.RTO;
        deadlines.retransmit = at;
        deadlines.retransmissionTimeout = at;
        schedule(deadlines, at);
    }

    /// RFC 8985 section 7.2: "The sender SHOULD start or restart a loss probe PTO timer after transmitting new data
    /// ... or upon receiving an ACK that cumulatively acknowledges new data".
    void armProbe(Tcb tcb, long now) {
        if (!LossProbe.isWanted(tcb)) {
            return;
        }
        armRetransmission(tcb, now);
        Tcb.Deadlines deadlines = deadlines(tcb);
        if (deadlines.kind != Tcb.Deadlines.REORDERING) {
            deadlines.kind = Tcb.Deadlines.PROBE_TIMEOUT;
            // "if the time at which an RTO would fire ... is sooner than the computed time for the PTO, then the
            // sender schedules a TLP to be sent at that RTO time".
            long at = Math.min(now + LossProbe.timeout(tcb), deadlines.retransmissionTimeout);
            deadlines.retransmit = at;
            schedule(deadlines, at);
        }
    }

    /// Section 7.3: "After attempting to send a loss probe, regardless of whether a loss probe was sent, the sender
    /// MUST re-arm the RTO timer, not the PTO timer, if the FlightSize is not zero."
    void rearm(Tcb tcb, long now) {
        Tcb.Deadlines deadlines = tcb.deadlines;
        if (deadlines != null) {
            deadlines.retransmit = Tcb.Deadlines.NONE;
        }
        armRetransmission(tcb, now);
    }

    /// An ACK was processed: losses are to be looked for again after `delay` nanoseconds, not at all if 0. RFC 8985
    /// section 8: the timers are mutually exclusive.
    void armReordering(Tcb tcb, long delay, long now) {
        Tcb.Deadlines deadlines = tcb.deadlines;
        if (tcb.flightSize() == 0 || deadlines == null || deadlines.retransmit == Tcb.Deadlines.NONE) {
            return;
        }
        if (delay > 0) {
            deadlines.kind = Tcb.Deadlines.REORDERING;
            deadlines.retransmit = now + delay;
            schedule(deadlines, now + delay);
        } else if (deadlines.kind == Tcb.Deadlines.REORDERING
                || deadlines.kind == Tcb.Deadlines.PROBE_TIMEOUT && !LossProbe.isWanted(tcb)) {
            backToRetransmission(tcb, deadlines, now);
        }
    }

    /// The retransmission timer takes its place again, counted from when the first segment was sent.
    private void backToRetransmission(Tcb tcb, Tcb.Deadlines deadlines, long now) {
        Flight flight = tcb.flight;
        long sent = flight == null ? now : flight.firstSentAt(now);
        startRetransmission(deadlines, Math.max(now + 1, sent + RttEstimator.backedOff(tcb)));
    }

    /// Pacing holds octets back until `at`.
    void armPace(Tcb tcb, long at) {
        Tcb.Deadlines deadlines = deadlines(tcb);
        deadlines.pace = at;
        schedule(deadlines, at);
    }

    /// What `tcb` has in flight.
    Flight flight(Tcb tcb) {
        return tcp.queues().flight(tcb);
    }

    /// New data were acknowledged: RFC 6298 section 5.3, "restart the retransmission timer", or 5.2, turn it off.
    void acknowledged(Tcb tcb, long now) {
        // The backoff stays until there is a new RTT sample, as RFC 6298 section 5 says ("which can only happen when
        // new data has been sent and acknowledged"): Karn's algorithm.
        tcb.flags &= ~Tcb.TIMED_OUT;
        TcbExtras extras = tcb.extras;
        if (extras != null) {
            extras.softError = null;
        }
        tcb.unanswered = 0;
        Tally.progressed(tcb, now);
        tcb.lastProgress = now;
        Tcb.Deadlines deadlines = tcb.deadlines;
        if (deadlines != null) {
            deadlines.retransmit = Tcb.Deadlines.NONE;
        }
        armRetransmission(tcb, now);
        armProbe(tcb, now);
    }

    /// Data wait, nothing is in flight and the window does not let them go: the persist timer of RFC 9293 section
    /// 3.8.6.1 runs (on the retransmission timer's place, as nothing is there to retransmit).
    void armPersist(Tcb tcb, long now) {
        if (tcb.flightSize() > 0) {
            return;
        }
        SendQueue queue = tcb.sendQueue;
        boolean waiting = queue != null && queue.endSeq() != tcb.sndNxt;
        if (!waiting) {
            if (tcb.deadlines != null) {
                tcb.deadlines.retransmit = Tcb.Deadlines.NONE;
            }
            return;
        }
        Tcb.Deadlines deadlines = deadlines(tcb);
        if (deadlines.retransmit == Tcb.Deadlines.NONE) {
            startRetransmission(deadlines, now + RttEstimator.backedOff(tcb));
            if (tcb.unanswered == 0 && tcb.backoff == 0) {
                tcb.lastProgress = now; // the wait begins
            }
        }
    }

    /// Data go out that the persist timer was waiting for: the retransmission timer starts anew.
    void stopPersist(Tcb tcb) {
        if (tcb.deadlines != null) {
            tcb.deadlines.retransmit = Tcb.Deadlines.NONE;
        }
    }

    /// The send window has grown from `before`: what a probe's timer was waiting for has come.
    void windowOpened(Tcb tcb, int before) {
        if (before == 0 || tcb.flightSize() == 0) {
            stopPersist(tcb);
        }
    }

    void armDelayedAck(Tcb tcb, long now) {
        Tcb.Deadlines deadlines = deadlines(tcb);
        if (deadlines.delayedAck == Tcb.Deadlines.NONE) {
            deadlines.delayedAck = now + DELAYED_ACK;
            schedule(deadlines, now + DELAYED_ACK);
        }
    }

    /// Arms keep-alive or the end of an orphan, or neither, as state and settings say.
    void armIdle(Tcb tcb, long now) {
        long delay;
        if (tcb.has(Tcb.ABANDONED) && tcb.state == TcpState.FIN_WAIT_2) {
            delay = ORPHAN_FIN_WAIT_2;
        } else if (tcb.config.keepAlive() && tcb.state.isSynchronized()) {
            delay = tcb.config.keepIdleSeconds() * SECOND;
        } else {
            if (tcb.deadlines != null) {
                tcb.deadlines.idle = Tcb.Deadlines.NONE;
            }
            return;
        }
        Tcb.Deadlines deadlines = deadlines(tcb);
        deadlines.idle = now + delay;
        schedule(deadlines, now + delay);
    }

    /// The wheel says that a connection's node is due.
    void expired(Tcb.Deadlines deadlines, long now) {
        Tcb tcb = deadlines.tcb;
        expiring = deadlines;
        deadlines.scheduled = Tcb.Deadlines.NONE;
        if (deadlines.retransmit <= now) {
            deadlines.retransmit = Tcb.Deadlines.NONE;
            switch (deadlines.kind) {
                case Tcb.Deadlines.PROBE_TIMEOUT -> probe(tcb, now);
                case Tcb.Deadlines.REORDERING -> reordering(tcb, now);
                default -> retransmission(tcb, now);
            }
        }
        if (deadlines.pace <= now) {
            deadlines.pace = Tcb.Deadlines.NONE;
            tcb.pending |= Tcb.SEND;
            tcp.markDirty(tcb);
        }
        if (deadlines.delayedAck <= now) {
            deadlines.delayedAck = Tcb.Deadlines.NONE;
            tcb.flags &= ~Tcb.PING_PONG;
            tcb.pending = tcb.pending & ~Tcb.ACK_DELAYED | Tcb.ACK_NOW;
            tcp.markDirty(tcb);
        }
        if (deadlines.idle <= now) {
            deadlines.idle = Tcb.Deadlines.NONE;
            idle(tcb, deadlines, now);
        }
        expiring = null;
        if (tcb.deadlines == deadlines) {
            if (deadlines.earliest() == Tcb.Deadlines.NONE) {
                tcb.deadlines = null; // idle connections are small; output takes one again if it needs it
                keep(deadlines);
            } else {
                schedule(deadlines, deadlines.earliest());
            }
        }
    }

    private void probe(Tcb tcb, long now) {
        armRetransmission(tcb, now);
        tcb.pending |= Tcb.LOSS_PROBE;
        tcp.markDirty(tcb);
    }

    private void reordering(Tcb tcb, long now) {
        long again = LossRecovery.reorderingTimerExpired(tcb, now);
        armRetransmission(tcb, now);
        Tcb.Deadlines deadlines = tcb.deadlines;
        if (again > 0) {
            armReordering(tcb, again, now);
        } else if (deadlines != null && tcb.flightSize() > 0) {
            backToRetransmission(tcb, deadlines, now);
        }
        tcp.markDirty(tcb);
    }

    /// RFC 9293 section 3.10.8, retransmission timeout, and the persist timer.
    private void retransmission(Tcb tcb, long now) {
        if (isDead(tcb, now)) {
            TcpError soft = tcb.softError();
            tcp.fail(tcb, soft != null ? soft : TcpError.TIMED_OUT);
            return;
        }
        tcb.unanswered++;
        if (tcb.unanswered == R1 && tcb.softError() == null) {
            // SHLD-9: "TCP implementations SHOULD inform the application of the delivery problem [...], when R1 is
            // reached and before R2".
            tcb.extras().softError = TcpError.TIMED_OUT;
            tcp.ready(tcb);
        }
        if (tcp.queues().budget().isScarce()) {
            tcp.relieve(now); // perhaps of those that keep their windows closed
            if (!tcb.has(Tcb.ATTACHED)) {
                return;
            }
        }
        if (tcb.state == TcpState.SYN_SENT || tcb.state == TcpState.SYN_RECEIVED) {
            tcb.pending |= Tcb.SYN;
            tcp.fastOpen().timedOut(tcb);
            tcb.flags = (tcb.flags | Tcb.SYN_RETRANSMITTED) & ~Tcb.RTT_RUNNING;
            countRetransmission(tcb, 0);
        } else if (tcb.flightSize() == 0) {
            tcb.pending |= Tcb.PROBE;
        } else if (tcb.sndWnd == 0) {
            // The retransmission of what was sent into a closed window is a probe; it says nothing about congestion.
            tcb.pending |= Tcb.RETRANSMIT;
        } else {
            PathProbing.timedOut(tcb, tcp.writer().paths(), now);
            tcp.updateMss(tcb);
            LossRecovery.timedOut(tcb, now);
        }
        // RFC 6298 section 5.5: "The host MUST set RTO <- RTO * 2"; RFC 9293 section 3.8.6.1, SHLD-30, for probes.
        if (tcb.backoff < 20) {
            tcb.backoff++;
        }
        tcp.markDirty(tcb);
    }

    private static boolean isDead(Tcb tcb, long now) {
        long silent = now - tcb.lastProgress;
        long userTimeout = UserTimeout.of(tcb);
        if (userTimeout > 0) {
            return silent >= userTimeout;
        }
        if (tcb.state == TcpState.SYN_SENT || tcb.state == TcpState.SYN_RECEIVED) {
            return silent >= SYN_R2;
        }
        // Without an owner the window need not be waited for: RFC 9293 section 3.8.6.1 speaks of the user's
        // connection.
        return tcb.unanswered >= R2 || tcb.has(Tcb.ABANDONED) && tcb.backoff >= R2;
    }

    private void idle(Tcb tcb, Tcb.Deadlines deadlines, long now) {
        if (tcb.has(Tcb.ABANDONED) && tcb.state == TcpState.FIN_WAIT_2) {
            tcp.destroy(tcb);
            return;
        }
        if (!tcb.config.keepAlive() || !tcb.state.isSynchronized()) {
            return;
        }
        long quiet = CoarseTime.sinceMillis(tcb.lastHeard, now);
        long idle = tcb.config.keepIdleSeconds() * SECOND;
        if (tcb.flightSize() > 0 || quiet < idle) {
            // RFC 9293 section 3.8.4, MUST-26: only when nothing was received for the interval and nothing is
            // outstanding.
            deadlines.idle = now + idle - (tcb.flightSize() > 0 ? 0 : quiet);
            return;
        }
        long interval = tcb.config.keepIntervalSeconds() * SECOND;
        if (quiet >= idle + interval * tcb.config.keepCount()) {
            tcp.fail(tcb, TcpError.TIMED_OUT);
            return;
        }
        tcb.pending |= Tcb.KEEP_ALIVE;
        tcp.markDirty(tcb);
        deadlines.idle = now + interval;
    }
}
