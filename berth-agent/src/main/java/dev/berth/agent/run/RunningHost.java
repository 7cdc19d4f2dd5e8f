package dev.berth.agent.run;

import dev.berth.capture.Capture;
import dev.berth.gateway.Gateway;
import dev.berth.gateway.OutsidePolicy;
import dev.berth.gateway.shared.MemberLink;
import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.host.LoopbackLink;
import dev.berth.names.DnsResponder;
import dev.berth.names.NameTable;
import dev.berth.names.ResolverFile;
import dev.berth.network.Network;
import dev.berth.tun.TunLink;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.NetworkInterface;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The host of `berth run` with everything around it: the network it is on, the gateways for published ports and to
/// the outside, the link to a network of several programs, the TUN device and the capture.
@SuppressWarnings("exports") // what answers control requests is the package's own
public final class RunningHost implements AutoCloseable, HostRequests.Hosts, PortRequests.Ports, ProxyRequests.Owner {
    private final HostPlan plan;
    private final @Nullable MemberLink member;
    private final Network network = Network.create("berth");
    private final PublishedPorts published;
    private final Proxies proxies = new Proxies(this::host, Proxies.resolver());
    private @Nullable TunLink tun;
    private @Nullable Host host;
    private @Nullable Capture capture;
    private @Nullable NameService names;
    private @Nullable Gateway outside;
    private boolean closed;

    private RunningHost(HostPlan plan, @Nullable MemberLink member) {
        this.plan = plan;
        this.member = member;
        IpAddress.Prefix first = plan.addresses().getFirst();
        List<IpAddress> taken = new ArrayList<>();
        for (IpAddress.Prefix prefix : plan.addresses()) {
            taken.add(prefix.address());
        }
        // The network of a member, or behind a TUN device, belongs to others, who may have any address of it.
        IpAddress door = HostAddress.gateway(first, taken, plan.tun() != null || member != null);
        published = new PublishedPorts(
                network, List.of(new IpAddress.Prefix(door, door.isIpv4() ? 32 : 128)), OutsidePolicy.of(plan.rules()));
    }

    /// Starts the host and publishes its ports.
    ///
    /// @throws IOException if a part cannot be had, with a sentence that says why; nothing is left behind then
    public static RunningHost start(HostPlan plan) throws IOException {
        return start(plan, plan.name());
    }

    /// Starts the host and publishes its ports.
    ///
    /// @param program what runs in this process, for people
    /// @throws IOException if a part cannot be had, with a sentence that says why; nothing is left behind then
    public static RunningHost start(HostPlan plan, String program) throws IOException {
        MemberLink member = plan.network() == null ? null : NetworkFiles.join(plan.network(), plan, program);
        RunningHost running = new RunningHost(member == null ? plan : plan.as(member.membership()), member);
        boolean started = false;
        try {
            running.start();
            started = true;
            return running;
        } finally {
            if (!started) {
                running.close();
            }
        }
    }

    /// What is most likely to fail comes first, and the capture, which overwrites a file, late.
    private void start() throws IOException {
        for (Publication publication : plan.publications()) {
            publish(publication);
        }
        if (plan.tun() != null) {
            attach(plan.tun());
        }
        if (plan.capture() != null) {
            capture = open(plan.capture());
        }
        Host.Builder builder = Host.builder(plan.name()).ports(plan.ports());
        if (plan.shards() != 0) {
            builder.shards(plan.shards());
        }
        if (capture != null) {
            builder.loopback(new SentPackets(new LoopbackLink(), capture.origin("lo")));
        }
        builder.link(captured(network.link(plan.addresses().toArray(new IpAddress.Prefix[0]))));
        builder.route(published.doorAddress());
        if (member != null) {
            builder.link(captured(member));
        }
        List<IpAddress> nameServers = tun == null ? ResolverFile.nameServers(ResolverFile.MACHINE) : List.of();
        for (IpAddress.Prefix route : NameService.routes(nameServers, plan.addresses())) {
            builder.route(route);
        }
        if (plan.outside()) {
            defaultRoutes(builder);
        }
        if (tun != null) {
            builder.link(captured(tun));
        }
        for (IpAddress.Prefix address : plan.addresses()) {
            builder.address(address);
        }
        if (tun != null) {
            defaultRoutes(builder);
        }
        Host started = builder.start();
        host = started;
        if (member != null) {
            names = NameService.start(null, started, nameServers, NameService.responder(member, plan.outside()));
        } else if (tun == null) {
            DnsResponder responder = NameService.responder(plan);
            if (plan.outside()) {
                outside = openOutside(responder);
            }
            names = NameService.start(plan.outside() ? null : network, started, nameServers, responder);
        }
    }

