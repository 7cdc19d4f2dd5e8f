package dev.berth.stack.tcp;

import dev.berth.ports.PortTable;
import dev.berth.stack.ip.DropCounters;
import dev.berth.stack.time.TimerWheel;
import dev.berth.wire.DropReason;
import dev.berth.wire.TcpHeader;
import org.jspecify.annotations.Nullable;

/// The connections in TIME-WAIT, oldest first: as all wait equally long, a list is their timer.
///
/// Deviation: there is a bound, beyond which the oldest ends before its time, where RFC 9293 section 3.6.1 (MUST-13)
/// has it linger for 2 MSL. Whoever makes the host close connections could fill its memory otherwise; timestamps and
/// random initial sequence numbers protect the next connection as well.
final class TimeWaits {
    private static final int ANSWER_INTERVAL = 500; // milliseconds

    /// Octets of TCP's memory that stand for one connection in TIME-WAIT: about four times what it takes.
    static final int MEMORY_SHARE = 512;

    private final PortTable<TcpListener> ports;
    private final SegmentWriter writer;
    private final DropCounters drops;
    private final long duration;
    private final long most;
    private long count;
    private @Nullable TimeWait oldest;
    private @Nullable TimeWait newest;
    private @Nullable TimeWait spare; // that of the connection displaced last

    /// @param duration 2 MSL in nanoseconds
    /// @param memory octets that all of TCP may take, of which this is a part
    TimeWaits(PortTable<TcpListener> ports, SegmentWriter writer, DropCounters drops, long duration, long memory) {
        this.ports = ports;
        this.writer = writer;
        this.drops = drops;
        this.duration = duration;
        most = Math.max(1, memory / MEMORY_SHARE);
    }

    /// What is to take the place of a connection.
    TimeWait of(Tcb tcb, long now) {
        TimeWait kept = spare;
        if (kept == null) {
            return new TimeWait(tcb, now);
        }
        spare = null;
        kept.reuse(tcb, now);
        return kept;
    }

    /// Takes `timeWait`, whose place in the port table a new connection has, out of the list; nobody has it any more.
    void displaced(TimeWait timeWait) {
        forget(timeWait);
        spare = timeWait;
    }

    void add(TimeWait timeWait, long now) {
        TimeWait first = oldest;
        if (count >= most && first != null) {
            remove(first);
        }
        count++;
        timeWait.expires = now + duration;
        timeWait.older = newest;
        timeWait.newer = null;
        if (newest == null) {
            oldest = timeWait;
        } else {
            newest.newer = timeWait;
        }
        newest = timeWait;
    }

    /// Takes `timeWait`, which has left the port table already, out of the list.
    void forget(TimeWait timeWait) {
        count--;
        TimeWait older = timeWait.older;
        TimeWait newer = timeWait.newer;
        if (older == null) {
            oldest = newer;
        } else {
            older.newer = newer;
        }
        if (newer == null) {
            newest = older;
        } else {
            newer.older = older;
        }
        timeWait.older = null;
        timeWait.newer = null;
    }

    void remove(TimeWait timeWait) {
        forget(timeWait);
        ports.release(timeWait);
    }

    void advance(long now) {
        TimeWait first;
        while ((first = oldest) != null && first.expires <= now) {
            remove(first);
        }
    }

    long nextDeadline() {
        TimeWait first = oldest;
        return first == null ? TimerWheel.NEVER : first.expires;
    }

    /// True if a SYN may begin a new connection: RFC 9293 section 3.10.7.4, MAY-2 and SHLD-4 (RFC 6191 section 2):
    /// with timestamps on both, a greater one; otherwise a sequence number beyond the old connection's.
    boolean admitsNew(TimeWait timeWait, Segment segment) {
        int control = segment.flags & (TcpHeader.SYN | TcpHeader.ACK | TcpHeader.RST | TcpHeader.FIN);
        if (control != TcpHeader.SYN) {
            return false;
        }
        if (timeWait.timestamps && segment.options.timestamps) {
            return SeqNum.gt(segment.options.tsVal, timeWait.tsRecent)
                    || segment.options.tsVal == timeWait.tsRecent && SeqNum.gt(segment.seq, timeWait.rcvNxt);
        }
        // "If the previous incarnation of the connection did not use Timestamps [and] TCP Timestamps would be enabled
        // for the new incarnation of the connection, honor the incoming connection request": PAWS keeps them apart.
        if (segment.options.timestamps) {
            return true;
        }
        return SeqNum.gt(segment.seq, timeWait.rcvNxt);
    }

    /// Any other segment: "The only thing that can arrive in this state is a retransmission of the remote FIN.
    /// Acknowledge it, and restart the 2 MSL timeout."
    void arrived(TimeWait timeWait, Segment segment) {
        if (segment.has(TcpHeader.RST)) {
            // RFC 5961 section 3.2: only an exact RST counts; RFC 9293: "enter the CLOSED state, delete the TCB". But
            // not where an old duplicate was answered: the other end, which knows of nothing any more, answers that
            // with an exact RST, and TIME-WAIT would end too early, the "assassination" of RFC 1337.
            if (segment.seq == timeWait.rcvNxt && !timeWait.provoked) {
                remove(timeWait);
            } else {
                drops.count(DropReason.NOT_ACCEPTABLE);
            }
            return;
        }
        // "if the ACK bit is off, drop the segment and return"; a SYN is answered whatever else is set.
        if (!segment.has(TcpHeader.ACK | TcpHeader.SYN)
                && SeqNum.inWindow(segment.seq, timeWait.rcvNxt, Math.max(1, timeWait.rcvWnd))) {
            drops.count(DropReason.WRONG_STATE);
            return;
        }
        drops.count(DropReason.NOT_ACCEPTABLE);
        if (segment.payloadLength == 0 && !segment.has(TcpHeader.FIN) && isTooSoon(timeWait, segment.now)) {
            drops.count(DropReason.RATE_LIMITED); // two ends that disagree must not keep each other busy
            return;
        }
        int length = segment.length();
        if (length == 0 && segment.seq == timeWait.rcvNxt) {
            return; // an acknowledgment of ours that comes late
        }
        if (segment.has(TcpHeader.FIN) && segment.seq + length == timeWait.rcvNxt) {
            forget(timeWait);
            add(timeWait, segment.now);
        } else {
            timeWait.provoked = true;
        }
        int tsVal = (int) (segment.now / 1_000_000) + timeWait.tsOffset;
        timeWait.lastTsVal = tsVal;
        writer.sendAck(
                timeWait,
                timeWait.sndNxt,
                timeWait.rcvNxt,
                timeWait.rcvWnd,
                timeWait.timestamps,
                tsVal,
                timeWait.tsRecent,
                segment.now);
    }

    /// True if the last answer was less than half a second ago.
    private static boolean isTooSoon(TimeWait timeWait, long now) {
        int millis = (int) (now / 1_000_000) | 1; // never 0
        if (timeWait.answeredAt != 0 && millis - timeWait.answeredAt < ANSWER_INTERVAL) {
            return true;
        }
        timeWait.answeredAt = millis;
        return false;
    }
}
