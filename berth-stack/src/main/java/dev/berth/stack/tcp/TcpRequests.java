package dev.berth.stack.tcp;

import dev.berth.ports.PortTable;
import dev.berth.stack.ip.DropCounters;
import dev.berth.stack.time.TimerWheel;
import dev.berth.wire.DropReason;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import org.jspecify.annotations.Nullable;

/// Listeners that ask their users before they answer a SYN: a gateway accepts no connection before it has made the
/// one that carries it on.
///
/// RFC 9293 section 3.10.7.2 sends the SYN,ACK at once; here it is sent when the user admits the request. Until then
/// the SYN is what an unanswered one is to the other end: lost, or on a long way. As many requests may wait as the
/// user says; further SYNs are dropped ([DropReason#BACKLOG_FULL]), and no cookie answers them. Used in the host's
/// critical section only.
public final class TcpRequests {
    private final Tcp tcp;
    private final ListenArrives listens;
    private final PortTable<TcpListener> ports;
    private final SegmentWriter writer;
    private final TimerWheel wheel;
    private final DropCounters drops;

    TcpRequests(
            Tcp tcp,
            ListenArrives listens,
            PortTable<TcpListener> ports,
            SegmentWriter writer,
            TimerWheel wheel,
            DropCounters drops) {
        this.tcp = tcp;
        this.listens = listens;
        this.ports = ports;
        this.writer = writer;
        this.wheel = wheel;
        this.drops = drops;
    }

    /// From now on SYNs for `listener` are requests.
    ///
    /// @param limit how many may wait for a decision, 1 or more
    /// @param nanos how long one waits, 1 or more; then it is forgotten, and the same SYN again is a new request
    public void require(TcpListener listener, int limit, long nanos) {
        listener.requestLimit = limit;
        listener.requestNanos = nanos;
    }

    /// The next request that the user has not seen, or null.
    public @Nullable TcpRequest poll(TcpListener listener) {
        return listener.newRequests.poll();
    }

    /// A SYN that is no connection's.
    ///
    /// @param oldSndNxt as for [ListenArrives#listen]
    void arrived(TcpListener listener, Packet packet, Segment segment, int oldSndNxt) {
        if (listener.requests >= listener.requestLimit) {
            drops.count(DropReason.BACKLOG_FULL);
            return;
        }
        SynEntry entry = ListenArrives.entry(listener, packet, segment, segment.seq);
        long secret = listens.offered(entry, segment);
        entry.tellCookie = false;
        entry.iss = ListenArrives.iss(secret, segment, oldSndNxt);
        entry.sentAt = segment.now;
        TcpRequest request = new TcpRequest(entry);
        entry.request = request;
        ports.accept(entry, listener.binding);
        listener.add(entry);
        listener.requests++;
        listener.newRequests.add(request);
        wheel.schedule(entry.deadline, segment.now + listener.requestNanos);
        tcp.ready(listener);
    }

    /// A segment for a request that is pending.
    void arrivedAgain(SynEntry entry, Segment segment) {
        boolean opens = segment.has(TcpHeader.SYN) && !segment.has(TcpHeader.ACK | TcpHeader.RST | TcpHeader.FIN);
        if (opens && segment.seq != entry.irs) {
            beginAnew(entry, segment);
        } else if (opens) {
            drops.count(DropReason.NOT_ACCEPTABLE); // the same SYN, sent again
        } else if (segment.has(TcpHeader.RST) && segment.seq == entry.irs + 1) {
            listens.remove(entry); // the other end has given up
        } else {
            drops.count(DropReason.WRONG_STATE);
        }
    }

    /// The other end asks again from the same port with another sequence number: nothing was said to the first SYN,
    /// so that it need not be remembered.
    private void beginAnew(SynEntry old, Segment segment) {
        TcpListener listener = old.listener;
        SynEntry entry = new SynEntry(
                listener,
                segment.seq,
                old.localHi(),
                old.localLo(),
                old.localPort(),
                old.remoteHi(),
                old.remoteLo(),
                old.remotePort());
        entry.openedAt = old.openedAt;
        entry.sentAt = old.sentAt;
        entry.iss = old.iss;
        listens.offered(entry, segment);
        entry.tellCookie = false;
        TcpRequest request = old.request;
        assert request != null;
        old.request = null;
        listens.leave(old);
        entry.request = request;
        request.renew(entry);
        ports.replace(old, entry);
        listener.add(entry);
        wheel.schedule(entry.deadline, old.sentAt + listener.requestNanos);
    }

    /// Admits a request: the SYN,ACK is sent, and the connection is in SYN-RECEIVED when this returns.
    ///
    /// @param attachment who is to be told of its readiness
    /// @return null if the request is not pending any more
    public @Nullable Tcb admit(TcpRequest request, @Nullable Object attachment, long now) {
        SynEntry entry = request.entry();
        if (entry == null) {
            return null;
        }
        listens.leave(entry);
        Tcb tcb = listens.synReceived(entry, now);
        tcb.attach(attachment);
        ports.replace(entry, tcb);
        tcb.segmentsIn = 1; // the SYN
        tcb.pending |= Tcb.SYN;
        tcp.markDirty(tcb);
        return tcb;
    }

    /// Refuses a request with a RST.
    ///
    /// @return false if it is not pending any more
    public boolean refuse(TcpRequest request, long now) {
        SynEntry entry = request.entry();
        if (entry == null) {
            return false;
        }
        listens.remove(entry);
        writer.refuse(entry, now);
        return true;
    }

    /// Forgets a request without a word: to the other end the SYN was lost.
    ///
    /// @return the sequence number of the SYN, for an ICMP error; -1 if it is not pending any more
    public long ignore(TcpRequest request) {
        SynEntry entry = request.entry();
        if (entry == null) {
            return -1;
        }
        listens.remove(entry);
        return Integer.toUnsignedLong(entry.irs);
    }
}
