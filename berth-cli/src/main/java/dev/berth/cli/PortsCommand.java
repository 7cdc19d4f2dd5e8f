package dev.berth.cli;

import dev.berth.ports.PortRange;
import dev.berth.ports.Service;
import dev.berth.ports.ServiceRegistry;
import dev.berth.ports.Transport;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/// `berth ports`: looks up port numbers and services in IANA's registry.
@Command(
        name = "ports",
        description = {
            "Looks up ports and services in IANA's registry of service names and port numbers.",
            "WHAT is a port, a range of ports, or the name or alias of a service."
        },
        customSynopsis = {"berth ports [OPTIONS] WHAT...", "       berth ports [OPTIONS] --search TEXT"},
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  berth ports 443                       who has port 443, for each transport",
            "  berth ports 8000-8100 --transport tcp",
            "  berth ports postgresql ssh            the ports of services",
            "  berth ports --search ldap             names and descriptions with a word",
            "  berth ports --json 443                one JSON object a line"
        })
final class PortsCommand implements Callable<Integer> {
    private static final int ORDINARY_LIMIT = 50;

    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    @Parameters(paramLabel = "WHAT", arity = "0..*", description = "443, 8000-8100 or postgresql.")
    private List<String> what = new ArrayList<>();

    @Option(
            names = "--search",
            paramLabel = "TEXT",
            description = "List what has every word of TEXT in its name or description, the best first.")
    private @Nullable String search;

    @Option(
            names = "--transport",
            paramLabel = "NAME",
            split = ",",
            converter = TransportName.class,
            description = "Only tcp, udp, sctp or dccp. May be repeated.")
    private List<Transport> transports = new ArrayList<>();

    @Option(names = "--json", description = "Print one JSON object a line instead of a table.")
    private boolean json;

    @Option(
            names = "--limit",
            paramLabel = "N",
            description = "Print N lines of the table at most. Default: 50, with --json all.")
    private @Nullable Integer limit;

    PortsCommand() {}

    @Override
    public Integer call() {
        check();
        ServiceRegistry registry = ServiceRegistry.iana();
        Set<Transport> wanted = transports.isEmpty() ? EnumSet.allOf(Transport.class) : EnumSet.copyOf(transports);
        Set<PortLine> lines = new LinkedHashSet<>();
        List<String> summaries = new ArrayList<>();
        for (String text : what) {
            PortRange range = range(text);
            if (range == null) {
                lines.addAll(named(registry, text, wanted));
            } else {
                lines.addAll(PortLine.within(registry, range, wanted));
                if (range.size() > 1) {
                    summaries.addAll(PortLine.summary(registry, range, wanted));
                }
            }
        }
        if (search != null) {
            lines.addAll(found(registry, search, wanted));
        }
        print(List.copyOf(lines), summaries, registry.date());
        return ExitCode.OK;
    }

    private void check() {
        if (what.isEmpty() && search == null) {
            throw usage("Name a port, a range of ports or a service, or give words to --search");
        }
        if (search != null && search.isBlank()) {
            throw usage("'--search' takes words to look for");
        }
        if (limit != null && limit < 1) {
            throw usage("'--limit' takes a number from 1 on, not " + limit);
        }
    }

    /// The ports that a text names by number; null if it is a name.
    private @Nullable PortRange range(String text) {
        if (!text.matches("[0-9 -]*")) {
            return null;
        }
        try {
            return PortRange.parse(text);
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    private List<PortLine> named(ServiceRegistry registry, String name, Set<Transport> wanted) {
        List<Service> services = registry.servicesNamed(name);
        if (services.isEmpty()) {
            throw new NoSuchElementException(registry.unknown(name));
        }
        List<PortLine> lines = PortLine.of(services, wanted);
        if (lines.isEmpty()) {
            Set<Transport> there = EnumSet.noneOf(Transport.class);
            services.forEach(service -> there.addAll(service.transports()));
            String other = there.isEmpty() ? "" : ", but for " + labels(there, " and ");
            throw new NoSuchElementException(
                    "The service '" + name + "' is not registered for " + labels(wanted, " or ") + other);
        }
        return lines;
    }

    private List<PortLine> found(ServiceRegistry registry, String text, Set<Transport> wanted) {
        List<PortLine> lines = PortLine.of(registry.search(text), wanted);
        if (lines.isEmpty()) {
            throw new NoSuchElementException("No name or description in IANA's registry of " + registry.date()
                    + " has '" + text.strip() + "'" + (transports.isEmpty() ? "" : " for " + labels(wanted, " or ")));
        }
        return lines;
    }

    private static String labels(Set<Transport> transports, String lastJoint) {
        String labels =
                String.join(", ", transports.stream().map(Transport::label).toList());
        int last = labels.lastIndexOf(", ");
        return last < 0 ? labels : labels.substring(0, last) + lastJoint + labels.substring(last + 2);
    }

    private void print(List<PortLine> lines, List<String> summaries, String date) {
        PrintWriter out = spec().commandLine().getOut();
        if (json) {
            lines.stream()
                    .limit(limit == null ? Integer.MAX_VALUE : limit)
                    .forEach(line -> out.println(line.toJson(date)));
        } else {
            int most = limit == null ? ORDINARY_LIMIT : limit;
            List<PortLine> shown = lines.subList(0, Math.min(most, lines.size()));
            PortLine.table(shown).forEach(out::println);
            if (shown.size() < lines.size()) {
                out.println(
                        "... and " + (lines.size() - shown.size()) + " more; --limit " + lines.size() + " shows all");
            }
            out.println();
            summaries.forEach(out::println);
            out.println("IANA's registry of " + date);
        }
        out.flush();
    }

    private CommandLine.Model.CommandSpec spec() {
        if (spec == null) {
            throw new AssertionError("picocli sets the field before it calls");
        }
        return spec;
    }

    private ParameterException usage(String sentence) {
        return new ParameterException(spec().commandLine(), sentence);
    }

    /// For picocli.
    static final class TransportName implements CommandLine.ITypeConverter<Transport> {
        @Override
        public Transport convert(String value) {
            try {
                return Transport.parse(value);
            } catch (IllegalArgumentException e) {
                throw new CommandLine.TypeConversionException(String.valueOf(e.getMessage()));
            }
        }
    }
}
