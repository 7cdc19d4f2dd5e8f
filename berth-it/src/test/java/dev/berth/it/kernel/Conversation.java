package dev.berth.it.kernel;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.SplittableRandom;

/// What is said on one connection of many, and how it ends: both ends know it from the seed and the connection's
/// number, with which the client begins.
///
/// @param id the connection's number
/// @param request octets from the client to the server
/// @param response octets from the server to the client
/// @param end how it ends
/// @param resetAfter octets that the end which resets sends before
record Conversation(int id, int request, int response, End end, int resetAfter) {
    /// The number of no conversation: the client has no more.
    static final int LAST = -1;

    private static final int BLOCK = 16_384;

    enum End {
        /// Both send at the same time, each closes its half when it is done.
        BOTH_WAYS,
        /// The client closes its half first, the server answers afterwards.
        CLIENT_FIRST,
        /// The server closes its half first, and then hears what the client has to say.
        SERVER_FIRST,
        /// The server closes both halves when it has answered.
        CLOSED_BY_SERVER,
        /// The client ends the connection in the middle.
        RESET_BY_CLIENT,
        /// The server ends the connection in the middle.
        RESET_BY_SERVER;

        boolean isReset() {
            return this == RESET_BY_CLIENT || this == RESET_BY_SERVER;
        }
    }

    /// After so long without an octet, a RST was lost.
    static final Duration LOST = Duration.ofSeconds(20);

    /// One end of a connection, whoever's sockets it has.
    interface Connection {
        InputStream in();

        OutputStream out();

        /// From now on a read waits for so long at most.
        void patience(Duration time) throws IOException;

        /// Closes the sending half.
        void finish() throws IOException;

        /// Ends the connection with a RST.
        void reset() throws IOException;
    }

    /// The conversation of connection `id`.
    static Conversation of(long seed, int id) {
        SplittableRandom random = new SplittableRandom(seed * 1_000_003 + id);
        int request = length(random);
        int response = length(random);
        // One of twelve ends with a RST.
        int end = random.nextInt(24);
        End how = End.values()[end < 22 ? end % 4 : end - 18];
        int sent = how == End.RESET_BY_CLIENT ? request : response;
        return new Conversation(id, request, response, how, random.nextInt(sent + 1));
    }

    /// From nothing to some hundred thousand octets, short ones more often.
    private static int length(SplittableRandom random) {
        return random.nextInt(1 << random.nextInt(19));
    }

    /// The client's part.
    void ask(Connection connection) throws IOException {
        new DataOutputStream(connection.out()).writeInt(id);
        switch (end) {
            case BOTH_WAYS -> bothWays(connection, request, response, 0);
            case CLIENT_FIRST -> {
                write(connection, request, 0);
                connection.finish();
                read(connection, response, 1, false);
            }
            case SERVER_FIRST -> {
                read(connection, response, 1, false);
                write(connection, request, 0);
                connection.finish();
            }
            case CLOSED_BY_SERVER -> {
                write(connection, request, 0);
                read(connection, response, 1, false);
            }
            case RESET_BY_CLIENT -> {
                write(connection, resetAfter, 0);
                connection.reset();
            }
            case RESET_BY_SERVER -> survive(connection, request, response, 0);
        }
    }

    /// The server's part, after it has read the number.
    void answer(Connection connection) throws IOException {
        switch (end) {
            case BOTH_WAYS -> bothWays(connection, response, request, 1);
            case CLIENT_FIRST -> {
                read(connection, request, 0, false);
                write(connection, response, 1);
                connection.finish();
            }
            case SERVER_FIRST -> {
                write(connection, response, 1);
                connection.finish();
                read(connection, request, 0, false);
            }
            case CLOSED_BY_SERVER -> {
                readExactly(connection, request, 0);
                write(connection, response, 1);
            }
            case RESET_BY_CLIENT -> survive(connection, response, request, 1);
            case RESET_BY_SERVER -> {
                write(connection, resetAfter, 1);
                connection.reset();
            }
        }
    }

    private void bothWays(Connection connection, int toWrite, int toRead, int direction) throws IOException {
        Thread writer = writer(connection, toWrite, direction);
        read(connection, toRead, 1 - direction, false);
        join(writer);
    }

    /// The other end resets: it may come at any point, and what was read before is right.
    private void survive(Connection connection, int toWrite, int toRead, int direction) throws IOException {
        // The RST may get lost. What is sent to the other end is answered with another one; but where all was sent and
        // acknowledged before, nobody ever hears of it.
        connection.patience(LOST);
        Thread writer = writer(connection, toWrite, direction);
        read(connection, toRead, 1 - direction, true);
        join(writer);
        connection.reset();
    }

    private Thread writer(Connection connection, int length, int direction) {
        return Thread.ofVirtual().name("writer").start(() -> {
            try {
                write(connection, length, direction);
                connection.finish();
            } catch (IOException e) {
                // The reader gets the same error, and tells it where it is none.
                assert e.getMessage() != null;
            }
        });
    }

    private static void join(Thread writer) throws IOException {
        try {
            if (!writer.join(KernelTest.LIMIT)) {
                throw new IOException("The writer does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("Interrupted", e);
        }
    }

    /// Where the octets of one direction begin among all of [Bulk], different for each connection.
    private long begin(int direction) {
        return id * 7_919L + direction * 1_000_003L;
    }

    private void write(Connection connection, int length, int direction) throws IOException {
        byte[] block = new byte[BLOCK];
        for (int at = 0; at < length; at += BLOCK) {
            int part = Math.min(BLOCK, length - at);
            Bulk.fill(block, part, begin(direction) + at);
            connection.out().write(block, 0, part);
        }
    }

    /// Reads to the end of the stream; throws if that is not what was sent. A RST may end it early if `mayEnd`.
    private void read(Connection connection, int length, int direction, boolean mayEnd) throws IOException {
        MessageDigest is = sha256();
        int count = 0;
        byte[] block = new byte[BLOCK];
        try {
            for (int part; (part = connection.in().read(block, 0, BLOCK)) >= 0; count += part) {
                is.update(block, 0, part);
            }
        } catch (IOException e) {
            if (!mayEnd) {
                throw e;
            }
        }
        if (mayEnd ? count > length : count != length) {
            throw new IOException(count + " of " + length + " octets came");
        }
        compare(is, count, direction);
    }

    private void readExactly(Connection connection, int length, int direction) throws IOException {
        MessageDigest is = sha256();
        byte[] block = new byte[BLOCK];
        for (int count = 0; count < length; ) {
            int part = connection.in().read(block, 0, Math.min(BLOCK, length - count));
            if (part < 0) {
                throw new IOException(count + " of " + length + " octets came");
            }
            is.update(block, 0, part);
            count += part;
        }
        compare(is, length, direction);
    }

    private void compare(MessageDigest is, int count, int direction) throws IOException {
        MessageDigest expected = sha256();
        byte[] block = new byte[BLOCK];
        for (int at = 0; at < count; at += BLOCK) {
            int part = Math.min(BLOCK, count - at);
            Bulk.fill(block, part, begin(direction) + at);
            expected.update(block, 0, part);
        }
        byte[] digest = is.digest();
        if (!MessageDigest.isEqual(digest, expected.digest())) {
            throw new IOException(
                    "The digest of " + count + " octets is " + HexFormat.of().formatHex(digest));
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    /// Reads the number with which a client begins.
    static int readId(Connection connection) throws IOException {
        return new DataInputStream(connection.in()).readInt();
    }
}
