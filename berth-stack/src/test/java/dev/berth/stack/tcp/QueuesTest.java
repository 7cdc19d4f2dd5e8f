package dev.berth.stack.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Seeds;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Chunk;
import dev.berth.wire.Packet;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The queues of a connection against models that are too simple to be wrong.
class QueuesTest {
    private final MemoryBudget budget = new MemoryBudget(1L << 40);

    private static byte octet(int seq) {
        return (byte) (seq * 31 + (seq >>> 8) * 7);
    }

    // Sequence numbers

    @Test
    void sequence_numbers_compare_modulo_2_32() {
        Seeds.run(2_000, random -> {
            int a = random.nextInt();
            int ahead = random.nextInt() & Integer.MAX_VALUE;
            int b = a + ahead;
            assertThat(SeqNum.leq(a, b)).isTrue();
            assertThat(SeqNum.geq(b, a)).isTrue();
            assertThat(SeqNum.lt(a, b)).isEqualTo(ahead > 0);
            assertThat(SeqNum.gt(b, a)).isEqualTo(ahead > 0);
            assertThat(SeqNum.max(a, b)).isEqualTo(b);
            assertThat(SeqNum.min(b, a)).isEqualTo(a);
            int length = random.nextInt() & Integer.MAX_VALUE;
            assertThat(SeqNum.inWindow(b, a, length)).isEqualTo(ahead < length);
            assertThat(SeqNum.inWindow(a - 1, a, length)).isFalse();
        });
    }

    @AfterEach
    void no_memory_is_counted_for_what_is_gone() {
        assertThat(budget.used()).isZero();
    }

    // Send queue

    @Test
    void a_send_queue_gives_every_octet_by_its_number() {
        Seeds.run(60, random -> {
            BufferPool pool = new BufferPool();
            int una = random.nextInt();
            SendQueue queue = new SendQueue(pool, budget, una);
            int[] written = {una};
            for (int step = 0; step < 60; step++) {
                int length = 1 + random.nextInt(random.nextInt(3) == 0 ? 100_000 : 3_000);
                queue.append(
                        (bytes, at, count) -> {
                            for (int i = 0; i < count; i++) {
                                bytes[at + i] = octet(written[0]++);
                            }
                        },
                        length,
                        random.nextInt(2) == 0 ? 1_448 : 65_000,
                        queue.firstSeq() + random.nextInt(queue.length() + 1));
                assertThat(queue.endSeq()).isEqualTo(written[0]);
                for (int i = 0; i < 5; i++) {
                    checkPayload(pool, queue, random);
                }
                una += random.nextInt(queue.length() + 1);
                queue.acknowledge(una);
                assertThat(queue.firstSeq()).isEqualTo(una);
                assertThat(queue.length()).isEqualTo(written[0] - una);
            }
            queue.clear();
            assertThat(pool.outstanding()).isZero();
        });
    }

    @Test
    void segments_that_begin_with_a_large_chunk_have_headroom_before_them() {
        BufferPool pool = new BufferPool();
        SendQueue queue = new SendQueue(pool, budget, 7);
        int segment = 45 * 1_448; // what a device cuts at most
        queue.append((bytes, at, count) -> {}, 10 * segment, 1_448, 7);
        for (int i = 0; i < 10; i++) {
            assertThat(queue.contiguous(7 + i * segment, 65_535)).isGreaterThanOrEqualTo(segment);
            Packet packet = pool.takePacket();
            queue.payload(packet, 7 + i * segment, segment);
            assertThat(packet.tailStart).isEqualTo(Chunk.HEADROOM);
            packet.release();
        }
        Packet gathered = pool.takePacket();
        queue.payload(gathered, 7 + segment - 1_448, 2 * 1_448);
        assertThat(gathered.tailStart).isEqualTo(Chunk.HEADROOM);
        gathered.release();
        queue.clear();
        assertThat(pool.outstanding()).isZero();
    }

