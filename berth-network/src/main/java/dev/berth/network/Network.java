package dev.berth.network;

import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.names.NameTable;
import dev.berth.stack.StackConfig;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A network in memory: hosts, their names and addresses, and what lies between them.
///
/// ```java
/// try (Network network = Network.create("lab")) {
///     Host web = network.host("web");
///     Host client = network.host("client");
///     ...
///     try (Fault slow = network.between("client", "web").latency(Duration.ofMillis(50))) {
///         ...
///     }
/// }
/// ```
///
/// [#builder] makes networks with subnets, routers, links of any quality, and virtual time. Without any of that, a
/// packet goes straight from one host into the other, on the thread that sent it, without a copy of its payload.
///
/// A packet to a multicast group or a broadcast address goes to all other hosts of the subnet, which know their groups
/// themselves. A packet for an address that nobody has is counted and dropped. Nothing ever leaves the network, but
/// through a link that somebody built for it. Thread-safe under the system's time; see [VirtualTime] for the other.
public final class Network implements AutoCloseable, NameTable {
    /// The MTU of the links when none is given: the largest IP packet there is.
    public static final int MAX_MTU = 65_535;

    private final String name;
    private final long seed;
    private final NetworkTime clock;
    private final @Nullable VirtualTime time;
    private final Topology topology;
    private final LinkProfile link;
    private final StackConfig config;
    private final NetworkObserver observer;
    private final RuleSet rules = new RuleSet(this::refresh);
    private final Carrier carrier = new Carrier(this);
    private final AddressMap attached = new AddressMap();
    private final AtomicLong undeliverable = new AtomicLong();
    private final AtomicLong dropped = new AtomicLong();
    private final AtomicInteger ruleNumber = new AtomicInteger();
    private volatile @Nullable Gateway gateway;
    private volatile boolean shaped;
    private volatile boolean straight;
    private volatile boolean detoured;

    // Guarded by this
    private final NetworkHosts hosts;
    private int crashing;
    private int shapedNodes;
    private boolean closed;

    Network(
            String name,
            long seed,
            boolean virtual,
            Topology topology,
            LinkProfile link,
            StackConfig config,
            NetworkObserver observer) {
        this.name = name;
        this.seed = seed;
        this.topology = topology;
        this.link = link;
        this.config = config;
        this.observer = observer;
        time = virtual ? new VirtualTime(name) : null;
        clock = time != null ? time.internal() : new RealTime(name);
        hosts = new NetworkHosts(this, attached);
        refresh();
    }

    /// An empty network with the largest MTU, so that a stream crosses it in few, large segments.
    public static Network create(String name) {
        return create(name, MAX_MTU);
    }

    /// An empty network.
    ///
    /// @param mtu octets of the largest packet, 1280 to 65535
    public static Network create(String name, int mtu) {
        try {
            return builder(name).mtu(mtu).build();
        } catch (IOException e) {
            throw new AssertionError("no host is started yet", e);
        }
    }

    /// Begins to build a network.
    public static NetworkBuilder builder(String name) {
        return new NetworkBuilder(name);
    }

    /// The name.
    public String name() {
        return name;
    }

    /// The seed that faults and links draw their random numbers from, and under virtual time everything else too.
    public long seed() {
        return seed;
    }

    /// The time of a network that lives by virtual time.
    ///
    /// @throws IllegalStateException if it lives by the system's
    public VirtualTime time() {
        VirtualTime own = time;
        if (own == null) {
            throw new IllegalStateException("Network " + name
                    + " lives by the system's time; NetworkBuilder.virtualTime makes one that does not");
        }
        return own;
    }

    /// True if the network lives by virtual time.
    public boolean isVirtual() {
        return time != null;
    }

    // Hosts

    /// Starts a host with addresses on this network; without any, it gets a free one of each prefix of its subnet.
    /// Everything on the network is reachable for it as far as routers lead there.
    ///
    /// @throws IllegalArgumentException if the name or an address is taken, or an address belongs to no subnet
    public Host host(String hostName, IpAddress.Prefix... addresses) throws IOException {
        return host(hostName, plan -> {
            for (IpAddress.Prefix address : addresses) {
                plan.address(address);
            }
            return plan;
        });
    }

    /// Starts a host by plan.
    ///
    /// @throws IllegalArgumentException as the other `host`
    public Host host(String hostName, UnaryOperator<HostPlan> plan) throws IOException {
        return hosts.start(hostName, link, config, plan);
    }

