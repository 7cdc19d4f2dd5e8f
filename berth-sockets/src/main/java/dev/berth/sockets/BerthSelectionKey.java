package dev.berth.sockets;

import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelectionKey;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;

/// The registration of a channel with a [BerthSelector]: one of Berth, or one of another provider.
abstract sealed class BerthSelectionKey extends AbstractSelectionKey permits ChannelKey, ForeignKey {
    private static final AtomicIntegerFieldUpdater<BerthSelectionKey> INTEREST =
            AtomicIntegerFieldUpdater.newUpdater(BerthSelectionKey.class, "interest");
    private static final AtomicIntegerFieldUpdater<BerthSelectionKey> ARRIVED =
            AtomicIntegerFieldUpdater.newUpdater(BerthSelectionKey.class, "arrived");

    private final AbstractSelectableChannel channel;
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

    /// Where in the [SelectedKeys] the key is, or was; guarded as those are.
    int place;

    BerthSelectionKey(AbstractSelectableChannel channel, int interest) {
        this.channel = channel;
        this.interest = interest;
    }

    @Override
    public final AbstractSelectableChannel channel() {
        return channel;
    }

    @Override
    public final int interestOps() {
        ensureValid();
        return interest;
    }

    @Override
    public final SelectionKey interestOps(int ops) {
        ensureValid();
        checkOps(ops);
        interestChanged(INTEREST.getAndSet(this, ops), ops);
        return this;
    }

    @Override
    public final int interestOpsOr(int ops) {
        ensureValid();
        checkOps(ops);
        int old = INTEREST.getAndAccumulate(this, ops, (a, b) -> a | b);
        interestChanged(old, old | ops);
        return old;
    }

    @Override
    public final int interestOpsAnd(int ops) {
        ensureValid();
        int old = INTEREST.getAndAccumulate(this, ops, (a, b) -> a & b);
        interestChanged(old, old & ops);
        return old;
    }

    @Override
    public final int readyOps() {
        ensureValid();
        return ready;
    }

    /// The program has changed its interest.
    abstract void interestChanged(int old, int present);

    /// Which of the operations `interest` the channel is ready for.
    abstract int readyOps(int interest);

    /// Forgets what the last selection has found. Under the selector's lock.
    abstract void forgetFound();

    final int interestNow() {
        return interest;
    }

    /// What the channel is ready for of that which the program is interested in; 0 if the key was cancelled.
    final int readyNow() {
        int ops = interest;
        return ops == 0 || !isValid() ? 0 : readyOps(ops);
    }

    /// Sets the ready operations.
    final void ready(int ops) {
        ready = ops;
    }

    /// Adds ready operations; false if they were all there.
    final boolean addReady(int ops) {
        int old = ready;
        if ((ops & ~old) == 0) {
            return false;
        }
        ready = old | ops;
        return true;
    }

    /// Claims the place in [ReadyKeys]; false if the key is there.
    final boolean claimArrival() {
        return arrived == 0 && ARRIVED.compareAndSet(this, 0, 1);
    }

    /// Frees the place in [ReadyKeys]. Done before the readiness is looked at, so that what comes after is not lost.
    final void releaseArrival() {
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
    public final String toString() {
        return "channel=" + channel + ", selector=" + selector()
                + (isValid() ? ", interestOps=" + interest + ", readyOps=" + ready : ", invalid");
    }
}
