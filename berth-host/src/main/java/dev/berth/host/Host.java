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
import java.util.concurrent.locks.LockSupport;
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
    /// How long a link may take for what the host says at its end.
    private static final long LAST_WORDS_NANOS = 500_000_000;

    private static final long LAST_WORDS_STEP_NANOS = 50_000;

    private final String name;
    /// The first of all shards, where everything lives but connections of TCP.
    private final StackMonitor monitor;

    private final StackMonitor[] shards;
    private final List<IpAddress> addresses;
    private final Set<SocketSignals> listening = ConcurrentHashMap.newKeySet();
    /// The labels of those sockets that have one, so that the others pay nothing for it.
    private final Map<HostSocket, String> labels = new ConcurrentHashMap<>();
    private final HostPorts ports;
    private final FixedPorts fixedPorts;
    private volatile boolean closed;

    private Host(String name, StackMonitor[] shards, List<IpAddress> addresses) {
        this.name = name;
        this.shards = shards;
        this.monitor = shards[0];
        this.addresses = addresses;
        ports = new HostPorts(shards);
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
        return openTcpSocket(anyMonitor());
    }

    /// A new, unbound TCP socket in a shard.
    TcpSocket openTcpSocket(StackMonitor shard) throws IOException {
        requireOpen();
        return new TcpSocket(this, shard, shard.stack().config().tcp());
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
        List<StackSnapshot> all = new ArrayList<>();
        for (StackMonitor shard : shards) {
            long now = shard.enter();
            try {
                all.add(shard.stack().snapshot(now));
            } finally {
                shard.exit();
            }
        }
        return all.size() == 1 ? all.getFirst() : StackSnapshot.sum(all);
    }

    /// What the host counts, copied under the lock; for meters of hosts with any number of sockets.
    public HostCounters counters() {
        HostCounters sum = null;
        for (StackMonitor shard : shards) {
            shard.enter();
            try {
                shard.countRefused();
                HostCounters counters = HostCounters.of(shard.stack());
                sum = sum == null ? counters : sum.plus(counters);
            } finally {
                shard.exit();
            }
        }
        return Objects.requireNonNull(sum);
    }

    /// Bindings, listeners and flows page by page, fill towards destinations, and counts; for hosts with any number
    /// of sockets.
    public HostPorts ports() {
        return ports;
    }

    /// Lets `observer` be told of every packet that the host drops from now on, such as
    /// `dev.berth.capture.Capture#watch` does; null takes it away. There is one at most; without one it costs
    /// nothing. On a host of several shards it may be told by several threads at a time.
    public void observeDrops(@Nullable DropObserver observer) {
        for (StackMonitor shard : shards) {
            shard.observeDrops(observer);
        }
    }

    FixedPorts fixedPorts() {
        return fixedPorts;
    }

    StackMonitor monitor() {
        return monitor;
    }

    /// All shards, the first of which is [#monitor]. Not to be changed.
    StackMonitor[] monitors() {
        return shards;
    }

    /// How many shards the host has: [Builder#shards].
    public int shards() {
        return shards.length;
    }

    /// The shard of a new TCP socket: that of the calling thread, so that what a thread opens and uses itself is shared
    /// with no other.
    StackMonitor anyMonitor() {
        return shards.length == 1 ? monitor : shards[Shards.ofThread(shards.length)];
    }

    /// The shard in which a connection from a bound port lives. Under the lock of `present`, a shard of this host.
    StackMonitor monitorOf(StackMonitor present, Endpoint bound, Endpoint remote) {
        if (shards.length == 1) {
            return present;
        }
        IpAddress local = present.stack().source(remote.address(), bound.address());
        return local == null ? present : shards[present.stack().shardOf(new Endpoint(local, bound.port()), remote)];
    }

    /// Where a connection may find a port that finds none in the shard `present`.
    ///
    /// @param moves how many shards were asked before that one
    /// @return null if all were asked
    @Nullable
    StackMonitor monitorAfter(StackMonitor present, int moves) {
        return moves >= shards.length - 1 ? null : shards[(present.stack().shard() + 1) % shards.length];
    }

    /// The labels that were given to sockets.
    Map<HostSocket, String> labels() {
        return labels;
    }

    /// Under the lock of the shard with this stack.
    PortBinding<TcpListener> bindTcp(
            NetStack stack, Endpoint local, int sharing, PortRange within, Object owner, long now)
            throws BindException {
        requireLocal(stack, local.address());
        try {
            return stack.tcp()
                    .ports()
                    .bind(local.address().hi(), local.address().lo(), local.port(), sharing, within, owner, now);
        } catch (PortUnavailableException e) {
            throw SocketErrors.bind(e);
        }
    }

    /// Under the lock of the shard with this stack.
    void requireLocal(NetStack stack, IpAddress address) throws BindException {
        if (!stack.isLocal(address)) {
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
        for (StackMonitor shard : shards) {
            shard.enter();
            try {
                collectSockets(shard).forEach(socket -> socket.collectWaiting(threads));
            } finally {
                shard.exit();
            }
        }
        return threads;
    }

    /// All sockets of a shard that may have threads waiting in them. Under its lock.
    private List<SocketSignals> collectSockets(StackMonitor shard) {
        List<SocketSignals> sockets = shard == monitor ? new ArrayList<>(listening) : new ArrayList<>();
        shard.stack().tcp().ports().visitFlows(flow -> {
            if (flow instanceof Tcb tcb && tcb.attachment() instanceof HostSocket socket) {
                sockets.add(socket);
            }
            return true;
        });
        return sockets;
    }

    /// Takes the host down at once: connections are reset, all sockets are closed, links are closed. Threads that
    /// wait in a socket get a `SocketException("Socket closed")`. Resets that another thread is about to transmit get
    /// half a second to leave before the link is closed. Idempotent.
    @Override
    public void close() {
        List<SocketSignals> sockets = new ArrayList<>();
        for (StackMonitor shard : shards) {
            shard.enter();
            try {
                if (shard == monitor) {
                    if (closed) {
                        return;
                    }
                    closed = true;
                }
                sockets.addAll(collectSockets(shard));
            } finally {
                shard.exit();
            }
        }
        for (SocketSignals socket : sockets) {
            switch (socket) {
                case TcpSocket connection -> connection.abort();
                case HostSocket other -> other.close();
                case EchoSocket echo -> echo.close();
                case EchoResponder echo -> echo.close();
            }
        }
        awaitSilence();
        for (StackMonitor shard : shards) {
            for (LinkPort port : shard.ports()) {
                port.close();
            }
        }
        for (StackMonitor shard : shards) {
            shard.stopTimers();
        }
    }

    /// Until what was said last has left, as whoever transmits may be another thread. Not where time is a program's,
    /// which may stand still meanwhile.
    private void awaitSilence() {
        long deadline = System.nanoTime() + LAST_WORDS_NANOS;
        for (StackMonitor shard : shards) {
            for (LinkPort port : shard.ports()) {
                while (shard.clock() == null && !port.isSilent() && System.nanoTime() - deadline < 0) {
                    shard.tryRun(); // what the outbox had no room for
                    LockSupport.parkNanos(LAST_WORDS_STEP_NANOS);
                }
            }
        }
    }

    @Override
    public String toString() {
        return "Host[" + name + " " + addresses + "]";
    }

    /// Builds a [Host]: links, each followed by the addresses and routes that belong to it.
    public static final class Builder {
        /// The most shards of a host.
        public static final int MAX_SHARDS = 64;

        private record LinkPlan(@Nullable Link link, List<IpAddress.Prefix> addresses, List<IpAddress.Prefix> routes) {}

        private final String name;
        private final List<LinkPlan> plans = new ArrayList<>();
        private LinkPlan plan = new LinkPlan(null, new ArrayList<>(), new ArrayList<>());
        private StackConfig config = StackConfig.DEFAULT;
        private @Nullable Link loopback;
        private @Nullable HostClock clock;
        private @Nullable Entropy entropy;
        private int shards; // 0 for the default
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

        /// Divides the host, so that as many threads can be at work in it at a time on different TCP connections:
        /// each shard has a lock, tables, timers and an equal part of the memory of its own, and a connection is in
        /// that of its flow. UDP and all else is in the first. The default is what the system property `berth.shards`
        /// says, and 1 without it: a host that nobody keeps busy on several processors gains nothing, and each shard
        /// takes as much memory as a host. A host with a [#clock] of its own has 1 by default.
        ///
        /// @param number 1 to [#MAX_SHARDS]; with a [#clock] of one's own only 1
        /// @throws IllegalArgumentException if it is another
        public Builder shards(int number) {
            if (number < 1 || number > MAX_SHARDS) {
                throw new IllegalArgumentException("A host has 1 to " + MAX_SHARDS + " shards, not " + number);
            }
            shards = number;
            return this;
        }

        /// Builds the host and starts its links.
        ///
        /// @throws IOException if a link cannot be started; the others are closed again
        /// @throws IllegalArgumentException if an address cannot be a host's, or a host with a clock of its own is to
        ///     have several shards
        public Host start() throws IOException {
            int count = shards == 0 ? clock == null ? Shards.byDefault() : 1 : shards;
            if (count > 1 && clock != null) {
                throw new IllegalArgumentException("A host that does not live by the system's clock has one shard");
            }
            StackMonitor[] monitors = Shards.build(name, count, config, entropy, clock);
            List<Shards.Link> links = new ArrayList<>();
            List<IpAddress> addresses = new ArrayList<>();
            if (loopback != null) {
                links.add(Shards.loopback(monitors, loopback));
            }
            for (LinkPlan each : plans) {
                int nic = 0;
                Link link = each.link;
                if (link != null) {
                    Shards.Link added = Shards.add(monitors, link);
                    links.add(added);
                    nic = added.nic();
                }
                for (StackMonitor monitor : monitors) {
                    NetStack stack = monitor.stack();
                    NetInterface to = stack.interfaces().get(nic);
                    each.addresses.forEach(prefix -> stack.addAddress(to, prefix));
                    each.routes.forEach(prefix -> stack.addRoute(prefix, to));
                }
                each.addresses.forEach(prefix -> addresses.add(prefix.address()));
            }
            for (StackMonitor monitor : monitors) {
                for (IpAddress.Prefix prefix : localPrefixes) {
                    monitor.stack().addresses().addLocalPrefix(prefix);
                }
            }
            Shards.connect(monitors, links);
            Host host = new Host(name, monitors, List.copyOf(addresses));
            for (StackMonitor monitor : monitors) {
                monitor.startTimers();
            }
            try {
                for (Shards.Link link : links) {
                    link.link().start(link.receiver());
                }
            } catch (IOException | RuntimeException e) {
                host.close();
                throw e;
            }
            return host;
        }
    }
}