    Subnet subnet(String subnetName, String who) {
        Subnet subnet = topology.find(subnetName);
        if (subnet == null) {
            throw new IllegalArgumentException(who + " names subnet " + subnetName + ", and there are only "
                    + topology.subnets().stream().map(each -> each.name).toList());
        }
        return subnet;
    }

    /// Makes whoever is on the other side of a link a member of the network: the kernel behind a TUN device, a virtual
    /// machine, another JVM. The link belongs to the guest from here on.
    ///
    /// @param link started by this; it hands packets in from one thread at a time
    /// @param addresses the guest's own; without any, it gets a free one of each prefix of the only subnet there is
    /// @throws IllegalArgumentException if the name or an address is taken, an address belongs to no subnet or all of
    ///     them to more than one, or the link does not carry the largest packet of the subnet
    /// @throws IllegalStateException if the network lives by virtual time: nothing outside does
    /// @throws IOException if the link cannot be opened; nothing is left behind then
    public Guest guest(String guestName, Link link, IpAddress.Prefix... addresses) throws IOException {
        return hosts.guest(guestName, link, addresses);
    }

    /// As [#guest], for a link that hands addresses out itself, as Ethernet does with DHCP: the guest has none before
    /// [Guest#claim].
    ///
    /// @param within an address of the subnet that it joins
    public Guest guestWithoutAddress(String guestName, Link link, IpAddress within) throws IOException {
        return hosts.guestWithoutAddress(guestName, link, within);
    }

    /// Whether a host, router or guest has an address now, or is to have it when it comes back from a crash.
    public synchronized boolean isTaken(IpAddress address) {
        return attached.get(address.hi(), address.lo()) != null || hosts.crashedOwner(address, Node.NOBODY) != null;
    }

    /// Makes a host that was built by hand, on a [#link], known by its name.
    ///
    /// @throws IllegalArgumentException if the name is taken
    public synchronized void register(Host host) {
        hosts.register(host);
    }

    /// A link to this network for a host with these addresses; packets to them go there.
    ///
    /// @throws IllegalArgumentException if an address is taken, or belongs to no subnet
    public Link link(IpAddress.Prefix... addresses) {
        NetworkLink link = linkByHand(addresses);
        attach(link);
        return link;
    }

    private NetworkLink linkByHand(IpAddress.Prefix... addresses) {
        Subnet subnet = topology.subnets().getFirst();
        if (!subnet.open && addresses.length > 0) {
            IpAddress address = addresses[0].address();
            Subnet found = topology.of(address.hi(), address.lo());
            if (found == null) {
                throw new IllegalArgumentException(address + " belongs to no subnet of network " + name);
            }
            subnet = found;
        }
        return new NetworkLink(this, subnet, new Node("", null), topology.mtu(subnet), addresses);
    }

    /// A link to this network for a host that also gets the packets to addresses that nobody has, as the default
    /// gateway of a network does: to be used with [Host.Builder#localPrefix]. Packets to groups and broadcast
    /// addresses do not count. Closing the link ends it.
    ///
    /// @param wanted which of those packets it gets; the others are dropped and counted as before. Called on whatever
    ///     thread sends, with a packet that it must leave as it is
    /// @param addresses the addresses that are the host's own, none or more
    /// @throws IllegalArgumentException if an address is taken
    /// @throws IllegalStateException if the network has such a link already
    public Link gatewayLink(Predicate<Packet> wanted, IpAddress.Prefix... addresses) {
        NetworkLink link = linkByHand(addresses);
        Gateway next = new Gateway(link, wanted);
        synchronized (this) {
            if (gateway != null) {
                throw new IllegalStateException("Network " + name + " has a gateway already");
            }
            attach(link);
            gateway = next;
        }
        return link;
    }

    private record Gateway(NetworkLink link, Predicate<Packet> wanted) {}

    /// The link that gets a packet of `from` which is for nobody's address, or null.
    @Nullable
    NetworkLink gatewayFor(Packet packet, @Nullable Attachment from) {
        Gateway present = gateway;
        return present != null
                        && present.link != from
                        && IpAddress.isUnicast(packet.destinationHi, packet.destinationLo)
                        && present.wanted.test(packet)
                ? present.link
                : null;
    }

    synchronized void attach(NetworkLink link) {
        for (IpAddress.Prefix prefix : link.addresses()) {
            IpAddress address = prefix.address();
            if (attached.get(address.hi(), address.lo()) != null) {
                throw new IllegalArgumentException(address + " is taken on network " + name);
            }
            hosts.requireNotOfCrashed(address, link.node());
        }
        for (IpAddress.Prefix prefix : link.addresses()) {
            attached.put(prefix.address(), link);
        }
        link.subnet().add(link);
    }

