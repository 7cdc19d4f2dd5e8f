package dev.berth.stack.tcp;

import dev.berth.stack.endpoint.ByteSink;
import dev.berth.stack.endpoint.ByteSource;

/// RFC 9293 section 3.10.2 to 3.10.5: SEND, RECEIVE, CLOSE and ABORT of an open connection. OPEN is in [Tcp].
final class UserCalls {
    private final Tcp tcp;
    private final Queues queues;
    private final Timeouts timeouts;
    final Loans loans;

    UserCalls(Tcp tcp, Queues queues, Timeouts timeouts) {
        this.tcp = tcp;
        this.queues = queues;
        this.timeouts = timeouts;
        loans = new Loans(queues, this);
    }

    /// SEND (section 3.10.2): takes as much as the send buffer has room for.
    ///
    /// @return octets taken over, 0 if there is no room now, [Tcp#NOT_OPEN] if the connection cannot send
    int send(Tcb tcb, ByteSource source, int length) {
        if (!isSending(tcb)) {
            return Tcp.NOT_OPEN;
        }
        int taken = sendRoom(tcb, length);
        if (taken <= 0) {
            return 0;
        }
        queues.send(tcb).append(source, taken, tcb.effectiveMss, tcb.sndNxt);
        queued(tcb);
        return taken;
    }

    /// True if the user may add octets.
    static boolean isSending(Tcb tcb) {
        return tcb.canSend() && (tcb.pending & (Tcb.FIN_QUEUED | Tcb.FIN_SENT)) == 0;
    }

    /// How many of `length` octets, more than 0, the user may add now; 0 or less for none.
    int sendRoom(Tcb tcb, int length) {
        int room = Math.min(length, tcb.sendRoom());
        if (room > 0) {
            room = queues.budget().room(tcb.unacknowledged(), room);
            if (room <= 0) {
                tcb.flags |= Tcb.SEND_LIMITED; // until something is acknowledged
            }
        }
        return room;
    }

    /// The user has added octets.
    void queued(Tcb tcb) {
        tcb.pending |= Tcb.SEND;
        openFast(tcb);
        tcp.markDirty(tcb);
    }

    /// SEND with the URGENT flag.
    ///
    /// @return as [#send]
    int sendUrgent(Tcb tcb, ByteSource source, int length) {
        int taken = send(tcb, source, length);
        if (taken > 0) {
            Urgent.mark(tcb);
        }
        return taken;
    }

    /// RECEIVE (section 3.10.3): gives what has arrived in order.
    ///
    /// @return octets given, 0 if there are none yet, [Tcp#END_OF_STREAM], or [Tcp#NOT_OPEN] with the reason in the
    ///     Tcb
    int receive(Tcb tcb, ByteSink sink, int max) {
        ReceiveQueue queue = tcb.receiveQueue;
        if (queue != null) {
            boolean urgent = tcb.extras != null;
            int given = queue.read(sink, urgent ? Urgent.limit(tcb, max) : max);
            if (urgent) {
                Urgent.settle(tcb, queues);
            }
            if (queue.length() == 0) {
                queues.dropReceive(tcb);
                acknowledgePushed(tcb);
            }
            updateWindow(tcb);
            return given;
        }
        openFast(tcb);
        if (tcb.has(Tcb.FIN_RECEIVED | Tcb.INPUT_SHUT)) {
            return Tcp.END_OF_STREAM;
        }
        if (tcb.error != null || tcb.state == TcpState.CLOSED) {
            return Tcp.NOT_OPEN;
        }
        return 0;
    }

    /// The SYN of an active OPEN with Fast Open has waited for this: data that ride on it, or a user who waits for
    /// the other end to begin.
    private void openFast(Tcb tcb) {
        if (tcb.state == TcpState.SYN_SENT && tcb.sndNxt == tcb.iss) {
            tcb.pending |= Tcb.SYN;
            tcp.markDirty(tcb);
        }
    }

    /// The user has read all there is, and does not answer: a sender with Nagle's algorithm that waits for the ACK
    /// of a small segment gets it now, not when the delayed-ACK timer expires. As Linux does it; RFC 9293 section
    /// 3.8.6.3 leaves the moment open.
    private void acknowledgePushed(Tcb tcb) {
        if ((tcb.pending & Tcb.ACK_DELAYED) != 0 && tcb.has(Tcb.PUSHED) && !tcb.has(Tcb.PING_PONG)) {
            tcb.pending |= Tcb.ACK_NOW;
            tcp.markDirty(tcb);
        }
    }