    @Test
    void small_chunks_are_filled_from_their_start() {
        BufferPool pool = new BufferPool();
        SendQueue queue = new SendQueue(pool, budget, 7);
        queue.append((bytes, at, count) -> {}, BufferPool.SMALL, 65_483, 7);
        assertThat(budget.used()).isEqualTo(BufferPool.SMALL);
        Packet packet = pool.takePacket();
        queue.payload(packet, 7, BufferPool.SMALL);
        assertThat(packet.tailStart).isZero();
        packet.release();
        queue.clear();
    }

    private static void checkPayload(BufferPool pool, SendQueue queue, SplittableRandom random) {
        if (queue.length() == 0) {
            return;
        }
        int seq = queue.firstSeq() + random.nextInt(queue.length());
        int length = 1 + random.nextInt(Math.min(60_000, queue.endSeq() - seq));
        assertThat(queue.contiguous(seq, length)).isBetween(1, length);
        Packet packet = pool.takePacket();
        queue.payload(packet, seq, length);
        byte[] copy = new byte[packet.length()];
        packet.copyTo(copy, 0);
        assertThat(copy.length).isEqualTo(length);
        for (int i = 0; i < length; i++) {
            if (copy[i] != octet(seq + i)) {
                throw new AssertionError("octet " + i + " of " + length + " is wrong");
            }
        }
        packet.release();
    }

    // Receive queue and out-of-order queue

    private static Chunk chunk(BufferPool pool, int seq, int offset, int length) {
        Chunk chunk = pool.takeChunk(offset + length);
        for (int i = 0; i < length; i++) {
            chunk.bytes[offset + i] = octet(seq + i);
        }
        return chunk;
    }

    @Test
    void a_receive_queue_gives_back_what_was_appended() {
        Seeds.run(60, random -> {
            BufferPool pool = new BufferPool();
            ReceiveQueue queue = new ReceiveQueue(pool, budget);
            int next = random.nextInt();
            int[] read = {next};
            for (int step = 0; step < 200; step++) {
                int length = 1 + random.nextInt(random.nextInt(4) == 0 ? 60_000 : 200);
                int offset = random.nextInt(100);
                Chunk chunk = chunk(pool, next, offset, length);
                int first = random.nextInt(length + 1);
                queue.append(chunk, offset, first);
                queue.append(chunk, offset + first, length - first);
                chunk.release();
                next += length;
                assertThat(queue.length()).isEqualTo(next - read[0]);
                int max = 1 + random.nextInt(40_000);
                int before = read[0];
                int given = queue.read(
                        (bytes, from, count) -> {
                            for (int i = 0; i < count; i++) {
                                if (bytes[from + i] != octet(read[0]++)) {
                                    throw new AssertionError("octet is wrong");
                                }
                            }
                        },
                        max);
                assertThat(given).isEqualTo(Math.min(max, next - before));
                assertThat(read[0] - before).isEqualTo(given);
            }
            queue.clear();
            assertThat(queue.length()).isZero();
            assertThat(pool.outstanding()).isZero();
        });
    }

    /// Segments of a few octets have a tiny chunk each: many of them are not to take several times their octets.
    @Test
    void a_receive_queue_of_few_octets_each_takes_hardly_more_memory_than_they() {
        for (int length = 1; length <= BufferPool.TINY; length++) {
            BufferPool pool = new BufferPool();
            MemoryBudget own = new MemoryBudget(Long.MAX_VALUE / 4);
            ReceiveQueue queue = new ReceiveQueue(pool, own);
            int segments = 10_000;
            for (int i = 0; i < segments; i++) {
                Chunk tiny = pool.takeTiny();
                tiny.used = length;
                if (!queue.takeOver(tiny, 0, length)) {
                    tiny.release();
                }
            }
            assertThat(queue.length()).isEqualTo(segments * length);
            assertThat(own.used()).isLessThanOrEqualTo(segments * length + 2 * BufferPool.LARGE);
            assertThat(pool.outstanding()).isLessThanOrEqualTo(10 + segments * length / BufferPool.SMALL);
            queue.clear();
            assertThat(own.used()).isZero();
            assertThat(pool.outstanding()).isZero();
        }
    }

