package dev.berth.stack.tcp;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The segments in flight, in the order of their sequence numbers: when each was sent last, and what became of it.
/// This is the scoreboard of RFC 6675 section 3 and the per-segment state of RFC 8985 section 5.2 (`xmit_ts`, `lost`,
/// `retransmitted`) in one.
///
/// Segments that were sent at the same time and have the same fate are one record, so a burst costs as much as a
/// segment. A record is split where an acknowledgment, a SACK block or a retransmission says so. Exists only while
/// something is in flight. The number of records is bounded: beyond [#MAX_RECORDS], or where there are many more than
/// segments, a SACK block that would need one more is ignored, which only costs a retransmission. So a receiver that
/// acknowledges every second octet makes neither long lists nor long walks through them.
final class Flight {
    /// Selectively acknowledged.
    static final int SACKED = 1;
    /// Lost, and not sent again since.
    static final int LOST = 2;
    /// Sent more than once.
    static final int RETRANSMITTED = 4;
    /// Sent while the user, not the network, was the limit; only with rate sampling.
    static final int APP_LIMITED = 8;

    static final int MAX_RECORDS = 1 << 14;

    /// Records that SACK blocks may always make, however few segments are in flight.
    static final int LEAST_RECORDS = 64;

    /// What `rackSent` is before anything was delivered.
    static final long NEVER = Long.MIN_VALUE;

    private int[] ends = new int[2]; // at first: one small segment takes few lines of a cache
    private long[] times = new long[2];
    private byte[] marks = new byte[2];
    // Of the connection when the segment was sent: octets delivered, when the last of them was, and when the flight's
    // first segment was sent; three numbers per record.
    private long @Nullable [] rates;
    private int head;
    private int tail;
    private int start; // the first octet of the first record
    private int sackedOctets;
    private int lostOctets;
    private int lostFrom; // nothing before it is lost
    private long everLost;
    private boolean retransmissions;
    private boolean startRecord;

    @Nullable
    DeliveryRate rate;

    // RACK, RFC 8985 section 5.3
    long rackSent; // RACK.xmit_ts
    int rackEnd; // RACK.end_seq
    long rackRtt; // RACK.rtt
    int fack;

    boolean dsackRound; // RACK.dsack_round is not None
    int dsackRoundEnd; // RACK.dsack_round

    // TLP, RFC 8985 section 5.3
    boolean probing; // TLP.end_seq is not None
    boolean probeIsRetransmission; // TLP.is_retrans
    boolean probed; // no round-trip time was measured since the last probe
    int probeEnd; // TLP.end_seq

    /// Begins anew with nothing in flight and `seq` as the next number.
    void begin(int seq, @Nullable DeliveryRate rate) {
        this.rate = rate;
        head = 0;
        tail = 0;
        start = seq;
        sackedOctets = 0;
        lostOctets = 0;
        lostFrom = seq;
        everLost = 0;
        rackSent = NEVER;
        rackEnd = seq;
        rackRtt = 0;
        fack = seq;
        dsackRound = false;
        retransmissions = false;
        startRecord = false;
        probing = false;
        probeIsRetransmission = false;
        probed = false;
    }

    /// True if it is worth keeping when it is empty.
    boolean isSmall() {
        return ends.length <= 256 && rates == null;
    }

    /// True if something was sent again since the flight began.
    boolean hasRetransmissions() {
        return retransmissions;
    }

    /// True if it is not known yet whether a loss probe repaired a loss.
    boolean awaitsWordOnProbe() {
        return probing && probeIsRetransmission;
    }

    /// True if it is one record that was sent once, and no rate, no probe and no retransmission is kept track of.
    boolean isSingle() {
        return tail - head == 1 && marks[head] == 0 && !probing && !retransmissions && rate == null;
    }

    boolean isEmpty() {
        return head == tail;
    }

    /// Records, for tests and bounds.
    int count() {
        return tail - head;
    }

    int first() {
        return start;
    }

