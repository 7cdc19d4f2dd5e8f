package dev.berth.stack.tcp;

import dev.berth.ports.TimeWaitFlow;
import org.jspecify.annotations.Nullable;

/// What remains of a connection in TIME-WAIT: enough to answer a retransmitted FIN and to let a newer connection in
/// (RFC 9293 section 3.6.1 MAY-2, RFC 6191). Takes the slot of the [Tcb] in the port table until 2 MSL have passed.
final class TimeWait extends TimeWaitFlow {
    int sndNxt;
    int rcvNxt;
    int rcvWnd;
    boolean timestamps;
    int tsRecent;
    int tsOffset;
    int lastTsVal;
    boolean provoked; // an old duplicate was answered
    int answeredAt; // milliseconds modulo 2^32; 0: never
    /// When the connection was opened, [CoarseTime].
    int openedAt;
    long expires;

    // All wait equally long, so a list in the order of arrival is a queue of deadlines.
    @Nullable
    TimeWait older;

    @Nullable
    TimeWait newer;

    TimeWait(Tcb tcb, long now) {
        super(tcb.localHi(), tcb.localLo(), tcb.localPort(), tcb.remoteHi(), tcb.remoteLo(), tcb.remotePort());
        take(tcb, now);
    }

    /// Stands for another connection from now on; it is in no table and in no list.
    void reuse(Tcb tcb, long now) {
        setTuple(tcb.localHi(), tcb.localLo(), tcb.localPort(), tcb.remoteHi(), tcb.remoteLo(), tcb.remotePort());
        provoked = false;
        answeredAt = 0;
        take(tcb, now);
    }

    private void take(Tcb tcb, long now) {
        sndNxt = tcb.sndNxt;
        rcvNxt = tcb.rcvNxt;
        rcvWnd = Math.min(tcb.rcvWnd() >> tcb.rcvWindShift, 65_535);
        timestamps = tcb.has(Tcb.TIMESTAMPS);
        tsRecent = tcb.tsRecent;
        tsOffset = tcb.tsOffset;
        lastTsVal = tcb.shiftedTimestamp(now);
        openedAt = tcb.openedAt;
    }

    @Override
    public long age(long now) {
        return CoarseTime.since(openedAt, now);
    }

    /// True if an active OPEN may take the tuple over. The remote end, if it still knows the old connection at all,
    /// can tell the new one by its timestamp, which has to be greater (RFC 6191 section 2 applied to the sender); the
    /// new initial sequence number is chosen beyond the old connection's.
    @Override
    public boolean mayBeReused(long now) {
        return timestamps && SeqNum.gt((int) (now / 1_000_000) + tsOffset, lastTsVal);
    }
}
