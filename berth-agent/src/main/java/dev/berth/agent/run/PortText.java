package dev.berth.agent.run;

import dev.berth.host.Host;
import dev.berth.host.HostPorts;
import dev.berth.ports.PortFilter;
import dev.berth.ports.PortKind;
import dev.berth.ports.PortUsage;
import dev.berth.ports.ServiceRegistry;
import dev.berth.ports.Transport;
import dev.berth.stack.endpoint.SocketEntry;
import dev.berth.wire.Endpoint;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The ports and flows of a host as text for people, with the names of services.
public final class PortText {
    private static final int MOST_FLOWS = 40;
    private static final Comparator<SocketEntry> ORDER = Comparator.comparing(SocketEntry::transport)
            .thenComparingInt(entry -> entry.local().port())
            .thenComparing(entry -> String.valueOf(entry.remote()));
    private static final String[] TITLES = {"PROTO", "LOCAL", "REMOTE", "STATE", "PORTS"};

    private PortText() {}

    /// What kind of port it is: `http, well-known`, `registered` or `ephemeral`.
    public static String kind(Transport transport, int port) {
        PortKind kind = PortKind.of(port);
        if (kind == PortKind.DYNAMIC) {
            return "ephemeral";
        }
        String name = ServiceRegistry.iana().nameOf(transport, port);
        return name == null ? kind.text() : name + ", " + kind.text();
    }

    /// An endpoint with its port in words: `10.0.0.1:80 (http, well-known)`.
    public static String describe(Transport transport, Endpoint endpoint) {
        return text(endpoint) + " (" + kind(transport, endpoint.port()) + ")";
    }

    private static String text(Endpoint endpoint) {
        return endpoint.address().isUnspecified() ? "*:" + endpoint.port() : endpoint.toString();
    }

    /// Listeners, bound ports and flows of a host, one line each, and a line on the ephemeral ports. Sees the host page
    /// by page and keeps no more flows than it prints.
    public static List<String> table(Host host) {
        List<String[]> rows = new ArrayList<>();
        rows.add(TITLES);
        PriorityQueue<SocketEntry> first = new PriorityQueue<>(ORDER.reversed());
        Map<String, Integer> states = new TreeMap<>();
        List<String> ephemeral = new ArrayList<>();
        for (Transport transport : List.of(Transport.TCP, Transport.UDP)) {
            HostPorts ports = host.ports();
            ports.eachSocket(transport, PortFilter.ALL.bindingsOnly(), false, entry -> rows.add(row(entry)));
            ports.eachSocket(transport, PortFilter.ALL.flowsOnly(), false, entry -> {
                states.merge(entry.state(), 1, Integer::sum);
                first.add(entry);
                if (first.size() > MOST_FLOWS) {
                    first.remove();
                }
            });
            String line = ephemeral(ports, transport);
            if (line != null) {
                ephemeral.add(line);
            }
        }
        first.stream().sorted(ORDER).forEach(entry -> rows.add(row(entry)));
        List<String> lines = columns(rows);
        int flows = states.values().stream().mapToInt(Integer::intValue).sum();
        if (flows > MOST_FLOWS) {
            lines.add("... and " + (flows - MOST_FLOWS) + " more; all flows: " + states(states));
        }
        lines.addAll(ephemeral);
        return lines;
    }

    private static String[] row(SocketEntry entry) {
        Transport transport = entry.transport();
        Endpoint local = entry.local();
        Endpoint remote = entry.remote();
        String ports = local.port() + " " + kind(transport, local.port());
        if (remote != null) {
            ports += " <> " + remote.port() + " " + kind(transport, remote.port());
        }
        return new String[] {transport.label(), text(local), remote == null ? "-" : text(remote), entry.state(), ports};
    }

    private static List<String> columns(List<String[]> rows) {
        int[] widths = new int[TITLES.length];
        for (String[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        List<String> lines = new ArrayList<>();
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.length; i++) {
                line.append(row[i]);
                if (i < row.length - 1) {
                    line.repeat(' ', widths[i] - row[i].length() + 2);
                }
            }
            lines.add(line.toString());
        }
        return lines;
    }

    private static String states(Map<String, Integer> counts) {
        List<String> parts = new ArrayList<>();
        counts.forEach((state, count) -> parts.add(count + " " + state));
        return String.join(", ", parts);
    }

    /// `ephemeral tcp ports 49152-65535: 3 in use towards 2 destinations, 1 of them in TIME-WAIT`; null for a transport
    /// that nobody uses, but for TCP.
    private static @Nullable String ephemeral(HostPorts ports, Transport transport) {
        int inUse = 0;
        int timeWait = 0;
        int destinations = 0;
        for (long cursor = 0; cursor != HostPorts.END; ) {
            HostPorts.Page<PortUsage.Towards> page = ports.destinations(transport, cursor, PortFilter.ALL);
            for (PortUsage.Towards towards : page.entries()) {
                inUse += towards.inUse();
                timeWait += towards.timeWait();
                destinations++;
            }
            cursor = page.next();
        }
        if (transport != Transport.TCP && inUse == 0) {
            return null;
        }
        return "ephemeral " + transport.label() + " ports " + ports.ephemeral() + ": "
                + (inUse == 0
                        ? "none in use"
                        : inUse + " in use towards " + destinations
                                + (destinations == 1 ? " destination, " : " destinations, ") + timeWait
                                + " of them in TIME-WAIT");
    }
}
