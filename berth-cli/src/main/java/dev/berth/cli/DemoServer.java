package dev.berth.cli;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;

/// The web server of a host in `berth demo`: it listens on port 80 and answers every request with its own name.
final class DemoServer implements AutoCloseable {
    static final int PORT = 80;

    private final Host host;
    private final TcpAcceptor acceptor;
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger others = new AtomicInteger();

    private DemoServer(Host host, TcpAcceptor acceptor) {
        this.host = host;
        this.acceptor = acceptor;
    }

    static DemoServer start(Host host) throws IOException {
        TcpAcceptor acceptor = host.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, PORT));
        acceptor.listen(TcpAcceptor.DEFAULT_BACKLOG);
        DemoServer server = new DemoServer(host, acceptor);
        Thread.ofVirtual().name("server-" + host.name()).start(server::acceptAll);
        return server;
    }

    private void acceptAll() {
        try {
            while (acceptor.isOpen()) {
                TcpSocket socket = acceptor.accept(0);
                Thread.ofVirtual().name("server-" + host.name()).start(() -> serve(new Talk(socket)));
            }
        } catch (IOException e) {
            if (acceptor.isOpen()) {
                throw new AssertionError("the server of host " + host.name(), e);
            }
        }
    }

    private void serve(Talk talk) {
        try (talk) {
            String request;
            while ((request = talk.readHead()) != null) {
                if (!request.startsWith("GET ")) {
                    others.incrementAndGet();
                    return;
                }
                requests.incrementAndGet();
                String body = "Hello from " + host.name();
                talk.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + body.length() + "\r\n\r\n"
                        + body);
            }
        } catch (IOException e) {
            others.incrementAndGet();
        }
    }

    /// Requests that came to the port.
    int requests() {
        return requests.get();
    }

    /// Anything else that came to the port, such as somebody's reply.
    int others() {
        return others.get();
    }

    @Override
    public void close() {
        acceptor.close();
    }
}
