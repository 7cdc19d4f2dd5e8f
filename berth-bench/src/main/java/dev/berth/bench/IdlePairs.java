package dev.berth.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// Octets of heap per idle established pair of sockets: the used heap after collection, with the pairs and without.
/// Everything is counted that Java code keeps for a connection; what the kernel keeps is not.
final class IdlePairs implements Measurement {
    /// Pairs per acceptor: a client has no more than 16,384 dynamic ports towards one destination.
    private static final int PER_ACCEPTOR = 10_000;

    /// Nanoseconds after which the timers of all handshakes have run out. Those of the kernel are not on the heap.
    static final long HANDSHAKE_TIMERS = 1_500_000_000L;

    private final Sockets sockets;
    private final int pairs;
    private final long settling;

    /// @param settling nanoseconds from the last handshake until the connections are idle
    IdlePairs(Sockets sockets, int pairs, long settling) {
        this.sockets = sockets;
        this.pairs = pairs;
        this.settling = settling;
    }

    @Override
    public double measure(long nanos) throws Exception {
        List<Sockets.Acceptor> acceptors = new ArrayList<>();
        List<Sockets.Connection> ends = new ArrayList<>(2 * pairs);
        try {
            open(acceptors, ends, Math.min(pairs, 100)); // classes, pools, tables of ordinary size
            close(acceptors, ends);
            long before = Heap.used();
            open(acceptors, ends, pairs);
            settle();
            long used = Heap.used() - before;
            exchangeOn(ends);
            return (double) used / pairs;
        } finally {
            close(acceptors, ends);
        }
    }

    private void open(List<Sockets.Acceptor> acceptors, List<Sockets.Connection> ends, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            if (i % PER_ACCEPTOR == 0) {
                acceptors.add(sockets.listen());
            }
            ends.add(acceptors.getLast().connect());
            ends.add(acceptors.getLast().accept());
        }
    }

    /// Lets the timers of the handshakes run out, after which the connections are idle.
    private void settle() {
        long end = System.nanoTime() + settling;
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(end - System.nanoTime());
        }
    }

    /// The connections work: a byte crosses the first and the last.
    private static void exchangeOn(List<Sockets.Connection> ends) throws IOException {
        byte[] bytes = new byte[1];
        for (int i : new int[] {0, ends.size() - 2}) {
            ends.get(i).write(bytes, 0, 1);
            if (ends.get(i + 1).read(bytes, 0, 1) != 1) {
                throw new AssertionError("Pair " + i / 2 + " is dead");
            }
        }
    }

    private static void close(List<Sockets.Acceptor> acceptors, List<Sockets.Connection> ends) throws IOException {
        for (Sockets.Connection end : ends) {
            end.reset();
        }
        ends.clear();
        for (Sockets.Acceptor acceptor : acceptors) {
            acceptor.close();
        }
        acceptors.clear();
    }

    @Override
    public void close() {
        sockets.close();
    }
}
