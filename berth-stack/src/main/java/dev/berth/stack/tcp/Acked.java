package dev.berth.stack.tcp;

/// What one arriving segment acknowledged. One per stack, filled anew for every ACK.
final class Acked {
    /// When it arrived at the host, in nanoseconds: what it then waited for is not the network's time.
    long at;

    /// Octets of a full segment.
    int mss;

    /// RACK.min_RTT in nanoseconds, 0 if unknown.
    long minRtt;

    /// The segment echoes a timestamp.
    boolean echoes;

    private int echo;
    private int clockOffset;
    private int recover;
    private boolean recovering;

    /// Octets that `SND.UNA` advanced by.
    int cumulative;

    /// Octets newly acknowledged, cumulatively or selectively.
    int delivered;

    /// Octets newly found lost.
    int lost;

    /// Selective acknowledgments said something new.
    boolean sackNews;

    /// A block of it reports duplicate octets (RFC 2883).
    boolean duplicates;

    int duplicateLeft;
    int duplicateRight;

    /// It looks like a duplicate acknowledgment as RFC 5681 section 2 defines it.
    boolean duplicateAck;

    /// An octet sent once arrived after one that was sent later.
    boolean reordered;

    /// Octets that were sent again arrived.
    boolean retransmissions;

    private boolean originals;

    /// The round-trip time of the segment sent first among those that were newly acknowledged and sent once; -1
    /// without.
    long longestRtt;

    /// The same of the one sent last.
    long shortestRtt;

    void begin(Tcb tcb, Segment segment) {
        at = segment.arrivedAt;
        mss = tcb.effectiveMss;
        minRtt = tcb.minRtt;
        echoes = segment.options.timestamps && tcb.has(Tcb.TIMESTAMPS);
        echo = segment.options.tsEcr;
        clockOffset = tcb.tsOffset;
        recover = tcb.recover;
        recovering = tcb.isRecovering();
        cumulative = 0;
        delivered = 0;
        lost = 0;
        sackNews = false;
        duplicates = false;
        duplicateAck = false;
        reordered = false;
        originals = false;
        retransmissions = false;
        longestRtt = -1;
        shortestRtt = -1;
    }

    /// TSecr; only if `echoes`.
    int echo() {
        return echo;
    }

    /// Octets up to `end` that were sent at `sent` arrived.
    void delivered(int octets, int end, long sent, boolean again) {
        delivered += octets;
        if (again) {
            retransmissions = true;
            return;
        }
        long rtt = Math.max(1, at - sent);
        longestRtt = Math.max(longestRtt, rtt);
        shortestRtt = shortestRtt < 0 ? rtt : Math.min(shortestRtt, rtt);
        if (recovering && SeqNum.leq(end, recover)) {
            originals = true;
        }
    }

    /// True if octets that were sent once, before recovery began, arrived, and none that were sent again.
    boolean originalsOnly() {
        return originals && !retransmissions;
    }

    /// True if the segment echoes a timestamp from before `sent`: it does not answer what was sent then.
    boolean echoesBefore(long sent) {
        return echoes && SeqNum.lt(echo, (int) (sent / 1_000_000) + clockOffset);
    }

    /// True if the segment echoes a timestamp before `timestamp`.
    boolean echoesBefore(int timestamp) {
        return echoes && SeqNum.lt(echo, timestamp);
    }
}
