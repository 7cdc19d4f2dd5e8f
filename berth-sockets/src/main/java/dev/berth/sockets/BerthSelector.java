package dev.berth.sockets;

import dev.berth.host.Attendance;
import dev.berth.host.HostClock;
import dev.berth.host.Spinning;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.VarHandle;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.IllegalSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelector;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collections;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A selector over the channels of Berth.
///
/// Sockets tell of their readiness: the observer of a channel pushes its keys to [ReadyKeys] and unparks the
/// selecting thread. A selection takes those keys, and looks besides only at those that were ready the last time, for
/// a key that stays ready is reported again and again. So its cost grows with the ready keys, not with the registered
/// ones. Selecting parks the thread, platform or virtual; it holds no carrier.
///
/// Channels of another provider, such as the kernel's UNIX-domain channels, may be registered too: see
/// [ForeignSelection].
final class BerthSelector extends AbstractSelector {
    private static final long FOREVER = Long.MAX_VALUE;

    private final Set<SelectionKey> keys = ConcurrentHashMap.newKeySet();
    private final Set<SelectionKey> keysView = Collections.unmodifiableSet(keys);
    private final SelectedKeys selected = new SelectedKeys();

    /// Keys whose channels became ready.
    private final ReadyKeys arrivals = new ReadyKeys();

    /// Keys that are new or whose interest has grown; they count from the next selection on. Guarded by itself.
    private final ArrayDeque<BerthSelectionKey> grown = new ArrayDeque<>();

    /// Keys that may be ready; guarded by this.
    private BerthSelectionKey[] candidates = new BerthSelectionKey[8];

    private int candidateCount;
    private boolean selecting;

    private volatile @Nullable Thread waiter;
    private volatile boolean woken;

    /// A thread may look for arrivals a while before it parks; nobody has to wake it meanwhile.
    private final Spinning spinning = new Spinning();

    private final AttendedHosts hosts = new AttendedHosts(this::isSignalled);

    /// The channels of another provider, if there were ever any, and whether the waiter waits there.
    private volatile @Nullable ForeignSelection foreign;

    private volatile @Nullable ForeignSelection waitingIn;

    /// By which the selecting thread waits: that of the host of the channels, if it is not the system's.
    private volatile HostClock clock = HostClock.system();

    BerthSelector(BerthSelectorProvider provider) {
        super(provider);
    }

    @Override
    public Set<SelectionKey> keys() {
        ensureOpen();
        return keysView;
    }

    @Override
    public Set<SelectionKey> selectedKeys() {
        ensureOpen();
        return selected;
    }

    @Override
    public int selectNow() throws IOException {
        return lockAndSelect(null, 0);
    }

    @Override
    public int select(long timeout) throws IOException {
        return lockAndSelect(null, nanos(timeout));
    }

    @Override
    public int select() throws IOException {
        return lockAndSelect(null, FOREVER);
    }

    @Override
    public int selectNow(Consumer<SelectionKey> action) throws IOException {
        return lockAndSelect(Objects.requireNonNull(action), 0);
    }

    @Override
    public int select(Consumer<SelectionKey> action, long timeout) throws IOException {
        return lockAndSelect(Objects.requireNonNull(action), nanos(timeout));
    }

    @Override
    public int select(Consumer<SelectionKey> action) throws IOException {
        return lockAndSelect(Objects.requireNonNull(action), FOREVER);
    }

    private static long nanos(long timeoutMillis) {
        if (timeoutMillis < 0) {
            throw new IllegalArgumentException("Negative timeout");
        }
        return timeoutMillis == 0 ? FOREVER : TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    }

    @Override
    public Selector wakeup() {
        woken = true;
        unparkWaiter();
        return this;
    }

    /// A channel became ready: called on any thread, takes no lock.
    void arrive(BerthSelectionKey key) {
        if (arrivals.push(key)) {
            unparkWaiter();
        }
    }

    /// The interest of a key has grown; seen by the next selection.
    void interestGrew(BerthSelectionKey key) {
        synchronized (grown) {
            grown.add(key);
        }
    }

    private void unparkWaiter() {
        Thread thread = waiter;
        if (thread != null) {
            ForeignSelection there = waitingIn;
            if (there == null) {
                clock.unpark(thread);
            } else {
                there.wakeup();
            }
        }
    }

