package dev.berth.agent.run;

import dev.berth.gateway.OutsidePolicy;
import dev.berth.gateway.Published;
import dev.berth.gateway.PublishedPort;
import dev.berth.gateway.PublishedUdpPort;
import dev.berth.host.Host;
import dev.berth.network.Network;
import dev.berth.ports.Transport;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.BindException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/// The published ports of a process: they come and go while it runs. Connections come from a host of their own, which
/// is there from the first of them on. Thread-safe.
final class PublishedPorts implements AutoCloseable {
    /// The name of the host that connections come from.
    static final String DOOR = "berth-gateway";

    private static final int MOST_TOLD = 12;

    private final Network network;
    private final List<IpAddress.Prefix> doorAddresses;
    private final List<Entry> entries = new CopyOnWriteArrayList<>();
    private final OutsidePolicy policy;
    private volatile @Nullable Host door;
    private boolean closed; // guarded by this

    /// A published port.
    ///
    /// @param port what listens on this machine
    /// @param end the end of this machine, with the address as it was asked for
    /// @param host the name of the host that it leads to
    record Entry(Published port, Publication.End end, String host) {}

    /// @param network where the hosts are
    /// @param doorAddresses where connections come from, one for each family
    /// @param policy from where connections may come in
    PublishedPorts(Network network, List<IpAddress.Prefix> doorAddresses, OutsidePolicy policy) {
        this.network = network;
        this.policy = policy;
        this.doorAddresses = doorAddresses;
    }

    /// Where connections come from, first.
    IpAddress.Prefix doorAddress() {
        return doorAddresses.getFirst();
    }

    /// Publishes a port.
    ///
    /// @param host the host that it leads to, for people
    /// @param address where it leads to
    /// @throws IOException if the kernel does not let us listen there, with a sentence that names who has the port
    Entry publish(Publication publication, String host, IpAddress address) throws IOException {
        try {
            return publishNow(publication, host, address);
        } catch (BindException e) {
            throw named(e, publication);
        }
    }

    private synchronized Entry publishNow(Publication publication, String host, IpAddress address) throws IOException {
        if (closed) {
            throw new IOException("The host ends");
        }
        Publication.End wanted = publication.end();
        Endpoint machine = wanted.machine();
        for (Entry each : entries) {
            if (machine.port() != 0 && each.end.meets(wanted)) {
                throw new IOException(port(publication) + " of " + machine.address() + " is published here"
                        + " already: it leads to port " + each.port.target().port() + " of host '" + each.host + "'");
            }
        }
        Host from = requireDoor();
        Endpoint target = new Endpoint(address, publication.port());
        Published port = publication.transport() == Transport.UDP
                ? PublishedUdpPort.open(
                        publication.socketAddress(),
                        from,
                        target,
                        PublishedUdpPort.DEFAULT_LIMIT,
                        PublishedUdpPort.DEFAULT_IDLE_NANOS,
                        policy)
                : PublishedPort.open(publication.socketAddress(), from, target, PublishedPort.DEFAULT_LIMIT, policy);
        Endpoint here = new Endpoint(machine.address(), port.address().getPort());
        Entry entry = new Entry(port, new Publication.End(here, publication.transport()), host);
        entries.add(entry);
        return entry;
    }

    private static String port(Publication publication) {
        return (publication.transport() == Transport.UDP ? "UDP port " : "Port ")
                + publication.machine().port();
    }

    /// One clause for people: `, published 127.0.0.1:8080 -> 80`, and how many more where there are many.
    String describe() {
        List<Entry> ports = List.copyOf(entries);
        StringBuilder line = new StringBuilder();
        for (Entry entry : ports.subList(0, ports.size() > MOST_TOLD ? MOST_TOLD - 1 : ports.size())) {
            // The address as it was asked for: the JDK calls 0.0.0.0 by its name in IPv6.
            line.append(", published ")
                    .append(entry.end.machine())
                    .append(" -> ")
                    .append(entry.port.target().port())
                    .append(entry.end.transport() == Transport.UDP ? "/udp" : "");
        }
        if (ports.size() > MOST_TOLD) {
            line.append(" and ").append(ports.size() - MOST_TOLD + 1).append(" ports more");
        }
        return line.toString();
    }

    /// The host that connections come from, made if need be.
    synchronized Host requireDoor() throws IOException {
        if (closed) {
            throw new IOException("The host ends");
        }
        Host present = door;
        if (present == null) {
            present = network.host(DOOR, doorAddresses.toArray(new IpAddress.Prefix[0]));
            door = present;
        }
        return present;
    }

    /// Says which host of which program of Berth has the port, if one has.
    private static BindException named(BindException refusal, Publication publication) {
        String holder = ProgramAtPort.of(publication.transport(), publication.socketAddress());
        if (holder == null) {
            return refusal;
        }
        BindException clear = new BindException(
                port(publication) + " of " + publication.machine().address() + " is in use by " + holder + ".");
        clear.initCause(refusal);
        return clear;
    }

    /// Ends a published port and its connections.
    ///
    /// @return what it was; null if there is none at that end
    @Nullable
    Entry unpublish(Publication.End end) {
        Entry found = null;
        synchronized (this) {
            for (Entry each : entries) {
                if (each.end.equals(end) || found == null && each.end.meets(end)) {
                    found = each;
                }
            }
            if (found != null) {
                entries.remove(found);
            }
        }
        if (found != null) {
            found.port.close();
        }
        return found;
    }

    /// The ports that are published now, in the order in which they came.
    List<Entry> entries() {
        return entries;
    }

    /// Where connections come from; null while no port was published.
    @Nullable
    Host door() {
        return door;
    }

    /// Ends all.
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        entries.forEach(each -> each.port.close());
        entries.clear();
    }
}