    int end() {
        return head == tail ? start : ends[tail - 1];
    }

    int left(int i) {
        return i == 0 ? start : ends[head + i - 1];
    }

    int right(int i) {
        return ends[head + i];
    }

    int marks(int i) {
        return marks[head + i];
    }

    long sentAt(int i) {
        return times[head + i];
    }

    /// Octets that were selectively acknowledged.
    int sackedOctets() {
        return sackedOctets;
    }

    /// Octets that are lost and were not sent again since.
    int lostOctets() {
        return lostOctets;
    }

    /// Octets that were found lost since the flight began, again and again.
    long everLost() {
        return everLost;
    }

    /// Octets that were sent again and neither arrived nor are lost once more, as far as is known. Takes time in
    /// proportion to the records.
    int resentOctets() {
        int octets = 0;
        for (int i = 0; retransmissions && i < count(); i++) {
            if ((marks(i) & (SACKED | LOST | RETRANSMITTED)) == RETRANSMITTED) {
                octets += right(i) - left(i);
            }
        }
        return octets;
    }

    /// An estimate of the octets in the network: RFC 6675 section 4, SetPipe.
    int pipe() {
        return end() - start - sackedOctets - lostOctets;
    }

    /// RFC 8985 section 6.1: "Upon transmitting a new segment ... record the time in Segment.xmit_ts and set
    /// Segment.lost to FALSE." The segment begins where the flight ends.
    void sent(int endSeq, long now) {
        DeliveryRate sampled = rate;
        int mark = 0;
        if (sampled != null) {
            if (head == tail) {
                sampled.flightBegins(now);
            }
            mark = sampled.isAppLimited() ? APP_LIMITED : 0;
        }
        boolean own = startRecord;
        startRecord = false;
        if (head < tail) {
            int last = tail - 1;
            if (!own && marks[last] == mark && (times[last] == now && sameRate(last) || tail - head >= MAX_RECORDS)) {
                times[last] = now;
                ends[last] = endSeq;
                return;
            }
        }
        makeRoom(1);
        ends[tail] = endSeq;
        times[tail] = now;
        marks[tail] = (byte) mark;
        stamp(tail++);
    }

    /// What is sent next begins a record, whatever was sent before at the same time.
    void startRecord() {
        startRecord = true;
    }

    private boolean sameRate(int i) {
        DeliveryRate sampled = rate;
        long[] stamps = rates;
        return sampled == null
                || stamps != null
                        && stamps[3 * i] == sampled.delivered
                        && stamps[3 * i + 1] == sampled.deliveredAt
                        && stamps[3 * i + 2] == sampled.firstSent;
    }

    /// From now on delivery rates are measured with `sampled`, or not at all; what is in flight counts as sent at
    /// `since`.
    void sampleWith(@Nullable DeliveryRate sampled, long since) {
        rate = sampled;
        rates = null;
        if (sampled != null) {
            sampled.flightBegins(since);
            for (int i = head; i < tail; i++) {
                stamp(i);
            }
        }
    }

    private void stamp(int i) {
        DeliveryRate sampled = rate;
        if (sampled != null) {
            long[] stamps = rates;
            if (stamps == null) {
                stamps = new long[3 * ends.length];
                rates = stamps;
            }
            stamps[3 * i] = sampled.delivered;
            stamps[3 * i + 1] = sampled.deliveredAt;
            stamps[3 * i + 2] = sampled.firstSent;
        }
    }

