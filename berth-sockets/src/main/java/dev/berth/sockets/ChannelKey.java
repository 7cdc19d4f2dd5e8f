package dev.berth.sockets;

import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import org.jspecify.annotations.Nullable;

/// The registration of a channel of Berth with a [BerthSelector].
final class ChannelKey extends BerthSelectionKey {
    private final Selectable source;
    private final BerthSelector selector;

    /// The next key of the channel, in [ChannelKeys].
    volatile @Nullable ChannelKey following;

    ChannelKey(AbstractSelectableChannel channel, Selectable source, BerthSelector selector, int interest) {
        super(channel, interest);
        this.source = source;
        this.selector = selector;
    }

    @Override
    public Selector selector() {
        return selector;
    }

    @Override
    void interestChanged(int old, int present) {
        if ((present & ~old) != 0) {
            selector.interestGrew(this);
        }
    }

    @Override
    void forgetFound() {}

    @Override
    int readyOps(int interest) {
        return source.readyOps(interest) & interest;
    }

    /// The selector watches the channel from now on.
    void watch() {
        source.selectionKeys().add(this);
    }

    /// The selector does not watch the channel any more.
    void unwatch() {
        source.selectionKeys().remove(this);
    }

    /// The channel has become ready for `ops`, or may have: called on any thread.
    void becameReady(int ops) {
        if ((ops & interestNow()) != 0) {
            selector.arrive(this);
        }
    }
}
