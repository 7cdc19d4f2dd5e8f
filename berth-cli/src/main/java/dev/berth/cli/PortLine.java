package dev.berth.cli;

import dev.berth.agent.run.JsonLine;
import dev.berth.ports.PortAssignment;
import dev.berth.ports.PortKind;
import dev.berth.ports.PortRange;
import dev.berth.ports.Service;
import dev.berth.ports.ServiceRegistry;
import dev.berth.ports.Transport;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/// A line of `berth ports`: an entry of the registry, or ports without one.
///
/// @param ports null for a name without ports
/// @param transports those asked for among those it is for
/// @param assignment what the ports are; a name without ports is assigned
/// @param service null for ports without an entry
record PortLine(
        @Nullable PortRange ports,
        Set<Transport> transports,
        PortAssignment assignment,
        @Nullable Service service) {
    private static final int WIDTH = 80;
    private static final int GAP = 2;
    private static final List<String> TITLES = List.of("PORT", "PROTO", "KIND", "STATE", "SERVICE", "DESCRIPTION");

    /// Entries as far as they are for the transports. A name without transports is there if all are wanted.
    static List<PortLine> of(List<Service> services, Set<Transport> wanted) {
        List<PortLine> lines = new ArrayList<>();
        boolean all = wanted.size() == Transport.values().length;
        for (Service service : services) {
            Set<Transport> common = EnumSet.copyOf(wanted);
            common.retainAll(service.transports());
            if (!common.isEmpty() || all && service.transports().isEmpty()) {
                lines.add(new PortLine(
                        service.ports(),
                        common,
                        service.reserved() ? PortAssignment.RESERVED : PortAssignment.ASSIGNED,
                        service));
            }
        }
        return lines;
    }

    /// What the registry says of a range: its entries; the part of it that is dynamic; and of a single port also the
    /// transports that have no entry.
    static List<PortLine> within(ServiceRegistry registry, PortRange range, Set<Transport> wanted) {
        List<PortLine> lines = of(registry.servicesWithin(range, wanted), wanted);
        if (range.size() == 1) {
            Map<PortAssignment, Set<Transport>> others = new EnumMap<>(PortAssignment.class);
            for (Transport transport : wanted) {
                if (registry.servicesAt(transport, range.first()).isEmpty()) {
                    others.computeIfAbsent(
                                    registry.assignment(transport, range.first()), _ -> EnumSet.noneOf(Transport.class))
                            .add(transport);
                }
            }
            others.forEach((assignment, transports) -> lines.add(new PortLine(range, transports, assignment, null)));
        } else if (range.last() > PortRange.USER.last()) {
            int first = Math.max(range.first(), PortRange.DYNAMIC.first());
            lines.add(new PortLine(new PortRange(first, range.last()), wanted, PortAssignment.DYNAMIC, null));
        }
        return lines;
    }

    /// How many ports of a range are in which state, one line a transport.
    static List<String> summary(ServiceRegistry registry, PortRange range, Set<Transport> wanted) {
        List<String> lines = new ArrayList<>();
        for (Transport transport : wanted) {
            int[] counts = new int[PortAssignment.values().length];
            for (int port = range.first(); port <= range.last(); port++) {
                counts[registry.assignment(transport, port).ordinal()]++;
            }
            StringJoiner parts = new StringJoiner(", ", range + "/" + transport.label() + ": ", "");
            for (PortAssignment assignment : PortAssignment.values()) {
                int count = counts[assignment.ordinal()];
                if (count > 0) {
                    parts.add(count + " " + lower(assignment));
                }
            }
            lines.add(parts.toString());
        }
        return lines;
    }

    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /// One line of JSON.
    String toJson(String date) {
        JsonLine json = new JsonLine();
        if (ports == null) {
            json.addNull("port").addNull("lastPort");
        } else {
            json.add("port", ports.first()).add("lastPort", ports.last());
        }
        json.add("transports", transports.stream().map(Transport::label).toList())
                .add("kind", ports == null ? null : lower(PortKind.of(ports.first())))
                .add("state", lower(assignment))
                .add("name", service == null || service.name().isEmpty() ? null : service.name())
                .add("description", service == null ? null : service.description())
                .add("aliasOf", service == null ? null : service.aliasOf())
                .add(
                        "marks",
                        service == null
                                ? List.of()
                                : service.marks().stream().map(PortLine::lower).toList());
        if (service == null || service.serviceCode().isEmpty()) {
            json.addNull("serviceCode");
        } else {
            json.add("serviceCode", Integer.toUnsignedLong(service.serviceCode().getAsInt()));
        }
        return json.add("registry", date).toString();
    }

    /// Lines as a table with a head, 80 columns wide; long descriptions go on below themselves.
    static List<String> table(List<PortLine> lines) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(TITLES);
        lines.forEach(line -> rows.add(line.cells()));
        int last = TITLES.size() - 1;
        int[] widths = new int[last];
        for (List<String> row : rows) {
            for (int i = 0; i < last; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        int indent = 0;
        for (int width : widths) {
            indent += width + GAP;
        }
        List<String> table = new ArrayList<>();
        for (List<String> row : rows) {
            StringBuilder start = new StringBuilder();
            for (int i = 0; i < last; i++) {
                start.append(row.get(i)).repeat(' ', widths[i] - row.get(i).length() + GAP);
            }
            for (String part : wrapped(row.get(last), WIDTH - indent)) {
                table.add((start + part).stripTrailing());
                start.setLength(0);
                start.repeat(' ', indent);
            }
        }
        return table;
    }

    private List<String> cells() {
        return List.of(
                ports == null ? "-" : ports.toString(),
                transports.isEmpty()
                        ? "-"
                        : String.join(
                                ",", transports.stream().map(Transport::label).toList()),
                ports == null ? "-" : lower(PortKind.of(ports.first())),
                lower(assignment),
                service == null || service.name().isEmpty() ? "-" : service.name(),
                description());
    }

    private String description() {
        if (service == null) {
            return switch (assignment) {
                case DYNAMIC -> "never assigned; for clients and private use";
                case RESERVED -> "held back by IANA";
                case UNASSIGNED, ASSIGNED -> "-";
            };
        }
        StringJoiner notes = new StringJoiner(", ", " (", ")").setEmptyValue("");
        if (service.aliasOf() != null) {
            notes.add("alias of " + service.aliasOf());
        }
        if (service.historic() && !service.description().contains("(historic)")) {
            notes.add("historic");
        }
        if (service.deregistered() && !service.description().equalsIgnoreCase("de-registered")) {
            notes.add("de-registered");
        }
        if (service.experimental()) {
            notes.add("experimental");
        }
        if (service.serviceCode().isPresent()) {
            notes.add(service.serviceCodeText());
        }
        String text = (service.description() + notes).strip();
        return text.isEmpty() ? "-" : text;
    }

    private static List<String> wrapped(String text, int width) {
        List<String> parts = new ArrayList<>();
        String rest = text;
        while (rest.length() > width) {
            int space = rest.lastIndexOf(' ', width);
            int end = space > 0 ? space : width;
            parts.add(rest.substring(0, end));
            rest = rest.substring(end).strip();
        }
        parts.add(rest);
        return parts;
    }
}
