package dev.berth.stack.tcp;

import dev.berth.wire.TcpHeader;

/// Explicit congestion notification, RFC 3168 section 6.1.
///
/// A connection has the flag [Tcb#ECN] from the time that it asked for ECN, and keeps it if the other end agreed.
final class Ecn {
    /// The codepoint that senders set: "When only one ECT codepoint is needed by a sender for all packets sent on a
    /// TCP connection, ECT(0) SHOULD be used."
    static final int ECT_0 = 2;

    /// The codepoint that routers set.
    static final int CE = 3;

    private static final int SETUP = TcpHeader.ECE | TcpHeader.CWR;

    private Ecn() {}

    /// The control bits of a SYN: section 6.1.1, "we call a SYN packet with the ECE and CWR flags set an 'ECN-setup
    /// SYN packet'". Not when it is sent again: section 6.1.1.1, "A host that receives no reply to an ECN-setup SYN
    /// within the normal SYN retransmission timeout interval MAY resend the SYN and any subsequent SYN
    /// retransmissions with CWR and ECE cleared"; then "a host MUST NOT set ECT on data packets".
    static int synFlags(Tcb tcb, boolean answer) {
        if (answer) {
            return tcb.has(Tcb.ECN) ? TcpHeader.ECE : 0;
        }
        if (tcb.config.features().ecn() != TcpFeatures.Ecn.ON || tcb.has(Tcb.SYN_RETRANSMITTED)) {
            tcb.flags &= ~Tcb.ECN;
            return 0;
        }
        tcb.flags |= Tcb.ECN;
        return SETUP;
    }

    /// True if a SYN asks for ECN and the listener's settings allow it.
    static boolean isAsked(Segment segment, TcpConfig config) {
        return (segment.flags & SETUP) == SETUP && config.features().ecn() != TcpFeatures.Ecn.OFF;
    }

    /// The other end's SYN or SYN,ACK came in answer to ours, or crossed it. "We call a SYN-ACK packet with only the
    /// ECE flag set but the CWR flag not set an 'ECN-setup SYN-ACK packet'"; both set would be a reflection.
    static void answered(Tcb tcb, Segment segment) {
        int agreed = segment.has(TcpHeader.ACK) ? TcpHeader.ECE : SETUP;
        if ((segment.flags & SETUP) != agreed) {
            tcb.flags &= ~Tcb.ECN;
        }
    }

    /// A segment within the window came: section 6.1.3, "that TCP receiver continues to set the ECN-Echo flag in all
    /// the ACK packets it sends ... until it receives a CWR packet".
    static void received(Tcb tcb, Segment segment) {
        if (segment.has(TcpHeader.CWR)) {
            tcb.flags &= ~Tcb.ECN_ECHO;
        }
        if (segment.congestionExperienced && segment.payloadLength > 0 && !tcb.has(Tcb.ECN_ECHO)) {
            tcb.flags |= Tcb.ECN_ECHO;
            // A sender with a small window must not wait for a delayed ACK besides.
            tcb.quickAcks = (byte) Math.max(tcb.quickAcks, 2);
        }
    }

    /// An acceptable ACK with ECE came: section 6.1.2, "The indication of congestion should be treated just as a
    /// congestion loss", but "TCP should not react to congestion indications more than once every window of data".
    ///
    /// Deviation: the window does not fall below two segments, and the retransmission timer does not pace what is
    /// below one, as in Linux and FreeBSD. RFC 8511, experimental, allows to reduce less than for a loss; neither
    /// NewReno nor CUBIC does that here, whose factors are those of RFC 5681 and RFC 9438 section 4.6.
    static void echoed(Tcb tcb, int cwndBefore, long now) {
        // "The sending TCP SHOULD NOT increase the congestion window in response to the receipt of an ECN-Echo ACK".
        tcb.cwnd = Math.min(tcb.cwnd, cwndBefore);
        TcbExtras extras = tcb.extras();
        extras.echoes++;
        // The number is from long ago, and the sequence space has come round, if it is not in flight.
        boolean reacted = extras.ecnActive
                && SeqNum.lt(tcb.sndUna, extras.ecnRecover)
                && SeqNum.leq(extras.ecnRecover, tcb.sndNxt);
        if (tcb.isRecovering() || tcb.flightSize() == 0 || reacted) {
            return;
        }
        extras.ecnActive = true;
        extras.ecnRecover = tcb.sndNxt;
        tcb.congestion = tcb.congestion.marked(tcb, tcb.flightSize(), now);
        tcb.cwnd = Math.min(tcb.cwnd, Math.max(tcb.ssthresh, tcb.effectiveMss));
        reduced(tcb);
    }

    /// The congestion window was reduced: "the TCP sender sets the CWR flag in the TCP header of the first new data
    /// packet sent after the window reduction".
    static void reduced(Tcb tcb) {
        if (tcb.has(Tcb.ECN)) {
            tcb.flags |= Tcb.ECN_CWR;
        }
    }

    /// True if a segment is to carry ECT: new data within the window, so neither ACKs (section 6.1.4) nor
    /// retransmissions (6.1.5) nor probes (6.1.6).
    static boolean isCapable(Tcb tcb, int seq, int length) {
        return tcb.has(Tcb.ECN) && length > 0 && seq == tcb.sndNxt && SeqNum.leq(seq + length, tcb.sndUna + tcb.sndWnd);
    }
}
