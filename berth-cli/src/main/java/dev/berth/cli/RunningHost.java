package dev.berth.cli;

import dev.berth.capture.Capture;
import dev.berth.gateway.PublishedPort;
import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.network.Network;
import dev.berth.tun.TunLink;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.NetworkInterface;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The host of `berth run` with everything around it: the network it is on, the gateway for published ports, the TUN
/// device and the capture.
final class RunningHost implements AutoCloseable {
    /// What the command line asks for.
    ///
    /// @param name the host's name
    /// @param addresses its addresses, one at least
    /// @param publications its published ports
    /// @param tun the name of a TUN device, or null
    /// @param capture the file to record packets to, or null
    record Plan(
            String name,
            List<IpAddress.Prefix> addresses,
            List<Publication> publications,
            @Nullable String tun,
            @Nullable Path capture) {}

    private final Plan plan;
    private final Network network = Network.create("berth");
    private final List<PublishedPort> published = new ArrayList<>();
    /// Open parts, the last one first.
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();

    private @Nullable Host host;

    private RunningHost(Plan plan) {
        this.plan = plan;
    }

    /// Starts the host and publishes its ports.
    ///
    /// @throws IOException if a part cannot be had, with a sentence that says why; nothing is left behind then
    static RunningHost start(Plan plan) throws IOException {
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

    private void start() throws IOException {
        Capture capture = plan.capture == null ? null : open(plan.capture);
        TunLink tun = plan.tun == null ? null : attach(plan.tun);
        List<IpAddress> gateways = gateways(tun != null);
        Host.Builder builder = Host.builder(plan.name);
        Link memory = network.link(plan.addresses.toArray(new IpAddress.Prefix[0]));
        builder.link(capture == null ? memory : capture.around(memory));
        for (IpAddress gateway : gateways) {
            builder.route(new IpAddress.Prefix(gateway, gateway.isIpv4() ? 32 : 128));
        }
        if (tun != null) {
            builder.link(capture == null ? tun : capture.around(tun));
        }
        for (IpAddress.Prefix address : plan.addresses) {
            builder.address(address);
        }
        if (tun != null) {
            defaultRoutes(builder);
        }
        Host started = builder.start();
        parts.push(started);
        host = started;
        publish(gateways);
    }

    private Capture open(Path file) throws IOException {
        try {
            Capture capture = Capture.open(file);
            parts.push(capture);
            return capture;
        } catch (NoSuchFileException e) {
            throw new IOException("Cannot write " + file + ": there is no such directory", e);
        } catch (AccessDeniedException e) {
            throw new IOException("No permission to write " + file, e);
        } catch (IOException e) {
            throw new IOException("Cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    private TunLink attach(String name) throws IOException {
        TunLink tun = TunLink.open(name);
        parts.push(tun);
        NetworkInterface device = NetworkInterface.getByName(tun.info().name());
        if (device == null || !device.isUp()) {
            tun.up();
        }
        return tun;
    }

    private void defaultRoutes(Host.Builder builder) {
        if (plan.addresses.stream().anyMatch(prefix -> prefix.address().isIpv4())) {
            builder.route(IpAddress.Prefix.parse("0.0.0.0/0"));
        }
        if (plan.addresses.stream().anyMatch(prefix -> !prefix.address().isIpv4())) {
            builder.route(IpAddress.Prefix.parse("::/0"));
        }
    }

    /// The gateway's addresses: one, in the family of the host's first address, if anything is published.
    private List<IpAddress> gateways(boolean outside) {
        if (plan.publications.isEmpty()) {
            return List.of();
        }
        List<IpAddress> taken = new ArrayList<>();
        for (IpAddress.Prefix prefix : plan.addresses) {
            taken.add(prefix.address());
        }
        return List.of(HostAddress.gateway(plan.addresses.getFirst(), taken, outside));
    }

    private void publish(List<IpAddress> gateways) throws IOException {
        if (gateways.isEmpty()) {
            return;
        }
        IpAddress address = gateways.getFirst();
        Host gateway =
                network.host("berth-gateway", new IpAddress.Prefix(address, address.isIpv4() ? 32 : 128));
        parts.push(gateway);
        for (Publication publication : plan.publications) {
            Endpoint target = new Endpoint(plan.addresses.getFirst().address(), publication.port());
            PublishedPort port = PublishedPort.open(publication.socketAddress(), gateway, target);
            parts.push(port);
            published.add(port);
        }
    }

    /// The host.
    Host host() {
        if (host == null) {
            throw new AssertionError("start() makes it or throws");
        }
        return host;
    }

    /// One line for people: `host app at 10.0.0.1, published 127.0.0.1:8080 -> 80`.
    String describe() {
        StringBuilder line = new StringBuilder("host " + plan.name + " at ");
        for (int i = 0; i < plan.addresses.size(); i++) {
            line.append(i == 0 ? "" : " and ").append(plan.addresses.get(i).address());
        }
        for (PublishedPort port : published) {
            String text = port.toString();
            line.append(", published ").append(text, 0, text.indexOf(' ')).append(" -> ")
                    .append(port.target().port());
        }
        if (plan.tun != null) {
            line.append(", on TUN device ").append(plan.tun);
        }
        if (plan.capture != null) {
            line.append(", packets to ").append(plan.capture);
        }
        return line.toString();
    }

    /// Ends published ports first and the capture last. Idempotent.
    @Override
    public synchronized void close() {
        AutoCloseable part;
        while ((part = parts.poll()) != null) {
            try {
                part.close();
            } catch (Exception e) {
                System.err.println("berth run: Closing " + part + ": " + e.getMessage());
            }
        }
    }
}
