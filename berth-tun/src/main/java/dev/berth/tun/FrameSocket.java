package dev.berth.tun;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A UNIX socket of datagrams, one frame in each, with several peers: Java has no such sockets. A peer is known by
/// the address of its own socket, from its first datagram on.
///
/// One platform daemon thread, `berth-frames-NAME`, reads, and one for each peer that is slow writes what waits for
/// it. The kernel lets few datagrams wait at a socket (`net.unix.max_dgram_qlen`), so that this is ordinary. [#send]
/// never waits. Nothing is allocated per frame. Linux only; thread-safe.
public final class FrameSocket implements AutoCloseable {
    private static final int MAX_FRAME = 65_535 + 18;
    private static final int SOCKADDR = 110; // sa_family and sun_path, unix(7)
    private static final int MAX_PATH = 107;
    private static final int OWNER_ONLY = 0600;
    private static final int NAMED = Short.BYTES; // octets of the address of a socket without a name
    private static final int QUEUE = 1 << 20;
    private static final long STUCK_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final String path;
    private final int fd;
    private final Arena arena = Arena.ofShared();
    private final NativeReader reader;
    private final @Nullable Peer[] peers; // changed by the thread that reads, before it tells of a peer
    private final AtomicLong refused = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private boolean open = true;

    private FrameSocket(Path path, int fd, int maxPeers) throws IOException {
        this.path = path.toString();
        this.fd = fd;
        peers = new Peer[maxPeers];
        reader = new NativeReader(arena, fd, "berth-frames-" + path.getFileName(), this::release);
    }

    /// Binds a socket to a path, which nothing is at. Its file is for this user alone (mode 600).
    ///
    /// @param maxPeers peers at once; datagrams of others are dropped and counted
    /// @throws IOException if that is not possible, with one sentence that says why
    public static FrameSocket bind(Path path, int maxPeers) throws IOException {
        Libc.Access.require();
        byte[] octets = path.toString().getBytes(StandardCharsets.UTF_8);
        if (octets.length > MAX_PATH) {
            throw new IOException("The path of a UNIX socket has at most " + MAX_PATH + " octets: " + path);
        }
        try (Arena own = Arena.ofConfined()) {
            MemorySegment capture = own.allocate(Libc.CAPTURE);
            int fd = Libc.socket(capture, Libc.AF_UNIX);
            if (fd < 0) {
                throw new IOException("Cannot open a UNIX socket (" + TunDevice.errorName(-fd) + ").");
            }
            boolean bound = false;
            try {
                // Linux makes the file with the rights that the socket has, so that it never has others.
                Libc.fchmod(capture, fd, OWNER_ONLY);
                MemorySegment address = own.allocate(SOCKADDR, 8);
                address.set(ValueLayout.JAVA_SHORT, 0, (short) Libc.AF_UNIX);
                MemorySegment.copy(octets, 0, address, ValueLayout.JAVA_BYTE, NAMED, octets.length);
                int answer = Libc.bind(capture, fd, address, NAMED + octets.length + 1);
                if (answer < 0) {
                    throw new IOException(
                            "Cannot bind a UNIX socket to " + path + " (" + TunDevice.errorName(-answer) + ").");
                }
                FrameSocket socket = new FrameSocket(path, fd, maxPeers);
                bound = true;
                return socket;
            } finally {
                if (!bound) {
                    Libc.close(capture, fd);
                }
            }
        }
    }

    /// Datagrams that were dropped because their sender has no address, or as many peers were there as may be.
    public long refused() {
        return refused.get();
    }

