package dev.berth.bench;

import java.io.IOException;

/// TCP and UDP as a benchmark uses them, so that the very same code drives both sides. The two implementations keep
/// the calls within bimorphic, which the compiler inlines.
interface Sockets extends AutoCloseable {
    /// Whose they are, as the table shows it.
    String name();

    /// Listens on a free port.
    Acceptor listen() throws IOException;

    /// A UDP socket on a free port.
    Datagrams datagrams() throws IOException;

    /// Checks that connections that were closed are really gone: nothing but TIME-WAIT is left.
    ///
    /// @throws AssertionError if one is left
    default void checkClosed() {}

    @Override
    void close();

    /// A listening socket.
    interface Acceptor extends AutoCloseable {
        /// A new connection to this acceptor, from another host where there are several.
        Connection connect() throws IOException;

        Connection accept() throws IOException;

        @Override
        void close() throws IOException;
    }

    /// A TCP connection.
    interface Connection extends AutoCloseable {
        /// Octets read, -1 at the end of the stream.
        int read(byte[] bytes, int from, int length) throws IOException;

        void write(byte[] bytes, int from, int length) throws IOException;

        void shutdownOutput() throws IOException;

        /// Ends the connection with RST.
        void reset() throws IOException;

        @Override
        void close() throws IOException;
    }

    /// A UDP socket.
    interface Datagrams extends AutoCloseable {
        /// Sends to `receiver`, which is of the same kind.
        void send(byte[] bytes, Datagrams receiver) throws IOException;

        /// Octets received; -1 if nothing came within `timeoutMillis`.
        int receive(byte[] into, int timeoutMillis) throws IOException;

        @Override
        void close() throws IOException;
    }
}