    synchronized void detach(NetworkLink link) {
        for (IpAddress.Prefix prefix : link.addresses()) {
            attached.remove(prefix.address(), link);
        }
        link.subnet().remove(link);
        Gateway present = gateway;
        if (present != null && present.link == link) {
            gateway = null;
        }
        hosts.detached(link);
    }

    /// The host of that name; empty while it is crashed.
    public synchronized Optional<Host> find(String hostName) {
        Node node = hosts.lookUp(hostName);
        return Optional.ofNullable(node == null ? null : node.host);
    }

    /// What a host does, as reactions on the network's one thread.
    ///
    /// @throws IllegalArgumentException if there is no such host, or it is crashed
    /// @throws IllegalStateException if the network lives by the system's time
    public Script script(String hostName) {
        time();
        Host host = find(hostName)
                .orElseThrow(() ->
                        new IllegalArgumentException("There is no host " + hostName + " that runs on network " + name));
        return new Script(this, host);
    }

    /// The hosts, in the order in which they came.
    public synchronized List<Host> hosts() {
        return hosts.all();
    }

    /// The addresses of a host or router, by its name or one of its aliases; also while it is crashed.
    @Override
    public synchronized List<IpAddress> addresses(String hostName) {
        return hosts.addresses(hostName);
    }

    @Override
    public @Nullable String name(IpAddress address) {
        Attachment owner = attached.get(address.hi(), address.lo());
        return owner == null || owner.node().name().isEmpty()
                ? null
                : owner.node().name();
    }

    // What can happen to hosts

    /// Takes a host away as a loss of power does: its state vanishes, and nobody is told. Threads that wait in its
    /// sockets get a `SocketException("Socket closed")`. Its name and addresses stay its own.
    ///
    /// @throws IllegalArgumentException if there is no such host
    /// @throws IllegalStateException if it is crashed already
    public void crash(String hostName) {
        hosts.crash(hostName);
    }

    /// Starts a host again that has crashed, with the name, the addresses and the link it had and nothing else.
    ///
    /// @throws IllegalArgumentException if there is no such host
    /// @throws IllegalStateException if it is not crashed, or was built by hand, so that the network cannot build it
    public Host restart(String hostName) throws IOException {
        return hosts.restart(hostName);
    }

    /// Changes what the link of a host does from now on; packets on their way are not affected.
    ///
    /// @throws IllegalArgumentException if there is no such host, or the MTU is another one than before
    public synchronized void relink(String hostName, LinkProfile sending, LinkProfile receiving) {
        hosts.relink(hostName, sending, receiving);
    }

    // Faults

    /// All packets that hosts send.
    public Traffic traffic() {
        return Traffic.all(this);
    }

    /// The packets between two hosts, both ways.
    ///
    /// @throws IllegalArgumentException if there is no such host, or no way from one to the other
    public synchronized Traffic between(String one, String other) {
        return Traffic.bothWays(this, List.of(connected(one, other)), List.of(hosts.require(other)));
    }

    /// The packets from one host to another.
    ///
    /// @throws IllegalArgumentException as [#between]
    public synchronized Traffic fromTo(String from, String to) {
        return Traffic.oneWay(this, connected(from, to), hosts.require(to));
    }

    /// The packets from and to a host.
    ///
    /// @throws IllegalArgumentException if there is no such host
    public synchronized Traffic of(String host) {
        return Traffic.touching(this, hosts.require(host));
    }

    private Node connected(String one, String other) {
        Node first = hosts.require(one);
        Node second = hosts.require(other);
        if (first == second) {
            throw new IllegalArgumentException("What " + one + " sends to itself does not pass the network");
        }
        boolean reachable = first.links.isEmpty() || second.links.isEmpty();
        for (NetworkLink from : first.links) {
            for (NetworkLink to : second.links) {
                reachable |= topology.isReachable(from.subnet(), to.subnet());
            }
        }
        if (!reachable) {
            throw new IllegalArgumentException("No router leads from " + one + " to " + other);
        }
        return first;
    }

    /// Cuts a group of hosts off from all others, both ways, until the fault is closed. Within the group, and among
    /// the others, everything goes on. What is on its way arrives.
    ///
    /// @throws IllegalArgumentException if there is no such host
    public synchronized Fault partition(String... group) {
        if (group.length == 0) {
            throw new IllegalArgumentException("A partition has a host on each side");
        }
        return Traffic.across(this, Arrays.stream(group).map(hosts::require).toList())
                .cut();
    }

