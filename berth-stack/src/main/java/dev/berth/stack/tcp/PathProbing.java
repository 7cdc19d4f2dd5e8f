package dev.berth.stack.tcp;

import dev.berth.stack.icmp.IcmpError;
import dev.berth.stack.ip.PathMtu;
import dev.berth.wire.IpAddress;

/// The segment size where ICMP cannot be trusted: what it says is weighed against the progress of the connection (RFC
/// 5927 section 7.2), and where it says nothing although large segments disappear, the size is searched with segments
/// of data (RFC 4821; RFC 8899 calls it packetization layer path MTU discovery).
///
/// Sizes are those of the MSS: payload and TCP options. The state exists only while there is something to search.
final class PathProbing {
    /// Timeouts of one segment after which the path counts as a black hole for its size, as RFC 4821 section 7.7 has
    /// it for timeouts that follow each other.
    private static final int BLACK_HOLE_TIMEOUTS = 2;

    /// The same where segments of that size got through before, or nearly every path carries them: more likely it is
    /// loss.
    private static final int TIMEOUTS_OF_LIKELY_SIZES = 4;

    /// The size that nearly every path carries: IPv6's minimum MTU of 1280.
    private static final int BASE = 1_220;

    /// The size that every IPv4 path carries: RFC 9293 section 3.7.1.
    private static final int IPV4_FLOOR = 536;

    /// The search ends when the bounds are so close (RFC 4821 section 7.3).
    private static final int CLOSE = 16;

    /// After that, the search begins anew when paths may have changed: RFC 1191 section 6.3 and RFC 8201 section 5.3,
    /// "10 minutes".
    private static final long AGAIN = PathMtu.LIFETIME_NANOS;

    /// Between probes, so that a lost one costs little.
    private static final long PAUSE = 1_000_000_000L;

    private PathProbing() {}

    /// The search on one path.
    static final class Search {
        int low; // carried
        int high; // the largest that may be
        int size; // of the probe in flight, 0 if none is
        int seq; // where it begins
        boolean lost;
        int cwnd; // when the probe was lost
        int ssthresh;
        long next; // no probe before
    }

    /// The largest segment that the search allows.
    static int limit(Tcb tcb) {
        TcbExtras extras = tcb.extras;
        return extras == null || extras.search == null ? Integer.MAX_VALUE : extras.search.low;
    }

    // RFC 5927 section 7.2

    /// "Packet too big" arrived about a segment in flight. Where segments of full size were acknowledged already, it
    /// is only recorded: "if there is progress on the connection, the ICMP 'Packet Too Big' errors must be a false
    /// claim".
    ///
    /// @return true if it is honoured now
    static boolean isBelieved(Tcb tcb, IcmpError error) {
        if (!tcb.has(Tcb.FULL_ACKED)) {
            return true; // "Initial Path-MTU Discovery"
        }
        TcbExtras extras = tcb.extras();
        extras.claimedMtu = Math.max(error.mtu(), 1);
        extras.claimedLength = error.quotedLength();
        extras.claimedSeq = error.sequence();
        return false;
    }

    /// The retransmission timer of a segment expired: with MAXSEGRTO of 1 what was recorded is honoured now; and
    /// without any ICMP, segments that are not small may be too large.
    static void timedOut(Tcb tcb, PathMtu pathMtu, long now) {
        TcbExtras extras = tcb.extras;
        if (extras != null && extras.claimedMtu > 0) {
            int mtu = extras.claimedMtu == 1 ? 0 : extras.claimedMtu;
            extras.claimedMtu = 0;
            tcb.flags &= ~Tcb.FULL_ACKED;
            pathMtu.lower(tcb.remoteHi(), tcb.remoteLo(), mtu, extras.claimedLength, now);
            return;
        }
        if (!tcb.config.features().pathProbing() || tcb.unanswered == 0) {
            return;
        }
        boolean ipv4 = IpAddress.isIpv4(tcb.remoteHi(), tcb.remoteLo());
        int options = tcb.has(Tcb.TIMESTAMPS) ? SegmentWriter.TIMESTAMPS_LENGTH : 0;
        int size = tcb.effectiveMss + options;
        int smaller = size > BASE || !ipv4 ? BASE : IPV4_FLOOR;
        int timeouts = size > BASE && !tcb.has(Tcb.FULL_ACKED) ? BLACK_HOLE_TIMEOUTS : TIMEOUTS_OF_LIKELY_SIZES;
        if (tcb.unanswered % timeouts != 0 || LossRecovery.firstHole(tcb) + options <= smaller) {
            return; // not yet, or what is lost is no larger
        }
        Search search = extras == null ? null : extras.search;
        if (search == null) {
            search = new Search();
            search.high = size;
            tcb.extras().search = search;
        }
        search.low = smaller;
        search.size = 0;
        search.next = now + PAUSE;
    }

