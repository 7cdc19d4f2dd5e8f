package dev.berth.stack.tcp;

/// The end of the initial slow start before there is loss: HyStart++ (RFC 9406). Times in nanoseconds.
///
/// When the round-trip time grows from one round to the next, slow start becomes Conservative Slow Start; after
/// [#CSS_ROUNDS] rounds of it the window is where congestion avoidance begins.
final class HyStart {
    // Section 4.3
    static final long MIN_RTT_THRESH = 4_000_000L;
    static final long MAX_RTT_THRESH = 16_000_000L;
    static final int MIN_RTT_DIVISOR = 8;
    static final int N_RTT_SAMPLE = 8;
    static final int CSS_GROWTH_DIVISOR = 4;
    static final int CSS_ROUNDS = 5;
    private static final long INFINITY = Long.MAX_VALUE;

    private int windowEnd;
    private long lastRoundMinRtt = INFINITY;
    private long currentRoundMinRtt = INFINITY;
    private int rttSampleCount;
    private long cssBaselineMinRtt = INFINITY;
    private int cssRounds;

    /// "Define windowEnd as a sequence number initialized to SND.NXT."
    HyStart(int sndNxt) {
        windowEnd = sndNxt;
    }

    /// True in Conservative Slow Start.
    boolean isConservative() {
        return cssBaselineMinRtt != INFINITY;
    }

    /// Octets by which the window grows when `octets` are, within the limit of section 4.2, acknowledged.
    int growth(int octets) {
        return isConservative() ? octets / CSS_GROWTH_DIVISOR : octets;
    }

    /// An ACK in slow start arrived, after the window was updated.
    ///
    /// @param rtt the round-trip time it measured, negative if none
    /// @return true if slow start is over: "ssthresh = cwnd"
    boolean acknowledged(int sndUna, int sndNxt, long rtt) {
        if (rtt >= 0) {
            // "Keep track of the minimum observed RTT"
            currentRoundMinRtt = Math.min(currentRoundMinRtt, rtt);
            rttSampleCount++;
        }
        if (rttSampleCount >= N_RTT_SAMPLE && currentRoundMinRtt != INFINITY) {
            if (isConservative()) {
                // "if (currentRoundMinRTT < cssBaselineMinRtt) cssBaselineMinRtt = infinity, resume slow start"
                if (currentRoundMinRtt < cssBaselineMinRtt) {
                    cssBaselineMinRtt = INFINITY;
                    cssRounds = 0;
                }
            } else if (lastRoundMinRtt != INFINITY) {
                // "RttThresh = max(MIN_RTT_THRESH, min(lastRoundMinRTT / MIN_RTT_DIVISOR, MAX_RTT_THRESH))"
                long threshold = Math.max(MIN_RTT_THRESH, Math.min(lastRoundMinRtt / MIN_RTT_DIVISOR, MAX_RTT_THRESH));
                if (currentRoundMinRtt >= lastRoundMinRtt + threshold) {
                    cssBaselineMinRtt = currentRoundMinRtt;
                    cssRounds = 0;
                }
            }
        }
        // An end beyond what was sent is from before the sequence space came round.
        if (SeqNum.lt(sndUna, windowEnd) && SeqNum.leq(windowEnd, sndNxt)) {
            return false;
        }
        // "When windowEnd is ACKed, the current round ends and windowEnd is set to SND.NXT." "If the transition into
        // CSS happens in the middle of a round, that partial round counts towards the limit."
        windowEnd = sndNxt;
        lastRoundMinRtt = currentRoundMinRtt;
        currentRoundMinRtt = INFINITY;
        rttSampleCount = 0;
        return isConservative() && ++cssRounds >= CSS_ROUNDS;
    }
}
