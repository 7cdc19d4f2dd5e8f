package dev.berth.host;

import dev.berth.ports.Entropy;
import dev.berth.ports.PortBinding;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortRange;
import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.NetStack;
import dev.berth.stack.StackConfig;
import dev.berth.stack.StackSnapshot;
import dev.berth.stack.ip.DropObserver;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.BindException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// A running TCP/IP host: addresses of its own, all ports of TCP and UDP, links, and sockets on it.
///
/// ```java
/// try (Host host = Host.builder("web").address(IpAddress.Prefix.parse("10.0.0.1/24")).start()) {
///     TcpAcceptor acceptor = host.openTcpAcceptor();
///     acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
///     acceptor.listen(50);
/// }
/// ```
///
/// Thread-safe. Calls run on the thread of the caller; a host has no thread of its own but the share of one timer
/// thread and those of its links.
public final class Host implements AutoCloseable {
    private final String name;
    private final StackMonitor monitor;
    private final List<IpAddress> addresses;
    private final Set<SocketSignals> listening = ConcurrentHashMap.newKeySet();
    /// The labels of those sockets that have one, so that the others pay nothing for it.
    private final Map<HostSocket, String> labels = new ConcurrentHashMap<>();
    private final HostPorts ports;
    private final FixedPorts fixedPorts;
    private volatile boolean closed;

    private Host(String name, StackMonitor monitor, List<IpAddress> addresses) {
        this.name = name;
        this.monitor = monitor;
        this.addresses = addresses;
        ports = new HostPorts(monitor);
        fixedPorts = new FixedPorts(name, ports.policy());
    }

    /// Begins to build a host.
    public static Builder builder(String name) {
        return new Builder(name);
    }

    /// The name, as snapshots and messages show it.
    public String name() {
        return name;
    }

    /// The clock by which the host lives: that of [Builder#clock] or the system's. Its alarms are for hosts alone.
    public HostClock clock() {
        HostClock own = monitor.clock();
        return own == null ? SystemClock.shared() : own;
    }

    /// The addresses, without loopback, in the order in which they were given.
    public List<IpAddress> addresses() {
        return addresses;
    }

    /// The names of the interfaces, the loopback interface first; the position of a name is the interface's index.
    public List<String> interfaceNames() {
        monitor.enter();
        try {
            List<String> names = new ArrayList<>();
            for (NetInterface nic : monitor.stack().interfaces()) {
                names.add(nic.name());
            }
            return List.copyOf(names);
        } finally {
            monitor.exit();
        }
    }

    /// The interfaces as they are now, the loopback interface first; the position of each is its index.
    public List<InterfaceInfo> interfaces() {
        List<InterfaceInfo> interfaces = new ArrayList<>();
        monitor.enter();
        try {
            for (NetInterface nic : monitor.stack().interfaces()) {
                List<IpAddress.Prefix> own = new ArrayList<>();
                if (nic.isLoopback()) {
                    own.add(new IpAddress.Prefix(IpAddress.LOOPBACK_IPV4, 8));
                    own.add(new IpAddress.Prefix(IpAddress.LOOPBACK_IPV6, 128));
                }
                own.addAll(nic.addresses());
                interfaces.add(new InterfaceInfo(nic.index(), nic.name(), nic.mtu(), nic.isUp(), List.copyOf(own)));
            }
        } finally {
            monitor.exit();
        }
        return List.copyOf(interfaces);
    }

    /// The index of the interface that has an address; 0 for loopback, -1 if none has it.
    public int interfaceIndexOf(IpAddress address) {
        monitor.enter();
        try {
            NetInterface nic = monitor.stack().addresses().interfaceOf(address.hi(), address.lo());
            return nic != null ? nic.index() : address.isLoopback() ? 0 : -1;
        } finally {
            monitor.exit();
        }
    }

    /// True if `address` is one of the host's, loopback or a wildcard.
    public boolean isLocal(IpAddress address) {
        monitor.enter();
        try {
            return monitor.stack().isLocal(address);
        } finally {
            monitor.exit();
        }
    }

    /// A new, unbound TCP socket.
    public TcpSocket openTcpSocket() throws IOException {
        requireOpen();
        return new TcpSocket(this, monitor.stack().config().tcp());
    }

