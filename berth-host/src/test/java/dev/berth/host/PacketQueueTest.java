package dev.berth.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Packet;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class PacketQueueTest {
    private static Packet packet(int producer, int number) {
        Packet packet = new BufferPool(0, 0, 0).takePacket();
        packet.protocol = producer;
        packet.segmentSize = number;
        return packet;
    }

    @Test
    void packets_come_out_in_order_and_a_full_queue_refuses() {
        PacketQueue queue = new PacketQueue(4);
        assertThat(queue.isEmpty()).isTrue();
        assertThat(queue.poll()).isNull();
        for (int round = 0; round < 10; round++) {
            for (int i = 0; i < 4; i++) {
                assertThat(queue.offer(packet(0, i))).isTrue();
            }
            assertThat(queue.offer(packet(0, 4))).isFalse();
            for (int i = 0; i < 4; i++) {
                assertThat(queue.isEmpty()).isFalse();
                Packet packet = queue.poll();
                assertThat(packet).isNotNull();
                assertThat(packet.segmentSize).isEqualTo(i);
            }
            assertThat(queue.isEmpty()).isTrue();
        }
    }

    /// Whoever offers then tries to become the consumer, and the consumer looks again after it has given up its
    /// place: as hosts and links use the queue. No packet may be left behind, none come twice or out of its
    /// producer's order.
    @Test
    @Timeout(60)
    void nothing_is_left_behind_when_whoever_offers_also_consumes() throws Exception {
        offerAndConsume(100_000);
    }

    /// The queue goes over to its large ring while some producers still fill the small one.
    @Test
    @Timeout(60)
    void packets_keep_their_order_while_the_queue_grows() throws Exception {
        for (int i = 0; i < 2_000; i++) {
            offerAndConsume(150);
        }
    }

    private static void offerAndConsume(int each) throws Exception {
        int producers = 4;
        PacketQueue queue = new PacketQueue(1_024);
        AtomicBoolean consuming = new AtomicBoolean();
        AtomicInteger consumed = new AtomicInteger();
        int[] next = new int[producers];
        List<String> wrong = new ArrayList<>();
        Runnable consume = () -> {
            while (!queue.isEmpty() && consuming.compareAndSet(false, true)) {
                Packet packet;
                while ((packet = queue.poll()) != null) {
                    if (next[packet.protocol]++ != packet.segmentSize) {
                        wrong.add(packet.protocol + ": " + packet.segmentSize);
                    }
                    consumed.incrementAndGet();
                }
                consuming.set(false);
            }
        };
        try (ExecutorService executor = Executors.newFixedThreadPool(producers)) {
            List<Future<?>> futures = new ArrayList<>();
            for (int p = 0; p < producers; p++) {
                int producer = p;
                futures.add(executor.submit(() -> {
                    for (int i = 0; i < each; i++) {
                        Packet packet = packet(producer, i);
                        while (!queue.offer(packet)) {
                            consume.run();
                        }
                        consume.run();
                    }
                }));
            }
            for (Future<?> future : futures) {
                future.get(50, TimeUnit.SECONDS);
            }
        }
        assertThat(consumed).hasValue(producers * each);
        assertThat(wrong).isEmpty();
        assertThat(queue.isEmpty()).isTrue();
    }

    @Test
    void what_is_left_needs_an_attendant_who_finds_it_when_he_goes() {
        PacketQueue queue = new PacketQueue(4);
        for (int i = 0; i < 10; i++) {
            assertThat(queue.isAttended()).isFalse();
            assertThat(queue.leave(packet(0, i))).isEqualTo(PacketQueue.Left.NOT_TAKEN);
            queue.attend();
            queue.attend(); // another one
            assertThat(queue.isAttended()).isTrue();
            assertThat(queue.isEmpty()).isTrue();
            assertThat(queue.isDrained()).isTrue();
            assertThat(queue.poll()).isNull();
            assertThat(queue.leave(packet(0, i))).isEqualTo(PacketQueue.Left.ATTENDED);
            assertThat(queue.isAttended()).isFalse();
            assertThat(queue.leave(packet(0, i))).isEqualTo(PacketQueue.Left.NOT_TAKEN);
            assertThat(queue.offer(packet(0, i))).isTrue();
            queue.attend(); // something waits: nothing is left before it was taken
            assertThat(queue.isAttended()).isFalse();
            queue.unattend();
            assertThat(queue.poll()).isNotNull();
            assertThat(queue.poll()).isNotNull();
            assertThat(queue.poll()).isNull();
            queue.attend();
            queue.unattend();
        }
    }

    /// Who finds the mark of an attendant leaves the packet and goes. Attendants come and go at any time, and nobody
    /// looks after them: a packet that was left to one who did not see it would be there at the end.
    @Test
    @Timeout(60)
    void nothing_is_left_behind_by_attendants_who_come_and_go() throws Exception {
        int left = 0;
        for (int round = 0; round < 20; round++) {
            left += leaveAndAttend(4_000);
        }
        assertThat(left).as("packets that were left to somebody").isPositive();
    }

    private static int leaveAndAttend(int each) throws Exception {
        int producers = 2;
        PacketQueue queue = new PacketQueue(1_024);
        AtomicBoolean consuming = new AtomicBoolean();
        AtomicInteger consumed = new AtomicInteger();
        AtomicInteger left = new AtomicInteger();
        AtomicInteger producing = new AtomicInteger(producers);
        int[] next = new int[producers];
        List<String> wrong = new ArrayList<>();
        Runnable consume = () -> {
            while (!queue.isEmpty() && consuming.compareAndSet(false, true)) {
                Packet packet;
                while ((packet = queue.poll()) != null) {
                    if (next[packet.protocol]++ != packet.segmentSize) {
                        wrong.add(packet.protocol + ": " + packet.segmentSize);
                    }
                    consumed.incrementAndGet();
                }
                consuming.set(false);
            }
        };
        try (ExecutorService executor = Executors.newFixedThreadPool(2 * producers)) {
            List<Future<?>> futures = new ArrayList<>();
            for (int p = 0; p < producers; p++) {
                int producer = p;
                futures.add(executor.submit(() -> {
                    for (int i = 0; i < each; i++) {
                        Packet packet = packet(producer, i);
                        PacketQueue.Left how = queue.isAttended() ? queue.leave(packet) : PacketQueue.Left.NOT_TAKEN;
                        if (how == PacketQueue.Left.ATTENDED) {
                            left.incrementAndGet();
                            continue;
                        }
                        while (how == PacketQueue.Left.NOT_TAKEN && !queue.offer(packet)) {
                            consume.run();
                        }
                        consume.run();
                    }
                    producing.decrementAndGet();
                }));
                futures.add(executor.submit(() -> {
                    for (int turns = 0; producing.get() > 0; turns = (turns + 1) % 40) {
                        if (consuming.compareAndSet(false, true)) {
                            queue.attend();
                            consuming.set(false);
                        }
                        consume.run();
                        for (int i = 0; i < turns; i++) {
                            consume.run();
                            Thread.onSpinWait();
                        }
                        queue.unattend();
                        consume.run();
                    }
                }));
            }
            for (Future<?> future : futures) {
                future.get(50, TimeUnit.SECONDS);
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(consumed).hasValue(producers * each);
        assertThat(queue.isAttended()).isFalse();
        return left.get();
    }

    /// All slots of a small ring are claimed, the first of them by one who has not yet filled it, so that the mark of
    /// an attendant is still there: what comes now must not take that slot.
    @Test
    @Timeout(60)
    void nothing_is_left_in_a_slot_that_somebody_else_has_claimed() throws Exception {
        int each = 20_000;
        int producers = 4;
        PacketQueue queue = new PacketQueue(2);
        AtomicInteger producing = new AtomicInteger(producers);
        int[] next = new int[producers];
        List<String> wrong = new ArrayList<>();
        try (ExecutorService executor = Executors.newFixedThreadPool(producers)) {
            List<Future<?>> futures = new ArrayList<>();
            for (int p = 0; p < producers; p++) {
                int producer = p;
                futures.add(executor.submit(() -> {
                    try {
                        for (int i = 0; i < each && wrong.isEmpty(); i++) {
                            Packet packet = packet(producer, i);
                            while ((producer % 2 == 0 || queue.leave(packet) == PacketQueue.Left.NOT_TAKEN)
                                    && !queue.offer(packet)) {
                                Thread.onSpinWait();
                            }
                        }
                    } finally {
                        producing.decrementAndGet();
                    }
                }));
            }
            int consumed = 0;
            int misses = 0;
            while (consumed < producers * each && misses < 1_000 && wrong.isEmpty()) {
                boolean over = producing.get() == 0;
                Packet packet = queue.poll();
                if (packet == null) {
                    queue.attend();
                    misses += over ? 1 : 0; // nobody fills a slot any more
                    Thread.onSpinWait();
                } else if (next[packet.protocol]++ != packet.segmentSize) {
                    wrong.add(packet.protocol + ": " + packet.segmentSize);
                } else {
                    consumed++;
                }
            }
            if (wrong.isEmpty() && consumed < producers * each) {
                wrong.add(consumed + " packets have come");
            }
            for (Packet rest = queue.poll(); producing.get() > 0 || rest != null; rest = queue.poll()) {
                Thread.onSpinWait(); // lets those who wait for room end
            }
            for (Future<?> future : futures) {
                future.get(20, TimeUnit.SECONDS);
            }
        }
        assertThat(wrong).isEmpty();
    }
}
