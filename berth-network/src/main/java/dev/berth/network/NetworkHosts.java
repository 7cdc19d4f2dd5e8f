package dev.berth.network;

import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.names.NameTable;
import dev.berth.stack.StackConfig;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The hosts and routers of a network by their names: how they start, crash, come back and are forgotten. Guarded by
/// the network.
final class NetworkHosts {
    private static final IpAddress.Prefix ALL_IPV4 = IpAddress.Prefix.parse("0.0.0.0/0");
    private static final IpAddress.Prefix ALL_IPV6 = IpAddress.Prefix.parse("::/0");

    private final Network network;
    private final AddressMap attached;
    private final Map<String, Node> nodes = new LinkedHashMap<>(); // by canonical name
    private final Map<String, Node> aliases = new LinkedHashMap<>();
    /// What guests call themselves, which keeps no name from the hosts of the network.
    private final Map<String, Node> ownNames = new LinkedHashMap<>();
    private int crashed; // hosts that are so now

    NetworkHosts(Network network, AddressMap attached) {
        this.network = network;
        this.attached = attached;
    }

    Host start(String hostName, LinkProfile link, StackConfig config, UnaryOperator<HostPlan> wishes)
            throws IOException {
        Objects.requireNonNull(hostName, "A host has a name");
        HostPlan plan = wishes.apply(new HostPlan(hostName).defaults(link, config));
        Objects.requireNonNull(plan, () -> "The plan of host " + hostName + " is null");
        Node node = new Node(plan.name(), plan);
        synchronized (network) {
            requireFree(plan.name());
            nodes.put(NameTable.canonical(plan.name()), node);
        }
        boolean started = false;
        try {
            synchronized (network) {
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
        if (key.isBlank()) {
            throw new IllegalArgumentException("A host has a name");
        }
        if (network.isClosed()) {
            throw new IllegalStateException("Network " + network.name() + " is closed");
        }
        if (nodes.containsKey(key) || aliases.containsKey(key)) {
            throw new IllegalArgumentException(
                    "There is a host " + hostName + " on network " + network.name() + " already");
        }
        ownNames.remove(key);
    }

    /// Addresses stay a host's own while it is crashed.
    void requireNotOfCrashed(IpAddress address, Node except) {
        Node owner = crashedOwner(address, except);
        if (owner != null) {
            throw new IllegalArgumentException(address + " is that of host " + owner.name() + ", which is crashed");
        }
    }

    /// The crashed host that an address belongs to, or null.
    @Nullable
    Node crashedOwner(IpAddress address, Node except) {
        if (crashed == 0) {
            return null;
        }
        for (Node node : nodes.values()) {
            if (node != except && node.isCrashed() && node.addresses.contains(address)) {
                return node;
            }
        }
        return null;
    }

    /// Lets a node have one other name, instead of the one that it had.
    boolean alias(Node node, String name) {
        String key = NameTable.canonical(name);
        synchronized (network) {
            if (ownNames.get(key) == node) {
                return true;
            }
            if (key.isBlank() || lookUp(key) != null) {
                return false;
            }
            ownNames.values().removeIf(other -> other == node);
            ownNames.put(key, node);
            return true;
        }
    }

    /// Gives a link one more address; false if that cannot be, see [Guest#claim].
    boolean claim(NetworkLink link, IpAddress.Prefix prefix) {
        IpAddress address = prefix.address();
        Subnet subnet = link.subnet();
        synchronized (network) {
            boolean fits = IpAddress.isUnicast(address.hi(), address.lo())
                    && (subnet.open || subnet.contains(address.hi(), address.lo()));
            if (!fits
                    || attached.get(address.hi(), address.lo()) != null
                    || crashedOwner(address, link.node()) != null) {
                return false;
            }
            IpAddress.Prefix[] before = link.addresses();
            IpAddress.Prefix[] after = Arrays.copyOf(before, before.length + 1);
            after[before.length] = prefix;
            attached.put(address, link);
            readdress(link, after);
            return true;
        }
    }

    void giveUp(NetworkLink link, IpAddress address) {
        synchronized (network) {
            attached.remove(address, link);
            readdress(
                    link,
                    Arrays.stream(link.addresses())
                            .filter(each -> !each.address().equals(address))
                            .toArray(IpAddress.Prefix[]::new));
        }
    }

    /// The node of a guest has the addresses of its link.
    private static void readdress(NetworkLink link, IpAddress.Prefix... addresses) {
        link.addresses(addresses);
        link.node().addresses =
                Arrays.stream(addresses).map(IpAddress.Prefix::address).toList();
    }

    private void forget(Node node) {
        synchronized (network) {
            nodes.remove(NameTable.canonical(node.name()), node);
            aliases.values().removeIf(other -> other == node);
            ownNames.values().removeIf(other -> other == node);
        }
    }

    private Host boot(Node node, HostPlan plan) throws IOException {
        List<NetworkLink> links = new ArrayList<>();
        Host.Builder builder = Host.builder(plan.name()).config(plan.config());
        synchronized (network) {
            node.starts++;
            pipes(node, plan);
            try {
                for (Map.Entry<Subnet, List<IpAddress.Prefix>> each :
                        Placement.of(plan, network, attached).entrySet()) {
                    Subnet subnet = each.getKey();
                    IpAddress.Prefix[] addresses = each.getValue().toArray(new IpAddress.Prefix[0]);
                    NetworkLink own = new NetworkLink(network, subnet, node, mtu(subnet, plan.up()), addresses);
                    network.attach(own);
                    links.add(own);
                    builder.link(
                            network.observer().linked(plan.name(), plan.around().apply(own)));
                    each.getValue().forEach(builder::address);
                    if (subnet.open || links.size() == 1 && network.topology().anyRouter(subnet) != null) {
                        builder.route(ALL_IPV4).route(ALL_IPV6);
                    }
                }
            } catch (RuntimeException e) {
                links.forEach(NetworkLink::close);
                throw e;
            }
            node.links = links;
        }
        if (network.isVirtual()) {
            SplittableRandom random = Node.random(network.seed(), node.name(), 64 + node.starts);
            builder.clock(network.time().hostClock()).entropy(random::nextLong);
        }
        Host host = plan.finish().apply(builder).start();
        synchronized (network) {
            node.host = host;
            node.addresses = host.addresses();
        }
        network.observer().started(host);
        return host;
    }

    Guest guest(String guestName, Link link, IpAddress.Prefix... wanted) throws IOException {
        requireReal();
        HostPlan plan = new HostPlan(guestName);
        for (IpAddress.Prefix each : wanted) {
            plan.address(each);
        }
        Guest guest;
        synchronized (network) {
            requireFree(guestName);
            Map<Subnet, List<IpAddress.Prefix>> placed = Placement.of(plan, network, attached);
            if (placed.size() != 1) {
                throw new IllegalArgumentException("Guest " + guestName + " has one link, and addresses in "
                        + placed.keySet().stream().map(each -> each.name).toList());
            }
            Subnet subnet = placed.keySet().iterator().next();
            List<IpAddress.Prefix> prefixes = placed.values().iterator().next();
            guest = joined(guestName, link, subnet, prefixes);
        }
        return started(guest);
    }

    Guest guestWithoutAddress(String guestName, Link link, IpAddress within) throws IOException {
        Guest guest;
        synchronized (network) {
            requireReal();
            requireFree(guestName);
            Subnet first = network.topology().subnets().getFirst();
            Subnet subnet = first.open ? first : network.subnetOf(within.hi(), within.lo());
            if (subnet == null) {
                throw new IllegalArgumentException(within + " belongs to no subnet of network " + network.name());
            }
            guest = joined(guestName, link, subnet, List.of());
        }
        return started(guest);
    }

    private void requireReal() {
        if (network.isVirtual()) {
            throw new IllegalStateException("Network " + network.name() + " lives by virtual time, and no guest does");
        }
    }

    private Guest joined(String guestName, Link link, Subnet subnet, List<IpAddress.Prefix> prefixes) {
        int mtu = network.topology().mtu(subnet);
        if (link.info().mtu() < mtu) {
            throw new IllegalArgumentException("The link of guest " + guestName + " has an MTU of "
                    + link.info().mtu() + ", and subnet " + subnet.name + " one of " + mtu);
        }
        Node node = new Node(guestName, null);
        NetworkLink port = new NetworkLink(network, subnet, node, mtu, prefixes.toArray(new IpAddress.Prefix[0]));
        network.attach(port);
        node.links = List.of(port);
        node.addresses = prefixes.stream().map(IpAddress.Prefix::address).toList();
        nodes.put(NameTable.canonical(guestName), node);
        return new Guest(network, guestName, link, port);
    }

    private static Guest started(Guest guest) throws IOException {
        boolean started = false;
        try {
            guest.start();
            started = true;
            return guest;
        } finally {
            if (!started) {
                guest.close();
            }
        }
    }

    private int mtu(Subnet subnet, LinkProfile profile) {
        int octets = network.topology().mtu(subnet);
        return profile.mtu() == 0 ? octets : Math.min(octets, profile.mtu());
    }

    private void pipes(Node node, HostPlan plan) {
        boolean before = node.up != null || node.down != null;
        node.up = plan.up().isTransparent() ? null : new Pipe(plan.up(), Node.random(network.seed(), node.name(), 2));
        node.down =
                plan.down().isTransparent() ? null : new Pipe(plan.down(), Node.random(network.seed(), node.name(), 3));
        boolean after = node.up != null || node.down != null;
        network.count((after ? 1 : 0) - (before ? 1 : 0), 0);
    }

    void router(String routerName, List<String> between) {
        Node node = new Node(routerName, null);
        Router router = new Router(network, node);
        if (between.size() < 2) {
            throw new IllegalArgumentException("Router " + routerName + " leads nowhere: it needs two subnets");
        }
        for (String each : between) {
            Subnet subnet = network.subnet(each, "Router " + routerName);
            if (router.ports().stream().anyMatch(port -> port.subnet() == subnet)) {
                throw new IllegalArgumentException("Router " + routerName + " is on subnet " + each + " twice");
            }
            List<IpAddress.Prefix> addresses = new ArrayList<>();
            for (int i = 0; i < subnet.prefixes.size(); i++) {
                addresses.add(subnet.next(i, attached));
            }
            Router.Port port = router.attach(subnet, network.topology().mtu(subnet), addresses);
            addresses.forEach(prefix -> attached.put(prefix.address(), port));
            subnet.add(port);
        }
        nodes.put(NameTable.canonical(routerName), node);
        network.topology().add(router);
        network.count(0, 0);
    }

    void register(Host host) {
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

    /// A link was closed: the host that has no other one left is forgotten, unless it has crashed.
    void detached(NetworkLink link) {
        Node node = link.node();
        if (node.links.contains(link)) {
            node.links = node.links.stream().filter(other -> other != link).toList();
            if (node.links.isEmpty() && !node.isCrashed()) {
                forget(node);
            }
        }
    }

    @Nullable
    Node lookUp(String hostName) {
        String key = NameTable.canonical(hostName);
        Node node = nodes.get(key);
        if (node == null) {
            node = aliases.get(key);
        }
        return node != null ? node : ownNames.get(key);
    }

    /// @throws IllegalArgumentException if there is no such host
    Node require(String hostName) {
        Node node = lookUp(hostName);
        if (node == null) {
            throw new IllegalArgumentException(
                    "There is no host " + hostName + " on network " + network.name() + ", only " + nodes.values());
        }
        return node;
    }

    List<Host> all() {
        return nodes.values().stream()
                .map(node -> node.host)
                .filter(Objects::nonNull)
                .toList();
    }

    List<IpAddress> addresses(String hostName) {
        Node node = lookUp(hostName);
        if (node == null) {
            return List.of();
        }
        for (Router router : network.topology().routers()) {
            if (router.node() == node) {
                return router.ports().stream()
                        .flatMap(port -> port.addresses().stream())
                        .map(IpAddress.Prefix::address)
                        .toList();
            }
        }
        return node.addresses;
    }

    void crash(String hostName) {
        Host host;
        Node node;
        synchronized (network) {
            node = require(hostName);
            host = node.host;
            if (host == null) {
                throw new IllegalStateException(hostName + " is no host that runs on network " + network.name());
            }
            node.host = null;
            node.crash();
            crashed++;
            network.count(0, 1);
        }
        try {
            host.close();
        } finally {
            network.count(0, -1);
        }
    }

    Host restart(String hostName) throws IOException {
        Node node;
        HostPlan plan;
        synchronized (network) {
            node = require(hostName);
            plan = node.plan;
            if (node.host != null || plan == null) {
                throw new IllegalStateException(hostName + " cannot be started again: "
                        + (plan == null ? "the network has not built it" : "it runs"));
            }
            node.revive();
        }
        Host host = boot(node, plan);
        synchronized (network) {
            crashed--;
        }
        return host;
    }

    void relink(String hostName, LinkProfile sending, LinkProfile receiving) {
        Node node = require(hostName);
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
}