    /// RFC 8985 section 6.1: "Upon retransmitting a segment, set Segment.retransmitted to TRUE". `to` may lie beyond
    /// the flight's end, where new octets came along.
    void resent(int from, int to, long now) {
        if (SeqNum.gt(to, end())) {
            sent(to, now);
        }
        retransmissions = true;
        makeRoom(2);
        int i = head + indexOf(from);
        if (leftAt(i) != from && split(i, from)) {
            i++;
        }
        for (; i < tail && SeqNum.lt(leftAt(i), to); i++) {
            if (SeqNum.gt(ends[i], to)) {
                split(i, to);
            }
            if ((marks[i] & SACKED) != 0) {
                continue;
            }
            if ((marks[i] & LOST) != 0) {
                lostOctets -= ends[i] - leftAt(i);
            }
            DeliveryRate sampled = rate;
            int limited = sampled != null && sampled.isAppLimited() ? APP_LIMITED : 0;
            marks[i] = (byte) (RETRANSMITTED | limited);
            times[i] = now;
            stamp(i);
            // What was sent again at the same time is one record again.
            if (i > head && marks[i - 1] == marks[i] && times[i - 1] == now && sameRate(i - 1)) {
                ends[i - 1] = ends[i];
                remove(i, 1);
                i--;
            }
        }
        if (from == lostFrom) {
            lostFrom = SeqNum.min(to, end());
        }
    }

    /// An ACK acknowledged everything before `una`.
    void acknowledge(int una, Acked acked) {
        while (head < tail && SeqNum.lt(start, una)) {
            int end = ends[head];
            int to = SeqNum.min(end, una);
            int octets = to - start;
            if ((marks[head] & SACKED) != 0) {
                sackedOctets -= octets;
            } else {
                if ((marks[head] & LOST) != 0) {
                    lostOctets -= octets;
                }
                delivered(head, octets, to, acked);
            }
            start = to;
            if (to == end) {
                head++;
            }
        }
        start = una;
        if (head == tail) {
            head = 0;
            tail = 0;
        }
        lostFrom = SeqNum.max(lostFrom, una);
    }

    /// A SACK block `[left, right)`, within the flight, arrived. RFC 6675 section 4, Update.
    ///
    /// @return true if it said anything new
    boolean sack(int left, int right, Acked acked) {
        makeRoom(2);
        boolean news = false;
        // As many as there can be edges of segments.
        int most = LEAST_RECORDS + 2 * ((end() - start) / Math.max(1, acked.mss));
        int i = head + indexOf(left);
        while (i < tail && SeqNum.lt(leftAt(i), right)) {
            if ((marks[i] & SACKED) != 0) {
                i++;
                continue;
            }
            int from = leftAt(i);
            if (SeqNum.lt(from, left)) {
                if (count() >= most || !split(i, left)) {
                    return news;
                }
                i++;
            }
            if (SeqNum.gt(ends[i], right) && (count() >= most || !split(i, right))) {
                return news;
            }
            int octets = ends[i] - leftAt(i);
            if ((marks[i] & LOST) != 0) {
                lostOctets -= octets;
            }
            delivered(i, octets, ends[i], acked);
            sackedOctets += octets;
            news = true;
            // Nothing but its extent matters of what was delivered: neighbours become one record.
            marks[i] = SACKED;
            if (i > head && marks[i - 1] == SACKED) {
                ends[i - 1] = ends[i];
                remove(i, 1);
                i--;
            }
            if (i + 1 < tail && marks[i + 1] == SACKED) {
                ends[i] = ends[i + 1];
                remove(i + 1, 1);
            }
            i++;
        }
        return news;
    }

    /// RFC 8985 section 6.2, steps 2 and 3, for one segment that was newly acknowledged.
    private void delivered(int i, int octets, int end, Acked acked) {
        long sent = times[i];
        boolean again = (marks[i] & RETRANSMITTED) != 0;
        acked.delivered(octets, end, sent, again);
        if (rate != null && rates != null) {
            rate.delivered(octets, sent, rates, 3 * i, (marks[i] & APP_LIMITED) != 0, acked.at);
        }
        // Step 3: "If a never-retransmitted segment that's below RACK.fack is (selectively or cumulatively)
        // acknowledged, it has been delivered out of order."
        if (SeqNum.gt(end, fack)) {
            fack = end;
        } else if (SeqNum.lt(end, fack) && !again) {
            acked.reordered = true;
        }
        // "If Segment.retransmitted is TRUE: If ACK.ts_option.echo_reply < Segment.xmit_ts: Continue. If rtt <
        // RACK.min_RTT: Continue".
        long rtt = Math.max(0, acked.at - sent);
        if (again && (acked.echoesBefore(sent) || rtt < acked.minRtt)) {
            return;
        }
        if (sentAfter(sent, end, rackSent, rackEnd)) {
            rackSent = sent;
            rackEnd = end;
            rackRtt = rtt;
        }
    }

