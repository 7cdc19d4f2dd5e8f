package dev.berth.cli;

import dev.berth.agent.run.ControlDirectory;
import dev.berth.agent.run.ControlException;
import dev.berth.agent.run.JsonLine;
import dev.berth.agent.run.JsonText;
import dev.berth.ports.Transport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/// `berth ss`: the sockets of all running programs of this user, as `ss` shows those of the kernel.
@Command(
        name = "ss",
        description = {
            "Lists the sockets of running programs, as ss lists those of the kernel.",
            "They are those of all programs of this user that are on a host of Berth; connections, unless -l or -a"
                    + " says otherwise."
        },
        sortOptions = false,
        footer = {
            "",
            "FILTER is made of 'state STATE', 'sport = :PORT', 'dport = :PORT', 'src ADDRESS' and 'dst ADDRESS',",
            "joined by 'and'; instead of = also >= <= > <. A port may be the name of a service.",
            "",
            "Examples:",
            "  berth ss -ltn                         who listens, with numbers",
            "  berth ss -tei state established       connections with age, octets and RTT",
            "  berth ss -a dport = :443 and dst 10.0.0.0/8",
            "  berth ss --fill                       ports in use towards each destination"
        })
final class SsCommand implements Callable<Integer> {
    private static final String GATEWAY = "berth-gateway";

    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    @Option(
            names = {"-t", "--tcp"},
            description = "TCP sockets.")
    private boolean tcp;

    @Option(
            names = {"-u", "--udp"},
            description = "UDP sockets.")
    private boolean udp;

    @Option(
            names = {"-l", "--listening"},
            description = "Listening sockets, and UDP sockets that are not connected.")
    private boolean listening;

    @Option(
            names = {"-a", "--all"},
            description = "All sockets.")
    private boolean all;

    @Option(
            names = {"-n", "--numeric"},
            description = "Numbers of ports, not names of services.")
    private boolean numeric;

    @Option(
            names = {"-e", "--extended"},
            description = "Also age and octets (TCP's modulo 2^32), flows of a listener, datagrams of UDP.")
    private boolean extended;

    @Option(
            names = {"-o", "--options"},
            description = "Also the timer that runs.")
    private boolean timers;

    @Option(
            names = {"-i", "--info"},
            description = "Also TCP's round-trip time, windows and thresholds.")
    private boolean info;

    @Option(
            names = {"-p", "--processes"},
            description = "The process, which is always shown.")
    private boolean processes;

    @Option(
            names = {"-s", "--summary"},
            description = "Counts instead of sockets: states, high-water marks, refusals.")
    private boolean summary;

    @Option(names = "--fill", description = "Ports in use towards each destination instead of sockets.")
    private boolean fill;

    @Option(
            names = {"-4", "--ipv4"},
            description = "IPv4 only.")
    private boolean ipv4;

    @Option(
            names = {"-6", "--ipv6"},
            description = "IPv6 only.")
    private boolean ipv6;

    @Option(
            names = "--state",
            paramLabel = "STATE",
            description = "Sockets in a state, or in several with commas: established, time-wait, listening...")
    private @Nullable String state;

    @Option(names = "--sport", paramLabel = "PORT", description = "The local port: 80, http or 80-90.")
    private @Nullable String sport;

    @Option(names = "--dport", paramLabel = "PORT", description = "The remote port.")
    private @Nullable String dport;

    @Option(names = "--src", paramLabel = "ADDRESS", description = "The local address: 10.0.0.1 or 10.0.0.0/8.")
    private @Nullable String src;

    @Option(names = "--dst", paramLabel = "ADDRESS", description = "The remote address.")
    private @Nullable String dst;

    @Option(names = "--pid", paramLabel = "PID", description = "Only the program with this process number.")
    private @Nullable Long pid;

    @Option(
            names = "--host",
            paramLabel = "NAME",
            description = "Only the host of this name; " + GATEWAY + " is where published ports lead from.")
    private @Nullable String host;

    @Option(
            names = "--control",
            paramLabel = "PATH",
            description = "Ask this control socket, as 'berth run --control PATH' made it.")
    private @Nullable Path control;

    @Option(names = "--json", description = "Print one JSON object a line instead of a table.")
    private boolean json;

    @Option(names = "--watch", paramLabel = "SECONDS", description = "Again every SECONDS, until interrupted.")
    private @Nullable Double watch;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    private boolean help;

    @Parameters(arity = "0..*", paramLabel = "FILTER", description = "Which sockets; see below.")
    private List<String> words = new ArrayList<>();

    private final @Nullable ControlDirectory directory;

    SsCommand() {
        this(null);
    }

    /// For tests.
    ///
    /// @param directory where to look for programs; null for the user's own directory
    SsCommand(@Nullable ControlDirectory directory) {
        this.directory = directory;
    }

