package dev.berth.stack.tcp;

import dev.berth.ports.TimeWaitFlow;
import org.jspecify.annotations.Nullable;

/// What remains of a connection in TIME-WAIT: enough to answer a retransmitted FIN and to let a newer connection in
/// (RFC 9293 section 3.6.1 MAY-2, RFC 6191). Takes the slot of the [Tcb] in the port table until 2 MSL have passed.
final class TimeWait extends TimeWaitFlow {
    final int sndNxt;
    int rcvNxt;
    final int rcvWnd;
    final boolean timestamps;
    int tsRecent;
    final int tsOffset;
    int lastTsVal;
    boolean provoked; // an old duplicate was answered
    int answeredAt; // milliseconds modulo 2^32; 0: never
    /// When the connection was opened, [CoarseTime].
    final int openedAt;
    long expires;

    // All wait equally long, so a list in the order of arrival is a queue of deadlines.
    @Nullable
    TimeWait older;

    @Nullable
    TimeWait newer;

    TimeWait(Tcb tcb, long now) {
        super(
                tcb.localHi(),
                tcb.localLo(),
                tcb.localPort(),
                tcb.remoteHi(),
                tcb.remoteLo(),
                tcb.remotePort());
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
