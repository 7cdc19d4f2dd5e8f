package dev.berth.gateway.shared;

import dev.berth.gateway.Gateway;
import dev.berth.gateway.GatewayLimits;
import dev.berth.gateway.KernelSockets;
import dev.berth.gateway.MachineNames;
import dev.berth.gateway.OutsidePolicy;
import dev.berth.gateway.OutsideRule;
import dev.berth.gateway.PeerCredentials;
import dev.berth.host.Host;
import dev.berth.host.LinkInfo;
import dev.berth.names.DnsResponder;
import dev.berth.names.NameTable;
import dev.berth.network.Guest;
import dev.berth.network.GuestCounters;
import dev.berth.network.NameRouter;
import dev.berth.network.Network;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A network that processes of one user join, held by this process: members come over a UNIX-domain socket, find each
/// other by name, and reach the outside through the gateway of the network.
///
/// One platform thread reads what members send and hands it on; nobody waits for a member that does not read
/// ([ServedMember]). Who sends what is no frame is cut off; packets with somebody else's source are dropped and counted
/// ([Guest]). Thread-safe.
public final class SharedNetwork implements AutoCloseable {
    /// Members at the same time.
    public static final int MOST_MEMBERS = 512;

    private static final int MOST_STRANGERS = 64;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long TICK_MILLIS = 1_000;
    private static final int LONGEST_REASON = 500;

    /// Where published ports come from, and everybody.
    private static final Set<String> RESERVED = Set.of("berth-gateway", "localhost");

    /// What a network is to be.
    ///
    /// @param name its name
    /// @param subnets its prefixes, without bits behind their lengths; one of each family at most
    /// @param mtu octets of the largest packet
    /// @param outside whether it leads to the outside through the machine's sockets
    /// @param rules what of the outside may be reached
    /// @param limits how much of it there may be
    public record Settings(
            String name,
            List<IpAddress.Prefix> subnets,
            int mtu,
            boolean outside,
            List<OutsideRule> rules,
            GatewayLimits limits) {
        /// With the standard limits of the way outside.
        public Settings(
                String name, List<IpAddress.Prefix> subnets, int mtu, boolean outside, List<OutsideRule> rules) {
            this(name, subnets, mtu, outside, rules, GatewayLimits.DEFAULT);
        }

        /// @throws IllegalArgumentException if a subnet has no room for members, with a sentence that says so
        public Settings {
            subnets = List.copyOf(subnets);
            rules = List.copyOf(rules);
            for (IpAddress.Prefix subnet : subnets) {
                IpAddress own = subnet.address();
                int least = own.isIpv4() ? 8 : 48;
                int most = own.isIpv4() ? 28 : 112;
                if (subnet.length() < least || subnet.length() > most) {
                    throw new IllegalArgumentException(
                            "The length of subnet " + subnet + " is not from " + least + " to " + most);
                }
                long other = subnets.stream()
                        .filter(each -> each.address().isIpv4() == own.isIpv4())
                        .count();
                if (other > 1) {
                    throw new IllegalArgumentException("A network has one subnet of IPv4 and one of IPv6 at most");
                }
            }
            if (subnets.isEmpty()) {
                throw new IllegalArgumentException("A network has a subnet");
            }
        }

        /// Where connections through published ports come from.
        public List<IpAddress> doors() {
            return subnets.stream().map(each -> kept(each, 1)).toList();
        }

        /// Where members find the machine.
        List<IpAddress> machine() {
            return subnets.stream().map(each -> kept(each, 2)).toList();
        }

        private static IpAddress kept(IpAddress.Prefix subnet, int number) {
            return subnet.address().isIpv4()
                    ? IpAddress.ofIpv4(subnet.broadcast() - number)
                    : new IpAddress(subnet.address().hi(), subnet.address().lo() | 0xff - number);
        }
    }

    /// A member, as it is now.
    ///
    /// @param name its name
    /// @param addresses its addresses
    /// @param pid its process, as it says
    /// @param program what runs there, as it says
    /// @param counters packets
    /// @param overflow packets for it that were dropped because it did not read
    /// @param malformed packets of it that could not be
    public record Member(
            String name,
            List<IpAddress> addresses,
            long pid,
            String program,
            GuestCounters counters,
            long overflow,
            long malformed) {}

