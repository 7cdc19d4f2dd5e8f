package dev.berth.tun;

import dev.berth.host.LinkReceiver;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Packet;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// A receiver that copies what it gets into a queue and, optionally, answers on the link's thread.
final class RecordingReceiver implements LinkReceiver {
    static final Duration LIMIT = Duration.ofSeconds(10);

    final BufferPool pool = new BufferPool();
    final CompletableFuture<String> down = new CompletableFuture<>();
    private final BlockingQueue<Received> packets = new LinkedBlockingQueue<>();
    private final Consumer<Received> answer;

    RecordingReceiver() {
        this(received -> {});
    }

    RecordingReceiver(Consumer<Received> answer) {
        this.answer = answer;
    }

    @Override
    public BufferPool pool() {
        return pool;
    }

    @Override
    public boolean received(Packet packet) {
        Received received = Received.of(packet);
        packet.release();
        packets.add(received);
        answer.accept(received);
        return true;
    }

    @Override
    public void down(String reason) {
        down.complete(reason);
    }

    /// The next packet that `wanted` accepts; others are left out (the kernel sends router solicitations and more).
    Received await(Predicate<Received> wanted) throws InterruptedException {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        for (; ; ) {
            Received received = packets.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (received == null) {
                throw new AssertionError("The packet did not arrive within " + LIMIT);
            }
            if (wanted.test(received)) {
                return received;
            }
        }
    }

    String awaitDown() throws Exception {
        return down.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }
}