    /// Where memory is scarce, one that has a few octets takes a tiny chunk for them, not a small one.
    @Test
    void a_receive_queue_keeps_a_few_octets_in_their_tiny_chunk() {
        BufferPool pool = new BufferPool();
        MemoryBudget scarce = new MemoryBudget(1_000);
        scarce.hold(900);
        ReceiveQueue queue = new ReceiveQueue(pool, scarce);
        Chunk tiny = pool.takeTiny();
        assertThat(queue.takeOver(tiny, 0, 1)).isTrue();
        assertThat(scarce.used()).isEqualTo(900 + BufferPool.TINY);
        queue.clear();
        assertThat(pool.outstanding()).isZero();
    }

    @Test
    void an_out_of_order_queue_delivers_what_has_no_hole() {
        Seeds.run(150, random -> {
            BufferPool pool = new BufferPool();
            OutOfOrderQueue holes = new OutOfOrderQueue(budget);
            ReceiveQueue queue = new ReceiveQueue(pool, budget);
            int base = random.nextInt();
            BitSet here = new BitSet();
            int next = 0;
            for (int step = 0; step < 150; step++) {
                int seq = next + 1 + random.nextInt(2_000);
                int length = 1 + random.nextInt(400);
                Chunk chunk = chunk(pool, base + seq, random.nextInt(50), 0);
                chunk.release();
                int offset = random.nextInt(50);
                chunk = chunk(pool, base + seq, offset, length);
                assertThat(holes.insert(base + seq, chunk, offset, length)).isTrue();
                chunk.release();
                here.set(seq, seq + length);
                checkBlocks(holes, here, base, seq, next);
                if (random.nextInt(4) == 0) {
                    int gap = here.nextSetBit(next) - next;
                    Chunk filling = chunk(pool, base + next, 0, gap);
                    queue.append(filling, 0, gap);
                    filling.release();
                    int after = holes.deliver(queue, base + next + gap) - base;
                    assertThat(after).isEqualTo(here.nextClearBit(next + gap));
                    int expected = next;
                    int[] at = {base + expected};
                    queue.read(
                            (bytes, from, count) -> {
                                for (int i = 0; i < count; i++) {
                                    if (bytes[from + i] != octet(at[0]++)) {
                                        throw new AssertionError("octet is wrong");
                                    }
                                }
                            },
                            1 << 20);
                    assertThat(at[0]).isEqualTo(base + after);
                    next = after;
                    here.clear(0, next);
                    assertThat(holes.isEmpty()).isEqualTo(here.isEmpty());
                }
            }
            holes.clear();
            queue.clear();
            assertThat(pool.outstanding()).isZero();
        });
    }

    /// RFC 2018 section 4: the first block holds the segment that came last; all blocks are whole, disjoint runs.
    private static void checkBlocks(OutOfOrderQueue holes, BitSet here, int base, int latest, int next) {
        int[] lefts = new int[4];
        int[] rights = new int[4];
        int blocks = holes.blocks(lefts, rights, 4);
        int runs = 0;
        for (int at = here.nextSetBit(0); at >= 0; at = here.nextSetBit(here.nextClearBit(at))) {
            runs++;
        }
        assertThat(blocks).isEqualTo(Math.min(4, runs));
        assertThat(latest).isBetween(lefts[0] - base, rights[0] - base - 1);
        List<Integer> seen = new ArrayList<>();
        for (int i = 0; i < blocks; i++) {
            int left = lefts[i] - base;
            assertThat(left).isGreaterThan(next);
            assertThat(here.get(left) && !here.get(left - 1)).isTrue();
            assertThat(rights[i] - base).isEqualTo(here.nextClearBit(left));
            assertThat(seen).doesNotContain(left);
            seen.add(left);
        }
    }

    @Test
    void an_out_of_order_queue_is_bounded() {
        BufferPool pool = new BufferPool();
        OutOfOrderQueue holes = new OutOfOrderQueue(budget);
        Chunk chunk = chunk(pool, 0, 0, 10);
        int kept = 0;
        while (holes.insert(kept * 20, chunk, 0, 10)) {
            kept++;
        }
        assertThat(kept).isEqualTo(1_024);
        chunk.release();
        holes.clear();
        assertThat(pool.outstanding()).isZero();
    }
}