    private Gateway openOutside(DnsResponder responder) throws IOException {
        List<IpAddress> taken = HostAddress.withoutLengths(plan.addresses());
        return Gateway.builder(network)
                .inside(plan.addresses().toArray(new IpAddress.Prefix[0]))
                .machine(HostAddress.machine(plan.addresses(), taken).toArray(new IpAddress[0]))
                .policy(OutsidePolicy.of(plan.rules()))
                .limits(plan.limits())
                .names(responder)
                .start();
    }

    private Link captured(Link link) {
        return capture == null ? link : capture.around(link);
    }

    private static Capture open(Path file) throws IOException {
        try {
            return Capture.open(file);
        } catch (NoSuchFileException e) {
            throw new IOException("Cannot write " + file + ": there is no such directory", e);
        } catch (AccessDeniedException e) {
            throw new IOException("No permission to write " + file, e);
        } catch (FileSystemException e) {
            throw new IOException("Cannot write " + file + ": " + e.getReason(), e);
        } catch (IOException e) {
            throw new IOException("Cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    private void attach(String name) throws IOException {
        TunLink link = TunLink.open(name);
        tun = link;
        NetworkInterface device = NetworkInterface.getByName(link.info().name());
        if (device == null || !device.isUp()) {
            link.up();
        }
    }

    private void defaultRoutes(Host.Builder builder) {
        if (HostAddress.hasFamily(plan.addresses(), true)) {
            builder.route(IpAddress.Prefix.parse("0.0.0.0/0"));
        }
        if (HostAddress.hasFamily(plan.addresses(), false)) {
            builder.route(IpAddress.Prefix.parse("::/0"));
        }
    }

    /// Publishes a port of the host.
    ///
    /// @throws IOException if it cannot be had, with a sentence that says why
    private PublishedPorts.Entry publish(Publication publication) throws IOException {
        return published.publish(
                publication, plan.name(), plan.addresses().getFirst().address());
    }

    @Override
    public PublishedPorts.Entry publish(Publication publication, @Nullable String name)
            throws IOException, ControlException {
        if (name != null && !name.equalsIgnoreCase(plan.name())) {
            throw new ControlException("There is no host '" + name + "' here; there is " + plan.name());
        }
        return publish(publication);
    }

    @Override
    public PublishedPorts published() {
        return published;
    }

    @Override
    public Proxies proxies() {
        return proxies;
    }

    @Override
    public @Nullable Gateway outside() {
        return outside;
    }

    /// The program's host, and the gateway of published ports if there is one.
    @Override
    public List<Host> hosts() {
        Host door = published.door();
        return door == null ? List.of(host()) : List.of(host(), door);
    }

    /// The names of the network that the host is on; none where it is alone.
    public NameTable[] names() {
        return member == null ? new NameTable[0] : new NameTable[] {member};
    }

    /// The host.
    public Host host() {
        if (host == null) {
            throw new AssertionError("start() makes it or throws");
        }
        return host;
    }

    /// One line for people: `host app at 10.0.0.1, published 127.0.0.1:8080 -> 80`.
    public String describe() {
        StringBuilder line = new StringBuilder("host " + plan.name() + " at ");
        for (int i = 0; i < plan.addresses().size(); i++) {
            line.append(i == 0 ? "" : " and ").append(plan.addresses().get(i).address());
        }
        if (member != null) {
            line.append(", on network ").append(plan.network());
        }
        line.append(published.describe());
        if (tun != null) {
            // Not as the command line has it: the kernel makes a number of the %d in a name.
            line.append(", on TUN device ").append(tun.info().name());
        }
        if (plan.capture() != null) {
            line.append(", packets to ").append(plan.capture());
        }
        return line.toString();
    }

    /// Ends published ports first, so that what is on its way still arrives, and the capture last. Idempotent.
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        proxies.close();
        published.close();
        if (outside != null) {
            outside.close();
        }
        if (names != null) {
            names.close();
        }
        if (host != null) {
            host.close();
        }
        if (member != null) {
            member.close();
        }
        if (tun != null) {
            tun.close();
        }
        network.close();
        if (capture != null) {
            capture.close();
        }
    }
}
