package dev.berth.wire;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/// A bounded stock of [Packet]s and [Chunk]s for one taker, so that moving packets allocates nothing.
///
/// One thread at a time takes (the one that holds the host's lock, or a link's own thread); any thread gives back.
/// What is given back goes on a shared stack by compare-and-set; the taker fetches that whole stack when its own is
/// empty, so no entry is popped singly and there is no ABA problem. The stock is an optimisation and a counter, never
/// a safety boundary: above its bound, entries are left to the garbage collector.
public final class BufferPool extends BufferPoolApart {
    /// Octets of a tiny chunk: a message of a few words. It lies in two lines of a cache with its object; the small
    /// ones of a thousand connections that have an octet on its way each are in a thousand pages.
    public static final int TINY = 64;

    /// Octets of a small chunk: one segment of an Ethernet-sized MTU.
    public static final int SMALL = 2_048;

    /// Octets of a large chunk: a 65,535 octet packet with room for link headers.
    public static final int LARGE = 66_560;

    /// So few packets are not worth the way to those that were given back.
    private static final int FEW = 16;

    private static final VarHandle PACKETS;
    private static final VarHandle TINIES;
    private static final VarHandle SMALLS;
    private static final VarHandle LARGES;
    private static final VarHandle DISCARDED;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            PACKETS = lookup.findVarHandle(BufferPool.class, "returnedPackets", Packet.class);
            TINIES = lookup.findVarHandle(BufferPool.class, "returnedTinies", Chunk.class);
            SMALLS = lookup.findVarHandle(BufferPool.class, "returnedSmalls", Chunk.class);
            LARGES = lookup.findVarHandle(BufferPool.class, "returnedLarges", Chunk.class);
            DISCARDED = lookup.findVarHandle(BufferPool.class, "discarded", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int maxPackets;
    private final int maxSmalls;
    private final int maxLarges;

    @SuppressWarnings("unused") // through DISCARDED
    private volatile int discarded;

    @SuppressWarnings("unused") // through PACKETS
    private volatile @Nullable Packet returnedPackets;

    @SuppressWarnings("unused") // through TINIES
    private volatile @Nullable Chunk returnedTinies;

    @SuppressWarnings("unused") // through SMALLS
    private volatile @Nullable Chunk returnedSmalls;

    @SuppressWarnings("unused") // through LARGES
    private volatile @Nullable Chunk returnedLarges;

    /// A pool with the ordinary bounds: 1,024 packets, 1,024 small, as many tiny and 160 large chunks (about 13 MiB
    /// when full): what one stream keeps on its way with the largest buffers that tuning gives it.
    public BufferPool() {
        this(1_024, 1_024, 160);
    }

    /// A pool that keeps at most so many unused entries of each kind; 0 keeps none.
    public BufferPool(int maxPackets, int maxSmalls, int maxLarges) {
        this.maxPackets = maxPackets;
        this.maxSmalls = maxSmalls;
        this.maxLarges = maxLarges;
    }

    /// An empty packet with header room, without payload. The caller owns it and must [Packet#release] it or hand it
    /// on.
    public Packet takePacket() {
        Packet packet = packets;
        if (packet == null) {
            packet = (Packet) PACKETS.getAndSet(this, null);
            if (packet == null) {
                created++;
                return new Packet(this);
            }
            if (packet.depth < Math.min(FEW, maxPackets)) {
                // To fetch what was given back takes long where another processor has given it back: with a few more
                // packets that is seldom.
                created++;
                Packet more = new Packet(this);
                more.below = packet.below;
                packet.below = more;
            }
        }
        packets = packet.below;
        packet.reset();
        return packet;
    }

    /// A packet whose bytes are a chunk of at least `size` octets ([#LARGE] at most): for links that receive.
    public Packet takePacket(int size) {
        Packet packet = takePacket();
        packet.useChunk(takeChunk(size));
        return packet;
    }

    /// An empty chunk of at least `size` octets, with one reference that belongs to the caller.
    ///
    /// @throws IllegalArgumentException if `size` is more than [#LARGE]
    public Chunk takeChunk(int size) {
        Chunk chunk;
        if (size <= SMALL) {
            chunk = smalls;
            if (chunk == null) {
                chunk = (Chunk) SMALLS.getAndSet(this, null);
            }
            if (chunk == null) {
                created++;
                chunk = new Chunk(this, SMALL);
            } else {
                smalls = chunk.below;
            }
        } else {
            if (size > LARGE) {
                throw new IllegalArgumentException("No chunk of " + size + " octets: the largest has " + LARGE);
            }
            chunk = takeLarge();
        }
        chunk.taken();
        return chunk;
    }

    /// An empty chunk of [#TINY] octets, with one reference that belongs to the caller.
    public Chunk takeTiny() {
        Chunk chunk = tinies;
        if (chunk == null) {
            chunk = (Chunk) TINIES.getAndSet(this, null);
        }
        if (chunk == null) {
            created++;
            chunk = new Chunk(this, TINY);
        } else {
            tinies = chunk.below;
        }
        chunk.taken();
        return chunk;
    }

    /// As [Chunk#release], by the thread that takes: a tiny chunk of this stock goes back to it without an atomic
    /// step.
    public void releaseHere(Chunk chunk) {
        if (chunk.pool != this || chunk.bytes.length != TINY || !chunk.isExclusive()) {
            chunk.release();
            return;
        }
        chunk.gone();
        Chunk top = tinies;
        int depth = top == null ? 1 : top.depth + 1;
        if (depth > maxSmalls) {
            DISCARDED.getAndAdd(this, 1);
            return;
        }
        chunk.below = top;
        chunk.depth = depth;
        tinies = chunk;
    }

    /// The one that was given back last, as it is the likeliest to be in a cache still. Through its stock, a stream
    /// would go round all that it ever had on its way at once, which is more than a cache holds.
    private Chunk takeLarge() {
        if (returnedLarges != null) {
            stockLarges((Chunk) LARGES.getAndSet(this, null));
        }
        Chunk chunk = larges;
        if (chunk == null) {
            created++;
            return new Chunk(this, LARGE);
        }
        larges = chunk.below;
        return chunk;
    }

    /// Puts what was given back on top of the stock, as far as the bound allows.
    private void stockLarges(Chunk returned) {
        Chunk stock = larges;
        int stocked = stock == null ? 0 : stock.depth;
        Chunk top = returned;
        int excess = top.depth + stocked - maxLarges;
        for (; excess > 0 && top != null; excess--) {
            DISCARDED.getAndAdd(this, 1);
            top = top.below;
        }
        if (top == null) {
            return;
        }
        larges = top;
        Chunk each = top;
        each.depth += stocked;
        for (Chunk below = each.below; below != null; below = each.below) {
            each = below;
            each.depth += stocked;
        }
        each.below = stock;
    }

    /// Packets and chunks that were taken and not given back, for tests. Counts the stock, so it takes a while; right
    /// only while nobody takes or gives back.
    public int outstanding() {
        int stocked = count(smalls) + count(returnedSmalls) + count(larges) + count(returnedLarges);
        stocked += count(tinies) + count(returnedTinies);
        for (Packet packet = packets; packet != null; packet = packet.below) {
            stocked++;
        }
        for (Packet packet = returnedPackets; packet != null; packet = packet.below) {
            stocked++;
        }
        return created - discarded - stocked;
    }

    private static int count(@Nullable Chunk first) {
        int count = 0;
        for (Chunk chunk = first; chunk != null; chunk = chunk.below) {
            count++;
        }
        return count;
    }

    void giveBack(Packet packet) {
        for (; ; ) {
            Packet top = returnedPackets;
            int depth = top == null ? 1 : top.depth + 1;
            if (depth > maxPackets) {
                DISCARDED.getAndAdd(this, 1);
                return;
            }
            packet.below = top;
            packet.depth = depth;
            if (PACKETS.compareAndSet(this, top, packet)) {
                return;
            }
        }
    }

    /// Gives `count` packets back, each but the last linked to the next by `below`; all or none are kept.
    void giveBack(Packet first, Packet last, int count) {
        for (; ; ) {
            Packet top = returnedPackets;
            int depth = top == null ? count : top.depth + count;
            if (depth > maxPackets) {
                DISCARDED.getAndAdd(this, count);
                return;
            }
            last.below = top;
            first.depth = depth;
            if (PACKETS.compareAndSet(this, top, first)) {
                return;
            }
        }
    }

    // The three methods for chunks differ in the stack only. It must be a constant for the compiler: through a
    // variable every compare-and-set would look its method up, and the C2 compiler of JDK 25.0.3 crashes on such code
    // now and then.

    void giveBack(Chunk chunk) {
        switch (chunk.bytes.length) {
            case TINY -> giveBackTiny(chunk);
            case SMALL -> giveBackSmall(chunk);
            default -> giveBackLarge(chunk);
        }
    }

    private void giveBackTiny(Chunk chunk) {
        for (; ; ) {
            Chunk top = returnedTinies;
            int depth = top == null ? 1 : top.depth + 1;
            if (depth > maxSmalls) {
                DISCARDED.getAndAdd(this, 1);
                return;
            }
            chunk.below = top;
            chunk.depth = depth;
            if (TINIES.compareAndSet(this, top, chunk)) {
                return;
            }
        }
    }

    private void giveBackSmall(Chunk chunk) {
        for (; ; ) {
            Chunk top = returnedSmalls;
            int depth = top == null ? 1 : top.depth + 1;
            if (depth > maxSmalls) {
                DISCARDED.getAndAdd(this, 1);
                return;
            }
            chunk.below = top;
            chunk.depth = depth;
            if (SMALLS.compareAndSet(this, top, chunk)) {
                return;
            }
        }
    }

    private void giveBackLarge(Chunk chunk) {
        for (; ; ) {
            Chunk top = returnedLarges;
            int depth = top == null ? 1 : top.depth + 1;
            if (depth > maxLarges) {
                DISCARDED.getAndAdd(this, 1);
                return;
            }
            chunk.below = top;
            chunk.depth = depth;
            if (LARGES.compareAndSet(this, top, chunk)) {
                return;
            }
        }
    }
}
