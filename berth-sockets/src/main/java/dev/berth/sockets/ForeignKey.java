package dev.berth.sockets;

import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The registration of another provider's channel with a [BerthSelector]. Its inner key is the registration with a
/// selector of that provider ([ForeignSelection]).
final class ForeignKey extends BerthSelectionKey {
    private final BerthSelector berth;
    private volatile @Nullable SelectionKey inner;

    /// What the last selection has found, under the selector's lock.
    private int foundReady;

    ForeignKey(AbstractSelectableChannel channel, BerthSelector selector, int interest) {
        super(channel, interest);
        this.berth = selector;
    }

    /// The key whose inner key is given.
    static ForeignKey of(SelectionKey inner) {
        ForeignKey key = (ForeignKey) Objects.requireNonNull(inner.attachment());
        key.foundReady = inner.readyOps();
        return key;
    }

    /// Registers the channel, whose locks the caller has.
    void registerWith(Selector selector) {
        try {
            inner = channel().register(selector, interestNow(), this);
        } catch (ClosedChannelException _) {
            cancel(); // it was closed meanwhile, and a key may be cancelled at any time
        }
    }

    void cancelInner() {
        SelectionKey key = inner;
        if (key != null) {
            key.cancel();
        }
    }

    /// `cancel` is final; it marks this key as invalid and asks for the selector then. The inner key has to become
    /// invalid with it, for whoever has cancelled a key may change the channel's blocking mode at once.
    @Override
    public Selector selector() {
        if (!isValid()) {
            cancelInner();
        }
        return berth;
    }

    @Override
    void interestChanged(int old, int present) {
        SelectionKey key = inner;
        if (key != null) {
            try {
                key.interestOps(present);
            } catch (CancelledKeyException _) {
                cancel(); // the channel was closed meanwhile
            }
        }
    }

    @Override
    void forgetFound() {
        foundReady = 0;
    }

    @Override
    int readyOps(int interest) {
        return foundReady & interest;
    }
}
