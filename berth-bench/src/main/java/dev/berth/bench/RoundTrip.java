package dev.berth.bench;

import java.io.IOException;
import java.util.concurrent.FutureTask;

/// One byte there and back on one connection, between two threads; microseconds per round trip
/// in the median batch of 32. Every reply is
/// checked.
final class RoundTrip implements Measurement {
    private static final int BATCH = 32;

    private final Sockets sockets;
    private final boolean virtual;
    private final Sockets.Acceptor acceptor;
    private final Sockets.Connection connection;
    private final FutureTask<Long> echo;
    private final byte[] bytes = new byte[1];
    private long trips;

    RoundTrip(Sockets sockets, boolean virtual) throws IOException {
        this.sockets = sockets;
        this.virtual = virtual;
        acceptor = sockets.listen();
        echo = Threads.start(virtual, this::echo);
        connection = acceptor.connect();
    }

    private long echo() throws IOException {
        try (Sockets.Connection accepted = acceptor.accept()) {
            byte[] bytes = new byte[1];
            long count = 0;
            while (accepted.read(bytes, 0, 1) == 1) {
                bytes[0]++;
                accepted.write(bytes, 0, 1);
                count++;
            }
            return count;
        }
    }

    @Override
    public double measure(long nanos) throws Exception {
        return Threads.join(Threads.start(virtual, () -> pingPong(nanos)));
    }

    private double pingPong(long nanos) throws Exception {
        return Batches.nanosPerOperation(nanos, BATCH, this::exchange) / 1e3;
    }

    private void exchange() throws IOException {
        for (int i = 0; i < BATCH; i++) {
            byte sent = (byte) i;
            bytes[0] = sent;
            connection.write(bytes, 0, 1);
            if (connection.read(bytes, 0, 1) != 1 || bytes[0] != (byte) (sent + 1)) {
                throw new AssertionError("A wrong reply");
            }
        }
        trips += BATCH;
    }

    @Override
    public void close() throws Exception {
        try (sockets) {
            connection.close();
            long echoed = Threads.join(echo);
            acceptor.close();
            if (echoed != trips) {
                throw new AssertionError(trips + " round trips, but " + echoed + " echoes");
            }
        }
    }
}
