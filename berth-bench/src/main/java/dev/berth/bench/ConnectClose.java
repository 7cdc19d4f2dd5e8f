package dev.berth.bench;

import java.io.IOException;
import java.net.BindException;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// Opens connections and closes both ends, one after the other in one thread, so that no switch of threads is measured.
/// Each end sees how the other one closed: the end of the stream after FIN, an exception after RST. The client closes
/// first, and so it is its ports that wait.
///
/// A connect that finds no port is repeated until it finds one, as a program would have to; that takes its time too.
final class ConnectClose implements AutoCloseable {
    private static final long PAUSE = 200_000; // nanoseconds until a connect without a port is repeated
    private static final long PATIENCE = 90_000_000_000L; // more than TIME-WAIT takes

    private final Sockets sockets;
    private final boolean reset;
    private final List<Sockets.Acceptor> acceptors = new ArrayList<>();
    private final byte[] bytes = new byte[1];
    private int next;

    /// @param reset true to end with RST
    /// @param destinations how many servers take turns
    ConnectClose(Sockets sockets, boolean reset, int destinations) throws IOException {
        this.sockets = sockets;
        this.reset = reset;
        for (int i = 0; i < destinations; i++) {
            acceptors.add(sockets.listen());
        }
    }

    /// Opens and closes so many.
    void run(int connections) throws IOException {
        for (int i = 0; i < connections; i++) {
            Sockets.Acceptor acceptor = acceptors.get(next);
            next = (next + 1) % acceptors.size();
            Sockets.Connection client = connect(acceptor);
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

    /// Connections per second from now on, all the time until `nanos` have passed.
    double runFor(long nanos) throws IOException {
        long begin = System.nanoTime();
        long count = 0;
        long passed;
        do {
            run(1);
            count++;
            passed = System.nanoTime() - begin;
        } while (passed < nanos);
        return count * 1e9 / passed;
    }

    /// Checks that nothing but TIME-WAIT is left of them.
    void checkClosed() {
        sockets.checkClosed();
    }

    private static Sockets.Connection connect(Sockets.Acceptor acceptor) throws IOException {
        long begin = 0;
        while (true) {
            try {
                return acceptor.connect();
            } catch (BindException e) { // no port is left: EADDRNOTAVAIL
                long now = System.nanoTime();
                begin = begin == 0 ? now : begin;
                if (now - begin > PATIENCE) {
                    throw e;
                }
                LockSupport.parkNanos(PAUSE);
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
    public void close() throws IOException {
        try (sockets) {
            for (Sockets.Acceptor acceptor : acceptors) {
                acceptor.close();
            }
        }
    }
}