    /// Begins to read.
    public void start(FrameInput input) {
        Objects.requireNonNull(input);
        reader.start(new NativeReader.Source() {
            private final MemorySegment in = arena.allocate(MAX_FRAME, 64);
            private final MemorySegment address = arena.allocate(SOCKADDR, 8);
            private final MemorySegment size = arena.allocate(ValueLayout.JAVA_INT);
            private final byte[] frame = new byte[MAX_FRAME];

            @Override
            public int read(MemorySegment errno) {
                size.set(ValueLayout.JAVA_INT, 0, SOCKADDR);
                int length = Libc.recvfrom(errno, fd, in, MAX_FRAME, Libc.MSG_DONTWAIT, address, size);
                if (length >= 0) {
                    int sender = sender(address, Math.min(SOCKADDR, size.get(ValueLayout.JAVA_INT, 0)), input);
                    if (sender < 0) {
                        refused.incrementAndGet();
                    } else {
                        MemorySegment.copy(in, ValueLayout.JAVA_BYTE, 0, frame, 0, length);
                        input.frame(sender, frame, length);
                    }
                }
                return length;
            }

            @Override
            public void waiting() {
                forgetLost(input);
                input.endOfBatch();
            }

            @Override
            public void ended(int error) {
                input.ended(
                        error == 0
                                ? "Socket " + path + " was closed."
                                : "Reading from socket " + path + " failed (" + TunDevice.errorName(error) + ").");
            }
        });
    }

    /// The number of the peer that has an address, a new one where there is room; -1 without.
    private int sender(MemorySegment address, int size, FrameInput input) {
        if (size <= NAMED) {
            return -1; // nobody could answer it
        }
        int free = -1;
        for (int i = 0; i < peers.length; i++) {
            Peer peer = peers[i];
            if (peer == null) {
                free = free < 0 ? i : free;
            } else if (peer.is(address, size)) {
                if (peer.lost) {
                    remove(i, peer, input);
                    free = i;
                    break;
                }
                return i;
            }
        }
        if (free >= 0) {
            peers[free] = new Peer(address, size);
        }
        return free;
    }

    private void forgetLost(FrameInput input) {
        for (int i = 0; i < peers.length; i++) {
            Peer peer = peers[i];
            if (peer != null && peer.lost) {
                remove(i, peer, input);
            }
        }
    }

    private void remove(int number, Peer peer, FrameInput input) {
        peers[number] = null;
        peer.end();
        input.left(number);
    }

    /// Cuts a peer off; its next datagram makes it a new one. On the thread that reads, or before it starts.
    public void forget(int peer) {
        Peer known = peers[peer];
        if (known != null) {
            known.lost = true;
        }
    }

    /// Sends a frame to a peer.
    ///
    /// @return false if it was dropped: as much waits for the peer as may, or it is gone
    public boolean send(int peer, byte[] bytes, int at, int length) {
        Peer to = peers[peer];
        return to != null && !to.lost && length <= MAX_FRAME && to.send(bytes, at, length);
    }

