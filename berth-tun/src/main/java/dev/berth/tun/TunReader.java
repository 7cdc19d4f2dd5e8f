package dev.berth.tun;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.berth.host.LinkReceiver;
import dev.berth.host.Look;
import dev.berth.host.Spinning;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Chunk;
import dev.berth.wire.Packet;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// The receiving half of a [TunLink]: who reads packets from the device, and who waits for them.
///
/// Three kinds of threads read, one at a time: the link's own, whoever has just transmitted a good deal and looks for
/// the acknowledgments, and a thread that waits for what arrives ([#fetchUntil], one at most). The last spares the
/// switch from the link's thread to the one that waits, the second spares waking the link's thread beside a busy one.
///
/// **Naps.** A thread that waits for the device is woken by each packet, also where another one then takes it. So the
/// link's thread, when it is woken while others read, does not read, but sleeps 50 microseconds, and then longer up
/// to [#LONGEST_NAP], as long as others go on to read. A packet may thus wait for so long when whoever has read stops
/// doing so. After that, there are no naps for a hundred times as long: no more than a hundredth of the time is lost
/// in this way. Whoever begins to wait without reading ends the nap ([#watch]).
final class TunReader {
    private static final int BATCH_PACKETS = 64;
    private static final int BATCH_OCTETS = 2 * TunLink.MAX_PACKET;
    private static final int POLL_EVENTS = 4;
    private static final int POLL_REVENTS = 6;
    static final int POLLFD = 8;

    /// One octet more than the largest packet, so that a larger one is noticed.
    private static final int READ_SIZE = VnetHeader.LENGTH + TunLink.MAX_PACKET + 1;

    /// Of [#fetch]: another thread reads, or the device is gone.
    private static final int BUSY = -1;

    private static final long SHORTEST_NAP = 50_000; // nanoseconds
    private static final long LONGEST_NAP = 400_000;
    /// After a nap that was too long, the link's thread is awake for so many times its length.
    private static final long WORTH = 100;

    /// A packet of more octets is part of a stream, of which more will come.
    private static final int LARGE = 8_192;

    /// For so long after a large packet, the link's thread reads beside the one that works on it; nanoseconds.
    private static final long STREAMING = 2_000_000;

    private static final long MILLI = 1_000_000;

    /// Nanoseconds between two reads of a thread that looks whether a packet comes before it sleeps.
    private static final long LOOK = 1_000;

    private final TunDevice device;
    private final Arena arena = Arena.ofShared();
    private final int stopEvent;
    private final int fetchEvent;

    // For the link's own thread
    private final MemorySegment capture = arena.allocate(Libc.CAPTURE);
    private final MemorySegment poll = arena.allocate(2 * POLLFD, 8);
    private long noNapBefore = System.nanoTime();

    /// Held while packets are read, with the next below.
    private final ReentrantLock reading = new ReentrantLock();

    private final MemorySegment readCapture = arena.allocate(Libc.CAPTURE);

    /// When a large packet came last.
    private volatile long streamedAt = System.nanoTime() - STREAMING;

    /// When a stream went out last, and the identity of the thread that sent it.
    private volatile long sentAt = streamedAt;

    private volatile long sender;

    /// Why the device cannot be read any more.
    private volatile @Nullable String failure;

    /// Held by the one thread in [#fetchUntil], with the five below, and by whoever gives the memory back.
    private final ReentrantLock fetching = new ReentrantLock();

    private final MemorySegment fetchCapture = arena.allocate(Libc.CAPTURE);
    private final MemorySegment fetchPoll = arena.allocate(2 * POLLFD, 8);
    private final MemorySegment fetchCount = arena.allocate(ValueLayout.JAVA_LONG);

    private final Spinning spinning = new Spinning();
    private final DeviceLook look = new DeviceLook();

    private final ReentrantLock events = new ReentrantLock();

    @GuardedBy("events")
    private final MemorySegment eventCapture = arena.allocate(Libc.CAPTURE);