    /// What came of those who connected.
    ///
    /// @param joined members that there were
    /// @param refused those who could not join
    /// @param broken those who were cut off for what they sent
    /// @param foreign those of another user
    public record Counters(long joined, long refused, long broken, long foreign) {}

    private final Settings settings;
    private final ServerSocketChannel listener;
    private final UserPrincipal owner;
    private final Consumer<String> log;
    private final Network network;
    private final LinkLoop loop;
    private final Leases leases;
    private final Departed departed;
    private final Set<ServedMember> strangers = ConcurrentHashMap.newKeySet();
    private final Set<ServedMember> members = ConcurrentHashMap.newKeySet();
    private final LongAdder joined = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder broken = new LongAdder();
    private final LongAdder foreign = new LongAdder();
    private @Nullable Gateway gateway;
    private @Nullable NameRouter names;

    // Of the loop's thread: nobody can be accepted now, and that was said
    private @Nullable SelectionKey pausing;
    private boolean shortageTold;

    private SharedNetwork(
            Settings settings, ServerSocketChannel listener, UserPrincipal owner, Network network, Consumer<String> log)
            throws IOException {
        this.settings = settings;
        this.listener = listener;
        this.owner = owner;
        this.network = network;
        this.log = log;
        List<IpAddress> kept = new ArrayList<>(settings.doors());
        kept.addAll(settings.machine());
        leases = new Leases(settings.subnets, Set.copyOf(kept));
        departed = new Departed(network, settings.subnets);
        loop = new LinkLoop(
                "berth-network-" + settings.name,
                KernelSockets.provider("Shared networks").openSelector(),
                this::sweep);
    }

    /// Opens a network.
    ///
    /// @param listener where members connect; belongs to the network from here on
    /// @param owner whose processes may join
    /// @param log gets a sentence about everybody who comes or goes; called on the network's thread
    /// @throws IOException if a part cannot be had; nothing is left behind then
    public static SharedNetwork open(
            Settings settings, ServerSocketChannel listener, UserPrincipal owner, Consumer<String> log)
            throws IOException {
        Network network = null;
        SharedNetwork shared = null;
        boolean opened = false;
        try {
            network = Network.builder(settings.name)
                    .mtu(settings.mtu)
                    .subnet(
                            settings.name,
                            settings.subnets.stream()
                                    .map(IpAddress.Prefix::toString)
                                    .toArray(String[]::new))
                    .build();
            shared = new SharedNetwork(settings, listener, owner, network, log);
            shared.start();
            opened = true;
            return shared;
        } finally {
            if (!opened) {
                if (shared != null) {
                    shared.close();
                }
                FrameChannel.closeQuietly(network);
                FrameChannel.closeQuietly(listener);
            }
        }
    }

    private void start() throws IOException {
        DnsResponder known = DnsResponder.of(network);
        if (settings.outside) {
            gateway = Gateway.builder(network)
                    .inside(settings.subnets.toArray(new IpAddress.Prefix[0]))
                    .machine(settings.machine().toArray(new IpAddress[0]))
                    .policy(OutsidePolicy.of(settings.rules))
                    .limits(settings.limits)
                    .names(known.withUpstream(MachineNames.create()))
                    .start();
        } else {
            names = NameRouter.start(network, known);
        }
        listener.configureBlocking(false);
        LinkLoop.Client accepting = this::accept;
        listener.register(loop.selector(), SelectionKey.OP_ACCEPT, accepting);
        loop.start();
    }

    private void accept(SelectionKey key) {
        try {
            SocketChannel channel = listener.accept();
            while (channel != null) {
                accepted(channel);
                channel = listener.accept();
            }
            shortageTold = false;
        } catch (ClosedChannelException _) {
            // By close().
        } catch (IOException e) {
            // Out of descriptors, as a rule: who waits in the backlog is taken when there are some again. Until then
            // the socket stays readable, and the loop would turn as fast as it can.
            key.interestOps(0);
            pausing = key;
            loop.tickEvery(TICK_MILLIS);
            if (!shortageTold) {
                shortageTold = true;
                log.accept("Nobody can join: " + e.getMessage());
            }
        }
    }

