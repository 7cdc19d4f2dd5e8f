package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.spi.SelectorProvider;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What goes wrong on the loop's thread, which serves all gateways of the JVM.
@Timeout(60)
class KernelLoopTest {
    private final SelectorProvider kernel = KernelSockets.provider("Tests");

    KernelLoopTest() throws IOException {}

    @Test
    void a_user_that_fails_does_not_end_the_loop() throws Exception {
        try (KernelLoop.Use use = KernelLoop.use(kernel, _ -> {})) {
            Pipe pipe = kernel.openPipe();
            try (Pipe.SourceChannel source = pipe.source();
                    Pipe.SinkChannel sink = pipe.sink()) {
                Throwable[] failures = {
                    new IllegalStateException("a defect"), new OutOfMemoryError("none left"), new AssertionError("no")
                };
                CountDownLatch told = new CountDownLatch(failures.length);
                source.configureBlocking(false);
                SelectionKey[] key = new SelectionKey[1];
                KernelLoop.Watched watched = _ -> {
                    int number = failures.length - (int) told.getCount();
                    told.countDown();
                    key[0].interestOps(told.getCount() > 0 ? SelectionKey.OP_READ : 0);
                    Thread.currentThread().interrupt();
                    KernelLoopTest.<RuntimeException>rethrow(failures[number]);
                };
                key[0] = source.register(use.loop().selector(), 0, watched);
                sink.write(ByteBuffer.allocate(1));
                key[0].interestOps(SelectionKey.OP_READ);
                use.loop().wake();
                assertThat(told.await(30, TimeUnit.SECONDS)).isTrue();
                CountDownLatch alive = new CountDownLatch(1);
                use.loop().hand(() -> {
                    throw new OutOfMemoryError("for a task");
                });
                use.loop().hand(alive::countDown);
                assertThat(alive.await(30, TimeUnit.SECONDS)).isTrue();
            }
        }
    }

    @Test
    void a_selector_that_is_lost_is_replaced_for_those_who_come_then() throws Exception {
        try (KernelLoop.Use broken = KernelLoop.use(kernel, _ -> {})) {
            broken.loop().selector().close();
            KernelLoop.Use fresh = KernelLoop.use(kernel, _ -> {});
            while (fresh.loop() == broken.loop()) { // until its thread has noticed
                fresh.close();
                Thread.onSpinWait();
                fresh = KernelLoop.use(kernel, _ -> {});
            }
            broken.close();
            CountDownLatch alive = new CountDownLatch(1);
            fresh.loop().hand(alive::countDown);
            assertThat(alive.await(30, TimeUnit.SECONDS)).isTrue();
            fresh.close();
        }
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void rethrow(Throwable failure) throws T {
        throw (T) failure;
    }
}
