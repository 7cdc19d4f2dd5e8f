package dev.berth.cli;

import dev.berth.ports.PortKind;
import dev.berth.ports.PortUsage;
import dev.berth.ports.ServiceRegistry;
import dev.berth.ports.Transport;
import dev.berth.stack.StackSnapshot;
import dev.berth.stack.StackSnapshot.FlowEntry;
import dev.berth.wire.Endpoint;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The ports and flows of a host as text for people, with the names of services.
final class PortText {
    private static final int MOST_FLOWS = 40;
    private static final String[] TITLES = {"PROTO", "LOCAL", "REMOTE", "STATE", "PORTS"};

    private PortText() {}

    /// What kind of port it is: `http, well-known`, `registered` or `ephemeral`.
    static String kind(Transport transport, int port) {
        PortKind kind = PortKind.of(port);
        if (kind == PortKind.DYNAMIC) {
            return "ephemeral";
        }
        String name = ServiceRegistry.iana().nameOf(transport, port);
        return name == null ? kind.text() : name + ", " + kind.text();
    }

    /// An endpoint with its port in words: `10.0.0.1:80 (http, well-known)`.
    static String describe(Transport transport, Endpoint endpoint) {
        return text(endpoint) + " (" + kind(transport, endpoint.port()) + ")";
    }

    private static String text(Endpoint endpoint) {
        return endpoint.address().isUnspecified() ? "*:" + endpoint.port() : endpoint.toString();
    }

    /// Listeners, bound ports and flows, one line each, and a line on the ephemeral ports.
    static List<String> table(StackSnapshot snapshot) {
        List<String[]> rows = new ArrayList<>();
        rows.add(TITLES);
        addBindings(rows, snapshot.tcpPorts());
        addBindings(rows, snapshot.udpPorts());
        List<FlowEntry> flows = new ArrayList<>(snapshot.flows());
        flows.sort(Comparator.comparing((FlowEntry flow) -> flow.transport())
                .thenComparingInt(flow -> flow.local().port())
                .thenComparing(flow -> flow.remote().toString()));
        for (FlowEntry flow : flows.subList(0, Math.min(MOST_FLOWS, flows.size()))) {
            rows.add(row(flow.transport(), flow.local(), flow.remote(), flow.state()));
        }
        List<String> lines = columns(rows);
        if (flows.size() > MOST_FLOWS) {
            lines.add("... and " + (flows.size() - MOST_FLOWS) + " more; all flows: "
                    + states(flows));
        }
        lines.add(ephemeral(snapshot.tcpPorts()));
        if (!snapshot.udpPorts().destinations().isEmpty()) {
            lines.add(ephemeral(snapshot.udpPorts()));
        }
        return lines;
    }

    private static void addBindings(List<String[]> rows, PortUsage usage) {
        for (PortUsage.Binding binding : usage.bindings()) {
            if (!binding.state().equals("CLOSED")) {
                rows.add(row(usage.transport(), binding.local(), null, binding.state()));
            }
        }
    }

    private static String[] row(Transport transport, Endpoint local, @Nullable Endpoint remote, String state) {
        String ports = local.port() + " " + kind(transport, local.port());
        if (remote != null) {
            ports += " <> " + remote.port() + " " + kind(transport, remote.port());
        }
        return new String[] {transport.label(), text(local), remote == null ? "-" : text(remote), state, ports};
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

    private static String states(List<FlowEntry> flows) {
        Map<String, Integer> counts = new TreeMap<>();
        for (FlowEntry flow : flows) {
            counts.merge(flow.state(), 1, Integer::sum);
        }
        List<String> parts = new ArrayList<>();
        counts.forEach((state, count) -> parts.add(count + " " + state));
        return String.join(", ", parts);
    }

    /// `ephemeral tcp ports 49152-65535: 3 in use towards 2 destinations, 1 of them in TIME-WAIT`.
    static String ephemeral(PortUsage usage) {
        int inUse = 0;
        int timeWait = 0;
        for (PortUsage.Towards towards : usage.destinations()) {
            inUse += towards.inUse();
            timeWait += towards.timeWait();
        }
        int destinations = usage.destinations().size();
        return "ephemeral " + usage.transport().label() + " ports " + usage.ephemeral().first() + "-"
                + usage.ephemeral().last() + ": "
                + (inUse == 0
                        ? "none in use"
                        : inUse + " in use towards " + destinations
                                + (destinations == 1 ? " destination, " : " destinations, ") + timeWait
                                + " of them in TIME-WAIT");
    }
}