    @GuardedBy("events")
    private final MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_LONG, 1L);

    @GuardedBy("events")
    private boolean open = true;

    private volatile @Nullable LinkReceiver receiver;
    private volatile @Nullable Thread thread; // the link's own, while it runs
    private volatile boolean closing;

    /// How often others than the link's thread have read; a hint.
    private volatile int fetches;

    private volatile boolean napping;
    private volatile boolean watched;

    final LongAdder packets = new LongAdder();
    final LongAdder octets = new LongAdder();
    final LongAdder malformed = new LongAdder();

    /// @throws EventException if the kernel gives no event
    TunReader(TunDevice device) throws EventException {
        this.device = device;
        stopEvent = Libc.eventfd(capture);
        fetchEvent = stopEvent < 0 ? stopEvent : Libc.eventfd(capture);
        if (fetchEvent < 0) {
            if (stopEvent >= 0) {
                Libc.close(capture, stopEvent);
            }
            arena.close();
            throw new EventException(-fetchEvent);
        }
    }

    /// There is no event to wake a thread with.
    static final class EventException extends Exception {
        private static final long serialVersionUID = 1L;

        final int errno;

        EventException(int errno) {
            this.errno = errno;
        }
    }

    /// What the link's own thread does, until [#close] or a failure.
    ///
    /// @return null when the link was closed, and else why it failed
    @Nullable
    String run(LinkReceiver to) {
        thread = Thread.currentThread();
        receiver = to;
        setPoll(poll, 0, device.fd, Libc.POLLIN);
        setPoll(poll, 1, stopEvent, Libc.POLLIN);
        boolean woken = false;
        int seen = fetches;
        while (!closing) {
            if (woken && (fetches != seen || fetching.isLocked()) && System.nanoTime() - noNapBefore >= 0) {
                nap(to);
            }
            woken = false;
            seen = fetches;
            int taken = fetch(to, BATCH_PACKETS);
            String failed = failure;
            if (failed != null) {
                return closing ? null : failed;
            }
            if (taken == 0) {
                Libc.poll(capture, poll, 2, -1);
                if (isGone(poll)) {
                    return closing ? null : removed();
                }
                woken = true;
            } else if (taken == BUSY) {
                awaitOther(); // when it is free, perhaps there is something left
            }
        }
        return null;
    }

    private void nap(LinkReceiver to) {
        long pause = SHORTEST_NAP;
        watched = false;
        napping = true;
        for (; ; ) {
            int seen = fetches;
            LockSupport.parkNanos(this, pause);
            if (closing || watched || fetches == seen && !fetching.isLocked()) {
                break;
            }
            pause = Math.min(2 * pause, LONGEST_NAP);
        }
        napping = false;
        if (!watched && fetch(to, BATCH_PACKETS) > 0) {
            noNapBefore = System.nanoTime() + WORTH * pause;
        }
    }

    /// A thread begins to wait for what may arrive, and does not fetch it itself.
    void watch() {
        if (napping) {
            watched = true;
            LockSupport.unpark(thread);
        }
    }

    /// Hands in what has arrived, by a thread that has just transmitted a good deal.
    void fetchInPassing() {
        LinkReceiver to = receiver;
        sender = Thread.currentThread().threadId();
        sentAt = System.nanoTime();
        if (to != null && !reading.isHeldByCurrentThread() && fetch(to, BATCH_PACKETS) >= 0) {
            countFetch();
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // whether it changes is what matters
    private void countFetch() {
        fetches++;
    }

    /// Reads packets and hands them in until `done` says true, `timeoutNanos` (0: none) have passed, or the link
    /// ends.
    ///
    /// @return false at once if another thread does so already, or the link does not run
    boolean fetchUntil(BooleanSupplier done, long timeoutNanos) {
        LinkReceiver to = receiver;
        if (to == null || closing || isStreaming() || fetching.isHeldByCurrentThread() || !fetching.tryLock()) {
            return false;
        }
        try {
            if (closing || failure != null) {
                return false;
            }
            setPoll(fetchPoll, 0, device.fd, Libc.POLLIN);
            setPoll(fetchPoll, 1, fetchEvent, Libc.POLLIN);
            long deadline = timeoutNanos == 0 ? 0 : System.nanoTime() + timeoutNanos;
            while (!done.getAsBoolean() && !closing && failure == null && !isStreaming()) {
                int timeout = -1;
                if (deadline != 0) {
                    long left = deadline - System.nanoTime();
                    if (left <= 0) {
                        break;
                    }
                    timeout = (int) Math.min(Integer.MAX_VALUE, (left + MILLI - 1) / MILLI);
                }
                // To be woken takes longer than most answers do, and to wake costs the kernel's end time too.
                if (spinning.look(look.of(to, done))) {
                    continue;
                }
                Libc.poll(fetchCapture, fetchPoll, 2, timeout);
                if (fetchPoll.get(ValueLayout.JAVA_SHORT, POLLFD + POLL_REVENTS) != 0) {
                    Libc.read(fetchCapture, fetchEvent, fetchCount, Long.BYTES);
                }
                if (isGone(fetchPoll)) {
                    break; // the link's thread will say so
                }
                if (fetchPoll.get(ValueLayout.JAVA_SHORT, POLL_REVENTS) != 0) {
                    fetchWhile(to, done);
                }
            }
        } finally {
            look.forget();
            fetching.unlock();
        }
        return true;
    }

    /// What a thread in [#fetchUntil] looks for before it sleeps: a packet, which is handed in, or that it need not
    /// wait.
    private final class DeviceLook implements Look {
        private @Nullable LinkReceiver to;
        private @Nullable BooleanSupplier done;
        private long readAt;

        DeviceLook of(LinkReceiver receiver, BooleanSupplier over) {
            to = receiver;
            done = over;
            readAt = System.nanoTime();
            return this;
        }

        @Override
        public boolean getAsBoolean() {
            if (done != null && done.getAsBoolean() || closing || failure != null) {
                return true;
            }
            long now = System.nanoTime();
            if (to == null || now - readAt < LOOK) {
                return false;
            }
            readAt = now;
            if (fetch(to, 1) <= 0) {
                return false;
            }
            countFetch();
            return true;
        }

        void forget() {
            to = null;
            done = null;
        }
    }

    /// True while a stream comes in: to read the next packet and to work on the last are better done by two threads.
    /// Also while another thread sends one, which looks for its acknowledgments itself: each of them would wake this
    /// one.
    private boolean isStreaming() {
        long now = System.nanoTime();
        return now - streamedAt < STREAMING
                || now - sentAt < STREAMING && Thread.currentThread().threadId() != sender;
    }

    /// Until whoever reads has done so.
    @SuppressWarnings("LockNotBeforeTry") // nothing is done while it is held
    private void awaitOther() {
        reading.lock();
        reading.unlock();
    }

    /// One packet after the other, as the first is probably what the thread waits for.
    private void fetchWhile(LinkReceiver to, BooleanSupplier done) {
        int taken;
        do {
            taken = fetch(to, 1);
            countFetch();
            if (taken == BUSY) {
                awaitOther(); // another one hands in what has woken us
            }
        } while (taken > 0 && !done.getAsBoolean());
    }

    /// Lets the thread in [#fetchUntil] look whether it is done.
    void endFetch() {
        if (fetching.isLocked()) {
            signal(fetchEvent);
        }
    }

    private void signal(int event) {
        events.lock();
        try {
            if (open) {
                Libc.write(eventCapture, event, one, Long.BYTES);
            }
        } finally {
            events.unlock();
        }
    }

    /// Reads `most` packets at most.
    ///
    /// @return how many, or [#BUSY]
    private int fetch(LinkReceiver to, int most) {
        if (!reading.tryLock()) {
            return BUSY;
        }
        int count = 0;
        boolean large = false;
        Packet packet = null;
        MemorySegment memory = MemorySegment.NULL;
        try {
            if (failure != null) {
                return BUSY;
            }
            for (int size = 0; count < most && size < BATCH_OCTETS && !closing; count++) {
                if (packet == null) {
                    packet = to.pool().takePacket(READ_SIZE);
                    memory = memoryOf(packet);
                }
                int answer = Libc.readArray(readCapture, device.fd, memory, READ_SIZE);
                if (answer == -Libc.EAGAIN || answer == -Libc.EINTR) {
                    break;
                }
                if (answer < 0) {
                    failure = answer == -Libc.EBADFD
                            ? removed()
                            : "Reading from TUN device " + device.name + " failed (" + TunDevice.errorName(-answer)
                                    + ").";
                    break;
                }
                size += answer;
                large |= answer > LARGE;
                if (deliver(to, packet, answer)) {
                    packet = null;
                }
            }
        } finally {
            if (packet != null) {
                packet.release();
            }
            reading.unlock();
        }
        if (count > 0) {
            if (large) {
                streamedAt = System.nanoTime();
            }
            to.receivedAll();
        }
        return count;
    }

    private static MemorySegment memoryOf(Packet packet) {
        Chunk chunk = packet.chunk;
        assert chunk != null; // as it was taken with a size
        return ArrayView.of(chunk, 0);
    }

    /// Hands on what was read into the large chunk of `packet`, or a copy that does not hold so much memory.
    ///
    /// @return true if `packet` has another owner now
    private boolean deliver(LinkReceiver to, Packet packet, int size) {
        int length = size - VnetHeader.LENGTH;
        if (length <= 0 || length > TunLink.MAX_PACKET) {
            malformed.increment();
            return false;
        }
        boolean copied = length <= BufferPool.SMALL;
        Packet received = packet;
        if (copied) {
            received = to.pool().takePacket(length);
            System.arraycopy(packet.bytes, VnetHeader.LENGTH, received.bytes, received.start, length);
        } else {
            received.start = VnetHeader.LENGTH;
        }
        received.end = received.start + length;
        if (!VnetHeader.read(packet.bytes, 0, received)) {
            malformed.increment();
            received.release();
            return !copied;
        }
        packets.increment();
        octets.add(length);
        to.receivedMore(received);
        return !copied;
    }

    /// Tells all who wait for the device to end.
    void close() {
        closing = true;
        signal(stopEvent);
        signal(fetchEvent);
        LockSupport.unpark(thread);
    }

    boolean isClosing() {
        return closing;
    }

    /// True on a thread that is about to hand a packet in.
    boolean isReadingHere() {
        return Thread.currentThread() == thread || fetching.isHeldByCurrentThread() || reading.isHeldByCurrentThread();
    }

    /// Gives memory and events back, when nobody uses them any more: the link's thread has left [#run], and what
    /// [#close] has told others to leave, they leave soon. Not from within a delivery.
    void release() {
        closing = true;
        signal(fetchEvent);
        fetching.lock(); // and for ever: who comes later finds it taken
        reading.lock();
        events.lock();
        try {
            if (open) {
                open = false;
                if (failure == null) {
                    failure = "closed";
                }
                Libc.close(eventCapture, stopEvent);
                Libc.close(eventCapture, fetchEvent);
                arena.close();
            }
        } finally {
            events.unlock();
            reading.unlock();
            fetching.unlock();
        }
    }

    private String removed() {
        return "TUN device " + device.name + " was removed.";
    }

    /// True if the device (the first entry) reported something, but nothing to read.
    private static boolean isGone(MemorySegment fds) {
        short reported = fds.get(ValueLayout.JAVA_SHORT, POLL_REVENTS);
        return reported != 0 && (reported & Libc.POLLIN) == 0;
    }

    static void setPoll(MemorySegment fds, int index, int fd, short events) {
        long at = (long) index * POLLFD;
        fds.set(ValueLayout.JAVA_INT, at, fd);
        fds.set(ValueLayout.JAVA_SHORT, at + POLL_EVENTS, events);
        fds.set(ValueLayout.JAVA_SHORT, at + POLL_REVENTS, (short) 0);
    }
}