    private void accepted(SocketChannel channel) {
        ServedMember member = null;
        try {
            PeerCredentials.require(channel, owner);
        } catch (IOException e) {
            foreign.increment();
            log.accept("Somebody was turned away: " + e.getMessage());
            FrameChannel.closeQuietly(channel);
            return;
        }
        try {
            if (strangers.size() < MOST_STRANGERS) {
                LinkInfo info = new LinkInfo(settings.name, settings.mtu, true, 0);
                member = new ServedMember(this, channel, loop, info);
                strangers.add(member);
                loop.tickEvery(TICK_MILLIS);
            } else {
                refused.increment();
            }
        } catch (IOException e) {
            refused.increment();
            log.accept("Somebody cannot join: " + e.getMessage());
        } finally {
            if (member == null) {
                FrameChannel.closeQuietly(channel);
            }
        }
    }

    /// Lets go of those who do not say who they are.
    private void sweep() {
        long now = System.nanoTime();
        for (ServedMember each : strangers) {
            if (now - each.acceptedAt > PATIENCE_NANOS) {
                each.end("it did not say who it is");
            }
        }
        if (strangers.isEmpty()) {
            loop.tickEvery(0);
        }
        SelectionKey key = pausing;
        if (key != null) {
            pausing = null;
            key.interestOps(SelectionKey.OP_ACCEPT);
        }
    }

    void countBroken() {
        broken.increment();
    }

    /// A member has said something. On the loop's thread.
    void said(ServedMember member, Message message) throws ProtocolException {
        boolean known = members.contains(member);
        if (!known && message.kind().equals(Message.HELLO)) {
            join(member, message);
        } else if (known && message.kind().equals(Message.QUERY)) {
            answer(member, message);
        } else {
            throw new ProtocolException("message " + message.kind() + " that nobody expects");
        }
    }

    private void join(ServedMember member, Message hello) throws ProtocolException {
        String program = hello.get("program");
        member.introduce(hello.number("pid", Integer.MAX_VALUE), program);
        try {
            if (!hello.get(Message.HELLO).equals(Message.VERSION)) {
                throw new IllegalArgumentException("It speaks version " + hello.get(Message.HELLO)
                        + " of this protocol, and the network version " + Message.VERSION);
            }
            if (members.size() >= MOST_MEMBERS) {
                throw new IllegalArgumentException(
                        "Network " + settings.name + " has " + MOST_MEMBERS + " members, and takes no more");
            }
            String name = nameFor(hello.get("name"), "yes".equals(hello.find("named")));
            List<IpAddress.Prefix> addresses =
                    leases.choose(NameTable.canonical(name), hello.addresses("address"), this::ownerOf);
            addresses.forEach(each -> departed.remove(each.address()));
            member.guest = network.guest(name, member, addresses.toArray(new IpAddress.Prefix[0]));
            members.add(member);
            strangers.remove(member);
            joined.increment();
            Message welcome = new Message(Message.WELCOME, settings.name)
                    .add("name", name)
                    .add("mtu", Integer.toString(settings.mtu))
                    .add("outside", settings.outside ? "on" : "off");
            addresses.forEach(each -> welcome.add("address", each.toString()));
            member.send(welcome);
            log.accept(name + " has joined: " + addresses + ", process " + member.pid() + " (" + program + ")");
        } catch (IllegalArgumentException | IllegalStateException | IOException e) {
            refused.increment();
            String reason = String.valueOf(e.getMessage());
            if (reason.length() > LONGEST_REASON) {
                reason = reason.substring(0, LONGEST_REASON) + "..."; // it quotes what the member has sent
            }
            member.send(new Message(Message.REFUSED, reason));
            member.end(reason);
        }
    }

