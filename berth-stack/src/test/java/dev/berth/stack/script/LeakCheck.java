package dev.berth.stack.script;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Chunk;
import dev.berth.wire.Packet;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/// Proves that everything taken from a pool came back: it fills the pool with packets and chunks that it knows, and
/// looks for them again in the end. Whoever takes without giving back takes from these first.
public final class LeakCheck {
    private static final int KNOWN = 32;
    private static final int SEARCH = 1_000;

    private final BufferPool pool;
    private final Set<Object> known = Collections.newSetFromMap(new IdentityHashMap<>());

    public LeakCheck(BufferPool pool) {
        this.pool = pool;
        List<Packet> packets = new ArrayList<>();
        List<Chunk> chunks = new ArrayList<>();
        for (int i = 0; i < KNOWN; i++) {
            packets.add(pool.takePacket());
            chunks.add(pool.takeTiny());
            chunks.add(pool.takeChunk(BufferPool.SMALL));
            if (i % 4 == 0) {
                chunks.add(pool.takeChunk(BufferPool.LARGE));
            }
        }
        known.addAll(packets);
        known.addAll(chunks);
        packets.forEach(Packet::release);
        chunks.forEach(Chunk::release);
    }

    /// Fails if a packet or chunk is missing. The pool is useless afterwards.
    public void assertNothingIsMissing() {
        for (int i = 0; i < SEARCH && !known.isEmpty(); i++) {
            known.remove(pool.takePacket());
            known.remove(pool.takeTiny());
            known.remove(pool.takeChunk(BufferPool.SMALL));
            if (i % 4 == 0) {
                known.remove(pool.takeChunk(BufferPool.LARGE));
            }
        }
        assertThat(known)
                .as("packets and chunks that were taken and never given back")
                .isEmpty();
    }
}