    /// A new, unbound socket to listen with.
    public TcpAcceptor openTcpAcceptor() throws IOException {
        requireOpen();
        return new TcpAcceptor(this, monitor.stack().config().tcp());
    }

    /// A new, unbound UDP socket.
    public UdpSocket openUdpSocket() throws IOException {
        requireOpen();
        return new UdpSocket(this);
    }

    /// A new socket for echo requests.
    ///
    /// @throws IOException if the host is closed, or 65,536 of them are open
    public EchoSocket openEchoSocket() throws IOException {
        requireOpen();
        return new EchoSocket(this);
    }

    /// Takes the echo requests to addresses that the host owns by a prefix only ([Builder#localPrefix]), which it
    /// answers itself otherwise.
    ///
    /// @throws IOException if the host is closed, or such a responder is open already
    public EchoResponder openEchoResponder() throws IOException {
        requireOpen();
        return new EchoResponder(this);
    }

    /// Asks `address` for an echo, and waits for it.
    ///
    /// @param timeoutNanos how long at most, in nanoseconds, more than 0
    /// @return true if it answered in time; false if it did not, somebody on the way says that it cannot be reached,
    ///     or no route leads there
    /// @throws IOException if the host is closed
    public boolean isReachable(IpAddress address, long timeoutNanos) throws IOException {
        return isReachable(address, UdpSocket.ANY_INTERFACE, 0, timeoutNanos);
    }

    /// As the other `isReachable`, from an address of one interface, and with a bound of the way.
    ///
    /// @param nic the index of the interface whose address the request comes from, or [UdpSocket#ANY_INTERFACE]; if
    ///     it has none of the same family as `address`, the answer is false. The routes decide which way it takes
    /// @param timeToLive hops that the request may take, 1 to 255; 0 for the default
    /// @throws IllegalArgumentException if there is no such interface, or a number is out of range
    public boolean isReachable(IpAddress address, int nic, int timeToLive, long timeoutNanos) throws IOException {
        if (timeoutNanos <= 0) {
            throw new IllegalArgumentException("The timeout is more than 0 ns, not " + timeoutNanos);
        }
        if (timeToLive < 0 || timeToLive > 255) {
            throw new IllegalArgumentException("The time to live is 0 to 255, not " + timeToLive);
        }
        IpAddress source = IpAddress.ANY_IPV6;
        if (nic != UdpSocket.ANY_INTERFACE) {
            List<InterfaceInfo> interfaces = interfaces();
            if (nic < 0 || nic >= interfaces.size()) {
                throw new IllegalArgumentException("There is no interface " + nic + " on host " + name);
            }
            IpAddress found = interfaces.get(nic).addressFor(address);
            if (found == null) {
                return false;
            }
            source = found;
        }
        try (EchoSocket echo = openEchoSocket()) {
            return echo.isReachable(address, source, timeToLive, timeoutNanos);
        }
    }

    private void requireOpen() throws IOException {
        if (closed) {
            throw new IOException("Host " + name + " is closed");
        }
    }

    /// Everything that people want to see of ports, flows, drops and interfaces, copied under the lock: for tests and
    /// hosts with few flows. See [#ports] for others.
    public StackSnapshot snapshot() {
        long now = monitor.enter();
        try {
            return monitor.stack().snapshot(now);
        } finally {
            monitor.exit();
        }
    }

    /// What the host counts, copied under the lock; for meters of hosts with any number of sockets.
    public HostCounters counters() {
        monitor.enter();
        try {
            return HostCounters.of(monitor.stack());
        } finally {
            monitor.exit();
        }
    }

    /// Bindings, listeners and flows page by page, fill towards destinations, and counts; for hosts with any number
    /// of sockets.
    public HostPorts ports() {
        return ports;
    }

    /// Lets `observer` be told of every packet that the host drops from now on, such as
    /// `dev.berth.capture.Capture#watch` does; null takes it away. There is one at most; without one it costs
    /// nothing.
    public void observeDrops(@Nullable DropObserver observer) {
        monitor.observeDrops(observer);
    }