    private String nameFor(String wish, boolean fixed) {
        if (!wish.matches("[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")
                || RESERVED.contains(NameTable.canonical(wish))) {
            throw new IllegalArgumentException("'" + wish + "' is not a name for a host");
        }
        if (network.addresses(wish).isEmpty()) {
            return wish;
        }
        if (fixed) {
            throw new IllegalArgumentException(
                    "There is a host '" + wish + "' on network " + settings.name + " already" + whose(wish));
        }
        for (int i = 2; ; i++) {
            String other = wish + "-" + i;
            if (network.addresses(other).isEmpty()) {
                return other;
            }
        }
    }

    private String whose(String name) {
        for (ServedMember each : members) {
            Guest guest = each.guest;
            if (guest != null && guest.name().equalsIgnoreCase(name)) {
                return ": process " + each.pid() + " (" + each.program() + ")";
            }
        }
        return "";
    }

    private IpAddress.Prefix prefixOf(IpAddress address) {
        for (IpAddress.Prefix each : settings.subnets) {
            if (each.contains(address.hi(), address.lo())) {
                return new IpAddress.Prefix(address, each.length());
            }
        }
        throw new AssertionError("members have addresses of the network");
    }

    private @Nullable String ownerOf(IpAddress address) {
        String name = network.name(address);
        return name == null ? null : "host '" + name + "'" + whose(name);
    }

    private void answer(ServedMember member, Message query) throws ProtocolException {
        Message answer = new Message(Message.ANSWER, Integer.toString(query.number(Message.QUERY, Integer.MAX_VALUE)));
        String name = query.find("name");
        if (name != null) {
            network.addresses(NameTable.canonical(name)).stream()
                    .forEach(each -> answer.add("address", each.toString()));
        }
        for (IpAddress address : query.addresses("address")) {
            String found = network.name(address);
            if (found != null) {
                answer.add("name", found);
            }
        }
        member.send(answer);
    }

    /// A member or stranger is gone, or has to go. On the loop's thread.
    void left(ServedMember member, String reason) {
        strangers.remove(member);
        Guest guest = member.guest;
        if (members.remove(member) && guest != null) {
            guest.close();
            guest.addresses().forEach(each -> departed.add(prefixOf(each)));
            log.accept(guest.name() + " is gone: " + reason);
        } else {
            member.close();
            log.accept("Process " + member.pid() + " has not joined: " + reason);
        }
    }

    /// What the network is.
    public Settings settings() {
        return settings;
    }

    /// The network itself: hosts of this process may be on it too.
    public Network network() {
        return network;
    }

    /// The way to the outside; null if there is none.
    public @Nullable Gateway gateway() {
        return gateway;
    }

    /// The hosts of this process that have sockets on the network.
    public List<Host> hosts() {
        List<Host> hosts = new ArrayList<>(network.hosts());
        if (gateway != null) {
            hosts.add(gateway.host());
        }
        return hosts;
    }

    /// The members, by name.
    public List<Member> members() {
        List<Member> present = new ArrayList<>();
        for (ServedMember each : members) {
            Guest guest = each.guest;
            if (guest != null) {
                present.add(new Member(
                        guest.name(),
                        guest.addresses(),
                        each.pid(),
                        each.program(),
                        guest.counters(),
                        each.overflow(),
                        each.malformed()));
            }
        }
        present.sort((a, b) -> a.name.compareToIgnoreCase(b.name));
        return present;
    }

    /// What was counted.
    public Counters counters() {
        return new Counters(joined.sum(), refused.sum(), broken.sum(), foreign.sum());
    }

    /// Ends the network: its members find it gone. Idempotent.
    @Override
    public void close() {
        FrameChannel.closeQuietly(listener);
        loop.close();
        for (ServedMember each : members) {
            FrameChannel.closeQuietly(each.guest);
        }
        strangers.forEach(ServedMember::close);
        members.clear();
        strangers.clear();
        FrameChannel.closeQuietly(departed);
        FrameChannel.closeQuietly(gateway);
        FrameChannel.closeQuietly(names);
        network.close();
    }

    @Override
    public String toString() {
        return "SharedNetwork[" + settings.name + " " + settings.subnets + "]";
    }
}
