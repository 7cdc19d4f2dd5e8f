package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousChannelGroup;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.AsynchronousServerSocketChannel;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.CompletionHandler;
import java.nio.channels.IllegalChannelGroupException;
import java.nio.channels.ShutdownChannelGroupException;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// `java.nio.channels.AsynchronousChannelGroup`.
class AsynchronousChannelGroupContractTest extends AsynchronousContract {
    private static final Object NOTE = "note";
    private static final ThreadFactory NAMED =
            Thread.ofPlatform().daemon().name("of-the-group-", 0).factory();

    private AsynchronousChannelGroup fixed(int threads) throws IOException {
        return ending(platform.asynchronousProvider().openAsynchronousChannelGroup(threads, NAMED));
    }

    private AsynchronousChannelGroup pooled(ExecutorService executor, int initialSize) throws IOException {
        return ending(platform.asynchronousProvider().openAsynchronousChannelGroup(executor, initialSize));
    }

    private static void assertOfGroup(Thread thread) {
        assertThat(thread.getName()).startsWith("of-the-group-");
    }

    private void assertHandlersAreOf(AsynchronousChannelGroup group) throws IOException {
        Pair pair = connectedPair(group);
        Told<Integer> waiting = new Told<>();
        pair.client().read(ByteBuffer.allocate(1), NOTE, waiting);
        Told<Integer> immediate = new Told<>();
        pair.server().write(buffer("x"), NOTE, immediate);

        assertOfGroup(immediate.outcome().thread());
        assertOfGroup(waiting.outcome().thread());

        Told<Integer> late = new Told<>();
        pair.client().read(ByteBuffer.allocate(1), 1, TimeUnit.MILLISECONDS, NOTE, late);
        assertOfGroup(late.outcome().thread());
        Told<Integer> closed = new Told<>();
        pair.server().read(ByteBuffer.allocate(1), NOTE, closed);
        pair.server().close();
        assertOfGroup(closed.outcome().thread());
    }

    @Test
    void handlers_are_called_on_the_threads_of_a_fixed_pool() throws IOException {
        assertHandlersAreOf(fixed(2));
    }

    @Test
    void handlers_are_called_on_the_threads_of_a_cached_pool() throws IOException {
        assertHandlersAreOf(pooled(Executors.newCachedThreadPool(NAMED), 1));
    }

    @Test
    void handlers_are_called_on_the_threads_of_an_executor() throws IOException {
        assertHandlersAreOf(pooled(Executors.newSingleThreadExecutor(NAMED), 0));
    }

    @Test
    void one_thread_serves_many_channels() throws IOException {
        AsynchronousChannelGroup group = fixed(1);
        Told<Integer> told = new Told<>();
        int pairs = 50;
        for (int i = 0; i < pairs; i++) {
            Pair pair = connectedPair(group);
            pair.client().read(ByteBuffer.allocate(1), NOTE, told);
            write(pair.server(), "x");
        }
        for (int i = 0; i < pairs; i++) {
            assertThat(told.result()).isEqualTo(1);
        }
    }

    @Test
    void a_handler_may_wait_for_futures_if_the_pool_is_its_own() throws IOException {
        Pair pair = connectedPair(pooled(Executors.newSingleThreadExecutor(NAMED), 0));
        Told<Integer> told = new Told<>();
        pair.client().read(ByteBuffer.allocate(1), NOTE, new CompletionHandler<Integer, Object>() {
            @Override
            public void completed(Integer n, Object attachment) {
                told.completed(get(pair.client().read(ByteBuffer.allocate(2))), attachment);
            }

            @Override
            public void failed(Throwable failure, Object attachment) {
                told.failed(failure, attachment);
            }
        });

        write(pair.server(), "a");
        write(pair.server(), "bc");

        assertThat(told.result()).isPositive();
    }

    @Test
    void handlers_that_begin_the_next_operation_do_not_pile_up() throws IOException {
        AsynchronousChannelGroup group = fixed(1);
        Pair pair = connectedPair(group);
        int length = 20_000;
        write(pair.server(), "x".repeat(length));
        AtomicInteger read = new AtomicInteger();
        AtomicInteger deepest = new AtomicInteger();
        pair.client().read(ByteBuffer.allocate(1), 0, new CompletionHandler<Integer, Integer>() {
            @Override
            public void completed(Integer n, Integer depth) {
                deepest.accumulateAndGet(handlersOnStack(), Math::max);
                if (read.incrementAndGet() < length) {
                    pair.client().read(ByteBuffer.allocate(1), depth, this);
                }
            }

            @Override
            public void failed(Throwable failure, Integer depth) {
                throw new AssertionError(failure);
            }
        });

        Task.await("all is read", () -> read.get() == length);
        assertThat(deepest.get()).isBetween(2, 40); // each has a bridge method
    }

    private static int handlersOnStack() {
        return StackWalker.getInstance()
                .walk(frames -> Math.toIntExact(
                        frames.filter(frame -> frame.getMethodName().equals("completed"))
                                .count()));
    }

    @Test
    void a_pool_goes_on_after_a_handler_has_thrown() throws IOException {
        ThreadFactory silent = task -> {
            Thread thread = NAMED.newThread(task);
            thread.setUncaughtExceptionHandler((_, _) -> {});
            return thread;
        };
        Pair pair = connectedPair(ending(platform.asynchronousProvider().openAsynchronousChannelGroup(1, silent)));
        pair.client().read(ByteBuffer.allocate(1), NOTE, new CompletionHandler<Integer, Object>() {
            @Override
            public void completed(Integer n, Object attachment) {
                throw new IllegalStateException("meant");
            }

            @Override
            public void failed(Throwable failure, Object attachment) {
                throw new AssertionError(failure);
            }
        });
        write(pair.server(), "x");
        Told<Integer> told = new Told<>();
        pair.server().read(ByteBuffer.allocate(1), NOTE, told);
        write(pair.client(), "y");

        assertThat(told.result()).isEqualTo(1);
    }

