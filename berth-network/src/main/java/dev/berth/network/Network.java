package dev.berth.network;

import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.names.NameTable;
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
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// A network in memory: hosts, their names and addresses. A packet goes straight from one host into the other, on the
/// thread that sent it, without a copy of its payload.
///
/// ```java
/// try (Network network = Network.create("lab")) {
///     Host web = network.host("web", IpAddress.Prefix.parse("10.0.0.1/24"));
///     Host client = network.host("client", IpAddress.Prefix.parse("10.0.0.2/24"));
/// }
/// ```
///
/// A packet to a multicast group or a broadcast address goes to all other hosts, which know their groups themselves.
/// Thread-safe. A packet for an address that nobody has is counted and dropped.
public final class Network implements AutoCloseable {
    /// The MTU of the links when none is given: the largest IP packet there is.
    public static final int MAX_MTU = 65_535;

    private final String name;
    private final int mtu;
    private final Map<String, Host> hosts = new LinkedHashMap<>(); // guarded by this
    private final AtomicLong undeliverable = new AtomicLong();
    private volatile AddressMap attached = new AddressMap();
    private volatile List<NetworkLink> links = List.of();
    private volatile @Nullable Gateway gateway;

    private Network(String name, int mtu) {
        this.name = name;
        this.mtu = mtu;
    }

    /// An empty network with the largest MTU, so that a stream crosses it in few, large segments.
    public static Network create(String name) {
        return create(name, MAX_MTU);
    }

    /// An empty network.
    ///
    /// @param mtu octets of the largest packet, 1280 to 65535
    public static Network create(String name, int mtu) {
        if (mtu < 1_280 || mtu > MAX_MTU) {
            throw new IllegalArgumentException("The MTU of a network is 1280 to 65535 octets, not " + mtu);
        }
        return new Network(Objects.requireNonNull(name), mtu);
    }

    /// The name.
    public String name() {
        return name;
    }

    /// Starts a host with addresses on this network. Everything on the network is reachable for it, whatever the
    /// prefix.
    ///
    /// @throws IllegalArgumentException if the name or an address is taken
    public Host host(String hostName, IpAddress.Prefix... addresses) throws IOException {
        Host.Builder builder = Host.builder(hostName).link(link(addresses));
        for (IpAddress.Prefix address : addresses) {
            builder.address(address);
        }
        builder.route(IpAddress.Prefix.parse("0.0.0.0/0")).route(IpAddress.Prefix.parse("::/0"));
        Host host = builder.start();
        register(host);
        return host;
    }

    /// Makes a host that was built by hand, on a [#link], known by its name.
    ///
    /// @throws IllegalArgumentException if the name is taken
    public synchronized void register(Host host) {
        if (hosts.putIfAbsent(host.name(), host) != null) {
            throw new IllegalArgumentException("There is a host " + host.name() + " on network " + name + " already");
        }
    }

    /// A link to this network for a host with these addresses; packets to them go there.
    ///
    /// @throws IllegalArgumentException if an address is taken
    public Link link(IpAddress.Prefix... addresses) {
        NetworkLink link = new NetworkLink(this, name, mtu, addresses);
        attach(link);
        return link;
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
        NetworkLink link = new NetworkLink(this, name, mtu, addresses);
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

    /// The link that gets a packet which is for nobody's address, or null.
    @Nullable
    NetworkLink gatewayFor(Packet packet) {
        Gateway present = gateway;
        return present != null
                        && IpAddress.isUnicast(packet.destinationHi, packet.destinationLo)
                        && present.wanted.test(packet)
                ? present.link
                : null;
    }

    private synchronized void attach(NetworkLink link) {
        AddressMap next = attached;
        for (IpAddress.Prefix prefix : link.addresses()) {
            IpAddress address = prefix.address();
            if (next.get(address.hi(), address.lo()) != null) {
                throw new IllegalArgumentException(address + " is taken on network " + name);
            }
            next = next.with(address, link);
        }
        attached = next;
        List<NetworkLink> more = new ArrayList<>(links);
        more.add(link);
        links = List.copyOf(more);
    }

    synchronized void detach(NetworkLink link) {
        attached = attached.without(link);
        Gateway present = gateway;
        if (present != null && present.link == link) {
            gateway = null;
        }
        links = links.stream().filter(other -> other != link).toList();
        hosts.values().removeIf(host -> Arrays.stream(link.addresses())
                .anyMatch(prefix -> host.addresses().contains(prefix.address())));
    }

    @Nullable
    NetworkLink linkOf(long hi, long lo) {
        return attached.get(hi, lo);
    }

    /// The links of all hosts, in the order in which they came.
    List<NetworkLink> links() {
        return links;
    }

    /// Whether an address is that of a multicast group or a broadcast address of one of the hosts.
    boolean isForAll(long hi, long lo) {
        if (IpAddress.isMulticast(hi, lo) || IpAddress.isLimitedBroadcast(hi, lo)) {
            return true;
        }
        if (!IpAddress.isIpv4(hi, lo)) {
            return false;
        }
        for (NetworkLink link : links) {
            for (IpAddress.Prefix prefix : link.addresses()) {
                if (prefix.address().isIpv4() && prefix.broadcast() == (int) lo && prefix.broadcast() != -1) {
                    return true;
                }
            }
        }
        return false;
    }

    void countUndeliverable() {
        undeliverable.incrementAndGet();
    }

    /// Packets for addresses that nobody has.
    public long undeliverable() {
        return undeliverable.get();
    }

    /// The host of that name.
    public synchronized Optional<Host> find(String hostName) {
        return Optional.ofNullable(hosts.get(hostName));
    }

    /// The names of the hosts, as they are at each look-up; for sockets that are installed, and name servers.
    public NameTable names() {
        return new NetworkNames(this);
    }

    /// The hosts, in the order in which they came.
    public synchronized List<Host> hosts() {
        return new ArrayList<>(hosts.values());
    }

    /// Closes all hosts.
    @Override
    public void close() {
        for (Host host : hosts()) {
            host.close();
        }
    }

    @Override
    public String toString() {
        return "Network[" + name + " " + hosts() + "]";
    }
}
