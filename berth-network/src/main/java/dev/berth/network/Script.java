package dev.berth.network;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;

/// What a host does under virtual time, written as reactions: it listens, connects, and answers on the network's one
/// thread, without threads of its own. From [Network#script].
///
/// ```java
/// network.script("server").listen(7, Conversation::echo);
/// Conversation talk = network.script("client").connect("server", 7).send("hello");
/// network.time().runUntil(() -> talk.received() == 5, Duration.ofSeconds(1));
/// ```
public final class Script {
    private final Network network;
    private final Host host;

    Script(Network network, Host host) {
        this.network = network;
        this.host = host;
    }

    /// The host itself.
    public Host host() {
        return host;
    }

    /// Listens on a port of all addresses of the host.
    ///
    /// @param accepted told of each connection, to say how it goes on
    /// @return what closes the listener
    /// @throws IOException if the port is taken
    public TcpAcceptor listen(int port, Consumer<Conversation> accepted) throws IOException {
        TcpAcceptor acceptor = host.openTcpAcceptor();
        boolean listening = false;
        try {
            acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, port));
            acceptor.listen(4_096);
            listening = true;
        } finally {
            if (!listening) {
                acceptor.close();
            }
        }
        acceptor.observe(_ -> network.clock().after(0, () -> accept(acceptor, accepted)));
        return acceptor;
    }

    private void accept(TcpAcceptor acceptor, Consumer<Conversation> accepted) {
        try {
            TcpSocket socket;
            while (acceptor.isOpen() && (socket = acceptor.tryAccept()) != null) {
                Conversation conversation = new Conversation(network, socket, true);
                accepted.accept(conversation);
                conversation.begin();
            }
        } catch (IOException e) {
            throw new AssertionError("an open listener on this thread", e);
        }
    }

    /// Begins to connect to a host by its name.
    ///
    /// @throws IllegalArgumentException if there is no such host
    /// @throws IOException if no route leads there, or no port is free
    public Conversation connect(String remote, int port) throws IOException {
        List<IpAddress> addresses = network.addresses(remote);
        if (addresses.isEmpty()) {
            throw new IllegalArgumentException("There is no host " + remote + " on network " + network.name());
        }
        return connect(new Endpoint(addresses.getFirst(), port));
    }

    /// Begins to connect.
    ///
    /// @throws IOException if no route leads there, or no port is free
    public Conversation connect(Endpoint remote) throws IOException {
        TcpSocket socket = host.openTcpSocket();
        Conversation conversation = new Conversation(network, socket, false);
        boolean begun = false;
        try {
            socket.startConnect(remote);
            begun = true;
        } finally {
            if (!begun) {
                socket.close();
            }
        }
        conversation.begin();
        return conversation;
    }

    @Override
    public String toString() {
        return "Script[" + host.name() + "]";
    }
}