    private int lockAndSelect(@Nullable Consumer<SelectionKey> action, long nanos) throws IOException {
        synchronized (this) {
            ensureOpen();
            if (selecting) {
                throw new IllegalStateException("select in progress");
            }
            selecting = true;
            try {
                synchronized (selected) {
                    return doSelect(action, nanos);
                }
            } finally {
                selecting = false;
            }
        }
    }

    private int doSelect(@Nullable Consumer<SelectionKey> action, long nanos) throws IOException {
        forgetForeign();
        takeGrown();
        removeCancelled();
        if (nanos == 0) {
            woken = false;
            takeArrivals();
            lookAtForeign();
            findReady();
        } else {
            try {
                begin();
                awaitReady(nanos);
            } finally {
                end();
            }
        }
        removeCancelled();
        return action == null ? reportToSelected() : reportTo(action);
    }

    /// Returns when a key is ready, on a wake-up or an interrupt, or after `nanos`.
    private void awaitReady(long nanos) throws IOException {
        long deadline = nanos == FOREVER ? 0 : clock.nanoTime() + nanos;
        boolean looked = false;
        while (true) {
            boolean wakeup = woken;
            if (wakeup) {
                woken = false;
            }
            takeArrivals();
            findReady();
            long left = nanos == FOREVER ? FOREVER : deadline - clock.nanoTime();
            if (wakeup || candidateCount > 0 || left <= 0) {
                if (!looked) {
                    lookAtForeign();
                    findReady();
                }
                return;
            }
            looked = await(deadline, left);
            if (looked && Thread.currentThread().isInterrupted()) {
                findReady();
                return;
            }
        }
    }

    /// @return true if it has looked at foreign channels
    private boolean await(long deadline, long nanos) throws IOException {
        ForeignSelection there = foreign;
        if (there == null || there.isEmpty()) {
            park(deadline);
            return false;
        }
        waitingIn = there;
        waiter = Thread.currentThread();
        try {
            if (arrivals.isEmpty() && !woken) {
                there.await(nanos);
                return true;
            }
            return false;
        } finally {
            waiter = null;
            waitingIn = null;
        }
    }

    private void park(long deadline) {
        Thread caller = Thread.currentThread();
        hosts.waits();
        if (clock == HostClock.system() && spinning.look(hosts)) {
            return;
        }
        hosts.takeBack();
        waiter = caller;
        try {
            // What arrives from here on unparks: those who come look for the waiter after they have left their mark.
            if (!isSignalled()) {
                clock.park(this, deadline);
            }
        } finally {
            waiter = null;
        }
    }

    private boolean isSignalled() {
        return !arrivals.isEmpty() || woken;
    }

    private void lookAtForeign() throws IOException {
        ForeignSelection there = foreign;
        if (there != null && !there.isEmpty()) {
            there.look();
        }
    }

    /// Foreign channels are looked at again by every selection.
    private void forgetForeign() {
        if (foreign != null) {
            for (int i = 0; i < candidateCount; i++) {
                candidates[i].forgetFound();
            }
        }
    }

    private void takeGrown() {
        synchronized (grown) {
            BerthSelectionKey key;
            while ((key = grown.poll()) != null) {
                addCandidate(key);
            }
        }
    }

    private void takeArrivals() {
        BerthSelectionKey key = arrivals.takeAll();
        while (key != null) {
            BerthSelectionKey next = key.below;
            key.releaseArrival();
            addCandidate(key);
            key = next;
        }
    }

    private void addCandidate(BerthSelectionKey key) {
        if (key.candidate) {
            return;
        }
        key.candidate = true;
        if (candidateCount == candidates.length) {
            candidates = Arrays.copyOf(candidates, candidateCount * 2);
        }
        candidates[candidateCount++] = key;
    }

    /// Keeps those candidates that are ready. Whoever is dropped comes back by [#arrive] or [#interestGrew].
    private void findReady() {
        // Channels are looked at without a lock: whoever has made one ready and found its key among the arrivals did
        // so before the key was taken out, and is not to be missed.
        VarHandle.fullFence();
        int kept = 0;
        for (int i = 0; i < candidateCount; i++) {
            BerthSelectionKey key = candidates[i];
            int ops = key.readyNow();
            if (ops == 0) {
                key.candidate = false;
            } else {
                key.found = ops;
                candidates[kept++] = key;
            }
        }
        Arrays.fill(candidates, kept, candidateCount, null);
        candidateCount = kept;
    }

