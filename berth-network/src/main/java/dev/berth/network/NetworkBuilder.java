package dev.berth.network;

import dev.berth.stack.StackConfig;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.UnaryOperator;

/// Builds a [Network]: subnets, routers, hosts, links, and the kind of time. What cannot be is refused by [#build], in
/// words, before any host has started.
///
/// ```java
/// Network network = Network.builder("lab")
///         .virtualTime(42)
///         .subnet("front", "10.1.0.0/24", "fd00:1::/64")
///         .subnet("back", "10.2.0.0/24")
///         .router("gw", "front", "back")
///         .host("web", plan -> plan.in("front"))
///         .host("db", plan -> plan.in("back").link(LinkProfile.PERFECT.latency(Duration.ofMillis(5))))
///         .build();
/// ```
public final class NetworkBuilder {
    private record SubnetPlan(String name, int mtu, String[] prefixes) {}

    private record RouterPlan(String name, List<String> subnets) {}

    private final String name;
    private final Map<String, SubnetPlan> subnets = new LinkedHashMap<>();
    private final List<RouterPlan> routers = new ArrayList<>();
    private final List<String> hosts = new ArrayList<>();
    private final List<UnaryOperator<HostPlan>> plans = new ArrayList<>();
    private long seed = ThreadLocalRandom.current().nextLong();
    private boolean virtual;
    private int mtu = Network.MAX_MTU;
    private boolean segments;
    private LinkProfile link = LinkProfile.PERFECT;
    private StackConfig config = StackConfig.DEFAULT;
    private NetworkObserver observer = new NetworkObserver() {};

    NetworkBuilder(String name) {
        this.name = Objects.requireNonNull(name);
    }

    /// What faults and links draw their random numbers from. Under the system's time, threads make runs differ all the
    /// same. Without it, a number at random: [Network#seed] tells which.
    public NetworkBuilder seed(long number) {
        seed = number;
        return this;
    }

    /// Lets the network live by [VirtualTime], with a seed that repeats every packet of a run.
    public NetworkBuilder virtualTime(long number) {
        virtual = true;
        return seed(number);
    }

    /// The MTU of subnets that say nothing else, in octets: 1280 to 65535, the default. Real networks mostly have 1500.
    public NetworkBuilder mtu(int octets) {
        if (octets < 1_280 || octets > Network.MAX_MTU) {
            throw new IllegalArgumentException("The MTU of a network is 1280 to 65535 octets, not " + octets);
        }
        mtu = octets;
        return this;
    }

    /// Lets hosts send packets of up to 65,535 octets that stand for several segments of TCP no larger than the MTU, as
    /// they do towards a device with segmentation offload: for networks of a small MTU with guests whose links do the
    /// same ([Network#guest]). For links that do not, such packets are cut. To faults and link profiles they are one
    /// packet.
    public NetworkBuilder segments() {
        segments = true;
        return this;
    }

    /// What the links of hosts do that say nothing else, in each direction: a packet passes two of them.
    public NetworkBuilder link(LinkProfile profile) {
        link = Objects.requireNonNull(profile);
        return this;
    }

    /// The settings of hosts that say nothing else.
    public NetworkBuilder config(StackConfig settings) {
        config = Objects.requireNonNull(settings);
        return this;
    }

    /// Who sees links, hosts and dropped packets, also those of hosts that come later.
    public NetworkBuilder observer(NetworkObserver witness) {
        observer = Objects.requireNonNull(witness);
        return this;
    }

    /// A subnet with one or more prefixes, such as `10.1.0.0/24` and `fd00:1::/64`. A network without any has one that
    /// takes all addresses and gives out those of 10.0.0.0/8 and fd00::/64.
    public NetworkBuilder subnet(String subnet, String... prefixes) {
        return subnet(subnet, 0, prefixes);
    }

    /// A subnet with an MTU of its own.
    ///
    /// @param octets 68 to 65535, 1280 at least with IPv6; 0 for that of the network
    public NetworkBuilder subnet(String subnet, int octets, String... prefixes) {
        if (subnets.putIfAbsent(subnet, new SubnetPlan(subnet, octets, prefixes.clone())) != null) {
            throw new IllegalArgumentException("There are two subnets " + subnet);
        }
        return this;
    }

