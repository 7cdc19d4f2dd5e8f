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

    /// One byte there and back; microseconds per round trip.
    ROUND_TRIP {
        @Override
        double measure(Sockets.Connection connection, long nanos) throws IOException {
            byte[] bytes = new byte[1];
            long start = System.nanoTime();
            long elapsed;
            long count = 0;
            do {
                byte sent = (byte) count++;
                bytes[0] = sent;
                connection.write(bytes, 0, 1);
                if (connection.read(bytes, 0, 1) != 1 || bytes[0] != (byte) (sent + 1)) {
                    throw new AssertionError("A wrong reply");
                }
                elapsed = System.nanoTime() - start;
            } while (elapsed < nanos);
            return elapsed / 1e3 / count;
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

    abstract double measure(Sockets.Connection connection, long nanos) throws IOException;

    abstract void answer(Sockets.Connection connection, long nanos) throws IOException;

    /// The client's part; returns the figure.
    double run(Sockets.Connection connection, long nanos) throws IOException {
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