    /// Tells the other end of a window that has become much larger: RFC 9293 section 3.8.6.2.2. Smaller changes ride
    /// on the next ACK.
    private void updateWindow(Tcb tcb) {
        if (!tcb.state.canReceive()) {
            return;
        }
        int now = tcb.rcvWnd();
        int next = tcp.writer().advertise(tcb) - tcb.rcvNxt;
        int gain = next - now;
        // A sender that avoids silly windows waits while less than a segment is open.
        boolean awaited = now < Math.max(tcb.rcvUnit, tcb.effectiveMss);
        if (gain > 0 && (awaited || gain >= now || gain >= tcb.receiveBuffer() / 2)) {
            tcb.pending |= Tcb.ACK_NOW;
            tcp.markDirty(tcb);
        }
    }

    /// CLOSE (section 3.10.4) of the sending direction: a FIN follows the data that wait.
    void shutdownOutput(Tcb tcb) {
        switch (tcb.state) {
            case ESTABLISHED -> tcb.state = TcpState.FIN_WAIT_1;
            case CLOSE_WAIT -> tcb.state = TcpState.LAST_ACK;
            case SYN_SENT -> {
                if (!tcb.has(Tcb.FAST_OPEN)) {
                    return;
                }
                openFast(tcb);
            }
            case SYN_RECEIVED -> {
                // "queue for processing after entering ESTABLISHED state": until then the SYN is not acknowledged.
            }
            default -> {
                return;
            }
        }
        tcb.pending |= Tcb.FIN_QUEUED | Tcb.SEND;
        tcp.markDirty(tcb);
        tcp.ready(tcb);
    }

    /// The user reads no more: what is there and what still comes is thrown away.
    void shutdownInput(Tcb tcb) {
        tcb.flags |= Tcb.INPUT_SHUT;
        queues.dropReceive(tcb);
        updateWindow(tcb);
        tcp.ready(tcb);
    }

    /// CLOSE of both directions: nobody will read or write any more.
    void close(Tcb tcb, long now) {
        tcb.attach(null);
        if (tcb.has(Tcb.ABANDONED)) {
            return;
        }
        switch (tcb.state) {
            // "Delete the TCB"
            case SYN_SENT -> {
                if (tcb.sendQueue != null) {
                    // Data of a Fast Open are on their way.
                    tcb.flags |= Tcb.ABANDONED;
                    shutdownOutput(tcb);
                    return;
                }
                tcb.error = TcpError.ABORTED;
                tcp.destroy(tcb);
            }
            case SYN_RECEIVED, ESTABLISHED, CLOSE_WAIT, FIN_WAIT_1, FIN_WAIT_2 -> {
                if (tcb.available() > 0) {
                    // Section 3.6.1, SHLD-3: "If such a host issues a CLOSE call while received data is still pending
                    // in TCP, ... its TCP implementation SHOULD send a RST to show that data was lost."
                    abort(tcb, now);
                    return;
                }
                tcb.flags |= Tcb.ABANDONED;
                shutdownOutput(tcb);
                timeouts.armIdle(tcb, now);
            }
            case CLOSING, LAST_ACK -> {
                tcb.flags |= Tcb.ABANDONED;
                queues.dropReceive(tcb);
            }
            case TIME_WAIT, CLOSED, LISTEN -> queues.dropReceive(tcb);
        }
    }

    /// ABORT (section 3.10.5): "send a reset segment: <SEQ=SND.NXT><CTL=RST>. All queued SENDs and RECEIVEs should be
    /// given 'connection reset' notification".
    void abort(Tcb tcb, long now) {
        switch (tcb.state) {
            case SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK ->
                tcp.writer().sendReset(tcb, now);
            default -> {
                // nothing to say
            }
        }
        queues.dropReceive(tcb);
        tcp.fail(tcb, TcpError.ABORTED);
    }

    /// Acknowledges at once for a while, or waits as long as it may.
    void quickAck(Tcb tcb, boolean on) {
        tcb.quickAcks = on ? Tcb.QUICK_ACKS : 0;
        if (on && tcb.has(Tcb.ATTACHED) && tcb.state.isSynchronized() && tcb.rcvNxt != tcb.lastAckSent) {
            tcb.pending |= Tcb.ACK_NOW;
            tcp.markDirty(tcb);
        }
    }
}
