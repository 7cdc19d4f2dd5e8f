package dev.berth.stack.tcp;

import dev.berth.ports.PortTable;
import java.util.ArrayList;
import java.util.List;

/// The memory of all queues of a host's connections, and what happens when it becomes scarce: those that hold most
/// give way first, and every connection may hold a little.
///
/// Counted are the whole chunks that queues refer to, so what is counted is never less than what is held. Above three
/// quarters of the limit, windows offered are no larger than an equal share and nothing is tuned up; at the limit,
/// data beyond an equal share are not taken, queues of out-of-order data are given up, and connections are ended
/// whose peers keep their windows closed for long.
final class MemoryBudget {
    /// What every connection may queue each way whatever the others hold: a few segments.
    static final int LEAST = 16_384;

    /// Between two visits to all connections.
    private static final long RELIEF_INTERVAL = 100_000_000L;

    /// A window below this, and below a segment, lets hardly anything go.
    static final int TIGHT = 512;

    /// How long a window may be tight before its connection may be ended for its memory.
    private static final long HOARDER_TIME = 3_000_000_000L;

    /// Where memory is scarce, who has not taken [#LEAST] octets in this time although as much as half of that waited
    /// all the time takes too little: less than 4.4 kbit/s.
    private static final long SLOW_TIME = 30_000_000_000L;

    /// Visits further apart than this do not tell what was between them.
    private static final long VISIT_GAP = 5_000_000_000L;

    private final long limit;
    private final long scarceAbove;
    private long used;
    private int queues;
    private long nextRelief = Long.MIN_VALUE;
    private long pruned;
    private long ended;

    /// A budget of `limit` octets.
    MemoryBudget(long limit) {
        this.limit = limit;
        scarceAbove = limit - limit / 4;
    }

    /// A queue holds a chunk of `octets` more, or less if negative.
    void hold(int octets) {
        used += octets;
    }

    /// A connection has got a queue, or has lost one if -1.
    void queue(int change) {
        queues += change;
    }

    long used() {
        return used;
    }

    /// Queues of out-of-order data that were given up.
    long pruned() {
        return pruned;
    }

    /// Connections that were ended.
    long ended() {
        return ended;
    }

    boolean isScarce() {
        return used > scarceAbove;
    }

    boolean isExhausted() {
        return used >= limit;
    }

    /// An equal share of the limit for every queue, in octets.
    int share() {
        return (int) Math.min(1 << 30, Math.max(LEAST, limit / Math.max(1, queues)));
    }

    /// The most octets that a connection may offer to take now.
    int bound(int wanted) {
        return isExhausted() ? Math.min(wanted, LEAST) : isScarce() ? Math.min(wanted, share()) : wanted;
    }

    /// True if a connection whose user has `held` octets to read is to get no more now. What was offered while there
    /// was more memory is a promise, as far as an equal share goes: a sender who keeps to it must not lose data and
    /// wait for its timer.
    boolean refusesInOrder(long held) {
        return isScarce() && held >= share();
    }

    /// Octets that the user of a connection which holds `held` may add now, 0 or less for none: up to an equal share
    /// where memory is scarce, and a little where there is none.
    int room(long held, int wanted) {
        if (!isScarce() && limit - used >= wanted) {
            return wanted; // the ordinary case, without a division
        }
        long most = isExhausted() ? LEAST : isScarce() ? share() : Math.max(share(), held + limit - used);
        return (int) Math.min(wanted, most - held);
    }

    /// True if a connection that holds `held` octets is to get no more now.
    boolean refuses(long held) {
        return isExhausted() && held >= LEAST || isScarce() && held >= share();
    }

    /// Makes room, at most every 100 ms: takes time in proportion to the number of flows.
    void relieve(Tcp tcp, PortTable<TcpListener> ports, long now) {
        if (now < nextRelief) {
            return;
        }
        nextRelief = now + RELIEF_INTERVAL;
        List<Tcb> holders = new ArrayList<>();
        ports.visitFlows(flow -> {
            if (flow instanceof Tcb tcb && (tcb.outOfOrder != null || tcb.sendQueue != null)) {
                watch(tcb, now);
                holders.add(tcb);
            }
            return true;
        });
        holders.sort((a, b) -> Long.compare(reclaimable(b, now), reclaimable(a, now)));
        for (Tcb tcb : holders) {
            if (!isScarce()) {
                return;
            }
            OutOfOrderQueue holes = tcb.outOfOrder;
            if (holes != null) {
                // RFC 2018 section 8: "The data receiver is permitted to discard data in its queue that has not been
                // acknowledged to the data sender, even if the data has already been reported in a SACK option."
                holes.close();
                tcb.outOfOrder = null;
                pruned++;
            }
            if (isHoarder(tcb, now)) {
                tcp.writer().sendReset(tcb, now);
                tcp.fail(tcb, TcpError.TIMED_OUT);
                ended++;
            }
        }
    }

    private static long reclaimable(Tcb tcb, long now) {
        OutOfOrderQueue holes = tcb.outOfOrder;
        return (holes == null ? 0 : holes.memory()) + (isHoarder(tcb, now) ? tcb.unacknowledged() : 0);
    }

    /// RFC 9293 section 3.8.6.1 has a connection stay open while its closed window is probed and answered
    /// (MUST-37), so no time ends it; RFC 6429 section 4 lets the host end it when it needs the memory. Who takes
    /// an octet now and then, whatever window it offers, is no better than who takes none. A connection without an
    /// owner, whom nobody can ask to end it, is not waited for at all.
    private static boolean isHoarder(Tcb tcb, long now) {
        TcbExtras extras = tcb.extras;
        if (tcb.sendQueue == null || extras == null) {
            return false;
        }
        boolean tight = extras.windowIsTight && (tcb.has(Tcb.ABANDONED) || now - extras.tightSince >= HOARDER_TIME);
        return tight || extras.watchedAt == now && now - extras.watchedSince >= SLOW_TIME;
    }

    /// Notes how much the other end takes while memory is scarce.
    private static void watch(Tcb tcb, long now) {
        TcbExtras extras = tcb.extras();
        if (tcb.unacknowledged() < LEAST / 2) {
            extras.watchedAt = 0;
            return;
        }
        if (now - extras.watchedAt > VISIT_GAP
                || extras.watchedAt == 0
                || Integer.compareUnsigned(tcb.sndUna - extras.watchedFrom, LEAST) >= 0) {
            extras.watchedSince = now;
            extras.watchedFrom = tcb.sndUna;
        }
        extras.watchedAt = now;
    }

    /// The other end's window was updated.
    static void windowChanged(Tcb tcb, long now) {
        boolean tight = tcb.sndWnd < Math.min(TIGHT, tcb.effectiveMss);
        TcbExtras extras = tcb.extras;
        if (tight && (extras == null || !extras.windowIsTight)) {
            TcbExtras made = tcb.extras();
            made.windowIsTight = true;
            made.tightSince = now;
        } else if (!tight && extras != null) {
            extras.windowIsTight = false;
        }
    }
}
