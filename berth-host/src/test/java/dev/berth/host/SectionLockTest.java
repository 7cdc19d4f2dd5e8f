package dev.berth.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SectionLockTest {
    private int counter; // guarded by the lock

    @Test
    @Timeout(60)
    void one_thread_at_a_time_holds_it_platform_or_virtual() throws Exception {
        SectionLock lock = new SectionLock();
        int rounds = 20_000;
        List<Future<?>> threads = new ArrayList<>();
        try (ExecutorService platform = Executors.newCachedThreadPool();
                ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 4; i++) {
                ExecutorService executor = i % 2 == 0 ? platform : virtual;
                threads.add(executor.submit(() -> {
                    for (int round = 0; round < rounds; round++) {
                        lock.lock();
                        counter++;
                        lock.unlock();
                    }
                }));
            }
            for (Future<?> thread : threads) {
                thread.get(60, TimeUnit.SECONDS);
            }
        }
        assertThat(counter).isEqualTo(4 * rounds);
        assertThat(lock.isLocked()).isFalse();
    }

    @Test
    @Timeout(60)
    void its_owner_enters_again_and_others_do_not_until_it_has_left_as_often() throws Exception {
        SectionLock lock = new SectionLock();
        lock.lock();
        assertThat(lock.tryLock()).isTrue();
        lock.lock();
        for (int i = 0; i < 3; i++) {
            assertThat(lock.isLocked()).isTrue();
            assertThat(tryElsewhere(lock)).isFalse();
            lock.unlock();
        }
        assertThat(lock.isLocked()).isFalse();
        assertThat(tryElsewhere(lock)).isTrue();
    }

    private static boolean tryElsewhere(SectionLock lock) throws InterruptedException {
        boolean[] taken = new boolean[1];
        Thread other = Thread.ofPlatform().start(() -> {
            taken[0] = lock.tryLock();
            if (taken[0]) {
                lock.unlock();
            }
        });
        other.join();
        return taken[0];
    }
}
