package dev.berth.stack.tcp;

import dev.berth.stack.endpoint.ByteSink;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Chunk;
import java.util.Objects;

/// SEND and RECEIVE (RFC 9293 sections 3.10.2 and 3.10.3) in two steps each, without a copy: octets are brought and
/// fetched between the steps, without the host's lock, by whoever can put them into the stack's memory or use them
/// there. The steps themselves are under that lock, as all calls.
///
/// What is lent is bounded: room of one chunk for each [SendSpace], counted in the host's memory; what a [ReceivedView]
/// refers to is in the receive queue, or was when its connection was reset.
public final class Loans {
    private static final ByteSink NOWHERE = (bytes, from, length) -> {};

    private final Queues queues;
    private final UserCalls calls;

    Loans(Queues queues, UserCalls calls) {
        this.queues = queues;
        this.calls = calls;
    }

    /// SEND, the first step: lends room for at most `max` octets, more than 0. [#append] must follow.
    ///
    /// @return the octets that `space` takes, 0 if there is no room now, [Tcp#NOT_OPEN] if the connection cannot send
    /// @throws IllegalStateException if `space` is lent already
    public int lend(Tcb tcb, SendSpace space, int max) {
        if (space.isLent()) {
            throw new IllegalStateException("Lent already");
        }
        if (!UserCalls.isSending(tcb)) {
            return Tcp.NOT_OPEN;
        }
        int room = calls.sendRoom(tcb, max);
        if (room <= 0) {
            return 0;
        }
        queues.lend(tcb, space, room);
        return space.length();
    }

    /// SEND, the second step: takes the first `length` octets of what `tcb` has lent, and ends the loan; 0 gives it
    /// back. What was lent is taken, whatever the send buffer has become since.
    ///
    /// @return `length`, or [Tcp#NOT_OPEN] if the connection cannot send any more
    public int append(Tcb tcb, SendSpace space, int length) {
        Objects.checkIndex(length, space.length() + 1);
        Chunk chunk = space.lent();
        boolean open = UserCalls.isSending(tcb);
        if (length == 0 || !open) {
            SendQueue.giveBack(space, tcb.sendQueue, queues.budget());
            return open ? 0 : Tcp.NOT_OPEN;
        }
        SendQueue queue = queues.send(tcb);
        if (length <= BufferPool.SMALL && space.fresh && chunk.bytes.length > BufferPool.SMALL) {
            // A few octets do not hold a large chunk.
            queue.append(space.filled, length, tcb.effectiveMss, tcb.sndNxt);
            SendQueue.giveBack(space, queue, queues.budget());
        } else {
            queue.append(space, length);
        }
        calls.queued(tcb);
        return length;
    }

    /// RECEIVE, the first step: lets `view` refer to at most `max` octets, more than 0. If there are any, [#consume]
    /// must follow.
    ///
    /// @return octets in `view`, 0 if none are there yet, [Tcp#END_OF_STREAM], or [Tcp#NOT_OPEN] with the reason in
    ///     the Tcb
    /// @throws IllegalStateException if `view` refers to something already
    public int view(Tcb tcb, ReceivedView view, int max) {
        if (view.count() > 0) {
            throw new IllegalStateException("The view is held already");
        }
        ReceiveQueue queue = tcb.receiveQueue;
        if (queue == null) {
            return calls.receive(tcb, NOWHERE, max);
        }
        view.seq = Urgent.firstUnread(tcb);
        queue.view(view, tcb.extras == null ? max : Urgent.limit(tcb, max));
        return view.length();
    }

    /// RECEIVE, the second step: the first `length` octets of `view`, which is of `tcb`, are read, and the window
    /// opens for them. The others stay. Empties `view`; octets that have left the queue otherwise, as with a reset, are
    /// passed over.
    public void consume(Tcb tcb, ReceivedView view, int length) {
        Objects.checkIndex(length, view.length() + 1);
        int end = view.seq + length;
        view.clear();
        int left;
        // In parts where an urgent octet has come since.
        while (tcb.receiveQueue != null && (left = end - Urgent.firstUnread(tcb)) > 0) {
            if (calls.receive(tcb, NOWHERE, left) <= 0) {
                return;
            }
        }
    }
}