    FixedPorts fixedPorts() {
        return fixedPorts;
    }

    StackMonitor monitor() {
        return monitor;
    }

    /// The labels that were given to sockets.
    Map<HostSocket, String> labels() {
        return labels;
    }

    /// Under the lock.
    PortBinding<TcpListener> bindTcp(Endpoint local, int sharing, PortRange within, Object owner, long now)
            throws BindException {
        requireLocal(local.address());
        try {
            return monitor.stack()
                    .tcp()
                    .ports()
                    .bind(local.address().hi(), local.address().lo(), local.port(), sharing, within, owner, now);
        } catch (PortUnavailableException e) {
            throw SocketErrors.bind(e);
        }
    }

    /// Under the lock.
    void requireLocal(IpAddress address) throws BindException {
        if (!monitor.stack().isLocal(address)) {
            throw SocketErrors.notLocal(this, address);
        }
    }

    /// The end that is meant by connecting to `remote`: the unspecified address is this host, as Linux has it.
    Endpoint reachable(Endpoint remote) {
        if (!remote.address().isUnspecified()) {
            return remote;
        }
        return new Endpoint(
                remote.address().isIpv4() ? IpAddress.LOOPBACK_IPV4 : IpAddress.LOOPBACK_IPV6, remote.port());
    }

    /// Remembers a socket that may have threads waiting in it without any flow: a listener, a datagram socket.
    void opened(SocketSignals socket) {
        listening.add(socket);
    }

    void closed(SocketSignals socket) {
        listening.remove(socket);
    }

    /// The threads, platform and virtual, that wait in a socket of this host now: to read, write, connect or accept.
    /// Those that wait in a selector are not among them. For leak checks; walks all flows under the host's lock.
    public List<Thread> waitingThreads() {
        List<Thread> threads = new ArrayList<>();
        monitor.enter();
        try {
            collectSockets().forEach(socket -> socket.collectWaiting(threads));
        } finally {
            monitor.exit();
        }
        return threads;
    }

    /// All sockets that may have threads waiting in them. Under the lock.
    private List<SocketSignals> collectSockets() {
        List<SocketSignals> sockets = new ArrayList<>(listening);
        monitor.stack().tcp().ports().visitFlows(flow -> {
            if (flow instanceof Tcb tcb && tcb.attachment() instanceof HostSocket socket) {
                sockets.add(socket);
            }
            return true;
        });
        return sockets;
    }

    /// Takes the host down at once: connections are reset, all sockets are closed, links are closed. Threads that
    /// wait in a socket get a `SocketException("Socket closed")`. Idempotent.
    @Override
    public void close() {
        List<SocketSignals> sockets;
        monitor.enter();
        try {
            if (closed) {
                return;
            }
            closed = true;
            sockets = collectSockets();
        } finally {
            monitor.exit();
        }
        for (SocketSignals socket : sockets) {
            switch (socket) {
                case TcpSocket connection -> connection.abort();
                case HostSocket other -> other.close();
                case EchoSocket echo -> echo.close();
                case EchoResponder echo -> echo.close();
            }
        }
        for (LinkPort port : monitor.ports()) {
            port.close();
        }
        monitor.stopTimers();
    }

    @Override
    public String toString() {
        return "Host[" + name + " " + addresses + "]";
    }

    /// Builds a [Host]: links, each followed by the addresses and routes that belong to it.
    public static final class Builder {
        private record LinkPlan(@Nullable Link link, List<IpAddress.Prefix> addresses, List<IpAddress.Prefix> routes) {}

        private final String name;
        private final List<LinkPlan> plans = new ArrayList<>();
        private LinkPlan plan = new LinkPlan(null, new ArrayList<>(), new ArrayList<>());
        private StackConfig config = StackConfig.DEFAULT;
        private @Nullable Link loopback;
        private @Nullable HostClock clock;
        private @Nullable Entropy entropy;
        private final List<IpAddress.Prefix> localPrefixes = new ArrayList<>();

        private Builder(String name) {
            this.name = Objects.requireNonNull(name);
            plans.add(plan);
        }