    /// A router between subnets. It forwards packets as fast as they come, with one hop less to live.
    public NetworkBuilder router(String router, String... between) {
        routers.add(new RouterPlan(router, List.of(between)));
        return this;
    }

    /// A host of which nothing is said but the name.
    public NetworkBuilder host(String host) {
        return host(host, plan -> plan);
    }

    /// A host by plan.
    public NetworkBuilder host(String host, UnaryOperator<HostPlan> plan) {
        hosts.add(host);
        plans.add(Objects.requireNonNull(plan));
        return this;
    }

    /// Checks everything and starts the hosts.
    ///
    /// @throws IllegalArgumentException if subnets overlap, names or addresses are there twice, a subnet is unknown, or
    ///     an address lies in none
    /// @throws IOException if a host cannot be started
    public Network build() throws IOException {
        List<Subnet> made = new ArrayList<>();
        List<Integer> mtus = new ArrayList<>();
        for (SubnetPlan plan : subnets.values()) {
            made.add(subnet(plan, made));
            mtus.add(plan.mtu == 0 ? mtu : plan.mtu);
        }
        if (made.isEmpty()) {
            made.add(new Subnet(name, 0, Subnet.parse(name, "10.0.0.0/8", "fd00::/64"), true));
            mtus.add(mtu);
        }
        checkNames();
        Network network = new Network(
                name, seed, virtual, new Topology(made, mtus, segments ? Network.MAX_MTU : 0), link, config, observer);
        try {
            for (RouterPlan plan : routers) {
                network.registry().router(plan.name, plan.subnets);
            }
            network.topology().computeRoutes();
            for (int i = 0; i < hosts.size(); i++) {
                network.registry().start(hosts.get(i), link, config, plans.get(i));
            }
        } catch (IOException | RuntimeException e) {
            network.close();
            throw e;
        }
        return network;
    }

    private Subnet subnet(SubnetPlan plan, List<Subnet> before) {
        if (plan.prefixes.length == 0) {
            throw new IllegalArgumentException("Subnet " + plan.name + " has no prefix");
        }
        List<IpAddress.Prefix> prefixes = Subnet.parse(plan.name, plan.prefixes);
        boolean ipv6 = prefixes.stream().anyMatch(prefix -> !prefix.address().isIpv4());
        int octets = plan.mtu == 0 ? mtu : plan.mtu;
        if (octets < (ipv6 ? 1_280 : 68) || octets > Network.MAX_MTU) {
            throw new IllegalArgumentException("The MTU of subnet " + plan.name + " is " + (ipv6 ? "1280" : "68")
                    + " to 65535 octets, not " + octets);
        }
        List<IpAddress.Prefix> seen = new ArrayList<>();
        for (IpAddress.Prefix prefix : prefixes) {
            for (Subnet other : before) {
                other.prefixes.forEach(known -> requireApart(prefix, known, plan.name, other.name));
            }
            seen.forEach(known -> requireApart(prefix, known, plan.name, plan.name));
            seen.add(prefix);
        }
        return new Subnet(plan.name, before.size(), prefixes, false);
    }

    private static void requireApart(IpAddress.Prefix one, IpAddress.Prefix two, String first, String second) {
        if (one.contains(two.address().hi(), two.address().lo())
                || two.contains(one.address().hi(), one.address().lo())) {
            throw new IllegalArgumentException(
                    one + " of subnet " + first + " and " + two + " of subnet " + second + " overlap");
        }
    }

    private void checkNames() {
        Set<String> names = new HashSet<>();
        for (RouterPlan plan : routers) {
            requireNew(names, plan.name);
        }
        for (String host : hosts) {
            requireNew(names, host);
        }
    }

    private void requireNew(Set<String> names, String added) {
        if (!names.add(added)) {
            throw new IllegalArgumentException("There are two hosts or routers " + added + " on network " + name);
        }
    }
}
