package dev.berth.gateway;

import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.names.NameTable;
import dev.berth.tun.SocketFile;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A way into a network in memory for programs that are not on it: a proxy of SOCKS version 5 (RFC 1928, with the
/// names and passwords of RFC 1929) and of HTTP's CONNECT (RFC 9110 section 9.3.6), both at one port of this machine
/// or at a UNIX-domain socket.
///
/// ```java
/// Host door = network.host("door", IpAddress.Prefix.parse("10.0.0.250/24"));
/// try (SocksProxy proxy = SocksProxy.builder(door)
///         .names(network)
///         .open(new InetSocketAddress("127.0.0.1", 1080))) {
///     ... // curl --socks5-hostname 127.0.0.1:1080 http://server/
/// }
/// ```
///
/// Names are looked up inside. Of SOCKS there are CONNECT and, over TCP, UDP ASSOCIATE; BIND is refused. Whoever
/// cannot be connected is told why. One platform thread accepts, virtual threads do the rest. Thread-safe.
public final class SocksProxy implements AutoCloseable {
    /// The port that IANA has for SOCKS.
    public static final int PORT = 1080;

    static final System.Logger LOGGER = System.getLogger(SocksProxy.class.getName());
    private static final int BACKLOG = 1_024;
    private static final long SECOND = 1_000_000_000L;
    private static final long ACCEPT_PAUSE_NANOS = SECOND / 10;

    private final ServerSocketChannel server;
    private final SocketAddress address;
    private final @Nullable SocketFile file;
    private final SelectorProvider kernel;
    private final ProxyDestinations destinations;
    private final Builder settings;
    private final ProxyTally tally = new ProxyTally();
    private final Set<ProxyClient> clients = ConcurrentHashMap.newKeySet();
    private final Set<CarriedConnection> connections = ConcurrentHashMap.newKeySet();
    private final Thread sweeper;
    private final KernelLoop.Use use;
    private volatile boolean closed;

    private SocksProxy(
            ServerSocketChannel server,
            SocketAddress address,
            @Nullable SocketFile file,
            SelectorProvider kernel,
            ProxyDestinations destinations,
            Builder settings)
            throws IOException {
        this.server = server;
        this.address = address;
        this.file = file;
        this.kernel = kernel;
        this.destinations = destinations;
        this.settings = settings;
        use = KernelLoop.use(kernel, _ -> {});
        sweeper = Thread.ofVirtual().name("berth-socks-sweep").unstarted(this::sweep);
    }

    /// Begins to build a proxy whose connections and datagrams come from `host`.
    public static Builder builder(Host host) {
        return new Builder(host);
    }

    /// Builds a [SocksProxy]. Not safe for several threads.
    public static final class Builder {
        private final Host host;
        private NameTable names = NameTable.of(Map.of());
        private OutsidePolicy policy = OutsidePolicy.standard();
        private @Nullable String user;
        private @Nullable String password;
        private int limit = 1_024;
        private int associations = 64;
        private long requestNanos = 8 * SECOND;
        private long connectNanos = 30 * SECOND;
        private long idleNanos = 7_440 * SECOND;

        private Builder(Host host) {
            this.host = Objects.requireNonNull(host);
        }

        private Builder(Builder other) {
            host = other.host;
            names = other.names;
            policy = other.policy;
            user = other.user;
            password = other.password;
            limit = other.limit;
            associations = other.associations;
            requestNanos = other.requestNanos;
            connectNanos = other.connectNanos;
            idleNanos = other.idleNanos;
        }

        /// What names mean, such as the network itself; without a table only addresses lead anywhere. A look-up may
        /// block.
        public Builder names(NameTable table) {
            names = Objects.requireNonNull(table);
            return this;
        }

        /// Where connections and datagrams may go; [OutsidePolicy#standard] unless it is set.
        public Builder policy(OutsidePolicy rules) {
            policy = Objects.requireNonNull(rules);
            return this;
        }

        /// The name and password that every client has to give.
        ///
        /// @param name 1 to 255 octets in UTF-8, without a colon
        /// @param secret 1 to 255 octets in UTF-8
        public Builder user(String name, String secret) {
            int longest = Math.max(octets(name), octets(secret));
            if (name.isEmpty() || secret.isEmpty() || name.indexOf(':') >= 0 || longest > 255) {
                throw new IllegalArgumentException("A name and a password have 1 to 255 octets, a name has no colon");
            }
            user = name;
            password = secret;
            return this;
        }

        private static int octets(String text) {
            return text.getBytes(StandardCharsets.UTF_8).length;
        }

        /// How many clients there may be at once, and how many of them may relay datagrams; 1,024 and 64 unless they
        /// are set. More are turned away.
        public Builder limits(int allClients, int ofDatagrams) {
            if (allClients < 1 || ofDatagrams < 0) {
                throw new IllegalArgumentException("A proxy has 1 client or more");
            }
            limit = allClients;
            associations = ofDatagrams;
            return this;
        }

        /// How long a client may take to ask, an address to answer, and a connection or association may be idle, in
        /// nanoseconds; 8 seconds, 30 seconds and 2 hours 4 minutes unless they are set.
        ///
        /// @throws IllegalArgumentException if one is below 1
        public Builder times(long request, long connect, long idle) {
            if (Math.min(request, Math.min(connect, idle)) < 1) {
                throw new IllegalArgumentException("Every time of a proxy is 1 ns or more");
            }
            requestNanos = request;
            connectNanos = connect;
            idleNanos = idle;
            return this;
        }

        /// Opens the proxy.
        ///
        /// @param listen an address of this machine with a port, 0 for any that is free, or a UNIX-domain socket,
        ///     which nobody but this user may use and which is removed by [SocksProxy#close]
        /// @throws IOException if the kernel does not let us listen there, with a sentence that says why
        public SocksProxy open(SocketAddress listen) throws IOException {
            SelectorProvider kernel = KernelSockets.provider("Proxies");
            boolean unix = listen instanceof UnixDomainSocketAddress;
            ServerSocketChannel server = unix
                    ? kernel.openServerSocketChannel(StandardProtocolFamily.UNIX)
                    : kernel.openServerSocketChannel();
            SocketFile file = null;
            boolean opened = false;
            try {
                file = bind(server, listen, kernel);
                SocketAddress address = unix ? listen : server.getLocalAddress();
                ProxyDestinations destinations = new ProxyDestinations(host, names, policy, connectNanos);
                SocksProxy proxy = new SocksProxy(server, address, file, kernel, destinations, new Builder(this));
                Thread.ofPlatform().daemon().name("berth-socks-accept").start(proxy::acceptAll);
                proxy.sweeper.start();
                opened = true;
                return proxy;
            } finally {
                if (!opened) {
                    server.close();
                    if (file != null) {
                        file.remove();
                    }
                }
            }
        }
    }

    private static @Nullable SocketFile bind(ServerSocketChannel server, SocketAddress listen, SelectorProvider kernel)
            throws IOException {
        if (listen instanceof UnixDomainSocketAddress unix) {
            SocketFile.clear(unix.getPath(), kernel);
            return SocketFile.bind(server, unix.getPath(), BACKLOG);
        }
        try {
            server.bind(listen, BACKLOG);
            return null;
        } catch (SocketException e) { // BindException for most reasons
            String reason = String.valueOf(e.getMessage());
            KernelPortOwner owner = reason.startsWith("Address already in use")
                            && listen instanceof InetSocketAddress inet
                            && !inet.isUnresolved()
                    ? KernelPortOwner.find(inet).orElse(null)
                    : null;
            BindException told = new BindException("Cannot listen on " + name(listen)
                    + (owner == null ? " (" + reason + ")." : ": it is in use by " + owner + "."));
            told.initCause(e);
            throw told;
        }
    }

    private static String name(SocketAddress address) {
        return address instanceof InetSocketAddress inet
                ? inet.isUnresolved()
                        ? inet.toString()
                        : OutsideAddresses.endpoint(inet).toString()
                : address.toString();
    }

    private void acceptAll() {
        while (!closed) {
            try {
                admit(server.accept());
            } catch (ClosedChannelException e) {
                return; // by close()
            } catch (IOException e) {
                LOGGER.log(System.Logger.Level.WARNING, "The proxy cannot accept: " + e.getMessage());
                LockSupport.parkNanos(ACCEPT_PAUSE_NANOS);
            }
        }
    }

    private void admit(SocketChannel channel) {
        tally.accepted.increment();
        if (clients.size() + connections.size() >= settings.limit) {
            tally.overLimit.increment();
            close(channel);
            return;
        }
        ProxyClient client = new ProxyClient(this, channel, System.nanoTime() + settings.requestNanos);
        clients.add(client);
        Thread.ofVirtual().name("berth-socks-client").start(client::run);
        if (closed) {
            client.end();
        }
    }

    /// Carries a connection on whose both ends are open.
    void carry(SocketChannel channel, TcpSocket socket, String name) {
        CarriedConnection connection = new CarriedConnection(use.loop(), channel, name, connections::remove);
        connections.add(connection);
        try {
            connection.carry(socket);
        } catch (IOException e) {
            connection.isReset(e);
        }
        if (closed) {
            connection.abort();
        }
    }

    /// Opens the sockets for the datagrams of a client.
    ///
    /// @param port of the client, 0 if it does not say
    /// @throws ProxyFailure.Refusal if the client is not one of TCP, or there are too many
    SocksUdp associate(SocketChannel channel, int port) throws IOException {
        if (!(channel.getLocalAddress() instanceof InetSocketAddress here)
                || !(channel.getRemoteAddress() instanceof InetSocketAddress there)) {
            throw new ProxyFailure.Refusal(ProxyFailure.COMMAND);
        }
        if (associations() >= settings.associations) {
            throw new ProxyFailure.Refusal(ProxyFailure.BUSY);
        }
        UdpSocket inner = destinations.host().openUdpSocket();
        DatagramChannel outer = null;
        boolean opened = false;
        try {
            inner.bind(new Endpoint(IpAddress.ANY_IPV6, 0));
            inner.label("socks");
            outer = kernel.openDatagramChannel();
            outer.bind(new InetSocketAddress(here.getAddress(), 0));
            SocksUdp relay = new SocksUdp(outer, inner, there.getAddress(), port, destinations, tally);
            opened = true;
            return relay;
        } finally {
            if (!opened) {
                inner.close();
                if (outer != null) {
                    close(outer);
                }
            }
        }
    }

    private int associations() {
        return (int) clients.stream().filter(each -> each.datagrams() != null).count();
    }

    void done(ProxyClient client) {
        clients.remove(client);
    }

    ProxyTally tally() {
        return tally;
    }

    ProxyDestinations destinations() {
        return destinations;
    }

    @Nullable
    String user() {
        return settings.user;
    }

    @Nullable
    String password() {
        return settings.password;
    }

    /// How long a client may take to ask, or to read a refusal.
    long patience() {
        return settings.requestNanos;
    }

    private void sweep() {
        long step = Math.min(SECOND, Math.min(settings.requestNanos, settings.idleNanos) / 2 + 1);
        while (!closed) {
            LockSupport.parkNanos(step);
            long now = System.nanoTime();
            for (ProxyClient client : clients) {
                SocksUdp relay = client.datagrams();
                if (relay != null && now - relay.lastUse() > settings.idleNanos) {
                    tally.idle.increment();
                    client.end();
                } else if (relay == null && now - client.deadline() > 0) {
                    tally.late.increment();
                    client.end();
                }
            }
            for (CarriedConnection connection : connections) {
                if (now - connection.lastUse() > settings.idleNanos) {
                    tally.idle.increment();
                    connection.abort();
                }
            }
        }
    }

    static void close(AutoCloseable what) {
        try {
            what.close();
        } catch (Exception e) {
            LOGGER.log(System.Logger.Level.DEBUG, "Closing: {0}", e.getMessage());
        }
    }

    /// Where it listens: an [InetSocketAddress] or a [UnixDomainSocketAddress].
    public SocketAddress address() {
        return address;
    }

    /// What has been counted, and what is held now.
    public ProxyCounters counters() {
        int relaying = associations();
        return new ProxyCounters(
                connections.size(),
                Math.max(0, clients.size() - relaying),
                relaying,
                tally.accepted.sum(),
                tally.opened.sum(),
                tally.failed.sum(),
                tally.denied.sum(),
                tally.unauthorised.sum(),
                tally.unsupported.sum(),
                tally.malformed.sum(),
                tally.overLimit.sum(),
                tally.late.sum(),
                tally.idle.sum(),
                tally.datagramsOut.sum(),
                tally.datagramsIn.sum(),
                tally.dropped.sum());
    }

    /// Stops listening and ends all connections, with a reset where something is still to be delivered. Idempotent.
    /// The host stays.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        close(server);
        if (file != null) {
            remove(file);
        }
        LockSupport.unpark(sweeper);
        clients.forEach(ProxyClient::end);
        connections.forEach(CarriedConnection::end);
        use.close();
    }

    private void remove(SocketFile socket) {
        try {
            socket.remove();
        } catch (IOException e) {
            LOGGER.log(System.Logger.Level.WARNING, "The socket " + address + " cannot be removed: " + e.getMessage());
        }
    }

    /// `127.0.0.1:1080 -> door`.
    @Override
    public String toString() {
        return name(address) + " -> " + destinations.host().name();
    }
}
