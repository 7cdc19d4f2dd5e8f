package dev.berth.stack.udp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Packet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class DatagramQueueTest {
    private static final int COST = UdpInput.cost(packet(0));

    private static Packet packet(int number) {
        Packet packet = new BufferPool(0, 0, 0).takePacket();
        packet.segmentSize = number;
        return packet;
    }

    private static boolean offer(DatagramQueue queue, int number, int most) {
        Packet packet = packet(number);
        return queue.offer(packet, UdpInput.cost(packet), most * COST);
    }

    private static int poll(DatagramQueue queue) {
        Packet packet = queue.poll();
        return packet == null ? -1 : packet.segmentSize;
    }

    @Test
    void datagrams_come_out_in_order_while_the_queue_grows_and_is_emptied() {
        DatagramQueue queue = new DatagramQueue();
        assertThat(poll(queue)).isEqualTo(-1);
        assertThat(queue.isEmpty()).isTrue();
        int in = 0;
        int out = 0;
        for (int round = 1; round < 200; round++) {
            for (int i = 0; i < round; i++) {
                assertThat(offer(queue, in++, 1_000)).isTrue();
            }
            assertThat(queue.size()).isEqualTo(in - out);
            assertThat(queue.octets()).isEqualTo((in - out) * COST);
            for (int left = round % 3 == 0 ? 0 : 2; queue.size() > left; out++) {
                assertThat(poll(queue)).isEqualTo(out);
                if (queue.isNextThere()) {
                    assertThat(queue.isEmpty()).isFalse();
                }
            }
            assertThat(queue.isNextThere() && queue.isEmpty()).isFalse();
        }
        assertThat(queue.offered()).isEqualTo(in);
    }

    @Test
    void an_empty_queue_takes_one_however_small_its_bound_is() {
        DatagramQueue queue = new DatagramQueue();
        for (int i = 0; i < 100; i++) {
            assertThat(offer(queue, i, 0)).isTrue();
            assertThat(offer(queue, i, 0)).isFalse();
            assertThat(poll(queue)).isEqualTo(i);
            assertThat(queue.isEmpty()).isTrue();
            assertThat(queue.octets()).isZero();
        }
    }

    @Test
    @Timeout(60)
    void one_thread_takes_out_what_another_puts_in() throws Exception {
        for (int most : new int[] {1, 15, 16, 17, 100, 3_000}) {
            exchange(most, 20_000);
        }
    }

    private static void exchange(int most, int count) throws Exception {
        DatagramQueue queue = new DatagramQueue();
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            Future<?> taker = thread.submit(() -> {
                for (int next = 0; next < count && !Thread.currentThread().isInterrupted(); ) {
                    int number = poll(queue);
                    if (number < 0) {
                        Thread.yield(); // on a busy machine a look takes the time of the one who puts in
                    } else if (number != next++) {
                        throw new AssertionError(number + " in the place of " + (next - 1));
                    }
                }
            });
            for (int i = 0; i < count; ) {
                if (offer(queue, i, most)) {
                    i++;
                    assertThat(queue.octets()).isLessThanOrEqualTo(most * COST);
                } else if (taker.isDone()) {
                    break;
                } else {
                    Thread.yield();
                }
            }
            taker.get(30, TimeUnit.SECONDS);
        } finally {
            thread.shutdownNow();
        }
        assertThat(queue.isEmpty()).isTrue();
        assertThat(queue.octets()).isZero();
        assertThat(poll(queue)).isEqualTo(-1);
    }
}
