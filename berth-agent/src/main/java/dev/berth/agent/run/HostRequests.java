package dev.berth.agent.run;

import dev.berth.host.Host;
import dev.berth.host.HostPorts;
import dev.berth.ports.PortCounters;
import dev.berth.ports.PortError;
import dev.berth.ports.PortFilter;
import dev.berth.ports.PortRange;
import dev.berth.ports.PortUsage;
import dev.berth.ports.Transport;
import dev.berth.stack.endpoint.SocketDetails;
import dev.berth.stack.endpoint.SocketEntry;
import dev.berth.wire.Endpoint;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What a control socket tells of the hosts of its process: `hello`, `sockets`, `fill` and `summary`.
///
/// `sockets` and `fill` give one page a request, so that neither end holds more than a page, however many there are.
public final class HostRequests {
    private static final long MILLI = 1_000_000L;

    private final String program;
    private final Hosts hosts;

    /// The hosts of a process.
    @FunctionalInterface
    public interface Hosts {
        /// Those that are there now, the program's first.
        List<Host> hosts();
    }

    /// @param program what runs in this process, for people
    /// @param hosts its hosts
    public HostRequests(String program, Hosts hosts) {
        this.program = program;
        this.hosts = hosts;
    }

    /// @param program what runs in this process, for people
    /// @param hosts its hosts, the program's first
    public HostRequests(String program, List<Host> hosts) {
        this(program, () -> hosts);
    }

    private Map<String, Host> byName() {
        Map<String, Host> found = new LinkedHashMap<>();
        for (Host host : hosts.hosts()) {
            found.putIfAbsent(host.name(), host);
        }
        return found;
    }

    /// The handlers by the name of their request. Others may be added to the map.
    public Map<String, ControlHandler> handlers() {
        Map<String, ControlHandler> handlers = new LinkedHashMap<>();
        handlers.put("hello", this::hello);
        handlers.put("sockets", this::sockets);
        handlers.put("fill", this::fill);
        handlers.put("summary", this::summary);
        return handlers;
    }

    private JsonLine hello(ControlRequest request, Consumer<String> lines) throws ControlException {
        request.requireNothingElse();
        return new JsonLine()
                .add("protocol", 1)
                .add("pid", ProcessHandle.current().pid())
                .add("program", program)
                .add("hosts", byName().keySet());
    }

    private HostPorts host(ControlRequest request) throws ControlException {
        String name = request.required("host");
        Map<String, Host> present = byName();
        Host host = present.get(name);
        if (host == null) {
            String known = String.join(", ", present.keySet());
            throw new ControlException("There is no host '" + name + "' here; there is " + known);
        }
        return host.ports();
    }

    private static Transport transport(ControlRequest request) throws ControlException {
        Transport transport = request.transport("transport");
        if (transport != Transport.TCP && transport != Transport.UDP) {
            throw new ControlException("Sockets are of tcp or udp, not " + transport.label());
        }
        return transport;
    }

    private static PortFilter filter(ControlRequest request) throws ControlException {
        List<String> states = request.texts("states");
        long family = request.number("family", 0);
        if (family != 0 && family != 4 && family != 6) {
            throw new ControlException("A family is 4, 6 or 0 for both, not " + family);
        }
        PortFilter filter = PortFilter.ALL
                .withStates(new HashSet<>(states))
                .withLocalPorts(request.ports("localPorts"))
                .withRemotePorts(request.ports("remotePorts"))
                .withLocal(request.prefix("local"))
                .withRemote(request.prefix("remote"))
                .withFamily((int) family);
        boolean bindings = request.flag("bindings", true);
        boolean flows = request.flag("flows", true);
        if (!bindings && !flows) {
            throw new ControlException("Neither bindings nor flows are asked for");
        }
        return bindings && flows ? filter : bindings ? filter.bindingsOnly() : filter.flowsOnly();
    }

    private JsonLine sockets(ControlRequest request, Consumer<String> lines) throws ControlException {
        HostPorts ports = host(request);
        Transport transport = transport(request);
        long cursor = request.cursor("cursor");
        PortFilter filter = filter(request);
        boolean details = request.flag("details", false);
        request.requireNothingElse();
        try {
            HostPorts.Page<SocketEntry> page = ports.sockets(transport, cursor, filter, details);
            page.entries().forEach(entry -> lines.accept(line(entry).toString()));
            return next(page.next());
        } catch (IllegalArgumentException e) {
            throw new ControlException(String.valueOf(e.getMessage()));
        }
    }

    private static JsonLine next(long cursor) {
        return cursor == HostPorts.END
                ? new JsonLine().addNull("next")
                : new JsonLine().add("next", Long.toString(cursor));
    }

    private static void endpoint(JsonLine line, String name, @Nullable Endpoint endpoint) {
        if (endpoint == null) {
            line.addNull(name).addNull(name + "Port");
        } else {
            line.add(name, endpoint.address().toString()).add(name + "Port", endpoint.port());
        }
    }