    /// RFC 8985 section 6.2, RACK_sent_after.
    private static boolean sentAfter(long t1, int seq1, long t2, int seq2) {
        return t1 > t2 || t1 == t2 && SeqNum.gt(seq1, seq2);
    }

    /// RFC 8985 section 6.2, step 5: "RACK considers that segment lost if another segment that was sent later has
    /// been delivered and the reordering window has passed."
    ///
    /// @param window RACK.reo_wnd
    /// @return nanoseconds after which all segments that may be lost will be, 0 if there is none to wait for
    long detectLosses(long window, long now) {
        if (rackSent == NEVER) {
            return 0;
        }
        long timeout = 0;
        for (int i = head; i < tail; i++) {
            int mark = marks[i];
            if ((mark & SACKED) != 0 || (mark & LOST) != 0) {
                continue;
            }
            if (times[i] > rackSent && (mark & RETRANSMITTED) == 0) {
                break; // what follows was sent even later
            }
            if (!sentAfter(rackSent, rackEnd, times[i], ends[i])) {
                continue;
            }
            long remaining = times[i] + rackRtt + window - now;
            if (remaining > 0) {
                timeout = Math.max(timeout, remaining);
            } else {
                markLost(i);
            }
        }
        return timeout;
    }

    private void markLost(int i) {
        if ((marks[i] & (LOST | SACKED)) == 0) {
            marks[i] |= LOST;
            int octets = ends[i] - leftAt(i);
            lostOctets += octets;
            everLost += octets;
            lostFrom = SeqNum.min(lostFrom, leftAt(i));
        }
    }

    /// Marks what lies in `[from, to)` and was not selectively acknowledged as lost.
    void markLost(int from, int to) {
        makeRoom(2);
        int i = head + indexOf(from);
        if (i < tail && SeqNum.lt(leftAt(i), from) && split(i, from)) {
            i++;
        }
        for (; i < tail && SeqNum.lt(leftAt(i), to); i++) {
            if (SeqNum.gt(ends[i], to) && (marks[i] & (LOST | SACKED)) == 0) {
                split(i, to);
            }
            markLost(i);
        }
    }

    /// RFC 8985 section 6.3, RACK_mark_losses_on_RTO: "If SEG.SEQ == SND.UNA OR Segment.xmit_ts + RACK.rtt +
    /// RACK.reo_wnd - Now() <= 0".
    ///
    /// @param wait RACK.rtt + RACK.reo_wnd
    void markLossesOnTimeout(long wait, int mss, long now) {
        makeRoom(2);
        if (head < tail && SeqNum.gt(ends[head], start + mss) && times[head] + wait > now) {
            split(head, start + mss);
        }
        for (int i = head; i < tail; i++) {
            if (i == head || times[i] + wait <= now) {
                markLost(i);
            }
        }
    }

    /// The receiver has not kept what it acknowledged selectively: nothing it said counts any more (RFC 2018 section
    /// 8, "reneging").
    void forgetSacks() {
        for (int i = head; i < tail; i++) {
            if ((marks[i] & SACKED) != 0) {
                sackedOctets -= ends[i] - leftAt(i);
                marks[i] = RETRANSMITTED; // what becomes of it tells nothing about time
                markLost(i);
            }
        }
    }

    /// The losses were none: forgets all marks of loss.
    void forgetLosses() {
        for (int i = head; i < tail; i++) {
            marks[i] &= ~LOST;
        }
        lostOctets = 0;
        lostFrom = end();
    }

