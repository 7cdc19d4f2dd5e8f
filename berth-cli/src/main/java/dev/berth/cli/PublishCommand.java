package dev.berth.cli;

import dev.berth.agent.run.ControlException;
import dev.berth.agent.run.JsonLine;
import dev.berth.agent.run.Publication;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/// `berth publish`: publishes a port of a host that runs, or lists all that are published.
@Command(
        name = "publish",
        description = {
            "Lets a port of this machine lead to a port of a host that runs already.",
            "Without arguments, lists the published ports of all programs and networks of this user."
        },
        customSynopsis = {
            "berth publish [OPTIONS] [HOST] [ADDRESS:]HOSTPORT:PORT[/udp]",
            "       berth publish [--json]"
        },
        footer = {
            "",
            "HOST is the name of a host, or guest behind 'berth gateway'; it may be left out where only one",
            "program runs.",
            "HOSTPORT 0 takes a port that is free, which is printed. Two ranges of one size,",
            "8000-8010:8000-8010, are published as one, all or none; /udp is for UDP: 5353:53/udp.",
            "CONNECTIONS and ACCEPTED of UDP are clients: those of the last two minutes, and all."
        })
final class PublishCommand implements Callable<Integer> {
    @CommandLine.Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private final PortOwners owners = new PortOwners();

    @Option(names = "--json", description = "Print one JSON object a line instead of a table.")
    private boolean json;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    private boolean help;

    @Parameters(arity = "0..2", hidden = true)
    private List<String> words = new ArrayList<>();

    PublishCommand() {}

    @Override
    public Integer call() throws IOException, ControlException {
        PrintWriter out = NetworkCommand.spec(spec).commandLine().getOut();
        if (words.isEmpty()) {
            list(out);
        } else {
            publish(out);
        }
        out.flush();
        return ExitCode.OK;
    }

    private void publish(PrintWriter out) throws IOException, ControlException {
        List<Publication> wanted;
        try {
            wanted = Publication.parseAll(words.getLast());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(NetworkCommand.spec(spec).commandLine(), String.valueOf(e.getMessage()));
        }
        String host = words.size() == 2 ? words.getFirst() : null;
        try (RunningProgram program = owners.choose(host)) {
            List<Map<String, @Nullable Object>> answers = publishAll(program, wanted, host);
            for (Map<String, @Nullable Object> answer : answers) {
                out.println(
                        json
                                ? PortOwners.line(answer, program)
                                : PortOwners.outside(answer) + " leads to port " + answer.get("port") + " of host "
                                        + answer.get("host"));
            }
        }
    }

    /// All of a range or none.
    private static List<Map<String, @Nullable Object>> publishAll(
            RunningProgram program, List<Publication> wanted, @Nullable String host)
            throws IOException, ControlException {
        List<Map<String, @Nullable Object>> answers = new ArrayList<>();
        boolean all = false;
        try {
            for (Publication each : wanted) {
                JsonLine request = new JsonLine().add("request", "publish").add("port", each.toString());
                if (host != null) {
                    request.add("host", host);
                }
                answers.add(program.client().ask(request.toString(), _ -> {}));
            }
            all = true;
            return answers;
        } finally {
            for (int i = 0; !all && i < answers.size(); i++) {
                program.client()
                        .ask(
                                new JsonLine()
                                        .add("request", "unpublish")
                                        .add("port", PortOwners.outside(answers.get(i)))
                                        .toString(),
                                _ -> {});
            }
        }
    }

    private void list(PrintWriter out) throws IOException, ControlException {
        Columns table = new Columns("OUTSIDE", "HOST", "PORT", "PROGRAM", "CONNECTIONS", "ACCEPTED");
        for (RunningProgram each : owners.all()) {
            try (RunningProgram program = each) {
                for (Map<String, @Nullable Object> port : PortOwners.published(program)) {
                    if (json) {
                        out.println(PortOwners.line(port, program));
                    } else {
                        table.add(
                                PortOwners.outside(port),
                                String.valueOf(port.get("host")),
                                String.valueOf(port.get("port")),
                                program.name() + "/" + program.pid(),
                                String.valueOf(port.get("connections")),
                                String.valueOf(port.get("accepted")));
                    }
                }
            }
        }
        if (!json) {
            table.print(out);
        }
    }
}