    @Test
    void an_interrupt_in_a_handler_does_not_reach_the_next() throws IOException {
        Pair pair = connectedPair(fixed(1));
        Told<Boolean> interrupted = new Told<>();
        CompletionHandler<Integer, Object> handler = new CompletionHandler<>() {
            @Override
            public void completed(Integer n, Object attachment) {
                interrupted.completed(Thread.currentThread().isInterrupted(), attachment);
                Thread.currentThread().interrupt();
            }

            @Override
            public void failed(Throwable failure, Object attachment) {
                interrupted.failed(failure, attachment);
            }
        };
        for (int i = 0; i < 3; i++) {
            pair.client().read(ByteBuffer.allocate(1), NOTE, handler);
            write(pair.server(), "x");
            assertThat(interrupted.result()).isFalse();
        }
    }

    @Test
    void an_empty_group_ends_when_it_is_shut_down() throws Exception {
        AsynchronousChannelGroup group = fixed(1);
        assertThat(group.isShutdown()).isFalse();
        assertThat(group.isTerminated()).isFalse();

        group.shutdown();

        assertThat(group.isShutdown()).isTrue();
        assertThat(group.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        assertThat(group.isTerminated()).isTrue();
        group.shutdown();
    }

    @Test
    void a_group_that_is_shut_down_ends_with_its_last_channel() throws Exception {
        AsynchronousChannelGroup group = fixed(1);
        Pair pair = connectedPair(group);
        AsynchronousServerSocketChannel server = openServer(group);
        group.shutdown();
        assertThat(group.isShutdown()).isTrue();
        assertThat(group.awaitTermination(1, TimeUnit.MILLISECONDS)).isFalse();
        Told<Integer> told = new Told<>();
        pair.client().read(ByteBuffer.allocate(1), NOTE, told);
        write(pair.server(), "x");
        assertThat(told.result()).isEqualTo(1);

        pair.client().close();
        pair.server().close();
        closeAll();

        assertThat(server.isOpen()).isFalse();
        assertThat(group.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void a_group_that_is_shut_down_takes_no_channels() throws IOException {
        AsynchronousChannelGroup group = fixed(1);
        AsynchronousServerSocketChannel server = openServer(group).bind(any());
        group.shutdown();

        assertThatThrownBy(() -> openClient(group)).isExactlyInstanceOf(ShutdownChannelGroupException.class);
        assertThatThrownBy(() -> openServer(group)).isExactlyInstanceOf(ShutdownChannelGroupException.class);
        AsynchronousSocketChannel client = openClient();
        get(client.connect(server.getLocalAddress()));
        assertThat(failure(server.accept()))
                .isExactlyInstanceOf(IOException.class)
                .hasCauseExactlyInstanceOf(ShutdownChannelGroupException.class);
    }

    @Test
    void shutting_down_now_closes_all_channels() throws Exception {
        AsynchronousChannelGroup group = fixed(1);
        AsynchronousServerSocketChannel server = listeningServer(); // whose ends of the connections stay open
        AsynchronousSocketChannel one = openClient(group);
        AsynchronousSocketChannel other = openClient(group);
        for (AsynchronousSocketChannel client : List.of(one, other)) {
            get(client.connect(server.getLocalAddress()));
            closing(get(server.accept()));
        }
        Future<Integer> read = one.read(ByteBuffer.allocate(1));
        Told<Integer> told = new Told<>();
        other.read(ByteBuffer.allocate(1), NOTE, told);

        group.shutdownNow();

        assertThat(group.isShutdown()).isTrue();
        assertThat(one.isOpen()).isFalse();
        assertThat(other.isOpen()).isFalse();
        assertThat(failure(read)).isExactlyInstanceOf(AsynchronousCloseException.class);
        assertThat(told.failure()).isExactlyInstanceOf(AsynchronousCloseException.class);
        assertThat(group.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        group.shutdownNow();
    }

    @Test
    void arguments_are_checked() {
        assertThatThrownBy(() -> platform.asynchronousProvider().openAsynchronousChannelGroup(0, NAMED))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("'nThreads' must be > 0");
        assertThatThrownBy(() -> platform.asynchronousProvider().openAsynchronousChannelGroup(1, null))
                .isExactlyInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> platform.asynchronousProvider().openAsynchronousChannelGroup(null, 1))
                .isExactlyInstanceOf(NullPointerException.class)
                .hasMessage("'executor' is null");
        AsynchronousChannelGroup foreign = new Foreign();
        assertThatThrownBy(() -> openClient(foreign)).isExactlyInstanceOf(IllegalChannelGroupException.class);
        assertThatThrownBy(() -> openServer(foreign)).isExactlyInstanceOf(IllegalChannelGroupException.class);
    }

    @Test
    void a_group_knows_its_provider() throws IOException {
        assertThat(fixed(1).provider()).isSameAs(platform.asynchronousProvider());
    }

    private static final class Foreign extends AsynchronousChannelGroup {
        Foreign() {
            super(null);
        }

        @Override
        public boolean isShutdown() {
            return false;
        }

        @Override
        public boolean isTerminated() {
            return false;
        }

        @Override
        public void shutdown() {}

        @Override
        public void shutdownNow() {}

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return true;
        }
    }
}