    // RFC 4821 section 7

    /// Octets of data of a probe to be sent now, 0 for none: section 7.4, only when enough data follow that its loss
    /// shows without a timeout, and nothing else is wrong.
    ///
    /// @param available octets that wait
    /// @param room octets that the windows allow
    static int probe(Tcb tcb, int available, int room, long now) {
        TcbExtras extras = tcb.extras;
        Search search = extras == null ? null : extras.search;
        if (search == null || search.size > 0 || now < search.next || tcb.isRecovering() || tcb.dupAcks > 0) {
            return 0;
        }
        if (search.high - search.low < CLOSE) {
            // Converged; the next search is for a path that has changed.
            search.high = Math.max(search.high, tcb.sendMss);
            search.next = now + AGAIN;
            return 0;
        }
        int options = tcb.has(Tcb.TIMESTAMPS) ? SegmentWriter.TIMESTAMPS_LENGTH : 0;
        int size = search.low + (search.high - search.low + 1) / 2;
        int data = size - options;
        if (Math.min(available, room) < data + 4 * tcb.effectiveMss) {
            return 0;
        }
        search.size = size;
        search.seq = tcb.sndNxt;
        search.lost = false;
        return data;
    }

    /// A segment is sent again: the probe, if it begins there, was lost.
    static void retransmitted(Tcb tcb, int seq) {
        TcbExtras extras = tcb.extras;
        Search search = extras == null ? null : extras.search;
        if (search != null && search.size > 0 && seq == search.seq && !search.lost) {
            search.lost = true;
        }
    }

    /// Loss is about to reduce the window.
    static void losing(Tcb tcb) {
        TcbExtras extras = tcb.extras;
        Search search = extras == null ? null : extras.search;
        if (search != null && search.size > 0 && tcb.sndUna == search.seq) {
            search.cwnd = tcb.cwnd;
            search.ssthresh = tcb.ssthresh;
        }
    }

    /// `SND.UNA` has advanced.
    ///
    /// @return true if the size of segments has changed
    static boolean acknowledged(Tcb tcb, long now) {
        TcbExtras extras = tcb.extras();
        if (extras.claimedMtu > 0 && SeqNum.gt(tcb.sndUna, extras.claimedSeq)) {
            extras.claimedMtu = 0; // "the 'pending error' condition is cleared"
        }
        Search search = extras.search;
        if (search == null || search.size == 0 || SeqNum.leq(tcb.sndUna, search.seq)) {
            return false;
        }
        int options = tcb.has(Tcb.TIMESTAMPS) ? SegmentWriter.TIMESTAMPS_LENGTH : 0;
        int end = search.seq + search.size - options;
        if (SeqNum.lt(tcb.sndUna, end) || search.lost && tcb.isRecovering()) {
            return false; // not over yet
        }
        int size = search.size;
        search.size = 0;
        if (search.lost) {
            // Section 7.6.2: the size becomes the upper bound, and congestion control does not react, since the loss
            // says that the segment was large.
            search.high = size - 1;
            search.next = now + PAUSE;
            if (search.cwnd > 0) {
                tcb.cwnd = Math.max(tcb.cwnd, search.cwnd);
                tcb.ssthresh = Math.max(tcb.ssthresh, search.ssthresh);
                search.cwnd = 0;
            }
            return false;
        }
        search.low = size;
        search.next = 0;
        if (search.low >= tcb.sendMss) {
            extras.search = null; // all that the other end takes
        }
        return true;
    }
}