        /// A link; the addresses and routes that follow belong to it. Without any link, addresses are reachable on
        /// the host itself only.
        public Builder link(Link link) {
            plan = new LinkPlan(Objects.requireNonNull(link), new ArrayList<>(), new ArrayList<>());
            plans.add(plan);
            return this;
        }

        /// An address of the present link, with the prefix that is reached through it.
        public Builder address(IpAddress.Prefix address) {
            plan.addresses.add(Objects.requireNonNull(address));
            return this;
        }

        /// A route through the present link: `0.0.0.0/0` and `::/0` are the default routes.
        public Builder route(IpAddress.Prefix destination) {
            plan.routes.add(Objects.requireNonNull(destination));
            return this;
        }

        /// Lets the host stand in for every unicast address of a prefix, as Linux does with a local route ("AnyIP"):
        /// packets to them are delivered here whatever link they came through, sockets on a wildcard hear them and
        /// see the address that was asked, and sockets may be bound to them and send from them. `0.0.0.0/0` and
        /// `::/0` are all addresses there are. Packets *to* such addresses still follow the routes, so that others
        /// may have some of them; [Host#addresses] does not have them.
        public Builder localPrefix(IpAddress.Prefix prefix) {
            localPrefixes.add(Objects.requireNonNull(prefix));
            return this;
        }

        /// Lets a link carry what the host sends to itself, such as a [LoopbackLink] that is captured; without one it
        /// takes a shorter way. What the link is given must come back to the same host.
        public Builder loopback(Link link) {
            loopback = Objects.requireNonNull(link);
            return this;
        }

        /// Another time than the system's, such as that of a network under virtual time.
        public Builder clock(HostClock time) {
            clock = Objects.requireNonNull(time);
            return this;
        }

        /// Another source of random numbers than a secure one, so that a run can be repeated. It is called by one
        /// thread at a time, under the host's lock. Whoever can guess the numbers can guess ports and sequence
        /// numbers.
        public Builder entropy(Entropy source) {
            entropy = Objects.requireNonNull(source);
            return this;
        }

        /// Other settings than [StackConfig#DEFAULT].
        public Builder config(StackConfig settings) {
            config = Objects.requireNonNull(settings);
            return this;
        }

        /// Which ports the host hands out and to whom, such as [PortPolicy#linux]; in place of that of [#config].
        public Builder ports(PortPolicy policy) {
            config = config.withPorts(policy);
            return this;
        }

        /// Builds the host and starts its links.
        ///
        /// @throws IOException if a link cannot be started; the others are closed again
        /// @throws IllegalArgumentException if an address cannot be a host's
        public Host start() throws IOException {
            Entropy random = entropy == null ? new BufferedEntropy() : entropy;
            NetStack stack = new NetStack(config, random, SystemClock.nanoTime(clock));
            StackMonitor monitor = new StackMonitor(name, stack, clock);
            List<IpAddress> addresses = new ArrayList<>();
            List<LinkPort> ports = new ArrayList<>();
            if (loopback != null) {
                stack.carryLoopbackOutside();
                ports.add(new LinkPort(monitor, stack.interfaces().getFirst(), loopback));
            }
            for (LinkPlan each : plans) {
                NetInterface nic = stack.interfaces().getFirst();
                Link link = each.link;
                if (link != null) {
                    LinkInfo info = link.info();
                    nic = stack.addInterface(info.name(), info.mtu(), info.checksumOffload(), info.maxSegmented());
                    ports.add(new LinkPort(monitor, nic, link));
                }
                for (IpAddress.Prefix prefix : each.addresses) {
                    stack.addAddress(nic, prefix);
                    addresses.add(prefix.address());
                }
                for (IpAddress.Prefix prefix : each.routes) {
                    stack.addRoute(prefix, nic);
                }
            }
            for (IpAddress.Prefix prefix : localPrefixes) {
                stack.addresses().addLocalPrefix(prefix);
            }
            monitor.ports(ports.toArray(new LinkPort[0]));
            Host host = new Host(name, monitor, List.copyOf(addresses));
            monitor.startTimers();
            try {
                for (LinkPort port : ports) {
                    port.link().start(port);
                }
            } catch (IOException | RuntimeException e) {
                host.close();
                throw e;
            }
            return host;
        }
    }
}
