package dev.berth.stack.tcp;

import dev.berth.stack.endpoint.ByteSink;
import dev.berth.wire.TcpHeader;

/// The urgent mechanism, RFC 9293 section 3.8.5, as RFC 6093 says that it is used.
///
/// Urgent data are part of the stream; the urgent pointer designates its end. Where the user did not ask for them in
/// the stream (`urgentInline`), the last urgent octet, the one before the pointer, is taken out of it, as all socket
/// interfaces do, and thrown away: Java has no call that reads it. A read never goes beyond the urgent octet in one
/// go, so that the user can tell where it is.
final class Urgent {
    private static final int MAX_POINTER = 65_535;
    private static final ByteSink NOWHERE = (bytes, from, length) -> {};

    private Urgent() {}

    // Sending

    /// What the user sent last is urgent: section 3.10.2, "If the URGENT flag is set, then SND.UP <- SND.NXT and set
    /// the urgent pointer in the outgoing segments". The pointer is that of all that is queued, which is what SND.NXT
    /// will be.
    static void mark(Tcb tcb) {
        SendQueue queue = tcb.sendQueue;
        assert queue != null;
        TcbExtras extras = tcb.extras();
        extras.sndUrgent = true;
        extras.sndUp = queue.endSeq();
        if (tcb.state.isSynchronized() && SeqNum.geq(tcb.sndNxt, tcb.sndUna + tcb.sndWnd)) {
            tcb.pending |= Tcb.ACK_NOW; // the pointer goes ahead of data that a closed window keeps back
        }
    }

    /// True while the end of urgent data is not acknowledged.
    static boolean isSending(Tcb tcb) {
        TcbExtras extras = tcb.extras;
        if (extras == null || !extras.sndUrgent) {
            return false;
        }
        if (SeqNum.geq(tcb.sndUna, extras.sndUp)) {
            extras.sndUrgent = false;
        }
        return extras.sndUrgent;
    }

    /// The urgent pointer of a segment that begins at `seq`, 0 for none: MUST-62, "The urgent pointer MUST point to
    /// the sequence number of the octet following the urgent data".
    static int pointer(Tcb tcb, int seq) {
        if (!isSending(tcb)) {
            return 0;
        }
        int distance = tcb.extras().sndUp - seq;
        return Math.max(0, Math.min(distance, MAX_POINTER));
    }

    // Receiving

    /// Sequence number of the first octet that the user has not read.
    static int firstUnread(Tcb tcb) {
        return tcb.rcvNxt - (tcb.has(Tcb.FIN_RECEIVED) ? 1 : 0) - tcb.available();
    }

    /// Section 3.10.7.4, sixth, check the URG bit: "RCV.UP <- max(RCV.UP,SEG.UP), and signal the user that the remote
    /// side has urgent data if the urgent pointer (RCV.UP) is in advance of the data consumed."
    ///
    /// @return true if the user is to be told (MUST-32)
    static boolean arrived(Tcb tcb, Segment segment) {
        if (!segment.has(TcpHeader.URG) || segment.urgentPointer == 0) {
            return false; // "a TCP receiver should be robust to invalid urgent pointer values"
        }
        int up = segment.seq + segment.urgentPointer;
        TcbExtras extras = tcb.extras();
        int reference = extras.rcvUrgent ? extras.rcvUp : firstUnread(tcb);
        if (SeqNum.leq(up, reference)) {
            return false;
        }
        extras.rcvUrgent = true;
        extras.rcvUp = up;
        return true;
    }

    /// Octets up to the urgent pointer that the user has not read, also of what is still to come; 0 in normal mode
    /// (MUST-33).
    static int remaining(Tcb tcb) {
        TcbExtras extras = tcb.extras;
        return extras == null || !extras.rcvUrgent ? 0 : extras.rcvUp - firstUnread(tcb);
    }

    /// The most octets that a read may give: not beyond the urgent octet.
    static int limit(Tcb tcb, int max) {
        int remaining = remaining(tcb);
        return remaining > 1 ? Math.min(max, remaining - 1) : max;
    }

    /// After data came or were read: takes the urgent octet out of the stream if it is the next one, and ends urgent
    /// mode when the pointer is reached.
    static void settle(Tcb tcb, Queues queues) {
        int remaining = remaining(tcb);
        TcbExtras extras = tcb.extras;
        if (extras == null || !extras.rcvUrgent) {
            return;
        }
        ReceiveQueue queue = tcb.receiveQueue;
        if (remaining == 1
                && queue != null
                && queue.length() > 0
                && !tcb.config.features().urgentInline()) {
            queue.read(NOWHERE, 1);
            if (queue.length() == 0) {
                queues.dropReceive(tcb);
            }
            remaining = 0;
        }
        if (remaining <= 0) {
            extras.rcvUrgent = false;
        }
    }
}
