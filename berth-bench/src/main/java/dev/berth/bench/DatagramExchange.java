package dev.berth.bench;

import java.io.IOException;

/// Datagrams of 64 octets per second: one thread sends 32 and then receives them, so that neither loss nor a switch
/// of threads is measured. All have to arrive, in order.
final class DatagramExchange implements Measurement {
    private static final int SIZE = 64;
    private static final int BATCH = 32;
    private static final int TIMEOUT_MILLIS = 5_000;

    private final Sockets sockets;
    private final Sockets.Datagrams sender;
    private final Sockets.Datagrams receiver;
    private final byte[] sent = new byte[SIZE];
    private final byte[] received = new byte[SIZE + 1];

    DatagramExchange(Sockets sockets) throws IOException {
        this.sockets = sockets;
        sender = sockets.datagrams();
        receiver = sockets.datagrams();
    }

    @Override
    public double measure(long nanos) throws Exception {
        return 1e9 / Batches.nanosPerOperation(nanos, BATCH, this::exchange);
    }

    private void exchange() throws IOException {
        for (int i = 0; i < BATCH; i++) {
            sent[SIZE - 1] = (byte) i;
            sender.send(sent, receiver);
        }
        for (int i = 0; i < BATCH; i++) {
            int n = receiver.receive(received, TIMEOUT_MILLIS);
            if (n != SIZE || received[SIZE - 1] != (byte) i) {
                throw new AssertionError("A wrong datagram of " + n + " octets");
            }
        }
    }

    @Override
    public void close() throws Exception {
        try (sockets) {
            sender.close();
            receiver.close();
        }
    }
}
