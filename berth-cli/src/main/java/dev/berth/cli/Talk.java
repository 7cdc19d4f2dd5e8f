package dev.berth.cli;

import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.wire.Endpoint;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// HTTP/1.1 as far as `berth demo` needs it: one end of one connection, requests without a body, replies with
/// Content-Length, and the connection stays open until somebody closes it.
final class Talk implements AutoCloseable {
    private static final int MOST_HEADERS = 16 * 1024;
    private static final long TIMEOUT_NANOS = 10_000_000_000L;

    private final TcpSocket socket;
    private final byte[] buffer = new byte[MOST_HEADERS];
    private int from;
    private int to;

    Talk(TcpSocket socket) {
        this.socket = socket;
    }

    /// Connects as a browser does: to a port that it knows, from one that the host chooses.
    static Talk connect(Host host, Endpoint server) throws IOException {
        TcpSocket socket = host.openTcpSocket();
        boolean connected = false;
        try {
            socket.connect(server, TIMEOUT_NANOS);
            connected = true;
            return new Talk(socket);
        } finally {
            if (!connected) {
                socket.close();
            }
        }
    }

    /// The own end of the connection.
    Endpoint local() {
        return known(socket.local());
    }

    /// The other end of the connection.
    Endpoint remote() {
        return known(socket.remote());
    }

    private static Endpoint known(@Nullable Endpoint end) {
        if (end == null) {
            throw new AssertionError("a connection has two ends");
        }
        return end;
    }

    void send(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        socket.write(bytes, 0, bytes.length);
    }

    /// Reads a request or the head of a reply, up to the empty line.
    ///
    /// @return null if the other end has closed
    @Nullable
    String readHead() throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int octet = read();
            if (octet < 0 && head.isEmpty()) {
                return null;
            }
            if (octet < 0 || head.length() >= MOST_HEADERS) {
                throw new EOFException("The other end has sent half a message");
            }
            head.append((char) octet);
        }
        return head.toString();
    }

    /// Reads a reply, head and body.
    String readReply() throws IOException {
        String head = readHead();
        if (head == null) {
            throw new EOFException("The server has closed without a reply");
        }
        String mark = "Content-Length: ";
        int at = head.indexOf(mark) + mark.length();
        int length = Integer.parseInt(head.substring(at, head.indexOf('\r', at)));
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < length; i++) {
            body.append((char) read());
        }
        return head + body;
    }

    private int read() throws IOException {
        if (from == to) {
            from = 0;
            to = Math.max(0, socket.read(buffer, 0, buffer.length, TIMEOUT_NANOS));
            if (to == 0) {
                return -1;
            }
        }
        return buffer[from++] & 0xff;
    }

    @Override
    public void close() {
        socket.close();
    }
}
