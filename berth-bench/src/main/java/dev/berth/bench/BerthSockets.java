package dev.berth.bench;

import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.network.Network;
import dev.berth.stack.StackSnapshot;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.net.SocketTimeoutException;
import org.jspecify.annotations.Nullable;

/// Two hosts on a network in memory with all defaults: a client, which connects, and a server, which listens.
final class BerthSockets implements Sockets {
    private static final int BACKLOG = 1_024;
    private static final IpAddress.Prefix CLIENT = IpAddress.Prefix.parse("10.0.0.1/24");
    private static final IpAddress.Prefix SERVER = IpAddress.Prefix.parse("10.0.0.2/24");

    private final Network network;
    private final Host client;
    private final Host server;

    private BerthSockets(Network network, Host client, Host server) {
        this.network = network;
        this.client = client;
        this.server = server;
    }

    /// A network with its defaults: the largest MTU, no checksums computed, as users get it.
    static BerthSockets inMemory() throws IOException {
        Network network = Network.create("bench");
        return new BerthSockets(network, network.host("client", CLIENT), network.host("server", SERVER));
    }

    /// The same with hosts of so many shards.
    static BerthSockets inMemory(int shards) throws IOException {
        Network network = Network.create("bench");
        return new BerthSockets(
                network,
                network.host("client", plan -> plan.address(CLIENT.toString()).build(host -> host.shards(shards))),
                network.host("server", plan -> plan.address(SERVER.toString()).build(host -> host.shards(shards))));
    }

    /// A network with an MTU of 1500 whose links do not take partial checksums: each segment has at most 1460 octets,
    /// its checksum is computed by the sender and verified by the receiver.
    static BerthSockets likeEthernet() throws IOException {
        Network network = Network.create("bench", 1_500);
        return new BerthSockets(
                network, checksumming(network, "client", CLIENT), checksumming(network, "server", SERVER));
    }

    private static Host checksumming(Network network, String name, IpAddress.Prefix address) throws IOException {
        Host host = Host.builder(name)
                .link(new ChecksummingLink(network.link(address)))
                .address(address)
                .start();
        network.register(host);
        return host;
    }

    Host client() {
        return client;
    }

    Host server() {
        return server;
    }

    @Override
    public String name() {
        return "Berth";
    }

    @Override
    public Acceptor listen() throws IOException {
        TcpAcceptor acceptor = server.openTcpAcceptor();
        acceptor.bind(new Endpoint(SERVER.address(), 0));
        acceptor.listen(BACKLOG);
        return new HostAcceptor(client, acceptor, bound(acceptor.local()));
    }

    @Override
    public Datagrams datagrams() throws IOException {
        UdpSocket socket = server.openUdpSocket();
        socket.bind(new Endpoint(SERVER.address(), 0));
        return new HostDatagrams(client.openUdpSocket(), socket, bound(socket.local()));
    }

    @Override
    public void checkClosed() {
        for (Host host : new Host[] {client, server}) {
            for (StackSnapshot.FlowEntry flow : host.snapshot().flows()) {
                if (!flow.state().equals("TIME-WAIT")) {
                    throw new AssertionError("Not closed on " + host.name() + ": " + flow);
                }
            }
        }
    }

    @Override
    public void close() {
        network.close();
    }

    private record HostAcceptor(Host client, TcpAcceptor acceptor, Endpoint local) implements Acceptor {
        @Override
        public Connection connect() throws IOException {
            TcpSocket socket = client.openTcpSocket();
            socket.connect(local, 0);
            return new HostConnection(socket);
        }

        @Override
        public Connection accept() throws IOException {
            return new HostConnection(acceptor.accept(0));
        }

        @Override
        public void close() {
            acceptor.close();
        }
    }

    /// A connection of a host.
    record HostConnection(TcpSocket socket) implements Connection {
        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            return socket.read(bytes, from, length, 0);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            socket.write(bytes, from, length);
        }

        @Override
        public void shutdownOutput() throws IOException {
            socket.shutdownOutput();
        }

        @Override
        public void reset() throws IOException {
            socket.lingerSeconds(0);
            socket.close();
        }

        @Override
        public void close() {
            socket.close();
        }
    }

    /// Sends from the client and receives on the server.
    private record HostDatagrams(UdpSocket sender, UdpSocket receiver, Endpoint local) implements Datagrams {
        @Override
        public void send(byte[] bytes, Datagrams to) throws IOException {
            sender.send(bytes, 0, bytes.length, ((HostDatagrams) to).local);
        }

        @Override
        public int receive(byte[] into, int timeoutMillis) throws IOException {
            try {
                return receiver.receive(into, 0, into.length, timeoutMillis * 1_000_000L);
            } catch (SocketTimeoutException _) {
                return -1;
            }
        }

        @Override
        public void close() {
            sender.close();
            receiver.close();
        }
    }

    /// A link in memory that behaves as one without checksum offload.
    private static final class ChecksummingLink implements Link {
        private final Link link;
        private final LinkInfo info;

        ChecksummingLink(Link link) {
            this.link = link;
            info = new LinkInfo(link.info().name(), link.info().mtu(), false, 0);
        }

        @Override
        public LinkInfo info() {
            return info;
        }

        @Override
        public void start(LinkReceiver receiver) throws IOException {
            link.start(receiver);
        }

        @Override
        public void transmit(Packet packet) {
            assert packet.checksum != Packet.CHECKSUM_PARTIAL : "the stack leaves no checksum to this link";
            link.transmit(packet);
        }

        @Override
        public void flush() {
            link.flush();
        }

        @Override
        public void close() {
            link.close();
        }
    }

    private static Endpoint bound(@Nullable Endpoint local) {
        if (local == null) {
            throw new AssertionError("bound, and without a local end");
        }
        return local;
    }
}
