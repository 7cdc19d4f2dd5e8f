package dev.berth.stack.tcp;

import dev.berth.stack.ip.DropCounters;
import dev.berth.wire.DropReason;
import dev.berth.wire.TcpHeader;

/// Acknowledgments that are sent because something was wrong with a segment, and how many of them.
///
/// They are counted per connection. A limit for the whole host besides, as RFC 5961 section 7 describes it, would
/// tell an attacker about connections that are not its own (CVE-2016-5696); as one segment causes one ACK at most,
/// there is nothing to be gained by making this host send them.
final class Challenges {
    private static final int WINDOW = 5_000; // milliseconds: RFC 5961 section 7
    private static final int LIMIT = 10;

    private final Tcp tcp;
    private final DropCounters drops;

    Challenges(Tcp tcp, DropCounters drops) {
        this.tcp = tcp;
        this.drops = drops;
    }

    /// RFC 9293 section 3.10.7.4: "If an incoming segment is not acceptable, an acknowledgment should be sent in
    /// reply". Answers to segments without text are limited, so that two ends that disagree cannot keep each other
    /// busy.
    void answerUnacceptable(Tcb tcb, Segment segment) {
        if (segment.payloadLength > 0 || segment.has(TcpHeader.FIN)) {
            tcb.pending |= Tcb.ACK_NOW;
            tcp.markDirty(tcb);
        } else {
            send(tcb, segment.now);
        }
    }

    /// A challenge ACK, RFC 5961 section 7: "An implementation SHOULD include an ACK throttling mechanism ... For
    /// example, in any 5 second window, no more than 10 challenge ACKs should be sent."
    void send(Tcb tcb, long now) {
        if (isAllowed(tcb, now)) {
            tcb.pending |= Tcb.ACK_NOW;
            tcp.markDirty(tcb);
        }
    }

    /// True if one more answer may be sent to what may be forged; counts it.
    boolean isAllowed(Tcb tcb, long now) {
        TcbExtras extras = tcb.extras();
        int millis = (int) (now / 1_000_000);
        boolean over = Integer.compareUnsigned(millis - extras.challengeWindow, WINDOW) >= 0;
        if (over || extras.challengeCount == 0) {
            extras.challengeWindow = millis;
            extras.challengeCount = 0;
        }
        if (extras.challengeCount < LIMIT) {
            extras.challengeCount++;
            return true;
        }
        drops.count(DropReason.RATE_LIMITED);
        return false;
    }
}
