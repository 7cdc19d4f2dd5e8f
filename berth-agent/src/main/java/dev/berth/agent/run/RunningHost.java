package dev.berth.agent.run;

import dev.berth.capture.Capture;
import dev.berth.gateway.Gateway;
import dev.berth.gateway.OutsidePolicy;
import dev.berth.gateway.PublishedPort;
import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.host.LoopbackLink;
import dev.berth.names.DnsResponder;
import dev.berth.names.ResolverFile;
import dev.berth.network.Network;
import dev.berth.tun.TunLink;
import dev.berth.wire.Endpoint;
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
/// the outside, the TUN device and the capture.
public final class RunningHost implements AutoCloseable {
    private final HostPlan plan;
    private final Network network = Network.create("berth");
    private final List<PublishedPort> published = new ArrayList<>();
    private @Nullable TunLink tun;
    private @Nullable Host host;
    private @Nullable Host gatewayHost;
    private @Nullable Capture capture;
    private @Nullable NameService names;
    private @Nullable Gateway outside;
    private boolean closed;

    private RunningHost(HostPlan plan) {
        this.plan = plan;
    }

    /// Starts the host and publishes its ports.
    ///
    /// @throws IOException if a part cannot be had, with a sentence that says why; nothing is left behind then
    public static RunningHost start(HostPlan plan) throws IOException {
        RunningHost running = new RunningHost(plan);
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
        IpAddress gateway = plan.publications().isEmpty() ? null : publish();
        if (plan.tun() != null) {
            attach(plan.tun());
        }
        if (plan.capture() != null) {
            capture = open(plan.capture());
        }
        Host.Builder builder = Host.builder(plan.name()).ports(plan.ports());
        if (capture != null) {
            builder.loopback(new SentPackets(new LoopbackLink(), capture.origin("lo")));
        }
        builder.link(captured(network.link(plan.addresses().toArray(new IpAddress.Prefix[0]))));
        if (gateway != null) {
            builder.route(new IpAddress.Prefix(gateway, gateway.isIpv4() ? 32 : 128));
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
        if (tun == null) {
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

    /// Starts the gateway and publishes ports for the host's first address.
    ///
    /// @return the gateway's address
    private IpAddress publish() throws IOException {
        IpAddress.Prefix first = plan.addresses().getFirst();
        List<IpAddress> taken = HostAddress.withoutLengths(plan.addresses());
        IpAddress address = HostAddress.gateway(first, taken, plan.tun() != null);
        Host door = network.host("berth-gateway", new IpAddress.Prefix(address, address.isIpv4() ? 32 : 128));
        for (Publication publication : plan.publications()) {
            Endpoint target = new Endpoint(first.address(), publication.port());
            published.add(PublishedPort.open(publication.socketAddress(), door, target));
        }
        gatewayHost = door;
        return address;
    }

    /// The program's host, and the gateway of published ports if there is one.
    public List<Host> hosts() {
        return gatewayHost == null ? List.of(host()) : List.of(host(), gatewayHost);
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
        for (PublishedPort port : published) {
            String text = port.toString();
            line.append(", published ")
                    .append(text, 0, text.indexOf(' '))
                    .append(" -> ")
                    .append(port.target().port());
        }
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
        published.forEach(PublishedPort::close);
        if (outside != null) {
            outside.close();
        }
        if (names != null) {
            names.close();
        }
        if (host != null) {
            host.close();
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