    /// Cuts two groups of hosts off from each other, both ways. Others still reach both.
    ///
    /// @throws IllegalArgumentException if there is no such host
    public synchronized Fault partition(List<String> one, List<String> other) {
        if (one.isEmpty() || other.isEmpty()) {
            throw new IllegalArgumentException("A partition has a host on each side");
        }
        for (String each : one) {
            if (other.stream().anyMatch(name -> hosts.require(name) == hosts.require(each))) {
                throw new IllegalArgumentException("Host " + each + " is on both sides of the partition");
            }
        }
        return Traffic.bothWays(
                        this,
                        one.stream().map(hosts::require).toList(),
                        other.stream().map(hosts::require).toList())
                .cut();
    }

    /// The faults in force, in the order in which they are asked.
    public List<Fault> faults() {
        return rules.faults();
    }

    /// Packets for addresses that nobody has.
    public long undeliverable() {
        return undeliverable.get();
    }

    /// Packets that faults and links have dropped.
    public long dropped() {
        return dropped.get();
    }

    /// Packets on their way, under a delay.
    public int inFlight() {
        return carrier.inFlight();
    }

    // For the classes that carry packets

    NetworkTime clock() {
        return clock;
    }

    RuleSet rules() {
        return rules;
    }

    Carrier carrier() {
        return carrier;
    }

    Topology topology() {
        return topology;
    }

    int nextRule() {
        return 128 + ruleNumber.getAndIncrement() % 100;
    }

    /// So many hosts more have links that change something, or crash at present.
    synchronized void count(int moreShaped, int moreCrashing) {
        shapedNodes += moreShaped;
        crashing += moreCrashing;
        refresh();
    }

    synchronized boolean isClosed() {
        return closed;
    }

    NetworkObserver observer() {
        return observer;
    }

    NetworkHosts registry() {
        return hosts;
    }

    private synchronized void refresh() {
        shaped = time != null || shapedNodes > 0 || topology.subnets().size() > 1;
        straight = !shaped && crashing == 0;
        detoured = !straight || !rules.isEmpty();
    }

    /// True if packets do not go straight to their destination once the rules have passed them.
    boolean isShaped() {
        return shaped;
    }

    /// True if packets that no rule is for go straight to their destination.
    boolean isStraight() {
        return straight;
    }

    /// True if the [Carrier] has to be asked about each packet.
    boolean isDetoured() {
        return detoured;
    }

    /// Another number after each change of what [#attachmentOf] says.
    int attachmentChanges() {
        return attached.changes();
    }

    @Nullable
    Attachment attachmentOf(long hi, long lo) {
        return attached.get(hi, lo);
    }

    @Nullable
    Subnet subnetOf(long hi, long lo) {
        return topology.of(hi, lo);
    }

    Router.@Nullable Port exit(Router router, Subnet to) {
        return topology.exit(router, to);
    }

    /// Where a packet goes next that is for nobody on this subnet; null if nowhere.
    @Nullable
    Attachment wayOut(Subnet subnet, Packet packet, @Nullable Attachment to) {
        if (to != null) {
            return topology.entry(subnet, to.subnet());
        }
        Attachment stranger = gatewayFor(packet, null);
        if (stranger != null && stranger.subnet() == subnet) {
            return stranger;
        }
        boolean elsewhere = !subnet.open && !subnet.contains(packet.destinationHi, packet.destinationLo);
        return elsewhere && IpAddress.isUnicast(packet.destinationHi, packet.destinationLo)
                ? topology.anyRouter(subnet)
                : null;
    }

    /// Whether an address is that of a multicast group or a broadcast address of one of the hosts of a subnet.
    boolean isForAll(Subnet subnet, long hi, long lo) {
        if (IpAddress.isMulticast(hi, lo) || IpAddress.isLimitedBroadcast(hi, lo)) {
            return true;
        }
        if (!IpAddress.isIpv4(hi, lo)) {
            return false;
        }
        for (Attachment each : subnet.attachments(this)) {
            if (each instanceof NetworkLink link) {
                for (IpAddress.Prefix prefix : link.addresses()) {
                    if (prefix.address().isIpv4() && prefix.broadcast() == (int) lo && prefix.broadcast() != -1) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    void countUndeliverable(Packet packet) {
        undeliverable.incrementAndGet();
        observer.dropped(packet, "nobody has its destination");
    }

    void countDropped(Packet packet, String why) {
        dropped.incrementAndGet();
        observer.dropped(packet, why);
    }

    /// Closes all hosts.
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        for (Host host : hosts()) {
            host.close();
        }
        clock.close();
    }

    @Override
    public String toString() {
        return "Network[" + name + " " + hosts() + "]";
    }
}
