package dev.berth.stack.tcp;

/// What a connection counts for [TcpInfo] alone. Small counts are in the [Tcb]; how often they came round, and what is
/// rare, in [TcbExtras], so that a connection that has done little stays small.
final class Tally {
    /// What keeps a user's data waiting.
    static final byte NOTHING = 0;

    static final byte WINDOW = 1; // the remote end has no room
    static final byte BUFFER = 2; // the send buffer is full of what is in flight

    private static final int ROUND = 1 << 16;

    private Tally() {}

    /// A segment arrived for the connection, or several that came as one.
    static void received(Tcb tcb, Segment segment) {
        int length = segment.payloadLength;
        int count = segments(length, segment.unit);
        int all = tcb.segmentsIn + count;
        tcb.segmentsIn = (char) all;
        if (all >= ROUND) {
            tcb.extras().segmentsInRounds++;
        }
        if (length > 0) {
            int data = tcb.dataSegmentsIn + count;
            tcb.dataSegmentsIn = (char) data;
            if (data >= ROUND) {
                tcb.extras().dataSegmentsInRounds++;
            }
        }
    }

    /// A segment leaves, or one that the device is to cut.
    static void sent(Tcb tcb, int length, int segmentSize) {
        int count = segments(length, segmentSize);
        int all = tcb.segmentsOut + count;
        tcb.segmentsOut = (char) all;
        if (all >= ROUND) {
            tcb.extras().segmentsOutRounds++;
        }
        if (length > 0) {
            int data = tcb.dataSegmentsOut + count;
            tcb.dataSegmentsOut = (char) data;
            if (data >= ROUND) {
                tcb.extras().dataSegmentsOutRounds++;
            }
        }
    }

    private static int segments(int length, int unit) {
        return unit <= 0 || length <= unit ? 1 : (length + unit - 1) / unit;
    }

    /// Data were acknowledged after the connection had waited for it since `Tcb.lastProgress`.
    static void progressed(Tcb tcb, long now) {
        int before = tcb.busyMicros;
        long micros = Math.min(Math.max(0, now - tcb.lastProgress) / 1_000, 0xffff_ffffL);
        tcb.busyMicros = before + (int) micros;
        if (Integer.compareUnsigned(tcb.busyMicros, before) < 0) {
            tcb.extras().busyRounds++;
        }
    }

    /// A flight begins: what waited for the window since `Tcb.lastProgress` counts as well.
    static void begins(Tcb tcb, long now) {
        TcbExtras extras = tcb.extras;
        if (extras != null && extras.limit == WINDOW) {
            progressed(tcb, now);
        }
    }

    /// Output has sent what it could: notes what the rest waits for.
    static void limited(Tcb tcb, long now) {
        byte limit = limit(tcb);
        TcbExtras extras = tcb.extras;
        if (extras == null ? limit == NOTHING : extras.limit == limit) {
            return;
        }
        TcbExtras some = tcb.extras();
        settle(some, now);
        some.limit = limit;
        some.limitSince = now;
    }

    private static byte limit(Tcb tcb) {
        SendQueue queue = tcb.sendQueue;
        if (queue == null) {
            return NOTHING;
        }
        int available = queue.endSeq() - tcb.sndNxt;
        int window = tcb.sndUna + tcb.sndWnd - tcb.sndNxt;
        int congestion = LossRecovery.congestionRoom(tcb);
        int segment = Math.min(available, tcb.effectiveMss);
        if (window < segment) {
            return window < congestion ? WINDOW : NOTHING;
        }
        // Less than a segment may be left (Nagle).
        return available < tcb.effectiveMss && congestion > segment && tcb.sendRoom() <= 0 ? BUFFER : NOTHING;
    }

    private static void settle(TcbExtras extras, long now) {
        long time = now - extras.limitSince;
        if (extras.limit == WINDOW) {
            extras.windowLimited += time;
        } else if (extras.limit == BUFFER) {
            extras.bufferLimited += time;
        }
    }

    /// Nanoseconds for which `limit` held data back, until now.
    static long limitedFor(TcbExtras extras, byte limit, long now) {
        long before = limit == WINDOW ? extras.windowLimited : extras.bufferLimited;
        return extras.limit == limit ? before + now - extras.limitSince : before;
    }

    /// Nanoseconds in which data were in flight or waited for the remote end's window.
    static long busy(Tcb tcb, TcbExtras extras, long now) {
        long micros = ((long) extras.busyRounds << 32) + Integer.toUnsignedLong(tcb.busyMicros);
        boolean waiting = tcb.flightSize() > 0 || extras.limit == WINDOW;
        return micros * 1_000 + (waiting ? Math.max(0, now - tcb.lastProgress) : 0);
    }

    static long count(int rounds, char rest) {
        return ((long) rounds << 16) + rest;
    }
}
