package dev.berth.bench;

import java.io.IOException;
import java.net.SocketException;

/// Connections per second in the median batch of 16: one thread connects, accepts, and closes both ends, one after
/// the other, so that no switch of threads is measured. Each end sees how the other one closed: the end of the stream
/// after FIN, an exception after RST.
final class ConnectClose implements Measurement {
    private static final int BATCH = 16;

    private final Sockets sockets;
    private final boolean reset;
    private final Sockets.Acceptor acceptor;
    private final byte[] bytes = new byte[1];

    ConnectClose(Sockets sockets, boolean reset) throws IOException {
        this.sockets = sockets;
        this.reset = reset;
        acceptor = sockets.listen();
    }

    @Override
    public double measure(long nanos) throws Exception {
        double each = Batches.nanosPerOperation(nanos, BATCH, this::connectAndClose);
        sockets.checkClosed();
        return 1e9 / each;
    }

    private void connectAndClose() throws IOException {
        for (int i = 0; i < BATCH; i++) {
            Sockets.Connection client = acceptor.connect();
            Sockets.Connection server = acceptor.accept();
            if (reset) {
                client.reset();
                expectReset(server, bytes);
                server.close();
            } else {
                client.shutdownOutput();
                expectEnd(server, bytes);
                server.close();
                expectEnd(client, bytes);
                client.close();
            }
        }
    }

    private static void expectEnd(Sockets.Connection connection, byte[] bytes) throws IOException {
        if (connection.read(bytes, 0, 1) != -1) {
            throw new AssertionError("Not the end of the stream");
        }
    }

    private static void expectReset(Sockets.Connection connection, byte[] bytes) throws IOException {
        try {
            int n = connection.read(bytes, 0, 1);
            throw new AssertionError("Not reset: " + n);
        } catch (SocketException _) {
            // as it has to be
        }
    }

    @Override
    public void close() throws Exception {
        try (sockets) {
            acceptor.close();
        }
    }
}
