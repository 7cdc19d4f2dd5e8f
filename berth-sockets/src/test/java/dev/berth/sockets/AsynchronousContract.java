package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousChannelGroup;
import java.nio.channels.AsynchronousServerSocketChannel;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.CompletionHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

/// What the contracts of asynchronous channels share.
abstract class AsynchronousContract extends Contract {
    private static final long LIMIT = 20;

    private final List<AsynchronousChannelGroup> groups = new ArrayList<>();

    /// Two ends of a connection.
    record Pair(AsynchronousSocketChannel client, AsynchronousSocketChannel server) {}

    /// What a handler was told, and on which thread.
    record Outcome<V>(
            @Nullable V result,
            @Nullable Throwable failure,
            Thread thread,
            @Nullable Object attachment) {}

    /// Keeps what it is told.
    static final class Told<V> implements CompletionHandler<V, Object> {
        private final LinkedBlockingQueue<Outcome<V>> outcomes = new LinkedBlockingQueue<>();

        @Override
        public void completed(V result, Object attachment) {
            outcomes.add(new Outcome<>(result, null, Thread.currentThread(), attachment));
        }

        @Override
        public void failed(Throwable failure, Object attachment) {
            outcomes.add(new Outcome<>(null, failure, Thread.currentThread(), attachment));
        }

        Outcome<V> outcome() {
            try {
                Outcome<V> outcome = outcomes.poll(LIMIT, TimeUnit.SECONDS);
                if (outcome == null) {
                    throw new AssertionError("The handler was not called");
                }
                return outcome;
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        V result() {
            Outcome<V> outcome = outcome();
            assertThat(outcome.failure()).isNull();
            return outcome.result();
        }

        Throwable failure() {
            Throwable failure = outcome().failure();
            assertThat(failure).isNotNull();
            return failure;
        }

        boolean isEmpty() {
            return outcomes.isEmpty();
        }
    }

    /// A group that is shut down after the test.
    <G extends AsynchronousChannelGroup> G ending(G group) {
        groups.add(group);
        return group;
    }

    @AfterEach
    void endGroups() throws IOException {
        for (AsynchronousChannelGroup group : groups) {
            group.shutdownNow();
        }
    }

    AsynchronousServerSocketChannel openServer(@Nullable AsynchronousChannelGroup group) throws IOException {
        return closing(platform.asynchronousProvider().openAsynchronousServerSocketChannel(group));
    }

    AsynchronousServerSocketChannel listeningServer() throws IOException {
        return openServer(null).bind(any());
    }

    AsynchronousSocketChannel openClient(@Nullable AsynchronousChannelGroup group) throws IOException {
        return closing(platform.asynchronousProvider().openAsynchronousSocketChannel(group));
    }

    AsynchronousSocketChannel openClient() throws IOException {
        return openClient(null);
    }

    Pair connectedPair() throws IOException {
        return connectedPair(null);
    }

    Pair connectedPair(@Nullable AsynchronousChannelGroup group) throws IOException {
        AsynchronousServerSocketChannel server = openServer(group).bind(any());
        AsynchronousSocketChannel client = openClient(group);
        get(client.connect(server.getLocalAddress()));
        return new Pair(client, closing(get(server.accept())));
    }

    /// A port on which nobody listens.
    InetSocketAddress deafEnd() throws IOException {
        return deaf();
    }

    static <V> V get(Future<V> future) {
        try {
            return future.get(LIMIT, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    static Throwable failure(Future<?> future) {
        try {
            throw new AssertionError("It gave " + future.get(LIMIT, TimeUnit.SECONDS));
        } catch (ExecutionException e) {
            return e.getCause();
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    static void write(AsynchronousSocketChannel channel, String text) {
        ByteBuffer buffer = buffer(text);
        while (buffer.hasRemaining()) {
            get(channel.write(buffer));
        }
    }

    static String read(AsynchronousSocketChannel channel, int length) {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining() && get(channel.read(buffer)) >= 0) {
            Thread.onSpinWait();
        }
        return text(buffer);
    }

    /// Writes until a write has to wait, and returns that one.
    static Future<Integer> fill(AsynchronousSocketChannel channel) {
        Future<Integer> write;
        do {
            write = channel.write(ByteBuffer.allocate(1_000_000));
        } while (write.isDone() && get(write) >= 0);
        return write;
    }
}
