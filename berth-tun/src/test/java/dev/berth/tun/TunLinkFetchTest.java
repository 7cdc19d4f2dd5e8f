package dev.berth.tun;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.host.LinkReceiver;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Packet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/// A thread that waits for packets fetches them itself.
class TunLinkFetchTest extends TunTest {
    private static final long LIMIT_SECONDS = 20;

    /// Counts packets, and those that the thread `fetcher` has handed in.
    private static final class Counting implements LinkReceiver {
        private final BufferPool pool = new BufferPool();
        private final AtomicInteger packets = new AtomicInteger();
        private final AtomicInteger fetched = new AtomicInteger();
        private volatile Thread fetcher;

        @Override
        public BufferPool pool() {
            return pool;
        }

        @Override
        public boolean received(Packet packet) {
            packet.release();
            if (Thread.currentThread() == fetcher) {
                fetched.incrementAndGet();
            }
            packets.incrementAndGet();
            return true;
        }

        @Override
        public void down(String reason) {}
    }

    private final Counting receiver = new Counting();
    private final AtomicBoolean done = new AtomicBoolean();

    private TunLink running() throws Exception {
        return running(builder("berth0"), KERNEL, KERNEL_V6, receiver);
    }

    /// Waits in the link on a thread of its own until `done`.
    private FutureTask<Boolean> fetcher(TunLink link, long timeoutNanos) {
        FutureTask<Boolean> task = new FutureTask<>(() -> link.fetchUntil(done::get, timeoutNanos));
        receiver.fetcher = Thread.ofPlatform().start(task);
        return task;
    }

    private static <T> T join(FutureTask<T> task) throws Exception {
        try {
            return task.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        }
    }

    @Test
    void the_thread_that_waits_hands_packets_in_and_none_is_lost() throws Exception {
        TunLink link = running();
        FutureTask<Boolean> waiting = fetcher(link, 0);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (receiver.fetched.get() < 20 && System.nanoTime() - end < 0) {
            namespace.run("ping", "-c", "20", "-i", "0.002", "-W", "0.1", HOST); // nobody answers
        }
        assertThat(receiver.fetched.get()).isGreaterThanOrEqualTo(20);
        done.set(true);
        link.endFetch();
        assertThat(join(waiting)).isTrue();

        int before = receiver.packets.get();
        namespace.run("ping", "-c", "5", "-i", "0.01", "-W", "0.1", HOST);
        while (receiver.packets.get() < before + 5 && System.nanoTime() - end < 0) {
            LockSupport.parkNanos(1_000_000);
        }
        assertThat(receiver.packets.get())
                .as("the link's own thread is at work again")
                .isGreaterThanOrEqualTo(before + 5);
        assertThat(link.counters().receivedPackets()).isEqualTo(receiver.packets.get());
    }

    @Test
    void another_thread_ends_the_wait() throws Exception {
        TunLink link = running();
        FutureTask<Boolean> waiting = fetcher(link, 0);
        Thread.yield();
        done.set(true);
        link.endFetch();
        assertThat(join(waiting)).isTrue();
    }

    @Test
    void the_wait_ends_with_its_time() throws Exception {
        TunLink link = running();
        assertThat(join(fetcher(link, 3_000_000))).isTrue();
        assertThat(done).isFalse();
    }

    @Test
    void one_thread_at_a_time_waits_here() throws Exception {
        TunLink link = running();
        CountDownLatch waits = new CountDownLatch(1);
        FutureTask<Boolean> first = new FutureTask<>(() -> link.fetchUntil(
                () -> {
                    waits.countDown();
                    return done.get();
                },
                0));
        Thread.ofPlatform().start(first);
        assertThat(waits.await(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(link.fetchUntil(() -> false, 0)).isFalse();
        done.set(true);
        link.endFetch();
        assertThat(join(first)).isTrue();
    }

    @Test
    void a_link_that_is_closed_lets_the_thread_go() throws Exception {
        TunLink link = running();
        FutureTask<Boolean> waiting = fetcher(link, 0);
        link.close();
        join(waiting); // false if it came too late to wait at all
        assertThat(exists("berth0")).isFalse();
        assertThat(link.fetchUntil(() -> false, 0)).isFalse();
    }
}