    private int reportToSelected() {
        int updated = 0;
        for (int i = 0; i < candidateCount; i++) {
            BerthSelectionKey key = candidates[i];
            if (!key.isValid()) {
                continue;
            }
            if (selected.contains(key)) {
                if (key.addReady(key.found)) {
                    updated++;
                }
            } else {
                key.ready(key.found);
                selected.select(key);
                updated++;
            }
        }
        return updated;
    }

    private int reportTo(Consumer<SelectionKey> action) {
        int reported = 0;
        for (int i = 0; i < candidateCount; i++) {
            BerthSelectionKey key = candidates[i];
            if (key.isValid()) {
                key.ready(key.found);
                action.accept(key);
                ensureOpen();
                reported++;
            }
        }
        return reported;
    }

    @Override
    protected SelectionKey register(AbstractSelectableChannel channel, int ops, @Nullable Object attachment) {
        ensureOpen();
        BerthSelectionKey key;
        if (channel instanceof Selectable source) {
            if (source.clock() != HostClock.system()) {
                clock = source.clock();
            }
            Attendance attendance = source.attendance();
            if (attendance != null) {
                hosts.add(attendance);
            }
            key = new ChannelKey(channel, source, this, ops);
        } else {
            key = new ForeignKey(channel, this, ops);
        }
        if (attachment != null) {
            key.attach(attachment);
        }
        switch (key) {
            case ChannelKey own -> {
                own.watch();
                keys.add(own);
                interestGrew(own);
            }
            case ForeignKey other -> {
                foreignFor(channel).add(other);
                keys.add(other);
            }
        }
        if (!isOpen()) {
            keys.remove(key);
            unwatch(key);
            key.cancel();
            throw new ClosedSelectorException();
        }
        return key;
    }

    /// Where foreign channels such as `channel` are.
    private ForeignSelection foreignFor(AbstractSelectableChannel channel) {
        synchronized (grown) {
            ForeignSelection there = foreign;
            if (there == null) {
                if (channel.provider() instanceof BerthSelectorProvider) {
                    throw new IllegalSelectorException();
                }
                try {
                    there = new ForeignSelection(channel.provider(), this::addCandidate);
                } catch (IOException e) {
                    throw new UncheckedIOException("The selector of the channel's provider cannot be opened", e);
                }
                foreign = there;
            }
            if (!there.takes(channel)) {
                throw new IllegalSelectorException();
            }
            return there;
        }
    }

    private void unwatch(BerthSelectionKey key) {
        switch (key) {
            case ChannelKey own -> own.unwatch();
            case ForeignKey other -> Objects.requireNonNull(foreign).remove(other);
        }
    }

    private void removeCancelled() throws IOException {
        Set<SelectionKey> cancelled = cancelledKeys();
        SelectionKey[] gone;
        synchronized (cancelled) {
            if (cancelled.isEmpty()) {
                return;
            }
            gone = cancelled.toArray(SelectionKey[]::new);
            cancelled.clear();
        }
        boolean others = false; // outside the lock: a channel's locks may be held by who cancels
        for (SelectionKey key : gone) {
            remove((BerthSelectionKey) key);
            others |= key instanceof ForeignKey;
        }
        if (others) {
            Objects.requireNonNull(foreign).forget();
        }
    }

    private void remove(BerthSelectionKey key) {
        selected.remove(key);
        keys.remove(key);
        if (keys.isEmpty()) {
            hosts.clear();
        }
        deregister(key);
        unwatch(key);
    }

    @Override
    protected void implCloseSelector() throws IOException {
        wakeup();
        synchronized (this) {
            synchronized (selected) {
                for (SelectionKey key : keys) {
                    remove((BerthSelectionKey) key);
                }
                Arrays.fill(candidates, 0, candidateCount, null);
                candidateCount = 0;
            }
            ForeignSelection there = foreign;
            if (there != null) {
                there.close();
            }
        }
    }

    private void ensureOpen() {
        if (!isOpen()) {
            throw new ClosedSelectorException();
        }
    }

    @Override
    public String toString() {
        return "Selector[" + (isOpen() ? keys.size() + " keys" : "closed") + "]";
    }
}
