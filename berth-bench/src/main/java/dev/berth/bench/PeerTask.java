package dev.berth.bench;

import java.io.IOException;

/// What a client does with the server of [PeerProgram], over whatever sockets. The client begins with the number of
/// the task and the time in nanoseconds.
enum PeerTask {
    /// The server sends a stream of 64 KiB writes; gigabits per second at the client.
    RECEIVE {
        @Override
        double measure(Sockets.Connection connection, long nanos) throws IOException {
            long start = System.nanoTime();
            long received = Stream.drain(connection);
            return received * 8.0 / (System.nanoTime() - start);
        }

        @Override
        void answer(Sockets.Connection connection, long nanos) throws IOException {
            Stream.fill(connection, nanos);
        }
    },

    /// The client sends a stream of 64 KiB writes, the server says how much has arrived; gigabits per second until it
    /// says so.
    SEND {
        @Override
        double measure(Sockets.Connection connection, long nanos) throws IOException {
            long start = System.nanoTime();
            long sent = Stream.fill(connection, nanos);
            long received = readLong(connection);
            long elapsed = System.nanoTime() - start;
            if (received != sent) {
                throw new AssertionError(sent + " octets sent, but " + received + " received");
            }
            return received * 8.0 / elapsed;
        }

        @Override
        void answer(Sockets.Connection connection, long nanos) throws IOException {
            writeLong(connection, Stream.drain(connection));
        }
    },

    /// One byte there and back; microseconds per round trip in the median batch of 32.
    ROUND_TRIP {
        @Override
        double measure(Sockets.Connection connection, long nanos) throws Exception {
            byte[] bytes = new byte[1];
            return Batches.nanosPerOperation(nanos, BATCH, () -> {
                        for (int i = 0; i < BATCH; i++) {
                            bytes[0] = (byte) i;
                            connection.write(bytes, 0, 1);
                            if (connection.read(bytes, 0, 1) != 1 || bytes[0] != (byte) (i + 1)) {
                                throw new AssertionError("A wrong reply");
                            }
                        }
                    })
                    / 1e3;
        }

        @Override
        void answer(Sockets.Connection connection, long nanos) throws IOException {
            byte[] bytes = new byte[1];
            while (connection.read(bytes, 0, 1) == 1) {
                bytes[0]++;
                connection.write(bytes, 0, 1);
            }
        }
    };

    private static final int BATCH = 32;

    abstract double measure(Sockets.Connection connection, long nanos) throws Exception;

    abstract void answer(Sockets.Connection connection, long nanos) throws IOException;

    /// The client's part; returns the figure.
    double run(Sockets.Connection connection, long nanos) throws Exception {
        writeLong(connection, ordinal());
        writeLong(connection, nanos);
        return measure(connection, nanos);
    }

    /// The server's part.
    static void serve(Sockets.Connection connection) throws IOException {
        PeerTask task = values()[(int) readLong(connection)];
        task.answer(connection, readLong(connection));
    }

    private static void writeLong(Sockets.Connection connection, long value) throws IOException {
        byte[] bytes = new byte[8];
        for (int i = 0; i < 8; i++) {
            bytes[i] = (byte) (value >>> 8 * i);
        }
        connection.write(bytes, 0, 8);
    }

    private static long readLong(Sockets.Connection connection) throws IOException {
        byte[] bytes = new byte[8];
        for (int at = 0; at < 8; ) {
            int n = connection.read(bytes, at, 8 - at);
            if (n < 0) {
                throw new IOException("The other end has gone");
            }
            at += n;
        }
        long value = 0;
        for (int i = 0; i < 8; i++) {
            value |= (bytes[i] & 0xffL) << 8 * i;
        }
        return value;
    }
}
