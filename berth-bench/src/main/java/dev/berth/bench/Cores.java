package dev.berth.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/// What two hosts carry for several threads at a time, each with connections of its own, in thousands of round trips.
/// A thread opens its connections, has both ends of them and uses one after the other, so that no switch of threads
/// is measured and nothing but the hosts is in common. All that is received is counted, and compared where it begins
/// and ends.
final class Cores implements Measurement {
    private static final int BATCH = 32;

    private final Sockets sockets;
    private final Sockets.Acceptor acceptor;
    private final List<Worker> workers = new ArrayList<>();
    private final int octets;

    /// @param threads how many are at work at a time
    /// @param connections how many each of them has
    /// @param octets of a request and of its reply
    Cores(Sockets sockets, int threads, int connections, int octets) throws Exception {
        this.sockets = sockets;
        this.octets = octets;
        acceptor = sockets.listen();
        for (int i = 0; i < threads; i++) {
            Worker worker = new Worker();
            workers.add(worker);
            worker.thread.submit(() -> worker.open(connections)).get(); // one after the other
        }
    }

    /// One thread's connections.
    private final class Worker {
        private final List<Sockets.Connection> clients = new ArrayList<>();
        private final List<Sockets.Connection> servers = new ArrayList<>();
        private final byte[] sent = new byte[octets];
        private final byte[] got = new byte[sent.length];
        private byte stamp;

        private final ExecutorService thread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("berth-bench").factory());

        @Nullable
        Void open(int connections) throws IOException {
            for (int i = 0; i < connections; i++) {
                clients.add(acceptor.connect());
                servers.add(acceptor.accept());
            }
            return null;
        }

        /// @return round trips
        long work(CountDownLatch start, long nanos) throws Exception {
            start.countDown();
            start.await();
            long end = System.nanoTime() + nanos;
            long count = 0;
            do {
                for (int i = 0; i < BATCH; i++) {
                    int at = (int) ((count + i) % clients.size());
                    carry(clients.get(at), servers.get(at));
                    carry(servers.get(at), clients.get(at));
                }
                count += BATCH;
            } while (System.nanoTime() < end);
            return count;
        }

        private void carry(Sockets.Connection from, Sockets.Connection to) throws IOException {
            stamp++;
            sent[0] = stamp;
            sent[sent.length - 1] = stamp;
            from.write(sent, 0, sent.length);
            for (int count = 0; count < sent.length; ) {
                int more = to.read(got, count, sent.length - count);
                if (more < 0) {
                    throw new AssertionError("The end of the stream");
                }
                count += more;
            }
            if (got[0] != stamp || got[got.length - 1] != stamp) {
                throw new AssertionError("Something else was received than was sent");
            }
        }

        void close() throws IOException {
            thread.shutdown();
            for (Sockets.Connection each : clients) {
                each.close();
            }
            for (Sockets.Connection each : servers) {
                each.close();
            }
        }
    }

    @Override
    public double measure(long nanos) throws Exception {
        CountDownLatch start = new CountDownLatch(workers.size());
        long begin = System.nanoTime();
        List<Future<Long>> running = new ArrayList<>();
        for (Worker worker : workers) {
            running.add(worker.thread.submit(() -> worker.work(start, nanos)));
        }
        long count = 0;
        for (Future<Long> each : running) {
            count += each.get();
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        return count / 1e3 / seconds;
    }

    @Override
    public void close() throws Exception {
        try (sockets) {
            for (Worker worker : workers) {
                worker.close();
            }
            acceptor.close();
        }
    }
}
