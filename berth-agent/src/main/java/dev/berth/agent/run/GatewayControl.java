package dev.berth.agent.run;

import dev.berth.gateway.Gateway;
import dev.berth.gateway.OutsidePolicy;
import dev.berth.gateway.Published;
import dev.berth.host.Host;
import dev.berth.network.Network;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The ways in and out of a network whose hosts are guests, as of `berth gateway`: published ports and proxies, which
/// come and go over a control socket while it runs, and what the gateway to the outside has counted. Thread-safe.
@SuppressWarnings("exports") // what answers control requests is the package's own
public final class GatewayControl
        implements AutoCloseable, HostRequests.Hosts, PortRequests.Ports, ProxyRequests.Owner {
    private final Network network;
    private final String first;
    private final PublishedPorts published;
    private final Proxies proxies;
    private final @Nullable Gateway outside;
    private final Supplier<List<Map<String, @Nullable Object>>> guests;
    private @Nullable ControlServer control;

    /// @param network where the guests are
    /// @param first the name of the guest that is meant where none is named
    /// @param doors where connections into the network come from, one address for each family
    /// @param outside the gateway to the outside, if there is one
    /// @param policy from where connections may come in
    /// @param guests who is there, and what was counted of each: numbers, texts and lists of texts by their names
    public GatewayControl(
            Network network,
            String first,
            List<IpAddress.Prefix> doors,
            @Nullable Gateway outside,
            OutsidePolicy policy,
            Supplier<List<Map<String, @Nullable Object>>> guests) {
        this.guests = Objects.requireNonNull(guests);
        this.network = Objects.requireNonNull(network);
        this.first = Objects.requireNonNull(first);
        this.outside = outside;
        published = new PublishedPorts(network, doors, policy);
        proxies = new Proxies(
                published::requireDoor, outside == null ? network : Proxies.either(network, Proxies.resolver()));
    }

    /// Opens the control socket.
    ///
    /// @param option the value of `--control`; null if it was not given
    /// @param program what runs in this process, for people
    /// @throws IOException if it cannot be made, with a sentence that says why
    public void open(@Nullable String option, String program) throws IOException {
        if (ControlOption.isOff(option)) {
            return;
        }
        Map<String, ControlHandler> handlers = new HostRequests(program, this).handlers();
        PortRequests.add(handlers, this);
        ProxyRequests.add(handlers, this);
        handlers.put("guests", this::guests);
        control = ControlOption.open(option, handlers);
    }

    private JsonLine guests(ControlRequest request, Consumer<String> lines) throws ControlException {
        request.requireNothingElse();
        guests.get().forEach(each -> lines.accept(JsonLine.of(each).toString()));
        return new JsonLine();
    }

    /// Publishes a port of a guest that need not be there yet.
    ///
    /// @throws IOException if it cannot be had, with a sentence that names who has it
    public void publish(Publication publication, IpAddress address) throws IOException {
        published.publish(publication, first, address);
    }

    @Override
    public PublishedPorts.Entry publish(Publication publication, @Nullable String name)
            throws IOException, ControlException {
        String guest = name == null ? first : name;
        List<IpAddress> addresses = network.addresses(guest);
        if (addresses.isEmpty()) {
            throw new ControlException("There is no guest '" + guest + "' now");
        }
        return published.publish(publication, guest, addresses.getFirst());
    }

    /// One clause for people: `, published 127.0.0.1:8080 -> 80`.
    public String describe() {
        return published.describe();
    }

    /// The ports that are published now.
    public List<Published> ports() {
        return published.entries().stream().map(PublishedPorts.Entry::port).toList();
    }

    /// The gateway's host and the one that published connections come from, as far as they are there.
    @Override
    public List<Host> hosts() {
        List<Host> all = new ArrayList<>();
        if (outside != null) {
            all.add(outside.host());
        }
        Host door = published.door();
        if (door != null) {
            all.add(door);
        }
        return all;
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

    /// Ends the control socket, the published ports and the proxies; not the gateway. Idempotent.
    @Override
    public void close() {
        if (control != null) {
            control.close();
        }
        published.close();
        proxies.close();
    }
}
