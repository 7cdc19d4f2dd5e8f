package dev.berth.bench;

import java.io.IOException;
import java.util.concurrent.FutureTask;

/// Datagrams of 64 octets received per second, while one platform thread sends as fast as it can and another
/// receives. What finds the receiver's queue full is lost, as UDP has it, and not counted. The content is checked.
final class DatagramFlood implements Measurement {
    private static final int SIZE = 64;
    private static final int BATCH = 64;
    private static final int QUIET_MILLIS = 50;

    private final Sockets sockets;
    private final Sockets.Datagrams sender;
    private final Sockets.Datagrams receiver;

    DatagramFlood(Sockets sockets) throws IOException {
        this.sockets = sockets;
        sender = sockets.datagrams();
        receiver = sockets.datagrams();
    }

    private record Received(long count, long lastAt) {}

    @Override
    public double measure(long nanos) throws Exception {
        FutureTask<Received> receiving = Threads.start(false, this::receive);
        byte[] bytes = new byte[SIZE];
        bytes[SIZE - 1] = 77;
        long start = System.nanoTime();
        long sent = 0;
        do {
            for (int i = 0; i < BATCH; i++) {
                sender.send(bytes, receiver);
            }
            sent += BATCH;
        } while (System.nanoTime() - start < nanos);
        Received received = Threads.join(receiving);
        if (received.count == 0 || received.count > sent) {
            throw new AssertionError(sent + " datagrams sent, " + received.count + " received");
        }
        return received.count * 1e9 / (received.lastAt - start);
    }

    /// Receives until nothing has come for a while. The first may take its time.
    private Received receive() throws IOException {
        byte[] bytes = new byte[SIZE + 1];
        long count = 0;
        long lastAt = 0;
        int n;
        while ((n = receiver.receive(bytes, count == 0 ? 5_000 : QUIET_MILLIS)) >= 0) {
            if (n != SIZE || bytes[SIZE - 1] != 77) {
                throw new AssertionError("A wrong datagram of " + n + " octets");
            }
            if ((++count & 15) == 0) {
                lastAt = System.nanoTime();
            }
        }
        return new Received(count, lastAt == 0 ? System.nanoTime() : lastAt);
    }

    @Override
    public void close() throws Exception {
        try (sockets) {
            sender.close();
            receiver.close();
        }
    }
}