    private void release() {
        for (Peer peer : peers) {
            if (peer != null) {
                peer.end();
            }
        }
        lock.lock();
        try {
            if (open) {
                open = false;
                try (Arena own = Arena.ofConfined()) {
                    Libc.close(own.allocate(Libc.CAPTURE), fd);
                }
                arena.close();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Ends it, waiting 5 seconds at most for its threads. The file stays. Idempotent.
    @Override
    public void close() {
        reader.close();
    }

    @Override
    public String toString() {
        return "FrameSocket[" + path + "]";
    }

    /// One peer, and what waits for it.
    private final class Peer {
        private final ReentrantLock guard = new ReentrantLock();
        private final Condition more = guard.newCondition();
        private final Arena own = Arena.ofShared();
        private final MemorySegment address;
        private final MemorySegment capture = own.allocate(Libc.CAPTURE);
        private final MemorySegment buffer = own.allocate(MAX_FRAME, 64);

        /// Frames behind their lengths, in a ring that is made when the first has to wait.
        @GuardedBy("guard")
        private byte[] ring = {};

        @GuardedBy("guard")
        private int head;

        @GuardedBy("guard")
        private int used;

        @GuardedBy("guard")
        private boolean writing;

        @GuardedBy("guard")
        private boolean ended;

        volatile boolean lost;

        Peer(MemorySegment address, int size) {
            this.address = own.allocate(size, 8);
            this.address.copyFrom(address.asSlice(0, size));
        }

        boolean is(MemorySegment other, int size) {
            return address.byteSize() == size && address.mismatch(other.asSlice(0, size)) < 0;
        }

        boolean send(byte[] bytes, int at, int length) {
            boolean taken;
            guard.lock();
            try {
                if (ended) {
                    return false;
                }
                taken = used == 0 && attempt(bytes, at, length) || enqueue(bytes, at, length);
            } finally {
                guard.unlock();
            }
            wakeIfLost();
            return taken && !lost;
        }

        /// Without the guard, which the reader takes under a lock of its own.
        private void wakeIfLost() {
            if (lost) {
                reader.wake();
            }
        }

        /// Returns true if the kernel took it or the peer is lost, false if it has to wait.
        @GuardedBy("guard")
        private boolean attempt(byte[] bytes, int at, int length) {
            MemorySegment.copy(bytes, at, buffer, ValueLayout.JAVA_BYTE, 0, length);
            return transmit(length);
        }

        @GuardedBy("guard")
        private boolean transmit(int length) {
            int answer;
            do {
                answer = Libc.sendto(capture, fd, buffer, length, Libc.MSG_DONTWAIT, address, (int) address.byteSize());
            } while (answer == -Libc.EINTR);
            if (answer == -Libc.EAGAIN || answer == -Libc.ENOBUFS) {
                return false;
            }
            lost |= answer < 0;
            return true;
        }

        @GuardedBy("guard")
        private boolean enqueue(byte[] bytes, int at, int length) {
            if (ring.length == 0) {
                ring = new byte[QUEUE];
            }
            if (used + Integer.BYTES + length > QUEUE) {
                return false;
            }
            int to = head + used;
            for (int shift = 24; shift >= 0; shift -= 8) {
                ring[to++ & QUEUE - 1] = (byte) (length >>> shift);
            }
            int start = to & QUEUE - 1;
            int first = Math.min(length, QUEUE - start);
            System.arraycopy(bytes, at, ring, start, first);
            System.arraycopy(bytes, at + first, ring, 0, length - first);
            used += Integer.BYTES + length;
            if (!writing) {
                Thread.ofPlatform().daemon().name("berth-frames-writer").start(this::write);
                writing = true; // only now: a thread that cannot be had would be waited for for ever
            }
            more.signal();
            return true;
        }

        /// Sends what waits, until the peer takes frames at once again. A peer that takes none for a while loses what
        /// waits for it.
        private void write() {
            guard.lock();
            try {
                drain();
                used = 0;
                writing = false;
                if (ended) {
                    more.signalAll();
                }
            } finally {
                guard.unlock();
            }
            wakeIfLost();
        }

        @GuardedBy("guard")
        private void drain() {
            try {
                long since = System.nanoTime();
                while (used > 0 && !ended && !lost) {
                    int length = 0;
                    for (int i = 0; i < Integer.BYTES; i++) {
                        length = length << 8 | ring[head + i & QUEUE - 1] & 0xff;
                    }
                    int start = head + Integer.BYTES & QUEUE - 1;
                    int first = Math.min(length, QUEUE - start);
                    MemorySegment.copy(ring, start, buffer, ValueLayout.JAVA_BYTE, 0, first);
                    MemorySegment.copy(ring, 0, buffer, ValueLayout.JAVA_BYTE, first, length - first);
                    if (transmit(length)) {
                        since = System.nanoTime();
                        head = start + length & QUEUE - 1;
                        used -= Integer.BYTES + length;
                    } else if (System.nanoTime() - since > STUCK_NANOS) {
                        used = 0;
                    } else {
                        // The kernel tells nobody when an unconnected socket's peer has room.
                        long unused = more.awaitNanos(RETRY_NANOS);
                        assert unused <= RETRY_NANOS;
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // nobody does that; what waits is lost
            }
        }

        void end() {
            guard.lock();
            try {
                ended = true;
                more.signalAll();
                while (writing) {
                    more.awaitUninterruptibly();
                }
                if (own.scope().isAlive()) {
                    own.close();
                }
            } finally {
                guard.unlock();
            }
        }
    }
}
