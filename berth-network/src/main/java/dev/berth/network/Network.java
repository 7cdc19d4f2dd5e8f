package dev.berth.network;

import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.names.NameTable;
import dev.berth.stack.StackConfig;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
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

    private static final IpAddress.Prefix ALL_IPV4 = IpAddress.Prefix.parse("0.0.0.0/0");
    private static final IpAddress.Prefix ALL_IPV6 = IpAddress.Prefix.parse("::/0");

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
    private volatile boolean detoured;

    // Guarded by this
    private final Map<String, Node> nodes = new LinkedHashMap<>(); // by canonical name
    private final Map<String, Node> aliases = new LinkedHashMap<>();
    private int crashing;
    private int shapedNodes;

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
        return start(plan.apply(new HostPlan(hostName).defaults(link, config)));
    }

    Host start(HostPlan plan) throws IOException {
        Node node = new Node(plan.name(), plan);
        synchronized (this) {
            requireFree(plan.name());
            nodes.put(NameTable.canonical(plan.name()), node);
        }
        boolean started = false;
        try {
            synchronized (this) {
                for (String alias : plan.aliases()) {
                    requireFree(alias);
                    aliases.put(NameTable.canonical(alias), node);
                }
            }
            Host host = boot(node, plan);
            started = true;
            return host;
        } finally {
            if (!started) {
                forget(node);
            }
        }
    }

    private void requireFree(String hostName) {
        String key = NameTable.canonical(hostName);
        if (key.isEmpty()) {
            throw new IllegalArgumentException("A host has a name");
        }
        if (nodes.containsKey(key) || aliases.containsKey(key)) {
            throw new IllegalArgumentException("There is a host " + hostName + " on network " + name + " already");
        }
    }

    private synchronized void forget(Node node) {
        nodes.remove(NameTable.canonical(node.name()), node);
        aliases.values().removeIf(other -> other == node);
    }

    private Host boot(Node node, HostPlan plan) throws IOException {
        List<NetworkLink> links = new ArrayList<>();
        Host.Builder builder = Host.builder(plan.name()).config(plan.config());
        synchronized (this) {
            node.starts++;
            pipes(node, plan);
            try {
                for (Map.Entry<Subnet, List<IpAddress.Prefix>> each :
                        Placement.of(plan, this, attached).entrySet()) {
                    Subnet subnet = each.getKey();
                    IpAddress.Prefix[] addresses = each.getValue().toArray(new IpAddress.Prefix[0]);
                    NetworkLink own = new NetworkLink(this, subnet, node, mtu(subnet, plan.up()), addresses);
                    attach(own);
                    links.add(own);
                    builder.link(observer.linked(plan.name(), plan.around().apply(own)));
                    each.getValue().forEach(builder::address);
                    if (subnet.open || links.size() == 1 && topology.anyRouter(subnet) != null) {
                        builder.route(ALL_IPV4).route(ALL_IPV6);
                    }
                }
            } catch (RuntimeException e) {
                links.forEach(NetworkLink::close);
                throw e;
            }
            node.links = links;
        }
        if (time != null) {
            SplittableRandom random = Node.random(seed, node.name(), 64 + node.starts);
            builder.clock(time.hostClock()).entropy(random::nextLong);
        }
        Host host = plan.finish().apply(builder).start();
        synchronized (this) {
            node.host = host;
            node.addresses = host.addresses();
        }
        observer.started(host);
        return host;
    }

    private int mtu(Subnet subnet, LinkProfile profile) {
        int octets = topology.mtu(subnet);
        return profile.mtu() == 0 ? octets : Math.min(octets, profile.mtu());
    }

    private void pipes(Node node, HostPlan plan) {
        boolean before = node.up != null || node.down != null;
        node.up = plan.up().isTransparent() ? null : new Pipe(plan.up(), Node.random(seed, node.name(), 2));
        node.down = plan.down().isTransparent() ? null : new Pipe(plan.down(), Node.random(seed, node.name(), 3));
        boolean after = node.up != null || node.down != null;
        shapedNodes += (after ? 1 : 0) - (before ? 1 : 0);
        refresh();
    }

    void router(String routerName, List<String> between) {
        Node node = new Node(routerName, null);
        Router router = new Router(this, node);
        if (between.size() < 2) {
            throw new IllegalArgumentException("Router " + routerName + " leads nowhere: it needs two subnets");
        }
        for (String each : between) {
            Subnet subnet = subnet(each, "Router " + routerName);
            if (router.ports().stream().anyMatch(port -> port.subnet() == subnet)) {
                throw new IllegalArgumentException("Router " + routerName + " is on subnet " + each + " twice");
            }
            List<IpAddress.Prefix> addresses = new ArrayList<>();
            for (int i = 0; i < subnet.prefixes.size(); i++) {
                addresses.add(subnet.next(i, attached));
            }
            Router.Port port = router.attach(subnet, topology.mtu(subnet), addresses);
            addresses.forEach(prefix -> attached.put(prefix.address(), port));
            subnet.add(port);
        }
        nodes.put(NameTable.canonical(routerName), node);
        topology.add(router);
        refresh();
    }

    Subnet subnet(String subnetName, String who) {
        Subnet subnet = topology.find(subnetName);
        if (subnet == null) {
            throw new IllegalArgumentException(who + " names subnet " + subnetName + ", and there are only "
                    + topology.subnets().stream().map(each -> each.name).toList());
        }
        return subnet;
    }

    /// Makes a host that was built by hand, on a [#link], known by its name.
    ///
    /// @throws IllegalArgumentException if the name is taken
    public synchronized void register(Host host) {
        requireFree(host.name());
        Node node = new Node(host.name(), null);
        for (IpAddress address : host.addresses()) {
            if (attached.get(address.hi(), address.lo()) instanceof NetworkLink own && !own.isNamed()) {
                own.node(node);
                node.links = append(node.links, own);
            }
        }
        node.host = host;
        node.addresses = host.addresses();
        nodes.put(NameTable.canonical(host.name()), node);
    }

    private static List<NetworkLink> append(List<NetworkLink> links, NetworkLink link) {
        List<NetworkLink> more = new ArrayList<>(links);
        more.add(link);
        return List.copyOf(more);
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

    private synchronized void attach(NetworkLink link) {
        for (IpAddress.Prefix prefix : link.addresses()) {
            IpAddress address = prefix.address();
            if (attached.get(address.hi(), address.lo()) != null) {
                throw new IllegalArgumentException(address + " is taken on network " + name);
            }
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
        Node node = link.node();
        if (node.links.contains(link)) {
            node.links = node.links.stream().filter(other -> other != link).toList();
            if (node.links.isEmpty() && !node.isCrashed()) {
                forget(node);
            }
        }
    }

    /// The host of that name; empty while it is crashed.
    public synchronized Optional<Host> find(String hostName) {
        Node node = lookUp(hostName);
        return Optional.ofNullable(node == null ? null : node.host);
    }

    /// What a host does, as reactions on the network's one thread.
    ///
    /// @throws IllegalArgumentException if there is no such host, or it is crashed
    /// @throws IllegalStateException if the network lives by the system's time
    public Script script(String hostName) {
        time();
        Host host = find(hostName)
                .orElseThrow(() -> new IllegalArgumentException(
                        "There is no host " + hostName + " that runs on network " + name));
        return new Script(this, host);
    }

    private @Nullable Node lookUp(String hostName) {
        String key = NameTable.canonical(hostName);
        Node node = nodes.get(key);
        return node != null ? node : aliases.get(key);
    }

    /// The hosts, in the order in which they came.
    public synchronized List<Host> hosts() {
        return nodes.values().stream().map(node -> node.host).filter(Objects::nonNull).toList();
    }

    /// The addresses of a host or router, by its name or one of its aliases; also while it is crashed.
    @Override
    public synchronized List<IpAddress> addresses(String hostName) {
        Node node = lookUp(hostName);
        if (node == null) {
            return List.of();
        }
        for (Router router : topology.routers()) {
            if (router.node() == node) {
                return router.ports().stream()
                        .flatMap(port -> port.addresses().stream())
                        .map(IpAddress.Prefix::address)
                        .toList();
            }
        }
        return node.addresses;
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
        Host host;
        Node node;
        synchronized (this) {
            node = node(hostName);
            host = node.host;
            if (host == null) {
                throw new IllegalStateException(hostName + " is no host that runs on network " + name);
            }
            node.host = null;
            node.crash();
            crashing++;
            refresh();
        }
        try {
            host.close();
        } finally {
            synchronized (this) {
                crashing--;
                refresh();
            }
        }
    }

    /// Starts a host again that has crashed, with the name, the addresses and the link it had and nothing else.
    ///
    /// @throws IllegalArgumentException if there is no such host
    /// @throws IllegalStateException if it is not crashed, or was built by hand, so that the network cannot build it
    public Host restart(String hostName) throws IOException {
        Node node;
        HostPlan plan;
        synchronized (this) {
            node = node(hostName);
            plan = node.plan;
            if (node.host != null || plan == null) {
                throw new IllegalStateException(hostName + " cannot be started again: "
                        + (plan == null ? "the network has not built it" : "it runs"));
            }
            node.revive();
        }
        return boot(node, plan);
    }

    /// Changes what the link of a host does from now on; packets on their way are not affected.
    ///
    /// @throws IllegalArgumentException if there is no such host, or the MTU is another one than before
    public synchronized void relink(String hostName, LinkProfile sending, LinkProfile receiving) {
        Node node = node(hostName);
        HostPlan plan = node.plan;
        if (plan == null) {
            throw new IllegalArgumentException(hostName + " has a link that the network has not built");
        }
        if (sending.mtu() != plan.up().mtu()) {
            throw new IllegalArgumentException("The MTU of a host does not change while it runs");
        }
        plan.link(sending, receiving);
        pipes(node, plan);
    }

    private Node node(String hostName) {
        Node node = lookUp(hostName);
        if (node == null) {
            throw new IllegalArgumentException("There is no host " + hostName + " on network " + name
                    + ", only " + nodes.values());
        }
        return node;
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
        return Traffic.bothWays(this, List.of(connected(one, other)), List.of(node(other)));
    }

    /// The packets from one host to another.
    ///
    /// @throws IllegalArgumentException as [#between]
    public synchronized Traffic fromTo(String from, String to) {
        return Traffic.oneWay(this, connected(from, to), node(to));
    }

    /// The packets from and to a host.
    ///
    /// @throws IllegalArgumentException if there is no such host
    public synchronized Traffic of(String host) {
        return Traffic.touching(this, node(host));
    }

    private Node connected(String one, String other) {
        Node first = node(one);
        Node second = node(other);
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
        return Traffic.across(this, Arrays.stream(group).map(this::node).toList())
                .cut();
    }

    /// Cuts two groups of hosts off from each other, both ways. Others still reach both.
    ///
    /// @throws IllegalArgumentException if there is no such host
    public synchronized Fault partition(List<String> one, List<String> other) {
        return Traffic.bothWays(
                        this,
                        one.stream().map(this::node).toList(),
                        other.stream().map(this::node).toList())
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

    private synchronized void refresh() {
        shaped = time != null || shapedNodes > 0 || topology.subnets().size() > 1;
        detoured = shaped || crashing > 0 || !rules.isEmpty();
    }

    /// True if packets do not go straight to their destination once the rules have passed them.
    boolean isShaped() {
        return shaped;
    }

    /// True if the [Carrier] has to be asked about each packet.
    boolean isDetoured() {
        return detoured;
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
