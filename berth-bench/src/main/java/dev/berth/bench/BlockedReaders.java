package dev.berth.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// Many virtual threads, each blocked in a read of its own connection at the same time; then an octet is written to
/// every connection. Microseconds per reader from the first write until the last reader has its octet, which is
/// checked. Everything is set up in each round, because only the waking is timed.
final class BlockedReaders implements Measurement {
    /// Pairs per acceptor: a client has no more than 16,384 dynamic ports towards one destination.
    private static final int PER_ACCEPTOR = 10_000;

    private static final long LIMIT = TimeUnit.SECONDS.toNanos(60);

    private final Sockets sockets;
    private final List<Sockets.Acceptor> acceptors = new ArrayList<>();
    private final List<Sockets.Connection> writers = new ArrayList<>();
    private final List<Sockets.Connection> readers = new ArrayList<>();

    BlockedReaders(Sockets sockets, int count) throws IOException {
        this.sockets = sockets;
        for (int i = 0; i < count; i++) {
            if (i % PER_ACCEPTOR == 0) {
                acceptors.add(sockets.listen());
            }
            writers.add(acceptors.getLast().connect());
            readers.add(acceptors.getLast().accept());
        }
    }

    @Override
    public double measure(long nanos) throws Exception {
        AtomicInteger begun = new AtomicInteger();
        List<FutureTask<Byte>> tasks = new ArrayList<>(readers.size());
        List<Thread> threads = new ArrayList<>(readers.size());
        for (Sockets.Connection reader : readers) {
            FutureTask<Byte> task = new FutureTask<>(() -> readOne(reader, begun));
            tasks.add(task);
            threads.add(Thread.ofVirtual().name("berth-bench").start(task));
        }
        awaitBlocked(begun, threads);
        byte[] octet = new byte[1];
        long start = System.nanoTime();
        for (int i = 0; i < writers.size(); i++) {
            octet[0] = (byte) (i * 31);
            writers.get(i).write(octet, 0, 1);
        }
        for (int i = 0; i < tasks.size(); i++) {
            byte got = tasks.get(i).get(LIMIT, TimeUnit.NANOSECONDS);
            if (got != (byte) (i * 31)) {
                throw new AssertionError("Reader " + i + " has got the octet of another");
            }
        }
        return (System.nanoTime() - start) / 1e3 / tasks.size();
    }

    private static byte readOne(Sockets.Connection reader, AtomicInteger begun) throws IOException {
        byte[] octet = new byte[1];
        begun.incrementAndGet();
        if (reader.read(octet, 0, 1) != 1) {
            throw new AssertionError("The end of a stream that has not ended");
        }
        return octet[0];
    }

    /// Until every thread is parked in its read.
    private static void awaitBlocked(AtomicInteger begun, List<Thread> threads) {
        long end = System.nanoTime() + LIMIT;
        int blocked = 0;
        while (blocked < threads.size()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("Only " + blocked + " readers are blocked");
            }
            Thread.State state = threads.get(blocked).getState();
            boolean waits = state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
            if (begun.get() == threads.size() && waits) {
                blocked++;
            } else {
                LockSupport.parkNanos(1_000_000);
            }
        }
    }

    @Override
    public void close() throws Exception {
        try (sockets) {
            for (Sockets.Connection writer : writers) {
                writer.reset();
            }
            for (Sockets.Connection reader : readers) {
                reader.close();
            }
            for (Sockets.Acceptor acceptor : acceptors) {
                acceptor.close();
            }
        }
    }
}
