package dev.berth.it.kernel;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.SocketException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// A server on a Berth host: a virtual thread accepts, and each connection has one of its own, until the service is
/// closed. What its conversations throw is kept for the test to see.
final class Service implements AutoCloseable {
    /// What is done with a connection; it is closed afterwards.
    interface Conversation {
        void talk(TcpSocket socket) throws Exception;
    }

    private final TcpAcceptor acceptor;
    private final List<Exception> failures = new CopyOnWriteArrayList<>();
    private final List<TcpSocket> sockets = new CopyOnWriteArrayList<>();

    private Service(TcpAcceptor acceptor) {
        this.acceptor = acceptor;
    }

    static Service start(Host host, int port, Conversation conversation) throws IOException {
        TcpAcceptor acceptor = host.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, port));
        acceptor.listen(1_024);
        Service service = new Service(acceptor);
        Thread.ofVirtual().name("service-" + port).start(() -> service.accept(conversation));
        return service;
    }

    private void accept(Conversation conversation) {
        try {
            while (acceptor.isOpen()) {
                TcpSocket socket = acceptor.accept(0);
                sockets.add(socket);
                Thread.ofVirtual().name("conversation").start(() -> talk(conversation, socket));
            }
        } catch (SocketException e) {
            if (acceptor.isOpen()) {
                failures.add(e);
            }
        } catch (IOException e) {
            failures.add(e);
        }
    }

    private void talk(Conversation conversation, TcpSocket socket) {
        try (socket) {
            conversation.talk(socket);
        } catch (Exception e) {
            failures.add(e);
        } finally {
            sockets.remove(socket);
        }
    }

    /// What went wrong so far.
    List<Exception> failures() {
        return failures;
    }

    /// Connections that are being talked on.
    int conversations() {
        return sockets.size();
    }

    @Override
    public void close() {
        acceptor.close();
        sockets.forEach(TcpSocket::close);
    }
}
