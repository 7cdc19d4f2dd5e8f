package dev.berth.bench;

import java.io.IOException;
import java.util.concurrent.FutureTask;

/// A stream of 64 KiB writes from one platform thread to another; gigabits per second from the first octet to the end
/// of the stream. The octets are counted and some of every read are compared.
final class Stream implements Measurement {
    /// Octets per write, and per read at most.
    static final int BLOCK = 65_536;

    private final Sockets sockets;
    private final Sockets.Acceptor acceptor;

    Stream(Sockets sockets) throws IOException {
        this.sockets = sockets;
        acceptor = sockets.listen();
    }

    @Override
    public double measure(long nanos) throws Exception {
        FutureTask<Long> reader = Threads.start(false, () -> {
            try (Sockets.Connection accepted = acceptor.accept()) {
                return drain(accepted);
            }
        });
        try (Sockets.Connection connection = acceptor.connect()) {
            long start = System.nanoTime();
            long sent = fill(connection, nanos);
            long received = Threads.join(reader);
            long elapsed = System.nanoTime() - start;
            if (received != sent) {
                throw new AssertionError(sent + " octets sent, but " + received + " received");
            }
            return received * 8.0 / elapsed;
        }
    }

    /// Writes blocks for `nanos` nanoseconds, then ends the stream; returns the octets.
    static long fill(Sockets.Connection connection, long nanos) throws IOException {
        byte[] block = pattern();
        long start = System.nanoTime();
        long sent = 0;
        do {
            connection.write(block, 0, BLOCK);
            sent += BLOCK;
        } while (System.nanoTime() - start < nanos);
        connection.shutdownOutput();
        return sent;
    }

    /// Reads to the end of the stream; returns the octets.
    static long drain(Sockets.Connection connection) throws IOException {
        byte[] expected = pattern();
        byte[] buffer = new byte[BLOCK];
        long received = 0;
        int n;
        while ((n = connection.read(buffer, 0, BLOCK)) >= 0) {
            int at = (int) (received & BLOCK - 1);
            int last = at + n - 1 & BLOCK - 1;
            if (buffer[0] != expected[at] || buffer[n - 1] != expected[last]) {
                throw new AssertionError("Octets " + received + " and following are wrong");
            }
            received += n;
        }
        return received;
    }

    private static byte[] pattern() {
        byte[] block = new byte[BLOCK];
        for (int i = 0; i < BLOCK; i++) {
            block[i] = (byte) (i * 31 + (i >>> 8));
        }
        return block;
    }

    @Override
    public void close() throws Exception {
        try (sockets) {
            acceptor.close();
        }
    }
}
