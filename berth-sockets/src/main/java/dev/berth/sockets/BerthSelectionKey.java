package dev.berth.sockets;

import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelectionKey;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;

/// The registration of a channel with a [BerthSelector].
final class BerthSelectionKey extends AbstractSelectionKey {
    private static final AtomicIntegerFieldUpdater<BerthSelectionKey> INTEREST =
            AtomicIntegerFieldUpdater.newUpdater(BerthSelectionKey.class, "interest");
    private static final AtomicIntegerFieldUpdater<BerthSelectionKey> ARRIVED =
            AtomicIntegerFieldUpdater.newUpdater(BerthSelectionKey.class, "arrived");

    private final AbstractSelectableChannel channel;
    private final Selectable source;
    private final BerthSelector selector;

    private volatile int interest;
    private volatile int ready;

    /// 1 while the key is in the selector's [ReadyKeys].
    private volatile int arrived;

    /// The key below in [ReadyKeys]; written by whoever set `arrived`, read by the selector.
    @Nullable
    BerthSelectionKey below;

    /// Whether the key is among the candidates of the selector, and what it was found ready for; guarded by the
    /// selector.
    boolean candidate;

    int found;

    BerthSelectionKey(AbstractSelectableChannel channel, Selectable source, BerthSelector selector, int interest) {
        this.channel = channel;
        this.source = source;
        this.selector = selector;
        this.interest = interest;
    }

    @Override
    public SelectableChannel channel() {
        return channel;
    }

    @Override
    public Selector selector() {
        return selector;
    }

    @Override
    public int interestOps() {
        ensureValid();
        return interest;
    }

    @Override
    public SelectionKey interestOps(int ops) {
        ensureValid();
        checkOps(ops);
        int old = INTEREST.getAndSet(this, ops);
        if ((ops & ~old) != 0) {
            selector.interestGrew(this);
        }
        return this;
    }

    @Override
    public int interestOpsOr(int ops) {
        ensureValid();
        checkOps(ops);
        int old = INTEREST.getAndAccumulate(this, ops, (a, b) -> a | b);
        if ((ops & ~old) != 0) {
            selector.interestGrew(this);
        }
        return old;
    }

    @Override
    public int interestOpsAnd(int ops) {
        ensureValid();
        return INTEREST.getAndAccumulate(this, ops, (a, b) -> a & b);
    }

    @Override
    public int readyOps() {
        ensureValid();
        return ready;
    }

    /// The channel, as its selector sees it.
    Selectable source() {
        return source;
    }

    /// What the channel is ready for of that which the program is interested in; 0 if the key was cancelled.
    int readyNow() {
        int ops = interest;
        return ops == 0 || !isValid() ? 0 : source.readyOps(ops) & ops;
    }

    /// Sets the ready operations.
    void ready(int ops) {
        ready = ops;
    }

    /// Adds ready operations; false if they were all there.
    boolean addReady(int ops) {
        int old = ready;
        if ((ops & ~old) == 0) {
            return false;
        }
        ready = old | ops;
        return true;
    }

    /// The channel has become ready for `ops`, or may have: called on any thread.
    void becameReady(int ops) {
        if ((ops & interest) != 0) {
            selector.arrive(this);
        }
    }

    /// Claims the place in [ReadyKeys]; false if the key is there.
    boolean claimArrival() {
        return arrived == 0 && ARRIVED.compareAndSet(this, 0, 1);
    }

    /// Frees the place in [ReadyKeys]. Done before the readiness is looked at, so that what comes after is not lost.
    void releaseArrival() {
        below = null;
        arrived = 0;
    }

    private void checkOps(int ops) {
        if ((ops & ~channel.validOps()) != 0) {
            throw new IllegalArgumentException();
        }
    }

    private void ensureValid() {
        if (!isValid()) {
            throw new CancelledKeyException();
        }
    }

    @Override
    public String toString() {
        return "channel=" + channel + ", selector=" + selector
                + (isValid() ? ", interestOps=" + interest + ", readyOps=" + ready : ", invalid");
    }
}
