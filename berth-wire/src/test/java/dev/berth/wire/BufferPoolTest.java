package dev.berth.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.berth.check.Seeds;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class BufferPoolTest {
    @Test
    void what_is_given_back_is_taken_again() {
        BufferPool pool = new BufferPool();
        Chunk chunk = pool.takeChunk(100);
        Packet packet = pool.takePacket();
        assertThat(chunk.bytes).hasSize(BufferPool.SMALL);
        chunk.release();
        packet.release();
        assertThat(pool.takeChunk(1)).isSameAs(chunk);
        assertThat(pool.takePacket()).isSameAs(packet);
        assertThat(pool.outstanding()).isEqualTo(2);
    }

    @Test
    void packets_that_are_given_back_several_at_a_time_keep_the_bound_and_find_their_pool() {
        Seeds.run(50, random -> {
            BufferPool[] pools = {new BufferPool(40, 4, 4), new BufferPool(40, 4, 4)};
            PacketReturns returns = new PacketReturns();
            List<Packet> held = new ArrayList<>();
            Set<Packet> here = new HashSet<>();
            for (int i = 0; i < 400; i++) {
                if (random.nextInt(5) > 0) {
                    int pool = random.nextInt(8) == 0 ? 1 : 0;
                    Packet packet = pools[pool].takePacket();
                    assertThat(packet.pool()).isSameAs(pools[pool]);
                    assertThat(here.add(packet)).as("taken once").isTrue();
                    Chunk chunk = pools[pool].takeChunk(1);
                    packet.setTail(chunk, 0, 1);
                    chunk.release();
                    held.add(packet);
                } else {
                    for (int left = random.nextInt(held.size() + 1); left > 0; left--) {
                        Packet packet = held.remove(random.nextInt(held.size()));
                        here.remove(packet);
                        if (random.nextInt(4) == 0) {
                            packet.release();
                        } else {
                            returns.add(packet);
                        }
                    }
                }
            }
            held.forEach(returns::add);
            returns.giveBack();
            returns.giveBack(); // nothing is left
            for (BufferPool pool : pools) {
                assertThat(pool.outstanding()).isZero();
            }
        });
    }

    @Test
    void a_stock_takes_no_more_packets_at_a_time_than_it_has_room_for() {
        BufferPool pool = new BufferPool(4, 0, 0);
        List<Packet> packets = List.of(pool.takePacket(), pool.takePacket(), pool.takePacket());
        List<Packet> more = List.of(pool.takePacket(), pool.takePacket());
        PacketReturns returns = new PacketReturns();
        packets.forEach(returns::add);
        assertThat(pool.outstanding()).isEqualTo(5);
        returns.giveBack();
        assertThat(pool.outstanding()).isEqualTo(2);
        more.forEach(returns::add);
        returns.giveBack();
        assertThat(pool.outstanding()).isZero();
        Set<Packet> again = new HashSet<>();
        for (int i = 0; i < 4; i++) {
            again.add(pool.takePacket());
        }
        assertThat(again).containsAll(packets).doesNotContainAnyElementsOf(more);
    }

    @Test
    void sizes_have_classes_and_a_bound() {
        BufferPool pool = new BufferPool();
        assertThat(pool.takeChunk(BufferPool.SMALL).bytes).hasSize(BufferPool.SMALL);
        assertThat(pool.takeChunk(BufferPool.SMALL + 1).bytes).hasSize(BufferPool.LARGE);
        assertThatIllegalArgumentException().isThrownBy(() -> pool.takeChunk(BufferPool.LARGE + 1));
    }

    @Test
    void the_stock_is_bounded() {
        BufferPool pool = new BufferPool(2, 2, 2);
        List<Chunk> chunks = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            chunks.add(pool.takeChunk(1));
        }
        chunks.forEach(Chunk::release);
        assertThat(pool.outstanding()).isZero();
        Set<Chunk> again = new HashSet<>();
        for (int i = 0; i < 3; i++) {
            again.add(pool.takeChunk(1));
        }
        assertThat(chunks.stream().filter(again::contains)).hasSize(2);
    }

    @Test
    void the_stock_of_large_chunks_is_bounded_whatever_the_order() {
        Seeds.run(50, random -> {
            BufferPool pool = new BufferPool(2, 2, 4);
            List<Chunk> held = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                held.add(pool.takeChunk(BufferPool.LARGE));
            }
            Set<Chunk> seen = new HashSet<>(held);
            while (!held.isEmpty()) {
                held.remove(random.nextInt(held.size())).release();
                if (random.nextInt(3) == 0) {
                    Chunk taken = pool.takeChunk(BufferPool.LARGE);
                    assertThat(held).doesNotContain(taken);
                    held.add(taken);
                    seen.add(taken);
                }
            }
            assertThat(pool.outstanding()).isZero();
            int known = 0;
            for (int i = 0; i < 20; i++) {
                known += seen.contains(pool.takeChunk(BufferPool.LARGE)) ? 1 : 0;
            }
            assertThat(known).isBetween(4, 8);
            assertThat(pool.outstanding()).isEqualTo(20);
        });
    }

    @Test
    void the_large_chunk_that_was_given_back_last_is_taken_first() {
        BufferPool pool = new BufferPool();
        List<Chunk> chunks = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            chunks.add(pool.takeChunk(BufferPool.LARGE));
        }
        chunks.forEach(Chunk::release);
        for (int i = 0; i < 10; i++) {
            Chunk chunk = pool.takeChunk(BufferPool.LARGE);
            assertThat(chunk).isSameAs(chunks.get(4));
            chunk.release();
        }
        assertThat(pool.takeChunk(BufferPool.LARGE)).isSameAs(chunks.get(4));
        assertThat(pool.takeChunk(BufferPool.LARGE)).isSameAs(chunks.get(3));
    }

    @Test
    void headroom_is_left_for_one_use_and_claimed_by_one_at_a_time() {
        BufferPool pool = new BufferPool();
        Chunk chunk = pool.takeChunk(BufferPool.LARGE);
        chunk.leaveHeadroom();
        assertThat(chunk.begin).isEqualTo(Chunk.HEADROOM);
        assertThat(chunk.room()).isEqualTo(BufferPool.LARGE - Chunk.HEADROOM).isGreaterThanOrEqualTo(65_535);
        assertThat(chunk.claimHeadroom()).isTrue();
        assertThat(chunk.claimHeadroom()).isFalse();
        chunk.releaseHeadroom();
        assertThat(chunk.claimHeadroom()).isTrue();
        chunk.releaseHeadroom();
        chunk.release();
        assertThat(pool.takeChunk(BufferPool.LARGE)).isSameAs(chunk);
        assertThat(chunk.begin).isZero();
        assertThat(chunk.room()).isEqualTo(BufferPool.LARGE);
    }

    @Test
    void a_chunk_goes_back_with_its_last_reference() {
        BufferPool pool = new BufferPool();
        Chunk chunk = pool.takeChunk(1);
        Packet packet = pool.takePacket();
        packet.setTail(chunk, 0, 1);
        chunk.release();
        assertThat(pool.takeChunk(1)).isNotSameAs(chunk);
        packet.release();
        assertThat(pool.takeChunk(1)).isSameAs(chunk);
    }

    @Test
    void a_packet_is_clean_when_it_is_taken_again() {
        BufferPool pool = new BufferPool();
        Packet packet = pool.takePacket(100);
        packet.end = 50;
        packet.segmentSize = 7;
        packet.checksum = Packet.CHECKSUM_PARTIAL;
        packet.release();
        Packet again = pool.takePacket();
        assertThat(again).isSameAs(packet);
        assertThat(again.length()).isZero();
        assertThat(again.start).isEqualTo(Packet.TRANSPORT_AT);
        assertThat(again.segmentSize).isZero();
        assertThat(again.checksum).isEqualTo(Packet.CHECKSUM_COMPLETE);
        assertThat(again.bytes).hasSize(Packet.HEADER_ROOM);
    }

    @Test
    void a_partial_checksum_is_completed_over_header_and_tail() {
        BufferPool pool = new BufferPool();
        for (int length = 0; length < 70; length++) {
            Chunk data = pool.takeChunk(length);
            for (int i = 0; i < length; i++) {
                data.bytes[i] = (byte) (i * 37);
            }
            Packet packet = pool.takePacket();
            packet.protocol = IpProtocol.UDP;
            packet.end = packet.transportAt + UdpHeader.LENGTH;
            Bytes.put16(packet.bytes, packet.transportAt, 1_234);
            long pseudo = InternetChecksum.pseudoHeaderSum(false, 0, 1, 0, 2, 17, 8 + length);
            Bytes.put16(packet.bytes, packet.transportAt + UdpHeader.CHECKSUM, InternetChecksum.fold(pseudo));
            packet.checksum = Packet.CHECKSUM_PARTIAL;
            packet.setTail(data, 0, length);
            packet.completeChecksum();
            byte[] whole = new byte[8 + length];
            assertThat(packet.copyTo(whole, 0)).isEqualTo(8 + length);
            assertThat(InternetChecksum.finish(pseudo + InternetChecksum.payloadSum(whole, 0, whole.length)))
                    .isZero();
            data.release();
            packet.release();
        }
    }

    @Test
    @Timeout(60)
    void one_takes_and_many_give_back() throws Exception {
        BufferPool pool = new BufferPool();
        ConcurrentLinkedQueue<Chunk> handedOn = new ConcurrentLinkedQueue<>();
        AtomicBoolean done = new AtomicBoolean();
        try (ExecutorService executor = Executors.newFixedThreadPool(3)) {
            List<Future<?>> givers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                givers.add(executor.submit(() -> {
                    while (!done.get() || !handedOn.isEmpty()) {
                        Chunk chunk = handedOn.poll();
                        if (chunk != null) {
                            assertThat(chunk.bytes[0]).isEqualTo((byte) chunk.used);
                            chunk.release();
                        }
                    }
                    return null;
                }));
            }
            for (int i = 0; i < 300_000; i++) {
                Chunk chunk = pool.takeChunk(1);
                assertThat(chunk.isExclusive()).isTrue();
                chunk.used = i & 0x7f;
                chunk.bytes[0] = (byte) (i & 0x7f);
                handedOn.add(chunk);
            }
            done.set(true);
            for (Future<?> giver : givers) {
                giver.get(30, TimeUnit.SECONDS);
            }
        }
        assertThat(pool.outstanding()).isZero();
    }

    @Test
    void a_tiny_chunk_that_its_taker_gives_back_comes_again_empty() {
        BufferPool pool = new BufferPool();
        Chunk tiny = pool.takeTiny();
        assertThat(tiny.bytes).hasSize(BufferPool.TINY);
        tiny.used = 5;
        pool.releaseHere(tiny);
        assertThat(pool.outstanding()).isZero();
        assertThat(pool.takeTiny()).isSameAs(tiny);
        assertThat(tiny.used).isZero();
        assertThat(tiny.isExclusive()).isTrue();
        assertThat(pool.outstanding()).isEqualTo(1);
        tiny.release();
        assertThat(pool.takeTiny()).isSameAs(tiny);
        tiny.release();
        assertThat(pool.outstanding()).isZero();
    }

    @Test
    void a_chunk_that_somebody_else_still_has_or_that_is_of_another_pool_is_only_released() {
        BufferPool pool = new BufferPool();
        BufferPool other = new BufferPool();
        Chunk shared = pool.takeTiny();
        shared.retain();
        pool.releaseHere(shared);
        assertThat(pool.outstanding()).isEqualTo(1);
        assertThat(pool.takeTiny()).isNotSameAs(shared);
        shared.release();
        assertThat(pool.outstanding()).isEqualTo(1);
        Chunk foreign = other.takeTiny();
        pool.releaseHere(foreign);
        assertThat(other.outstanding()).isZero();
        assertThat(other.takeTiny()).isSameAs(foreign);
        Chunk small = pool.takeChunk(1);
        pool.releaseHere(small);
        assertThat(pool.outstanding()).isEqualTo(1);
        assertThat(pool.takeChunk(1)).isSameAs(small);
    }

    @Test
    void a_pool_keeps_no_more_tiny_chunks_than_small_ones() {
        BufferPool pool = new BufferPool(0, 3, 0);
        List<Chunk> taken = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            taken.add(pool.takeTiny());
        }
        taken.forEach(pool::releaseHere);
        assertThat(pool.outstanding()).isZero();
        List<Chunk> again = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            again.add(pool.takeTiny());
        }
        assertThat(again.stream().filter(taken::contains)).hasSize(3);
        assertThat(again).doesNotHaveDuplicates();
    }

    /// The taker itself gives some back, and other threads the rest.
    @Test
    @Timeout(60)
    void tiny_chunks_come_back_from_everywhere() throws Exception {
        BufferPool pool = new BufferPool();
        ConcurrentLinkedQueue<Chunk> handedOn = new ConcurrentLinkedQueue<>();
        AtomicBoolean done = new AtomicBoolean();
        try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
            Future<?> giver = executor.submit(() -> {
                while (!done.get() || !handedOn.isEmpty()) {
                    Chunk chunk = handedOn.poll();
                    if (chunk != null) {
                        assertThat(chunk.bytes[0]).isEqualTo((byte) chunk.used);
                        chunk.release();
                    }
                }
                return null;
            });
            for (int i = 0; i < 100_000; i++) {
                Chunk chunk = pool.takeTiny();
                assertThat(chunk.isExclusive()).isTrue();
                chunk.used = i & 0x3f;
                chunk.bytes[0] = (byte) (i & 0x3f);
                if (i % 3 == 0) {
                    pool.releaseHere(chunk);
                } else if (i % 3 == 1) {
                    chunk.retain();
                    handedOn.add(chunk);
                    pool.releaseHere(chunk);
                } else {
                    handedOn.add(chunk);
                }
            }
            done.set(true);
            giver.get(30, TimeUnit.SECONDS);
        }
        assertThat(pool.outstanding()).isZero();
    }
}
