package dev.berth.ethernet;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;

/// A web server of one page on a host of the network, for clients that close first.
final class PageHost implements AutoCloseable {
    static final int PORT = 80;
    private static final long LIMIT = TimeUnit.SECONDS.toNanos(20);

    private final TcpAcceptor acceptor;
    private final byte[] page;

    private PageHost(TcpAcceptor acceptor, byte[] page) {
        this.acceptor = acceptor;
        this.page = page;
    }

    /// Serves a page of so many octets.
    static PageHost start(Host host, int octets) throws IOException {
        TcpAcceptor acceptor = host.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, PORT));
        acceptor.listen(64);
        byte[] page = new byte[octets];
        Arrays.fill(page, (byte) 'b');
        PageHost server = new PageHost(acceptor, page);
        Thread.ofPlatform().daemon().name("page-host").start(server::serve);
        return server;
    }

    private void serve() {
        try {
            while (true) {
                TcpSocket socket = acceptor.accept(TimeUnit.HOURS.toNanos(1));
                Thread.ofVirtual().start(() -> answer(socket));
            }
        } catch (IOException e) {
            // closed: the test is over
        }
    }

    private void answer(TcpSocket socket) {
        try (socket) {
            byte[] request = new byte[4_096];
            if (socket.read(request, 0, request.length, LIMIT) <= 0) {
                return;
            }
            byte[] head = ("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + page.length + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII);
            socket.write(head, 0, head.length);
            socket.write(page, 0, page.length);
            socket.shutdownOutput();
            while (socket.read(request, 0, request.length, LIMIT) > 0) {
                // until the client has closed
            }
        } catch (IOException e) {
            // The client has gone; the test sees on its side what it did not get.
        }
    }

    /// The MD5 digest of the page, as `md5sum` writes it.
    String md5() throws NoSuchAlgorithmException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(page));
    }

    @Override
    public void close() throws IOException {
        acceptor.close();
    }
}