    @Override
    public Integer call() throws IOException, ControlException {
        SsQuery query = query();
        if (watch == null) {
            return show(query);
        }
        PrintWriter out = out();
        boolean terminal = System.console() != null && System.console().isTerminal();
        try {
            for (; ; ) {
                out.println(
                        terminal ? "\033[H\033[2J" : "-- " + LocalTime.now().truncatedTo(ChronoUnit.SECONDS) + " --");
                int code = show(query);
                if (code != ExitCode.OK) {
                    return code;
                }
                Thread.sleep((long) (watch * 1_000));
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return ExitCode.OK;
        }
    }

    private CommandLine commandLine() {
        if (spec == null) {
            throw new AssertionError("picocli sets the field before it calls");
        }
        return spec.commandLine();
    }

    private PrintWriter out() {
        return commandLine().getOut();
    }

    private SsQuery query() {
        if (fill && summary) {
            throw usage("Either --fill or --summary, not both");
        }
        if (watch != null && !(watch >= 0.1 && watch <= 86_400)) {
            throw usage("'--watch' takes 0.1 to 86400 seconds, not " + watch);
        }
        SsQuery query = new SsQuery();
        try {
            if (all) {
                query.all();
            } else if (listening) {
                query.listening();
            }
            if (ipv4 != ipv6) {
                query.family(ipv4 ? 4 : 6);
            }
            if (state != null) {
                query.states(state);
            }
            if (sport != null) {
                query.localPorts(sport);
            }
            if (dport != null) {
                query.remotePorts(dport);
            }
            if (src != null) {
                query.source(src);
            }
            if (dst != null) {
                query.destination(dst);
            }
            query.words(words);
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
        return query;
    }

    private ParameterException usage(String sentence) {
        return new ParameterException(commandLine(), sentence);
    }

    private List<RunningProgram> programs() throws IOException, ControlException {
        if (control != null) {
            try {
                return List.of(RunningProgram.at(control));
            } catch (IOException e) {
                throw new IOException("Nobody answers at " + control + ": " + e.getMessage(), e);
            }
        }
        ControlDirectory where = directory == null ? ControlDirectory.present() : directory;
        List<RunningProgram> programs =
                RunningProgram.all(where, pid, commandLine().getErr());
        if (programs.isEmpty()) {
            throw new IOException(
                    pid == null
                            ? "No 'berth run' of this user is running, none with a control socket in " + where.path()
                            : "Process " + pid + " is no 'berth run' of this user with a control socket in "
                                    + where.path());
        }
        return programs;
    }

    private int show(SsQuery query) throws IOException, ControlException {
        List<RunningProgram> programs = programs();
        try {
            SsTable.Style style = new SsTable.Style(numeric, extended, timers, info);
            SsTable table = fill ? SsTable.fill(out(), style) : SsTable.sockets(out(), style);
            int shown = 0;
            for (RunningProgram program : programs) {
                for (String name : program.hosts()) {
                    if (host == null ? !name.equals(GATEWAY) : name.equals(host)) {
                        shown++;
                        show(query, program, name, table);
                    }
                }
                if (summary && host == null) {
                    SsSummary.outside(program, json, out());
                    SsSummary.guests(program, json, out());
                }
            }
            if (shown == 0) {
                throw new IOException("There is no host '" + host + "'; there is "
                        + String.join(
                                ", ",
                                programs.stream()
                                        .flatMap(program -> program.hosts().stream())
                                        .distinct()
                                        .toList()));
            }
            if (!json && !summary) {
                table.finish();
            }
            out().flush();
            return ExitCode.OK;
        } finally {
            for (RunningProgram program : programs) {
                program.close();
            }
        }
    }

    private void show(SsQuery query, RunningProgram program, String name, SsTable table)
            throws IOException, ControlException {
        String process = program.name() + "/" + program.pid() + (name.equals(GATEWAY) ? " (gateway)" : "");
        if (summary && !json) {
            out().println("host " + name + " of " + process);
        }
        for (Transport transport : List.of(Transport.TCP, Transport.UDP)) {
            if (tcp == udp || (transport == Transport.TCP ? tcp : udp)) {
                Consumer<String> lines = line -> line(query, line, program, name, process, table);
                if (summary) {
                    ask(program, query.summary(name, transport), lines);
                } else {
                    pages(query, program, name, transport, lines);
                }
            }
        }
    }

    private void pages(SsQuery query, RunningProgram program, String name, Transport transport, Consumer<String> lines)
            throws IOException, ControlException {
        boolean details = extended || timers || info || json;
        String cursor = null;
        do {
            String request = fill
                    ? query.request("fill", name, transport, cursor).toString()
                    : query.request("sockets", name, transport, cursor)
                            .add("details", details)
                            .toString();
            Object next = ask(program, request, lines).get("next");
            cursor = next == null ? null : String.valueOf(next);
        } while (cursor != null);
    }

    private static Map<String, @Nullable Object> ask(RunningProgram program, String request, Consumer<String> lines)
            throws IOException, ControlException {
        try {
            return program.client().ask(request, lines);
        } catch (IOException e) {
            throw new IOException("Process " + program.pid() + " does not answer any more: " + e.getMessage(), e);
        }
    }

    private void line(SsQuery query, String line, RunningProgram program, String name, String process, SsTable table) {
        Map<String, @Nullable Object> members = JsonText.object(line);
        if (!fill && !summary && query.listenersOnly() && "BOUND".equals(members.get("state"))) {
            return;
        }
        if (json) {
            String head = new JsonLine()
                    .add("pid", program.pid())
                    .add("program", program.name())
                    .add("host", name)
                    .toString();
            out().println(head.substring(0, head.length() - 1) + "," + line.substring(1));
        } else if (summary) {
            SsSummary.print(members, out());
        } else if (fill) {
            table.addFill(members, process);
        } else {
            table.addSocket(members, process);
        }
    }
}
