package dev.berth.sockets;

import java.io.IOException;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.SelectorProvider;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// The channels of another provider in a [BerthSelector], such as the kernel's UNIX-domain channels.
///
/// They are registered with a selector of their provider too, and while there are any, the thread that selects waits in
/// that one instead of parking: no thread of our own waits, and none polls. The provider is asked of the channel, so
/// nothing of the JDK's inside is needed. A selector takes the channels of one other provider.
final class ForeignSelection {
    private final SelectorProvider provider;
    private final Selector selector;
    private final Consumer<ForeignKey> found;

    /// How many keys there are: one for each key of the other selector that was not removed.
    private volatile int size;

    /// A selection for channels of `provider`.
    ///
    /// @param found told of each key that is ready, in the thread that selects
    ForeignSelection(SelectorProvider provider, Consumer<ForeignKey> found) throws IOException {
        this.provider = provider;
        this.selector = provider.openSelector();
        this.found = found;
    }

    /// Whether this is the place for a channel.
    boolean takes(AbstractSelectableChannel channel) {
        return channel.provider() == provider;
    }

    /// Registers a key; the caller has the locks of its channel.
    synchronized void add(ForeignKey key) {
        key.registerWith(selector);
        size++;
    }

    /// Takes a key away that is not registered with the [BerthSelector] any more.
    synchronized void remove(ForeignKey key) {
        key.cancelInner();
        size--;
    }

    /// Makes the other selector forget the keys that were removed, without which their channels stay open.
    void forget() throws IOException {
        selector.selectNow(_ -> {});
    }

    boolean isEmpty() {
        return size == 0;
    }

    /// Looks which channels are ready, now.
    void look() throws IOException {
        selector.selectNow(key -> found.accept(ForeignKey.of(key)));
    }

    /// Waits until a channel is ready, for [#wakeup], an interrupt, or `nanos`; `Long.MAX_VALUE` is without limit.
    void await(long nanos) throws IOException {
        long millis = nanos == Long.MAX_VALUE ? 0 : Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos + 999_999));
        selector.select(key -> found.accept(ForeignKey.of(key)), millis);
    }

    /// Ends [#await], or the next one.
    void wakeup() {
        selector.wakeup();
    }

    void close() throws IOException {
        selector.close();
    }
}
