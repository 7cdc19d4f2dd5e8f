package dev.berth.ethernet;

import dev.berth.host.Link;
import dev.berth.network.Network;
import dev.berth.tun.TapDevice;
import dev.berth.wire.EthernetHeader;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.nio.channels.spi.SelectorProvider;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Ethernet at a subnet of a [Network]: virtual machines, and others that speak frames, are guests of it. Each has a
/// port of its own, so that none sees what another one sends.
///
/// ```java
/// EthernetSegment segment = EthernetSegment.builder(network)
///         .router(IpAddress.Prefix.parse("10.0.0.254/24"))
///         .router(IpAddress.Prefix.parse("fd00::fe/64"))
///         .start();
/// FrameServer server = segment.listenStream(Path.of("/run/user/1000/vm.sock"));
/// ```
///
/// Guests get IPv4 addresses by DHCP and IPv6 prefixes by router advertisements. See docs/GATEWAY.md. One platform
/// thread, `berth-ethernet-NAME`, beside those of the carriers. Thread-safe.
public final class EthernetSegment implements AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger(EthernetSegment.class.getName());

    /// 02:62:65:72:74:68, which is no manufacturer's.
    private static final long MAC = 0x0262_6572_7468L;

    private static final long TICK_MILLIS = 1_000;
    private static final int MIN_MTU = 576;

    private final Network network;
    private final SegmentPlan plan;
    private final int maxGuests;
    private final int maxAddresses;
    private final @Nullable LeaseTable leases;
    private final List<EthernetPort> ports = new CopyOnWriteArrayList<>();
    private final Set<FrameServer> servers = ConcurrentHashMap.newKeySet();
    private final AtomicInteger numbers = new AtomicInteger();
    private final AtomicLong refusedGuests = new AtomicLong();
    private final ScheduledExecutorService ticker;
    private final ScheduledFuture<?> ticking;
    private final UnaryOperator<Link> around;
    private EthernetCounters gone = new EthernetCounters(0, 0, 0, 0, 0, 0, 0, 0, 0, Map.of()); // guarded by the ports
    private volatile boolean closed;

    private EthernetSegment(Builder builder, SegmentPlan plan) {
        network = builder.network;
        this.plan = plan;
        maxGuests = builder.maxGuests;
        maxAddresses = builder.maxAddresses;
        around = builder.around;
        IpAddress.Prefix subnet = plan.router4();
        leases = subnet == null
                ? null
                : new LeaseTable(
                        subnet,
                        builder.maxLeases,
                        maxAddresses,
                        builder.first == null ? 0 : builder.first.ipv4(),
                        address -> !plan.isForGuests(address.hi(), address.lo()) || isOfOthers(address));
        ticker = Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform()
                .daemon()
                .name("berth-ethernet-" + network.name())
                .factory());
        ticking = ticker.scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /// Begins to build the segment of a network.
    public static Builder builder(Network network) {
        return new Builder(network);
    }

    /// Attaches a guest.
    ///
    /// @param name by which the network's hosts find it
    /// @param carrier belongs to the port from here on
    /// @throws IOException if the carrier cannot be started, or as many guests are attached as may be
    /// @throws IllegalArgumentException if the name is taken, or the network's packets are longer than the MTU
    public EthernetPort attach(String name, FrameCarrier carrier) throws IOException {
        EthernetPort port = new EthernetPort(name, this, carrier, leases, maxAddresses);
        boolean started = false;
        try {
            synchronized (ports) {
                if (closed || ports.size() >= maxGuests) {
                    refusedGuests.incrementAndGet();
                    throw new IOException(
                            closed
                                    ? "The segment of network " + network.name() + " is closed."
                                    : "As many as " + maxGuests + " guests are attached to network " + network.name()
                                            + ", and no more may be.");
                }
                ports.add(port);
            }
            port.start();
            started = true;
            return port;
        } finally {
            if (!started) {
                port.close();
            }
        }
    }

    /// Makes a TAP device and attaches the guest behind it: the kernel of a network namespace, or what is bridged
    /// there.
    ///
    /// @param device its name, 1 to 15 octets
    /// @param namespace the namespace to make it in, such as `/var/run/netns/NAME`; null for that of this process
    /// @throws IOException if that is not possible, with one sentence that says why
    public EthernetPort attachTap(String device, @Nullable Path namespace) throws IOException {
        TapDevice tap = TapDevice.open(device, namespace, plan.mtu());
        boolean attached = false;
        try {
            EthernetPort port = attach(device, new TapCarrier(tap));
            attached = true;
            return port;
        } finally {
            if (!attached) {
                tap.close();
            }
        }
    }

    /// Lets guests come to a UNIX stream socket, in QEMU's framing: `-netdev stream,addr.type=unix,addr.path=PATH`.
    /// Each connection is a guest, by the names vm-1, vm-2 and so on. Only this user may connect.
    ///
    /// @throws IOException if that is not possible, or somebody listens there
    public FrameServer listenStream(Path path) throws IOException {
        return listenStream(path, SelectorProvider.provider());
    }

    /// As [#listenStream(Path)], in a JVM whose default sockets are not those of the kernel.
    public FrameServer listenStream(Path path, SelectorProvider kernel) throws IOException {
        return owned(StreamServer.listen(this, path, kernel));
    }

    /// Lets guests come to a UNIX datagram socket, one frame in each datagram: QEMU's
    /// `-netdev dgram,remote.type=unix,remote.path=PATH,local.type=unix,local.path=...` and vfkit. Linux only.
    ///
    /// @throws IOException if that is not possible
    public FrameServer listenDatagram(Path path) throws IOException {
        return owned(DatagramServer.listen(this, path, maxGuests));
    }

    private FrameServer owned(FrameServer server) {
        servers.add(server);
        return server;
    }

    /// Attaches a guest by the next free name that begins with `kind`.
    EthernetPort attachNext(String kind, FrameCarrier carrier) throws IOException {
        String name;
        do {
            name = kind + "-" + numbers.incrementAndGet();
        } while (!network.addresses(name).isEmpty() || network.find(name).isPresent());
        return attach(name, carrier);
    }

    /// The guests that are attached now.
    public List<EthernetPort> ports() {
        return List.copyOf(ports);
    }

    /// Guests that were turned away, because as many were there as may be.
    public long refusedGuests() {
        return refusedGuests.get();
    }

    Network network() {
        return network;
    }

    SegmentPlan plan() {
        return plan;
    }

    void left(EthernetPort port) {
        synchronized (ports) {
            if (ports.remove(port)) {
                gone = gone.plus(port.counters());
            }
        }
    }

    /// What all ports have counted, with those of guests that have gone.
    public EthernetCounters counters() {
        synchronized (ports) {
            EthernetCounters all = gone;
            for (EthernetPort port : ports) {
                all = all.plus(port.counters());
            }
            return all;
        }
    }

    Link around(Link link) {
        return around.apply(link);
    }

    double jitter() {
        return ThreadLocalRandom.current().nextDouble();
    }

    void nameTaken(String guest, String wanted) {
        LOGGER.log(
                System.Logger.Level.DEBUG,
                "Guest {0} calls itself {1}, and somebody else has that name.",
                guest,
                wanted);
    }

    private boolean isOfOthers(IpAddress address) {
        // An address that a port has is in the table of leases, or it came first and is nobody else's to have.
        return network.isTaken(address);
    }

    private void tick() {
        long now = System.nanoTime();
        for (EthernetPort port : ports) {
            try {
                port.tick(now);
            } catch (RuntimeException e) {
                LOGGER.log(System.Logger.Level.WARNING, "The upkeep of guest " + port.name() + " failed", e);
            }
        }
    }

    /// Takes all guests off the network and closes what carries their frames. Idempotent.
    @Override
    public void close() {
        synchronized (ports) {
            closed = true;
        }
        ticking.cancel(false);
        ticker.close(); // what is under way takes no time
        servers.forEach(FrameServer::close);
        ports.forEach(EthernetPort::close);
    }

    @Override
    public String toString() {
        return "EthernetSegment[" + network.name() + " " + ports + "]";
    }

    /// Builds an [EthernetSegment]. Not safe for several threads.
    public static final class Builder {
        private final Network network;
        private IpAddress.@Nullable Prefix router4;
        private IpAddress.@Nullable Prefix router6;
        private List<IpAddress> dns = List.of();
        private List<IpAddress> proxied = List.of();
        private long mac = MAC;
        private int mtu = 1_500;
        private int leaseSeconds = 3_600;
        private int maxGuests = 64;
        private int maxAddresses = 32;
        private int maxLeases = 1_024;
        private boolean firstCome;
        private @Nullable IpAddress first;
        private UnaryOperator<Link> around = UnaryOperator.identity();

        private Builder(Network network) {
            this.network = Objects.requireNonNull(network);
        }

        /// The router that guests are told of, with the length of the subnet's prefix: one of IPv4 for DHCP, one of
        /// IPv6 for router advertisements, or both. It need not be a host's address.
        public Builder router(IpAddress.Prefix address) {
            if (address.address().isIpv4()) {
                router4 = address;
            } else {
                router6 = address;
            }
            return this;
        }

        /// The name servers that guests are told of: of IPv4 the first by DHCP, of IPv6 up to three in router
        /// advertisements. The routers unless they are set.
        public Builder nameServers(IpAddress... addresses) {
            dns = List.of(addresses);
            return this;
        }

        /// Addresses that ARP and Neighbor Discovery are answered for although no host has them, because a gateway
        /// stands in for them.
        public Builder proxied(IpAddress... addresses) {
            proxied = List.of(addresses);
            return this;
        }

        /// The link-layer address of the router.
        ///
        /// @throws IllegalArgumentException if it is none of one station
        public Builder linkLayer(String address) {
            mac = EthernetHeader.parse(address);
            if (!EthernetHeader.isStation(mac)) {
                throw new IllegalArgumentException(address + " is no address of one station");
            }
            return this;
        }

        /// The largest IP packet, which guests are told of; that of the network's subnet. 1500 unless it is set.
        ///
        /// @param octets 576 to 65535, 1280 at least with IPv6
        public Builder mtu(int octets) {
            mtu = octets;
            return this;
        }

        /// How long an address is leased, in seconds; 3600 unless it is set.
        public Builder leaseSeconds(int seconds) {
            leaseSeconds = seconds;
            return this;
        }

        /// The IPv4 address that the first guest to ask gets, so that published ports can lead there.
        public Builder firstLease(IpAddress address) {
            first = address;
            return this;
        }

        /// Puts something around the link of each guest where IP packets pass, such as a capture.
        public Builder around(UnaryOperator<Link> wrapping) {
            around = Objects.requireNonNull(wrapping);
            return this;
        }

        /// Lets guests use IPv4 addresses of the subnet that DHCP did not give them, where nobody else has them.
        public Builder staticAddresses(boolean allowed) {
            firstCome = allowed;
            return this;
        }

        /// Bounds: guests at once (64), addresses of one guest (32), and leases that are remembered (1024).
        public Builder limits(int guests, int addresses, int remembered) {
            maxGuests = guests;
            maxAddresses = addresses;
            maxLeases = remembered;
            return this;
        }

        /// Starts the segment, without guests.
        ///
        /// @throws IllegalArgumentException if there is no router, or a number is out of range
        public EthernetSegment start() {
            if (router4 == null && router6 == null) {
                throw new IllegalArgumentException("A segment has a router, of IPv4 or IPv6");
            }
            int least = router6 == null ? MIN_MTU : 1_280;
            if (mtu < least || mtu > 65_535) {
                throw new IllegalArgumentException("The MTU is " + least + " to 65535 octets, not " + mtu);
            }
            if (Math.min(Math.min(leaseSeconds, maxGuests), Math.min(maxAddresses, maxLeases)) < 1) {
                throw new IllegalArgumentException("Every limit of a segment is 1 or more");
            }
            return new EthernetSegment(
                    this,
                    new SegmentPlan(
                            mac,
                            router4,
                            router6,
                            servers(true),
                            servers(false),
                            proxied,
                            mtu,
                            leaseSeconds,
                            firstCome));
        }

        private List<IpAddress> servers(boolean v4) {
            IpAddress.Prefix router = v4 ? router4 : router6;
            if (dns.isEmpty()) {
                return router == null ? List.of() : List.of(router.address());
            }
            return dns.stream().filter(each -> each.isIpv4() == v4).limit(3).toList();
        }
    }
}
