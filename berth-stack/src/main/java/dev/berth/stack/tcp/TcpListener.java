package dev.berth.stack.tcp;

import dev.berth.ports.PortBinding;
import dev.berth.ports.PortSection;
import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.endpoint.StackSocket;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// A passive OPEN: the LISTEN state, with its incomplete connections ([SynEntry]) and the complete ones that wait for
/// the user to accept them.
public final class TcpListener implements StackSocket {
    /// At least so many handshakes may be under way whatever the backlog.
    private static final int MIN_SYN_ENTRIES = 64;

    final PortBinding<TcpListener> binding;
    final int backlog;
    volatile TcpConfig config; // of all shards
    boolean closed;
    private TcpListener @Nullable [] parts; // one for each shard, this one first; null on a host of one shard
    private @Nullable AcceptOrder order; // of all parts
    private int shard;

    @Nullable
    SynEntry firstSyn;

    int synCount;
    long lastCookie = Long.MIN_VALUE; // when a SYN was last answered with a cookie

    int fastOpens; // connections in SYN-RECEIVED by Fast Open: PendingFastOpenRequests of RFC 7413

    int requestLimit; // SYNs that may wait for the user's word; 0 if they are answered at once
    long requestNanos; // how long at most
    int requests;
    final ArrayDeque<TcpRequest> newRequests = new ArrayDeque<>(0); // those that the user has not seen

    private final ArrayDeque<Long> fastOpenResets = new ArrayDeque<>(2); // until when those count that were reset
    private @Nullable Tcb first;
    private @Nullable Tcb last;
    private int waiting;
    private boolean queued;
    private @Nullable Object attachment;

    TcpListener(PortBinding<TcpListener> binding, int backlog, TcpConfig config) {
        this.binding = binding;
        this.backlog = backlog;
        this.config = config;
    }

    /// Makes a part for each shard. Before anybody else knows the listener.
    void divide(int shards, PortSection section) {
        TcpListener[] all = new TcpListener[shards];
        order = new AcceptOrder(section);
        for (int i = 0; i < shards; i++) {
            all[i] = i == 0 ? this : new TcpListener(binding, backlog, config);
            all[i].parts = all;
            all[i].order = order;
            all[i].shard = i;
        }
        parts = all;
    }

    /// What belongs to a shard: the queues of its connections, under its lock. The listener itself is that of the
    /// first shard.
    public TcpListener part(int shard) {
        TcpListener[] all = parts;
        return all == null ? this : all[shard];
    }

    /// An equal share of a bound of the host.
    int share(int bound) {
        TcpListener[] all = parts;
        return all == null ? bound : Shard.share(bound, all.length);
    }

    /// The claim on address and port.
    public PortBinding<TcpListener> binding() {
        return binding;
    }

    /// Complete connections that wait to be accepted, in all shards.
    public int waiting() {
        AcceptOrder all = order;
        return all == null ? waiting : all.taken();
    }

    /// The shard of the connection that waits for longest, on a host of several: whoever asks has to take it, with
    /// [Tcp#accept] of the [#part] there. From any thread. -1 if none waits.
    public int nextShard() {
        AcceptOrder all = order;
        return all == null ? -1 : all.poll();
    }

    /// The most complete connections that may wait.
    public int backlog() {
        return backlog;
    }

    /// The settings that accepted connections begin with.
    public void configure(TcpConfig settings) {
        config = settings;
        TcpListener[] all = parts;
        for (int i = 1; all != null && i < all.length; i++) {
            all[i].config = settings;
        }
    }

    @Override
    public boolean queued() {
        return queued;
    }

    @Override
    public void queued(boolean queued) {
        this.queued = queued;
    }

    @Override
    public int readiness() {
        return waiting() > 0 || !newRequests.isEmpty() || closed ? Readiness.ACCEPTABLE : Readiness.NONE;
    }

    @Override
    public @Nullable Object attachment() {
        return attachment;
    }

    @Override
    public void attach(@Nullable Object owner) {
        attachment = owner;
    }

    boolean isFull() {
        return waiting() >= backlog;
    }

    /// Takes a place in the queue for a connection that is offered next.
    ///
    /// @return false if it is full, also with the connections of other shards
    boolean reserve() {
        AcceptOrder all = order;
        return all == null ? waiting < backlog : all.take(backlog);
    }

    /// True if a SYN would be answered, and remembered.
    boolean hasRoom() {
        return requestLimit > 0 ? requests < requestLimit : !isFull() && !isSynFull();
    }

    boolean isSynFull() {
        return synCount >= share(Math.max(backlog, MIN_SYN_ENTRIES));
    }

    /// Queues a complete connection, for which [#reserve] has taken a place.
    void offer(Tcb tcb) {
        tcb.listener = this;
        tcb.nextInQueue = null;
        if (last == null) {
            first = tcb;
        } else {
            last.nextInQueue = tcb;
        }
        last = tcb;
        waiting++;
        AcceptOrder all = order;
        if (all != null) {
            all.add(shard);
        }
    }

    @Nullable
    Tcb poll() {
        Tcb tcb = first;
        if (tcb != null) {
            first = tcb.nextInQueue;
            if (first == null) {
                last = null;
            }
            tcb.nextInQueue = null;
            tcb.listener = null;
            waiting--;
            AcceptOrder all = order;
            if (all != null) {
                all.giveBack();
            }
        }
        return tcb;
    }

    /// PendingFastOpenRequests of RFC 7413 section 5.1, with those that have just been reset.
    int fastOpenPending(long now) {
        while (!fastOpenResets.isEmpty() && fastOpenResets.getFirst() <= now) {
            fastOpenResets.removeFirst();
        }
        return fastOpens + fastOpenResets.size();
    }

    void fastOpenReset(long until) {
        fastOpenResets.addLast(until);
    }

    void add(SynEntry entry) {
        entry.next = firstSyn;
        if (firstSyn != null) {
            firstSyn.previous = entry;
        }
        firstSyn = entry;
        synCount++;
    }

    void remove(SynEntry entry) {
        if (entry.next != null) {
            entry.next.previous = entry.previous;
        }
        if (entry.previous != null) {
            entry.previous.next = entry.next;
        } else {
            firstSyn = entry.next;
        }
        entry.next = null;
        entry.previous = null;
        synCount--;
    }
}