    /// A socket as one line of JSON.
    static JsonLine line(SocketEntry entry) {
        JsonLine line =
                new JsonLine().add("transport", entry.transport().label()).add("state", entry.state());
        endpoint(line, "local", entry.local());
        endpoint(line, "remote", entry.remote());
        line.add("receiveQueue", entry.receiveQueue())
                .add("sendQueue", entry.sendQueue())
                .add("flows", entry.flows())
                .add("owner", entry.owner());
        if (entry.ageNanos() < 0) {
            line.addNull("ageMillis");
        } else {
            line.add("ageMillis", entry.ageNanos() / MILLI);
        }
        SocketDetails details = entry.details();
        if (details != null) {
            add(line, entry, details);
        }
        return line;
    }

    private static void add(JsonLine line, SocketEntry entry, SocketDetails details) {
        if (entry.transport() == Transport.UDP) {
            line.add("datagramsIn", details.octetsIn()).add("datagramsRefused", details.refused());
            return;
        }
        if (details.octetsIn() >= 0) {
            line.add("octetsIn", details.octetsIn()).add("octetsOut", details.octetsOut());
        } else {
            line.addNull("octetsIn").addNull("octetsOut");
        }
        line.add("synEntries", details.synEntries())
                .add("timer", details.timer())
                .add("timerMillis", details.timerNanos() / MILLI)
                .add("retries", details.retries());
        SocketDetails.Tcp tcp = details.tcp();
        if (tcp != null) {
            line.add("srttMicros", tcp.srttNanos() / 1_000)
                    .add("rttvarMicros", tcp.rttvarNanos() / 1_000)
                    .add("rtoMillis", tcp.rtoNanos() / MILLI)
                    .add("mss", tcp.mss())
                    .add("cwnd", tcp.cwnd())
                    .add("ssthresh", tcp.ssthresh())
                    .add("sendWindow", tcp.sendWindow())
                    .add("receiveWindow", tcp.receiveWindow())
                    .add("inFlight", tcp.inFlight())
                    .add("sendScale", tcp.sendScale())
                    .add("receiveScale", tcp.receiveScale())
                    .add("congestion", tcp.congestion())
                    .add("timestamps", tcp.timestamps())
                    .add("sack", tcp.sack())
                    .add("recovering", tcp.recovering())
                    .add("minRttMicros", tcp.minRttNanos() / 1_000)
                    .add("octetsSent", tcp.octetsSent())
                    .add("octetsRetransmitted", tcp.octetsRetransmitted())
                    .add("retransmissions", tcp.retransmissions())
                    .add("octetsLost", tcp.octetsLost())
                    .add("duplicateReports", tcp.duplicateReports())
                    .add("undone", tcp.undone())
                    .add("reorderingSeen", tcp.reorderingSeen())
                    .add("reorderingMicros", tcp.reorderingNanos() / 1_000)
                    .add("delivered", tcp.delivered())
                    .add("deliveryRate", tcp.deliveryRate())
                    .add("pacingRate", tcp.pacingRate())
                    .add("ecn", tcp.ecn());
        }
    }

    private JsonLine fill(ControlRequest request, Consumer<String> lines) throws ControlException {
        HostPorts ports = host(request);
        Transport transport = transport(request);
        long cursor = request.cursor("cursor");
        PortFilter filter = filter(request);
        request.requireNothingElse();
        try {
            HostPorts.Page<PortUsage.Towards> page = ports.destinations(transport, cursor, filter);
            page.entries()
                    .forEach(towards -> lines.accept(line(transport, towards).toString()));
            return next(page.next());
        } catch (IllegalArgumentException e) {
            throw new ControlException(String.valueOf(e.getMessage()));
        }
    }

    /// The fill towards one destination as one line of JSON.
    static JsonLine line(Transport transport, PortUsage.Towards towards) {
        JsonLine line = new JsonLine()
                .add("transport", transport.label())
                .add("local", towards.local().toString());
        endpoint(line, "remote", towards.remote());
        return line.add("inUse", towards.inUse())
                .add("timeWait", towards.timeWait())
                .add("free", towards.free())
                .addRaw("percent", String.format(Locale.ROOT, "%.1f", towards.percent()));
    }

    private JsonLine summary(ControlRequest request, Consumer<String> lines) throws ControlException {
        HostPorts ports = host(request);
        Transport transport = transport(request);
        request.requireNothingElse();
        HostPorts.Summary summary = ports.summary(transport);
        PortCounters counters = summary.counters();
        JsonLine states = new JsonLine();
        summary.states().forEach((state, count) -> states.add(state, count));
        JsonLine refusals = new JsonLine();
        for (PortError error : PortError.values()) {
            refusals.add(error.name(), counters.refusals().getOrDefault(error, 0L));
        }
        PortRange range = summary.ephemeral();
        JsonLine line = new JsonLine()
                .add("transport", transport.label())
                .add("ephemeral", range.toString())
                .add("flows", counters.flows())
                .add("timeWait", counters.timeWait())
                .add("bindings", counters.bindings())
                .addRaw("states", states.toString())
                .add("mostFlows", counters.mostFlows())
                .add("mostTimeWait", counters.mostTimeWait())
                .add("mostTowards", counters.mostTowards());
        line.add(
                "mostTowardsLocal",
                counters.mostTowardsLocal() == null
                        ? null
                        : counters.mostTowardsLocal().toString());
        endpoint(line, "mostTowardsRemote", counters.mostTowardsRemote());
        lines.accept(line.addRaw("refusals", refusals.toString())
                .add("warningsLost", counters.warningsLost())
                .toString());
        return new JsonLine();
    }
}