    /// True if the first segment was selectively but not cumulatively acknowledged, which only a receiver that has
    /// discarded it does.
    boolean isReneged() {
        return head < tail && (marks[head] & SACKED) != 0;
    }

    /// The lowest number that is lost and was not sent again (RFC 6675 section 4, NextSeg rule 1), or [#end].
    int nextLost() {
        if (lostOctets == 0) {
            return end();
        }
        for (int i = head + indexOf(lostFrom); i < tail; i++) {
            if ((marks[i] & LOST) != 0) {
                lostFrom = leftAt(i);
                return lostFrom;
            }
        }
        return end();
    }

    /// The lowest number that was not selectively acknowledged, or [#end].
    int firstUnsacked() {
        for (int i = head; i < tail; i++) {
            if ((marks[i] & SACKED) == 0) {
                return leftAt(i);
            }
        }
        return end();
    }

    /// The end of the record that `seq` lies in.
    int endOfRecord(int seq) {
        int i = head + indexOf(seq);
        return i < tail ? ends[i] : end();
    }

    /// Where the record that was sent last in sequence begins; only if not empty.
    int startOfLast() {
        return leftAt(tail - 1);
    }

    /// When the first segment was sent last, or `otherwise` if it is lost.
    long firstSentAt(long otherwise) {
        return head < tail && (marks[head] & LOST) == 0 ? times[head] : otherwise;
    }

    /// Blocks of selectively acknowledged octets, counted up to three.
    int sackedBlocks() {
        int blocks = 0;
        for (int i = head; i < tail && blocks < 3; i++) {
            if ((marks[i] & SACKED) != 0) {
                blocks++;
            }
        }
        return blocks;
    }

    private int leftAt(int i) {
        return i == head ? start : ends[i - 1];
    }

    /// The index, from the head on, of the record that `seq` lies in.
    private int indexOf(int seq) {
        int low = head;
        int high = tail;
        while (low < high) {
            int middle = low + high >>> 1;
            if (SeqNum.leq(ends[middle], seq)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low - head;
    }

    /// Splits a record at `seq`, which lies inside it. There has to be room.
    ///
    /// @return false if there are too many records
    private boolean split(int i, int seq) {
        if (tail - head >= MAX_RECORDS) {
            return false;
        }
        int moved = tail - i;
        System.arraycopy(ends, i, ends, i + 1, moved);
        System.arraycopy(times, i, times, i + 1, moved);
        System.arraycopy(marks, i, marks, i + 1, moved);
        if (rates != null) {
            System.arraycopy(rates, 3 * i, rates, 3 * (i + 1), 3 * moved);
        }
        ends[i] = seq;
        tail++;
        return true;
    }

    private void remove(int i, int count) {
        int moved = tail - i - count;
        System.arraycopy(ends, i + count, ends, i, moved);
        System.arraycopy(times, i + count, times, i, moved);
        System.arraycopy(marks, i + count, marks, i, moved);
        if (rates != null) {
            System.arraycopy(rates, 3 * (i + count), rates, 3 * i, 3 * moved);
        }
        tail -= count;
    }

    private void makeRoom(int more) {
        if (tail + more <= ends.length) {
            return;
        }
        int count = tail - head;
        if (head >= Math.max(more, ends.length / 2)) {
            System.arraycopy(ends, head, ends, 0, count);
            System.arraycopy(times, head, times, 0, count);
            System.arraycopy(marks, head, marks, 0, count);
            if (rates != null) {
                System.arraycopy(rates, 3 * head, rates, 0, 3 * count);
            }
        } else {
            int size = ends.length * 2;
            ends = Arrays.copyOf(Arrays.copyOfRange(ends, head, tail), size);
            times = Arrays.copyOf(Arrays.copyOfRange(times, head, tail), size);
            marks = Arrays.copyOf(Arrays.copyOfRange(marks, head, tail), size);
            if (rates != null) {
                rates = Arrays.copyOf(Arrays.copyOfRange(rates, 3 * head, 3 * tail), 3 * size);
            }
        }
        head = 0;
        tail = count;
    }
}
